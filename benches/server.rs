//! What `cardwright serve` costs, over TLS on loopback and durable: rows of the table that `make bench` prints.
//!
//! The load is the same for all: P-256 certification requests with distinct keys made beforehand, connections kept alive,
//! rounds in turn, the load on the same processors. Ours is measured by the whole flow (request, certificate, completion: three
//! calls, each on disk and in the log of acts before it is answered). Each server logs as it does by default, to a file.
//! With a word it shows one thing at more length: `flow`: the flow on both databases beside pgbench, with 1, 8 and 64
//! connections; `large`: the calls of a flow and lists in a store that is full; `pages`: what a desk looks at there.

#![allow(clippy::print_stdout)]

#[path = "server/alone.rs"]
mod alone;
#[path = "../tests/it/support/browser/mod.rs"]
#[allow(dead_code, clippy::expect_used, clippy::panic, clippy::unwrap_used)]
mod browser;
#[path = "server/calls.rs"]
mod calls;
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
#[path = "server/load.rs"]
mod load;
#[path = "server/ours.rs"]
mod ours;
#[path = "server/pages.rs"]
mod pages;
#[path = "server/pair.rs"]
mod pair;
#[path = "server/postgres.rs"]
mod postgres;
mod support;
#[path = "server/together.rs"]
mod together;

use anyhow::{Context, Result};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, name};
use load::Outcome;
use ours::Ours;
use postgres::Postgres;
use std::path::{Path, PathBuf};
use std::time::Duration;
use support::cardwright::Options;
use support::numbers::{milliseconds, quantile};
use support::process::{Service, fresh_directory};
use support::rows::Rows;

/// Shows one thing at more length.
type View = fn(&Path, &Postgres) -> Result<()>;

/// The views, by the words that ask for them.
const VIEWS: [(&str, View); 3] = [("flow", flow::told), ("large", large::told), ("pages", pages::told)];
const WARM_UP: usize = 300;

/// A batch, measured.
struct Round {
    /// A second.
    rate: f64,
    /// Processor time of the server, in microseconds each.
    cpu: f64,
    /// In milliseconds, growing.
    latencies: Vec<f64>,
}

impl Round {
    fn measured(server: &Service, work: impl FnOnce() -> Result<Outcome>) -> Result<Self> {
        let before = server.cpu()?;
        let outcome = work()?;
        let spent = server.cpu()? - before;
        let count = outcome.latencies.len() as f64;
        let rate = count / outcome.wall.as_secs_f64();
        Ok(Self { rate, cpu: spent.as_secs_f64() * 1e6 / count, latencies: sorted(&outcome.latencies) })
    }

    /// Returns what this part of the work took at most, in milliseconds.
    fn latency(&self, part: f64) -> f64 {
        quantile(&self.latencies, part)
    }
}

/// Milliseconds, growing.
fn sorted(latencies: &[Duration]) -> Vec<f64> {
    let mut sorted: Vec<f64> = latencies.iter().copied().map(milliseconds).collect();
    sorted.sort_by(f64::total_cmp);
    sorted
}

/// Certification requests, DER, each for a key of its own.
fn certification_requests(count: usize) -> Result<Vec<Vec<u8>>> {
    let content = RequestContent { subject: name::parse("CN=bench")?, ..RequestContent::default() };
    let one = || Ok(build(&content, &MemoryKey::generate(KeyAlgorithm::P256)?)?.der().to_vec());
    (0..count).map(|_| one()).collect()
}

fn subdirectory(directory: &Path, name: &str) -> Result<PathBuf> {
    let path = directory.join(name);
    std::fs::create_dir(&path)?;
    Ok(path)
}

fn main() -> Result<()> {
    let directory = fresh_directory("server")?;
    for (word, told) in VIEWS {
        if std::env::args().any(|argument| argument == word) {
            let postgres = Postgres::start(&directory)?.context("PostgreSQL is not installed")?;
            return told(&directory, &postgres);
        }
    }
    let rows = Rows::begin("1-server")?;
    let postgres = Postgres::start(&directory)?;
    let lite = Ours::start(&subdirectory(&directory, "sqlite")?, &Options::default())?;
    lite.flow(8, &certification_requests(WARM_UP)?)?;
    rows.add(&together::rows(&directory, &lite, postgres.as_ref())?)?;
    rows.add(&[pair::row(&directory, postgres.as_ref())?])?;
    rows.add(&[alone::row(&directory, &lite)?])?;
    rows.add(&calls::rows(&directory, &lite)?)
}
