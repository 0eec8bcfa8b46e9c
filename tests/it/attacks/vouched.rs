//! Whoever owns the database, or the data directory too, adds acts to the log in the server's name.

use super::log::{PATIENCE, TOLERANCE, busy, database, faults, pair, refused, restored};
use crate::server::support::{Lab, PASSPHRASE};
use crate::support::postgres::Database;
use cardwright::secret::Passphrase;
use cardwright::server::{self, Contradiction};
use cardwright::store::AuditFault;
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;
use std::time::Instant;
use time::Duration;

/// Appends an act to a chain as the server would, hashes and the chain's end too; of SQLite.
fn appended(database: &Path, change: impl FnOnce(&mut serde_json::Value), mac: Option<&[u8]>) -> i64 {
    let mut connection = Connection::open(database).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let last = "SELECT number, record, hash FROM audit ORDER BY number DESC LIMIT 1";
    let (number, text, hash): (i64, String, Vec<u8>) =
        transaction.query_row(last, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    let (number, text, hash) = follows(number, &text, &hash, change);
    let insert = "INSERT INTO audit (chain, number, record, hash, mac) VALUES (1, ?1, ?2, ?3, ?4)";
    transaction.execute(insert, (number, &text, &hash, mac)).unwrap();
    transaction.execute("UPDATE audit_chains SET length = ?1, head = ?2", (number, &hash)).unwrap();
    transaction.commit().unwrap();
    number
}

/// The act after another one, with its hash.
fn follows(
    number: i64,
    text: &str,
    hash: &[u8],
    change: impl FnOnce(&mut serde_json::Value),
) -> (i64, String, Vec<u8>) {
    let mut record: serde_json::Value = serde_json::from_str(text).unwrap();
    (record["number"], record["before"]) = ((number + 1).into(), hex::encode(hash).into());
    change(&mut record);
    let text = record.to_string();
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    (number + 1, text, hash.as_ref().to_vec())
}

fn signatures_from(database: &Path, number: i64) -> i64 {
    let count = "SELECT count(*) FROM audit_signatures WHERE number >= ?1";
    Connection::open(database).unwrap().query_row(count, [number], |row| row.get(0)).unwrap()
}

fn a_minute_ago() -> String {
    let at = time::OffsetDateTime::now_utc() - Duration::MINUTE;
    at.format(&time::format_description::well_known::Rfc3339).unwrap()
}

fn act(name: &'static str) -> impl FnOnce(&mut serde_json::Value) {
    move |record| record["act"] = name.into()
}

#[test]
fn an_act_that_was_put_into_the_log_before_the_server_starts_is_refused_until_somebody_accepts_it() {
    let mut lab = busy();
    lab.stop();
    let copy = lab.directory.path().join("copy.db");
    std::fs::copy(database(&lab), &copy).unwrap();
    let earlier_mac: Vec<u8> = Connection::open(&copy)
        .unwrap()
        .query_row("SELECT mac FROM audit WHERE mac IS NOT NULL ORDER BY number DESC LIMIT 1", [], |row| row.get(0))
        .unwrap();
    // Without a MAC, with that of another act, and with one that says it was done at the data directory.
    for mac in [None, Some(earlier_mac.as_slice())] {
        for directory in [false, true] {
            restored(&lab, &copy);
            let number = appended(
                &database(&lab),
                |record| {
                    record["act"] = "certificate-issued".into();
                    record["at"] = a_minute_ago().into();
                    if directory {
                        record["evidence"]["at"] = "data-directory".into();
                    }
                },
                mac,
            );
            assert_eq!(refused(&lab), Contradiction::Unvouched { chain: 1, number });
            assert_eq!(signatures_from(&database(&lab), number), 0, "it was not signed");
            let found = faults(&lab);
            assert_eq!(found.contains(&AuditFault::Unvouched), mac.is_none(), "{found:?}");
            assert!(found.contains(&AuditFault::Unsigned), "{found:?}");
        }
    }
    server::audit_accept(&lab.data(), &Passphrase::new(PASSPHRASE.into()), "put there by hand").unwrap();
    lab.start();
    lab.user("bob", &[]);
    lab.stop();
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).unwrap().is_whole());
    let number = appended(&database(&lab), act("certificate-issued"), None);
    assert_eq!(refused(&lab), Contradiction::Unvouched { chain: 1, number }, "accepted once is not for ever");
}

#[test]
fn an_act_that_was_put_into_the_log_while_the_server_runs_is_not_signed() {
    let mut lab = busy();
    let health = |lab: &Lab| lab.call(None, "GET", "/healthz", None).json()["checks"]["log"].clone();
    assert_eq!(health(&lab), "ok");
    let number = appended(&database(&lab), act("user-changed"), None);
    let since = Instant::now();
    while health(&lab) == "ok" {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // What the server writes after it does not make it the server's.
    lab.user("bob", &[]);
    lab.stop();
    assert_eq!(signatures_from(&database(&lab), number), 0);
    assert!(faults(&lab).contains(&AuditFault::Unvouched));
    assert_eq!(refused(&lab), Contradiction::Unvouched { chain: 1, number });
}

#[test]
fn an_act_that_claims_to_be_older_than_the_macs_or_of_the_future_is_none() {
    let mut lab = busy();
    lab.stop();
    let strip = "UPDATE audit SET mac = NULL";
    Connection::open(database(&lab)).unwrap().execute_batch(strip).unwrap();
    lab.start();
    lab.stop();
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).unwrap().is_whole(), "what was signed needs no MAC");
    Connection::open(database(&lab)).unwrap().execute_batch(strip).unwrap();
    let at = |at: &'static str| move |record: &mut serde_json::Value| record["at"] = at.into();
    let number = appended(&database(&lab), at("2099-01-01T00:00:00Z"), Some(&[7; 32]));
    assert_eq!(faults(&lab), [AuditFault::Unsigned], "no record is about to be signed in years");
    assert_eq!(refused(&lab), Contradiction::Unvouched { chain: 1, number });
}

#[test]
fn what_is_done_at_the_data_directory_says_so_and_is_signed_and_its_key_vouches_for_nothing_else() {
    let mut lab = busy();
    server::user_add(&lab.data(), named("while-it-runs"), in_an_hour()).unwrap();
    lab.stop();
    server::user_add(&lab.data(), named("while-it-is-down"), in_an_hour()).unwrap();
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).unwrap().is_sound());
    lab.start();
    lab.stop();
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).unwrap().is_whole());
    // Whoever reads that key adds acts that say where they come from, and no others.
    let key = hex::decode(std::fs::read_to_string(lab.data().join("acts.key")).unwrap().trim()).unwrap();
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &key);
    let copy = lab.directory.path().join("copy.db");
    std::fs::copy(database(&lab), &copy).unwrap();
    let issued = |record: &mut serde_json::Value| {
        (record["act"], record["evidence"]) = ("certificate-issued".into(), json!({"serial": "01"}));
    };
    let number = appended(&database(&lab), issued, None);
    let text: String = Connection::open(database(&lab))
        .unwrap()
        .query_row("SELECT record FROM audit WHERE number = ?1", [number], |row| row.get(0))
        .unwrap();
    let mac = aws_lc_rs::hmac::sign(&key, text.as_bytes());
    let set = "UPDATE audit SET mac = ?1 WHERE number = ?2";
    Connection::open(database(&lab)).unwrap().execute(set, (mac.as_ref(), number)).unwrap();
    assert_eq!(refused(&lab), Contradiction::Unvouched { chain: 1, number });
    restored(&lab, &copy);
    // Where the key is gone, nothing is written that could not be told apart; the server brings it back.
    std::fs::remove_file(lab.data().join("acts.key")).unwrap();
    let refusal = server::user_add(&lab.data(), named("too-late"), in_an_hour()).err().expect("refused").to_string();
    assert!(refusal.contains("acts.key is missing") && refusal.contains("start the server"), "{refusal}");
    lab.start();
    server::user_add(&lab.data(), named("in-time"), in_an_hour()).unwrap();
}

fn named(name: &str) -> server::NewUser {
    server::NewUser { name: name.into(), ..server::NewUser::default() }
}

fn in_an_hour() -> time::OffsetDateTime {
    time::OffsetDateTime::now_utc() + Duration::hours(1)
}

/// Appends an act to the longest chain of a PostgreSQL database, as the server would.
fn appended_there(database: &Database, name: &'static str) -> (i64, i64) {
    let last = "SELECT chain || ' ' || number || ' ' || encode(hash, 'hex') || ' ' || record FROM audit \
                JOIN audit_chains USING (chain) WHERE number = length ORDER BY length DESC, chain LIMIT 1";
    let last = database.sql(last);
    let mut parts = last.splitn(4, ' ');
    let mut part = || parts.next().unwrap();
    let (chain, number, hash): (i64, i64, _) =
        (part().parse().unwrap(), part().parse().unwrap(), hex::decode(part()).unwrap());
    let (number, text, hash) = follows(number, part(), &hash, act(name));
    let (text, hash) = (text.replace('\'', "''"), hex::encode(hash));
    database.sql(&format!(
        "INSERT INTO audit (chain, number, record, hash) VALUES ({chain}, {number}, '{text}', '\\x{hash}'); \
         UPDATE audit_chains SET length = {number}, head = '\\x{hash}' WHERE chain = {chain}"
    ));
    (chain, number)
}

#[test]
fn an_act_that_was_put_into_a_postgresql_log_is_signed_by_no_server_of_the_database() {
    let (mut first, mut second) = pair();
    let alice = first.user("alice", &[]);
    first.enrolled(&alice);
    second.enrolled(&alice);
    second.stop();
    first.stop();
    first.start();
    let (chain, number) = appended_there(first.database.as_ref().unwrap(), "certificate-issued");
    let health = || first.call(None, "GET", "/healthz", None).json()["checks"]["log"].clone();
    let since = Instant::now();
    while health() == "ok" {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    let expected = Contradiction::Unvouched { chain, number };
    assert_eq!(refused(&second), expected);
    // One that remembers nothing takes another server's word that acts bear MACs.
    let third = first.beside();
    std::fs::remove_file(third.data().join("witness.json")).unwrap();
    assert_eq!(refused(&third), expected);
    first.stop();
    assert_eq!(refused(&first), expected);
    let signed = format!("SELECT count(*) FROM audit_signatures WHERE chain = {chain} AND number >= {number}");
    assert_eq!(first.database.as_ref().unwrap().sql(&signed), "0");
    assert!(faults(&first).contains(&AuditFault::Unvouched));
    server::audit_accept(&first.data(), &Passphrase::new(PASSPHRASE.into()), "put there by hand").unwrap();
    first.start();
    second.start();
    second.stop();
    first.stop();
    assert_eq!(server::audit_check(&second.data(), &[], TOLERANCE).unwrap().faults, 0);
}

#[test]
fn a_signature_of_nobody_covers_nothing_for_a_server_that_remembers_nothing() {
    let (mut first, mut second) = pair();
    second.stop();
    first.stop();
    let database = first.database.as_ref().unwrap();
    let (chain, number) = appended_there(database, "certificate-issued");
    let hash =
        database.sql(&format!("SELECT encode(hash, 'hex') FROM audit WHERE chain = {chain} AND number = {number}"));
    let said = json!({"chain": chain, "number": number, "hash": hash, "at": "2026-11-22T00:00:00Z", "before": "00"});
    database.sql(&format!(
        "INSERT INTO audit_signatures (chain, number, signed, key, signature, prior) \
         SELECT {chain}, {number}, '{said}', key, signature, number FROM audit_signatures WHERE chain = {chain} \
         ORDER BY number DESC LIMIT 1"
    ));
    std::fs::remove_file(second.data().join("witness.json")).unwrap();
    for lab in [&first, &second] {
        assert!(matches!(refused(lab), Contradiction::Unsigned { .. }));
    }
}
