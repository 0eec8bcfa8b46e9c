//! Opening and closing, and the readers.

use super::error::Error;
use super::link::{Answer, Ask, Counts, CountsSeen, Link};
use super::schema;
use super::writer::{self, BoxFuture, Tx};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// Reader connections kept open between reads.
const IDLE_READERS: usize = 8;
/// How long a write waits for a place in the queue, and a statement for another process's lock.
const PATIENCE: Duration = Duration::from_secs(10);
const STATEMENTS_CACHED: usize = 64;
/// Page cache of a connection, in KiB; SQLite's own two MiB are outgrown by the indexes of some ten thousand requests.
const CACHE_KIB: i64 = 8 * 1024;
/// Pages the log may hold before they are brought into the database: pages that change often are copied less often.
const LOG_PAGES: i64 = 4000;
const OWNER_ONLY: u32 = 0o600;

/// The database; clones share it.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    path: PathBuf,
    /// `None` once closed.
    idle: Mutex<Option<Vec<Connection>>>,
    writer: writer::Queue,
    counts: Arc<Counts>,
    instance: Uuid,
}

impl Store {
    /// Opens the database at `path`, made and brought up to date where needed; only its owner may read the file.
    pub async fn open(path: &Path) -> Result<Store, Error> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        own(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let mut connection = connect(path).map_err(failed)?;
        schema::migrate(&mut connection, path)?;
        connection.pragma_update(None, "journal_mode", "WAL").map_err(failed)?;
        connection.pragma_update(None, "synchronous", "FULL").map_err(failed)?;
        connection.pragma_update(None, "foreign_keys", true).map_err(failed)?;
        connection.pragma_update(None, "wal_autocheckpoint", LOG_PAGES).map_err(failed)?;
        // What a savepoint may have to restore goes to a temporary file otherwise: 42 writes a job instead of 6, seen
        // with strace at 64 jobs a commit.
        connection.pragma_update(None, "temp_store", "MEMORY").map_err(failed)?;
        let instance = instance(&connection).map_err(failed)?;
        let counts = Arc::new(Counts::default());
        let writer = writer::start(connection, counts.clone(), PATIENCE)?;
        Ok(Store(Arc::new(Inner {
            path: path.to_owned(),
            idle: Mutex::new(Some(Vec::new())),
            writer,
            counts,
            instance,
        })))
    }

    /// The identity of this database, made when the file was.
    pub fn instance(&self) -> Uuid {
        self.0.instance
    }

    /// How much work was done since the store was opened.
    pub fn counts(&self) -> CountsSeen {
        self.0.counts.seen()
    }

    /// Runs `job` as one atomic transaction and answers once it is on disk.
    ///
    /// Jobs run one after the other; those that wait together share a commit, and a job that returns an error takes
    /// back its own writes only. A job should read, decide and write, and wait for nothing but its [`Tx`]: all other
    /// writes wait behind it. Dropping the returned future before the job started may leave it undone.
    pub async fn write<T, E, F>(&self, job: F) -> Result<T, E>
    where
        F: for<'c> FnOnce(&'c mut Tx) -> BoxFuture<'c, Result<T, E>> + Send + 'static,
        E: From<Error> + Send + 'static,
        T: Send + 'static,
    {
        self.0.writer.write(job).await
    }

    /// Waits for the writes already queued, then closes every connection; later calls fail with [`Error::Closed`].
    pub async fn close(&self) {
        self.0.writer.close().await;
        drop(self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    pub(super) async fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        self.read(ask)
    }

    /// Reads in place: a bounded read of a local file costs less than handing it to another thread, and is never
    /// blocked by the writer (WAL). A reader belongs to nobody between reads, so there are never more than threads.
    fn read<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        let idle = || self.0.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let reader = idle().as_mut().ok_or(Error::Closed)?.pop();
        let connection = match reader {
            Some(connection) => connection,
            None => self.0.connect_reader().map_err(Error::Read)?,
        };
        let found = Link { connection: &connection, counts: &self.0.counts }.ask(ask);
        if let Some(idle) = idle().as_mut()
            && idle.len() < IDLE_READERS
        {
            idle.push(connection);
        }
        found
    }
}

impl Inner {
    fn connect_reader(&self) -> rusqlite::Result<Connection> {
        let connection = connect(&self.path)?;
        connection.pragma_update(None, "query_only", true)?;
        Ok(connection)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    // Plans never depend on what is bound: without this, statements with ORDER BY are prepared again for every value.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
    Ok(connection)
}

/// Makes the file for its owner alone before SQLite would make it by the umask; the -wal and -shm files follow it.
fn own(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(OWNER_ONLY).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

fn instance(connection: &Connection) -> rusqlite::Result<Uuid> {
    let insert = "INSERT INTO meta (name, value) VALUES ('instance', ?1) ON CONFLICT (name) DO NOTHING";
    connection.execute(insert, [Uuid::new_v4()])?;
    connection.query_row("SELECT value FROM meta WHERE name = 'instance'", [], |row| row.get(0))
}
