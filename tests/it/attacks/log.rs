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

const TOLERANCE: Duration = Duration::seconds(300);
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

fn database(lab: &Lab) -> PathBuf {
    lab.data().join("cardwright.db")
}

/// A server that has done at least fifty acts.
fn busy() -> Lab {
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
fn refused(lab: &Lab) -> Contradiction {
    match Server::start(lab.config()) {
        Err(StartError::Witness(WitnessError::Contradiction(contradiction))) => contradiction,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("the server has started"),
    }
}

fn faults(lab: &Lab) -> Vec<AuditFault> {
    let report = server::audit_check(&lab.data(), &[], TOLERANCE).unwrap();
    assert!(!report.is_whole(), "{report:?}");
    report.findings.iter().map(|finding| finding.fault).collect()
}

fn restored(lab: &Lab, copy: &Path) {
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
    assert!(lab.call(None, "GET", "/pki/ca.crl", None).status >= 500);
    lab.stop();
    let count = "SELECT count(*) FROM audit_signatures";
    let count: i64 = Connection::open(database(&lab)).unwrap().query_row(count, [], |row| row.get(0)).unwrap();
    assert_eq!(count, 0);
}

/// Two servers with one key on one PostgreSQL, each with its own memory.
fn pair() -> (Lab, Lab) {
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
