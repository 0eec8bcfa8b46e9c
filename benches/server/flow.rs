//! The whole flow on SQLite and on PostgreSQL in turn, with the processor time that the server and PostgreSQL take, beside
//! pgbench.

use super::ours::Ours;
use super::postgres::Postgres;
use super::support::cardwright::Options;
use super::support::numbers::Spread;
use super::support::table;
use super::{WARM_UP, certification_requests, subdirectory};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

const ROUNDS: usize = 3;
/// Connections, and certificates a round: about a second's work each.
const LOADS: [(usize, usize); 3] = [(1, 300), (8, 1000), (64, 2000)];

/// A round of ours.
struct Round {
    rate: f64,
    /// Microseconds a flow, of the server and of PostgreSQL.
    cpu: [f64; 2],
}

fn round(ours: &Ours, postgres: &Postgres, connections: usize, requests: &[Vec<u8>]) -> Result<Round> {
    let cpu = || Ok::<_, anyhow::Error>([ours.server.service.cpu()?, postgres.cpu()?]);
    let before = cpu()?;
    let outcome = ours.flow(connections, requests)?;
    let [server, database] = cpu()?;
    let each = |spent: Duration| spent.as_secs_f64() * 1e6 / requests.len() as f64;
    let rate = requests.len() as f64 / outcome.wall.as_secs_f64();
    Ok(Round { rate, cpu: [each(server - before[0]), each(database - before[1])] })
}

/// Measures, and prints a table.
pub fn told(directory: &Path, postgres: &Postgres) -> Result<()> {
    let lite = Ours::start(&subdirectory(directory, "sqlite")?, &Options::default())?;
    let database = postgres.database("flow")?;
    let settings = postgres.settings(&database);
    let options = Options { settings: &settings, ..Options::default() };
    let large = Ours::start(&subdirectory(directory, "postgres-server")?, &options)?;
    let yardstick = postgres.yardstick(&database, directory)?;
    let warm = certification_requests(WARM_UP)?;
    lite.flow(8, &warm)?;
    large.flow(8, &warm)?;
    let mut rows = Vec::new();
    for (connections, batch) in LOADS {
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let requests = certification_requests(batch)?;
            let small = round(&lite, postgres, connections, &requests)?;
            rounds.push((small, round(&large, postgres, connections, &requests)?, yardstick.rate()?));
        }
        let spread = |of: &dyn Fn(&(Round, Round, f64)) -> f64| Spread::of(rounds.iter().map(of));
        rows.push(vec![
            connections.to_string(),
            spread(&|round| round.0.rate).told(0),
            spread(&|round| round.1.rate).told(0),
            spread(&|round| round.1.rate / round.0.rate).told(2),
            spread(&|round| round.2).told(0),
            spread(&|round| round.1.rate / round.2).told(2),
            format!("{:.0}", spread(&|round| round.0.cpu[0]).median),
            format!("{:.0}", spread(&|round| round.1.cpu[0]).median),
            format!("{:.0}", spread(&|round| round.1.cpu[1]).median),
        ]);
    }
    let head = [
        "connections",
        "SQLite, flows/s",
        "PostgreSQL, flows/s",
        "PostgreSQL to SQLite",
        "pgbench, flows/s",
        "PostgreSQL to pgbench",
        "server's CPU on SQLite, µs each",
        "server's CPU on PostgreSQL, µs each",
        "PostgreSQL's CPU, µs each",
    ];
    let notes = [
        format!(
            "P-256 CA, {ROUNDS} rounds in turn; pgbench with {} clients, with which it does best.",
            yardstick.clients
        ),
        format!("`cargo bench --bench server -- flow`, {}.", table::machine()),
    ];
    table::publish("server-flow", "Server, the flow on both databases", &head, &rows, &notes)
}
