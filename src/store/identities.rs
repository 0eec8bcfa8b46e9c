//! Keeps whom an issuer of tokens means by a subject.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::LIST_LIMIT;
use super::writer::Tx;
use time::OffsetDateTime;
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
    /// When it was unlinked: it stands for nobody since, and is linked by no name alone.
    pub unlinked: Option<OffsetDateTime>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT uuid, owner, issuer, subject, unlinked FROM identities ", $rest)
    };
}

impl FromRow for IdentityRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            owner: columns.take()?,
            issuer: columns.take()?,
            subject: columns.take()?,
            unlinked: columns.optional_time()?,
        })
    }
}

pub(super) fn identities_of(owner: Uuid) -> Ask<'static, Vec<IdentityRecord>> {
    sql(select!("WHERE owner = $1 ORDER BY seq LIMIT $2")).bind(owner).bind(LIST_LIMIT).asking()
}

pub(super) fn identity(uuid: Uuid) -> Ask<'static, Option<IdentityRecord>> {
    sql(select!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn identity_named<'a>(issuer: &'a str, subject: &'a str) -> Ask<'a, Option<IdentityRecord>> {
    sql(select!("WHERE issuer = $1 AND subject = $2")).bind(issuer).bind(subject).asking()
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

    /// Has an identity that is known stand for somebody, whether it stood for somebody else or for nobody any more; says
    /// whether it is known.
    pub async fn move_identity(&mut self, issuer: &str, subject: &str, owner: Uuid) -> Result<bool, Error> {
        let statement = "UPDATE identities SET owner = $3, unlinked = NULL WHERE issuer = $1 AND subject = $2";
        Ok(self.execute(TABLE, sql(statement).bind(issuer).bind(subject).bind(owner)).await? > 0)
    }

    /// Has an identity stand for nobody; says whether it stood for somebody.
    pub async fn unlink_identity(&mut self, uuid: Uuid, at: OffsetDateTime) -> Result<bool, Error> {
        let statement = "UPDATE identities SET unlinked = $2 WHERE uuid = $1 AND unlinked IS NULL";
        Ok(self.execute(TABLE, sql(statement).bind(uuid).bind(at)).await? > 0)
    }
}
