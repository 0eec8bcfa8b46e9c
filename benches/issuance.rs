//! Certificates issued per second by `cardwright serve` against Debian's `cfssl serve`, on this machine.
//!
//! Same load for all: P-256 certification requests with distinct keys made beforehand, plain HTTP on loopback,
//! [`CONNECTIONS`] kept alive, rounds in turn. A P-256 CA signs everywhere. Ours answers once the certificate is on disk
//! (SQLite, WAL, synchronous FULL); cfssl is measured without a database, as it comes, and with SQLite at the same
//! setting. Ours is measured twice: the call that issues, on requests made and cards assigned beforehand, and the whole
//! workflow of four calls. Each server logs as it does by default, to a file.

#![allow(clippy::print_stdout)]

#[path = "issuance/load.rs"]
mod load;
#[path = "issuance/sides.rs"]
mod sides;
mod support;

use anyhow::{Context, Result, ensure};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, name};
use load::Outcome;
use sides::{Cfssl, Ours};
use std::time::Duration;
use support::numbers::{Spread, milliseconds, quantile};
use support::process::{Service, fresh_directory};
use support::table;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
/// Certificates a round, and before the first one.
const BATCH: usize = 2000;
const WARM_UP: usize = 500;
/// A database that commits one by one is given fewer.
const DURABLE_BATCH: usize = 500;

/// One of those compared.
struct Column {
    name: &'static str,
    rounds: Vec<Round>,
    peak_mebibytes: f64,
}

/// A batch, measured.
struct Round {
    outcome: Outcome,
    server_cpu: Duration,
}

impl Round {
    fn rate(&self) -> f64 {
        self.outcome.latencies.len() as f64 / self.outcome.wall.as_secs_f64()
    }

    /// Microseconds a certificate.
    fn cpu(&self) -> f64 {
        self.server_cpu.as_secs_f64() * 1e6 / self.outcome.latencies.len() as f64
    }

    fn latency(&self, part: f64) -> f64 {
        let mut sorted: Vec<f64> = self.outcome.latencies.iter().copied().map(milliseconds).collect();
        sorted.sort_by(f64::total_cmp);
        quantile(&sorted, part)
    }
}

impl Column {
    fn new(name: &'static str) -> Self {
        Self { name, rounds: Vec::new(), peak_mebibytes: 0.0 }
    }

    /// Runs a batch and keeps its measure, unless it is the one for warmth.
    fn add(&mut self, keep: bool, server: &Service, work: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        let before = server.cpu()?;
        let outcome = work()?;
        let server_cpu = server.cpu()? - before;
        if keep {
            self.rounds.push(Round { outcome, server_cpu });
        }
        self.peak_mebibytes = peak_mebibytes(server.process())?;
        Ok(())
    }

    fn spread(&self, of: impl Fn(&Round) -> f64) -> Spread {
        Spread::of(self.rounds.iter().map(of))
    }

    fn row(&self, first: &Column) -> Vec<String> {
        let ratio = Spread::of(self.rounds.iter().zip(&first.rounds).map(|(own, other)| own.rate() / other.rate()));
        vec![
            self.name.to_owned(),
            self.spread(Round::rate).told(0),
            ratio.told(2),
            format!("{:.0}", self.spread(Round::cpu).median),
            format!("{:.1}", self.spread(|round| round.latency(0.5)).median),
            format!("{:.1}", self.spread(|round| round.latency(0.99)).median),
            format!("{:.0}", self.peak_mebibytes),
        ]
    }
}

/// The most memory a process had resident so far, in MiB.
fn peak_mebibytes(process: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes / 1024.0)
}

/// Certification requests, DER, each for a key of its own.
fn certification_requests(count: usize) -> Result<Vec<Vec<u8>>> {
    let content = RequestContent { subject: name::parse("CN=bench")?, ..RequestContent::default() };
    let one = || Ok(build(&content, &MemoryKey::generate(KeyAlgorithm::P256)?)?.der().to_vec());
    (0..count).map(|_| one()).collect()
}

fn pem(der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = text.as_bytes().chunks(64).filter_map(|line| std::str::from_utf8(line).ok()).collect();
    format!("-----BEGIN CERTIFICATE REQUEST-----\n{}\n-----END CERTIFICATE REQUEST-----\n", lines.join("\n"))
}

fn main() -> Result<()> {
    let directory = fresh_directory("issuance")?;
    let (cfssl, durable) = (Cfssl::start(&directory, false)?, Cfssl::start(&directory, true)?);
    let ours = Ours::start(&directory)?;
    let mut columns = [
        Column::new("cfssl serve, no database"),
        Column::new("cfssl serve, SQLite (WAL, FULL)"),
        Column::new("cardwright serve, certificatedata"),
        Column::new("cardwright serve, whole workflow (4 calls)"),
    ];
    for round in 0..=ROUNDS {
        let (keep, batch) = if round == 0 { (false, WARM_UP) } else { (true, BATCH) };
        let [plain, stored, issued, whole] = &mut columns;
        let requests = certification_requests(batch)?;
        plain.add(keep, &cfssl.service, || cfssl.sign(&requests))?;
        let prepared = ours.prepare(certification_requests(batch)?)?;
        issued.add(keep, &ours.server.service, || ours.issue(&prepared))?;
        stored.add(keep, &durable.service, || durable.sign(&requests[..batch.min(DURABLE_BATCH)]))?;
        let requests = certification_requests(batch)?;
        whole.add(keep, &ours.server.service, || ours.whole(&requests))?;
    }
    let expected = 2 * (WARM_UP + ROUNDS * BATCH);
    let found = ours.certificates()?;
    ensure!(found == expected, "{found} certificates are in our database, and {expected} were issued");
    publish(&columns)
}

fn publish(columns: &[Column]) -> Result<()> {
    let Some(first) = columns.first() else { return Ok(()) };
    let rows: Vec<Vec<String>> = columns.iter().map(|column| column.row(first)).collect();
    let head =
        ["server", "certificates/s", "ratio to the first", "server CPU, µs each", "p50, ms", "p99, ms", "peak MiB"];
    let notes = [
        format!(
            "P-256, plain HTTP on loopback, {CONNECTIONS} connections, {ROUNDS} rounds in turn of {BATCH} certificates \
             ({DURABLE_BATCH} for cfssl with SQLite); the load comes from the same machine. Medians of the rounds (least to greatest)."
        ),
        "Ours is durable when it answers, and the answer carries the CMC response with the chain, signed too."
            .to_owned(),
        format!("`cargo bench --bench issuance`, {}.", table::machine()),
    ];
    table::publish("issuance", "Issuance", &head, &rows, &notes)
}
