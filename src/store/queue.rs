//! Queues jobs for lanes: each takes jobs in turn and commits many of them at once. SQLite has one lane, PostgreSQL a few.

use super::error::Error;
use super::link::{Counts, Settled};
use super::writer::{BoxFuture, Caller, Tx, Work};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex as Kept, PoisonError};
use std::time::Duration;
use tokio::sync::{Mutex, mpsc, oneshot};

/// Bounds the jobs that wait; a caller beyond them waits for room.
const QUEUE: usize = 1024;

/// Hides the types of a job. It is run, then told whether its batch was committed, and only then answers its caller.
trait Job: Caller {
    fn is_awaited(&self) -> bool;
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    fn undo(&mut self, error: Error);
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

    fn undo(&mut self, error: Error) {
        self.work.undo(error);
    }
}

impl<T, E, F> Caller for Queued<T, E, F>
where
    F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
    E: From<Error> + Send + 'static,
    T: Send + 'static,
{
    /// Answers the caller; one that has gone away needs no answer.
    fn answer(self: Box<Self>, fate: Result<(), Error>) {
        let _ = self.reply.send(self.work.told(fate));
    }
}

enum Message {
    Job(Box<dyn Job>),
    Close,
}

/// Sends jobs to the lanes.
pub(super) struct Queue {
    jobs: mpsc::Sender<Message>,
    waiting: Arc<Mutex<mpsc::Receiver<Message>>>,
    patience: Duration,
    counts: Arc<Counts>,
    /// Each is told when a lane has ended.
    ends: Kept<Vec<oneshot::Receiver<()>>>,
}

/// Runs jobs, one after the other.
pub(super) struct Lane {
    jobs: Arc<Mutex<mpsc::Receiver<Message>>>,
    counts: Arc<Counts>,
    /// Bounds the jobs of one commit, and so how long the first of them waits for its answer.
    most: usize,
    _end: oneshot::Sender<()>,
}

impl Queue {
    /// Makes a queue without lanes; `patience` bounds how long a caller waits for room.
    pub fn new(counts: Arc<Counts>, patience: Duration) -> Self {
        let (jobs, waiting) = mpsc::channel(QUEUE);
        Self { jobs, waiting: Arc::new(Mutex::new(waiting)), patience, counts, ends: Kept::default() }
    }

    /// Adds a lane, which commits so many jobs at once at most.
    pub fn lane(&self, most: usize) -> Lane {
        let (_end, end) = oneshot::channel();
        self.ends.lock().unwrap_or_else(PoisonError::into_inner).push(end);
        Lane { jobs: self.waiting.clone(), counts: self.counts.clone(), most, _end }
    }

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

    /// Waits until the jobs that are queued have run, and every lane has ended.
    pub async fn close(&self) {
        // Where it is refused, another call has closed the queue.
        let _ = self.jobs.send(Message::Close).await;
        let ends = std::mem::take(&mut *self.ends.lock().unwrap_or_else(PoisonError::into_inner));
        for end in ends {
            let _ = end.await;
        }
    }
}

/// Takes a job out of a message; after the last one, the queue takes no more.
fn taken(message: Message, jobs: &mut mpsc::Receiver<Message>) -> Option<Box<dyn Job>> {
    match message {
        Message::Job(job) => Some(job),
        Message::Close => {
            jobs.close();
            None
        }
    }
}

impl Lane {
    /// Takes jobs and commits them in batches until the queue is closed.
    pub async fn serve(self, mut tx: Tx) {
        while let Some(first) = self.next().await {
            self.batch(&mut tx, first).await;
        }
        drop(tx);
    }

    /// Waits for a job; `None`: there will be no more.
    async fn next(&self) -> Option<Box<dyn Job>> {
        let mut jobs = self.jobs.lock().await;
        let message = jobs.recv().await?;
        taken(message, &mut jobs)
    }

    /// Takes a job that waits already; a lane that waits for one has the queue, which is empty then.
    async fn waiting(&self) -> Option<Box<dyn Job>> {
        let mut jobs = tokio::select! {
            biased;
            jobs = self.jobs.lock() => jobs,
            () = std::future::ready(()) => return None,
        };
        let message = jobs.try_recv().ok()?;
        taken(message, &mut jobs)
    }

    /// Runs `first` and the jobs that wait behind it, commits, and answers them.
    async fn batch(&self, tx: &mut Tx, first: Box<dyn Job>) {
        let mut ran = 0;
        let mut next = Some(first);
        let mut fate = tx.begin().await;
        // Without a transaction none of those that wait has anything to wait for.
        let refused = fate.is_err();
        while let Some(mut job) = next.take() {
            if fate.is_ok() && job.is_awaited() {
                self.counts.jobs.fetch_add(1, Ordering::Relaxed);
                let keep = job.run(tx).await;
                if let Some(lost) = tx.lost() {
                    fate = Err(lost);
                } else {
                    fate = tx.settle(keep).await.map(|settled| match settled {
                        Settled::AsAsked => {}
                        Settled::Undone(error) => job.undo(error),
                    });
                }
            }
            tx.add_caller(job);
            ran += 1;
            if (fate.is_ok() || refused) && ran < self.most {
                next = self.waiting().await;
            }
        }
        if fate.is_ok() {
            fate = tx.commit().await;
        }
        if fate.is_err() {
            tx.abandon();
        }
        tx.answer(&fate);
    }
}
