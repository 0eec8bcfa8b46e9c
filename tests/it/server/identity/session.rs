//! Sessions: a cookie after another way in, and what it does not let through.

use super::super::support::{EXTENSION, Lab};
use super::lab;
use crate::support::kerberos::Realm;
use serde_json::Value;
use std::process::Command;

fn ready(session: &str) -> (Realm, Lab) {
    let realm = Realm::new("LAB.TEST");
    let settings = format!(
        "[identity.negotiate]\nkeytab = \"{}\"\nrealms = [\"LAB.TEST\"]\nuser_by = \"local-part\"\n\
         [identity.session]\n{session}\n",
        realm.keytab().display()
    );
    let lab = lab(false, &settings);
    lab.user("alice", &[]);
    realm.log_in("alice", "1h");
    (realm, lab)
}

/// curl over TLS; gives the status, the body and the headers.
fn curl(lab: &Lab, realm: Option<&Realm>, arguments: &[&str], path: &str) -> (u16, Value, String) {
    let trust = lab.data().join("ca.cer.pem").display().to_string();
    let url = lab.base().replace("127.0.0.1", "localhost") + path;
    let all =
        [&["--cacert", &trust, "--write-out", "\n%{http_code}", "--dump-header", "/dev/stderr"], arguments, &[&url]];
    let all = all.concat();
    let done = match realm {
        Some(realm) => realm.curl(&all),
        None => {
            Command::new("curl").args(["--silent", "--max-time", "20", "--noproxy", "*"]).args(&all).output().unwrap()
        }
    };
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    let (body, status) = text.rsplit_once('\n').unwrap();
    let body = serde_json::from_str(body).unwrap_or(Value::Null);
    (status.parse().unwrap(), body, String::from_utf8_lossy(&done.stderr).into_owned())
}

fn cookie(headers: &str) -> Option<String> {
    let line = headers.lines().find_map(|line| line.split_once("set-cookie: ").filter(|(before, _)| before.len() < 4));
    line.map(|(_, cookie)| cookie.trim().to_owned())
}

#[test]
fn after_a_ticket_a_cookie_is_enough_until_it_is_taken_back() {
    let (realm, lab) = ready("");
    let whoami = format!("{EXTENSION}/whoami");
    let (status, _, headers) = curl(&lab, Some(&realm), &[], &whoami);
    let set = cookie(&headers).unwrap_or_else(|| panic!("{headers}"));
    assert_eq!(status, 200);
    for attribute in
        ["__Host-cardwright=", "; Path=/", "; Secure", "; HttpOnly", "; SameSite=Strict", "; Max-Age=36000"]
    {
        assert!(set.contains(attribute), "{set}");
    }
    let pair = set.split(';').next().unwrap().to_owned();
    let with = ["--cookie", pair.as_str()];
    let (status, body, headers) = curl(&lab, None, &with, &whoami);
    assert_eq!((status, body["Name"].as_str(), cookie(&headers)), (200, Some("alice"), None));
    let (_, _, headers) = curl(&lab, Some(&realm), &with, &whoami);
    assert_eq!(cookie(&headers), None, "who has a session is given no second one");
    let other = ["--cookie", "other=1; __Host-cardwright=wrong"];
    assert_eq!(curl(&lab, None, &other, &whoami).0, 401);
    let end = [&with[..], &["--header", "content-type: application/json", "--data", "{}"]].concat();
    let (status, _, headers) = curl(&lab, None, &end, &format!("{EXTENSION}/session/end"));
    assert_eq!(status, 204);
    assert!(cookie(&headers).unwrap().contains("Max-Age=0"), "{headers}");
    assert_eq!(curl(&lab, None, &with, &whoami).0, 401);
}

#[test]
fn another_site_makes_no_call_by_a_cookie() {
    let (realm, lab) = ready("");
    let whoami = format!("{EXTENSION}/whoami");
    let (_, _, headers) = curl(&lab, Some(&realm), &[], &whoami);
    let pair = cookie(&headers).unwrap().split(';').next().unwrap().to_owned();
    let own = format!("origin: {}", lab.base().replace("127.0.0.1", "localhost"));
    let with = |header: &str| {
        let (status, body, _) = curl(&lab, None, &["--cookie", &pair, "--header", header], &whoami);
        (status, body["Code"].as_str().unwrap_or("").to_owned())
    };
    for fine in ["sec-fetch-site: same-origin", "sec-fetch-site: none", own.as_str()] {
        assert_eq!(with(fine).0, 200, "{fine}");
    }
    for bad in ["sec-fetch-site: cross-site", "sec-fetch-site: same-site", "origin: https://evil.test", "origin: null"]
    {
        assert_eq!(with(bad), (403, "cross-site".into()), "{bad}");
    }
    // A ticket is sent by browsers unasked as well.
    let (status, body, _) = curl(&lab, Some(&realm), &["--header", "origin: https://evil.test"], &whoami);
    assert_eq!((status, body["Code"].as_str()), (403, Some("cross-site")));
    let bob = lab.user("bob", &[]);
    let bearer = format!("authorization: Bearer {}", bob.token);
    let shown = ["--header", &bearer, "--header", "origin: https://console.test"];
    let (status, _, headers) = curl(&lab, None, &shown, &whoami);
    assert_eq!(status, 200, "a token is shown by nobody unasked");
    assert_eq!(cookie(&headers), None, "and begins no session");
}

#[test]
fn sessions_end_by_idleness_by_number_and_with_their_user() {
    let (realm, lab) = ready("per_user = 2");
    let whoami = format!("{EXTENSION}/whoami");
    let begin = || {
        let (_, _, headers) = curl(&lab, Some(&realm), &[], &whoami);
        cookie(&headers).unwrap().split(';').next().unwrap().to_owned()
    };
    let status = |pair: &str| curl(&lab, None, &["--cookie", pair], &whoami).0;
    let (first, second, third) = (begin(), begin(), begin());
    assert_eq!((status(&first), status(&second), status(&third)), (401, 200, 200));
    let disabled = cardwright::server::UserChange { disabled: Some(true), ..Default::default() };
    cardwright::server::user_change(&lab.data(), "alice", disabled).unwrap();
    assert_eq!((status(&second), status(&third)), (401, 401));
    let (realm, lab) = ready("idle_minutes = 0");
    let (_, _, headers) = curl(&lab, Some(&realm), &[], &whoami);
    let pair = cookie(&headers).unwrap().split(';').next().unwrap().to_owned();
    assert_eq!(curl(&lab, None, &["--cookie", &pair], &whoami).0, 401);
}
