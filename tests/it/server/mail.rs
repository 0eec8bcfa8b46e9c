//! One-time passwords by mail, to a mail server of other people's making (aiosmtpd).

use super::passwords::with_passwords;
use super::support::{EXTENSION, Lab, PASSPHRASE, Person, TEMPLATE};
use cardwright::secret::Passphrase;
use cardwright::server::{self, Config, NewUser, Server};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;
use time::{Duration, OffsetDateTime};

pub struct MailServer {
    child: Child,
    lines: Receiver<String>,
    pub port: u16,
}

impl MailServer {
    pub fn start(lab: &Lab, mode: &str) -> Self {
        Self::start_at(lab, mode, 0)
    }

    /// At this port; 0: any free one.
    pub fn start_at(lab: &Lab, mode: &str, port: u16) -> Self {
        Self::start_in(lab.directory.path(), mode, port)
    }

    /// Likewise, with its files in this directory.
    pub fn start_in(directory: &Path, mode: &str, port: u16) -> Self {
        let [certificate, key] = ["mail.cer", "mail.key"].map(|name| directory.join(name));
        let made = rcgen::generate_simple_self_signed(vec!["127.0.0.1".to_owned()]).unwrap();
        std::fs::write(&certificate, made.cert.pem()).unwrap();
        std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
        let script = directory.join("mail.py");
        std::fs::write(&script, include_str!("mail.py")).unwrap();
        let mut command = Command::new("/usr/bin/python3");
        command
            .arg(script)
            .arg(mode)
            .args([certificate, key])
            .arg(port.to_string())
            .stdout(Stdio::piped())
            .stdin(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        let mut port = String::new();
        lines.read_line(&mut port).unwrap();
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || lines.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines: receiver, port: port.trim().parse().expect("python3-aiosmtpd is installed") }
    }

    /// The next mail, if one comes within this time.
    pub fn within(&mut self, patience: std::time::Duration) -> Option<Value> {
        self.lines.recv_timeout(patience).ok().map(|line| serde_json::from_str(&line).unwrap())
    }

    /// The next mail.
    #[track_caller]
    pub fn next(&mut self) -> Value {
        self.within(std::time::Duration::from_secs(90)).expect("a mail comes")
    }

    /// Takes a mail that was held.
    pub fn release(&mut self) {
        writeln!(self.child.stdin.as_mut().unwrap()).unwrap();
    }
}

impl Drop for MailServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Only one-time passwords and activation codes are mailed.
const NO_NOTICES: &str = "[notices.mail]\nrequest_waits = []\nrequest_decided = []\nrequest_ready = []\n\
                          certificate_ends = []\ncard_lost = []\ncard_suspended = []\ncard_restored = []\n\
                          card_unblocked = []\nfailing = []\n";

/// Goes over to a template that mails, and to a mail server.
pub fn mailing(lab: &mut Lab, deliver: &str, smtp: &str) {
    if lab.server.is_some() {
        lab.stop();
    }
    let template = with_passwords(TEMPLATE.replace("@UUID@", &lab.template.to_string()), deliver);
    let files = std::fs::read_dir(lab.data().join("templates")).unwrap();
    files.for_each(|file| std::fs::write(file.unwrap().path(), &template).unwrap());
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap();
    let settings = settings.split("\n[smtp]").next().unwrap().to_owned();
    std::fs::write(&path, format!("{settings}\n[smtp]\n{smtp}\n{NO_NOTICES}")).unwrap();
}

pub fn smtp(lab: &Lab, port: u16, tls: &str) -> String {
    let secret = lab.directory.path().join("mail.secret");
    std::fs::write(&secret, "mail secret\n").unwrap();
    let ca = lab.directory.path().join("mail.cer");
    let user = if tls == "starttls" {
        format!("user = \"cards\"\npassword_from = \"file:{}\"\n", secret.display())
    } else {
        String::new()
    };
    let ca = if tls == "none" { String::new() } else { format!("ca_file = \"{}\"\n", ca.display()) };
    format!("host = \"127.0.0.1\"\nport = {port}\ntls = \"{tls}\"\nfrom = \"Cards <cards@example.test>\"\n{user}{ca}")
}

pub fn with_address(lab: &Lab, name: &str) -> Person {
    let email = Some(format!("{name}@example.test"));
    let new = NewUser { name: name.into(), email, ..NewUser::default() };
    let added = server::user_add(&lab.data(), new, OffsetDateTime::now_utc() + Duration::days(1)).unwrap();
    Person { uuid: added.uuid, token: added.token.expose().to_owned() }
}

fn password(mail: &Value) -> String {
    let text = mail["text"].as_str().unwrap();
    text.lines().find_map(|line| line.strip_prefix("One-time password: ")).expect(text).trim().to_owned()
}

fn approve(lab: &Lab, officer: &Person, request: &str) -> Value {
    lab.post(officer, &format!("{EXTENSION}/requests/{request}/approve"), json!({})).ok()
}

fn prove(lab: &Lab, who: &Person, request: &str, password: &str) -> super::support::Answer {
    let path = format!("{EXTENSION}/requests/{request}/onetimepassword");
    lab.post(who, &path, json!({"OneTimePassword": password}))
}

#[test]
fn the_subscriber_gets_it_over_tls_and_proves_it() {
    for tls in ["starttls", "implicit"] {
        let mut lab = Lab::plain(|text| text);
        let mut mails = MailServer::start(&lab, tls);
        let settings = smtp(&lab, mails.port, tls);
        mailing(&mut lab, "deliver = [\"smtp:target\"]", &settings);
        lab.start();
        let (alice, bob) = (with_address(&lab, "alice"), lab.user("bob", &["officers"]));
        let request = lab.enroll_request(&alice);
        assert!(approve(&lab, &bob, &request)["OneTimePassword"].is_null(), "the approver does not see it");
        let mail = mails.next();
        assert_eq!((&mail["to"], &mail["tls"]), (&json!(["alice@example.test"]), &json!(true)));
        assert_eq!(mail["user"], if tls == "starttls" { json!("cards") } else { Value::Null });
        let first = password(&mail);
        // Sent anew by an approver, the first holds no longer.
        let again = format!("{EXTENSION}/requests/{request}/onetimepassword/distribution");
        assert_eq!(lab.post(&bob, &again, json!({})).ok(), json!({}));
        let second = password(&mails.next());
        assert_eq!(prove(&lab, &alice, &request, &first).refusal(), (403, "one-time-password-wrong".into()));
        assert_eq!(prove(&lab, &alice, &request, &second).ok()["Status"], 3);
        lab.stop();
    }
}

/// A server that mails, and the port of its mail server, which is away.
fn cut_off() -> (Lab, u16) {
    let mut lab = Lab::plain(|text| text);
    let closed = crate::support::port::unused_port();
    let settings = smtp(&lab, closed, "none");
    mailing(&mut lab, "deliver = [\"smtp:target\"]", &settings);
    lab.start();
    (lab, closed)
}

#[test]
fn a_mail_server_that_is_away_loses_nothing() {
    let (mut lab, _) = cut_off();
    let (alice, bob) = (with_address(&lab, "alice"), lab.user("bob", &["officers"]));
    let nobody = lab.user("nobody", &[]);
    let unreachable = lab.enroll_request(&nobody);
    let refused = lab.post(&bob, &format!("{EXTENSION}/requests/{unreachable}/approve"), json!({}));
    assert_eq!(refused.refusal(), (409, "user-attribute-missing".into()));
    let request = lab.enroll_request(&alice);
    approve(&lab, &bob, &request);

    let mut mails = MailServer::start(&lab, "none");
    let settings = smtp(&lab, mails.port, "none");
    mailing(&mut lab, "deliver = [\"smtp:target\"]", &settings);
    // The pause between attempts is not waited for.
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let kept: i64 =
        database.query_row("SELECT count(*) FROM outbox WHERE state = 'waiting'", [], |row| row.get(0)).unwrap();
    assert_eq!(kept, 1);
    database.execute("UPDATE outbox SET due = 0", []).unwrap();
    drop(database);
    lab.start();
    let mail = mails.next();
    assert_eq!(mail["tls"], false);
    prove(&lab, &alice, &request, &password(&mail)).ok();
    lab.stop();
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let acts: Vec<String> = database
        .prepare("SELECT record FROM audit ORDER BY seq")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(|record| record.unwrap())
        .collect();
    for act in ["one-time-password-made", "one-time-password-sent", "one-time-password-proven"] {
        assert!(acts.iter().any(|record| record.contains(act)), "{act} is not in the log");
    }
}

#[test]
fn a_mail_server_that_is_away_is_told_until_it_is_back() {
    let (mut lab, closed) = cut_off();
    let (alice, bob) = (with_address(&lab, "alice"), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    approve(&lab, &bob, &request);
    super::operations::fails_until(&lab, "mail", || {
        let mut mails = MailServer::start_at(&lab, "none", closed);
        let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
        database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
        // The pause between attempts is not waited for.
        database.execute("UPDATE outbox SET due = 0", []).unwrap();
        mails.next();
        mails
    });
    lab.stop();
}

#[test]
fn a_mail_under_way_when_the_server_stops_is_finished_and_its_act_signed() {
    let mut lab = Lab::plain(|text| text);
    let mut mails = MailServer::start(&lab, "held");
    let settings = smtp(&lab, mails.port, "none");
    mailing(&mut lab, "deliver = [\"smtp:target\"]", &settings);
    lab.start();
    let (alice, bob) = (with_address(&lab, "alice"), lab.user("bob", &["officers"]));
    let request = lab.enroll_request(&alice);
    approve(&lab, &bob, &request);
    mails.next();
    let server = lab.server.take().unwrap();
    let addr = server.addr;
    let stopping = std::thread::spawn(move || server.stop());
    // Once nothing listens any more, the server waits for its tasks only.
    while TcpStream::connect(addr).is_ok() {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    mails.release();
    stopping.join().unwrap().unwrap();
    let report = server::audit_check(&lab.data(), &[], Duration::seconds(300)).unwrap();
    assert!(report.is_whole() && report.unsigned == 0, "{report:?}");
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let count = |query: &str| database.query_row(query, [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(count("SELECT count(*) FROM outbox WHERE state = 'waiting'"), 0);
    assert_eq!(count("SELECT count(*) FROM audit WHERE record LIKE '%one-time-password-sent%'"), 1);
}

#[test]
fn a_server_that_could_not_mail_does_not_start() {
    let mut lab = Lab::plain(|text| text);
    let start = |lab: &Lab| {
        let config = Config { passphrase: Passphrase::new(PASSPHRASE.into()), ..lab.config() };
        let error = Server::start(config).err().expect("refused");
        format!("{error}: {}", std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default())
    };
    let cases = [
        ("host = \"mail.example.test\"\nport = 25\ntls = \"none\"\nfrom = \"a@example.test\"", "without TLS"),
        ("host = \"127.0.0.1\"\nport = 25\ntls = \"none\"\nfrom = \"a@example.test\"\nuser = \"a\"", "not sent"),
        ("host = \"127.0.0.1\"\nport = 25\ntls = \"none\"\nfrom = \"nobody\"", "no e-mail address"),
        (
            "host = \"127.0.0.1\"\nport = 25\ntls = \"starttls\"\nfrom = \"a@example.test\"\nuser = \"a\"",
            "password_from",
        ),
    ];
    for (smtp, told) in cases {
        mailing(&mut lab, "deliver = [\"smtp:target\"]", smtp);
        lab.server = None;
        let error = start(&lab);
        assert!(error.contains(told), "{error}");
    }
    let path = lab.data().join("server.toml");
    let settings = std::fs::read_to_string(&path).unwrap().split("\n[smtp]").next().unwrap().to_owned();
    std::fs::write(&path, settings).unwrap();
    assert!(start(&lab).contains("no [smtp] table"));
}

#[test]
fn an_activation_code_is_mailed_to_its_owner_and_told_to_nobody_else() {
    let mut lab = Lab::plain(|text| text);
    let mut mails = MailServer::start(&lab, "none");
    let settings = smtp(&lab, mails.port, "none");
    mailing(&mut lab, "deliver = [\"smtp:target\"]", &format!("{settings}\n[roles]\nadmin = [\"user:root\"]\n"));
    lab.start();
    let (root, alice) = (lab.user("root", &[]), with_address(&lab, "alice"));
    let tokens = format!("{EXTENSION}/accounts/{}/tokens", alice.uuid);
    let given = lab.post(&root, &tokens, json!({"Label": "", "Days": 3})).ok();
    assert_eq!((&given["Code"], &given["Bearer"]), (&Value::Null, &Value::Null), "the administrator does not see it");
    let mail = mails.next();
    assert_eq!(mail["to"], json!(["alice@example.test"]));
    let text = mail["text"].as_str().unwrap();
    let code = text.lines().find_map(|line| line.strip_prefix("Activation code: ")).expect(text).trim().to_owned();
    let made = lab.call(None, "POST", &format!("{EXTENSION}/token/activate"), Some(&json!({"Code": code}))).ok();
    assert_eq!(lab.call(made["Bearer"].as_str(), "GET", &format!("{EXTENSION}/whoami"), None).ok()["Name"], "alice");
    // What cannot be mailed is nobody's.
    drop(mails);
    assert_eq!(lab.post(&root, &tokens, json!({"Label": "", "Days": 3})).refusal(), (503, "unavailable".into()));
    assert_ne!(lab.get(&alice, &tokens).ok()[0]["Revoked"], "0001-01-01T00:00:00");
}
