//! A cookie that was stolen or kept: it opens nothing once what it began with is gone.

use super::site::{Shown, alter, by_certificate, curl, enrolled, read, site};
use crate::server::identity::oidc::{Issuer, claims, key, token};
use crate::server::identity::{lab, restart};
use crate::server::support::{API, EXTENSION, Lab, Person};
use cardwright::server::{self, UserChange};
use serde_json::json;

/// The cookie that an answer sets, with its attributes.
#[track_caller]
fn set(shown: &Shown) -> String {
    let line = shown.headers.lines().find_map(|line| line.split_once("set-cookie: "));
    line.unwrap_or_else(|| panic!("{} {}", shown.status, shown.headers)).1.trim().to_owned()
}

fn with(lab: &Lab, cookie: &str) -> Shown {
    let pair = cookie.split(';').next().unwrap();
    curl(lab, &["--cookie", pair], "GET", &format!("{EXTENSION}/whoami"), None)
}

/// A session of alice's that began with the certificate of her card.
struct Begun {
    lab: Lab,
    alice: Person,
    smartcard: String,
    cookie: String,
}

fn begun_by_certificate() -> Begun {
    let mut lab = site(|template| template);
    let boris = lab.user("boris", &["approvers"]);
    let alice = lab.user("alice", &[]);
    let card = enrolled(&lab, &alice, &boris);
    restart(&mut lab, "[identity.session]\nafter = [\"certificate\"]\n");
    let whoami = format!("{EXTENSION}/whoami");
    let cookie = set(&by_certificate(&lab, (&card.certificate, &card.key), "GET", &whoami, None));
    Begun { lab, alice, smartcard: card.smartcard, cookie }
}

#[test]
fn a_session_ends_with_the_certificate_it_began_with() {
    let Begun { lab, alice, smartcard, cookie } = begun_by_certificate();
    assert_eq!(with(&lab, &cookie).name(), (200, "alice"));
    let body = json!({"datacollection": [], "type": "Retire", "smartcard": smartcard, "comment": ""});
    let retire = lab.request(&alice, body);
    lab.put(&alice, &format!("{API}/requests/{retire}/smartcards/{smartcard}"), json!({"status": "Retired"})).ok();
    assert_eq!(with(&lab, &cookie).code(), (401, "not-authenticated"));
}

#[test]
fn a_session_ends_with_the_way_in_it_began_by() {
    let Begun { mut lab, cookie, .. } = begun_by_certificate();
    lab.stop();
    let path = lab.data().join("server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replace("[identity.certificate]\n", "")).unwrap();
    lab.start();
    assert_eq!(with(&lab, &cookie).code(), (401, "not-authenticated"));
}

#[test]
fn a_session_lasts_no_longer_than_the_token_it_began_with() {
    let key = key("one");
    let issuer = Issuer::new(&[&key]);
    let mut lab = lab(false, "[identity.session]\nafter = [\"oidc\"]\n");
    let settings = issuer.settings(&lab, "");
    restart(&mut lab, &settings);
    lab.user("alice", &[]);
    let begin = |seconds: i64| {
        let mut claims = claims();
        claims["exp"] = json!(claims["iat"].as_i64().unwrap() + seconds);
        let header = format!("authorization: Bearer {}", token(&key, &claims));
        set(&curl(&lab, &["--header", &header], "GET", &format!("{EXTENSION}/whoami"), None))
    };
    let long = begin(3000);
    let age = long.split("Max-Age=").nth(1).unwrap().split(';').next().unwrap().parse::<i64>().unwrap();
    assert!((2900..=3000).contains(&age), "{long}");
    assert_eq!(with(&lab, &long).name(), (200, "alice"));
    // It is over already, and is let in for the issuer's clock.
    assert_eq!(with(&lab, &begin(-10)).code(), (401, "not-authenticated"));
}

#[test]
fn sessions_of_a_disabled_user_do_not_come_back_with_him() {
    let key = key("one");
    let issuer = Issuer::new(&[&key]);
    let mut lab = lab(false, "[identity.session]\nafter = [\"oidc\"]\n");
    let settings = issuer.settings(&lab, "");
    restart(&mut lab, &settings);
    lab.user("alice", &[]);
    let header = format!("authorization: Bearer {}", token(&key, &claims()));
    let cookie = set(&curl(&lab, &["--header", &header], "GET", &format!("{EXTENSION}/whoami"), None));
    assert_eq!(with(&lab, &cookie).name(), (200, "alice"));
    for disabled in [true, false] {
        let change = UserChange { disabled: Some(disabled), ..UserChange::default() };
        server::user_change(&lab.data(), "alice", change).unwrap();
        assert_eq!(with(&lab, &cookie).code(), (401, "not-authenticated"));
    }
}

/// A session that is used does not end by idleness; its use is noted once a minute.
#[test]
fn the_use_of_a_session_is_noted_outside_the_calls_way() {
    let Begun { lab, cookie, .. } = begun_by_certificate();
    let noted = || read(&lab, "SELECT CAST(last_used AS TEXT) FROM sessions");
    let (first, pause) = (noted(), std::time::Duration::from_millis(20));
    assert_eq!(with(&lab, &cookie).status, 200);
    std::thread::sleep(5 * pause);
    assert_eq!(noted(), first, "once a minute is enough");
    alter(&lab, "UPDATE sessions SET last_used = last_used - 70000000");
    let earlier = noted();
    assert_eq!(with(&lab, &cookie).status, 200);
    let later = (0..200).map(|_| std::thread::sleep(pause)).map(|()| noted()).find(|noted| *noted != earlier);
    assert!(later.unwrap() > first);
}
