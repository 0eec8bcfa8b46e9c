//! Keeps bearer tokens, by their hashes.

use super::entrance::{Activation, ActivationUse, BearerRecord};
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::{LIST_LIMIT, Owned, UserRecord};
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "tokens";

macro_rules! select {
    ($rest:literal) => {
        concat!("SELECT uuid, owner, label, hash, created, expires, last_used, revoked, activation, activation_ends, activated, \
             activated_from FROM tokens ", $rest)
    };
}

impl FromRow for BearerRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            owner: columns.take()?,
            label: columns.take()?,
            hash: columns.take()?,
            created: columns.time()?,
            expires: columns.time()?,
            last_used: columns.optional_time()?,
            revoked: columns.optional_time()?,
            activation: activation(columns)?,
        })
    }
}

/// Reads the columns about a token's activation.
fn activation(columns: &mut Columns<'_>) -> Result<Option<Activation>, Error> {
    let (code, ends): (Option<[u8; 32]>, _) = (columns.take()?, columns.optional_time()?);
    let (at, from): (_, Option<String>) = (columns.optional_time()?, columns.take()?);
    let used = at.zip(from).map(|(at, from)| ActivationUse { at, from });
    Ok(code.zip(ends).map(|(code, ends)| Activation { code, ends, used }))
}

impl<T: FromRow> FromRow for Owned<T> {
    const TABLE: &'static str = T::TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { what: T::read(columns)?, holder: UserRecord::read(columns)? })
    }
}

macro_rules! select_owned {
    ($rest:literal) => {
        concat!(
            "SELECT t.uuid, t.owner, t.label, t.hash, t.created, t.expires, t.last_used, t.revoked, t.activation, \
             t.activation_ends, t.activated, t.activated_from, \
             u.uuid, u.name, u.groups, u.upn, u.email, u.sid, u.attributes, u.disabled, u.source \
             FROM tokens t JOIN users u ON u.uuid = t.owner ",
            $rest
        )
    };
}

pub(super) fn bearer_by_hash(hash: &[u8; 32]) -> Ask<'_, Option<Owned<BearerRecord>>> {
    sql(select_owned!("WHERE t.hash = $1")).bind(hash).asking()
}

pub(super) fn bearer_by_activation(code: &[u8; 32]) -> Ask<'_, Option<Owned<BearerRecord>>> {
    sql(select_owned!("WHERE t.activation = $1")).bind(code).asking()
}

pub(super) fn bearer(uuid: Uuid) -> Ask<'static, Option<BearerRecord>> {
    sql(select!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn bearers_of(owner: Uuid) -> Ask<'static, Vec<BearerRecord>> {
    sql(select!("WHERE owner = $1 ORDER BY seq DESC LIMIT $2")).bind(owner).bind(LIST_LIMIT).asking()
}

impl Tx {
    /// Adds a token; [`Error::Duplicate`] when there is one of the same hash.
    pub async fn insert_bearer(&mut self, token: &BearerRecord) -> Result<(), Error> {
        let statement = "INSERT INTO tokens (uuid, owner, label, hash, created, expires, last_used, revoked, activation, \
                         activation_ends, activated, activated_from) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let activation = token.activation.as_ref();
        let used = activation.and_then(|activation| activation.used.as_ref());
        let statement = sql(statement)
            .bind(token.uuid)
            .bind(token.owner)
            .bind(&token.label)
            .bind(&token.hash)
            .bind(token.created)
            .bind(token.expires)
            .bind(token.last_used)
            .bind(token.revoked)
            .bind(activation.map(|activation| &activation.code))
            .bind(activation.map(|activation| activation.ends))
            .bind(used.map(|used| used.at))
            .bind(used.map(|used| &used.from));
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Gives a token that awaits its owner its hash, and notes when and from where the code was used; says whether it
    /// still awaited him.
    pub async fn activate_bearer(
        &mut self,
        uuid: Uuid,
        (hash, expires): (&[u8; 32], OffsetDateTime),
        used: &ActivationUse,
    ) -> Result<bool, Error> {
        let statement = "UPDATE tokens SET hash = $2, expires = $3, activated = $4, activated_from = $5 \
                         WHERE uuid = $1 AND activation IS NOT NULL AND activated IS NULL AND revoked IS NULL";
        let statement = sql(statement).bind(uuid).bind(hash).bind(expires).bind(used.at).bind(&used.from);
        Ok(self.execute(TABLE, statement).await? > 0)
    }

    /// Revokes a token; says whether it was not revoked before.
    pub async fn revoke_bearer(&mut self, uuid: Uuid, at: OffsetDateTime) -> Result<bool, Error> {
        let statement = sql("UPDATE tokens SET revoked = $2 WHERE uuid = $1 AND revoked IS NULL").bind(uuid).bind(at);
        Ok(self.execute(TABLE, statement).await? > 0)
    }

    /// Ends a token at `at`, unless it ends sooner.
    pub async fn shorten_bearer(&mut self, uuid: Uuid, at: OffsetDateTime) -> Result<(), Error> {
        let statement = sql("UPDATE tokens SET expires = $2 WHERE uuid = $1 AND expires > $2").bind(uuid).bind(at);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Notes that a token was used, unless a use after `since` was noted. That is no act for the log, which has what
    /// was done with the token.
    pub async fn touch_bearer(&mut self, uuid: Uuid, at: OffsetDateTime, since: OffsetDateTime) -> Result<(), Error> {
        self.housekeeping();
        let statement = "UPDATE tokens SET last_used = $2 WHERE uuid = $1 AND (last_used IS NULL OR last_used < $3)";
        self.execute_unwatched(TABLE, sql(statement).bind(uuid).bind(at).bind(since)).await.map(drop)
    }
}
