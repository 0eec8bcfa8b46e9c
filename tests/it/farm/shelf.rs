//! Cards at rest: sealed, private, one owner at a time, and never ahead of their file.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use cardwright::farm::{Kind, Listed, NewCard, SealError, Shelf, ShelfError};
use cardwright::secret::Passphrase;
use cardwright::virtual_card::{GidsOptions, PivOptions, VirtualCard};

const SELECT: [u8; 10] = [0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08];
const ASK_TRIES: [u8; 4] = [0x00, 0x20, 0x00, 0x80];
const WRONG_PIN: [u8; 13] = *b"\x00\x20\x00\x80\x08000000\xFF\xFF";

fn passphrase() -> Passphrase {
    Passphrase::new("correct horse".into())
}

fn shelf() -> (Shelf, PathBuf, tempfile::TempDir) {
    let base = crate::support::directory::temporary();
    let directory = base.path().join("data/vcards");
    (Shelf::open(directory.clone()).unwrap(), directory, base)
}

fn create_piv(shelf: &Shelf, name: &str) {
    shelf.create(name, NewCard::Piv(PivOptions::default()), &passphrase()).unwrap();
}

fn reason(error: Result<impl Sized, ShelfError>) -> SealError {
    match error.err().unwrap() {
        ShelfError::Sealed { source, .. } => source,
        other => panic!("{other:?}"),
    }
}

/// The retry counter of the card on the shelf.
fn tries(shelf: &Shelf) -> Vec<u8> {
    let mut card = shelf.take("card", &passphrase()).unwrap();
    card.transmit(&SELECT);
    card.transmit(&ASK_TRIES)
}

#[test]
fn what_a_card_learns_is_on_disk_before_the_answer() {
    let (shelf, directory, _base) = shelf();
    create_piv(&shelf, "card");
    let file = directory.join("card.card");
    let mut card = shelf.take("card", &passphrase()).unwrap();
    let before = std::fs::read(&file).unwrap();
    card.transmit(&SELECT);
    assert_eq!(std::fs::read(&file).unwrap(), before, "nothing changed, nothing is written");
    assert_eq!(card.transmit(&WRONG_PIN), [0x63, 0xC2]);
    assert_ne!(std::fs::read(&file).unwrap(), before);
    // The process may end here, without any farewell: the file of a card that was never dropped tells it all.
    std::fs::copy(&file, directory.join("copy.card")).unwrap();
    let mut copy = shelf.take("copy", &passphrase()).unwrap();
    copy.transmit(&SELECT);
    assert_eq!(copy.transmit(&ASK_TRIES), [0x63, 0xC2]);
    drop(card);
    assert_eq!(tries(&shelf), [0x63, 0xC2]);
}

#[test]
fn files_and_their_directory_are_their_owners_and_hold_nothing_to_read() {
    let (shelf, directory, _base) = shelf();
    create_piv(&shelf, "card");
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&directory), 0o700);
    for entry in std::fs::read_dir(&directory).unwrap() {
        assert_eq!(mode(&entry.unwrap().path()), 0o600);
    }
    let file = std::fs::read(directory.join("card.card")).unwrap();
    for plain in ["123456", "12345678", "0102030405060708"].map(|text| [hex::encode(text), text.to_owned()]).concat() {
        assert!(!file.windows(plain.len()).any(|window| window == plain.as_bytes()), "{plain}");
    }
    std::fs::set_permissions(&directory, std::fs::Permissions::from_mode(0o750)).unwrap();
    let Err(ShelfError::Exposed { others, .. }) = Shelf::open(directory) else { panic!("it was opened") };
    assert_eq!(others.to_string(), "mode 750");
}

#[test]
fn a_wrong_passphrase_a_broken_file_and_a_strange_one_are_told_apart() {
    let (shelf, directory, _base) = shelf();
    create_piv(&shelf, "card");
    let file = directory.join("card.card");
    let whole = std::fs::read(&file).unwrap();
    let take = |bytes: &[u8]| {
        std::fs::write(&file, bytes).unwrap();
        reason(shelf.take("card", &passphrase()))
    };
    assert_eq!(reason(shelf.take("card", &Passphrase::new("wrong horse".into()))), SealError::Passphrase);
    let head = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    for at in [head, head + 20, whole.len() - 1] {
        let mut broken = whole.clone();
        broken[at] ^= 1;
        assert_eq!(take(&broken), SealError::Body, "byte {at}");
    }
    for length in [head, head + 5, whole.len() - 1] {
        assert_eq!(take(&whole[..length]), SealError::Body, "{length} bytes");
    }
    let line = String::from_utf8(whole[..head].to_vec()).unwrap();
    let with = |from: &str, to: &str| [line.replace(from, to).as_bytes(), &whole[head..]].concat();
    assert_eq!(take(&with("\"piv\"", "\"gids\"")), SealError::Body, "the head is sealed in");
    assert_eq!(take(&with("\"version\":1", "\"version\":2")), SealError::Version { version: 2 });
    assert_eq!(take(&with("\"log_n\":14", "\"log_n\":40")), SealError::Cost);
    assert_eq!(take(&with("\"p\":4", "\"p\":4000")), SealError::Cost);
    for strange in [&b""[..], b"\n", b"{}\n", b"no newline", &[0xFF, b'\n']] {
        assert_eq!(take(strange), SealError::Head);
    }
    std::fs::write(&file, vec![b'x'; 5 << 20]).unwrap();
    assert!(matches!(shelf.take("card", &passphrase()), Err(ShelfError::Size { .. })));
    let empty = shelf.create("other", NewCard::Gids(GidsOptions::default()), &Passphrase::new(String::new()));
    assert_eq!(reason(empty), SealError::NoPassphrase);
    assert!(matches!(shelf.take("other", &passphrase()), Err(ShelfError::Missing { .. })));
}

#[test]
fn what_a_crash_left_beside_the_file_does_no_harm() {
    let (shelf, directory, _base) = shelf();
    create_piv(&shelf, "card");
    std::fs::write(directory.join(".card.new"), b"half a fi").unwrap();
    let mut card = shelf.take("card", &passphrase()).unwrap();
    card.transmit(&SELECT);
    assert_eq!(card.transmit(&ASK_TRIES), [0x63, 0xC3]);
    assert_eq!(card.transmit(&WRONG_PIN), [0x63, 0xC2]);
    drop(card);
    assert_eq!(tries(&shelf), [0x63, 0xC2]);
    assert!(!directory.join(".card.new").exists());
}

#[test]
fn a_change_that_cannot_be_saved_fails_and_never_was() {
    let (shelf, directory, _base) = shelf();
    create_piv(&shelf, "card");
    let mut card = shelf.take("card", &passphrase()).unwrap();
    let trouble = card.trouble();
    card.transmit(&SELECT);
    // A directory stands where the new file would be written.
    let obstacle = directory.join(".card.new");
    std::fs::create_dir(&obstacle).unwrap();
    assert_eq!(card.transmit(&WRONG_PIN), [0x65, 0x81]);
    assert!(matches!(trouble.take(), Some(ShelfError::File { action: "written", .. })));
    assert!(trouble.take().is_none());
    std::fs::remove_dir(&obstacle).unwrap();
    card.transmit(&SELECT);
    assert_eq!(card.transmit(&ASK_TRIES), [0x63, 0xC3]);
    assert_eq!(card.transmit(&WRONG_PIN), [0x63, 0xC2]);
}

#[test]
fn one_process_at_a_time_has_a_card() {
    let (shelf, directory, _base) = shelf();
    create_piv(&shelf, "card");
    let card = shelf.take("card", &passphrase()).unwrap();
    let other = Shelf::open(directory).unwrap();
    assert!(matches!(other.take("card", &passphrase()), Err(ShelfError::InUse { .. })));
    assert!(matches!(other.remove("card"), Err(ShelfError::InUse { .. })));
    let in_use = Listed { name: "card".into(), kind: Some(Kind::Piv), in_use: true };
    assert_eq!(other.list().unwrap(), [in_use]);
    drop(card);
    other.remove("card").unwrap();
    assert_eq!(other.list().unwrap(), []);
    assert!(matches!(other.remove("card"), Err(ShelfError::Missing { .. })));
}

#[test]
fn names_stay_in_their_directory_and_are_used_once() {
    let (shelf, directory, _base) = shelf();
    let create = |name: &str| shelf.create(name, NewCard::Gids(GidsOptions::default()), &passphrase());
    for name in ["", ".", "..", "a/b", "../a", "-a", ".a", "a b", "ä", "a\n", &"x".repeat(65)] {
        assert!(matches!(create(name), Err(ShelfError::Name { .. })), "{name:?}");
        assert!(matches!(shelf.take(name, &passphrase()), Err(ShelfError::Name { .. })), "{name:?}");
        assert!(matches!(shelf.remove(name), Err(ShelfError::Name { .. })), "{name:?}");
    }
    create("a.b-c_1").unwrap();
    assert!(matches!(create("a.b-c_1"), Err(ShelfError::Exists { .. })));
    std::fs::write(directory.join("junk.card"), "junk").unwrap();
    std::fs::write(directory.join("notes.txt"), "not a card").unwrap();
    let listed = shelf.list().unwrap().into_iter().map(|card| (card.name, card.kind)).collect::<Vec<_>>();
    assert_eq!(listed, [("a.b-c_1".to_owned(), Some(Kind::Gids)), ("junk".to_owned(), None)]);
}
