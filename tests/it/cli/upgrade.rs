//! `server upgrade`: records of an earlier release are saved, and then brought to this one, or left as they were.

use crate::store::migrations::older_file;
use crate::support::postgres::Database;
use crate::support::program::{Ended, Program, end};
use crate::support::site::PASSPHRASE;
use cardwright::platform::lock::Lock;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

fn server(program: &Program, passphrase: Option<&str>, arguments: &[&str]) -> Ended {
    let mut command = program.command([&["--json", "server"], arguments].concat());
    end(command.envs(passphrase.map(|passphrase| ("CARDWRIGHT_PASSPHRASE", passphrase))))
}

fn version(path: &Path) -> i64 {
    rusqlite::Connection::open(path).unwrap().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
}

#[test]
fn records_of_an_earlier_release_are_saved_and_brought_to_this_one() {
    let program = Program::new();
    let (directory, backups) = (program.path("made"), program.path("state/backups"));
    let (records, names) =
        (directory.join("cardwright.db"), [&directory, &backups].map(|path| path.display().to_string()));
    let upgrade = ["upgrade", &names[0], "--backups", &names[1]];
    server(&program, None, &upgrade).refused(2, "no-data-directory");
    server(&program, Some(PASSPHRASE), &["init", &names[0]]).done();
    // There is nothing to do: nothing is asked, and nothing made.
    assert_eq!(server(&program, None, &upgrade).done()["upgraded"], false);
    assert!(!backups.exists());

    drop(older_file(&records, 31));
    let running = Lock::take(&directory.join("server.lock"), 1).unwrap();
    server(&program, Some(PASSPHRASE), &upgrade).refused(2, "server-running");
    drop(running);
    server(&program, Some("another passphrase of theirs"), &upgrade).refused(1, "server-backup");
    assert!(version(&records) == 31 && std::fs::read_dir(&backups).unwrap().next().is_none());

    let done = server(&program, Some(PASSPHRASE), &upgrade).done();
    assert_eq!((&done["upgraded"], &done["from"], &done["database"]), (&true.into(), &31.into(), &"included".into()));
    let archive = Path::new(done["archive"].as_str().unwrap());
    assert_eq!(archive.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(version(&records), done["version"].as_i64().unwrap());
    assert_eq!(server(&program, None, &upgrade).done()["upgraded"], false);

    rusqlite::Connection::open(&records).unwrap().pragma_update(None, "user_version", 99).unwrap();
    server(&program, None, &upgrade).refused(2, "records-newer");
}

#[test]
fn records_in_postgresql_are_changed_only_where_somebody_says_that_they_are_saved() {
    let (program, database) = (Program::new(), Database::new());
    let [directory, backups] = ["made", "state/backups"].map(|name| program.path(name).display().to_string());
    server(&program, Some(PASSPHRASE), &["init", &directory, "--database", &database.url()]).done();
    let upgrade = ["upgrade", &directory, "--backups", &backups];
    assert_eq!(server(&program, None, &upgrade).done()["upgraded"], false);
    // As if its last step were missing, which fails then: what it makes is there already.
    database.sql("UPDATE cardwright_schema SET version = version - 1");
    let before = database.sql("SELECT version FROM cardwright_schema");
    server(&program, Some(PASSPHRASE), &upgrade).refused(2, "records-not-saved");
    assert!(!Path::new(&backups).exists());
    let failed = server(&program, Some(PASSPHRASE), &[&upgrade[..], &["--records-saved"]].concat());
    let told = failed.refused(1, "server-upgrade");
    let [archive] =
        std::fs::read_dir(&backups).unwrap().map(|file| file.unwrap().path()).collect::<Vec<_>>().try_into().unwrap();
    assert!(told.message.contains(archive.to_str().unwrap()), "{}", told.message);
    assert_eq!(database.sql("SELECT version FROM cardwright_schema"), before);
}
