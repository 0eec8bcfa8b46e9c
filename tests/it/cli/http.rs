//! Bodies and certification requests that a real server refuses, by hand; the request they were for is finished after.

use std::io::{Read, Write};

use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::json;

use crate::support::program::end;
use crate::support::site::{API, Site, certificate_body};

/// A certification request (DER) that OpenSSL makes.
fn by_openssl(site: &Site, key: &[&str], hash: &str) -> Vec<u8> {
    let path = site.program.path("odd.csr");
    let mut command = site.program.other("openssl");
    command.args(["req", "-new", "-nodes", "-subj", "/CN=odd", "-keyout", "/dev/null", "-outform", "DER", "-out"]);
    let made = end(command.arg(&path).arg(hash).arg("-newkey").args(key));
    assert!(made.success(), "{made:?}");
    std::fs::read(path).unwrap()
}

fn good() -> Vec<u8> {
    build(&RequestContent::default(), &MemoryKey::generate(KeyAlgorithm::P256).unwrap()).unwrap().der().to_vec()
}

/// Sends bytes over TLS with OpenSSL's own client and returns the head of the answer.
fn raw(site: &Site, call: &[u8]) -> String {
    let mut command = site.program.other("timeout");
    command.args([
        "10",
        "openssl",
        "s_client",
        "-quiet",
        "-ign_eof",
        "-connect",
        site.origin.strip_prefix("https://").unwrap(),
    ]);
    let piped = std::process::Stdio::piped;
    let mut child = command.stdin(piped()).stdout(piped()).stderr(std::process::Stdio::null()).spawn().unwrap();
    let _ = child.stdin.as_mut().unwrap().write_all(call);
    let mut answer = [0; 4096];
    let mut told = String::new();
    while let Ok(read @ 1..) = child.stdout.as_mut().unwrap().read(&mut answer) {
        told += &String::from_utf8_lossy(&answer[..read]);
        if told.contains("CorrelationId") {
            break;
        }
    }
    let _ = child.kill().and_then(|()| child.wait());
    told
}

#[test]
fn bad_certification_requests_are_refused_and_a_good_one_is_served_after() {
    let mut site = Site::new();
    site.person("alice", &[]);
    site.person("mallory", &[]);
    let request = site.executing_request("alice");
    let refused = |csr: &[u8]| site.certificatedata("alice", &request, csr).refusal(&site);

    let mut forged = good();
    *forged.last_mut().unwrap() ^= 1;
    let bad_signature = refused(&forged);
    assert!(
        [(400, "csr-signature".into()), (400, "csr-unreadable".into())].contains(&bad_signature),
        "{bad_signature:?}"
    );
    let mut other = MemoryKey::generate(KeyAlgorithm::Rsa2048)
        .map(|key| build(&RequestContent::default(), &key))
        .unwrap()
        .unwrap()
        .der()
        .to_vec();
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(refused(&other), (400, "csr-signature".into()));
    assert_eq!(refused(b"not a certification request"), (400, "csr-unreadable".into()));
    assert_eq!(refused(&by_openssl(&site, &["rsa:1024"], "-sha256")), (400, "key-too-small".into()));
    let p521 = by_openssl(&site, &["ec", "-pkeyopt", "ec_paramgen_curve:P-521"], "-sha512");
    let (status, code) = refused(&p521);
    assert!(status == 400 && ["key-algorithm", "csr-unreadable"].contains(&code.as_str()), "{code}");
    let sha1 = by_openssl(&site, &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"], "-sha1");
    assert_eq!(refused(&sha1), (400, "hash-algorithm".into()));
    let two = json!({"pfxpassword": "", "certificaterequests": [], "comments": ""});
    let path = format!("{API}/requests/{request}/certificatedata");
    assert_eq!(site.send("alice", "POST", &path, &two).refusal(&site), (400, "csr-count".into()));
    let stranger = site.certificatedata("mallory", &request, &good());
    assert_eq!(stranger.refusal(&site), (404, "not-found".into()));

    assert_eq!(site.get("alice", &format!("{API}/certificates")).status, 204, "something was issued");
    site.certificatedata("alice", &request, &good()).ok();
    let done = site.send("alice", "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    assert_eq!(done["Status"], 8);
    assert_eq!(site.get("alice", &format!("{API}/certificates")).ok().as_array().unwrap().len(), 1);
}

#[test]
fn bodies_that_are_no_json_or_too_long_are_refused_and_change_nothing() {
    let mut site = Site::new();
    site.person("alice", &[]);
    let request = site.executing_request("alice");
    let bearer = site.bearer("alice").to_owned();
    let path = format!("{API}/requests/{request}/certificatedata");
    for body in
        [&b"{\"certificaterequests\": ["[..], b"", b"[]", b"<html>", b"{\"certificaterequests\": 7}", b"\xff\xfe"]
    {
        let answer = site.call(Some(&bearer), "POST", &path, Some(body)).unwrap();
        assert_eq!(answer.refusal(&site).0, 400, "{body:?}: {}", answer.text());
    }
    let cut = site.call(Some(&bearer), "POST", &path, Some(b"{\"certificaterequests\": [")).unwrap();
    assert_eq!(cut.refusal(&site), (400, "malformed-body".into()));
    // So deep that a careless reader would run out of stack.
    let deep = [b"{\"a\":".repeat(20_000), b"}".repeat(20_000)].concat();
    assert_eq!(site.call(Some(&bearer), "POST", &path, Some(&deep)).unwrap().status, 400);

    // A body that is announced too long is refused before it is sent, one that is not announced while it comes.
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {bearer}\r\nContent-Type: application/json\r\n"
    );
    let announced = raw(&site, format!("{head}Content-Length: 1073741824\r\n\r\n").as_bytes());
    assert!(announced.starts_with("HTTP/1.1 413") && announced.contains("body-too-large"), "{announced}");
    let chunk = [b"10000\r\n".to_vec(), vec![b' '; 0x10000], b"\r\n".to_vec()].concat();
    let endless =
        raw(&site, &[format!("{head}Transfer-Encoding: chunked\r\n\r\n").into_bytes(), chunk.repeat(8)].concat());
    assert!(endless.starts_with("HTTP/1.1 413") && endless.contains("body-too-large"), "{endless}");

    let csr = good();
    site.send("alice", "POST", &path, &certificate_body(&csr)).ok();
    let done = site.send("alice", "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    assert_eq!(done["Status"], 8);
}
