//! Lists and responders are asked for real: OpenSSL answers, or somebody who answers badly, or nobody.

use cardwright::doctor::logon::Finding;
use cardwright::pkix::Certificate;
use cardwright::published::{Limits, Published};
use rcgen::{CertificateParams, CrlDistributionPoint, CustomExtension, Issuer, KeyPair};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use time::{Duration, OffsetDateTime};

use super::{Bench, codes, fit, judged};
use crate::support::certificates::{authority, authority_key, certificate_with, list, list_by, named};
use crate::support::directory;

/// What is answered, by path; the serial number of the certificate that it is about is told beforehand.
pub struct Place {
    pub address: String,
    pub asked: Arc<AtomicUsize>,
    serial: Arc<Mutex<Vec<u8>>>,
}

impl Place {
    /// Answers from now on; `more` is what is at a path besides.
    pub fn new(more: impl Fn(&str) -> Option<Vec<u8>> + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (asked, serial) = (Arc::new(AtomicUsize::new(0)), Arc::new(Mutex::new(Vec::new())));
        let (counted, about) = (Arc::clone(&asked), Arc::clone(&serial));
        std::thread::spawn(move || {
            let directory = directory::fresh("published");
            let mut mute = Vec::new();
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                counted.fetch_add(1, Ordering::SeqCst);
                let Some((path, body)) = question(&stream) else { continue };
                if path == "/mute" {
                    mute.push(stream);
                    continue;
                }
                let serial = about.lock().unwrap().clone();
                let answer = more(&path).or_else(|| answer(&path, &body, &serial, &directory));
                let status = if answer.is_some() { "200 OK" } else { "404 Not Found" };
                let answer = answer.unwrap_or_default();
                let head =
                    format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
                // Whoever has had enough hangs up.
                let _ = (&stream).write_all(&[head.into_bytes(), answer].concat());
            }
        });
        Self { address, asked, serial }
    }

    /// A certificate for alice that names these addresses, of paths here or whole ones.
    fn certificate(&self, bench: &Bench, list: &str, responder: &str) -> Vec<u8> {
        let at = |path: &str| if path.starts_with('/') { format!("{}{path}", self.address) } else { path.to_owned() };
        let certificate = certificate_with(&bench.key, "alice", |params| {
            fit(params);
            names(params, (!list.is_empty()).then(|| at(list)), (!responder.is_empty()).then(|| at(responder)), None);
        });
        *self.serial.lock().unwrap() = Certificate::from_der(&certificate).unwrap().serial_bytes();
        certificate
    }
}

/// Names where list, responder and issuer are.
pub fn names(params: &mut CertificateParams, list: Option<String>, responder: Option<String>, issuer: Option<String>) {
    params.crl_distribution_points = list.map(|list| CrlDistributionPoint { uris: vec![list] }).into_iter().collect();
    let tlv = |tag: u8, content: &[u8]| [&[tag, u8::try_from(content.len()).unwrap()], content].concat();
    let access = |method: u8, address: &str| {
        let method = tlv(6, &[0x2B, 6, 1, 5, 5, 7, 0x30, method]);
        tlv(0x30, &[method, tlv(0x86, address.as_bytes())].concat())
    };
    let described: Vec<u8> =
        [responder.map(|it| access(1, &it)), issuer.map(|it| access(2, &it))].into_iter().flatten().flatten().collect();
    if !described.is_empty() {
        let value = tlv(0x30, &described);
        params.custom_extensions.push(CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 1], value));
    }
}

/// Reads a request: its path and body.
fn question(stream: &TcpStream) -> Option<(String, Vec<u8>)> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
        if line == "\r\n" {
            break;
        }
        lines.push(line.to_ascii_lowercase());
    }
    let length = lines.iter().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((lines.first()?.split(' ').nth(1)?.to_owned(), body))
}

fn answer(path: &str, body: &[u8], serial: &[u8], directory: &Path) -> Option<Vec<u8>> {
    Some(match path {
        "/list" => list(&[vec![1]]),
        "/list/revoked" => list(&[vec![1], serial.to_vec()]),
        "/list/of-another" => {
            let mut params = CertificateParams::default();
            params.distinguished_name = named("Test Authority");
            list_by(&Issuer::new(params, KeyPair::generate().unwrap()), &[])
        }
        "/garbage" => b"<html>Please log in to the guests' network</html>".to_vec(),
        "/large" => vec![0x30; 16 * 1024 * 1024 + 1],
        "/responder" => openssl(
            directory,
            body,
            &format!("V\t350101000000Z\t\t{}\tunknown\t/CN=alice\n", hex::encode_upper(serial)),
        ),
        "/responder/revoked" => openssl(
            directory,
            body,
            &format!("R\t350101000000Z\t260101000000Z\t{}\tunknown\t/CN=alice\n", hex::encode_upper(serial)),
        ),
        "/responder/unknown" => openssl(directory, body, ""),
        _ => return None,
    })
}

/// Has OpenSSL answer a question by what its index says.
fn openssl(directory: &Path, question: &[u8], index: &str) -> Vec<u8> {
    let file = |name: &str, content: &[u8]| -> PathBuf {
        let path = directory.join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let (ca, key) = (file("ca.pem", authority().as_bytes()), file("ca.key", authority_key().as_bytes()));
    let (asked, index) = (file("question.der", question), file("index.txt", index.as_bytes()));
    let mut openssl = Command::new("openssl");
    openssl.args(["ocsp", "-nmin", "60", "-index"]).arg(index).arg("-CA").arg(&ca).arg("-rsigner").arg(&ca);
    openssl.arg("-rkey").arg(key).arg("-reqin").arg(asked).arg("-respout").arg(directory.join("answer.der"));
    let done = openssl.stdin(Stdio::null()).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    std::fs::read(directory.join("answer.der")).unwrap()
}

/// What is said of revocation, and by whom.
fn said(findings: &[Finding]) -> Vec<&'static str> {
    let about = ["list", "respo", "revo", "not-revoked"];
    codes(findings).into_iter().filter(|code| about.iter().any(|begins| code.starts_with(begins))).collect()
}

#[test]
fn each_place_that_a_certificate_names_is_asked_and_what_is_wrong_with_one_is_told() {
    let mut bench = Bench::new("doctor-published");
    let place = Place::new(|_| None);
    let closed = format!("http://127.0.0.1:{}/", crate::support::port::unused_port());
    let anchors = [Certificate::from_pem(authority()).unwrap()];
    let (now, later) = (OffsetDateTime::now_utc(), OffsetDateTime::now_utc() + Duration::HOUR * 2);
    let cases: [(&str, &str, OffsetDateTime, &[&str]); 15] = [
        ("/list", "/responder", now, &["not-revoked"]),
        ("/list", "", now, &["not-revoked"]),
        ("", "/responder", now, &["not-revoked"]),
        ("/list/revoked", "/responder", now, &["revoked"]),
        ("/list", "/responder/revoked", now, &["revoked"]),
        ("/list", "/responder", later, &["responder-stale", "list-stale", "revocation-unknown"]),
        ("/garbage", "/garbage", now, &["responder-unusable", "list-unusable", "revocation-unknown"]),
        ("/large", "/large", now, &["responder-unusable", "list-unfetched", "revocation-unknown"]),
        ("/nothing", "/nothing", now, &["responder-unusable", "list-unfetched", "revocation-unknown"]),
        ("/list", "/responder/unknown", now, &["responder-knows-not", "not-revoked"]),
        ("/list/of-another", "", now, &["list-unusable", "revocation-unknown"]),
        (&closed, &closed, now, &["responder-unreached", "list-unfetched", "revocation-unreached"]),
        ("/mute", "", now, &["list-unfetched", "revocation-unreached"]),
        ("ldap://127.0.0.1/cn=list", "", now, &["list-unfetched", "revocation-unreached"]),
        ("", "", now, &["revocation-nowhere"]),
    ];
    for (list, responder, now, expected) in cases {
        let certificate = place.certificate(&bench, list, responder);
        let patience = if list == "/mute" { std::time::Duration::from_millis(300) } else { Limits::default().call };
        let published = Published::new(Limits { call: patience, ..Limits::default() });
        let findings = judged(&bench.card(&certificate), &anchors, Some(&published), now);
        assert_eq!(said(&findings), expected, "{list} {responder}: {findings:?}");
    }
}

#[test]
fn an_address_is_asked_once_and_all_of_them_within_bounds() {
    let mut bench = Bench::new("doctor-bounds");
    let place = Place::new(|_| None);
    let certificate = place.certificate(&bench, "/list", "");
    let anchors = [Certificate::from_pem(authority()).unwrap()];
    let published = Published::new(Limits { calls: 1, ..Limits::default() });
    let now = OffsetDateTime::now_utc();
    for _ in 0..3 {
        assert_eq!(said(&judged(&bench.card(&certificate), &anchors, Some(&published), now)), ["not-revoked"]);
    }
    assert_eq!(place.asked.load(Ordering::SeqCst), 1);
    let other = place.certificate(&bench, "/list/revoked", "");
    let findings = judged(&bench.card(&other), &anchors, Some(&published), now);
    assert_eq!(said(&findings), ["list-unfetched", "revocation-unreached"], "{findings:?}");
    assert_eq!(place.asked.load(Ordering::SeqCst), 1);
    // Whom nobody trusts does not choose whom this computer asks.
    let published = Published::new(Limits::default());
    let stranger = rcgen::generate_simple_self_signed(vec!["stranger".to_owned()]).unwrap().cert;
    let anchors = [Certificate::from_der(stranger.der()).unwrap()];
    let findings = judged(&bench.card(&certificate), &anchors, Some(&published), now);
    assert_eq!(said(&findings), ["revocation-not-asked"], "{findings:?}");
    assert_eq!(place.asked.load(Ordering::SeqCst), 1);
}
