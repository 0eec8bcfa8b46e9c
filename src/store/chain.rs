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

    /// Remembers where the chain ends now.
    pub(super) async fn move_chain(&mut self, head: ChainHead) -> Result<(), Error> {
        match &mut self.session {
            Session::Postgres(_) => self.execute(CHAINS, moved(&head)).await.map(drop),
            Session::Sqlite(session) => {
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
