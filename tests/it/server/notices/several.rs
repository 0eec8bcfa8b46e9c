//! Two servers on one PostgreSQL: each act is told once, and what one was killed over is told by the other.

use super::super::logs::started;
use super::super::mail::MailServer;
use super::super::support::Lab;
use super::{QUIET, alice, header, mailing, officer};
use crate::support::postgres::Database;
use std::collections::BTreeSet;
use std::time::Duration;

/// Two servers of one database, and their mail server.
fn two(mode: &str) -> (Lab, Lab, MailServer) {
    let edit = |text: String| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1);
    let mut first = Lab::with_template(edit, Some(Database::new()));
    first.stop();
    let mails = MailServer::start(&first, mode);
    mailing(&first, mails.port, "");
    let second = first.beside();
    (first, second, mails)
}

#[test]
fn each_act_is_told_once() {
    let (mut first, mut second, mut mails) = two("none");
    first.start();
    second.start();
    officer(&first, "bob");
    let alice = alice(&first);
    let mut requests = BTreeSet::new();
    for _ in 0..5 {
        requests.insert(first.enroll_request(&alice));
        requests.insert(second.enroll_request(&alice));
    }
    let mut ids = BTreeSet::new();
    for _ in 0..requests.len() {
        let mail = mails.next();
        ids.insert(header(&mail, "Message-ID").to_owned());
        let body = mail["body"].as_str().unwrap();
        assert!(
            requests.iter().any(|request| body.contains(request)) && header(&mail, "X-Cardwright-Repeated").is_empty()
        );
    }
    assert_eq!(ids.len(), requests.len());
    assert!(mails.within(QUIET).is_none());
    second.stop();
    first.stop();
}

#[test]
fn what_one_server_was_killed_over_the_other_sends_and_says_so() {
    let (mut first, mut second, mut mails) = two("held");
    officer(&first, "bob");
    let alice = alice(&first);
    let process = started(&first.data(), &first.directory.path().join("log"), &[]);
    first.elsewhere(&process.base);
    first.enroll_request(&alice);
    let told = mails.next();
    drop(process);
    first.database.as_ref().unwrap().sql("UPDATE outbox SET due = 0");
    second.start();
    let again = mails.next();
    assert_eq!(header(&told, "Message-ID"), header(&again, "Message-ID"));
    assert_eq!(
        (header(&told, "X-Cardwright-Repeated").is_empty(), header(&again, "X-Cardwright-Repeated").is_empty()),
        (true, false)
    );
    mails.release();
    mails.release();
    second.stop();
}

#[test]
fn a_mail_that_its_server_is_slow_with_is_not_sent_by_the_other_meanwhile() {
    let (mut first, mut second, mut mails) = two("held");
    first.start();
    second.start();
    officer(&first, "bob");
    first.enroll_request(&alice(&first));
    mails.next();
    assert!(mails.within(Duration::from_secs(25)).is_none(), "it is under way");
    mails.release();
    second.stop();
    first.stop();
    let state = first.database.as_ref().unwrap().sql("SELECT state || attempts FROM outbox");
    assert_eq!(state.trim(), "sent1");
}
