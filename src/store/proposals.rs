//! Keeps changes of accounts that one administrator proposes and another one confirms.

use super::entrance::ProposalRecord;
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::LIST_LIMIT;
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "proposals";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT uuid, account, change, proposer, proposed, ends, decider, decided, confirmed FROM proposals ",
            $rest
        )
    };
}

impl FromRow for ProposalRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            account: columns.take()?,
            change: columns.take()?,
            proposer: columns.take()?,
            proposed: columns.time()?,
            ends: columns.time()?,
            decider: columns.take()?,
            decided: columns.optional_time()?,
            confirmed: columns.take()?,
        })
    }
}

pub(super) fn proposal(uuid: Uuid) -> Ask<'static, Option<ProposalRecord>> {
    sql(select!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn proposals() -> Ask<'static, Vec<ProposalRecord>> {
    sql(select!("ORDER BY seq DESC LIMIT $1")).bind(LIST_LIMIT).asking()
}

impl Tx {
    /// Adds a proposal.
    pub async fn insert_proposal(&mut self, proposal: &ProposalRecord) -> Result<(), Error> {
        let statement = "INSERT INTO proposals (uuid, account, change, proposer, proposed, ends, decider, decided, confirmed) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
        let statement = sql(statement)
            .bind(proposal.uuid)
            .bind(proposal.account)
            .bind(&proposal.change)
            .bind(proposal.proposer)
            .bind(proposal.proposed)
            .bind(proposal.ends)
            .bind(proposal.decider)
            .bind(proposal.decided)
            .bind(proposal.confirmed);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Ends an open proposal; says whether it was open.
    pub async fn decide_proposal(
        &mut self,
        uuid: Uuid,
        decider: Uuid,
        at: OffsetDateTime,
        confirmed: bool,
    ) -> Result<bool, Error> {
        let statement =
            "UPDATE proposals SET decider = $2, decided = $3, confirmed = $4 WHERE uuid = $1 AND decided IS NULL";
        let statement = sql(statement).bind(uuid).bind(decider).bind(at).bind(confirmed);
        Ok(self.execute(TABLE, statement).await? > 0)
    }
}
