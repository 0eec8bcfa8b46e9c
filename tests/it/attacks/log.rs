//! Whoever owns the database alone: acts removed and the log made anew, an older database put back.

use crate::server::support::{API, Lab, PASSPHRASE};
use crate::support::postgres::Database;
use cardwright::pkix::Signer;
use cardwright::secret::Passphrase;
use cardwright::server::{self, Contradiction, Server, StartError, WitnessError};
use cardwright::store::{AuditFault, ListKind};
use rusqlite::Connection;
use serde_json::json;
use std::path::{Path, PathBuf};
use std::time::Instant;
use time::Duration;

pub const TOLERANCE: Duration = Duration::seconds(300);
pub const PATIENCE: std::time::Duration = std::time::Duration::from_secs(120);

pub fn database(lab: &Lab) -> PathBuf {
    lab.data().join("cardwright.db")
}

/// A server that has done at least fifty acts.
pub fn busy() -> Lab {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    for _ in 0..13 {
        lab.enrolled(&alice);
    }
    lab
}

/// Removes `count` acts from the record `from` on, and makes the rest of the chain anew: numbers, hashes, the end. The
/// signatures go too.
fn without(database: &Path, from: usize, count: usize) {
    let mut connection = Connection::open(database).unwrap();
    connection.busy_timeout(PATIENCE).unwrap();
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).unwrap();
    let all: Vec<String> = {
        let mut statement = transaction.prepare("SELECT record FROM audit ORDER BY number").unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert!(all.len() >= from + count, "{}", all.len());
    transaction.execute_batch("DELETE FROM audit; DELETE FROM audit_signatures;").unwrap();
    let mut before = "0".repeat(64);
    let mut number = 0;
    for (index, text) in all.iter().enumerate() {
        if (from..from + count).contains(&index) {
            continue;
        }
        number += 1;
        let mut record: serde_json::Value = serde_json::from_str(text).unwrap();
        (record["number"], record["before"]) = (number.into(), before.clone().into());
        let text = record.to_string();
        let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
        let insert = "INSERT INTO audit (chain, number, record, hash) VALUES (1, ?1, ?2, ?3)";
        transaction.execute(insert, (number, &text, hash.as_ref())).unwrap();
        before = hex::encode(hash);
    }
    transaction
        .execute("UPDATE audit_chains SET length = ?1, head = ?2", (number, hex::decode(&before).unwrap()))
        .unwrap();
    transaction.commit().unwrap();
}

#[track_caller]
pub fn refused(lab: &Lab) -> Contradiction {
    match Server::start(lab.config()) {
        Err(StartError::Witness(WitnessError::Contradiction(contradiction))) => contradiction,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the server has started"),
    }
}

pub fn faults(lab: &Lab) -> Vec<AuditFault> {
    let report = server::audit_check(&lab.data(), &[], TOLERANCE).unwrap();
    assert!(!report.is_whole(), "{report:?}");
    report.findings.iter().map(|finding| finding.fault).collect()
}

pub fn restored(lab: &Lab, copy: &Path) {
    for beside in ["-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{beside}", database(lab).display()));
    }
    std::fs::copy(copy, database(lab)).unwrap();
}

#[test]
fn acts_that_were_removed_are_missed_and_the_forgery_is_not_signed() {
    let mut lab = busy();
    lab.stop();
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).unwrap().is_whole());
    without(&database(&lab), 20, 25);
    assert!(matches!(refused(&lab), Contradiction::Shorter { chain: 1, .. }));
    let found = faults(&lab);
    let (cut, forged) = found.split_first().unwrap();
    assert_eq!(*cut, AuditFault::CutOff);
    assert!(forged.iter().all(|fault| *fault == AuditFault::Unvouched), "{found:?}");
    let signatures: i64 = Connection::open(database(&lab))
        .unwrap()
        .query_row("SELECT count(*) FROM audit_signatures", [], |row| row.get(0))
        .unwrap();
    assert_eq!(signatures, 0, "the forgery was not signed");
}

#[test]
fn a_chain_that_was_made_anew_at_the_same_length_or_lost_its_signatures_is_refused() {
    let mut lab = busy();
    lab.stop();
    let copy = lab.directory.path().join("copy.db");
    std::fs::copy(database(&lab), &copy).unwrap();
    let statements = |text: &str| Connection::open(database(&lab)).unwrap().execute_batch(text).unwrap();

    statements("DELETE FROM audit_signatures");
    assert!(matches!(refused(&lab), Contradiction::Unsigned { .. }));
    assert_eq!(faults(&lab), [AuditFault::Unsigned]);

    restored(&lab, &copy);
    statements("DELETE FROM audit_signatures WHERE number = (SELECT max(number) FROM audit_signatures)");
    assert!(matches!(refused(&lab), Contradiction::Unsigned { .. }));

    restored(&lab, &copy);
    statements("UPDATE audit SET record = replace(record, 'alice', 'mallo')");
    without(&database(&lab), 0, 0);
    assert!(matches!(refused(&lab), Contradiction::Other { .. }));
    assert!(faults(&lab).contains(&AuditFault::Replaced));

    restored(&lab, &copy);
    std::fs::remove_file(lab.data().join("witness.json")).unwrap();
    assert!(matches!(refused(&lab), Contradiction::Gone(_)));
    std::fs::write(lab.data().join("witness.json"), r#"{"said": "{}", "signature": ""}"#).unwrap();
    assert!(matches!(refused(&lab), Contradiction::Forged(_)));
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).is_err());
}

#[test]
fn a_signature_that_is_missing_in_the_middle_is_named() {
    let mut lab = busy();
    for _ in 0..2 {
        lab.stop();
        lab.start();
    }
    lab.user("bob", &[]);
    lab.stop();
    let middle = "DELETE FROM audit_signatures WHERE number = (SELECT min(number) FROM audit_signatures)";
    Connection::open(database(&lab)).unwrap().execute_batch(middle).unwrap();
    assert_eq!(faults(&lab), [AuditFault::SignatureMissing]);
}

#[test]
fn an_older_database_is_refused_until_somebody_says_why_it_is_there() {
    let mut lab = busy();
    let operator = lab.user("olga", &["operators"]);
    let enrolled = lab.enrolled(&operator);
    lab.stop();
    let older = lab.directory.path().join("older.db");
    std::fs::copy(database(&lab), &older).unwrap();
    lab.start();
    let list = |lab: &Lab| lab.call(None, "GET", "/pki/ca.crl", None).bytes;
    let first = list(&lab);
    let body = json!({"datacollection": [], "type": "Retire", "smartcard": enrolled.smartcard, "comment": ""});
    let retire = lab.request(&operator, body);
    let retired = format!("{API}/requests/{retire}/smartcards/{}", enrolled.smartcard);
    lab.put(&operator, &retired, json!({"status": "Retired"})).ok();
    let revoked = list(&lab);
    assert!(revoked != first);
    lab.stop();
    let number = |path: &Path| -> i64 {
        let connection = Connection::open(path).unwrap();
        connection.query_row("SELECT number FROM crls WHERE kind = 'base'", [], |row| row.get(0)).unwrap()
    };
    let last = number(&database(&lab));
    restored(&lab, &older);
    assert!(number(&database(&lab)) < last);
    assert!(matches!(refused(&lab), Contradiction::Shorter { .. }));

    let passphrase = Passphrase::new(PASSPHRASE.into());
    assert!(server::audit_accept(&lab.data(), &passphrase, " ").is_err(), "without a reason");
    let accepted = server::audit_accept(&lab.data(), &passphrase, "the disk broke").unwrap();
    assert!(accepted.remembered.contains(&format!(", list {last},")), "{accepted:?}");
    lab.start();
    let auditor = lab.user("auditor", &["auditors"]);
    let acts = lab.get(&auditor, &format!("{}/audit?chain=1&after=50", crate::server::support::EXTENSION)).ok();
    let act = acts.as_array().unwrap().iter().find(|act| act["Record"].to_string().contains("records-accepted"));
    let record: serde_json::Value = serde_json::from_str(act.unwrap()["Record"].as_str().unwrap()).unwrap();
    assert_eq!(record["evidence"]["remembered"], accepted.remembered);
    assert_eq!(record["evidence"]["found"], accepted.found);
    assert_eq!(record["evidence"]["reason"], "the disk broke");
    list(&lab);
    lab.stop();
    assert!(number(&database(&lab)) > last, "list numbers never go back");
    assert!(server::audit_check(&lab.data(), &[], TOLERANCE).unwrap().is_whole());
}

#[test]
fn a_list_number_that_went_back_is_refused() {
    let mut lab = busy();
    lab.call(None, "GET", "/pki/ca.crl", None);
    lab.stop();
    let back = "UPDATE crls SET number = 0, claim = 0";
    Connection::open(database(&lab)).unwrap().execute_batch(back).unwrap();
    assert!(matches!(refused(&lab), Contradiction::ListNumber { kind: ListKind::Base, found: 0, .. }));
}

#[test]
fn a_server_that_runs_signs_no_heads_and_no_lists_on_a_log_that_was_made_anew() {
    let mut lab = busy();
    let healthy = |lab: &Lab| lab.call(None, "GET", "/healthz", None).json()["checks"]["log"] == "ok";
    let signed = || -> i64 {
        let count = "SELECT coalesce(max(number), 0) FROM audit_signatures";
        Connection::open(database(&lab)).unwrap().query_row(count, [], |row| row.get(0)).unwrap()
    };
    let since = Instant::now();
    while signed() < 50 {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(healthy(&lab));
    without(&database(&lab), 20, 25);
    let since = Instant::now();
    while healthy(&lab) {
        assert!(since.elapsed() < PATIENCE);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // The acts go on, and are not signed; nothing is issued.
    let bob = lab.user("bob", &[]);
    let request = lab.enroll_request(&bob);
    lab.assign(&bob, &request, uuid::Uuid::new_v4());
    let issued = lab.certificatedata(&bob, &request, &crate::server::support::new_csr());
    assert_eq!(issued.refusal(), (503, "unavailable".into()));
    let outdated = "UPDATE counters SET value = value + 1 WHERE name = 'revocations'; UPDATE crls SET this_update = 0, next_update = 0";
    Connection::open(database(&lab)).unwrap().execute_batch(outdated).unwrap();
    std::thread::sleep(cardwright::store::HEEDED_WITHIN);
    assert!(lab.call(None, "GET", "/pki/ca.crl", None).status >= 500);
    lab.stop();
    let count = "SELECT count(*) FROM audit_signatures";
    let count: i64 = Connection::open(database(&lab)).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

/// Two servers with one key on one PostgreSQL, each with its own memory.
pub fn pair() -> (Lab, Lab) {
    let first = Lab::with_database(Some(Database::new()));
    let mut second = first.beside();
    second.start();
    (first, second)
}

#[test]
fn servers_of_one_database_sign_one_chain_after_the_other_and_each_misses_what_was_removed() {
    let (mut first, mut second) = pair();
    let alice = first.user("alice", &[]);
    std::thread::scope(|scope| {
        for lab in [&first, &second] {
            scope.spawn(|| (0..6).for_each(|_| drop(lab.enrolled(&alice))));
        }
    });
    second.stop();
    first.stop();
    let both = [first.data(), second.data()];
    for data in &both {
        let report = server::audit_check(data, &[], TOLERANCE).unwrap();
        assert!(report.is_whole() && report.signatures > 0, "{report:?}");
    }
    let database = first.database.as_ref().unwrap();
    let fork = "SELECT count(*) FROM audit_signatures a JOIN audit_signatures b USING (chain, prior) \
                WHERE a.number <> b.number";
    assert_eq!(database.sql(fork), "0");
    database.sql("DELETE FROM audit_signatures WHERE number > 5");
    database.sql("DELETE FROM audit WHERE number > 5");
    database.sql(
        "UPDATE audit_chains c SET length = 5, head = (SELECT hash FROM audit a WHERE a.chain = c.chain AND number = 5) \
         WHERE length > 5",
    );
    for lab in [&first, &second] {
        assert!(matches!(refused(lab), Contradiction::Shorter { .. }));
    }
    let passphrase = Passphrase::new(PASSPHRASE.into());
    server::audit_accept(&first.data(), &passphrase, "pg_restore of yesterday").unwrap();
    assert!(matches!(refused(&second), Contradiction::Shorter { .. }), "each says for itself");
    server::audit_accept(&second.data(), &passphrase, "pg_restore of yesterday").unwrap();
    first.start();
    second.start();
    second.stop();
    first.stop();
    // What is left of the log is sound; what was removed of it is missed by the rows.
    let report = server::audit_check(&first.data(), &[], TOLERANCE).unwrap();
    assert!(report.faults == 0 && report.differing > 0, "{report:?}");
}

#[test]
fn servers_of_one_database_have_one_key_of_the_log() {
    let mut first = Lab::with_database(Some(Database::new()));
    first.stop();
    let second = first.beside();
    std::fs::remove_file(second.data().join("audit.key.pem")).unwrap();
    std::fs::remove_file(second.data().join("witness.json")).unwrap();
    let refusal = Server::start(second.config()).err().expect("refused").to_string();
    assert!(refusal.contains("log's key"), "{refusal}");
    let third = first.beside();
    std::fs::remove_file(third.data().join("witness.json")).unwrap();
    Server::start(third.config()).expect("a new server of the database has nothing to remember yet").stop().unwrap();
}

#[test]
fn a_log_of_a_release_that_chained_no_signatures_is_taken_up_and_goes_on() {
    let mut lab = busy();
    lab.stop();
    let sealed = std::fs::read_to_string(lab.data().join("audit.key.pem")).unwrap();
    let passphrase = Passphrase::new(PASSPHRASE.into());
    let key = cardwright::ca::keyfile::open_private_key(&sealed, &passphrase).unwrap();
    let connection = Connection::open(database(&lab)).unwrap();
    let (length, head): (i64, Vec<u8>) = connection
        .query_row("SELECT number, hash FROM audit WHERE number = 30", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    let text = json!({"chain": 1, "number": length, "hash": hex::encode(head), "at": "2026-11-22T00:00:00Z"});
    let (text, fingerprint) = (text.to_string(), key.public_key().sha256());
    let signature = key.sign(text.as_bytes()).unwrap();
    connection.execute_batch("DELETE FROM audit_signatures").unwrap();
    connection
        .execute(
            "INSERT INTO audit_signatures (chain, number, signed, key, signature) VALUES (1, ?1, ?2, ?3, ?4)",
            (length, text, fingerprint, signature),
        )
        .unwrap();
    drop(connection);
    std::fs::remove_file(lab.data().join("witness.json")).unwrap();
    lab.start();
    lab.user("bob", &[]);
    lab.stop();
    let report = server::audit_check(&lab.data(), &[], TOLERANCE).unwrap();
    assert!(report.is_whole() && report.signatures >= 2, "{report:?}");
    without(&database(&lab), 20, 25);
    refused(&lab);
}
