//! PostgreSQL: a pool of connections, and one transaction for each job; any number of servers may share the database.
//!
//! Every wait is bounded: for a connection, for a lock, for a statement, for an answer.

mod link;
pub(super) mod place;
mod schema;
pub(super) mod target;
pub(super) mod transaction;

use super::error::{Cause, Error};
use super::link::{Answer, Ask, Counts};
use super::writer::{BoxFuture, Transaction, Tx, Voucher, Work};
use deadpool_postgres::{Client, Object, Pool, PoolError, TimeoutType};
use link::{Link, cause, gather, refusal};
use place::PostgresPlace;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::sync::Semaphore;
use transaction::PostgresTransaction;
use uuid::Uuid;

/// Bounds the jobs that run or wait for a connection; a caller beyond them waits for room.
const MOST_JOBS: u32 = 1024;
/// Bounds how long a caller waits for room.
const PATIENCE: Duration = Duration::from_secs(10);

/// Holds an open database.
pub(super) struct Database {
    pool: Pool,
    room: Semaphore,
    counts: Arc<Counts>,
    voucher: Voucher,
}

impl Database {
    /// Connects, brings the schema up to date where needed, and returns the database's identity.
    pub async fn open(place: &PostgresPlace, counts: Arc<Counts>, voucher: Voucher) -> Result<(Self, Uuid), Error> {
        let (pool, name) = place.pool()?;
        let failed = |source| Error::Open { database: name.clone(), source };
        let mut client = pool.get().await.map_err(|error| failed(pool_cause(error)))?;
        let instance = schema::migrate(&mut client, &name).await?;
        drop(client);
        Ok((Self { pool, room: Semaphore::new(MOST_JOBS as usize), counts, voucher }, instance))
    }

    /// Reads which version the schema is of, and changes nothing; 0 where it is empty.
    pub async fn version(place: &PostgresPlace) -> Result<i64, Error> {
        let (pool, name) = place.pool()?;
        let mut client =
            pool.get().await.map_err(|error| Error::Open { database: name.clone(), source: pool_cause(error) })?;
        schema::found(&mut client, &name).await
    }

    /// Runs the job in a task of its own, so that it ends even if the caller goes away.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        let room = tokio::time::timeout(PATIENCE, self.room.acquire()).await.map_err(|_| Error::Busy)?;
        let _room = room.map_err(|_| Error::Closed)?;
        let transaction = PostgresTransaction::new(self.connection().await?, self.counts.clone());
        self.counts.jobs.fetch_add(1, Ordering::Relaxed);
        let (counts, voucher) = (self.counts.clone(), self.voucher.clone());
        let run = async move {
            let mut tx = Tx::new(Transaction::Postgres(transaction), counts, voucher);
            let mut work = Work::new(job);
            let keep = work.run(&mut tx).await;
            let mut fate = tx.settle(keep).await;
            if fate.is_ok() && keep {
                fate = tx.commit().await;
            }
            work.told(fate)
        };
        tokio::spawn(run).await.unwrap_or_else(|_| Err(Error::Closed.into()))
    }

    pub async fn read<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        let client = self.connection().await?;
        let link = Link { client: &client, counts: &self.counts };
        match link.query(&ask.statement.text, &ask.statement.values, false).await {
            Ok(rows) => gather(&rows),
            Err(cause) => {
                let refused = refusal(cause, Error::Read);
                if matches!(refused, Error::Unreachable(_)) {
                    // An answer may still be on its way, so nobody else may use this connection.
                    drop(Object::take(client));
                }
                Err(refused)
            }
        }
    }

    pub async fn close(&self) {
        // Running jobs hold their room until they are answered.
        let all = self.room.acquire_many(MOST_JOBS).await;
        self.room.close();
        self.pool.close();
        drop(all);
    }

    async fn connection(&self) -> Result<Client, Error> {
        self.pool.get().await.map_err(|error| match error {
            PoolError::Timeout(TimeoutType::Wait) => Error::Busy,
            PoolError::Closed => Error::Closed,
            other @ (PoolError::Timeout(TimeoutType::Create | TimeoutType::Recycle)
            | PoolError::Backend(_)
            | PoolError::NoRuntimeSpecified
            | PoolError::PostCreateHook(_)) => Error::Unreachable(pool_cause(other)),
        })
    }
}

/// Returns what the pool said as the database's cause.
fn pool_cause(error: PoolError) -> Cause {
    match error {
        PoolError::Backend(error) => cause(error),
        other @ (PoolError::Timeout(_)
        | PoolError::Closed
        | PoolError::NoRuntimeSpecified
        | PoolError::PostCreateHook(_)) => Cause::Postgres { message: other.to_string(), code: None },
    }
}
