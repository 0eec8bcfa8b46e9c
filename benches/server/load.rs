//! The load: TLS connections kept alive, one thread each, taking the next piece of work from a shared count.

use anyhow::{Context, Result, ensure};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

const ANSWERED_WITHIN: Duration = Duration::from_secs(60);
const LONGEST_BODY: usize = 1 << 20;

/// What a batch took.
pub struct Outcome {
    pub wall: Duration,
    /// One a piece of work, in no order.
    pub latencies: Vec<Duration>,
}

/// Where a server listens, and whose certificate it shows.
#[derive(Clone)]
pub struct Place {
    /// `127.0.0.1:8443`.
    pub address: String,
    pub tls: Arc<ClientConfig>,
}

impl Place {
    /// `root`: DER.
    pub fn new(address: String, root: Vec<u8>) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(root))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { address, tls: Arc::new(config) })
    }
}

/// Does pieces 0 to `count` of some work over that many connections, to one place after the other; the clock starts when all
/// are connected.
pub fn run(
    places: &[&Place],
    connections: usize,
    count: usize,
    work: impl Fn(&mut Connection, usize) -> Result<()> + Sync,
) -> Result<Outcome> {
    let (next, start) = (AtomicUsize::new(0), Barrier::new(connections + 1));
    let one = |place: &Place| -> Result<Vec<Duration>> {
        let connection = Connection::open(place);
        start.wait();
        let mut connection = connection?;
        let mut latencies = Vec::new();
        loop {
            let piece = next.fetch_add(1, Ordering::Relaxed);
            if piece >= count {
                return Ok(latencies);
            }
            let begun = Instant::now();
            work(&mut connection, piece)?;
            latencies.push(begun.elapsed());
        }
    };
    std::thread::scope(|scope| {
        let threads: Vec<_> = places.iter().cycle().take(connections).map(|place| scope.spawn(|| one(place))).collect();
        start.wait();
        let begun = Instant::now();
        let mut latencies = Vec::with_capacity(count);
        for thread in threads {
            latencies.extend(thread.join().map_err(|_| anyhow::anyhow!("a connection's thread panicked"))??);
        }
        Ok(Outcome { wall: begun.elapsed(), latencies })
    })
}

/// HTTP/1.1, as little of it as these servers need: an answer has a Content-Length or no body.
pub struct Connection {
    stream: BufReader<StreamOwned<ClientConnection, TcpStream>>,
    host: String,
}

/// What came back.
pub struct Answer {
    pub status: u16,
    /// The last cookie that is set, with its marks; empty without one.
    pub cookie: String,
    /// The entity tag; empty without one.
    pub tag: String,
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text, if the status is this one.
    pub fn expect(self, status: u16) -> Result<String> {
        let text = String::from_utf8(self.body)?;
        ensure!(self.status == status, "status {} where {status} was expected: {text}", self.status);
        Ok(text)
    }
}

impl Connection {
    /// Connects, and shakes hands before anything is measured.
    pub fn open(place: &Place) -> Result<Self> {
        let mut stream = TcpStream::connect(&place.address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(ANSWERED_WITHIN))?;
        let name = ServerName::try_from("localhost")?;
        let mut tls = ClientConnection::new(Arc::clone(&place.tls), name)?;
        while tls.is_handshaking() {
            tls.complete_io(&mut stream)?;
        }
        Ok(Self { stream: BufReader::new(StreamOwned::new(tls, stream)), host: place.address.clone() })
    }

    /// Sends a JSON body, or none, and reads the answer; `headers` end in CRLF each.
    pub fn call(&mut self, method: &str, path: &str, headers: &str, body: &str) -> Result<Answer> {
        let kind = if body.is_empty() { "" } else { "Content-Type: application/json\r\n" };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\n{kind}{headers}Content-Length: {}\r\n\r\n{body}",
            self.host,
            body.len()
        );
        self.stream.get_mut().write_all(request.as_bytes())?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
        let first = self.line()?;
        let status = first.split(' ').nth(1).context("no status line")?.parse()?;
        let (mut length, mut cookie, mut tag) = (0, String::new(), String::new());
        loop {
            let line = self.line()?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(':').context("a header without a colon")?;
            ensure!(!name.eq_ignore_ascii_case("transfer-encoding"), "a body in chunks");
            if name.eq_ignore_ascii_case("content-length") {
                length = value.trim().parse()?;
            }
            if name.eq_ignore_ascii_case("set-cookie") {
                value.trim().clone_into(&mut cookie);
            }
            if name.eq_ignore_ascii_case("etag") {
                value.trim().clone_into(&mut tag);
            }
        }
        ensure!(length <= LONGEST_BODY, "a body of {length} bytes");
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(Answer { status, cookie, tag, body })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        ensure!(line.ends_with('\n'), "the connection ended within a header");
        line.truncate(line.trim_end().len());
        Ok(line)
    }
}
