//! Opening and closing, and the pool of readers.

use super::error::Error;
use super::link::{Counts, CountsSeen, Link};
use super::writer::{self, BoxFuture, Tx};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteConnection, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Row, Sqlite};
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

const READERS: u32 = 4;
const WAIT: Duration = Duration::from_secs(10);
const OWNER_ONLY: u32 = 0o600;

static MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("./migrations/sqlite");

/// The database; clones share it.
#[derive(Clone)]
pub struct Store {
    readers: SqlitePool,
    writer: writer::Queue,
    counts: Arc<Counts>,
    instance: Uuid,
}

impl Store {
    /// Opens the database at `path`, made and brought up to date where needed; only its owner may read the file.
    pub async fn open(path: &Path) -> Result<Store, Error> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        own(path).map_err(|source| Error::File { path: path.to_owned(), source })?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(WAIT)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(failed)?;
        MIGRATIONS.run(&mut connection).await.map_err(|source| Error::Migrate { path: path.to_owned(), source })?;
        let instance = instance(&mut connection).await.map_err(failed)?;
        let readers = SqlitePoolOptions::new()
            .max_connections(READERS)
            .acquire_timeout(WAIT)
            .test_before_acquire(false)
            .connect_with(options.pragma("query_only", "ON"))
            .await
            .map_err(failed)?;
        let counts = Arc::new(Counts::default());
        let writer = writer::start(connection, counts.clone())?;
        Ok(Store { readers, writer, counts, instance })
    }

    /// The identity of this database, made when the file was.
    pub fn instance(&self) -> Uuid {
        self.instance
    }

    /// How much work was done since the store was opened.
    pub fn counts(&self) -> CountsSeen {
        self.counts.seen()
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
        self.writer.write(job, WAIT).await
    }

    /// Waits for the writes already queued, then closes every connection; later calls fail with [`Error::Closed`].
    pub async fn close(&self) {
        self.writer.close().await;
        self.readers.close().await;
    }

    pub(super) async fn reader(&self) -> Result<PoolConnection<Sqlite>, Error> {
        self.readers.acquire().await.map_err(|error| match error {
            sqlx::Error::PoolClosed => Error::Closed,
            sqlx::Error::PoolTimedOut => Error::Busy,
            other => Error::Read(other),
        })
    }

    pub(super) fn link<'c>(&'c self, connection: &'c mut PoolConnection<Sqlite>) -> Link<'c> {
        Link { connection, counts: &self.counts }
    }
}

/// Makes the file for its owner alone before SQLite would make it by the umask; the -wal and -shm files follow it.
fn own(path: &Path) -> std::io::Result<()> {
    let file = OpenOptions::new().read(true).append(true).create(true).mode(OWNER_ONLY).open(path)?;
    if file.metadata()?.permissions().mode() & 0o077 != 0 {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(())
}

async fn instance(connection: &mut SqliteConnection) -> Result<Uuid, sqlx::Error> {
    sqlx::query("INSERT INTO meta (name, value) VALUES ('instance', $1) ON CONFLICT (name) DO NOTHING")
        .bind(Uuid::new_v4())
        .execute(&mut *connection)
        .await?;
    sqlx::query("SELECT value FROM meta WHERE name = 'instance'").fetch_one(connection).await?.try_get(0)
}
