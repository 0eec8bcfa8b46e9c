//! What people and programs are told, to a mail server and a receiver of other people's making, through kills.

mod ended;
mod ends;
mod hooks;
mod killed;
mod listed;
mod several;

use super::mail::{MailServer, smtp};
use super::support::{API, EXTENSION, Lab, Person};
use cardwright::server::{self, NewUser};
use serde_json::{Value, json};
use std::time::Duration;
use time::OffsetDateTime;

/// How long nothing may come where nothing is to come; the log is looked at each second.
const QUIET: Duration = Duration::from_secs(4);

/// Appends tables to the settings, in place of those that were appended before.
pub fn set(lab: &Lab, tables: &str) {
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let settings = settings.split("\n# appended").next().unwrap();
    std::fs::write(&path, format!("{settings}\n# appended\n{tables}\n")).unwrap();
}

/// A server that mails, where a request waits for one of the group "officers".
pub fn lab(mode: &str, more: &str) -> (Lab, MailServer) {
    let mut lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    let mails = MailServer::start(&lab, mode);
    lab.stop();
    mailing(&lab, mails.port, more);
    lab.start();
    (lab, mails)
}

pub fn mailing(lab: &Lab, port: u16, more: &str) {
    set(lab, &format!("[smtp]\n{}\n{more}", smtp(lab, port, "none")));
}

/// Somebody with an address, groups, and perhaps a language.
pub fn person(lab: &Lab, name: &str, email: &str, groups: &[&str], language: Option<&str>) -> Person {
    let new = NewUser {
        name: name.into(),
        email: Some(email.into()),
        groups: groups.iter().map(|group| (*group).to_owned()).collect(),
        attributes: language.map(|language| ("language".to_owned(), language.to_owned())).into_iter().collect(),
        ..NewUser::default()
    };
    let added = server::user_add(&lab.data(), new, OffsetDateTime::now_utc() + time::Duration::days(1)).unwrap();
    Person { uuid: added.uuid, token: added.token.expose().to_owned() }
}

pub fn officer(lab: &Lab, name: &str) -> Person {
    person(lab, name, &format!("{name}@example.test"), &["officers"], None)
}

pub fn alice(lab: &Lab) -> Person {
    person(lab, "alice", "alice@example.test", &[], None)
}

pub fn decide(lab: &Lab, who: &Person, request: &str, what: &str, comment: &str) {
    lab.post(who, &format!("{EXTENSION}/requests/{request}/{what}"), json!({"Comment": comment})).ok();
}

pub fn sql(lab: &Lab, statement: &str) -> Vec<String> {
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    database.busy_timeout(Duration::from_secs(10)).unwrap();
    let mut prepared = database.prepare(statement).unwrap();
    let rows = prepared.query_map([], |row| row.get::<_, rusqlite::types::Value>(0)).unwrap();
    rows.map(|value| match value.unwrap() {
        rusqlite::types::Value::Text(text) => text,
        rusqlite::types::Value::Integer(number) => number.to_string(),
        other => panic!("{other:?}"),
    })
    .collect()
}

#[track_caller]
pub fn becomes(lab: &Lab, statement: &str, expected: &[&str]) {
    for _ in 0..1800 {
        if sql(lab, statement) == expected {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    panic!("{statement}: {:?}, not {expected:?}", sql(lab, statement));
}

fn header<'m>(mail: &'m Value, name: &str) -> &'m str {
    mail["headers"][name].as_str().unwrap_or("")
}

#[test]
fn approver_requester_and_holder_are_told_in_their_language_and_no_name_adds_a_header() {
    let (mut lab, mut mails) = lab("none", "");
    let bob = person(&lab, "Bob", "bob@example.test", &["officers"], Some("de-AT"));
    let alice = alice(&lab);
    let request = lab.enroll_request(&alice);
    let mail = mails.next();
    assert_eq!(mail["to"], json!(["bob@example.test"]));
    assert_eq!(header(&mail, "Subject"), "Ein Antrag wartet auf Ihre Entscheidung: Enroll für alice");
    assert!(mail["body"].as_str().unwrap().contains(&format!("cardwright request approve {request}")), "{mail}");
    assert_eq!(
        (header(&mail, "X-Cardwright-Notice"), header(&mail, "Auto-Submitted")),
        ("request-waits", "auto-generated")
    );
    assert!(
        header(&mail, "Message-ID").ends_with("@example.test>") && header(&mail, "X-Cardwright-Repeated").is_empty()
    );
    decide(&lab, &bob, &request, "deny", "not now\r\nBcc: eve@example.test");
    let mail = mails.next();
    assert_eq!(mail["to"], json!(["alice@example.test"]));
    assert_eq!(header(&mail, "X-Cardwright-Notice"), "request-denied");
    let body = mail["body"].as_str().unwrap();
    assert!(body.contains("denied by Bob") && body.contains("Why: not now\\r\\nBcc: eve@example.test"), "{body}");
    // Whoever has asked for himself is told once of an approval.
    let request = lab.enroll_request(&alice);
    assert_eq!(header(&mails.next(), "X-Cardwright-Notice"), "request-waits");
    decide(&lab, &bob, &request, "approve", "");
    let mail = mails.next();
    assert_eq!((header(&mail, "X-Cardwright-Notice"), &mail["to"]), ("request-ready", &json!(["alice@example.test"])));
    assert!(mails.within(QUIET).is_none());
    becomes(&lab, "SELECT DISTINCT state FROM outbox", &["sent"]);
    lab.stop();
    // What was told is not told again by the next start.
    lab.start();
    assert!(mails.within(QUIET).is_none());
}

#[test]
fn a_request_that_was_withdrawn_before_its_mail_went_is_not_told_of() {
    let (mut lab, mails) = lab("none", "");
    let port = mails.port;
    drop(mails);
    officer(&lab, "bob");
    let alice = alice(&lab);
    let request = lab.enroll_request(&alice);
    becomes(&lab, "SELECT count(*) FROM outbox WHERE reason <> ''", &["1"]);
    lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
    let mut mails = MailServer::start_at(&lab, "none", port);
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    becomes(&lab, "SELECT state || ': ' || reason FROM outbox", &["discarded: the request has gone on"]);
    assert!(mails.within(QUIET).is_none());
    lab.stop();
}

#[test]
fn whoever_makes_and_withdraws_requests_fills_no_mailbox() {
    let (lab, mut mails) = lab("none", "[notices]\nper_hour = 3\n");
    officer(&lab, "bob");
    let alice = alice(&lab);
    let told = "SELECT (SELECT count(*) FROM outbox WHERE kind = 'request-waits' AND state = 'sent') + \
                coalesce((SELECT CAST(json_extract(facts, '$.count') AS INTEGER) FROM outbox WHERE kind = 'digest'), 0)";
    for number in 1..=12 {
        let request = lab.enroll_request(&alice);
        becomes(&lab, told, &[&number.to_string()]);
        lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
    }
    for _ in 0..3 {
        assert_eq!(header(&mails.next(), "X-Cardwright-Notice"), "request-waits");
    }
    assert!(mails.within(QUIET).is_none());
    // An hour later.
    sql(&lab, "UPDATE outbox SET due = 0 WHERE kind = 'digest' RETURNING 1");
    let digest = mails.next();
    assert_eq!(header(&digest, "Subject"), "9 more notices");
    assert_eq!(digest["body"].as_str().unwrap().matches("request-waits: Enroll, alice").count(), 9, "{digest}");
    assert_eq!(sql(&lab, "SELECT count(*) FROM outbox"), ["4"]);
}

#[test]
fn nobody_is_told_anything_where_no_mail_is_configured() {
    let lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    officer(&lab, "bob");
    lab.enroll_request(&alice(&lab));
    std::thread::sleep(QUIET);
    assert_eq!(sql(&lab, "SELECT count(*) FROM outbox"), ["0"]);
    assert_eq!(sql(&lab, "SELECT count(*) FROM told WHERE name <> 'requests-ended'"), ["0"]);
}

#[test]
fn what_was_done_before_notices_began_is_not_told() {
    let mut lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    officer(&lab, "bob");
    let alice = alice(&lab);
    lab.enroll_request(&alice);
    let mut mails = MailServer::start(&lab, "none");
    lab.stop();
    mailing(&lab, mails.port, "");
    lab.start();
    assert!(mails.within(QUIET).is_none());
    let request = lab.enroll_request(&alice);
    assert!(mails.next()["body"].as_str().unwrap().contains(&request));
}

#[test]
fn a_card_that_was_lost_suspended_or_given_back_is_told_to_its_holder() {
    let mut lab = Lab::plain(|text| {
        text.replacen("[workflows.retire]", "[workflows.reinstate]\nself_service = true\n\n[workflows.retire]", 1)
    });
    let mut mails = MailServer::start(&lab, "none");
    lab.stop();
    mailing(&lab, mails.port, "[notices.mail]\nrequest_waits = []\nrequest_decided = []\nrequest_ready = []\n");
    lab.start();
    let alice = alice(&lab);
    let card = lab.enrolled(&alice);
    for (effect, kind) in [("suspend", "card-suspended"), ("reinstate", "card-restored")] {
        let body = json!({"type": "Reinstate", "smartcard": card.smartcard, "comment": "", "datacollection": "[]",
                          "cardwright": {"effect": effect}});
        let request = lab.request(&alice, body);
        lab.complete(&alice, &request).ok();
        let mail = mails.next();
        assert_eq!((header(&mail, "X-Cardwright-Notice"), &mail["to"]), (kind, &json!(["alice@example.test"])));
        assert!(mail["body"].as_str().unwrap().contains(&card.smartcard), "{mail}");
    }
}
