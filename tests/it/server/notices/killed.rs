//! The server is killed at each stage of a notice: nothing is lost, and what may come twice says so.

use super::super::logs::{Process, started};
use super::super::mail::MailServer;
use super::super::support::Lab;
use super::{QUIET, alice, becomes, decide, header, lab, mailing, officer, set, sql};
use serde_json::{Value, json};

/// A server in a process of its own, so that it can be killed.
fn process(lab: &mut Lab) -> Process {
    let process = started(&lab.data(), &lab.directory.path().join("log"), &[]);
    lab.elsewhere(&process.base);
    process
}

#[test]
fn killed_before_it_was_found_out_what_to_tell() {
    let (mut lab, mut mails) = lab("none", "");
    lab.stop();
    officer(&lab, "bob");
    let alice = alice(&lab);
    let first = process(&mut lab);
    let request = lab.enroll_request(&alice);
    // The log is looked at each second: the act is on disk, and what is told of it mostly is not.
    drop(first);
    let _second = process(&mut lab);
    let mail = mails.next();
    assert!(mail["body"].as_str().unwrap().contains(&request), "{mail}");
    assert!(mails.within(QUIET).is_none());
}

#[test]
fn killed_while_the_mail_server_is_away() {
    let (mut lab, mails) = lab("none", "");
    lab.stop();
    officer(&lab, "bob");
    let alice = alice(&lab);
    let port = mails.port;
    drop(mails);
    let first = process(&mut lab);
    let request = lab.enroll_request(&alice);
    becomes(&lab, "SELECT count(*) FROM outbox WHERE reason <> '' AND attempts = 0", &["1"]);
    drop(first);
    let mut mails = MailServer::start_at(&lab, "none", port);
    let _second = process(&mut lab);
    let mail = mails.next();
    assert!(mail["body"].as_str().unwrap().contains(&request), "{mail}");
    assert_eq!(header(&mail, "X-Cardwright-Repeated"), "", "nothing can have arrived before");
    becomes(&lab, "SELECT state FROM outbox", &["sent"]);
}

/// Two mails of one notice, of which the first was taken and not answered.
fn told_as_a_repetition(first: &Value, second: &Value) {
    assert_eq!(header(first, "Message-ID"), header(second, "Message-ID"));
    assert_eq!(header(first, "X-Cardwright-Repeated"), "");
    assert_eq!(header(second, "X-Cardwright-Repeated"), "perhaps; the first sending may have arrived");
    assert!(second["body"].as_str().unwrap().contains("This may be a repetition"), "{second}");
}

#[test]
fn killed_when_the_mail_server_has_the_mail_and_has_not_answered() {
    let (mut lab, mut mails) = lab("held", "");
    lab.stop();
    officer(&lab, "bob");
    let alice = alice(&lab);
    let process_of_first = process(&mut lab);
    lab.enroll_request(&alice);
    let first = mails.next();
    drop(process_of_first);
    assert_eq!(sql(&lab, "SELECT state || doubtful || attempts FROM outbox"), ["waiting11"]);
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    drop(mails);
    let mut mails = MailServer::start(&lab, "none");
    mailing(&lab, mails.port, "");
    let _second = process(&mut lab);
    told_as_a_repetition(&first, &mails.next());
    becomes(&lab, "SELECT state || doubtful || attempts FROM outbox", &["sent12"]);
}

#[test]
fn a_mail_server_that_takes_and_then_drops() {
    let (lab, mut mails) = lab("drops", "");
    officer(&lab, "bob");
    lab.enroll_request(&alice(&lab));
    let first = mails.next();
    becomes(&lab, "SELECT state || doubtful || attempts FROM outbox WHERE reason <> ''", &["waiting11"]);
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    told_as_a_repetition(&first, &mails.next());
}

#[test]
fn a_one_time_password_that_may_have_arrived_is_made_anew_and_no_mailbox_takes_it_for_the_first() {
    let mut lab = Lab::plain(|text| text);
    let mut mails = MailServer::start(&lab, "held");
    let settings = super::super::mail::smtp(&lab, mails.port, "none");
    super::super::mail::mailing(&mut lab, "deliver = [\"smtp:target\"]", &settings);
    let (bob, alice) = (officer(&lab, "bob"), alice(&lab));
    let killed = process(&mut lab);
    let request = lab.enroll_request(&alice);
    decide(&lab, &bob, &request, "approve", "");
    let first = mails.next();
    drop((killed, mails));
    assert_eq!(sql(&lab, "SELECT count(*) FROM outbox WHERE facts <> '{}'"), ["0"], "no password is kept");
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    let mut mails = MailServer::start(&lab, "none");
    let settings = super::super::mail::smtp(&lab, mails.port, "none");
    super::super::mail::mailing(&mut lab, "deliver = [\"smtp:target\"]", &settings);
    let _second = process(&mut lab);
    let second = mails.next();
    assert_ne!(header(&first, "Message-ID"), header(&second, "Message-ID"));
    assert_ne!(header(&second, "X-Cardwright-Repeated"), "");
    assert_ne!(first["body"], second["body"]);
}

#[test]
fn what_nobody_takes_is_given_up_with_a_reason_and_forgotten_later() {
    let (mut lab, mails) = lab("none", "");
    drop(mails);
    officer(&lab, "bob");
    lab.enroll_request(&alice(&lab));
    becomes(&lab, "SELECT count(*) FROM outbox WHERE reason <> ''", &["1"]);
    lab.stop();
    sql(&lab, "UPDATE outbox SET ends = 0 RETURNING 1");
    lab.start();
    becomes(&lab, "SELECT state FROM outbox WHERE reason LIKE 'not sent in 0 attempts until its end; %'", &["failed"]);
    lab.stop();
    set(&lab, "[notices]\nkeep_days = 1\n");
    sql(&lab, "UPDATE outbox SET settled = 0 RETURNING 1");
    lab.start();
    becomes(&lab, "SELECT count(*) FROM outbox", &["0"]);
}

#[test]
fn a_mail_server_that_takes_connections_and_says_nothing_holds_up_neither_mail_nor_the_end() {
    let (mut lab, mails) = lab("none", "");
    let port = mails.port;
    drop(mails);
    let silent = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    officer(&lab, "bob");
    lab.enroll_request(&alice(&lab));
    let reason = "the mail server was not through with it in 30 seconds";
    becomes(&lab, "SELECT reason FROM outbox", &[reason]);
    drop(silent);
    let mut mails = MailServer::start_at(&lab, "none", port);
    assert_eq!(header(&mails.next(), "X-Cardwright-Repeated"), "", "nothing can have arrived before");
    lab.stop();
}

#[test]
fn what_was_approved_before_its_making_was_told_is_told_as_ready_once() {
    let (mut lab, mut mails) = lab("none", "");
    let (agent, bob, alice) = (officer(&lab, "agent"), officer(&lab, "bob"), alice(&lab));
    let marks = "SELECT coalesce(sum(mark), 0) FROM told WHERE name LIKE 'acts:%'";
    let before = sql(&lab, marks).remove(0);
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": "[]", "type": "Enroll", "comment": "",
        "target": alice.uuid});
    let request = lab.request(&agent, body);
    decide(&lab, &bob, &request, "approve", "");
    while header(&mails.next(), "X-Cardwright-Notice") != "request-ready" {}
    while mails.within(QUIET).is_some() {}
    lab.stop();
    // As if the server had been killed before it told anything.
    sql(&lab, "DELETE FROM outbox RETURNING 1");
    sql(&lab, &format!("UPDATE told SET mark = {before} WHERE name LIKE 'acts:%' RETURNING 1"));
    lab.start();
    let mut kinds = Vec::new();
    while let Some(mail) = mails.within(QUIET) {
        kinds.push((header(&mail, "X-Cardwright-Notice").to_owned(), mail["to"].clone()));
    }
    let ready: Vec<_> = kinds.iter().filter(|(kind, _)| kind == "request-ready").map(|(_, to)| to).collect();
    assert_eq!(ready, [&json!(["alice@example.test"])], "{kinds:?}");
}
