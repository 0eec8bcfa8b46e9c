//! Keeps people as the directory has them: what has changed is read again and again, and now and then everybody.

use super::pass::{Pass, PassError, Reach};
use super::report::Report;
use super::source::Source;
use crate::directory::{self, Mark, Memberships, Since};
use std::time::Instant;
use time::OffsetDateTime;

/// Holds what is remembered from round to round.
#[derive(Default)]
pub struct Memory {
    mark: Option<Mark>,
    memberships: Memberships,
    /// When everybody was read last.
    whole: Option<Instant>,
    /// When the next account ends, which is no change of the directory.
    next_end: Option<OffsetDateTime>,
}

impl Memory {
    /// Does one round; `None` where nothing has changed. A round that fails is done again by the next.
    pub async fn round(&mut self, source: &Source, pass: &Pass) -> Result<Option<Report>, PassError> {
        let mut connection = source.connect().await?;
        // Read before the people: what changes meanwhile is found once more, and nothing is passed over.
        let mark = directory::mark(&mut connection, &source.schema, pass.now).await?;
        let since = match &self.mark {
            Some(before) if self.whole.is_some_and(|at| at.elapsed() < source.whole) && !self.ended(pass.now) => {
                directory::changes(&mut connection, &source.schema, &source.base, (before, &mark)).await?
            }
            _ => Since::Anything,
        };
        let report = match (since, &self.mark) {
            (Since::Nothing, _) => None,
            (Since::People, Some(before)) => {
                let filter = before.narrowed(&source.schema, &source.filter);
                let reach = Reach { filter: &filter, memberships: &self.memberships, everybody: false };
                let report = pass.run(&mut connection, source, reach).await?;
                self.next_end = self.next_end.into_iter().chain(report.first_end).min();
                Some(report)
            }
            (Since::Anything, _) | (Since::People, None) => {
                let (schema, base) = (&source.schema, &source.base);
                self.memberships = directory::memberships(&mut connection, schema, base, &source.rules).await?;
                let reach = Reach { filter: &source.filter, memberships: &self.memberships, everybody: true };
                let report = pass.run(&mut connection, source, reach).await?;
                self.whole = Some(Instant::now());
                self.next_end = report.first_end;
                Some(report)
            }
        };
        self.mark = Some(mark);
        connection.close().await;
        Ok(report)
    }

    fn ended(&self, now: OffsetDateTime) -> bool {
        self.next_end.is_some_and(|end| end <= now)
    }
}
