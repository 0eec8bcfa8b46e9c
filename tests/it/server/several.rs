//! Two servers on one PostgreSQL: what falls due is done by one of them, and secrets are guessed at as often as by one.

use super::mail::{MailServer, mailing, smtp, with_address};
use super::passwords::with_passwords;
use super::support::{EXTENSION, Lab};
use crate::support::postgres::{BROKEN_LOG, Database};
use serde_json::{Value, json};
use std::sync::Mutex;

const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

/// Temporary cards that fall due while no server runs.
const CARDS: usize = 40;
const MAILS: usize = 8;
const TRIES: usize = 3;
const GUESSES: usize = 12;

/// Starts both at one moment.
fn start(first: &mut Lab, second: &mut Lab) {
    std::thread::scope(|scope| {
        scope.spawn(|| first.start());
        scope.spawn(|| second.start());
    });
}

#[track_caller]
fn becomes(database: &Database, count: &str, expected: usize) {
    let since = std::time::Instant::now();
    while database.sql(count) != expected.to_string() {
        assert!(since.elapsed() < PATIENCE, "{count}: {}", database.sql(count));
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

/// How many acts of a kind the log has, and about how many objects.
fn acts(database: &Database, act: &str, about: &str) -> (String, String) {
    let counts = database.sql(&format!(
        "SELECT count(*), count(DISTINCT record::json ->> '{about}') FROM audit WHERE record::json ->> 'act' = '{act}'"
    ));
    let (acts, objects) = counts.split_once('|').unwrap();
    (acts.to_owned(), objects.to_owned())
}

fn both(number: usize) -> (String, String) {
    (number.to_string(), number.to_string())
}

#[test]
fn temporary_cards_that_fall_due_end_once() {
    let mut first = Lab::with_database(Some(Database::new()));
    let alice = first.user("alice", &[]);
    for _ in 0..CARDS {
        first.enrolled(&alice);
    }
    first.stop();
    let mut second = first.beside();
    let due = "UPDATE smartcards SET expires = 1";
    first.database.as_ref().unwrap().sql(due);
    start(&mut first, &mut second);
    let database = first.database.as_ref().unwrap();
    becomes(database, "SELECT count(*) FROM smartcards WHERE status = 'retired'", CARDS);
    // The last act of a server is behind its last look: both end in good order, and none has written without an act.
    second.stop();
    first.stop();
    let database = first.database.as_ref().unwrap();
    assert_eq!(acts(database, "temporary-card-ended", "smartcard"), both(CARDS));
    assert_eq!(database.sql("SELECT count(*) FROM certificates WHERE revoked_at IS NOT NULL"), CARDS.to_string());
    assert_eq!(database.sql("SELECT count(*) FROM profiles WHERE status <> 'retired'"), "0");
    assert_eq!(database.sql(BROKEN_LOG), "0");
}

#[test]
fn a_mail_that_is_due_goes_out_once() {
    let mut first = Lab::with_database(Some(Database::new()));
    let mut mails = MailServer::start(&first, "none");
    let settings = smtp(&first, mails.port, "none");
    mailing(&mut first, "deliver = [\"smtp:target\"]", &settings);
    let mut second = first.beside();
    first.start();
    let (alice, bob) = (with_address(&first, "alice"), first.user("bob", &["officers"]));
    let requests: Vec<_> = (0..MAILS).map(|_| first.enroll_request(&alice)).collect();
    first.stop();
    // Approved where no mail server is to be had, so that the mails wait for both.
    let away = settings.replace(&mails.port.to_string(), "1");
    mailing(&mut first, "deliver = [\"smtp:target\"]", &away);
    first.start();
    for request in &requests {
        first.post(&bob, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    }
    mailing(&mut first, "deliver = [\"smtp:target\"]", &settings);
    first.database.as_ref().unwrap().sql("UPDATE outbox SET due = 0");
    start(&mut first, &mut second);
    let mut sent: Vec<Value> = (0..MAILS).map(|_| mails.next()).collect();
    becomes(first.database.as_ref().unwrap(), "SELECT count(*) FROM outbox WHERE state = 'waiting'", 0);
    second.stop();
    first.stop();
    sent.dedup();
    assert_eq!(sent.len(), MAILS, "each has a password of its own");
    let database = first.database.as_ref().unwrap();
    assert_eq!(acts(database, "one-time-password-sent", "request"), both(MAILS));
    assert_eq!(acts(database, "one-time-password-undelivered", "request"), both(0));
}

#[test]
fn requests_that_nobody_finishes_end_once() {
    let mut first = Lab::with_database(Some(Database::new()));
    let alice = first.user("alice", &[]);
    for _ in 0..CARDS {
        first.enroll_request(&alice);
    }
    first.stop();
    let mut second = first.beside();
    first.database.as_ref().unwrap().sql("UPDATE requests SET submitted = 1");
    start(&mut first, &mut second);
    becomes(first.database.as_ref().unwrap(), "SELECT count(*) FROM requests WHERE status = 'canceled'", CARDS);
    second.stop();
    first.stop();
    let database = first.database.as_ref().unwrap();
    assert_eq!(acts(database, "request-expired", "request"), both(CARDS));
    assert_eq!(database.sql(BROKEN_LOG), "0");
}

#[test]
fn a_one_time_password_is_guessed_at_no_more_often_at_two_servers() {
    let mut first = Lab::with_database(Some(Database::new()));
    first.stop();
    let files = std::fs::read_dir(first.data().join("templates")).unwrap();
    for file in files.map(|file| file.unwrap().path()) {
        let template = std::fs::read_to_string(&file).unwrap();
        let table = format!("deliver = [\"display\"]\ntries = {TRIES}");
        std::fs::write(&file, with_passwords(template, &table)).unwrap();
    }
    let mut second = first.beside();
    start(&mut first, &mut second);
    let (alice, bob) = (first.user("alice", &[]), first.user("bob", &["officers"]));
    let request = first.enroll_request(&alice);
    let approved = second.post(&bob, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok();
    let path = format!("{EXTENSION}/requests/{request}/onetimepassword");
    let answers = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for lab in [&first, &second] {
            scope.spawn(|| {
                for _ in 0..GUESSES {
                    let guess = json!({"OneTimePassword": "AAAAAAAAAA"});
                    answers.lock().unwrap().push(lab.post(&alice, &path, guess).refusal());
                }
            });
        }
    });
    let answers = answers.into_inner().unwrap();
    let told = |code: &str| answers.iter().filter(|answer| answer.1 == code).count();
    assert_eq!(told("one-time-password-wrong"), TRIES, "{answers:?}");
    let right = json!({"OneTimePassword": approved["OneTimePassword"]});
    for lab in [&first, &second] {
        assert_eq!(lab.post(&alice, &path, right.clone()).refusal().1, "one-time-password-spent");
    }
    let database = first.database.as_ref().unwrap();
    assert_eq!(acts(database, "one-time-password-refused", "request").0, TRIES.to_string());
}
