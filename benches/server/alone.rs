//! One connection on SQLite: a flow, beside what it cannot do without: three writes that are on disk, and three calls that ask
//! for nothing, on the same connection.

use super::ours::Ours;
use super::support::numbers::{Spread, milliseconds, quantile};
use super::support::rows::Row;
use super::{certification_requests, subdirectory};
use anyhow::{Context, Result};
use rusqlite::Connection as Database;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 5;
const FLOWS: usize = 200;
/// Calls of a flow, each with one write.
const CALLS: usize = 3;
/// What a write to SQLite brings along.
const PAGE: u64 = 4096;

/// Writes as much to SQLite as the server does, at its settings.
struct Durable {
    database: Database,
    content: Vec<u8>,
}

impl Durable {
    fn make(directory: &Path, bytes: u64) -> Result<Self> {
        let database = Database::open(directory.join("durable.db"))?;
        database.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 4000; \
             CREATE TABLE written (number INTEGER PRIMARY KEY, content BLOB NOT NULL);",
        )?;
        let content = vec![0x5A; usize::try_from(bytes.saturating_sub(PAGE).max(1))?];
        Ok(Self { database, content })
    }

    fn write(&self) -> Result<()> {
        let mut insert = self.database.prepare_cached("INSERT INTO written (content) VALUES (?1)")?;
        insert.execute([&self.content])?;
        Ok(())
    }
}

/// Bytes that the server has had written to the disk so far (proc(5)).
fn written(lite: &Ours) -> Result<u64> {
    let told = std::fs::read_to_string(format!("/proc/{}/io", lite.server.service.process()))?;
    let bytes = told.lines().find_map(|line| line.strip_prefix("write_bytes: ")).context("no write_bytes")?;
    Ok(bytes.parse()?)
}

/// Measures flow, calls and writes in turn.
pub fn row(directory: &Path, lite: &Ours) -> Result<Row> {
    let mut connection = lite.open()?;
    let before = written(lite)?;
    for request in certification_requests(FLOWS)? {
        lite.one(&mut connection, 0, &request)?;
    }
    // Each page is written twice: to the log, and from there into the database.
    let bytes = (written(lite)? - before) / (FLOWS * CALLS * 2) as u64;
    let durable = Durable::make(&subdirectory(directory, "durable")?, bytes)?;
    let (mut ratios, mut parts) = (Vec::new(), [const { Vec::new() }; 3]);
    for _ in 0..ROUNDS {
        let mut times = [const { Vec::new() }; 3];
        for request in certification_requests(FLOWS)? {
            times[0].push(timed(|| lite.one(&mut connection, 0, &request))?);
            for _ in 0..CALLS {
                times[1].push(timed(|| durable.write())?);
                times[2].push(timed(|| lite.empty(&mut connection))?);
            }
        }
        let [flow, write, empty] = times.map(|mut times| {
            times.sort_by(f64::total_cmp);
            quantile(&times, 0.5)
        });
        ratios.push(flow / (CALLS as f64 * (write + empty)));
        for (part, found) in parts.iter_mut().zip([flow, write, empty]) {
            part.push(found);
        }
    }
    let [flow, write, empty] = parts.map(|part| Spread::of(part).median);
    let remark = format!(
        "a flow {flow:.2} ms, a write of {} KiB {write:.2} ms, an empty call {empty:.2} ms",
        bytes.div_ceil(1024)
    );
    let what = "SQLite, one connection: p50 of a flow to that of three durable writes and three empty calls";
    Ok(Row::new(what, ratios).at_most(1.5).remark(remark))
}

fn timed(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(milliseconds(begun.elapsed()))
}
