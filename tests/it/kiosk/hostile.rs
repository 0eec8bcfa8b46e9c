//! Pages and browsers that have no business here: other origins, other names, a start link that was used, frames, forms.

use std::io::{Read, Write};
use std::net::TcpListener;

use super::lab::{Corridor, PIN, tries, yubikey};
use crate::support::browser::Browser;
use crate::support::by_hand::by_hand;

/// What the kiosk answers to a call by hand: its status, and all of it.
fn ask(corridor: &Corridor, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
    let authority = corridor.address.strip_prefix("http://").unwrap().trim_end_matches('/');
    by_hand(authority, method, path, headers, body)
}

/// Serves a page of somebody else's at another port of the same computer, which a browser counts to the same site.
fn page_of_mallory(kiosk: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let origin = format!("http://{}", listener.local_addr().unwrap());
    let page = format!(
        "<!doctype html><title>Mallory</title><h1>Mallory</h1><p id=read></p><iframe src=\"{kiosk}\"></iframe>\
         <form method=post action=\"{kiosk}act\"><button name=act value=stop>Win a prize</button></form>\
         <script>fetch('{kiosk}', {{credentials: 'include'}}).then(a => a.text()).then(t => read.textContent = 'read ' + t, \
         () => read.textContent = 'nothing to read');\
         fetch('{kiosk}act', {{method: 'POST', mode: 'no-cors', credentials: 'include', body: new URLSearchParams({{act: 'stop'}})}});\
         </script>"
    );
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let (mut connection, page) = (connection.unwrap(), page.clone());
            std::thread::spawn(move || {
                let _ = connection.read(&mut [0; 4096]);
                let head =
                    format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", page.len());
                let _ = connection.write_all((head + &page).as_bytes());
            });
        }
    });
    origin
}

#[test]
fn whoever_has_no_business_here_gets_nothing() {
    let corridor = Corridor::new(&[]);
    let card = corridor.enrolled("ursula", yubikey());
    let browser = corridor.browser();
    corridor.insert(0, &card);
    browser.sees("Card of ursula");
    browser.click("Choose another PIN");
    browser.sees("Your PIN");
    let cookie = &browser.cookies()[0];
    assert_eq!((cookie["httpOnly"].as_bool(), cookie["sameSite"].as_str()), (Some(true), Some("Strict")));
    let cookie = format!("{}={}", cookie["name"].as_str().unwrap(), cookie["value"].as_str().unwrap());
    let number = browser.attribute("main", "data-scene").unwrap();
    let own = corridor.address.trim_end_matches('/').to_owned();
    let form = format!("act=pin&scene={number}&pin={PIN}");
    card.forget_headers();

    // By hand, with the cookie in hand: other names and other origins.
    let typed = ("content-type", "application/x-www-form-urlencoded");
    let (cookie, origin) = (("cookie", cookie.as_str()), ("origin", own.as_str()));
    let same = ("sec-fetch-site", "same-origin");
    let rebound = format!("rebound.example:{}", own.rsplit(':').next().unwrap());
    for (what, method, path, headers) in [
        ("no cookie", "GET", "/", vec![]),
        ("no cookie", "GET", "/events", vec![]),
        ("no cookie", "POST", "/act", vec![typed, origin, same]),
        ("a wrong cookie", "GET", "/", vec![("cookie", "__Host-cardwright-kiosk=00")]),
        ("a rebound name", "GET", "/", vec![cookie, ("host", rebound.as_str())]),
        ("a rebound name", "POST", "/act", vec![cookie, typed, same, ("host", rebound.as_str())]),
        ("no origin", "POST", "/act", vec![cookie, typed, same]),
        (
            "another origin",
            "POST",
            "/act",
            vec![cookie, typed, ("origin", "http://127.0.0.1:1"), ("sec-fetch-site", "same-site")],
        ),
        (
            "an origin that hides",
            "POST",
            "/act",
            vec![cookie, typed, ("origin", "null"), ("sec-fetch-site", "cross-site")],
        ),
        ("a page of the same site", "GET", "/", vec![cookie, ("sec-fetch-site", "same-site")]),
    ] {
        let body = if method == "POST" { form.as_str() } else { "" };
        let (status, answer) = ask(&corridor, method, path, &headers, body);
        assert_eq!(status, 403, "{what}: {answer}");
        assert!(!answer.contains("ursula") && !answer.contains("set-cookie"), "{what}: {answer}");
        let lower = answer.to_lowercase();
        for guarded in [
            "frame-ancestors 'none'",
            "x-frame-options: deny",
            "cache-control: no-store",
            "cross-origin-resource-policy: same-origin",
        ] {
            assert!(lower.contains(guarded), "{what}: {guarded}: {answer}");
        }
    }
    // What is no form, or is too much of one, is not taken; other verbs are none of ours.
    let json = vec![cookie, origin, same, ("content-type", "application/json")];
    assert_eq!(ask(&corridor, "POST", "/act", &json, "{}").0, 400);
    let large = format!("act=pin&pin={}", "1".repeat(300_000));
    assert_eq!(ask(&corridor, "POST", "/act", &[cookie, origin, same, typed], &large).0, 400);
    assert_eq!(ask(&corridor, "DELETE", "/", &[cookie, origin, same], "").0, 405);
    assert!(card.headers().is_empty(), "something went to the card");
    // With each page the browser that was let in keeps its cookie for another week: a kiosk may serve for months.
    let (status, answer) = ask(&corridor, "GET", "/", &[cookie, same], "");
    assert!(status == 200 && answer.contains("Max-Age=604800"), "{answer}");

    // The start link again, and another browser.
    let path = corridor.link.strip_prefix(&own).unwrap();
    let (status, answer) = ask(&corridor, "GET", path, &[], "");
    assert!(status == 403 && !answer.contains("set-cookie"), "{answer}");
    let other = Browser::new();
    other.open(&corridor.link);
    other.sees("This link was used already");
    assert!(other.axe().violations.is_empty());
    other.open(&corridor.address);
    other.sees("This page is open in another browser");
    other.open(&corridor.address.replace("127.0.0.1", "localhost"));
    other.sees("Not from here");
    drop(other);

    // A page of somebody else's, in the very browser.
    let workstation = browser.tab();
    browser.open_tab(&page_of_mallory(&corridor.address));
    browser.sees("nothing to read");
    assert!(browser.run("return document.querySelector('iframe').contentDocument === null", &[]).as_bool().unwrap());
    browser.click("Win a prize");
    browser.sees("Not from here");
    browser.go_to_tab(&workstation);
    browser.console();
    assert_eq!(browser.attribute("main", "data-scene").unwrap(), number, "the scene has changed");

    // Opened twice, and reloaded: it is one workstation, and what was sent once is not done again.
    browser.open_tab(&corridor.address);
    browser.sees("Your PIN");
    browser.fill("PIN", PIN);
    browser.press("Enter");
    browser.sees("Choose a new PIN");
    let tried = tries(&card);
    browser.reload();
    browser.sees("Choose a new PIN");
    browser.go_to_tab(&workstation);
    browser.sees("Choose a new PIN");
    let again = ask(&corridor, "POST", "/act", &[cookie, origin, same, typed], &form);
    assert_eq!((again.0, tries(&card)), (303, tried), "a form of an earlier scene was taken");
    assert!(!(corridor.log() + &corridor.site.log()).contains(PIN));
}
