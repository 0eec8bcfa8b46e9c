//! Runs a lane's transaction: READ COMMITTED, many jobs, each behind a savepoint of its own, with locks on what they decide on.
//!
//! What a job need not wait for is kept back and sent together with what it waits for, in one round trip; so are the
//! beginning of a transaction and savepoints.

use super::super::act_key::ActKey;
use super::super::audit::Act;
use super::super::error::{Cause, Error};
use super::super::link::{Answer, Counts, Savepoint, Settled, Statement};
use super::super::watched::{RawRow, Watched};
use super::connections::connection_by_keys;
use super::known::Known;
use super::link::{Done, Link, gather, refusal};
use super::log;
use super::sent::{Sent, uncommitted, unwritten};
use deadpool_postgres::{Object, Pool};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use tokio_postgres::Row;

/// Lists the words of a question whose answer is not a row of one table, so that nothing can be locked.
const NO_ROW: [&str; 9] = [" JOIN ", "DISTINCT", "GROUP BY", " UNION ", "EXISTS", "count(", "max(", "min(", "sum("];
const LOCK: &str = " FOR NO KEY UPDATE";
const LOCK_NOW: &str = " FOR NO KEY UPDATE NOWAIT";
/// Says that a lock is not to be had (PostgreSQL, appendix A: lock_not_available).
const IS_LOCKED: &str = "55P03";
const BEGIN: &str = "BEGIN ISOLATION LEVEL READ COMMITTED";
/// Bounds the statements that are sent together.
const TOGETHER: usize = 32;

/// Holds a lane's connection and its transaction, which begins with the first statement.
pub(in crate::store) struct PostgresTransaction {
    pool: Pool,
    link: Option<Link>,
    counts: Arc<Counts>,
    open: bool,
    /// What the running job has sent and need not wait for.
    kept_back: Vec<Sent>,
    /// What the running job has asked before it wrote, where jobs before it are kept.
    asked: Vec<Asked>,
    /// What the running job is about to read: questions for records of these tables, each by its key.
    ahead: Vec<(&'static str, Statement<'static>)>,
    /// What is locked, and so still as it was read.
    known: Known,
    /// What the running job has written, as it was returned.
    rows: Vec<(&'static Watched, RawRow)>,
    /// The running job has sent more than questions.
    sent: bool,
    /// The running job has written.
    written: bool,
    /// A job before it has written, and its writes are kept.
    kept: bool,
    savepoint: Savepoint,
    /// Set once a statement was refused: PostgreSQL then takes nothing more of the running job.
    broken: Option<Cause>,
}

/// Holds a question and its answer.
struct Asked {
    statement: Statement<'static>,
    rows: Vec<RawRow>,
}

impl Asked {
    fn of(asked: &Statement<'_>, locks: bool, rows: &[Row]) -> Self {
        let statement = if locks { asked.followed_by(LOCK) } else { asked.copied() };
        Self { statement, rows: rows.iter().map(|row| RawRow::of(row)).collect() }
    }
}

/// Holds the statement that is waited for.
enum Last<'s> {
    Nothing,
    Questions(&'s [&'s Statement<'s>]),
    Write(&'s Statement<'s>),
    /// It writes, and says what the rows are then.
    Returning(&'s Statement<'s>),
}

impl PostgresTransaction {
    pub(super) fn new(pool: Pool, counts: Arc<Counts>) -> Self {
        Self {
            pool,
            link: None,
            counts,
            open: false,
            kept_back: Vec::new(),
            asked: Vec::new(),
            ahead: Vec::new(),
            known: Known::default(),
            rows: Vec::new(),
            sent: false,
            written: false,
            kept: false,
            savepoint: Savepoint::None,
            broken: None,
        }
    }

    /// Makes sure of a connection; the transaction begins with its first statement.
    pub async fn begin(&mut self) -> Result<(), Error> {
        if self.link.as_ref().is_some_and(Link::is_lost) {
            self.abandon();
        }
        if self.link.is_none() {
            self.link = Some(Link::new(connection_by_keys(&self.pool).await?, self.counts.clone()));
        }
        self.begin_job();
        (self.open, self.kept, self.savepoint, self.broken) = (false, false, Savepoint::None, None);
        self.known.clear();
        Ok(())
    }

    fn begin_job(&mut self) {
        self.kept_back.clear();
        self.asked.clear();
        self.ahead.clear();
        self.rows.clear();
        (self.sent, self.written) = (false, false);
    }

    /// Takes note of a record that the running job is about to read by its key. All of them are read together, in this order, once
    /// the job asks for one of them.
    pub fn read_ahead(&mut self, table: &'static str, asked: &Statement<'_>) {
        if self.ahead.len() < TOGETHER && self.known.rows(asked).is_none() {
            self.ahead.push((table, asked.copied()));
        }
    }

    /// Answers a question; one record that is read by its key is locked until the transaction ends. `None`: somebody else
    /// has locked it, and jobs before this one would be held up; they are to be committed first ([`Self::step_back`]).
    pub async fn ask<T: Answer>(&mut self, asked: &Statement<'_>) -> Result<Option<T>, Error> {
        if self.ahead.iter().any(|(_, ahead)| ahead.is(asked)) && !self.look_ahead().await? {
            return Ok(None);
        }
        let locks = T::ONE && asked.text.starts_with("SELECT") && !NO_ROW.iter().any(|word| asked.text.contains(word));
        if let Some(rows) = self.known.rows(asked) {
            self.asked.extend(self.kept.then(|| Asked::of(asked, locks, rows)));
            return gather(rows).map(Some);
        }
        let locking = locks.then(|| asked.followed_by(self.lock()));
        let Some(mut done) = self.questions(&[locking.as_ref().unwrap_or(asked)]).await? else { return Ok(None) };
        let rows = done.pop().unwrap_or_default();
        self.asked.extend((self.kept && !self.sent).then(|| Asked::of(asked, locks, &rows)));
        let answer = gather(&rows).map(Some);
        if locks {
            self.known.add(T::TABLE, asked, rows);
        }
        answer
    }

    /// Reads and locks what the job is about to read; `false`: somebody else has locked some of it, as for [`Self::ask`].
    async fn look_ahead(&mut self) -> Result<bool, Error> {
        let ahead = std::mem::take(&mut self.ahead);
        let locking: Vec<_> = ahead.iter().map(|(_, asked)| asked.followed_by(self.lock())).collect();
        let locking: Vec<_> = locking.iter().collect();
        let Some(done) = self.questions(&locking).await? else { return Ok(false) };
        for ((table, asked), rows) in ahead.iter().zip(done) {
            self.asked.extend((self.kept && !self.sent).then(|| Asked::of(asked, true, &rows)));
            self.known.add(table, asked, rows);
        }
        Ok(true)
    }

    /// Asks questions; `None`: one was to lock at once and could not.
    async fn questions(&mut self, asked: &[&Statement<'_>]) -> Result<Option<Vec<Vec<Row>>>, Error> {
        let patient = self.is_patient();
        match self.together(Last::Questions(asked)).await? {
            Ok(done) => Ok(Some(done.into_iter().map(Done::rows).collect())),
            Err(Cause::Postgres { code: Some(code), .. }) if !patient && code == IS_LOCKED => Ok(None),
            Err(cause) => Err(self.refused(cause, Error::Read)),
        }
    }

    /// Says whether the job waits for what is locked: only one that has asked and nothing else can step back.
    fn is_patient(&self) -> bool {
        !self.kept || self.sent || !self.kept_back.is_empty()
    }

    /// Returns how a record is locked.
    fn lock(&self) -> &'static str {
        if self.is_patient() { LOCK } else { LOCK_NOW }
    }

    /// Undoes what the running job has asked, so that the jobs before it can be committed.
    pub async fn step_back(&mut self) -> Result<(), Error> {
        self.known.clear();
        self.control("ROLLBACK TO job").await
    }

    /// Asks in a transaction of its own what the running job has asked before; [`Error::Contended`] where something is not as
    /// it was.
    pub async fn step_again(&mut self) -> Result<(), Error> {
        (self.kept, self.savepoint) = (false, Savepoint::None);
        for Asked { statement, rows } in std::mem::take(&mut self.asked) {
            let again = self.questions(&[&statement]).await?.and_then(|mut done| done.pop()).unwrap_or_default();
            if again.iter().map(|row| RawRow::of(row)).collect::<Vec<_>>() != rows {
                let message = "what the job had read was changed before its turn".to_owned();
                return Err(Error::Contended(Cause::Postgres { message, code: Some(IS_LOCKED.to_owned()) }));
            }
        }
        Ok(())
    }

    /// Runs a statement that writes `table`; returns how many rows it changed.
    pub async fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        self.known.forget(table);
        let done = self.together(Last::Write(&statement)).await?;
        let number = match done.map_err(|cause| self.unwritten(table, cause))?.pop() {
            Some(Done::Changed(number)) => usize::try_from(number).unwrap_or(usize::MAX),
            _ => 0,
        };
        self.written |= number > 0;
        Ok(number)
    }

    /// Runs a statement that writes `table`; returns what it says of the rows that it changed.
    pub async fn returning(&mut self, table: &'static str, statement: Statement<'_>) -> Result<Vec<RawRow>, Error> {
        self.known.forget(table);
        let done = self.together(Last::Returning(&statement)).await?;
        let done = done.map_err(|cause| self.unwritten(table, cause))?.pop();
        let rows = done.map(Done::rows).unwrap_or_default();
        self.written |= !rows.is_empty();
        Ok(rows.iter().map(|row: &Row| RawRow::of(row)).collect())
    }

    /// Takes a statement that the job need not wait for.
    pub async fn send(&mut self, sent: Sent) -> Result<(), Error> {
        self.known.forget(sent.table());
        self.kept_back.push(sent);
        if self.kept_back.len() < TOGETHER { Ok(()) } else { self.flush().await }
    }

    /// Waits for everything that the job has sent.
    pub async fn flush(&mut self) -> Result<(), Error> {
        match self.kept_back.is_empty() {
            true => Ok(()),
            false => self.together(Last::Nothing).await.map(drop),
        }
    }

    /// Says whether the running job has written.
    pub fn has_written(&self) -> bool {
        self.written
    }

    /// Takes the rows that the running job has sent and that the log vouches for.
    pub fn rows(&mut self) -> Vec<(&'static Watched, RawRow)> {
        std::mem::take(&mut self.rows)
    }

    /// Sends what was kept back and `last` in one round trip, after the beginning of the transaction or a savepoint.
    /// Fails by what was kept back; what came of `last` is returned, or what the first of it was refused by.
    async fn together(&mut self, last: Last<'_>) -> Result<Result<Vec<Done>, Cause>, Error> {
        if let Some(cause) = &self.broken {
            return Ok(Err(cause.copied()));
        }
        let kept_back = std::mem::take(&mut self.kept_back);
        let first = self.guard();
        self.sent |= matches!(last, Last::Write(_) | Last::Returning(_)) || !kept_back.is_empty();
        let link = self.link.as_mut().ok_or(Error::Closed)?;
        let mut all: Vec<(&Statement<'_>, bool)> =
            kept_back.iter().map(|sent| (&sent.statement, sent.returns())).collect();
        match last {
            Last::Nothing => {}
            Last::Questions(statements) => all.extend(statements.iter().map(|statement| (*statement, true))),
            Last::Returning(statement) => all.push((statement, true)),
            Last::Write(statement) => all.push((statement, false)),
        }
        let mut done = match link.together(first, &all, None).await {
            Ok(done) => done.into_iter(),
            Err(cause) => return Err(self.refused(cause, |cause| Error::Transaction(Arc::new(cause)))),
        };
        for sent in kept_back {
            match done.next() {
                Some(Ok(done)) => self.written |= sent.judge(&done, &mut self.rows)?,
                Some(Err(cause)) => {
                    self.note(&cause);
                    return Err(sent.refused(cause));
                }
                None => return Err(Error::Closed),
            }
        }
        Ok(done.collect())
    }

    /// Returns what is to be sent before the next statement.
    fn guard(&mut self) -> Option<&'static str> {
        if !std::mem::replace(&mut self.open, true) {
            return Some(BEGIN);
        }
        // The first job that writes can be undone alone.
        if !self.kept || self.savepoint == Savepoint::Fresh {
            return None;
        }
        match std::mem::replace(&mut self.savepoint, Savepoint::Fresh) {
            Savepoint::None => Some("SAVEPOINT job"),
            Savepoint::Fresh | Savepoint::Used => Some("RELEASE job; SAVEPOINT job"),
        }
    }

    /// Ends the running job: keeps its writes for the commit, or undoes them.
    pub async fn settle(&mut self, keep: bool) -> Result<Settled, Error> {
        let (sent, written, broken) = (self.sent, self.written, self.broken.take());
        self.begin_job();
        if keep && broken.is_none() {
            self.kept |= written;
            if sent && self.savepoint == Savepoint::Fresh {
                self.savepoint = Savepoint::Used;
            }
            return Ok(Settled::AsAsked);
        }
        if let Some(Cause::Postgres { code: None, .. }) = &broken {
            return Err(Error::Unreachable(broken.unwrap_or_else(super::link::slow)));
        }
        if self.open && (sent || broken.is_some()) {
            let back = if self.savepoint == Savepoint::None { "ROLLBACK" } else { "ROLLBACK TO job" };
            // What was locked since is not any more.
            self.known.clear();
            self.control(back).await?;
            self.open = self.savepoint != Savepoint::None;
        }
        Ok(match broken {
            Some(cause) if keep => Settled::Undone(Error::undone(Arc::new(cause))),
            _ => Settled::AsAsked,
        })
    }

    /// Brings what was kept to disk, with its acts; [`Error::Uncertain`] where the connection was lost meanwhile.
    pub async fn commit(&mut self, acts: &[Act], key: Option<&ActKey>) -> Result<(), Error> {
        let first = if acts.is_empty() || self.open { None } else { Some(BEGIN) };
        self.open |= first.is_some();
        if !self.open {
            return Ok(());
        }
        let link = self.link.as_mut().ok_or(Error::Closed)?;
        if acts.is_empty() {
            link.control("COMMIT").await.map_err(uncommitted)?;
        } else {
            log::commit(link, first, acts, key).await?;
        }
        self.open = false;
        if self.kept || !acts.is_empty() {
            self.counts.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Undoes the whole batch: the connection is dropped, and PostgreSQL ends its transaction.
    pub fn abandon(&mut self) {
        if let Some(link) = self.link.take() {
            drop(Object::take(link.client));
        }
        self.open = false;
    }

    async fn control(&mut self, statement: &'static str) -> Result<(), Error> {
        let link = self.link.as_mut().ok_or(Error::Closed)?;
        link.control(statement).await.map_err(|cause| refusal(cause, |cause| Error::Transaction(Arc::new(cause))))
    }

    /// Notes that the transaction takes nothing more of the running job.
    fn note(&mut self, cause: &Cause) {
        self.broken = Some(cause.copied());
    }

    fn unwritten(&mut self, table: &'static str, cause: Cause) -> Error {
        self.note(&cause);
        unwritten(table, cause)
    }

    fn refused(&mut self, cause: Cause, otherwise: impl FnOnce(Cause) -> Error) -> Error {
        self.note(&cause);
        refusal(cause, otherwise)
    }
}

impl Drop for PostgresTransaction {
    /// Drops the connection of a transaction that was cut short, so that PostgreSQL undoes it.
    fn drop(&mut self) {
        if self.open {
            self.abandon();
        }
    }
}
