//! Has the server compare what a run has come to with its records, and sign it as an act of its log.

use super::error::Error;
use super::run::{Entry, Run, Stand};
use crate::client::CmClient;
use crate::cm::desk::{DeskOutcome, DeskResults, DeskRow, SignedResults};
use crate::cm::wire::read_moment;
use std::sync::Arc;
use time::OffsetDateTime;

/// Has results signed by one server.
pub struct Signer {
    pub client: Arc<CmClient>,
    /// Tells the time.
    pub clock: fn() -> OffsetDateTime,
}

/// Holds results that the server has signed.
pub struct Signed {
    pub results: SignedResults,
    /// Says who vouches for them.
    pub told: String,
}

impl Signer {
    /// Has the server compare the rows with its records, and sign them.
    ///
    /// # Errors
    /// [`Error::OtherServer`], [`Error::NothingToSign`]; the server knows a row otherwise, and signs nothing.
    pub fn sign(&self, run: &Run) -> Result<Signed, Error> {
        if self.client.base_url().as_str() != run.server {
            return Err(Error::OtherServer { begun_at: run.server.clone() });
        }
        let now = (self.clock)();
        let rows: Vec<DeskRow> = run.rows.iter().filter_map(|entry| row(entry, now)).collect();
        if rows.is_empty() {
            return Err(Error::NothingToSign);
        }
        let results = self.client.sign_desk_results(&DeskResults { rows })?;
        let told = format!("{} has confirmed and signed them; SHA-256 {}.", run.server, results.sha256);
        Ok(Signed { results, told })
    }
}

/// Returns what is told of a row; `None` where no request was made for it.
fn row(entry: &Entry, now: OffsetDateTime) -> Option<DeskRow> {
    let outcome = match entry.stand {
        Stand::Done => DeskOutcome::Completed,
        Stand::Begun | Stand::Refused => DeskOutcome::Failed,
        Stand::Unasked | Stand::Pending | Stand::Ready | Stand::SetAside | Stand::Dropped => DeskOutcome::Skipped,
    };
    let moment = [&entry.ended, &entry.begun].into_iter().find_map(|text| read_moment(text));
    Some(DeskRow {
        person: entry.name.clone(),
        request: entry.request?,
        card_id: entry.card_id,
        serial: entry.serial.clone(),
        outcome,
        at: moment.unwrap_or(now),
        workstation: String::new(),
    })
}
