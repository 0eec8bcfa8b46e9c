//! Has the log say what the rows are that an earlier release has written.

use super::audit::AuditEntry;
use super::error::Error;
use super::link::sql;
use super::open::Store;
use super::watched::{Place, RawRow, UNLOGGED, WATCHED, Watched};
use super::writer::Tx;

/// Bounds the rows of one act.
const ROWS: u32 = 200;

impl Store {
    /// Says whether there are rows of an earlier release that no act of the log names.
    pub async fn has_unlogged_rows(&self) -> Result<bool, Error> {
        let found: Vec<RawRow> = self.ask(sql(UNLOGGED).asking()).await?;
        Ok(!found.is_empty())
    }

    /// Has acts that `entry` makes say what all rows are, a page of rows an act. Begun again, it says it again.
    pub async fn log_rows(&self, entry: impl Fn() -> AuditEntry) -> Result<(), Error> {
        for watched in WATCHED {
            let mut after = None;
            loop {
                let act = entry().with_table(watched.table);
                let next =
                    self.write(move |tx| Box::pin(async move { tx.log_page(watched, after, &act).await })).await?;
                let Some(next) = next else { break };
                after = Some(next);
            }
        }
        let done = "DELETE FROM meta WHERE name = 'unlogged-rows'";
        self.write(move |tx| {
            Box::pin(async move {
                tx.housekeeping();
                tx.execute("meta", sql(done)).await.map(drop)
            })
        })
        .await
    }
}

impl AuditEntry {
    fn with_table(mut self, table: &'static str) -> Self {
        self.evidence.push(("table", table.to_owned()));
        self
    }
}

impl Tx {
    /// Has an act say what the rows after a place are; returns the place of the last one, `None` where there is none.
    async fn log_page(
        &mut self,
        watched: &Watched,
        after: Option<Place>,
        act: &AuditEntry,
    ) -> Result<Option<Place>, Error> {
        let page: Vec<RawRow> = self.ask(watched.page(after.as_ref(), ROWS)).await?;
        let Some(last) = page.last() else { return Ok(None) };
        let rows = page.iter().map(|row| watched.state_of_page(row)).collect::<Result<_, _>>()?;
        self.say_rows(rows);
        self.audit(act).await?;
        watched.place(last).map(Some)
    }
}
