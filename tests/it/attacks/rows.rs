//! Whoever owns the database writes its rows: each table is altered once in each column, and `audit verify` names it.

use crate::server::identity::restart;
use crate::server::passwords::with_passwords;
use crate::server::support::{EXTENSION, Lab};
use crate::support::postgres::Database;
use crate::support::program::Program;
use cardwright::server::{self, StockCard};
use cardwright::store::{AuditReport, RowFault};
use rusqlite::Connection;
use serde_json::json;
use std::path::Path;
use time::Duration;

/// The tables whose rows the log vouches for, and the columns that name a row.
const WATCHED: [(&str, &[&str]); 12] = [
    ("users", &["uuid"]),
    ("identities", &["uuid"]),
    ("tokens", &["uuid"]),
    ("links", &["uuid"]),
    ("visits", &["uuid"]),
    ("proposals", &["uuid"]),
    ("stock", &["card_id"]),
    ("requests", &["uuid"]),
    ("approvals", &["request", "approver"]),
    ("smartcards", &["uuid"]),
    ("profiles", &["uuid"]),
    ("certificates", &["serial"]),
];
/// Columns that the log does not vouch for: the row's place, its count of changes (which the log has), and when a token
/// was used last, which is no act.
const UNWATCHED: [&str; 3] = ["seq", "changes", "last_used"];
/// The other tables, and why the log does not vouch for them.
const OTHERS: [(&str, &str); 23] = [
    ("agents_keys", "sealed"),
    ("archived_keys", "sealed"),
    ("attestations", "an act has them whole"),
    ("audit", "the log"),
    ("audit_chains", "the log"),
    ("audit_sent", "how far a receiver was sent the log"),
    ("audit_signatures", "the log"),
    ("counters", "numbers of lists, which are remembered"),
    ("crls", "signed, and remembered"),
    ("desk_results", "signed by the CA, and an act has the digest"),
    ("devices", "what clients say of cards, which nothing rests on; what a maker attests is in an act"),
    ("folded_names", "derived from the users, and compared with them"),
    ("meta", "fingerprints of keys and templates, which each server compares with its own"),
    ("offline_answers", "one challenge a request"),
    ("one_time_passwords", "hashes that end with the request"),
    ("outbox", "what people are told, by acts that the log has"),
    ("possessions", "signed by the holder's key"),
    ("presences", "answered by the card's key, to what a master key made for the request"),
    ("profile_certificates", "which certificates a profile holds; each is in an act"),
    ("responses", "signed"),
    ("sessions", "end by themselves within hours"),
    ("visit_challenges", "are signed by a card within two minutes"),
    ("told", "how far the log and the ends of certificates were told of"),
];
/// Orders at a CA elsewhere; their certificates are that CA's.
const ELSEWHERE: &str = "upstream_orders";

/// A server that has ended, with rows in every watched table.
fn ended(database: Option<Database>) -> Lab {
    let mut lab = Lab::with_template(|template| with_passwords(template, "deliver = [\"display\"]"), database);
    restart(
        &mut lab,
        "[roles]\nkiosk = [\"group:kiosks\"]\nadmin = [\"group:officers\"]\nsecond_administrator = true\n",
    );
    let alice = lab.user("alice", &[]);
    server::user_link(&lab.data(), "alice", "https://issuer.test", "0815").unwrap();
    let card = StockCard { card_id: uuid::Uuid::new_v4(), kind: "yubikey".into(), ..StockCard::default() };
    server::stock_import(&lab.data(), &[card], "a list").unwrap();
    let bob = lab.user("bob", &["officers"]);
    let proposed = lab.post(&bob, &format!("{EXTENSION}/accounts"), json!({"Name": "eve", "Groups": ["officers"]}));
    assert_eq!(proposed.status, 202);
    server::user_sign_in_link(&lab.data(), "alice", 15).unwrap();
    let request = lab.enroll_request(&alice);
    let approved = lab.post(&bob, &format!("{EXTENSION}/requests/{request}/approve"), json!({"Comment": "seen"})).ok();
    let shown = json!({"User": "alice", "OneTimePassword": approved["OneTimePassword"]});
    lab.post(&lab.user("kiosk", &["kiosks"]), &format!("{EXTENSION}/visits"), shown).ok();
    lab.assign(&alice, &request, uuid::Uuid::new_v4());
    lab.certificatedata(&alice, &request, &crate::server::support::new_csr()).ok();
    lab.complete(&alice, &request).ok();
    lab.stop();
    lab
}

fn checked(lab: &Lab, path: &Path) -> AuditReport {
    server::audit_check(path, &[lab.data().join("audit.pub.pem")], Duration::seconds(300)).unwrap()
}

fn text(connection: &Connection, query: &str) -> Vec<String> {
    let mut statement = connection.prepare(query).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.map(Result::unwrap).collect()
}

#[test]
fn a_row_that_was_altered_added_or_removed_is_named() {
    let lab = ended(None);
    let original = lab.data().join("cardwright.db");
    let copy = lab.directory.path().join("copy.db");
    let whole = checked(&lab, &original);
    assert!(whole.is_whole() && whole.compared, "{whole:?}");
    let differences = |statement: &str| {
        std::fs::copy(&original, &copy).unwrap();
        let connection = Connection::open(&copy).unwrap();
        connection.execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON").unwrap();
        let changed = connection.execute(statement, []).unwrap();
        assert_eq!(changed, 1, "{statement}");
        drop(connection);
        let report = checked(&lab, &copy);
        assert!(!report.is_whole() && report.faults == 0, "{statement}: {report:?}");
        report.differences
    };
    let schema = Connection::open(&original).unwrap();
    for (table, key) in WATCHED {
        let first = format!("rowid = (SELECT min(rowid) FROM {table})");
        let name = key.iter().map(|column| format!("hex({column})")).collect::<Vec<_>>().join(" || ");
        let row = text(&schema, &format!("SELECT lower({name}) FROM {table} WHERE {first}")).remove(0);
        for column in text(&schema, &format!("SELECT name FROM pragma_table_info('{table}')")) {
            if UNWATCHED.contains(&column.as_str()) {
                continue;
            }
            let other = format!(
                "CASE typeof({column}) WHEN 'integer' THEN {column} + 1 WHEN 'text' THEN {column} || 'x' \
                 WHEN 'blob' THEN CAST({column} || x'01' AS BLOB) ELSE CASE (SELECT type FROM pragma_table_info('{table}') \
                 WHERE name = '{column}') WHEN 'INTEGER' THEN 7 WHEN 'TEXT' THEN 'x' ELSE x'01' END END"
            );
            let other =
                if key.contains(&column.as_str()) { "x'01020304050607080910111213141516'".into() } else { other };
            let found = differences(&format!("UPDATE {table} SET {column} = {other} WHERE {first}"));
            assert!(found.iter().all(|it| it.table == table), "{table} {column}: {found:?}");
            let named = found.iter().find(|it| it.row == row).unwrap_or_else(|| panic!("{table} {column}: {found:?}"));
            let fault = if key.contains(&column.as_str()) { RowFault::Removed } else { RowFault::Altered };
            assert_eq!(named.fault, fault, "{table} {column}");
        }
        // Back to an earlier state, with the count of that time.
        let found = differences(&format!("UPDATE {table} SET changes = changes + 1 WHERE {first}"));
        assert_eq!((found[0].row.as_str(), found[0].fault), (row.as_str(), RowFault::Altered));
        let found = differences(&format!("DELETE FROM {table} WHERE {first}"));
        assert_eq!((found.len(), found[0].row.as_str(), found[0].fault), (1, row.as_str(), RowFault::Removed));
        let columns = text(&schema, &format!("SELECT name FROM pragma_table_info('{table}') WHERE name <> 'seq'"));
        let values = columns.iter().map(|column| match column.as_str() {
            // Of a card in stock it is text.
            "serial" if table != "certificates" => "serial".to_owned(),
            "uuid" | "serial" | "approver" | "card_id" | "hash" => "randomblob(16)".to_owned(),
            "name" | "subject" => "'mallory'".to_owned(),
            "public_key_sha256" => "randomblob(32)".to_owned(),
            other => other.to_owned(),
        });
        let values = values.collect::<Vec<_>>().join(", ");
        let insert = format!("INSERT INTO {table} ({}) SELECT {values} FROM {table} WHERE {first}", columns.join(", "));
        let found = differences(&insert);
        assert_eq!((found.len(), found[0].table, found[0].fault), (1, table, RowFault::Added), "{found:?}");
    }
    let mut known: Vec<&str> =
        WATCHED.iter().map(|(table, _)| *table).chain(OTHERS.iter().map(|(it, _)| *it)).collect();
    known.push(ELSEWHERE);
    known.sort_unstable();
    let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name";
    assert_eq!(text(&schema, tables), known, "every table is vouched for, or says why not");
}

#[test]
fn the_program_names_the_row_to_people_and_to_scripts() {
    let lab = ended(None);
    let connection = Connection::open(lab.data().join("cardwright.db")).unwrap();
    connection.execute("UPDATE users SET groups = '[\"officers\"]' WHERE name = 'alice'", []).unwrap();
    let row = text(&connection, "SELECT lower(hex(uuid)) FROM users WHERE name = 'alice'").remove(0);
    drop(connection);
    let (program, data) = (Program::new(), lab.data().display().to_string());
    let told = program.text(["audit", "verify", &data]);
    assert_eq!(told.code, Some(12), "{told:?}");
    assert!(told.stdout.contains(&format!("users/{row}: altered")) && told.stdout.contains("NOT whole"), "{told:?}");
    let document = program.json(["audit", "verify", &data]).document();
    assert_eq!((&document["whole"], &document["tail"]), (&json!(false), &json!(false)));
    assert_eq!(document["report"]["differences"], json!([{"table": "users", "row": row, "fault": "altered"}]));
}

#[test]
fn rows_in_postgresql_are_held_against_the_log_too() {
    let lab = ended(Some(Database::new()));
    let database = lab.database.as_ref().unwrap();
    let report = || server::audit_check(&lab.data(), &[], Duration::seconds(300)).unwrap();
    let whole = report();
    assert!(whole.is_whole() && whole.compared, "{whole:?}");
    database.sql("UPDATE certificates SET revoked_at = 1, revocation_reason = 1");
    database.sql("UPDATE users SET groups = '[\"officers\"]' WHERE name = 'alice'");
    let found = report().differences;
    let tables: Vec<_> = found.iter().map(|it| (it.table, it.fault)).collect();
    assert_eq!(tables, [("certificates", RowFault::Altered), ("users", RowFault::Altered)]);
}

#[test]
fn rows_of_an_earlier_release_are_taken_over_once() {
    let mut lab = ended(None);
    let database = lab.data().join("cardwright.db");
    let unlogged = |statements: &str| Connection::open(&database).unwrap().execute_batch(statements).unwrap();
    // The log says nothing of these rows, as after an update.
    unlogged("INSERT INTO meta VALUES ('unlogged-rows', x'01')");
    let refusal = server::Server::start(lab.config()).err().expect("refused").to_string();
    assert!(refusal.contains("no act names its rows"), "{refusal}");
    assert!(!checked(&lab, &database).compared);
    let passphrase = cardwright::secret::Passphrase::new(crate::server::support::PASSPHRASE.into());
    server::audit_accept(&lab.data(), &passphrase, "a trial").unwrap();
    lab.start();
    lab.stop();
    let report = checked(&lab, &database);
    assert!(report.is_whole() && report.compared, "{report:?}");
    unlogged("UPDATE users SET name = 'mallory' WHERE name = 'alice'");
    assert_eq!(checked(&lab, &database).differing, 1);
}

/// Rows that differ, as `audit verify` names them.
fn named(lab: &Lab) -> Vec<String> {
    let report = server::audit_check(&lab.data(), &[], Duration::seconds(300)).unwrap();
    assert_eq!(report.faults, 0, "{report:?}");
    report.differences.iter().map(|it| format!("{}/{} {}", it.table, it.row, it.fault)).collect()
}

fn accepted(lab: &Lab, rows: &[&str], reason: &str) -> Result<Vec<String>, server::AcceptError> {
    let rows: Vec<_> = rows.iter().map(|row| row.split(' ').next().unwrap().parse().unwrap()).collect();
    let passphrase = cardwright::secret::Passphrase::new(crate::server::support::PASSPHRASE.into());
    let accepted = server::audit_accept_rows(&lab.data(), &passphrase, &rows, reason)?;
    Ok(accepted.iter().map(|it| format!("{} {}", it.row, it.fault)).collect())
}

/// Mends rows by hand with `sql`, and has them accepted: that they are quiet then, and that later changes are not.
fn mended_by_hand(lab: &mut Lab, sql: &dyn Fn(&Lab, &str), acts: &dyn Fn(&Lab) -> String) {
    sql(lab, "UPDATE users SET email = 'alice@example.org' WHERE name = 'alice'");
    sql(lab, "UPDATE smartcards SET comment = 'mended', changes = changes + 9");
    sql(lab, "DELETE FROM approvals");
    sql(lab, "DELETE FROM proposals");
    let found = named(lab);
    assert_eq!(found.len(), 4, "{found:?}");
    let rows: Vec<&str> = found.iter().map(String::as_str).collect();
    assert!(matches!(accepted(lab, &rows, " "), Err(server::AcceptError::Reason)));
    assert_eq!(accepted(lab, &rows[..1], "the old address bounced").unwrap(), rows[..1]);
    assert_eq!(named(lab), rows[1..], "exactly that one is accepted");
    assert!(matches!(accepted(lab, &rows, "all"), Err(server::AcceptError::AsLogged(_))));
    assert_eq!(named(lab), rows[1..], "nothing is accepted where one of them is as it should be");
    assert_eq!(accepted(lab, &rows[1..], "a card was mended").unwrap(), rows[1..]);
    assert_eq!(named(lab), [""; 0]);
    let last: serde_json::Value = serde_json::from_str(&acts(lab)).unwrap();
    assert_eq!((&last["act"], &last["evidence"]["at"]), (&json!("rows-accepted"), &json!("data-directory")));
    assert_eq!(last["evidence"]["reason"], "a card was mended");
    assert_eq!(last["evidence"]["accepted"], rows[1..].join(", "));
    assert!(last["evidence"]["user-id"].as_str().unwrap().parse::<u32>().is_ok(), "{last}");
    // The server goes on with them, and writes them.
    lab.start();
    server::user_change(&lab.data(), "alice", server::UserChange { disabled: Some(true), ..Default::default() })
        .unwrap();
    lab.stop();
    assert_eq!(named(lab), [""; 0]);
    sql(lab, "UPDATE smartcards SET comment = 'mended again'");
    let later = named(lab);
    assert_eq!(later.len(), 1, "a later change is named: {later:?}");
    assert!(later[0].starts_with("smartcards/") && later[0].ends_with(" altered"), "{later:?}");
}

#[test]
fn rows_that_were_mended_by_hand_are_accepted_as_they_are_and_no_further() {
    let mut lab = ended(None);
    let connection = |lab: &Lab| Connection::open(lab.data().join("cardwright.db")).unwrap();
    mended_by_hand(&mut lab, &|lab, statement| connection(lab).execute_batch(statement).unwrap(), &|lab| {
        text(&connection(lab), "SELECT record FROM audit ORDER BY number DESC LIMIT 1").remove(0)
    });
}

#[test]
fn rows_that_were_mended_by_hand_in_postgresql_are_accepted_too() {
    let mut lab = ended(Some(Database::new()));
    mended_by_hand(&mut lab, &|lab, statement| drop(lab.database.as_ref().unwrap().sql(statement)), &|lab| {
        let accepted =
            "SELECT record FROM audit WHERE record LIKE '%rows-accepted%' ORDER BY record::json->>'at' DESC LIMIT 1";
        lab.database.as_ref().unwrap().sql(accepted)
    });
}

#[test]
fn the_program_accepts_rows_as_it_names_them() {
    let lab = ended(None);
    let connection = Connection::open(lab.data().join("cardwright.db")).unwrap();
    connection.execute("UPDATE users SET groups = '[\"officers\"]' WHERE name = 'alice'", []).unwrap();
    let row = text(&connection, "SELECT 'users/' || lower(hex(uuid)) FROM users WHERE name = 'alice'").remove(0);
    drop(connection);
    let (program, data) = (Program::new(), lab.data().display().to_string());
    let accept = |row: &str| {
        let mut command = program.command(["--json", "audit", "accept", &data, "--row", row, "--reason", "by hand"]);
        crate::support::program::end(command.env("CARDWRIGHT_PASSPHRASE", crate::server::support::PASSPHRASE))
    };
    assert_eq!(accept("users/zz").code, Some(2));
    assert_eq!(accept(&row).document()["rows"], json!([{"row": row, "fault": "altered"}]));
    accept(&row).refused(2, "audit-row");
    assert_eq!(program.json(["audit", "verify", &data]).document()["whole"], json!(true));
}
