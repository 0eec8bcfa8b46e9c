//! Archives: halves, strangers' and forged ones become no data directory.

use super::support::Lab;
use cardwright::server::{BackupError, backup, backup_file, restore};
use std::io::Write;
use std::path::Path;

/// An archive with these members.
fn tar(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in members {
        let mut header = tar::Header::new_ustar();
        header.set_size(content.len() as u64);
        header.set_mode(0o600);
        // The writer of the library refuses names that lead elsewhere.
        header.as_ustar_mut().unwrap().name[..name.len()].copy_from_slice(name.as_bytes());
        header.set_cksum();
        archive.append(&header, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn members(archive: &[u8]) -> Vec<(String, Vec<u8>)> {
    let mut read = tar::Archive::new(archive);
    let entries = read.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut content).unwrap();
        (entry.path().unwrap().to_str().unwrap().to_owned(), content)
    });
    entries.collect()
}

#[track_caller]
fn refused(archive: &[u8], directory: &Path) -> BackupError {
    let refusal = restore(archive, directory).unwrap_err();
    let beside = std::fs::read_dir(directory.parent().unwrap()).unwrap().flatten().count();
    assert_eq!(beside, 1, "nothing is left: {refusal}");
    refusal
}

#[test]
fn only_a_whole_archive_of_ours_becomes_a_directory() {
    let lab = Lab::new();
    let alice = lab.user("alice", &[]);
    lab.enroll_request(&alice);
    let mut archive = Vec::new();
    let saved = backup(&lab.data(), &mut archive).unwrap();
    assert!(!saved.postgresql);
    let room = crate::support::directory::temporary();
    std::fs::write(room.path().join("mark"), b"").unwrap();
    let place = room.path().join("data");

    for part in [0, 100, 512, 1024, archive.len() / 4, archive.len() / 2, archive.len() - 40_000] {
        let refusal = refused(&archive[..part], &place);
        assert!(
            matches!(refusal, BackupError::Foreign | BackupError::Read(_) | BackupError::Damaged(_)),
            "{part}: {refusal}"
        );
    }
    let whole = members(&archive);
    let borrowed = |members: &[(String, Vec<u8>)]| {
        tar(&members.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect::<Vec<_>>())
    };
    for index in 1..whole.len() {
        let mut changed = whole.clone();
        changed[index].1[0] ^= 1;
        let refusal = refused(&borrowed(&changed), &place);
        assert!(matches!(&refusal, BackupError::Damaged(name) if *name == whole[index].0), "{refusal}");
        let mut missing = whole.clone();
        missing.remove(index);
        assert!(matches!(refused(&borrowed(&missing), &place), BackupError::Damaged(_)));
        let mut doubled = whole.clone();
        doubled.push(whole[index].clone());
        assert!(matches!(refused(&borrowed(&doubled), &place), BackupError::Damaged(_)));
    }
    let mut added = whole.clone();
    added.push(("templates/more.toml".into(), b"more".to_vec()));
    assert!(matches!(refused(&borrowed(&added), &place), BackupError::Damaged(_)));

    for name in ["../outside", "/etc/cardwright-outside", "templates/../../outside"] {
        let manifest = serde_json::json!({"format": 1, "release": "", "made": 0, "postgresql": false, "files": [
            {"name": name, "size": 1, "sha256": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"},
        ]});
        let text = manifest.to_string();
        let evil = tar(&[("cardwright-backup.json", text.as_bytes()), (name, b"a")]);
        assert!(matches!(refused(&evil, &place), BackupError::Damaged(_)), "{name}");
    }
    let newer = tar(&[("cardwright-backup.json", br#"{"format": 2}"#)]);
    assert!(matches!(refused(&newer, &place), BackupError::Newer(2)));
    assert!(matches!(refused(&tar(&[("README", b"hello")]), &place), BackupError::Foreign));
    assert!(matches!(refused(&[0x5a; 4096], &place), BackupError::Foreign));

    restore(archive.as_slice(), &place).unwrap();
    assert!(matches!(restore(archive.as_slice(), &place), Err(BackupError::Exists(_))));
    let whole = |directory: &Path| std::fs::read(directory.join("master.key.pem")).unwrap();
    assert_eq!(whole(&place), whole(&lab.data()));
}

#[test]
fn an_archive_overwrites_nothing_and_a_failed_one_leaves_nothing() {
    let lab = Lab::new();
    let room = crate::support::directory::temporary();
    let file = room.path().join("archive.tar");
    std::fs::write(&file, b"mine").unwrap();
    assert!(matches!(backup_file(&lab.data(), &file), Err(BackupError::File(_))));
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let empty = room.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let file = room.path().join("other.tar");
    assert!(matches!(backup_file(&empty, &file), Err(BackupError::NoDirectory(_))));
    assert!(!file.exists());

    /// A disk that is full.
    struct Full;
    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    assert!(matches!(backup(&lab.data(), Full), Err(BackupError::Write(_))));
    let left = std::fs::read_dir(lab.data()).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("backup")));
}
