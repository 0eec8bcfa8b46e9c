//! Kerberos: MIT's KDC gives the tickets, curl shows them.

use super::super::logs::started;
use super::super::support::{API, EXTENSION, Lab};
use super::{lab, raw, restart};
use crate::support::kerberos::{Realm, shown};
use cardwright::server::{Server, StartError};
use serde_json::{Value, json};

pub fn settings(keytab: &Realm, realm: &str, more: &str) -> String {
    let keytab = keytab.keytab();
    format!("[identity.negotiate]\nkeytab = \"{}\"\nrealms = [\"{realm}\"]\n{more}\n", keytab.display())
}

pub fn url(lab: &Lab, path: &str) -> String {
    lab.base().replace("127.0.0.1", "localhost") + path
}

/// Status and body of what curl was answered in the end, and what it has sent and got on the way.
pub fn curl(realm: &Realm, arguments: &[&str]) -> (u16, Value, String) {
    let done = realm.curl(&[&["--write-out", "\n%{http_code}"], arguments].concat());
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap_or(("", "0"));
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status.parse().unwrap_or(0), body, String::from_utf8_lossy(&done.stderr).into_owned())
}

#[test]
fn a_ticket_lets_its_principal_in_once_and_the_server_proves_itself() {
    let realm = Realm::new("LAB.TEST");
    let lab = lab(true, &settings(&realm, "LAB.TEST", "user_by = \"local-part\""));
    let alice = lab.user("alice", &["staff"]);
    realm.log_in("alice", "1h");
    let whoami = url(&lab, &format!("{EXTENSION}/whoami"));
    let (status, body, log) = curl(&realm, &[&whoami]);
    assert_eq!((status, &body["Name"], &body["Uuid"]), (200, &json!("alice"), &json!(alice.uuid)), "{log}");
    let proof = log.lines().find_map(|line| line.split_once("www-authenticate: Negotiate "));
    assert!(proof.is_some_and(|(_, proof)| proof.len() > 60), "the server proves itself: {log}");
    let (status, offers) = raw(&lab, "");
    let offers: Vec<_> = offers.lines().filter_map(|line| line.strip_prefix("www-authenticate: ")).collect();
    assert_eq!((status, &offers[..]), (401, &["Negotiate", "Bearer"][..]));
    // A whole request by the same way.
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": "[]", "type": "Enroll", "comment": ""});
    let requests = url(&lab, &format!("{API}/requests"));
    let post = ["--header", "content-type: application/json", "--data", &body.to_string(), &requests];
    let (status, created, log) = curl(&realm, &post);
    assert_eq!(status, 201, "{created} {log}");
    let token = shown(&log);
    let (status, answer) = raw(&lab, &format!("Authorization: Negotiate {token}\r\n"));
    assert_eq!(status, 401, "the same ticket and authenticator once more: {answer}");
    assert!(!answer.contains(&token));
    let data = lab.data();
    let files: Vec<_> = std::fs::read_dir(data).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(files.iter().any(|name| name == "negotiate.rcache"), "used tickets are noted here: {files:?}");
}

#[test]
fn tickets_of_nobody_and_of_others_let_nobody_in() {
    let (realm, other) = (Realm::new("LAB.TEST"), Realm::new("OTHER.TEST"));
    let mut lab = lab(true, &settings(&realm, "LAB.TEST", ""));
    lab.user("alice", &[]);
    realm.log_in("alice", "1h");
    other.log_in("alice", "1h");
    let whoami = |lab: &Lab| url(lab, &format!("{EXTENSION}/whoami"));
    // Known by the UPN alice@example.test, not by alice@LAB.TEST.
    let (status, body, log) = curl(&realm, &[&whoami(&lab)]);
    assert_eq!((status, &body["Code"]), (403, &json!("user-unknown")), "{log}");
    let upn = cardwright::server::UserChange { upn: Some("Alice@lab.test".into()), ..Default::default() };
    cardwright::server::user_change(&lab.data(), "alice", upn).unwrap();
    assert_eq!(curl(&realm, &[&whoami(&lab)]).0, 200);
    let disabled = cardwright::server::UserChange { disabled: Some(true), ..Default::default() };
    cardwright::server::user_change(&lab.data(), "alice", disabled).unwrap();
    assert_eq!(curl(&realm, &[&whoami(&lab)]).1["Code"], "user-disabled");
    // The other realm has a service of the same name, with another key.
    let (status, body, log) = curl(&other, &[&whoami(&lab)]);
    assert_eq!((status, &body["Code"]), (401, &json!("not-authenticated")), "{log}");
    // An administrator's instance is another principal than the person.
    realm.log_in("alice/admin", "1h");
    assert_eq!(curl(&realm, &[&whoami(&lab)]).1["Code"], "user-unknown");
    for bad in ["", "AAAA", "!", "TlRMTVNTUAABAAAAB4IIogAAAAAAAAAAAAAAAAAAAAAKAGFKAAAADw==", "YII"] {
        assert_eq!(raw(&lab, &format!("Authorization: Negotiate {bad}\r\n")).0, 401, "{bad}");
    }
    // The key is right, the realm is not let in.
    let text = std::fs::read_to_string(lab.data().join("server.toml")).unwrap();
    lab.stop();
    std::fs::write(lab.data().join("server.toml"), text.replace("[\"LAB.TEST\"]", "[\"ELSEWHERE.TEST\"]")).unwrap();
    restart(&mut lab, "");
    lab.user("bob", &[]);
    let upn = cardwright::server::UserChange { upn: Some("bob@lab.test".into()), ..Default::default() };
    cardwright::server::user_change(&lab.data(), "bob", upn).unwrap();
    realm.log_in("bob", "1h");
    assert_eq!(curl(&realm, &[&whoami(&lab)]).1["Code"], "user-unknown");
}

#[test]
fn a_ticket_that_is_over_lets_nobody_in() {
    let realm = Realm::new("LAB.TEST");
    let settings = settings(&realm, "LAB.TEST", "user_by = \"local-part\"");
    let mut fresh = lab(true, &settings);
    fresh.user("alice", &[]);
    realm.log_in("alice", "10s");
    let (status, _, log) = curl(&realm, &[&url(&fresh, &format!("{EXTENSION}/whoami"))]);
    assert_eq!(status, 200, "{log}");
    let token = shown(&log);
    // Another server with the same key has not seen the ticket; it forgives no difference of clocks.
    fresh.stop();
    std::fs::remove_file(fresh.data().join("negotiate.rcache")).unwrap();
    std::thread::sleep(std::time::Duration::from_secs(12));
    let log = fresh.directory.path().join("log");
    let strict = realm.strict().display().to_string();
    let process = started(&fresh.data(), &log, &[("KRB5_CONFIG", &strict)]);
    fresh.elsewhere(&process.base);
    assert_eq!(raw(&fresh, &format!("Authorization: Negotiate {token}\r\n")).0, 401);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("expired") || log.contains("skew"), "{log}");
}

#[test]
fn a_keytab_that_is_none_stops_the_server() {
    let realm = Realm::new("LAB.TEST");
    let missing = settings(&realm, "LAB.TEST", "").replace("http.keytab", "no.keytab");
    let nobody = settings(&realm, "LAB.TEST", "").replace("[\"LAB.TEST\"]", "[]");
    for settings in [missing, nobody] {
        let mut lab = lab(true, "");
        lab.stop();
        super::append(&lab, &settings);
        assert!(matches!(Server::start(lab.config()), Err(StartError::Identity(_))), "{settings}");
    }
}

#[test]
fn tickets_that_must_be_bound_to_tls_are_not_awaited_without_it() {
    let realm = Realm::new("LAB.TEST");
    let mut lab = lab(true, "");
    lab.stop();
    super::append(&lab, &settings(&realm, "LAB.TEST", "channel_binding = \"required\""));
    assert!(matches!(Server::start(lab.config()), Err(StartError::NothingToBindTo)));
}
