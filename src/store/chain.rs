//! Which chain of the log a transaction adds to: on SQLite the one there is, on PostgreSQL one that nobody else is at.

use super::audit_log::ChainHead;
use super::error::Error;
use super::link::{Statement, sql};
use super::writer::{Session, Tx};

pub(super) const CHAINS: &str = "audit_chains";

impl Tx {
    /// The chain that this transaction adds to, its own until it ends.
    pub(super) async fn chain(&mut self) -> Result<ChainHead, Error> {
        match &mut self.session {
            Session::Postgres(session) => session.chain().await,
            Session::Sqlite(session) => session.chain(),
        }
    }

    /// Writes a record, and remembers that the chain ends with it.
    pub(super) async fn add_to_chain(
        &mut self,
        record: (&'static str, Statement<'_>),
        head: ChainHead,
    ) -> Result<(), Error> {
        match &mut self.session {
            Session::Postgres(session) => session.execute_both(record, (CHAINS, moved(&head))).await,
            Session::Sqlite(session) => {
                let (table, insert) = record;
                session.execute(table, insert)?;
                session.move_chain(head);
                Ok(())
            }
        }
    }
}

/// The statement that moves a chain to this end.
pub(super) fn moved(head: &ChainHead) -> Statement<'_> {
    sql("UPDATE audit_chains SET length = $2, head = $3 WHERE chain = $1")
        .bind(head.chain)
        .bind(head.length)
        .bind(&head.head)
}
