//! The shell around the calls: bounds, refusals, and what they look like.

use super::support::{API, EXTENSION, Lab};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration as Wait;
use time::{Duration, OffsetDateTime};

#[test]
fn every_refusal_has_a_code_and_a_correlation_id() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let token = Some(alice.token.as_str());
    let requests = format!("{API}/requests");
    let json_type = "application/json";
    let cases = [
        (lab.call(None, "GET", &requests, None), 401, "not-authenticated"),
        (lab.call(Some("AAAA"), "GET", &requests, None), 401, "not-authenticated"),
        (lab.call(token, "GET", &format!("{API}/nothing"), None), 404, "not-found"),
        (lab.call(None, "GET", &format!("{API}/nothing"), None), 401, "not-authenticated"),
        (lab.call(token, "PUT", &requests, None), 405, "wrong-method"),
        (lab.call(token, "DELETE", &requests, None), 405, "wrong-method"),
        (lab.call(token, "GET", &format!("{API}/requests/nonsense"), None), 400, "bad-parameter"),
        (lab.call(token, "GET", &format!("{EXTENSION}/users"), None), 400, "missing-parameter"),
        (lab.call_raw(token, "POST", &requests, Some(b"{"), json_type), 400, "malformed-body"),
        (lab.call_raw(token, "POST", &requests, Some(b"{}"), "text/plain"), 415, "unsupported-media-type"),
        (lab.call_raw(token, "POST", &requests, Some(&vec![b' '; 300_000]), json_type), 413, "body-too-large"),
        (lab.call(None, "POST", "/pki/ca.crl", None), 405, "wrong-method"),
    ];
    for (answer, status, code) in cases {
        let id = answer.json()["CorrelationId"].as_str().unwrap_or("").to_owned();
        assert_eq!(answer.headers["x-correlation-id"], id.as_str());
        assert_eq!(answer.headers["cache-control"], "no-store");
        assert!(!answer.json()["Message"].as_str().unwrap_or("").is_empty());
        assert_eq!(answer.refusal(), (status, code.into()));
    }
    assert_eq!(lab.call(None, "GET", &requests, None).headers["www-authenticate"], "Bearer");
    assert_eq!(lab.call(token, "PUT", &requests, None).headers["allow"], "POST, GET, HEAD, OPTIONS");
}

#[test]
fn an_expired_token_is_told_apart_from_a_wrong_one() {
    let lab = Lab::plain(|template| template);
    let past = lab.user_until("alice", &[], OffsetDateTime::now_utc() - Duration::seconds(1));
    assert_eq!(lab.get(&past, &format!("{EXTENSION}/whoami")).refusal(), (401, "token-expired".into()));
    let now = lab.user("bob", &["staff"]);
    let bob = lab.get(&now, &format!("{EXTENSION}/whoami")).ok();
    assert_eq!(bob, json!({"Uuid": now.uuid, "Name": "bob", "Groups": ["staff"]}));
}

#[test]
fn what_the_server_does_not_offer_is_refused_without_half_effect() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let card = lab.enrolled(&alice);
    let ask = |kind: &str| {
        let body = json!({"datacollection": [], "type": kind, "smartcard": card.smartcard, "comment": ""});
        lab.post(&alice, &format!("{API}/requests"), body).refusal()
    };
    assert_eq!(ask("Recover"), (409, "workflow-disabled".into()));
    assert_eq!(ask("Duplicate"), (409, "workflow-disabled".into()));
    assert_eq!(ask("OfflineUnblock"), (403, "forbidden".into()));
    assert_eq!(lab.get(&alice, &format!("{API}/requests")).ok().as_array().unwrap().len(), 1);
    let pin = format!("{API}/smartcards/{}/serverproposedpin", card.smartcard);
    assert_eq!(lab.get(&alice, &pin).refusal(), (404, "not-found".into()));
}

#[test]
fn a_body_of_unknown_length_is_bounded_too() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let mut stream = TcpStream::connect(lab.server.as_ref().unwrap().addr).unwrap();
    stream.set_read_timeout(Some(Wait::from_secs(20))).unwrap();
    let head = format!(
        "POST {API}/requests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n",
        alice.token
    );
    stream.write_all(head.as_bytes()).unwrap();
    // One byte too many, and not one more: bytes left unread would have the kernel reset the connection.
    let chunk = [b"8000\r\n".as_slice(), &[b' '; 0x8000], b"\r\n"].concat();
    for _ in 0..8 {
        stream.write_all(&chunk).unwrap();
    }
    stream.write_all(b"1\r\n \r\n").unwrap();
    let mut answer = [0; 64];
    let read = stream.read(&mut answer).unwrap_or(0);
    assert!(answer[..read].starts_with(b"HTTP/1.1 413 "), "{}", String::from_utf8_lossy(&answer[..read]));
}

#[test]
fn work_begun_is_finished_when_the_server_stops() {
    let mut lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let addr = lab.server.as_ref().unwrap().addr;
    let body = format!(
        "{{\"profiletemplateuuid\":\"{}\",\"datacollection\":[],\"type\":\"Enroll\",\"comment\":\"\"}}",
        lab.template
    );
    let mut stream = TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(Wait::from_secs(20))).unwrap();
    let head = format!(
        "POST {API}/requests HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        alice.token,
        body.len()
    );
    let (first, rest) = body.split_at(10);
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(first.as_bytes()).unwrap();
    std::thread::sleep(Wait::from_millis(200));
    let server = lab.server.take().unwrap();
    let stopping = std::thread::spawn(move || server.stop());
    std::thread::sleep(Wait::from_millis(200));
    stream.write_all(rest.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    stopping.join().unwrap().unwrap();
    assert!(TcpStream::connect(addr).is_err());
    lab.start();
    assert_eq!(lab.get(&alice, &format!("{API}/requests")).ok().as_array().unwrap().len(), 1);
}
