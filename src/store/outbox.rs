//! Keeps the outbox: what people and programs are to be told, and what became of it.

use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::open::Store;
use super::record::{LIST_LIMIT, NoticeState};
use super::spelling::Spelled;
use super::writer::Tx;
use std::collections::BTreeMap;
use time::OffsetDateTime;
use uuid::Uuid;

const TABLE: &str = "outbox";
/// Bounds what one round sends on one way.
const ROUND: u32 = 16;

/// Describes something that is to be sent to a person or a program, or was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRecord {
    /// Of version 7, so that the newest are found without a sort. It stays the same however often it is sent.
    pub uuid: Uuid,
    /// What is told, a stable word.
    pub kind: String,
    /// "mail", or "webhook:" and the name of one.
    pub way: String,
    pub recipient: Option<Uuid>,
    /// The address that it goes to where there is no recipient; else empty.
    pub address: String,
    pub request: Option<Uuid>,
    /// Of a one-time password: 1 or 2, and its generation; else 0.
    pub part: u8,
    pub generation: u32,
    /// What the text says, by name; nothing secret is among it.
    pub facts: BTreeMap<String, String>,
    pub created: OffsetDateTime,
    pub due: OffsetDateTime,
    /// It is given up then.
    pub ends: OffsetDateTime,
    pub attempts: u32,
    /// An attempt may have gone through though nobody said so.
    pub doubtful: bool,
    pub state: NoticeState,
    /// Why the last attempt failed, or why there is none any more.
    pub reason: String,
    pub settled: Option<OffsetDateTime>,
}

impl NoticeState {
    /// Lists all of them.
    pub const ALL: [Self; 4] = [Self::Waiting, Self::Sent, Self::Failed, Self::Discarded];

    /// Returns the word for it.
    pub fn name(self) -> &'static str {
        self.word()
    }
}

/// Counts what waits in the outbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutboxCount {
    pub waiting: u64,
    /// Of them, those that an attempt has failed for.
    pub failing: u64,
    pub oldest: Option<OffsetDateTime>,
}

struct Count(u64);

struct Latest(Option<OffsetDateTime>);

impl FromRow for Latest {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.optional_time().map(Self)
    }
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT uuid, kind, way, recipient, address, request, part, generation, facts, created, due, ends, ",
            "attempts, doubtful, state, reason, settled FROM outbox ",
            $rest
        )
    };
}

impl FromRow for NoticeRecord {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            uuid: columns.take()?,
            kind: columns.take()?,
            way: columns.take()?,
            recipient: columns.take()?,
            address: columns.take()?,
            request: columns.take()?,
            part: columns.number()?,
            generation: columns.number()?,
            facts: columns.json()?,
            created: columns.time()?,
            due: columns.time()?,
            ends: columns.time()?,
            attempts: columns.number()?,
            doubtful: columns.take()?,
            state: columns.state()?,
            reason: columns.take()?,
            settled: columns.optional_time()?,
        })
    }
}

impl FromRow for OutboxCount {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { waiting: columns.number()?, failing: columns.number()?, oldest: columns.optional_time()? })
    }
}

impl FromRow for Count {
    const TABLE: &'static str = TABLE;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.number().map(Self)
    }
}

pub(super) fn notice(uuid: Uuid) -> Ask<'static, Option<NoticeRecord>> {
    sql(select!("WHERE uuid = $1")).bind(uuid).asking()
}

pub(super) fn due_notices(way: &str, now: OffsetDateTime) -> Ask<'_, Vec<NoticeRecord>> {
    sql(select!("WHERE state = 'waiting' AND way = $1 AND due <= $2 ORDER BY due LIMIT $3"))
        .bind(way)
        .bind(now)
        .bind(ROUND)
        .asking()
}

pub(super) fn overdue_notices(now: OffsetDateTime) -> Ask<'static, Vec<NoticeRecord>> {
    sql(select!("WHERE state = 'waiting' AND ends <= $1 ORDER BY ends LIMIT $2")).bind(now).bind(LIST_LIMIT).asking()
}

impl Store {
    /// Lists notices, newest first; `before` is the last one of the page before.
    pub async fn notices(
        &self,
        state: Option<NoticeState>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<NoticeRecord>, Error> {
        let state = state.map_or("", Spelled::word);
        let statement = select!("WHERE ($1 = '' OR state = $1) AND uuid < $2 ORDER BY uuid DESC LIMIT $3");
        let before = before.unwrap_or(Uuid::max());
        self.ask(sql(statement).bind(state).bind(before).bind(limit.min(LIST_LIMIT)).asking()).await
    }

    /// Counts what waits in the outbox.
    pub async fn outbox_count(&self) -> Result<OutboxCount, Error> {
        let statement = "SELECT count(*), count(*) FILTER (WHERE attempts > 0), min(created) FROM outbox \
                         WHERE state = 'waiting'";
        let count: Option<OutboxCount> = self.ask(sql(statement).asking()).await?;
        Ok(count.unwrap_or(OutboxCount { waiting: 0, failing: 0, oldest: None }))
    }

    /// Returns when a person was told last of something of a kind, as far as the outbox knows.
    pub async fn person_told(&self, person: Uuid, kind: &str) -> Result<Option<OffsetDateTime>, Error> {
        let statement = "SELECT max(created) FROM outbox WHERE recipient = $1 AND kind = $2 \
                         AND state IN ('waiting', 'sent')";
        let told: Option<Latest> = self.ask(sql(statement).bind(person).bind(kind).asking()).await?;
        Ok(told.and_then(|told| told.0))
    }

    /// Counts the notices that were given up since this time.
    pub async fn notices_given_up(&self, since: OffsetDateTime) -> Result<u64, Error> {
        let statement = "SELECT count(*) FROM outbox WHERE settled >= $1 AND state = 'failed'";
        let count: Option<Count> = self.ask(sql(statement).bind(since).asking()).await?;
        Ok(count.map_or(0, |count| count.0))
    }
}

impl Tx {
    /// Puts a notice into the outbox.
    pub async fn insert_notice(&mut self, notice: &NoticeRecord) -> Result<(), Error> {
        let facts = facts_text(&notice.facts)?;
        let statement =
            sql("INSERT INTO outbox (uuid, kind, way, recipient, address, request, part, generation, facts, \
                             created, due, ends, attempts, doubtful, state, reason, settled) VALUES \
                             ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)")
            .bind(notice.uuid)
            .bind(&notice.kind)
            .bind(&notice.way)
            .bind(notice.recipient)
            .bind(&notice.address)
            .bind(notice.request)
            .bind(notice.part)
            .bind(notice.generation)
            .bind(facts)
            .bind(notice.created)
            .bind(notice.due)
            .bind(notice.ends)
            .bind(notice.attempts)
            .bind(notice.doubtful)
            .bind(notice.state.word())
            .bind(&notice.reason)
            .bind(notice.settled);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Replaces what a notice says that nobody has tried to send yet; [`Error::Changed`] otherwise.
    pub async fn reword_notice(&mut self, notice: &NoticeRecord) -> Result<(), Error> {
        let facts = facts_text(&notice.facts)?;
        let statement = "UPDATE outbox SET facts = $2 WHERE uuid = $1 AND state = 'waiting' AND attempts = 0";
        self.change(TABLE, notice.uuid, "not tried yet", sql(statement).bind(notice.uuid).bind(facts)).await
    }

    /// Counts an attempt and notes when the next one is due; until its end is noted, it may have gone through.
    /// [`Error::Changed`]: another server was quicker.
    pub async fn claim_notice(&mut self, notice: &NoticeRecord, next: OffsetDateTime) -> Result<(), Error> {
        self.housekeeping();
        let statement = sql("UPDATE outbox SET attempts = attempts + 1, due = $3, doubtful = TRUE \
                             WHERE uuid = $1 AND attempts = $2 AND state = 'waiting'")
        .bind(notice.uuid)
        .bind(notice.attempts)
        .bind(next);
        self.change(TABLE, notice.uuid, "the same attempt", statement).await
    }

    /// Notes why the attempt after those of `notice` has failed, whether the notice may have gone through, and when the next
    /// attempt is due.
    pub async fn put_back_notice(
        &mut self,
        notice: &NoticeRecord,
        due: OffsetDateTime,
        doubtful: bool,
        reason: &str,
    ) -> Result<(), Error> {
        self.housekeeping();
        let statement = sql("UPDATE outbox SET doubtful = $3, reason = $4, due = $5 \
                             WHERE uuid = $1 AND attempts = $2 AND state = 'waiting'")
        .bind(notice.uuid)
        .bind(notice.attempts.saturating_add(1))
        .bind(doubtful)
        .bind(reason)
        .bind(due);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Notes why nothing that is due on a way is sent now.
    pub async fn note_delay(&mut self, way: &str, now: OffsetDateTime, reason: &str) -> Result<(), Error> {
        self.housekeeping();
        let statement = "UPDATE outbox SET reason = $3 WHERE way = $1 AND state = 'waiting' AND due <= $2";
        self.execute(TABLE, sql(statement).bind(way).bind(now).bind(reason)).await.map(drop)
    }

    /// Ends a notice that waits; says whether it waited.
    pub async fn settle_notice(
        &mut self,
        uuid: Uuid,
        state: NoticeState,
        reason: &str,
        at: OffsetDateTime,
    ) -> Result<bool, Error> {
        self.housekeeping();
        let statement = sql("UPDATE outbox SET state = $2, reason = $3, settled = $4 \
                             WHERE uuid = $1 AND state = 'waiting'")
        .bind(uuid)
        .bind(state.word())
        .bind(reason)
        .bind(at);
        Ok(self.execute(TABLE, statement).await? > 0)
    }

    /// Has a notice sent that waits or was given up, now and until `ends`; says whether it is one of those.
    pub async fn retry_notice(&mut self, uuid: Uuid, now: OffsetDateTime, ends: OffsetDateTime) -> Result<bool, Error> {
        let statement = sql("UPDATE outbox SET state = 'waiting', due = $2, ends = $3, settled = NULL \
                             WHERE uuid = $1 AND state IN ('waiting', 'failed')")
        .bind(uuid)
        .bind(now)
        .bind(ends);
        Ok(self.execute(TABLE, statement).await? > 0)
    }

    /// Discards the one-time passwords of a request that are still to be mailed.
    pub(super) async fn discard_one_time(&mut self, request: Uuid, at: OffsetDateTime) -> Result<(), Error> {
        let statement =
            sql("UPDATE outbox SET state = 'discarded', reason = 'another one takes its place', settled = $2 \
                             WHERE request = $1 AND state = 'waiting' AND kind = 'one-time-password'")
            .bind(request)
            .bind(at);
        self.execute(TABLE, statement).await.map(drop)
    }

    /// Forgets some of the notices that were settled before this time; returns how many.
    pub async fn forget_notices(&mut self, before: OffsetDateTime) -> Result<usize, Error> {
        self.housekeeping();
        let statement = "DELETE FROM outbox WHERE uuid IN \
                         (SELECT uuid FROM outbox WHERE settled < $1 ORDER BY settled LIMIT $2)";
        self.execute(TABLE, sql(statement).bind(before).bind(LIST_LIMIT)).await
    }

    /// Counts what a person, or else an address, was mailed or is to be since this time.
    pub async fn notices_since(
        &mut self,
        recipient: Option<Uuid>,
        address: &str,
        since: OffsetDateTime,
    ) -> Result<u64, Error> {
        let statement = match recipient {
            Some(recipient) => {
                sql("SELECT count(*) FROM outbox WHERE recipient = $1 AND created > $2 AND way = 'mail'")
                    .bind(recipient)
            }
            None => sql("SELECT count(*) FROM outbox \
                         WHERE address = $1 AND created > $2 AND way = 'mail' AND recipient IS NULL")
            .bind(address),
        };
        let count: Option<Count> = self.ask(statement.bind(since).asking()).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    /// Returns the digest that is to be mailed to a person, or else to an address, and that nobody has tried to send yet.
    pub async fn digest_of(&mut self, recipient: Option<Uuid>, address: &str) -> Result<Option<NoticeRecord>, Error> {
        let statement = match recipient {
            Some(recipient) => {
                let of =
                    select!("WHERE recipient = $1 AND kind = 'digest' AND state = 'waiting' AND attempts = 0 LIMIT 1");
                sql(of).bind(recipient)
            }
            None => {
                let of = select!(
                    "WHERE address = $1 AND recipient IS NULL AND kind = 'digest' AND state = 'waiting' \
                                  AND attempts = 0 LIMIT 1"
                );
                sql(of).bind(address)
            }
        };
        self.ask(statement.asking()).await
    }

    /// Counts what waits on one way.
    pub async fn notices_waiting(&mut self, way: &str) -> Result<u64, Error> {
        let statement = "SELECT count(*) FROM outbox WHERE way = $1 AND state = 'waiting'";
        let count: Option<Count> = self.ask(sql(statement).bind(way).asking()).await?;
        Ok(count.map_or(0, |count| count.0))
    }
}

/// Spells facts as they are kept.
fn facts_text(facts: &BTreeMap<String, String>) -> Result<String, Error> {
    serde_json::to_string(facts).map_err(|_| Error::Damaged { table: TABLE, column: 8 })
}
