//! Certificates a second by `cardwright serve`, durable, against Debian's `cfssl serve`, pgbench and this machine.
//!
//! The same load for all: P-256 certification requests with distinct keys made beforehand, over TLS on loopback,
//! connections kept alive, rounds in turn. Ours is measured by the whole flow (request, certificate, completion: three
//! calls, each durable and with its record in the audit log before it is answered), on SQLite and on PostgreSQL; cfssl by its
//! one call, without a database, as it comes, and with SQLite at our setting. Each server logs as it does by default,
//! to a file. Then the limits: signatures of one core, durable writes, and pgbench with the rows of a flow; and what
//! a store with millions of rows does to a call. With `pages`: what a desk looks at, in a small store and in a large one.
//! With `flow`: the flow on both databases beside pgbench, and nothing else.

#![allow(clippy::print_stdout)]

#[path = "../tests/it/support/browser/mod.rs"]
#[allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]
mod browser;
#[path = "server/cfssl.rs"]
mod cfssl;
#[path = "support/crowd.rs"]
mod crowd;
#[path = "../tests/it/support/directory.rs"]
#[allow(dead_code, clippy::unwrap_used)]
mod directory;
#[path = "server/flow.rs"]
mod flow;
#[path = "../tests/it/support/found.rs"]
mod found;
#[path = "server/large.rs"]
mod large;
#[path = "server/limits.rs"]
mod limits;
#[path = "server/load.rs"]
mod load;
#[path = "server/ours.rs"]
mod ours;
#[path = "server/pages.rs"]
mod pages;
#[path = "server/postgres.rs"]
mod postgres;
mod support;

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, name};
use cfssl::Cfssl;
use load::Outcome;
use ours::Ours;
use postgres::Postgres;
use std::path::Path;
use std::time::Duration;
use support::numbers::{Spread, milliseconds, quantile};
use support::process::{Service, fresh_directory};
use support::table;

/// Asks for what a desk looks at in a store of a million cards, and nothing else.
const PAGES: &str = "pages";
/// Asks for the flow on both databases beside pgbench, and nothing else.
const FLOW: &str = "flow";
const ROUNDS: usize = 3;
/// Connections, and certificates a round: about a second's work each.
const LOADS: [(usize, usize); 3] = [(1, 300), (8, 1000), (64, 2000)];
const WARM_UP: usize = 300;
/// A database that commits one by one is given fewer.
const DURABLE_PART: usize = 4;

/// The CA's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    P256,
    Rsa2048,
}

impl Key {
    fn name(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Rsa2048 => "rsa2048",
        }
    }

    fn cfssl(self) -> (&'static str, u32) {
        match self {
            Self::P256 => ("ecdsa", 256),
            Self::Rsa2048 => ("rsa", 2048),
        }
    }
}

/// One of those compared, under one load.
struct Column {
    name: &'static str,
    connections: usize,
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
    fn new(name: &'static str, connections: usize) -> Self {
        Self { name, connections, rounds: Vec::new(), peak_mebibytes: f64::NAN }
    }

    /// Runs a batch and keeps its measure.
    fn add(&mut self, server: &Service, work: impl FnOnce() -> Result<Outcome>) -> Result<()> {
        let before = server.cpu()?;
        let outcome = work()?;
        let server_cpu = server.cpu()? - before;
        self.rounds.push(Round { outcome, server_cpu });
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
            self.connections.to_string(),
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

/// What pgbench did with the rows of a flow, next to each round of ours on PostgreSQL.
struct Pgbench {
    connections: usize,
    rates: Vec<f64>,
    /// Ours to its.
    ratios: Vec<f64>,
}

/// All four under every load, with a CA key of this kind.
fn compared(directory: &Path, key: Key, postgres: &Postgres) -> Result<(Vec<Column>, Vec<Pgbench>)> {
    let (plain, durable) = (Cfssl::start(directory, key, false)?, Cfssl::start(directory, key, true)?);
    let lite = Ours::start(&subdirectory(directory, "sqlite")?, key, "", None)?;
    let database = postgres.database(key.name())?;
    let large = Ours::start(&subdirectory(directory, "postgres-server")?, key, &postgres.settings(&database), None)?;
    let yardstick = postgres.yardstick(&database, directory)?;
    let warm = certification_requests(WARM_UP)?;
    plain.sign(8, &warm)?;
    durable.sign(8, &warm[..WARM_UP / DURABLE_PART])?;
    lite.flow(8, &warm)?;
    large.flow(8, &warm)?;
    let (mut columns, mut pgbench) = (Vec::new(), Vec::new());
    for (connections, batch) in LOADS {
        let mut beside = Pgbench { connections, rates: Vec::new(), ratios: Vec::new() };
        let mut group =
            ["cfssl, no database", "cfssl, SQLite (WAL, FULL)", "cardwright, SQLite", "cardwright, PostgreSQL"]
                .map(|name| Column::new(name, connections));
        for _ in 0..ROUNDS {
            let requests = certification_requests(batch)?;
            let [first, second, third, fourth] = &mut group;
            first.add(&plain.service, || plain.sign(connections, &requests))?;
            second.add(&durable.service, || durable.sign(connections, &requests[..batch / DURABLE_PART]))?;
            third.add(&lite.server.service, || lite.flow(connections, &requests))?;
            fourth.add(&large.server.service, || large.flow(connections, &requests))?;
            let rate = yardstick.rate()?;
            beside.ratios.extend(fourth.rounds.last().map(|round| round.rate() / rate));
            beside.rates.push(rate);
        }
        columns.extend(group);
        pgbench.push(beside);
    }
    Ok((columns, pgbench))
}

fn subdirectory(directory: &Path, name: &str) -> Result<std::path::PathBuf> {
    let path = directory.join(name);
    std::fs::create_dir(&path)?;
    Ok(path)
}

fn main() -> Result<()> {
    let directory = fresh_directory("server")?;
    let postgres = Postgres::start(&directory)?;
    for (word, told) in [(PAGES, pages::told as fn(&Path, &Postgres) -> Result<()>), (FLOW, flow::told)] {
        if std::env::args().any(|argument| argument == word) {
            return told(&directory, &postgres);
        }
    }
    for key in [Key::P256, Key::Rsa2048] {
        let (columns, pgbench) = compared(&subdirectory(&directory, key.name())?, key, &postgres)?;
        publish(key, &columns)?;
        publish_pgbench(key, &pgbench)?;
    }
    limits_told(&directory)?;
    large::told(&directory, &postgres)
}

fn publish(key: Key, columns: &[Column]) -> Result<()> {
    let rows: Vec<Vec<String>> = columns
        .iter()
        .filter_map(|column| Some(column.row(columns.iter().find(|first| first.connections == column.connections)?)))
        .collect();
    let head = [
        "server",
        "connections",
        "certificates/s",
        "ratio to cfssl, no database",
        "server CPU, µs each",
        "p50, ms",
        "p99, ms",
        "peak MiB",
    ];
    let notes = [
        format!(
            "{} CA, TLS on loopback, {ROUNDS} rounds in turn; the load comes from the same machine. Medians of the \
             rounds (least to greatest). Ours is the whole flow of three calls, durable and audited when it answers; \
             cfssl's is its one call. PostgreSQL's own processor time is not counted.",
            key.name()
        ),
        format!("`make bench-server`, {}.", table::machine()),
    ];
    table::publish(&format!("server-{}", key.name()), &format!("Server, {} CA", key.name()), &head, &rows, &notes)
}

fn publish_pgbench(key: Key, pgbench: &[Pgbench]) -> Result<()> {
    let row = |beside: &Pgbench| {
        let rate = Spread::of(beside.rates.iter().copied()).told(0);
        vec![beside.connections.to_string(), rate, Spread::of(beside.ratios.iter().copied()).told(2)]
    };
    let head = ["connections", "pgbench, flows/s", "cardwright, PostgreSQL, to pgbench"];
    let notes = [format!(
        "pgbench writes the rows of a flow by plain statements, three transactions, prepared, over the socket, in a database of \
         its own, for {} s after each round of ours, with the clients (8, 16, 32 or 64) with which it does best; it signs \
         nothing, decides nothing, and speaks no TLS.",
        postgres::SECONDS
    )];
    let rows: Vec<_> = pgbench.iter().map(row).collect();
    table::publish(
        &format!("server-pgbench-{}", key.name()),
        &format!("Beside pgbench, {} CA", key.name()),
        &head,
        &rows,
        &notes,
    )
}

fn limits_told(directory: &Path) -> Result<()> {
    let rows = [
        vec!["P-256 signatures, one core".into(), format!("{:.0}", limits::signatures(Key::P256)?)],
        vec!["RSA-2048 signatures, one core".into(), format!("{:.0}", limits::signatures(Key::Rsa2048)?)],
        vec![
            "durable writes of 8 KiB, one after the other".into(),
            format!("{:.0}", limits::durable_writes(directory)?),
        ],
    ];
    table::publish("server-limits", "Server: limits", &["what", "a second"], &rows, &[])
}
