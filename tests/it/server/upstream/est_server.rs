//! An EST server that does what a test tells it: TLS by rustls, certificates by a CA of its own, CMS by OpenSSL.

use crate::support::by_hand::receive;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::ca::{CertificateAuthority, EmbeddedCa, IssueOrder, KeyPlace, RootOrder, SubjectAltName};
use cardwright::pkix::{Certificate, CertificationRequest, KeyAlgorithm, KeyUsage, MemoryKey, Signer};
use cardwright::secret::Passphrase;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use std::io::Write;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use tempfile::TempDir;
use time::{Duration, OffsetDateTime};

pub const USER: &str = "cardwright";
pub const PASSWORD: &str = "estpwd";

/// What the next calls are answered with.
#[derive(Clone, Debug)]
pub enum Next {
    /// 202, to be asked for again after so many seconds.
    Pending(u32),
    /// A certificate with this common name.
    Issue(&'static str),
    /// A certificate for a key of nobody's.
    OtherKey,
    /// This status with this body.
    Say(u16, Vec<u8>),
    /// The CA's own certificate.
    Authority,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub struct Seen {
    pub head: String,
    pub body: Vec<u8>,
}

pub struct EstServer {
    pub directory: TempDir,
    pub address: SocketAddr,
    inner: Arc<Inner>,
    thread: Option<JoinHandle<()>>,
}

struct Inner {
    ca: EmbeddedCa,
    next: Mutex<Vec<Next>>,
    seen: Mutex<Vec<Seen>>,
    authority: Mutex<Option<Vec<u8>>>,
    stop: AtomicBool,
    away: AtomicBool,
}

impl EstServer {
    /// `mutual`: only callers with a certificate of its CA get in; a password is asked for otherwise.
    pub fn start(mutual: bool) -> Self {
        let directory = crate::support::directory::temporary();
        let place = KeyPlace::File {
            path: directory.path().join("ca.key"),
            passphrase: Passphrase::new("of the EST server".into()),
        };
        let root =
            RootOrder { subject: "CN=EST Root".into(), algorithm: KeyAlgorithm::P256, validity: Duration::days(3650) };
        let now = OffsetDateTime::now_utc();
        let ca = EmbeddedCa::create(&root, place, &directory.path().join("ca.pem"), now).unwrap();
        let config = Arc::new(tls(&ca, mutual));
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let (next, seen, authority) = (Mutex::default(), Mutex::default(), Mutex::default());
        let inner =
            Arc::new(Inner { ca, next, seen, authority, stop: AtomicBool::new(false), away: AtomicBool::new(false) });
        let serving = Arc::clone(&inner);
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stop.load(Ordering::SeqCst) {
                    break;
                }
                if serving.away.load(Ordering::SeqCst) {
                    continue;
                }
                // A caller that does not trust us hangs up.
                let _ = serve(&serving, stream.unwrap(), &config, mutual);
            }
        });
        Self { directory, address, inner, thread: Some(thread) }
    }

    pub fn will(&self, next: &[Next]) {
        *self.inner.next.lock().unwrap() = next.iter().rev().cloned().collect();
    }

    /// Hangs up on every caller from now on, or no more.
    pub fn is_away(&self, away: bool) {
        self.inner.away.store(away, Ordering::SeqCst);
    }

    /// What `/cacerts` is answered with instead of the CA's certificate.
    pub fn says_of_itself(&self, message: &[u8]) {
        *self.inner.authority.lock().unwrap() = Some(message.to_vec());
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.inner.seen.lock().unwrap().clone()
    }

    pub fn authority(&self) -> &Certificate {
        &self.inner.ca.chain()[0]
    }

    pub fn issue(&self, order: &IssueOrder) -> Certificate {
        self.inner.ca.issue(order, OffsetDateTime::now_utc()).unwrap()
    }

    pub fn settings(&self) -> String {
        let ca = self.directory.path().join("ca.pem").display().to_string();
        let url = format!("https://{}/.well-known/est", self.address);
        format!("protocol = \"est\"\nurl = \"{url}\"\ntls_trust = \"{ca}\"\nchain = \"{ca}\"\n")
    }
}

impl Drop for EstServer {
    fn drop(&mut self) {
        self.inner.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        let _ = self.thread.take().unwrap().join();
    }
}

fn tls(ca: &EmbeddedCa, mutual: bool) -> ServerConfig {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let order = IssueOrder {
        subject_alt_names: vec![SubjectAltName::Ip("127.0.0.1".parse().unwrap())],
        extended_key_usages: vec!["1.3.6.1.5.5.7.3.1".into()],
        ..IssueOrder::bare(key.public_key().clone())
    };
    let certificate = ca.issue(&order, OffsetDateTime::now_utc()).unwrap();
    let chain = vec![CertificateDer::from(certificate.der().to_vec())];
    let key = PrivatePkcs8KeyDer::from(key.expose_pkcs8().to_vec());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = if mutual {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(ca.chain()[0].der().to_vec())).unwrap();
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    builder.with_single_cert(chain, key.into()).unwrap()
}

fn serve(inner: &Inner, stream: TcpStream, config: &Arc<ServerConfig>, mutual: bool) -> std::io::Result<()> {
    let connection = ServerConnection::new(Arc::clone(config)).unwrap();
    let mut stream = StreamOwned::new(connection, stream);
    let (head, body) = receive(&mut stream)?;
    let expected = format!("basic {}", STANDARD.encode(format!("{USER}:{PASSWORD}"))).to_lowercase();
    let allowed = mutual || head.to_lowercase().contains(&format!("authorization: {expected}"));
    let asks_for_authority = head.starts_with("GET /.well-known/est/cacerts ");
    let next = if asks_for_authority {
        inner.authority.lock().unwrap().clone().map(|message| Next::Say(200, message)).or(Some(Next::Authority))
    } else {
        inner.seen.lock().unwrap().push(Seen { head, body: body.clone() });
        inner.next.lock().unwrap().pop()
    };
    let (status, headers, answer) = match next {
        Some(Next::Authority) => (200, cms_headers(), wrapped(&inner.ca.chain()[0])),
        _ if !allowed && !asks_for_authority => {
            (401, "WWW-Authenticate: Basic realm=\"est\"\r\n".to_owned(), b"who are you?".to_vec())
        }
        None => (404, String::new(), b"nothing more".to_vec()),
        Some(Next::Pending(seconds)) => (202, format!("Retry-After: {seconds}\r\n"), b"wait".to_vec()),
        Some(Next::Say(status, body)) => (status, String::new(), body),
        Some(Next::Issue(name)) => (200, cms_headers(), certs_only(inner, &requested(&body), name)),
        Some(Next::OtherKey) => {
            let other = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
            let order = IssueOrder { subject: "CN=alice".into(), ..IssueOrder::bare(other.public_key().clone()) };
            let certificate = inner.ca.issue(&order, OffsetDateTime::now_utc()).unwrap();
            (200, cms_headers(), wrapped(&certificate))
        }
    };
    let head = format!("HTTP/1.1 {status} x\r\nConnection: close\r\n{headers}Content-Length: {}\r\n\r\n", answer.len());
    stream.write_all(head.as_bytes())?;
    stream.write_all(&answer)?;
    stream.conn.send_close_notify();
    stream.flush()
}

fn cms_headers() -> String {
    "Content-Type: application/pkcs7-mime; smime-type=certs-only\r\nContent-Transfer-Encoding: base64\r\n".into()
}

/// The certification request in a body.
pub fn requested(body: &[u8]) -> CertificationRequest {
    let text: Vec<u8> = body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    CertificationRequest::from_der(&STANDARD.decode(text).unwrap()).unwrap()
}

fn certs_only(inner: &Inner, request: &CertificationRequest, name: &str) -> Vec<u8> {
    request.verify().unwrap();
    let order = IssueOrder {
        subject: format!("CN={name}"),
        key_usage: vec![KeyUsage::DigitalSignature],
        extended_key_usages: vec!["1.3.6.1.5.5.7.3.2".into()],
        ..IssueOrder::bare(request.public_key().clone())
    };
    wrapped(&inner.ca.issue(&order, OffsetDateTime::now_utc()).unwrap())
}

/// A certs-only message as OpenSSL writes it, base64.
fn wrapped(certificate: &Certificate) -> Vec<u8> {
    let mut child = Command::new("openssl")
        .args(["crl2pkcs7", "-nocrl", "-certfile", "/dev/stdin", "-outform", "DER"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(certificate.to_pem().as_bytes()).unwrap();
    let der = child.wait_with_output().unwrap().stdout;
    let lines: Vec<String> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8(line.to_vec()).unwrap()).collect();
    (lines.join("\n") + "\n").into_bytes()
}
