//! What anybody may ask for, and who calls, are kept and not asked of the store: counted, and never a call longer than they hold.

use super::identity::restart;
use super::publication::{authority, certificate, fetched, openssl, publishing, url};
use super::support::{API, Answer, EXTENSION, Enrolled, Lab, Person};
use crate::support::postgres::Database;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::server::{self, UserChange};
use cardwright::store::HEEDED_WITHIN;
use serde_json::json;
use std::path::Path;
use std::time::Instant;

const CALLS: u64 = 100;

/// What a server may ask its store by itself while calls are answered that need nothing: the versions four times a second,
/// a list once and health once, and what is done beside the calls.
fn allowed(since: Instant) -> u64 {
    20 + 20 * since.elapsed().as_secs()
}

/// Makes a call many times; it must not cost a statement each.
#[track_caller]
fn costs_no_statement(lab: &Lab, what: &str, call: impl Fn() -> Answer) -> Vec<u8> {
    let statements = || lab.server.as_ref().unwrap().counts().statements;
    let first = call();
    assert_eq!(first.status, 200, "{what}");
    let (before, since) = (statements(), Instant::now());
    for _ in 0..CALLS {
        assert_eq!(call().bytes, first.bytes, "{what}");
    }
    let asked = statements() - before;
    assert!(asked <= allowed(since), "{what}: {asked} statements for {CALLS} calls");
    first.bytes
}

/// Writes a question about a certificate.
fn question(lab: &Lab, certificate: &Path, options: &[&str]) -> Vec<u8> {
    let file = lab.directory.path().join("question.der").to_str().unwrap().to_owned();
    let authority = authority(lab);
    let before = ["ocsp", "-issuer", &authority, "-reqout", &file];
    openssl(&[&before[..], options, &["-cert", certificate.to_str().unwrap()]].concat());
    std::fs::read(&file).unwrap()
}

fn posted(lab: &Lab, question: &[u8]) -> Answer {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let answered = agent.post(url(lab, "/ocsp")).content_type("application/ocsp-request").send(question);
    let mut answer = answered.unwrap();
    Answer {
        status: answer.status().as_u16(),
        headers: answer.headers().clone(),
        bytes: answer.body_mut().read_to_vec().unwrap(),
    }
}

/// What an answer says of a certificate, by openssl, which checks the signature.
fn said(lab: &Lab, answer: &[u8], certificate: &Path) -> String {
    let file = lab.directory.path().join("answer.der");
    std::fs::write(&file, answer).unwrap();
    let authority = authority(lab);
    let read = ["ocsp", "-respin", file.to_str().unwrap(), "-CAfile", &authority, "-issuer", &authority, "-cert"];
    openssl(&[&read[..], &[certificate.to_str().unwrap(), "-no_nonce"]].concat())
}

/// Has the holder put a card on hold, or take it off again, by calls.
fn suspended(lab: &Lab, person: &Person, card: &Enrolled, (kind, status): (&str, &str)) {
    let body = json!({"datacollection": [], "type": kind, "smartcard": card.smartcard, "comment": ""});
    let request = lab.request(person, body);
    let path = format!("{API}/requests/{request}/smartcards/{}", card.smartcard);
    lab.put(person, &path, json!({"status": status})).ok();
    lab.complete(person, &request);
}

#[test]
fn what_is_the_same_for_everybody_is_made_once() {
    let (lab, alice) = publishing("");
    let card = lab.enrolled(&alice);
    let (_, path) = certificate(&lab, &alice);
    for public in ["/pki/ca.cer", "/pki/ca.crl"] {
        costs_no_statement(&lab, public, || fetched(&lab, public, &[]));
    }
    for public in ["/healthz", "/healthz/live", "/openapi.json"] {
        costs_no_statement(&lab, public, || lab.call(None, "GET", public, None));
    }
    // An answer that is signed anew is another one: its signature is.
    let asked = question(&lab, &path, &["-no_nonce"]);
    let get = format!("/ocsp/{}", STANDARD.encode(&asked).replace('/', "%2F"));
    let got = costs_no_statement(&lab, "OCSP", || fetched(&lab, &get, &[]));
    let good = costs_no_statement(&lab, "OCSP by POST", || posted(&lab, &asked));
    assert_eq!(got, good);
    assert!(said(&lab, &good, &path).contains(": good"), "{}", said(&lab, &good, &path));
    // Another hash of the same issuer is another question.
    let other = question(&lab, &path, &["-no_nonce", "-sha256"]);
    assert!(posted(&lab, &other).bytes != good && posted(&lab, &other).bytes == posted(&lab, &other).bytes);
    let tag = fetched(&lab, &get, &[]).headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(fetched(&lab, &get, &[("if-none-match", &tag)]).status, 304);

    // The revocation of another one leaves it as it is; its own is in the very next answer.
    let bob = lab.user("bob", &["operators"]);
    let other = lab.enrolled(&bob);
    retired(&lab, &bob, &other);
    assert_eq!(posted(&lab, &asked).bytes, good, "it is still true");
    retired(&lab, &alice, &card);
    let revoked = posted(&lab, &asked).bytes;
    assert!(said(&lab, &revoked, &path).contains(": revoked"), "{}", said(&lab, &revoked, &path));
    assert_eq!(fetched(&lab, &get, &[("if-none-match", &tag)]).status, 200);
    assert_eq!(costs_no_statement(&lab, "OCSP of a revoked one", || posted(&lab, &asked)), revoked);
}

fn retired(lab: &Lab, person: &Person, card: &Enrolled) {
    suspended(lab, person, card, ("Retire", "Retired"));
}

#[test]
fn answers_that_must_be_signed_are_limited_an_address_and_those_that_are_kept_are_not() {
    let (mut lab, alice) = publishing("");
    lab.enrolled(&alice);
    let (_, path) = certificate(&lab, &alice);
    restart(&mut lab, "[limits]\nanswers_per_address = { burst = 4, per_minute = 1 }\n");
    let (plain, fresh) = (question(&lab, &path, &["-no_nonce"]), question(&lab, &path, &[]));
    let kept = posted(&lab, &plain);
    let answers: Vec<_> = (0..3).map(|_| posted(&lab, &fresh)).collect();
    assert!(answers.iter().all(|answer| answer.status == 200));
    assert!(answers[0].bytes != answers[1].bytes && answers[1].bytes != answers[2].bytes, "each is signed for itself");
    let refused = posted(&lab, &fresh);
    assert!(refused.headers.contains_key("retry-after"), "{:?}", refused.headers);
    assert_eq!(refused.refusal(), (429, "too-many-requests".into()));
    // A million serial numbers that nobody has issued are kept for nobody, and are signed for nobody either.
    let unknown = question(&lab, &path, &["-no_nonce", "-serial", "0x77"]);
    assert_eq!(posted(&lab, &unknown).status, 429);
    assert_eq!((posted(&lab, &plain).status, posted(&lab, &plain).bytes), (200, kept.bytes), "kept ones cost nothing");
}

fn whoami(lab: &Lab, person: &Person) -> Answer {
    lab.get(person, &format!("{EXTENSION}/whoami"))
}

#[test]
fn a_known_caller_costs_no_statement_and_acts_no_call_longer() {
    let mut lab = Lab::with_database(None);
    restart(&mut lab, "[roles]\nadmin = [\"group:admins\"]\nsecond_administrator = false\n");
    let [root, alice, bob] = [lab.user("root", &["admins"]), lab.user("alice", &["staff"]), lab.user("bob", &[])];
    costs_no_statement(&lab, "whoami", || whoami(&lab, &alice));
    // A person who comes new, or a token that is added, has nobody looked up anew.
    let account = format!("{EXTENSION}/accounts/{}", alice.uuid);
    let change = |change: serde_json::Value| lab.put(&root, &account, change).ok();
    for groups in [json!([]), json!(["staff", "night"])] {
        change(json!({ "Groups": groups }));
        assert_eq!(whoami(&lab, &alice).ok()["Groups"], groups, "at the next call");
    }
    change(json!({"Disabled": true}));
    assert_eq!(whoami(&lab, &alice).refusal(), (403, "user-disabled".into()));
    change(json!({"Disabled": false}));
    assert_eq!(whoami(&lab, &alice).status, 200);
    assert_eq!(lab.post(&alice, &format!("{EXTENSION}/token/revoke"), json!({})).status, 204);
    assert_eq!(whoami(&lab, &alice).refusal(), (401, "not-authenticated".into()));
    // Whoever works at the data directory is told that it is done once every server heeds it.
    assert_eq!(whoami(&lab, &bob).status, 200);
    let disabled = UserChange { disabled: Some(true), ..UserChange::default() };
    server::user_change(&lab.data(), "bob", disabled).unwrap();
    assert_eq!(whoami(&lab, &bob).refusal(), (403, "user-disabled".into()));
    assert_eq!(whoami(&lab, &root).status, 200);
}

#[test]
fn what_one_server_revokes_another_one_heeds_in_time() {
    let mut first = Lab::with_database(Some(Database::new()));
    restart(&mut first, "[publication]\nlisten = \"127.0.0.1:0\"\nurl = \"http://pki.example.test:8080\"\n");
    let [alice, bob] = [first.user("alice", &["operators"]), first.user("bob", &[])];
    let card = first.enrolled(&alice);
    let mut second = first.beside();
    second.start();
    let mine = first.get(&alice, &format!("{API}/smartcards/{}/certificates", card.smartcard)).ok();
    assert!(mine.as_array().is_some_and(|found| !found.is_empty()), "{mine}");
    for lab in [&first, &second] {
        costs_no_statement(lab, "whoami", || whoami(lab, &bob));
        costs_no_statement(lab, "/pki/ca.crl", || fetched(lab, "/pki/ca.crl", &[]));
    }
    let before = fetched(&second, "/pki/ca.crl", &[]).bytes;
    assert_eq!(first.post(&bob, &format!("{EXTENSION}/token/revoke"), json!({})).status, 204);
    assert_eq!(whoami(&first, &bob).status, 401, "at once where it was revoked");
    retired(&first, &alice, &card);
    std::thread::sleep(HEEDED_WITHIN);
    assert_eq!(whoami(&second, &bob).refusal(), (401, "not-authenticated".into()));
    assert_ne!(fetched(&second, "/pki/ca.crl", &[]).bytes, before);
    second.stop();
}
