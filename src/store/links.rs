//! Keeps the links by which people sign in once, by their hashes.

use super::entrance::{ActivationUse, LinkRecord};
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::Owned;
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "links";

impl FromRow for LinkRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        let (uuid, owner, hash) = (columns.take()?, columns.take()?, columns.take()?);
        let (created, ends) = (columns.time()?, columns.time()?);
        let (at, from): (_, Option<String>) = (columns.optional_time()?, columns.take()?);
        let used = at.zip(from).map(|(at, from)| ActivationUse { at, from });
        Ok(Self { uuid, owner, hash, created, ends, used })
    }
}

pub(super) fn link_by_hash(hash: &[u8; 32]) -> Ask<'_, Option<Owned<LinkRecord>>> {
    let statement = "SELECT l.uuid, l.owner, l.hash, l.created, l.ends, l.used, l.used_from, \
                     u.uuid, u.name, u.groups, u.upn, u.email, u.sid, u.attributes, u.disabled, u.source \
                     FROM links l JOIN users u ON u.uuid = l.owner WHERE l.hash = $1";
    sql(statement).bind(hash).asking()
}

impl Tx {
    /// Adds a link, and ends those of the same person that nobody has used.
    pub async fn insert_link(&mut self, link: &LinkRecord) -> Result<(), Error> {
        let earlier = sql("UPDATE links SET ends = $2 WHERE owner = $1 AND used IS NULL AND ends > $2");
        self.execute(TABLE, earlier.bind(link.owner).bind(link.created)).await?;
        let statement = "INSERT INTO links (uuid, owner, hash, created, ends, used, used_from) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let statement = sql(statement)
            .bind(link.uuid)
            .bind(link.owner)
            .bind(&link.hash)
            .bind(link.created)
            .bind(link.ends)
            .bind(link.used.as_ref().map(|used| used.at))
            .bind(link.used.as_ref().map(|used| &used.from));
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Notes when and from where a link was used; says whether nobody had used it, and its time was not over.
    pub async fn spend_link(&mut self, uuid: Uuid, used: &ActivationUse) -> Result<bool, Error> {
        let statement = "UPDATE links SET used = $2, used_from = $3 WHERE uuid = $1 AND used IS NULL AND ends > $2";
        Ok(self.execute(TABLE, sql(statement).bind(uuid).bind(used.at).bind(&used.from)).await? > 0)
    }

    /// Has the links of a person that nobody has used let nobody in.
    pub async fn end_links_of(&mut self, owner: Uuid) -> Result<(), Error> {
        let statement = sql("UPDATE links SET ends = created WHERE owner = $1 AND used IS NULL AND ends > created");
        self.execute(TABLE, statement.bind(owner)).await.map(drop)
    }

    /// Ends a link now, unless it was used or has ended.
    pub async fn end_link(&mut self, uuid: Uuid, at: OffsetDateTime) -> Result<(), Error> {
        let statement = sql("UPDATE links SET ends = $2 WHERE uuid = $1 AND used IS NULL AND ends > $2");
        self.execute(TABLE, statement.bind(uuid).bind(at)).await.map(drop)
    }
}
