//! What a store with many rows does to a call: the same calls on an empty store and on a full one, in turn.

use super::crowd::Crowd;
use super::load::Outcome;
use super::ours::Ours;
use super::postgres::Postgres;
use super::support::cardwright::Options;
use super::support::numbers::{Spread, quantile};
use super::support::table;
use super::{certification_requests, sorted, subdirectory};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;
use uuid::Uuid;

const ROUNDS: usize = 5;
const READS: usize = 300;
const FLOWS: usize = 400;
const CONNECTIONS: usize = 8;
/// Set to 1000000 for the ten million requests that the server is built for; that takes some ten gigabytes.
const CARDS: &str = "CARDWRIGHT_BENCH_CARDS";
const REQUESTS_A_CARD: u64 = 10;

/// Prints both latencies and their ratio, for both databases.
pub fn told(directory: &Path, postgres: &Postgres) -> Result<()> {
    let cards = std::env::var(CARDS).ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let template = Uuid::parse_str("2f6a9c1e-94a5-4c55-9a40-3f6f0f8a7c11")?;
    let crowd = Crowd { cards, requests: cards * REQUESTS_A_CARD, template };
    let start = |name: &str, settings: &str, fill: Option<&str>| {
        Ours::start(&subdirectory(directory, name)?, &Options { settings, fill, ..Options::default() })
    };
    let empty = start("empty", "", None)?;
    let full = start("full", "", Some(&crowd.sqlite()))?;
    let mut rows = compared("SQLite", &empty, &full)?.to_vec();
    let [empty, full] = ["empty-postgres", "full-postgres"].map(|name| -> Result<_> {
        let database = postgres.database(name)?;
        start(name, &postgres.settings(&database), None)
    });
    let (empty, full) = (empty?, full?);
    postgres.execute("full-postgres", directory, &crowd.postgres())?;
    rows.extend(compared("PostgreSQL", &empty, &full)?);
    let notes =
        [format!("{cards} cards and {} requests stored; medians of the rounds (least to greatest).", crowd.requests)];
    let head = ["calls", "empty store, p50, ms", "full store, p50, ms", "ratio"];
    table::publish("server-large", "Server: a full store", &head, &rows, &notes)
}

fn compared(store: &str, empty: &Ours, full: &Ours) -> Result<[Vec<String>; 2]> {
    let mut reads = (Vec::new(), Vec::new());
    let mut flows = (Vec::new(), Vec::new());
    for round in 0..=ROUNDS {
        let requests = certification_requests(FLOWS)?;
        let measured = |side: &Ours| -> Result<_> {
            Ok((median(&side.reads(READS)?), median_of(side.flow(CONNECTIONS, &requests)?)))
        };
        let (before, after) = (measured(empty)?, measured(full)?);
        // The first round is for warmth.
        if round > 0 {
            reads.0.push(before.0);
            reads.1.push(after.0);
            flows.0.push(before.1);
            flows.1.push(after.1);
        }
    }
    let row = |what: &str, (empty, full): &(Vec<f64>, Vec<f64>)| {
        let ratio = Spread::of(full.iter().zip(empty).map(|(full, empty)| full / empty));
        let of = |side: &[f64]| Spread::of(side.iter().copied()).told(2);
        vec![format!("{store}: {what}"), of(empty), of(full), ratio.told(2)]
    };
    Ok([row("reads and lists, one connection", &reads), row("whole flow, 8 connections", &flows)])
}

fn median_of(outcome: Outcome) -> f64 {
    median(&outcome.latencies)
}

fn median(latencies: &[Duration]) -> f64 {
    quantile(&sorted(latencies), 0.5)
}
