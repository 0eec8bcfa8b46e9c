//! PostgreSQL: a few lanes that commit many jobs at once, each job behind a savepoint, and connections for readers; any
//! number of servers may share the database.
//!
//! Every wait is bounded: for a connection, for a lock, for a statement, for an answer.

mod connections;
mod known;
mod link;
mod log;
pub(super) mod place;
mod readers;
mod schema;
pub(super) mod sent;
pub(super) mod target;
pub(super) mod transaction;

use super::error::Error;
use super::link::{Answer, Ask, Counts};
use super::queue::Queue;
use super::writer::{BoxFuture, Transaction, Tx, Voucher};
use connections::pool_cause;
use place::PostgresPlace;
use readers::Readers;
use std::sync::Arc;
use std::time::Duration;
use transaction::PostgresTransaction;
use uuid::Uuid;

/// Bounds how long a caller waits for room in the queue.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bounds the jobs of one commit. PostgreSQL keeps so many savepoints of a transaction where others look them up cheaply.
const BATCH: usize = 64;
/// Bounds the jobs that run at one time; readers have at least as many connections.
const LANES: usize = 4;

/// Holds an open database.
pub(super) struct Database {
    writers: Queue,
    readers: Readers,
}

impl Database {
    /// Connects, brings the schema up to date where needed, and returns the database's identity.
    pub async fn open(place: &PostgresPlace, counts: Arc<Counts>, voucher: Voucher) -> Result<(Self, Uuid), Error> {
        let (pool, name) = place.pool()?;
        let failed = |source| Error::Open { database: name.clone(), source };
        let mut client = pool.get().await.map_err(|error| failed(pool_cause(error)))?;
        let instance = schema::migrate(&mut client, &name).await?;
        drop(client);
        let writers = Queue::new(counts.clone(), PATIENCE);
        for _ in 0..(pool.status().max_size / 2).clamp(1, LANES) {
            let transaction = PostgresTransaction::new(pool.clone(), counts.clone());
            let tx = Tx::new(Transaction::Postgres(Box::new(transaction)), counts.clone(), voucher.clone());
            tokio::spawn(writers.lane(BATCH).serve(tx));
        }
        Ok((Self { writers, readers: Readers::new(pool, counts) }, instance))
    }

    /// Reads which version the schema is of, and changes nothing; 0 where it is empty.
    pub async fn version(place: &PostgresPlace) -> Result<i64, Error> {
        let (pool, name) = place.pool()?;
        let mut client =
            pool.get().await.map_err(|error| Error::Open { database: name.clone(), source: pool_cause(error) })?;
        schema::found(&mut client, &name).await
    }

    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        self.writers.write(job).await
    }

    pub async fn read<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        self.readers.read(ask).await
    }

    pub async fn close(&self) {
        self.writers.close().await;
        self.readers.close();
    }
}
