//! Programs are told over HTTPS: signed, repeated with the same id, sent nowhere else; and of what fails.

use super::super::support::Lab;
use super::{QUIET, alice, becomes, mailing, officer, set, sql};
use serde_json::Value;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver as Lines;
use std::time::Duration;

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYqrTwjUPD8I";

struct Receiver {
    child: Child,
    lines: Lines<String>,
    port: u16,
}

impl Receiver {
    fn start(lab: &Lab, mode: &str, port: u16) -> Self {
        let [certificate, key] = ["hook.cer", "hook.key"].map(|name| lab.data().join(name));
        if !certificate.exists() {
            let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
            std::fs::write(&certificate, made.cert.pem()).unwrap();
            std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
            std::fs::write(lab.data().join("hook.secret"), format!("{SECRET}\n")).unwrap();
        }
        let mut child = Command::new("/usr/bin/python3")
            .args(["-", mode])
            .args([certificate, key])
            .args([port.to_string(), SECRET.to_owned()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(include_bytes!("hooks.py")).unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines: receiver, port: port.trim().parse().unwrap() }
    }

    #[track_caller]
    fn next(&self) -> Value {
        serde_json::from_str(&self.within(Duration::from_secs(90)).expect("a call comes")).unwrap()
    }

    fn within(&self, patience: Duration) -> Option<String> {
        self.lines.recv_timeout(patience).ok()
    }

    fn table(&self, more: &str) -> String {
        format!(
            "[notices.webhook.desk]\nurl = \"https://127.0.0.1:{}/told\"\nsecret_file = \"hook.secret\"\nca_file = \
             \"hook.cer\"\n{more}",
            self.port
        )
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that tells a program, and one that answers like this.
fn telling(mode: &str) -> (Lab, Receiver) {
    let mut lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    lab.stop();
    let receiver = Receiver::start(&lab, mode, 0);
    set(&lab, &receiver.table("kinds = [\"request-waits\"]"));
    lab.start();
    (lab, receiver)
}

#[test]
fn a_program_is_told_and_can_check_by_whom() {
    let (lab, receiver) = telling("204");
    let request = lab.enroll_request(&alice(&lab));
    let call = receiver.next();
    assert_eq!((call["signed"].as_bool(), call["path"].as_str()), (Some(true), Some("/told")));
    assert_eq!((&call["body"]["type"], &call["body"]["request"]), (&"request-waits".into(), &request.into()));
    assert_eq!(
        (&call["body"]["data"]["holder"], &call["headers"]["webhook-repeated"]),
        (&"alice".into(), &Value::Null)
    );
    becomes(&lab, "SELECT state || way FROM outbox", &["sentwebhook:desk"]);
}

#[test]
fn what_was_refused_is_repeated_as_the_same_and_what_may_have_arrived_says_so() {
    let (mut lab, receiver) = telling("500");
    lab.enroll_request(&alice(&lab));
    let first = receiver.next();
    becomes(&lab, "SELECT reason || doubtful FROM outbox", &["the receiver answered status 5000"]);
    let port = receiver.port;
    drop(receiver);
    lab.stop();
    let receiver = Receiver::start(&lab, "drops", port);
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    lab.start();
    let second = receiver.next();
    assert_eq!(first["headers"]["webhook-id"], second["headers"]["webhook-id"]);
    assert_eq!((&second["headers"]["webhook-repeated"], &second["signed"]), (&Value::Null, &true.into()));
    becomes(&lab, "SELECT attempts || state || doubtful FROM outbox", &["2waiting1"]);
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    let third = receiver.next();
    assert_eq!(
        (&third["headers"]["webhook-id"], &third["headers"]["webhook-repeated"]),
        (&first["headers"]["webhook-id"], &"perhaps".into())
    );
}

#[test]
fn nobody_is_told_where_a_receiver_sends_elsewhere_or_shows_another_certificate() {
    let (mut lab, receiver) = telling("away");
    lab.enroll_request(&alice(&lab));
    receiver.next();
    becomes(&lab, "SELECT reason FROM outbox", &["the receiver answered status 302; redirects are not followed"]);
    assert_eq!(receiver.within(QUIET), None);
    lab.stop();
    let other = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
    std::fs::write(lab.data().join("hook.cer"), other.cert.pem()).unwrap();
    sql(&lab, "UPDATE outbox SET due = 0, reason = '' RETURNING 1");
    lab.start();
    becomes(
        &lab,
        "SELECT doubtful FROM outbox WHERE reason LIKE 'the receiver could not be told: %ertificate%'",
        &["0"],
    );
    assert_eq!(receiver.within(QUIET), None);
}

#[test]
fn a_mail_server_that_fails_is_told_by_another_way_once_and_when_it_is_over() {
    let mut lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    lab.stop();
    let mails = super::MailServer::start(&lab, "none");
    let port = mails.port;
    drop(mails);
    let receiver = Receiver::start(&lab, "200", 0);
    let more = receiver.table("kinds = [\"failing\", \"recovered\"]");
    mailing(&lab, port, &format!("[notices]\nfailing_minutes = 0\n{more}"));
    lab.start();
    officer(&lab, "bob");
    lab.enroll_request(&alice(&lab));
    let told = receiver.next();
    assert_eq!((&told["body"]["type"], &told["body"]["data"]["what"]), (&"failing".into(), &"mail".into()), "{told}");
    lab.stop();
    lab.start();
    assert_eq!(receiver.within(Duration::from_secs(8)), None, "once, whoever starts the server anew");
    let _mails = super::MailServer::start_at(&lab, "none", port);
    sql(&lab, "UPDATE outbox SET due = 0 RETURNING 1");
    let told = receiver.next();
    assert_eq!((&told["body"]["type"], &told["body"]["data"]["what"]), (&"recovered".into(), &"mail".into()), "{told}");
}

#[test]
fn acts_that_cannot_be_told_keep_no_failure_from_being_told_and_are_told_later() {
    let mut lab = Lab::plain(|text| text.replacen("approvals_needed = 0", "approvals_needed = 1", 1));
    lab.stop();
    let receiver = Receiver::start(&lab, "200", 0);
    let kinds = "kinds = [\"failing\", \"request-waits\"]";
    set(&lab, &format!("[notices]\nfailing_minutes = 0\n{}", receiver.table(kinds)));
    lab.start();
    let alice = alice(&lab);
    sql(&lab, "ALTER TABLE approvals RENAME TO approvals_elsewhere");
    let request = lab.enroll_request(&alice);
    let told = receiver.next();
    assert_eq!(told["body"]["type"], "failing", "{told}");
    sql(&lab, "ALTER TABLE approvals_elsewhere RENAME TO approvals");
    let mut told = told;
    while told["body"]["type"] == "failing" {
        told = receiver.next();
    }
    assert_eq!((&told["body"]["type"], &told["body"]["request"]), (&"request-waits".into(), &request.into()));
}

#[test]
fn a_webhook_that_cannot_be_used_stops_the_start() {
    let mut lab = Lab::plain(|text| text);
    lab.stop();
    let receiver = Receiver::start(&lab, "200", 0);
    let start = |lab: &Lab| match cardwright::server::Server::start(lab.config()) {
        Ok(_) => panic!("started"),
        Err(error) => {
            format!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default())
        }
    };
    set(&lab, &receiver.table("").replace("https", "http"));
    assert!(start(&lab).contains("does not begin with https://"), "{}", start(&lab));
    set(&lab, &receiver.table("kinds = [\"everything\"]"));
    assert!(start(&lab).contains("server.toml"), "{}", start(&lab));
    set(&lab, &receiver.table(""));
    std::fs::write(lab.data().join("hook.secret"), "whsec_c2hvcnQ=").unwrap();
    assert!(start(&lab).contains("24 to 64 random bytes"), "{}", start(&lab));
}
