//! Says whether what was kept of callers, or of revocations, still holds: two counters of the database, each of which goes up in
//! the transaction that changes something.
//!
//! Both are asked for again after a change of one's own, and otherwise once in [`HEEDED_WITHIN`] at most, however many want to
//! know. So a change holds at once for the program that made it, and within that time for every other one on the database.

use super::error::Error;
use super::link::{Ask, Columns, Counts, FromRow, Statement, sql};
use std::sync::atomic::Ordering;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Names the table of the counters.
pub(super) const COUNTERS: &str = "counters";
/// Sets after which time every program on a database heeds what another has changed.
pub const HEEDED_WITHIN: Duration = Duration::from_millis(250);
/// Bounds how long one who wants to know waits for another to ask; after that both ask.
const TURN: Duration = Duration::from_secs(1);
/// Lists the tables that say who somebody is who calls.
const OF_CALLERS: [&str; 3] = ["users", "tokens", "sessions"];

/// Tells the counters apart by what they count changes of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Accounts, bearer tokens and sessions that were there before.
    pub callers: u64,
    /// Certificates that were revoked, put on hold or released.
    pub revocations: u64,
}

impl FromRow for Versions {
    const TABLE: &'static str = COUNTERS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { callers: columns.number()?, revocations: columns.number()? })
    }
}

/// Holds what was asked for last.
#[derive(Default)]
pub(super) struct Watch {
    last: Mutex<Option<Seen>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Clone, Copy)]
struct Seen {
    /// Taken before the question was sent.
    at: Instant,
    own_changes: u64,
    versions: Versions,
}

impl Watch {
    /// Returns the versions as they are now, which `ask` finds in the database unless they are known.
    pub async fn versions(
        &self,
        counts: &Counts,
        ask: impl Future<Output = Result<Option<Versions>, Error>>,
    ) -> Result<Versions, Error> {
        if let Some(known) = self.known(counts) {
            return Ok(known);
        }
        let _turn = tokio::time::timeout(TURN, self.turn.lock()).await;
        if let Some(known) = self.known(counts) {
            return Ok(known);
        }
        let (at, own_changes) = (Instant::now(), counts.changes.load(Ordering::Acquire));
        let versions = ask.await?.unwrap_or_default();
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Seen { at, own_changes, versions });
        Ok(versions)
    }

    /// Returns what was asked for last, unless it is too old, or something was changed here since.
    fn known(&self, counts: &Counts) -> Option<Versions> {
        let last = *self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let last = last.filter(|seen| seen.at.elapsed() < HEEDED_WITHIN);
        last.filter(|seen| seen.own_changes == counts.changes.load(Ordering::Acquire)).map(|seen| seen.versions)
    }
}

/// Waits until every other program on the database heeds what was changed here.
pub(super) async fn heeded(counts: &Counts) {
    let since = counts.changed.lock().unwrap_or_else(PoisonError::into_inner).map(|at| at.elapsed());
    if let Some(wait) = since.and_then(|since| HEEDED_WITHIN.checked_sub(since)) {
        tokio::time::sleep(wait).await;
    }
}

pub(super) fn versions() -> Ask<'static, Option<Versions>> {
    let statement = "SELECT COALESCE((SELECT value FROM counters WHERE name = 'callers'), 0), \
                     COALESCE((SELECT value FROM counters WHERE name = 'revocations'), 0)";
    sql(statement).asking()
}

/// Returns the statement that counts a change of callers.
pub(super) fn callers_changed() -> Statement<'static> {
    sql("INSERT INTO counters (name, value) VALUES ('callers', 1) \
         ON CONFLICT (name) DO UPDATE SET value = counters.value + 1")
}

/// Says whether a statement changes what was there of callers; what it adds was kept by nobody.
pub(super) fn changes_callers(table: &str, statement: &Statement<'_>) -> bool {
    OF_CALLERS.contains(&table) && !statement.text.starts_with("INSERT")
}
