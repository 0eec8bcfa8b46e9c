//! A transaction as a job sees it, whichever the database, and how a job is run in it.

use super::chain::{CHAINS, ChainHead, moved};
use super::error::Error;
use super::link::{Answer, Ask, Counts, Statement};
use super::postgres::transaction::PostgresTransaction;
use super::sqlite::transaction::SqliteTransaction;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use uuid::Uuid;

/// A future that may wait on another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A transaction as a job sees it: every read, and the writes of this room.
///
/// What a job has read by its key is still so when it writes. A job that was refused a write can only end: whatever it
/// says then, none of its writes are kept on PostgreSQL.
pub struct Tx {
    transaction: Transaction,
    ledger: Ledger,
}

/// Which acts were logged, and by which jobs none.
struct Ledger {
    counts: Arc<Counts>,
    /// Acts that are to be counted with the next commit, and how many of them by jobs before the running one.
    acts: Vec<&'static str>,
    settled: usize,
    /// The running job has written.
    written: bool,
    /// The running job writes what is no act: it keeps the log itself.
    housekeeping: bool,
}

impl Ledger {
    fn begin(&mut self) {
        (self.settled, self.written, self.housekeeping) = (0, false, false);
        self.acts.clear();
    }

    /// Settles the acts of the running job, and counts it when it has written without one.
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
    pub(super) fn new(transaction: Transaction, counts: Arc<Counts>) -> Self {
        let ledger = Ledger { counts, acts: Vec::new(), settled: 0, written: false, housekeeping: false };
        Self { transaction, ledger }
    }

    /// Counts an act that was logged, once it is on disk.
    pub(super) fn noted(&mut self, act: &'static str) {
        self.ledger.acts.push(act);
    }

    /// Says that the running job is no act of anybody.
    pub(super) fn housekeeping(&mut self) {
        self.ledger.housekeeping = true;
    }

    /// Answers a question; what this job has written counts.
    pub(super) async fn ask<T: Answer>(&mut self, ask: Ask<'_, T>) -> Result<T, Error> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.ask(ask),
            Transaction::Postgres(transaction) => transaction.ask(ask).await,
        }
    }

    /// Runs a statement that writes `table`, and says how many rows it touched.
    pub(super) async fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        let rows = match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.execute(table, statement),
            Transaction::Postgres(transaction) => transaction.execute(table, statement).await,
        }?;
        self.ledger.written |= rows > 0;
        Ok(rows)
    }

    /// Runs a statement that writes `record` of `table` only while that is as `expected`; [`Error::Changed`] otherwise.
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

    /// The chain that this transaction adds to, its own until it ends.
    pub(super) async fn chain(&mut self) -> Result<ChainHead, Error> {
        match &mut self.transaction {
            Transaction::Postgres(transaction) => transaction.chain().await,
            Transaction::Sqlite(transaction) => transaction.chain(),
        }
    }

    /// Writes a record, and remembers that the chain ends with it.
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

    pub(super) fn begin(&mut self) -> Result<(), Error> {
        self.ledger.begin();
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.begin(),
            // It begins with its first statement, in the same packet.
            Transaction::Postgres(_) => Ok(()),
        }
    }

    /// Ends the running job: keeps its writes for the commit, or takes them back.
    pub(super) async fn settle(&mut self, keep: bool) -> Result<(), Error> {
        self.ledger.settle(keep);
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.settle(keep),
            Transaction::Postgres(transaction) => transaction.settle(keep).await,
        }
    }

    pub(super) async fn commit(&mut self) -> Result<(), Error> {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.commit(),
            Transaction::Postgres(transaction) => transaction.commit().await,
        }?;
        self.ledger.counts.acted(&self.ledger.acts);
        Ok(())
    }

    pub(super) fn abandon(&mut self) {
        match &mut self.transaction {
            Transaction::Sqlite(transaction) => transaction.abandon(),
            // Its connection is given up with it, and the transaction with that.
            Transaction::Postgres(_) => {}
        }
    }
}

/// A job, and what came of it.
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

    /// Runs the job and says whether its writes are to be kept; a panic is a refusal of this job, not the writer's end.
    pub async fn run(&mut self, tx: &mut Tx) -> bool {
        let Some(job) = self.job.take() else { return false };
        let mut work = Box::pin(async move { job(tx).await });
        let outcome = poll_fn(|context| {
            catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
                .unwrap_or_else(|_| Poll::Ready(Err(E::from(Error::Panicked))))
        })
        .await;
        self.outcome.insert(outcome).is_ok()
    }

    /// What the caller is told, given what became of the transaction.
    pub fn told(self, fate: Result<(), Error>) -> Result<T, E> {
        match (fate, self.outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(Error::Closed.into()),
        }
    }
}
