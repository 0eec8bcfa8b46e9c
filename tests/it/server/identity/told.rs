//! Access tokens: what they tell of a person, and what an issuer may give out as its keys.

use super::oidc::{Issuer, Key, claims, key, token};
use super::{lab, raw, restart, whoami};
use crate::attacks::site::alter;
use crate::server::support::Lab;
use cardwright::server::{self, UserChange};
use serde_json::{Value, json};

fn trusting(key: &Key, more: &str) -> (Lab, Issuer) {
    let issuer = Issuer::new(&[key]);
    let mut lab = lab(true, "");
    let settings = issuer.settings(&lab, more);
    restart(&mut lab, &settings);
    (lab, issuer)
}

fn without(name: &str) -> Value {
    let mut claims = claims();
    claims.as_object_mut().unwrap().remove(name);
    claims
}

#[test]
fn a_person_without_a_subject_is_found_by_name_alone() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "link = \"name\"");
    lab.user("alice", &[]);
    assert_eq!(whoami(&lab, &token(&key, &without("sub"))).ok()["Name"], "alice");
    let (lab, _issuer) = trusting(&key, "link = \"identity\"");
    lab.user("alice", &[]);
    assert_eq!(whoami(&lab, &token(&key, &without("sub"))).refusal(), (401, "not-authenticated".into()));
}

/// A program may then get a new one without asking a person (RFC 6750, 3.1).
#[test]
fn only_a_token_that_has_expired_is_said_to_be_invalid() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "");
    lab.user("alice", &[]);
    let mut expired = claims();
    expired["exp"] = json!(expired["iat"].as_i64().unwrap() - 90);
    let challenge = |token: &str| {
        let (status, answer) = raw(&lab, &format!("authorization: Bearer {token}\r\n"));
        assert_eq!(status, 401);
        answer.lines().find_map(|line| line.strip_prefix("www-authenticate: ")).unwrap().to_owned()
    };
    assert_eq!(challenge(&token(&key, &expired)), "Bearer error=\"invalid_token\"");
    assert_eq!(challenge("wrong"), "Bearer");
}

#[test]
fn who_is_added_has_the_name_that_found_nobody() {
    let key = key("one");
    for (by, upn, email) in [
        ("user_by = \"upn\"\nuser_claim = \"upn\"", Some("Alice@Example.TEST"), None),
        ("user_by = \"email\"\nuser_claim = \"email\"", None, Some("alice@mail.test")),
        ("user_by = \"name\"\nuser_claim = \"email\"", None, None),
    ] {
        let (lab, _issuer) = trusting(&key, &format!("create_users = true\n{by}"));
        whoami(&lab, &token(&key, &claims())).ok();
        let user = server::user_list(&lab.data()).unwrap().pop().unwrap();
        assert_eq!((user.upn.as_deref(), user.email.as_deref()), (upn, email), "{by}");
    }
}

/// Only accounts that the issuer has made follow what it tells.
#[test]
fn an_account_that_an_administrator_made_stays_as_it_is() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "link = \"name\"\ngroups_claim = \"group\"\nemail_claim = \"email\"");
    lab.user("alice", &["local"]);
    for _ in 0..2 {
        assert_eq!(whoami(&lab, &token(&key, &claims())).ok()["Groups"], json!(["local"]));
    }
    assert_eq!(server::user_list(&lab.data()).unwrap().pop().unwrap().email, None);
}

#[test]
fn issuer_and_directory_mean_the_same_person_by_a_security_identifier() {
    let key = key("one");
    let (lab, _issuer) = trusting(&key, "link = \"identity\"\nsid_claim = \"sid\"");
    lab.user("anna", &[]);
    let sid = Some("S-1-5-21-1-2-3-1104".to_owned());
    server::user_change(&lab.data(), "anna", UserChange { sid, ..UserChange::default() }).unwrap();
    let came = |sid: &str| {
        let mut claims = claims();
        claims["sid"] = json!(sid);
        whoami(&lab, &token(&key, &claims))
    };
    assert_eq!(
        came("S-1-5-21-1-2-3-1104").refusal(),
        (403, "user-unknown".into()),
        "only the directory vouches for it"
    );
    alter(&lab, "UPDATE users SET source = 'directory'");
    assert_eq!(came("S-1-5-21-1-2-3-1105").refusal(), (403, "user-unknown".into()));
    assert_eq!(came("S-1-5-21-1-2-3-1104").ok()["Name"], "anna");
}

#[test]
fn a_key_for_something_else_verifies_no_token() {
    let (mut other, one) = (key("other"), key("one"));
    other.public["use"] = json!("enc");
    let issuer = Issuer::new(&[&other, &one]);
    let mut lab = lab(true, "");
    let settings = issuer.settings(&lab, "");
    restart(&mut lab, &settings);
    lab.user("alice", &[]);
    assert_eq!(whoami(&lab, &token(&other, &claims())).refusal(), (401, "not-authenticated".into()));
    whoami(&lab, &token(&one, &claims())).ok();
}

#[test]
fn a_key_set_is_taken_up_to_its_bound() {
    const BOUND: usize = 256 * 1024;
    let key = key("one");
    for (length, status) in [(BOUND, 200), (BOUND + 1, 401)] {
        let (lab, issuer) = trusting(&key, "");
        lab.user("alice", &[]);
        issuer.pads(length);
        assert_eq!(whoami(&lab, &token(&key, &claims())).status, status, "{length} bytes");
    }
}

/// Waits until the issuer was asked so often.
fn waits_for(issuer: &Issuer, times: usize) {
    for _ in 0..1000 {
        if issuer.asked() >= times {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("it was not asked");
}

/// Somebody sends one token after the other that names a key of nobody's.
#[test]
fn who_names_a_key_of_nobodys_holds_nobody_up() {
    let (known, unknown) = (key("known"), key("unknown"));
    let (lab, issuer) = trusting(&known, "refetch_seconds = 0");
    lab.user("alice", &[]);
    whoami(&lab, &token(&known, &claims())).ok();
    let held = issuer.holds();
    std::thread::scope(|scope| {
        let stranger = scope.spawn(|| whoami(&lab, &token(&unknown, &claims())).status);
        waits_for(&issuer, 2);
        whoami(&lab, &token(&known, &claims())).ok();
        assert!(!stranger.is_finished(), "the issuer has not answered yet");
        drop(held);
        assert_eq!(stranger.join().unwrap(), 401);
    });
}

#[test]
fn calls_that_come_at_once_ask_the_issuer_once() {
    let key = key("one");
    let (lab, issuer) = trusting(&key, "refetch_seconds = 0");
    lab.user("alice", &[]);
    // A call that comes after the answer asks for itself: on a busy machine one comes too late, and it is tried again.
    let is_asked_once = |round: u64| {
        let before = issuer.asked();
        let held = issuer.holds();
        std::thread::scope(|scope| {
            let calls: Vec<_> = (0..4).map(|_| scope.spawn(|| whoami(&lab, &token(&key, &claims())).ok())).collect();
            waits_for(&issuer, before + 1);
            std::thread::sleep(std::time::Duration::from_millis(300 * round));
            drop(held);
            for call in calls {
                call.join().unwrap();
            }
        });
        issuer.asked() == before + 1
    };
    assert!((1..=6).any(is_asked_once), "{} questions", issuer.asked());
}
