//! Keeps the sessions of people who log in with a cookie.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::{LIST_LIMIT, Owned, SessionRecord};
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "sessions";

impl FromRow for SessionRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            owner: columns.take()?,
            hash: columns.take()?,
            created: columns.time()?,
            expires: columns.time()?,
            last_used: columns.time()?,
            bears_roles: columns.take()?,
            certificate: columns.take()?,
            pages: columns.take()?,
            proven: columns.optional_time()?,
        })
    }
}

pub(super) fn session_by_hash(hash: &[u8; 32]) -> Ask<'_, Option<Owned<SessionRecord>>> {
    let statement = "SELECT s.uuid, s.owner, s.hash, s.created, s.expires, s.last_used, s.bears_roles, s.certificate, s.pages, \
                     s.proven, u.uuid, u.name, u.groups, u.upn, u.email, u.sid, u.attributes, u.disabled, u.source \
                     FROM sessions s JOIN users u ON u.uuid = s.owner WHERE s.hash = $1";
    sql(statement).bind(hash).asking()
}

pub(super) fn sessions_of(owner: Uuid) -> Ask<'static, Vec<SessionRecord>> {
    let statement = "SELECT uuid, owner, hash, created, expires, last_used, bears_roles, certificate, pages, proven \
                     FROM sessions WHERE owner = $1 ORDER BY seq DESC LIMIT $2";
    sql(statement).bind(owner).bind(LIST_LIMIT).asking()
}

impl Tx {
    /// Adds a session.
    pub async fn insert_session(&mut self, session: &SessionRecord) -> Result<(), Error> {
        let statement = "INSERT INTO sessions (uuid, owner, hash, created, expires, last_used, bears_roles, \
                         certificate, pages, proven) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let statement = sql(statement)
            .bind(session.uuid)
            .bind(session.owner)
            .bind(&session.hash)
            .bind(session.created)
            .bind(session.expires)
            .bind(session.last_used)
            .bind(session.bears_roles)
            .bind(session.certificate.as_deref())
            .bind(session.pages)
            .bind(session.proven);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Removes the user's sessions that have ended, and all but the newest `kept`; returns how many.
    pub async fn prune_sessions(&mut self, owner: Uuid, kept: u32, now: OffsetDateTime) -> Result<usize, Error> {
        let statement = "DELETE FROM sessions WHERE owner = $1 AND (expires <= $3 OR uuid NOT IN \
                         (SELECT uuid FROM sessions WHERE owner = $1 ORDER BY seq DESC LIMIT $2))";
        self.execute(TABLE, sql(statement).bind(owner).bind(kept).bind(now)).await
    }

    /// Removes a session, if it is still there.
    pub async fn remove_session(&mut self, uuid: Uuid) -> Result<(), Error> {
        self.execute(TABLE, sql("DELETE FROM sessions WHERE uuid = $1").bind(uuid)).await.map(drop)
    }

    /// Removes all sessions of a user.
    pub async fn remove_sessions_of(&mut self, owner: Uuid) -> Result<(), Error> {
        self.execute(TABLE, sql("DELETE FROM sessions WHERE owner = $1").bind(owner)).await.map(drop)
    }

    /// Has sessions whose people proved to be there after `proven`, or that were used after `used`, have it so then: the clock was
    /// set back.
    pub async fn date_sessions_back(&mut self, proven: OffsetDateTime, used: OffsetDateTime) -> Result<(), Error> {
        self.housekeeping();
        let stale = sql("UPDATE sessions SET proven = $1 WHERE proven > $1").bind(proven);
        self.execute(TABLE, stale).await?;
        let idle = sql("UPDATE sessions SET last_used = $1 WHERE last_used > $1").bind(used);
        self.execute(TABLE, idle).await.map(drop)
    }

    /// Notes that a session was used. That is no act for the log, which has what was done in the session.
    pub async fn touch_session(&mut self, uuid: Uuid, at: OffsetDateTime) -> Result<(), Error> {
        self.housekeeping();
        let statement =
            sql("UPDATE sessions SET last_used = $2 WHERE uuid = $1 AND last_used < $2").bind(uuid).bind(at);
        self.execute_unwatched(TABLE, statement).await.map(drop)
    }
}
