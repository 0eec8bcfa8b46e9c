//! Signing in here from a kiosk: the browser takes a code back to the kiosk, and nowhere else.

use super::lab::{age_sessions, browser, cookie, form, page, person, session, sign_in, site_of};
use crate::support::site::{EXTENSION, Site};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;

/// A site with a kiosk, and people.
fn lab() -> (Site, String) {
    let mut site = site_of(crate::support::site::approval);
    let settings = site.program.path("server/server.toml");
    let text = std::fs::read_to_string(&settings).unwrap();
    site.stop_server();
    std::fs::write(&settings, text.replace("[roles]\n", "[roles]\nkiosk = [\"group:kiosks\"]\n")).unwrap();
    site.start();
    site.person("hall", &["kiosks"]);
    let kiosk = person(&site, "hall");
    (site, kiosk)
}

/// Has the kiosk show a code.
fn shown(site: &Site, who: &str, code: &str) -> (u16, Value) {
    let answer = site.send(who, "POST", &format!("{EXTENSION}/visits"), &json!({ "Code": code }));
    (answer.status, answer.json())
}

/// What a browser asks of a kiosk that listens here; it is answered once.
fn asked(listener: &TcpListener) -> String {
    let (stream, _) = listener.accept().unwrap();
    let mut line = String::new();
    BufReader::new(&stream).read_line(&mut line).unwrap();
    (&stream)
        .write_all(b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: 17\r\n\r\n<h1>At kiosk</h1>")
        .unwrap();
    line.split(' ').nth(1).unwrap().to_owned()
}

/// The status of a call with this bearer token.
fn called(site: &Site, bearer: &str) -> u16 {
    page(site, &[("authorization", &format!("Bearer {bearer}"))], &format!("{EXTENSION}/whoami")).status
}

fn fields(query: &str) -> Vec<(String, String)> {
    url::form_urlencoded::parse(query.as_bytes()).into_owned().collect()
}

#[test]
fn a_browser_takes_a_code_to_the_kiosk_that_it_stands_at_and_is_signed_out() {
    let (site, kiosk) = lab();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let browser = browser(&site, "ursula");
    browser.open(&format!("{}/kiosk?kiosk={kiosk}&port={port}&state=s-1_2", site.origin));
    browser.sees("Go on at hall?");
    browser.sees("The kiosk hall will act for ursula.");
    browser.assert_sound();
    super::every::judged(&browser, "ursula", "kiosk", "/kiosk", false);
    // A session that was begun a while ago does not say that she stands there now.
    age_sessions(&site, 301);
    browser.click("Yes, go on at the kiosk");
    browser.sees("Please show again who you are");
    sign_in(&browser, &site, "ursula");
    let kiosk = std::thread::spawn(move || asked(&listener));
    browser.click("Send again");
    let path = kiosk.join().unwrap();
    browser.sees("At kiosk");
    let (path, query) = path.split_once('?').unwrap();
    let told = fields(query);
    assert_eq!((path, &*told[0].0, &*told[0].1, &*told[1].0), ("/returned", "state", "s-1_2", "code"));
    // She is signed out, whoever comes next to this browser.
    browser.open(&format!("{}/mine", site.origin));
    browser.sees("Sign in");
    let code = &told[1].1;
    for (who, what) in [("ursula", "no kiosk"), ("ada", "an administrator")] {
        assert_eq!(shown(&site, who, code).0, 403, "{what}");
    }
    // It is no bearer token.
    assert_eq!(called(&site, code), 401);
    let (status, visit) = shown(&site, "hall", code);
    assert_eq!((status, &visit["User"]["Name"], &visit["Request"]), (200, &json!("ursula"), &Value::Null), "{visit}");
    assert_eq!(called(&site, visit["Bearer"].as_str().unwrap()), 200);
    let (status, again) = shown(&site, "hall", code);
    assert_eq!((status, &again["Code"]), (403, &json!("visit-refused")), "a code counts once: {again}");
}

#[test]
fn nobody_is_led_elsewhere_or_to_what_is_no_kiosk() {
    let (site, kiosk) = lab();
    let cookie = session(&cookie(&site, "ursula"));
    let ursula = person(&site, "ursula");
    let asks = |query: &str| page(&site, &[("cookie", &cookie)], &format!("/kiosk?{query}")).status;
    assert_eq!(asks(&format!("kiosk={kiosk}&port=8000&state=x")), 200);
    let long = "x".repeat(129);
    for (query, why) in [
        (format!("kiosk={ursula}&port=8000&state=x"), "a person"),
        (format!("kiosk={}&port=8000&state=x", kiosk.replace(|c: char| c.is_ascii_digit(), "7")), "nobody"),
        (format!("kiosk={kiosk}&port=0&state=x"), "no port"),
        (format!("kiosk={kiosk}&port=80%40evil.example&state=x"), "another host"),
        (format!("kiosk={kiosk}&port=8000&state="), "no state"),
        (format!("kiosk={kiosk}&port=8000&state=%26code%3Dx"), "another field"),
        (format!("kiosk={kiosk}&port=8000&state={long}"), "long"),
    ] {
        assert_eq!(asks(&query), 404, "{why}");
        assert_ne!(form(&site, &[("cookie", &cookie)], "/kiosk", &query).status, 200, "{why}");
    }
    // The form of another site makes no code.
    let body = format!("kiosk={kiosk}&port=8000&state=x");
    let foreign = form(&site, &[("cookie", &cookie), ("sec-fetch-site", "cross-site")], "/kiosk", &body);
    assert_eq!(foreign.status, 403);
    // The one address to which the browser is led is its own computer's.
    let given = form(&site, &[("cookie", &cookie)], "/kiosk", &body);
    assert_eq!(given.status, 200);
    assert!(given.body.contains("url=http://127.0.0.1:8000/returned?state=x&amp;code=handover%7E"), "{}", given.body);
    assert!(given.header("set-cookie").contains("Max-Age=0"), "{}", given.header("set-cookie"));
    assert_eq!(page(&site, &[("cookie", &cookie)], "/mine").status, 303, "the session is over at the server too");
}
