//! Which chain of the log a transaction adds to: on SQLite the one there is, on PostgreSQL one that nobody else is at.

use super::error::Error;
use super::link::{Columns, FromRow, Statement, sql};

pub(super) const CHAINS: &str = "audit_chains";

/// Where a chain ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainHead {
    pub chain: i64,
    /// The number of its last record; 0: none yet.
    pub length: i64,
    /// The hash of its last record; 32 zero bytes: none yet.
    pub head: Vec<u8>,
}

impl FromRow for ChainHead {
    const TABLE: &'static str = CHAINS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { chain: columns.take()?, length: columns.take()?, head: columns.take()? })
    }
}

/// The statement that moves a chain to this end.
pub(super) fn moved(head: &ChainHead) -> Statement<'_> {
    sql("UPDATE audit_chains SET length = $2, head = $3 WHERE chain = $1")
        .bind(head.chain)
        .bind(head.length)
        .bind(&head.head)
}
