//! One connection on SQLite: a flow, beside what it cannot do without: three writes that are on disk, and three calls that ask
//! for nothing, on the same connection.

use super::load::Connection;
use super::ours::Ours;
use super::support::numbers::{Spread, milliseconds, quantile};
use super::support::rows::Row;
use super::{certification_requests, subdirectory};
use anyhow::{Result, ensure};
use rusqlite::Connection as Database;
use std::path::Path;
use std::time::Instant;

const ROUNDS: usize = 5;
const FLOWS: usize = 200;
/// Flows that the write-ahead log holds whole, before it is copied into the database.
const FEW: usize = 50;
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

/// Bytes that a call of a flow leaves in the write-ahead log.
fn logged(lite: &Ours, connection: &mut Connection) -> Result<u64> {
    let file = lite.server.directory.join("cardwright.db");
    let busy: bool = Database::open(&file)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    ensure!(!busy, "the write-ahead log could not be emptied");
    for request in certification_requests(FEW)? {
        lite.one(connection, 0, &request)?;
    }
    Ok(std::fs::metadata(file.with_extension("db-wal"))?.len() / (FEW * CALLS) as u64)
}

/// Measures flow, calls and writes in turn.
pub fn row(directory: &Path, lite: &Ours) -> Result<Row> {
    let mut connection = lite.open()?;
    let bytes = logged(lite, &mut connection)?;
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
