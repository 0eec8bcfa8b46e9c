//! Shows a job its transaction, whichever the database, and runs jobs.

use super::act_key::ActKey;
use super::audit::{Act, AuditEntry};
use super::error::Error;
use super::link::{Answer, Ask, Counts, Settled, Statement};
use super::postgres::sent::Sent;
use super::postgres::transaction::PostgresTransaction;
use super::sqlite::transaction::SqliteTransaction;
use super::versions::{self, COUNTERS};
use super::watched::{RowState, Watched};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use uuid::Uuid;

/// Is a future that may wait on another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Holds the key under which acts are vouched for, once somebody has given it.
pub(super) type Voucher = Arc<OnceLock<ActKey>>;

/// Offers a job its transaction: every read, and every write of the store.
///
/// What a job has read by its key is still true when it writes. A job whose write was refused can only end: on
/// PostgreSQL none of its writes are kept, whatever it returns.
pub struct Tx {
    transaction: Transaction,
    ledger: Ledger,
    voucher: Voucher,
    /// The acts of the running job.
    acts: Vec<AuditEntry>,
    /// What the rows have become that the running job has written.
    changed: Vec<RowState>,
    /// The jobs of the transaction that have run.
    callers: Vec<Box<dyn Caller>>,
    /// Set where those before the running one were to be committed for its sake, and were not.
    lost: Option<Error>,
    /// The running job has changed who somebody is who calls.
    of_callers: bool,
    /// A job of the transaction has changed what versions count.
    moved: bool,
}

/// Waits to be told what became of a job.
pub(super) trait Caller: Send {
    fn answer(self: Box<Self>, fate: Result<(), Error>);
}

/// Holds the acts that the next commit brings to disk, and counts jobs that logged none.
struct Ledger {
    counts: Arc<Counts>,
    /// `settled` of them are by jobs before the running one.
    acts: Vec<Act>,
    settled: usize,
    /// The running job has written.
    written: bool,
    /// The running job writes nothing that needs an act in the log.
    housekeeping: bool,
}

impl Ledger {
    fn begin(&mut self) {
        (self.settled, self.written, self.housekeeping) = (0, false, false);
        self.acts.clear();
    }

    /// Settles the acts of the running job, and counts the job if it has written and logged no act.
    fn settle(&mut self, keep: bool) {
        let excused = std::mem::take(&mut self.housekeeping) || self.acts.len() > self.settled;
        if std::mem::take(&mut self.written) && keep && !excused {
            self.counts.unaudited.fetch_add(1, Ordering::Relaxed);
        }
        if !keep {
            self.acts.truncate(self.settled);
        }
        self.settled = self.acts.len();
    }
}

pub(super) enum Transaction {
    Sqlite(SqliteTransaction),
    Postgres(Box<PostgresTransaction>),
}

impl Tx {
    pub(super) fn new(transaction: Transaction, counts: Arc<Counts>, voucher: Voucher) -> Self {
        let ledger = Ledger { counts, acts: Vec::new(), settled: 0, written: false, housekeeping: false };
        Self {
            transaction,
            ledger,
            voucher,
            acts: Vec::new(),
            changed: Vec::new(),
            callers: Vec::new(),
            lost: None,
            of_callers: false,
            moved: false,
        }
    }

    pub(super) fn transaction(&mut self) -> &mut Transaction {
        &mut self.transaction
    }

    /// Has an act written to the log with the commit.
    pub(super) fn add_act(&mut self, entry: AuditEntry) {
        self.acts.push(entry);
    }

    /// Takes what the last act of the running job says that rows became.
    pub(super) fn say_rows(&mut self, rows: Vec<RowState>) {
        self.changed.extend(rows);
    }

    /// Ends the running job's work: waits for what it has sent, and notes its acts, which the commit writes; the last one
    /// says what the rows became that the job has written.
    async fn finish(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.of_callers) {
            self.move_versions();
            self.send(COUNTERS, versions::callers_changed()).await?;
        }
        if let Transaction::Postgres(transaction) = &mut self.transaction {
            transaction.flush().await?;
            self.ledger.written |= transaction.has_written();
            for (watched, row) in transaction.rows() {
                self.changed.push(watched.written(&row)?);
            }
        }
        let mut changed = std::mem::take(&mut self.changed);
        // Of a row that was changed more than once, the last state counts.
        changed.sort_by(|one, other| (&one.row, one.changes).cmp(&(&other.row, other.changes)));
        changed.reverse();
        changed.dedup_by(|one, other| one.row == other.row);
        let acts = std::mem::take(&mut self.acts);
        let last = acts.len().saturating_sub(1);
        for (index, act) in acts.into_iter().enumerate() {
            let rows = if index == last { std::mem::take(&mut changed) } else { Vec::new() };
            self.ledger.acts.push(Act::of(act, rows)?);
        }
        Ok(())
    }

    /// Has whoever keeps something in this program ask for the versions anew, once the transaction has ended.
    pub(super) fn move_versions(&mut self) {
        self.moved = true;
    }

    /// Says that the running job needs no act in the log.
    pub(super) fn housekeeping(&mut self) {
        self.ledger.housekeeping = true;
    }

    /// Answers a question, with what this job has written.
    pub(super) async fn ask<T: Answer>(&mut self, ask: Ask<'_, T>) -> Result<T, Error> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.ask(ask),
            Transaction::Postgres(transaction) => {
                if let Some(answer) = transaction.ask(&ask.statement).await? {
                    return Ok(answer);
                }
                transaction.step_back().await?;
                self.commit_before().await?;
                self.ask_again(&ask.statement).await
            }
        }
    }

    /// Answers a question once more, and waits, now that no job before this one is held up.
    async fn ask_again<T: Answer>(&mut self, asked: &Statement<'_>) -> Result<T, Error> {
        match &mut self.transaction {
            Transaction::Postgres(transaction) => {
                transaction.step_again().await?;
                transaction.ask(asked).await?.ok_or(Error::Busy)
            }
            Transaction::Sqlite(_) => Err(Error::Busy),
        }
    }

    /// Commits the jobs before the running one, so that none of them, and nobody who waits for what they have locked, waits
    /// for what this one waits for.
    async fn commit_before(&mut self) -> Result<(), Error> {
        let acts = self.ledger.acts.drain(..std::mem::take(&mut self.ledger.settled)).collect();
        let fate = self.commit_with(acts).await;
        self.answer(&fate);
        let told = fate.as_ref().map(drop).map_err(Error::shared);
        self.lost = fate.err();
        told
    }

    /// Takes what the transaction was lost by while the job ran.
    pub(super) fn lost(&mut self) -> Option<Error> {
        self.lost.take()
    }

    /// Adds a job that has run, to be answered with the transaction.
    pub(super) fn add_caller(&mut self, caller: Box<dyn Caller>) {
        self.callers.push(caller);
    }

    /// Answers the jobs that have run, given what became of the transaction.
    pub(super) fn answer(&mut self, fate: &Result<(), Error>) {
        for caller in self.callers.drain(..) {
            caller.answer(fate.as_ref().map(drop).map_err(Error::shared));
        }
    }

    /// Runs a statement that writes `table`; returns how many rows it changed.
    pub(super) async fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        let of_callers = versions::changes_callers(table, &statement);
        let rows = match Watched::written_by(table) {
            Some(watched) => self.execute_watched(watched, statement).await,
            None => self.execute_unwatched(table, statement).await,
        }?;
        self.of_callers |= of_callers && rows > 0;
        self.ledger.written |= rows > 0;
        Ok(rows)
    }

    /// Has a statement that writes `table` run before the next one that is waited for, or at the job's end; what refuses
    /// it refuses the job. On SQLite it runs at once.
    pub(super) async fn send(&mut self, table: &'static str, statement: Statement<'_>) -> Result<(), Error> {
        match &mut self.transaction {
            Transaction::Sqlite(_) => self.execute(table, statement).await.map(drop),
            Transaction::Postgres(transaction) => transaction.send(Sent::writing(table, statement, None)).await,
        }
    }

    /// Runs a statement on a table whose rows the log vouches for.
    async fn execute_watched(&mut self, watched: &Watched, statement: Statement<'_>) -> Result<usize, Error> {
        self.execute_counted(watched, watched.watching(statement)).await
    }

    /// Runs a statement that counts the change of the rows of such a table, and returns them as they are then.
    pub(super) async fn execute_counted(
        &mut self,
        watched: &Watched,
        statement: Statement<'_>,
    ) -> Result<usize, Error> {
        let rows = match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.returning(watched.table, &statement),
            Transaction::Postgres(transaction) => transaction.returning(watched.table, statement).await,
        }?;
        for row in &rows {
            self.changed.push(watched.written(row)?);
        }
        Ok(rows.len())
    }

    /// Runs a statement that changes nothing of which the log says what it became; returns how many rows it changed.
    pub(super) async fn execute_unwatched(
        &mut self,
        table: &'static str,
        statement: Statement<'_>,
    ) -> Result<usize, Error> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.execute(table, statement),
            Transaction::Postgres(transaction) => transaction.execute(table, statement).await,
        }
    }

    /// Has a statement that writes `record` of `table` run, as [`Self::send`] does, only while it is as `expected`;
    /// [`Error::Changed`] otherwise.
    pub(super) async fn change(
        &mut self,
        table: &'static str,
        record: Uuid,
        expected: &'static str,
        statement: Statement<'_>,
    ) -> Result<(), Error> {
        let changed = Error::Changed { table, record, expected };
        if let Transaction::Postgres(transaction) = &mut self.transaction {
            return transaction.send(Sent::writing(table, statement, Some(changed))).await;
        }
        match self.execute(table, statement).await? {
            0 => Err(changed),
            _ => Ok(()),
        }
    }

    /// Has a lock of this number until the job ends, and waits for whichever job of another server has it before the next
    /// statement runs. SQLite runs one job at a time.
    pub(super) async fn lock(&mut self, number: i64) -> Result<(), Error> {
        match &mut self.transaction {
            Transaction::Postgres(transaction) => transaction.send(Sent::locking(number)).await,
            Transaction::Sqlite(_) => Ok(()),
        }
    }

    /// Begins a transaction for the next jobs.
    pub(super) async fn begin(&mut self) -> Result<(), Error> {
        self.ledger.begin();
        self.moved = false;
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.begin(),
            Transaction::Postgres(transaction) => transaction.begin().await,
        }
    }

    /// Ends the running job: keeps its writes for the commit, or undoes them.
    pub(super) async fn settle(&mut self, keep: bool) -> Result<Settled, Error> {
        let settled = match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.settle(keep).map(|()| Settled::AsAsked),
            Transaction::Postgres(transaction) => transaction.settle(keep).await,
        }?;
        self.ledger.settle(keep && matches!(settled, Settled::AsAsked));
        Ok(settled)
    }

    /// Brings what was kept to disk, with its acts, and counts those.
    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        let acts = std::mem::take(&mut self.ledger.acts);
        self.commit_with(acts).await
    }

    async fn commit_with(&mut self, acts: Vec<Act>) -> Result<(), Error> {
        let key = self.voucher.get();
        let committed = match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.commit(&acts, key),
            Transaction::Postgres(transaction) => transaction.commit(&acts, key).await,
        };
        // Where nobody knows whether it was committed, too.
        if self.moved {
            self.ledger.counts.note_change();
        }
        committed?;
        self.ledger.counts.acted(acts.iter().map(Act::word));
        Ok(())
    }

    /// Undoes all that was not committed.
    pub(super) fn abandon(&mut self) {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.abandon(),
            Transaction::Postgres(transaction) => transaction.abandon(),
        }
    }
}

/// Holds a job, and then what it returned.
pub(super) struct Work<T, E, F> {
    job: Option<F>,
    outcome: Option<Result<T, E>>,
}

impl<T, E, F> Work<T, E, F>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    E: From<Error> + Send + 'static,
    T: Send + 'static,
{
    pub fn new(job: F) -> Self {
        Self { job: Some(job), outcome: None }
    }

    /// Runs the job and says whether its writes are to be kept. A panic undoes this job only; the writer goes on.
    pub async fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(job) = self.job.take() else { return false };
        (tx.acts, tx.changed, tx.of_callers) = (Vec::new(), Vec::new(), false);
        let mut work = Box::pin(async move {
            let done = job(&mut *tx).await?;
            tx.finish().await?;
            Ok(done)
        });
        let outcome = poll_fn(|context| {
            catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
                .unwrap_or_else(|_| Poll::Ready(Err(E::from(Error::Panicked))))
        })
        .await;
        self.outcome.insert(outcome).is_ok()
    }

    /// Has the caller told that the job's writes were undone.
    pub fn undo(&mut self, error: Error) {
        self.outcome = Some(Err(error.into()));
    }

    /// Returns what the caller is told, given what became of the transaction.
    pub fn told(self, fate: Result<(), Error>) -> Result<T, E> {
        match (fate, self.outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(Error::Closed.into()),
        }
    }
}
