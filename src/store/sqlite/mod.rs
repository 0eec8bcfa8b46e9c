//! SQLite: a file of our own, one writer with group commit, and readers that never wait for it (WAL).

mod connection;
mod link;
pub(super) mod reader;
pub(super) mod schema;
pub(super) mod transaction;

use super::error::{Cause, Error};
use super::link::{Answer, Ask, Counts};
use super::queue::{Lane, Queue};
use super::writer::{BoxFuture, Transaction, Tx, Voucher};
use crate::platform::file::keep_for_owner;
use connection::{PATIENCE, connect};
use link::Link;
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use transaction::SqliteTransaction;
use uuid::Uuid;

/// Bounds the reader connections that are kept open between reads.
const IDLE_READERS: usize = 8;
/// Sizes the page cache of a reader, in KiB; what is missing there is in the system's own cache.
const READER_CACHE_KIB: i64 = 2 * 1024;
/// Bounds the pages of the write-ahead log before they are copied into the database; pages that change often are then
/// copied less often.
const LOG_PAGES: i64 = 4000;
/// Bounds the jobs of one commit.
const BATCH: usize = 256;

/// Holds an open file.
pub(super) struct Database {
    path: PathBuf,
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
    writer: Queue,
    counts: Arc<Counts>,
}

impl Database {
    /// Opens the file, after making it or bringing its schema up to date, and returns its identity.
    pub fn open(path: &Path, counts: Arc<Counts>, voucher: Voucher) -> Result<(Self, Uuid), Error> {
        let failed = |source| Error::Open { database: path.display().to_string(), source: Cause::Sqlite(source) };
        // Before SQLite would make it by the umask; the -wal and -shm files follow it.
        keep_for_owner(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let mut connection = connect(path).map_err(failed)?;
        schema::migrate(&mut connection, path)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(failed)?;
        // Otherwise what a savepoint may have to restore goes to a temporary file: 42 writes a job instead of 6, seen
        // with strace at 64 jobs a commit.
        connection.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
        let instance = instance(&connection).map_err(failed)?;
        let writer = Queue::new(counts.clone(), PATIENCE);
        let transaction = SqliteTransaction::new(connection, counts.clone());
        start(writer.lane(BATCH), Tx::new(Transaction::Sqlite(transaction), counts.clone(), voucher))?;
        Ok((Self { path: path.to_owned(), idle: Mutex::new(Some(Vec::new())), writer, counts }, instance))
    }

    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        self.writer.write(job).await
    }

    /// Reads on the caller's thread: a bounded read of a local file costs less than handing it to another thread, and
    /// the writer never blocks it (WAL). Idle readers are shared, so there are never more of them than threads.
    pub fn read<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = idle().as_mut().ok_or(Error::Closed)?.pop();
        let connection = match reader {
            Some(connection) => connection,
            None => self.connect_reader().map_err(|source| Error::Read(Cause::Sqlite(source)))?,
        };
        let found = Link { connection: &connection, counts: &self.counts }.ask(ask);
        if let Some(idle) = idle().as_mut()
            && idle.len() < IDLE_READERS
        {
            idle.push(connection);
        }
        found
    }

    pub async fn close(&self) {
        self.writer.close().await;
        drop(self.idle.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    fn connect_reader(&self) -> rusqlite::Result<Connection> {
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        connection.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
        Ok(connection)
    }
}

/// Starts the one lane on a thread of its own, so that its statements and fsyncs hold up no task of the server.
fn start(lane: Lane, tx: Tx) -> Result<(), Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().map_err(Error::Thread)?;
    let run = move || runtime.block_on(lane.serve(tx));
    std::thread::Builder::new().name("store-writer".into()).spawn(run).map(drop).map_err(Error::Thread)
}

/// Returns the database's identity, made when it is first opened.
fn instance(connection: &Connection) -> rusqlite::Result<Uuid> {
    let insert = "INSERT INTO meta (name, value) VALUES ('instance', ?1) ON CONFLICT (name) DO NOTHING";
    connection.execute(insert, [Uuid::new_v4()])?;
    connection.query_row("SELECT value FROM meta WHERE name = 'instance'", [], |row| row.get(0))
}
