//! The journal itself: who may read it, what it holds, what happens when it is damaged.

use super::bench::{Bench, PIN};
use super::fake::{Mischief, OWN_KEY};
use super::memory_token::MemoryToken;
use super::ways::{enroll, unblock};
use crate::support::journal::{files, record, write_alone};
use cardwright::enrollment::{Enrollment, Journal, Milestone, Workflow};
use cardwright::token::Token;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

/// A journal with one enrollment broken off after its key was signed for.
fn broken_off() -> (Bench, MemoryToken, PathBuf) {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.fake.behave(Some(Mischief::OtherKey));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.behave(None);
    let [file] = files(&bench.directory.join("journal")).try_into().unwrap();
    (bench, token, file)
}

#[test]
fn the_journal_is_its_owners_and_holds_no_secret() {
    let (bench, _, file) = broken_off();
    let mode = |path: &std::path::Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&file), mode(file.parent().unwrap())), (0o600, 0o700));
    let text = std::fs::read_to_string(&file).unwrap();
    for secret in [PIN, &hex::encode(OWN_KEY), "T09PT09P", "secret"] {
        assert!(!text.contains(secret), "{text}");
    }
    let records = bench.journal().unfinished().unwrap();
    assert_eq!(records[0].workflow, Workflow::Enroll);
    assert_eq!(records[0].request(), Some(bench.fake.last_request()));
    assert!(matches!(records[0].milestone, Milestone::Signed { .. }));
}

#[test]
fn a_damaged_file_is_kept_aside_and_told_once() {
    for alone in [false, true] {
        let (bench, mut token, file) = broken_off();
        if alone {
            write_alone(&file, &record(&file).unwrap());
        }
        let text = std::fs::read(&file).unwrap();
        std::fs::write(&file, &text[..if alone { text.len() / 2 } else { 4200 }]).unwrap();
        let error = bench.run(&mut token, enroll()).unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), ("journal-damaged", 10));
        let kept = std::fs::read(file.with_extension("json.damaged")).unwrap();
        assert!(text.starts_with(&kept) && !kept.is_empty());
        assert_eq!(bench.unfinished(), 0);
    }
}

#[test]
fn a_newer_version_is_left_as_it_is() {
    let (bench, mut token, file) = broken_off();
    let text = std::fs::read_to_string(&file).unwrap().replacen("\"version\":2", "\"version\":3", 1);
    std::fs::write(&file, &text).unwrap();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("journal", 10));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn a_record_of_the_release_before_is_taken_up() {
    let (bench, mut token, file) = broken_off();
    write_alone(&file, &record(&file).unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    // A key that took no place is written as it was before places were known.
    assert!(!text.contains("replaces") && !text.contains("occupied"), "{text}");
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.generated, bench.fake.requests()), (1, vec![(1, 8)]));
}

#[test]
fn two_drivers_never_work_on_one_card() {
    let bench = Bench::new();
    let token = MemoryToken::fresh();
    let journal = bench.journal();
    let first = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
    let second = Enrollment::begin(&bench.client, &journal, token.identity(), unblock());
    assert_eq!(second.err().unwrap().code(), "card-busy");
    let other = MemoryToken::fresh();
    assert!(Enrollment::begin(&bench.client, &journal, other.identity(), enroll()).is_ok());
    drop(first);
    assert!(Enrollment::begin(&bench.client, &journal, token.identity(), unblock()).is_ok());
}

#[test]
fn a_directory_others_may_write_to_is_refused() {
    let directory = crate::support::directory::temporary();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o777)).unwrap();
    assert!(Journal::open(directory.path()).is_err());
}

#[test]
fn work_begun_at_another_server_is_not_taken_up() {
    let (bench, mut token, _) = broken_off();
    let elsewhere = Bench::new();
    let journal = bench.journal();
    let begun = Enrollment::begin(&elsewhere.client, &journal, token.identity(), enroll());
    assert_eq!(begun.err().unwrap().code(), "other-server");

    bench.run(&mut token, enroll()).unwrap().done();
}
