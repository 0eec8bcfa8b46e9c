//! Runs the one writer: a thread that takes jobs in turn and commits many of them with one fsync.

use super::super::error::Error;
use super::super::link::Counts;
use super::super::writer::{BoxFuture, Transaction, Tx, Voucher, Work};
use super::transaction::SqliteTransaction;
use rusqlite::Connection;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Bounds the jobs that wait; a caller beyond them waits for room.
const QUEUE: usize = 1024;
/// Bounds the jobs of one commit, and so how long the first of them waits for its answer.
const BATCH: usize = 256;

/// Hides the types of a job. It is run, then told whether its batch was committed, and only then answers its caller.
trait Job: Send {
    fn is_awaited(&self) -> bool;
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    fn answer(self: Box<Self>, fate: Result<(), Error>);
}

struct Queued<T, E, F> {
    work: Work<T, E, F>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job for Queued<T, E, F>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    E: From<Error> + Send + 'static,
    T: Send + 'static,
{
    fn is_awaited(&self) -> bool {
        !self.reply.is_closed()
    }

    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        Box::pin(self.work.run(tx))
    }

    /// Answers the caller; one that has gone away needs no answer.
    fn answer(self: Box<Self>, fate: Result<(), Error>) {
        let _ = self.reply.send(self.work.told(fate));
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close(oneshot::Sender<()>),
}

/// Sends jobs to the writer.
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
        let queued = Box::new(Queued { work: Work::new(job), reply });
        self.jobs.send_timeout(Message::Job(queued), self.patience).await.map_err(|error| match error {
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

/// Starts the writer on a thread of its own, so that its statements and fsyncs hold up no task of the server.
pub(super) fn start(
    connection: Connection,
    counts: Arc<Counts>,
    voucher: Voucher,
    patience: Duration,
) -> Result<Queue, Error> {
    let (sender, receiver) = mpsc::channel(QUEUE);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Error::Thread)?;
    let transaction = SqliteTransaction::new(connection, counts.clone());
    let tx = Tx::new(Transaction::Sqlite(transaction), counts.clone(), voucher);
    std::thread::Builder::new()
        .name("store-writer".into())
        .spawn(move || runtime.block_on(serve(tx, &counts, receiver)))
        .map_err(Error::Thread)?;
    Ok(Queue { jobs: sender, patience })
}

/// Takes jobs and commits them in batches until it is told to close.
async fn serve(mut tx: Tx, counts: &Counts, mut queue: mpsc::Receiver<Message>) {
    let mut close = None;
    while close.is_none() {
        match queue.recv().await {
            Some(Message::Job(job)) => close = batch(&mut tx, counts, job, &mut queue).await,
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

/// Runs `first` and the jobs that wait behind it, commits, and answers them; returns a request to close if it met one.
async fn batch(
    tx: &mut Tx,
    counts: &Counts,
    first: Box<dyn Job>,
    queue: &mut mpsc::Receiver<Message>,
) -> Option<oneshot::Sender<()>> {
    let mut ran = Vec::new();
    let mut close = None;
    let mut next = Some(first);
    let mut fate = tx.begin();
    while let Some(mut job) = next.take() {
        if fate.is_ok() && job.is_awaited() {
            counts.jobs.fetch_add(1, Ordering::Relaxed);
            let keep = job.run(tx).await;
            fate = tx.settle(keep).await;
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
        fate = tx.commit().await;
    }
    if fate.is_err() {
        tx.abandon();
    }
    for job in ran {
        job.answer(fate.as_ref().map(drop).map_err(Error::shared));
    }
    close
}
