//! Keeps whom an issuer of tokens means by a subject.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::LIST_LIMIT;
use super::writer::Tx;
use uuid::Uuid;

const TABLE: &str = "identities";

/// Says whom an issuer of tokens means by a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityRecord {
    pub uuid: Uuid,
    pub owner: Uuid,
    /// Both letter by letter, together unique.
    pub issuer: String,
    pub subject: String,
}

impl FromRow for IdentityRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { uuid: columns.take()?, owner: columns.take()?, issuer: columns.take()?, subject: columns.take()? })
    }
}

pub(super) fn identities_of(owner: Uuid) -> Ask<'static, Vec<IdentityRecord>> {
    let statement = "SELECT uuid, owner, issuer, subject FROM identities WHERE owner = $1 ORDER BY seq LIMIT $2";
    sql(statement).bind(owner).bind(LIST_LIMIT).asking()
}

impl Tx {
    /// Has an identity stand for its owner; [`Error::Duplicate`] when it stands for somebody already.
    pub async fn insert_identity(&mut self, identity: &IdentityRecord) -> Result<(), Error> {
        let statement = sql("INSERT INTO identities (uuid, owner, issuer, subject) VALUES ($1, $2, $3, $4)")
            .bind(identity.uuid)
            .bind(identity.owner)
            .bind(&identity.issuer)
            .bind(&identity.subject);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Has an identity that is known stand for somebody else; says whether it is known.
    pub async fn move_identity(&mut self, issuer: &str, subject: &str, owner: Uuid) -> Result<bool, Error> {
        let statement = "UPDATE identities SET owner = $3 WHERE issuer = $1 AND subject = $2";
        Ok(self.execute(TABLE, sql(statement).bind(issuer).bind(subject).bind(owner)).await? > 0)
    }
}
