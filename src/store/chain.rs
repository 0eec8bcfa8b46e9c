//! Which chain of the log a transaction adds to: on SQLite the one there is, on PostgreSQL one that nobody else is at.

use super::error::Error;
use super::link::{Columns, Record, sql};
use super::writer::{Session, Tx};

pub(super) const CHAINS: &str = "audit_chains";

/// A chain, and where it ends.
pub(super) struct Chain {
    pub chain: i64,
    pub length: i64,
    pub head: Vec<u8>,
}

impl Record for Chain {
    const TABLE: &'static str = CHAINS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { chain: columns.take()?, length: columns.take()?, head: columns.take()? })
    }
}

impl Tx {
    /// The chain that this transaction adds to, its own until it ends.
    pub(super) async fn chain(&mut self) -> Result<Chain, Error> {
        if let Session::Postgres(session) = &mut self.session {
            return session.chain().await;
        }
        let ask = sql("SELECT chain, length, head FROM audit_chains WHERE chain = 1").asking();
        let only: Option<Chain> = self.ask(ask).await?;
        only.ok_or(Error::Damaged { table: CHAINS, column: 0 })
    }
}
