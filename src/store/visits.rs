//! Keeps the visits of people whom a kiosk has let in, by the hashes of their bearer tokens, and what a card is to sign there.

use super::entrance::VisitRecord;
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::Owned;
use super::writer::Tx;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "visits";
const CHALLENGES: &str = "visit_challenges";

impl FromRow for VisitRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            owner: columns.take()?,
            kiosk: columns.take()?,
            hash: columns.take()?,
            request: columns.take()?,
            serial: columns.take()?,
            created: columns.time()?,
            ends: columns.time()?,
        })
    }
}

pub(super) fn visit_by_hash(hash: &[u8; 32]) -> Ask<'_, Option<Owned<VisitRecord>>> {
    // Looked at with each call, so that a card that is reported lost lets nobody go on.
    let statement = "SELECT v.uuid, v.owner, v.kiosk, v.hash, v.request, v.serial, v.created, \
                     CASE WHEN c.revoked_at IS NULL AND (s.status IS NULL OR s.status IN ('assigned', 'active')) \
                     THEN v.ends ELSE v.created END, \
                     u.uuid, u.name, u.groups, u.upn, u.email, u.sid, u.attributes, u.disabled, u.source \
                     FROM visits v JOIN users u ON u.uuid = v.owner \
                     LEFT JOIN certificates c ON c.serial = v.serial LEFT JOIN smartcards s ON s.uuid = c.smartcard \
                     WHERE v.hash = $1";
    sql(statement).bind(hash).asking()
}

impl Tx {
    /// Adds a visit.
    pub async fn insert_visit(&mut self, visit: &VisitRecord) -> Result<(), Error> {
        let statement = "INSERT INTO visits (uuid, owner, kiosk, hash, request, created, ends, serial) \
                         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let statement = sql(statement)
            .bind(visit.uuid)
            .bind(visit.owner)
            .bind(visit.kiosk)
            .bind(&visit.hash)
            .bind(visit.request)
            .bind(visit.created)
            .bind(visit.ends)
            .bind(visit.serial.as_ref());
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Ends a visit; says whether it was under way.
    pub async fn end_visit(&mut self, uuid: Uuid, at: OffsetDateTime) -> Result<bool, Error> {
        let statement = sql("UPDATE visits SET ends = $2 WHERE uuid = $1 AND ends > $2");
        Ok(self.execute(TABLE, statement.bind(uuid).bind(at)).await? > 0)
    }

    /// Ends all visits that a kiosk has begun; returns how many were under way.
    pub async fn end_visits_at(&mut self, kiosk: Uuid, at: OffsetDateTime) -> Result<usize, Error> {
        let statement = sql("UPDATE visits SET ends = $2 WHERE kiosk = $1 AND ends > $2");
        self.execute(TABLE, statement.bind(kiosk).bind(at)).await
    }

    /// Ends the visits that a person is on.
    pub async fn end_visits_by(&mut self, owner: Uuid, at: OffsetDateTime) -> Result<(), Error> {
        let statement = sql("UPDATE visits SET ends = $2 WHERE owner = $1 AND ends > $2");
        self.execute(TABLE, statement.bind(owner).bind(at)).await.map(drop)
    }

    /// Has all visits of a person, and all that the person's account has begun as a kiosk, let nobody in any more.
    pub async fn end_visits_of(&mut self, user: Uuid) -> Result<(), Error> {
        let statement = sql("UPDATE visits SET ends = created WHERE (owner = $1 OR kiosk = $1) AND ends > created");
        self.execute(TABLE, statement.bind(user)).await.map(drop)
    }

    /// Keeps what a card is to sign at a kiosk, in place of an earlier one. That is no act for the log, which has who was let in.
    pub async fn replace_visit_challenge(
        &mut self,
        kiosk: Uuid,
        challenge: &[u8],
        ends: OffsetDateTime,
    ) -> Result<(), Error> {
        self.housekeeping();
        let statement = "INSERT INTO visit_challenges (kiosk, challenge, ends) VALUES ($1, $2, $3) \
                         ON CONFLICT (kiosk) DO UPDATE SET challenge = excluded.challenge, ends = excluded.ends";
        self.execute(CHALLENGES, sql(statement).bind(kiosk).bind(challenge).bind(ends)).await.map(drop)
    }

    /// Takes a kiosk's challenge, once; says whether it was that one, and its time is not over.
    pub async fn take_visit_challenge(
        &mut self,
        kiosk: Uuid,
        challenge: &[u8],
        now: OffsetDateTime,
    ) -> Result<bool, Error> {
        self.housekeeping();
        let statement = sql("DELETE FROM visit_challenges WHERE kiosk = $1 AND challenge = $2 AND ends > $3");
        Ok(self.execute(CHALLENGES, statement.bind(kiosk).bind(challenge).bind(now)).await? > 0)
    }
}
