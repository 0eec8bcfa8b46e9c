//! Shows a job its transaction, whichever the database, and runs jobs.

use super::act_key::ActKey;
use super::audit::AuditEntry;
use super::chain::{CHAINS, ChainHead, moved};
use super::error::Error;
use super::link::{Answer, Ask, Counts, Statement};
use super::postgres::transaction::PostgresTransaction;
use super::sqlite::transaction::SqliteTransaction;
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
    /// The acts of the running job, which are written at its end.
    acts: Vec<AuditEntry>,
    /// What the rows have become that the running job has written.
    changed: Vec<RowState>,
}

/// Notes which acts were logged, and counts jobs that logged none.
struct Ledger {
    counts: Arc<Counts>,
    /// Acts that the next commit counts; `settled` of them are by jobs before the running one.
    acts: Vec<&'static str>,
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
    Postgres(PostgresTransaction),
}

impl Tx {
    pub(super) fn new(transaction: Transaction, counts: Arc<Counts>, voucher: Voucher) -> Self {
        let ledger = Ledger { counts, acts: Vec::new(), settled: 0, written: false, housekeeping: false };
        Self { transaction, ledger, voucher, acts: Vec::new(), changed: Vec::new() }
    }

    /// Returns where the key is under which acts are vouched for.
    pub(super) fn act_key(&self) -> Voucher {
        Arc::clone(&self.voucher)
    }

    /// Has an act written to the log at the end of the running job.
    pub(super) fn add_act(&mut self, entry: AuditEntry) {
        self.acts.push(entry);
    }

    /// Takes what the last act of the running job says that rows became.
    pub(super) fn say_rows(&mut self, rows: Vec<RowState>) {
        self.changed.extend(rows);
    }

    /// Writes the acts of the running job; the last one says what the rows became that the job has written.
    ///
    /// They come last, so that other jobs wait for the end of a chain as shortly as can be.
    async fn write_acts(&mut self) -> Result<(), Error> {
        let acts = std::mem::take(&mut self.acts);
        let mut changed = std::mem::take(&mut self.changed);
        // Of a row that was changed more than once, the last state counts.
        changed.sort_by(|one, other| (&one.row, one.changes).cmp(&(&other.row, other.changes)));
        changed.reverse();
        changed.dedup_by(|one, other| one.row == other.row);
        let last = acts.len().saturating_sub(1);
        for (index, act) in acts.iter().enumerate() {
            let rows = if index == last { std::mem::take(&mut changed) } else { Vec::new() };
            self.write_act(act, &rows).await?;
        }
        Ok(())
    }

    /// Notes an act that was logged; it is counted once it is on disk.
    pub(super) fn noted(&mut self, act: &'static str) {
        self.ledger.acts.push(act);
    }

    /// Says that the running job needs no act in the log.
    pub(super) fn housekeeping(&mut self) {
        self.ledger.housekeeping = true;
    }

    /// Answers a question, with what this job has written.
    pub(super) async fn ask<T: Answer>(&mut self, ask: Ask<'_, T>) -> Result<T, Error> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.ask(ask),
            Transaction::Postgres(transaction) => transaction.ask(ask).await,
        }
    }

    /// Runs a statement that writes `table`; returns how many rows it changed.
    pub(super) async fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        let rows = match Watched::written_by(table) {
            Some(watched) => self.execute_watched(watched, statement).await,
            None => self.execute_unwatched(table, statement).await,
        }?;
        self.ledger.written |= rows > 0;
        Ok(rows)
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
            Transaction::Postgres(transaction) => transaction.returning(watched.table, &statement).await,
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

    /// Runs a statement that writes `record` of `table` only while it is as `expected`; [`Error::Changed`] otherwise.
    pub(super) async fn change(
        &mut self,
        table: &'static str,
        record: Uuid,
        expected: &'static str,
        statement: Statement<'_>,
    ) -> Result<(), Error> {
        match self.execute(table, statement).await? {
            0 => Err(Error::Changed { table, record, expected }),
            _ => Ok(()),
        }
    }

    /// Has a lock of this number until the job ends, and waits for whichever job of another server has it. SQLite runs
    /// one job at a time.
    pub(super) async fn lock(&mut self, number: i64) -> Result<(), Error> {
        match &mut self.transaction {
            Transaction::Postgres(transaction) => transaction.lock(number).await,
            Transaction::Sqlite(_) => Ok(()),
        }
    }

    /// Returns the chain that this transaction adds to; nobody else adds to it until the transaction ends.
    pub(super) async fn chain(&mut self) -> Result<ChainHead, Error> {
        match &mut self.transaction {
            Transaction::Postgres(transaction) => transaction.chain().await,
            Transaction::Sqlite(transaction) => transaction.chain(),
        }
    }

    /// Writes a record, and moves the chain's end to it.
    pub(super) async fn add_to_chain(
        &mut self,
        record: (&'static str, Statement<'_>),
        head: ChainHead,
    ) -> Result<(), Error> {
        match &mut self.transaction {
            Transaction::Postgres(transaction) => transaction.execute_both(record, (CHAINS, moved(&head))).await,
            Transaction::Sqlite(transaction) => {
                let (table, insert) = record;
                transaction.execute(table, insert)?;
                transaction.move_chain(head);
                Ok(())
            }
        }
    }

    /// Begins a transaction for the next jobs.
    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.ledger.begin();
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.begin(),
            // It begins with its first statement, in the same packet.
            Transaction::Postgres(_) => Ok(()),
        }
    }

    /// Ends the running job: keeps its writes for the commit, or undoes them.
    pub(super) async fn settle(&mut self, keep: bool) -> Result<(), Error> {
        self.ledger.settle(keep);
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.settle(keep),
            Transaction::Postgres(transaction) => transaction.settle(keep).await,
        }
    }

    /// Brings what was kept to disk, and counts its acts.
    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.commit(),
            Transaction::Postgres(transaction) => transaction.commit().await,
        }?;
        self.ledger.counts.acted(&self.ledger.acts);
        Ok(())
    }

    /// Undoes all that was not committed.
    pub(super) fn abandon(&mut self) {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.abandon(),
            // The connection is dropped with it, and PostgreSQL ends the transaction.
            Transaction::Postgres(_) => {}
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
        (tx.acts, tx.changed) = (Vec::new(), Vec::new());
        let mut work = Box::pin(async move {
            let done = job(&mut *tx).await?;
            tx.write_acts().await?;
            Ok(done)
        });
        let outcome = poll_fn(|context| {
            catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
                .unwrap_or_else(|_| Poll::Ready(Err(E::from(Error::Panicked))))
        })
        .await;
        self.outcome.insert(outcome).is_ok()
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
