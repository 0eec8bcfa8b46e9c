//! Which chain of the log a transaction adds to: on SQLite the one there is, on PostgreSQL one that nobody else is at.

use super::audit_log::ChainHead;
use super::error::Error;
use super::link::sql;
use super::writer::{Session, Tx};

pub(super) const CHAINS: &str = "audit_chains";

impl Tx {
    /// The chain that this transaction adds to, its own until it ends.
    pub(super) async fn chain(&mut self) -> Result<ChainHead, Error> {
        if let Session::Postgres(session) = &mut self.session {
            return session.chain().await;
        }
        let ask = sql("SELECT chain, length, head FROM audit_chains WHERE chain = 1").asking();
        let only: Option<ChainHead> = self.ask(ask).await?;
        only.ok_or(Error::Damaged { table: CHAINS, column: 0 })
    }
}
