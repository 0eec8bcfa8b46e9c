//! Holds where a chain of the log ends. SQLite has one chain; PostgreSQL has as many as there are writers at one time.

use super::error::Error;
use super::link::{Columns, FromRow, Statement, sql};

pub(super) const CHAINS: &str = "audit_chains";

/// Says where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    pub chain: i64,
    /// The number of its last record; 0: it has none yet.
    pub length: i64,
    /// The hash of its last record; 32 zero bytes: it has none yet.
    pub head: Vec<u8>,
}

impl FromRow for ChainHead {
    const TABLE: &'static str = CHAINS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { chain: columns.take()?, length: columns.take()?, head: columns.take()? })
    }
}

/// Returns the statement that moves a chain's end.
pub(super) fn moved(head: &ChainHead) -> Statement<'_> {
    sql("UPDATE audit_chains SET length = $2, head = $3 WHERE chain = $1")
        .bind(head.chain)
        .bind(head.length)
        .bind(&head.head)
}
