//! Two servers on one PostgreSQL, each on a processor of its own, to one of them; what else runs goes where there is room.

use super::ours::{self, Ours};
use super::postgres::Postgres;
use super::support::cardwright::Options;
use super::support::process::own_cpu;
use super::support::rows::Row;
use super::{WARM_UP, certification_requests, subdirectory};
use anyhow::Result;
use std::path::Path;
use std::time::Duration;

const CONNECTIONS: usize = 64;
const ROUNDS: usize = 5;
const FLOWS: usize = 1000;

/// Measures one and both in turn, with as many connections in all.
pub fn row(directory: &Path, postgres: Option<&Postgres>) -> Result<Row> {
    let what = "two servers on one PostgreSQL, each on a processor of its own, rate to one's";
    let processors = std::thread::available_parallelism()?.get();
    let skipped = |why: &str| Ok(Row::skipped(what, why).at_least(1.6));
    let Some(postgres) = postgres else { return skipped("PostgreSQL is not installed") };
    if processors < 2 {
        return skipped("there is one processor");
    }
    let directory = subdirectory(directory, "pair")?;
    let settings = postgres.settings(&postgres.database("pair")?);
    let options = |processor| Options { settings: &settings, processor: Some(processor), ..Options::default() };
    let first = Ours::start(&directory, &options(0))?;
    let second = first.beside(&directory, &options(1))?;
    let (one, both) = ([&first], [&first, &second]);
    ours::flow(&both, CONNECTIONS, &certification_requests(WARM_UP)?)?;
    let (mut ratios, mut busy) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let requests = certification_requests(FLOWS)?;
        let spent = || Ok::<Duration, anyhow::Error>(first.server.service.cpu()? + postgres.cpu()? + own_cpu()?);
        let before = spent()?;
        let alone = ours::flow(&one, CONNECTIONS, &requests)?.wall.as_secs_f64();
        busy.push((spent()? - before).as_secs_f64() / alone);
        let together = ours::flow(&both, CONNECTIONS, &certification_requests(FLOWS)?)?.wall.as_secs_f64();
        ratios.push(alone / together);
    }
    busy.sort_by(f64::total_cmp);
    let busy = busy[ROUNDS / 2];
    let possible = processors as f64 / busy;
    let remark = format!(
        "one server with PostgreSQL and the load keeps {busy:.1} of {processors} processors busy: {possible:.1} would be all of them"
    );
    Ok(Row::new(what, ratios).at_least(1.6).remark(remark))
}
