//! 64 connections at once: the whole flow on SQLite and on PostgreSQL, Debian's `cfssl serve` with its one call, and pgbench
//! with the rows of a flow; in turn.

use super::calls::EMPTY;
use super::cfssl::Cfssl;
use super::ours::Ours;
use super::postgres::{Postgres, Yardstick};
use super::support::cardwright::Options;
use super::support::numbers::Spread;
use super::support::process::peak_mebibytes;
use super::support::rows::{Row, missing};
use super::{Round, WARM_UP, certification_requests, subdirectory};
use anyhow::Result;
use std::path::Path;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
/// Flows a round: a second's work and more.
const FLOWS: usize = 2000;
/// Calls of a flow.
const CALLS: f64 = 3.0;
/// A database that commits one by one is given fewer.
const DURABLE_PART: usize = 4;

/// Ours on PostgreSQL, and what it is held against.
struct Large<'p> {
    ours: Ours,
    yardstick: Yardstick<'p>,
}

impl<'p> Large<'p> {
    fn start(directory: &Path, postgres: &'p Postgres) -> Result<Self> {
        let database = postgres.database("flow")?;
        let settings = postgres.settings(&database);
        let options = Options { settings: &settings, ..Options::default() };
        let ours = Ours::start(&subdirectory(directory, "postgres-server")?, &options)?;
        let yardstick = postgres.yardstick(&database, directory)?;
        ours.flow(8, &certification_requests(WARM_UP)?)?;
        Ok(Self { ours, yardstick })
    }
}

/// What each made of every round; where something is not installed, nothing.
#[derive(Default)]
struct Rounds {
    lite: Vec<Round>,
    /// As many calls as there are flows, which ask for nothing.
    empty: Vec<Round>,
    large: Vec<Round>,
    /// Flows a second.
    pgbench: Vec<f64>,
    cfssl: Vec<Round>,
    /// With SQLite, as durable as ours.
    stored: Vec<Round>,
}

/// Measures all in turn.
pub fn rows(directory: &Path, lite: &Ours, postgres: Option<&Postgres>) -> Result<Vec<Row>> {
    let large = postgres.map(|postgres| Large::start(directory, postgres)).transpose()?;
    let no_cfssl = missing(&["cfssl"]);
    let cfssl = match no_cfssl {
        Some(_) => None,
        None => Some((Cfssl::start(directory, false)?, Cfssl::start(directory, true)?)),
    };
    let mut rounds = Rounds::default();
    for round in 0..=ROUNDS {
        one(lite, large.as_ref(), cfssl.as_ref(), &mut rounds)?;
        if round == 0 {
            // For warmth.
            rounds = Rounds::default();
        }
    }
    let mut told = of_postgres(&rounds, large.as_ref())?;
    told.extend(of_sqlite(&rounds, lite, no_cfssl.as_deref())?);
    Ok(told)
}

fn one(lite: &Ours, large: Option<&Large>, cfssl: Option<&(Cfssl, Cfssl)>, rounds: &mut Rounds) -> Result<()> {
    let requests = certification_requests(FLOWS)?;
    if let Some((plain, stored)) = cfssl {
        let part = &requests[..FLOWS / DURABLE_PART];
        rounds.cfssl.push(Round::measured(&plain.service, || plain.sign(CONNECTIONS, &requests))?);
        rounds.stored.push(Round::measured(&stored.service, || stored.sign(CONNECTIONS, part))?);
    }
    rounds.lite.push(Round::measured(&lite.server.service, || lite.flow(CONNECTIONS, &requests))?);
    rounds.empty.push(Round::measured(&lite.server.service, || lite.calls(CONNECTIONS, FLOWS, EMPTY, "", 200))?);
    if let Some(Large { ours, yardstick }) = large {
        rounds.large.push(Round::measured(&ours.server.service, || ours.flow(CONNECTIONS, &requests))?);
        rounds.pgbench.push(yardstick.rate()?);
    }
    Ok(())
}

fn of_postgres(rounds: &Rounds, large: Option<&Large>) -> Result<Vec<Row>> {
    let (to_sqlite, to_pgbench) = ("PostgreSQL, whole flow, 64 connections, rate to SQLite's", "the same to pgbench's");
    let calm = "PostgreSQL, 64 connections: p99 to p50";
    let Some(Large { ours, yardstick }) = large else {
        let skipped = |what: &str| Row::skipped(what, "PostgreSQL is not installed");
        return Ok(vec![
            skipped(to_sqlite).at_least(1.0),
            skipped(to_pgbench).at_least(0.7),
            skipped(calm).at_most(2.0),
        ]);
    };
    let rates = || figures(&rounds.large, rate);
    let beside = format!("pgbench with {} clients, with which it does best", yardstick.clients);
    Ok(vec![
        Row::new(to_sqlite, over(&rates(), &figures(&rounds.lite, rate))).at_least(1.0),
        Row::new(to_pgbench, over(&rates(), &rounds.pgbench)).at_least(0.7).remark(beside),
        Row::new(calm, figures(&rounds.large, unrest)).at_most(2.0),
        Row::new(
            "PostgreSQL, 64 connections: peak memory of the server",
            [peak_mebibytes(ours.server.service.process())?],
        )
        .in_unit(" MiB", 0)
        .at_most(40.0),
    ])
}

fn of_sqlite(rounds: &Rounds, lite: &Ours, no_cfssl: Option<&str>) -> Result<Vec<Row>> {
    let beside = |what: &str, of: fn(&Round) -> f64, theirs: &[Round]| match no_cfssl {
        Some(why) => Row::skipped(what, why),
        None => Row::new(what, over(&figures(&rounds.lite, of), &figures(theirs, of))),
    };
    let least = |of: fn(&Round) -> f64, calls: f64| {
        let ratios = over(&figures(&rounds.empty, of), &figures(&rounds.cfssl, of));
        if ratios.is_empty() {
            return String::new();
        }
        format!("three empty calls alone {}", Spread::of(ratios.iter().map(|ratio| ratio * calls)).told(2))
    };
    Ok(vec![
        beside(
            "SQLite, whole flow, 64 connections, processor time to one call of cfssl without a database",
            cpu,
            &rounds.cfssl,
        )
        .at_most(1.4)
        .remark(least(cpu, CALLS)),
        beside("the same, rate to cfssl's", rate, &rounds.cfssl).at_least(0.7).remark(least(rate, 1.0 / CALLS)),
        beside("the same, rate to cfssl's with SQLite as durable", rate, &rounds.stored),
        Row::new("SQLite, 64 connections: p99 to p50", figures(&rounds.lite, unrest)).at_most(2.0),
        Row::new("SQLite, 64 connections: peak memory of the server", [peak_mebibytes(lite.server.service.process())?])
            .in_unit(" MiB", 0)
            .at_most(40.0),
    ])
}

fn rate(round: &Round) -> f64 {
    round.rate
}

fn cpu(round: &Round) -> f64 {
    round.cpu
}

/// How much longer the slowest of a hundred take.
fn unrest(round: &Round) -> f64 {
    round.latency(0.99) / round.latency(0.5)
}

fn figures(rounds: &[Round], of: fn(&Round) -> f64) -> Vec<f64> {
    rounds.iter().map(of).collect()
}

/// Ratios, round by round.
fn over(ours: &[f64], theirs: &[f64]) -> Vec<f64> {
    ours.iter().zip(theirs).map(|(ours, theirs)| ours / theirs).collect()
}
