//! The one writer: a thread that runs jobs in turn and commits many of them with one fsync.

use super::error::Error;
use super::link::{Answer, Ask, Counts, Link, Statement};
use rusqlite::{Connection, ErrorCode, ffi};
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// A future that may wait on another thread.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Jobs that may wait; a caller beyond them waits for room.
const QUEUE: usize = 1024;
/// Jobs one commit may carry; bounds how long the first of them waits for its answer.
const BATCH: usize = 256;

/// A transaction as a job sees it: every read, and the writes of this room.
pub struct Tx {
    connection: Connection,
    counts: Arc<Counts>,
    /// The running job has written.
    written: bool,
    /// The running job has told the log of acts.
    audited: bool,
    /// A job before it in this batch has.
    kept: bool,
    savepoint: Savepoint,
    /// A statement failed in a way that may have ended the transaction behind our back (disk full, I/O error).
    broken: Option<Arc<rusqlite::Error>>,
}

/// The savepoint that separates the running job from those before it; set only before a first write.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Savepoint {
    None,
    /// Nothing was written since.
    Fresh,
    Used,
}

impl Tx {
    fn link(&self) -> Link<'_> {
        Link { connection: &self.connection, counts: &self.counts }
    }

    /// Answers a question; what this job has written counts.
    pub(super) async fn ask<T: Answer>(&mut self, ask: Ask<'_, T>) -> Result<T, Error> {
        self.link().ask(ask)
    }

    /// Runs a statement that writes `table`, and says how many rows it touched.
    pub(super) async fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        if let Err(source) = self.guard() {
            return Err(self.fail(source));
        }
        self.written = true;
        let source = match self.link().execute(statement) {
            Ok(rows) => return Ok(rows),
            Err(source) => source,
        };
        match source.sqlite_error().map(|error| (error.code, error.extended_code)) {
            Some((_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)) => {
                Err(Error::Duplicate { table, source })
            }
            Some((_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY)) => Err(Error::Dangling { table, source }),
            Some((ErrorCode::ConstraintViolation, _)) => Err(Error::Write { table, source }),
            _ => Err(self.fail(source)),
        }
    }

    /// The running job has told the log of acts what it does.
    pub(super) fn mark_audited(&mut self) {
        self.audited = true;
    }

    fn fail(&mut self, source: rusqlite::Error) -> Error {
        let source = Arc::new(source);
        self.broken = Some(source.clone());
        Error::Transaction(source)
    }

    /// Sets the savepoint before a job's first write. The first job of a batch needs none: it can roll back alone.
    fn guard(&mut self) -> rusqlite::Result<()> {
        if self.written || !self.kept {
            return Ok(());
        }
        if self.savepoint == Savepoint::Used {
            self.control("RELEASE job")?;
        }
        if self.savepoint != Savepoint::Fresh {
            self.control("SAVEPOINT job")?;
        }
        self.savepoint = Savepoint::Used;
        Ok(())
    }

    fn control(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection.prepare_cached(statement)?.execute([]).map(drop)
    }

    fn begin(&mut self) -> rusqlite::Result<()> {
        (self.written, self.kept, self.savepoint, self.broken) = (false, false, Savepoint::None, None);
        self.control("BEGIN IMMEDIATE")
    }

    /// Ends the running job: keeps its writes for the commit, or takes them back.
    fn settle(&mut self, keep: bool) -> Result<(), Arc<rusqlite::Error>> {
        if let Some(error) = &self.broken {
            return Err(error.clone());
        }
        let audited = std::mem::take(&mut self.audited);
        match (std::mem::take(&mut self.written), keep, self.kept) {
            (false, _, _) => Ok(()),
            (true, true, _) => {
                self.kept = true;
                if !audited {
                    self.counts.unaudited.fetch_add(1, Ordering::Relaxed);
                }
                Ok(())
            }
            (true, false, true) => {
                self.savepoint = Savepoint::Fresh;
                self.control("ROLLBACK TO job").map_err(Arc::new)
            }
            (true, false, false) => {
                self.control("ROLLBACK").map_err(Arc::new)?;
                self.begin().map_err(Arc::new)
            }
        }
    }

    fn commit(&self) -> Result<(), Arc<rusqlite::Error>> {
        self.control("COMMIT").map_err(Arc::new)?;
        if self.kept {
            self.counts.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// A job with its types hidden: it is run, then told its batch's fate, and only then answers its caller.
trait Job: Send {
    fn is_awaited(&self) -> bool;
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    fn answer(self: Box<Self>, fate: Result<(), Error>);
}

struct Work<T, E, F> {
    job: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Work<T, E, F>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    E: From<Error> + Send + 'static,
    T: Send + 'static,
{
    fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    /// Runs the job and says whether its writes are to be kept; a panic is a refusal of this job, not the writer's end.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            let Some(job) = self.job.take() else { return false };
            let mut work = Box::pin(async move { job(tx).await });
            let outcome = poll_fn(|context| {
                catch_unwind(AssertUnwindSafe(|| work.as_mut().poll(context)))
                    .unwrap_or_else(|_| Poll::Ready(Err(E::from(Error::Panicked))))
            })
            .await;
            self.outcome.insert(outcome).is_ok()
        })
    }

    /// A caller that has gone away needs no answer.
    fn answer(self: Box<Self>, fate: Result<(), Error>) {
        let outcome = match (fate, self.outcome) {
            (Ok(()), Some(outcome)) | (Err(_), Some(outcome @ Err(_))) => outcome,
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => Err(Error::Closed.into()),
        };
        let _ = self.reply.send(outcome);
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// The way to the writer.
#[derive(Clone)]
pub(super) struct Queue {
    jobs: mpsc::Sender<Message>,
    patience: Duration,
}

impl Queue {
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let work = Box::new(Work { job: Some(job), outcome: None, reply });
        self.jobs.send_timeout(Message::Job(work), self.patience).await.map_err(|error| match error {
            mpsc::error::SendTimeoutError::Timeout(_) => Error::Busy,
            mpsc::error::SendTimeoutError::Closed(_) => Error::Closed,
        })?;
        answer.await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(Message::Close(done)).await.is_ok() {
            let _ = closed.await;
        }
    }
}

/// Starts the writer on a thread of its own: statements and fsyncs run there and hold up no task of the server.
pub(super) fn start(connection: Connection, counts: Arc<Counts>, patience: Duration) -> Result<Queue, Error> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Error::Thread)?;
    let tx = Tx {
        connection,
        counts,
        written: false,
        audited: false,
        kept: false,
        savepoint: Savepoint::None,
        broken: None,
    };
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || runtime.block_on(serve(tx, receiver)))
        .map_err(Error::Thread)?;
    Ok(Queue { jobs: sender, patience })
}

async fn serve(mut tx: Tx, mut queue: mpsc::Receiver<Message>) {
    let mut close = None;
    while close.is_none() {
        match queue.recv().await {
            Some(Message::Job(job)) => close = batch(&mut tx, job, &mut queue).await,
            Some(Message::Close(done)) => close = Some(done),
            None => break,
        }
    }
    queue.close();
    drop(tx);
    if let Some(done) = close {
        let _ = done.send(());
    }
}

/// Runs `first` and whatever waits behind it, commits, and answers; gives back the wish to close if it met one.
async fn batch(tx: &mut Tx, first: Box<dyn Job>, queue: &mut mpsc::Receiver<Message>) -> Option<oneshot::Sender<()>> {
    let mut ran = Vec::new();
    let mut close = None;
    let mut next = Some(first);
    let mut fate = tx.begin().map_err(Arc::new);
    while let Some(mut job) = next.take() {
        if fate.is_ok() && job.is_awaited() {
            tx.counts.jobs.fetch_add(1, Ordering::Relaxed);
            let keep = job.run(tx).await;
            fate = tx.settle(keep);
        }
        ran.push(job);
        if fate.is_ok() && ran.len() < BATCH {
            match queue.try_recv() {
                Ok(Message::Job(job)) => next = Some(job),
                Ok(Message::Close(done)) => close = Some(done),
                Err(_) => {}
            }
        }
    }
    if fate.is_ok() {
        fate = tx.commit();
    }
    if fate.is_err() {
        // Refused when SQLite has rolled back by itself: either way no transaction is left.
        let _ = tx.control("ROLLBACK");
    }
    for job in ran {
        job.answer(fate.clone().map_err(Error::Transaction));
    }
    close
}
