//! Archives: halves, strangers' and forged ones become no data directory.

use super::support::{Lab, PASSPHRASE};
use cardwright::secret::Passphrase;
use cardwright::server::{self, BackupError, Server, Trust, backup, backup_file, restore};
use std::io::Write;
use std::path::Path;

fn passphrase() -> Passphrase {
    Passphrase::new(PASSPHRASE.into())
}

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
    let refusal = restore(archive, directory, Trust::Sealed(&passphrase())).unwrap_err();
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
    let saved = backup(&lab.data(), &mut archive, &passphrase()).unwrap();
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
        assert!(matches!(restore(evil.as_slice(), &place, Trust::Blindly), Err(BackupError::Damaged(_))), "{name}");
    }
    let newer = tar(&[("cardwright-backup.json", br#"{"format": 3}"#)]);
    assert!(matches!(refused(&newer, &place), BackupError::Newer(3)));
    assert!(matches!(refused(&tar(&[("README", b"hello")]), &place), BackupError::Foreign));
    assert!(matches!(refused(&[0x5a; 4096], &place), BackupError::Foreign));

    restore(archive.as_slice(), &place, Trust::Sealed(&passphrase())).unwrap();
    assert!(matches!(restore(archive.as_slice(), &place, Trust::Sealed(&passphrase())), Err(BackupError::Exists(_))));
    let whole = |directory: &Path| std::fs::read(directory.join("master.key.pem")).unwrap();
    assert_eq!(whole(&place), whole(&lab.data()));
}

#[test]
fn an_archive_overwrites_nothing_and_a_failed_one_leaves_nothing() {
    let lab = Lab::new();
    let room = crate::support::directory::temporary();
    let file = room.path().join("archive.tar");
    std::fs::write(&file, b"mine").unwrap();
    assert!(matches!(backup_file(&lab.data(), &file, &passphrase()), Err(BackupError::File(_))));
    assert_eq!(std::fs::read(&file).unwrap(), b"mine");
    let empty = room.path().join("empty");
    std::fs::create_dir(&empty).unwrap();
    let file = room.path().join("other.tar");
    assert!(matches!(backup_file(&empty, &file, &passphrase()), Err(BackupError::NoDirectory(_))));
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
    assert!(matches!(backup(&lab.data(), Full, &passphrase()), Err(BackupError::Write(_))));
    let left = std::fs::read_dir(lab.data()).unwrap().flatten();
    assert!(!left.into_iter().any(|entry| entry.file_name().to_string_lossy().contains("backup")));
}

/// What an attacker who has the archive, and not the passphrase, makes of it: other contents under digests that fit.
fn forged(members: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut manifest: serde_json::Value = serde_json::from_slice(&members[0].1).unwrap();
    let files = members.iter().skip(2).map(|(name, content)| {
        let sha256 = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, content));
        serde_json::json!({"name": name, "size": content.len(), "sha256": sha256})
    });
    manifest["files"] = files.collect();
    let text = serde_json::to_vec_pretty(&manifest).unwrap();
    let rest = members.iter().skip(1).map(|(name, content)| (name.as_str(), content.as_slice()));
    tar(&std::iter::once(("cardwright-backup.json", text.as_slice())).chain(rest).collect::<Vec<_>>())
}

#[test]
fn a_record_or_a_setting_that_was_smuggled_into_an_archive_is_refused() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    lab.enrolled(&alice);
    let mut archive = Vec::new();
    backup(&lab.data(), &mut archive, &passphrase()).unwrap();
    lab.stop();
    let room = crate::support::directory::temporary();
    std::fs::write(room.path().join("mark"), b"").unwrap();
    let place = room.path().join("data");
    let whole = members(&archive);
    assert_eq!(whole[1].0, "cardwright-backup.seal");

    let altered = |name: &str, alter: &dyn Fn(&mut Vec<u8>)| {
        let mut members = whole.clone();
        alter(&mut members.iter_mut().find(|(member, _)| member == name).unwrap().1);
        forged(&members)
    };
    let settings = altered("server.toml", &|text| text.extend_from_slice(b"\n[roles]\nadmin = [\"user:mallory\"]\n"));
    assert!(matches!(refused(&settings, &place), BackupError::Forged));
    let record = altered("cardwright.db", &|bytes| {
        let path = room.path().join("mark");
        std::fs::write(&path, &bytes).unwrap();
        let database = rusqlite::Connection::open(&path).unwrap();
        database.execute_batch("UPDATE users SET groups = '[\"officers\"]'").unwrap();
        drop(database);
        *bytes = std::fs::read(&path).unwrap();
    });
    assert!(matches!(refused(&record, &place), BackupError::Forged));
    let seal_of_mine = {
        // A seal that was made under another passphrase.
        let mut members = whole.clone();
        let mut other = Vec::new();
        let other_lab = Lab::plain(|template| template);
        backup(&other_lab.data(), &mut other, &passphrase()).unwrap();
        members[1].1 = self::members(&other)[1].1.clone();
        forged(&members)
    };
    assert!(matches!(refused(&seal_of_mine, &place), BackupError::Forged));
    let wrong = Passphrase::new("another".into());
    assert!(matches!(restore(archive.as_slice(), &place, Trust::Sealed(&wrong)), Err(BackupError::Forged)));
    assert!(backup(&lab.data(), Vec::new(), &wrong).is_err(), "an archive that could not be restored");

    // An archive of an earlier release has no seal, and is taken only where somebody says so.
    let mut old = whole.clone();
    let manifest = String::from_utf8(old[0].1.clone()).unwrap().replace("\"format\": 2", "\"format\": 1");
    old[0].1 = manifest.into_bytes();
    old.remove(1);
    let borrowed: Vec<_> = old.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let old = tar(&borrowed);
    assert!(matches!(refused(&old, &place), BackupError::Unsealed));
    restore(old.as_slice(), &room.path().join("old"), Trust::Blindly).unwrap();

    restore(archive.as_slice(), &place, Trust::Sealed(&passphrase())).unwrap();
    let config = server::Config { data_dir: place.clone(), ..lab.config() };
    Server::start(config).unwrap().stop().unwrap();
    let report = server::audit_check(&place, &[], time::Duration::seconds(300)).unwrap();
    assert!(report.is_whole() && report.compared, "{report:?}");
    let database = rusqlite::Connection::open(place.join("cardwright.db")).unwrap();
    let acts = "SELECT count(*) FROM audit WHERE record LIKE '%\"records-restored\"%'";
    assert_eq!(database.query_row(acts, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
    let list: i64 = database.query_row("SELECT number FROM crls WHERE kind = 'base'", [], |row| row.get(0)).unwrap();
    assert!(list > 1_700_000_000, "{list}: after any that was made since");
}
