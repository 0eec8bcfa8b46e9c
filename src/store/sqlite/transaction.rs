//! Runs the transaction of the one writer.

use super::super::act_key::ActKey;
use super::super::audit::{Act, chained};
use super::super::chain::{CHAINS, ChainHead, moved};
use super::super::error::{Cause, Error};
use super::super::link::{Answer, Ask, Counts, Savepoint, Statement, sql};
use super::super::watched::RawRow;
use super::link::Link;
use rusqlite::{Connection, ErrorCode, ffi};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Holds the writer's transaction: many jobs, each behind a savepoint of its own.
pub(in crate::store) struct SqliteTransaction {
    connection: Connection,
    counts: Arc<Counts>,
    /// The running job has written.
    written: bool,
    /// A job before it in this batch has written, and its writes are kept.
    kept: bool,
    savepoint: Savepoint,
    /// A statement failed in a way that may have ended the transaction without our doing (disk full, I/O error).
    broken: Option<Arc<Cause>>,
}

impl SqliteTransaction {
    pub(super) fn new(connection: Connection, counts: Arc<Counts>) -> Self {
        Self { connection, counts, written: false, kept: false, savepoint: Savepoint::None, broken: None }
    }

    fn link(&self) -> Link<'_> {
        Link { connection: &self.connection, counts: &self.counts }
    }

    pub fn ask<T: Answer>(&mut self, ask: Ask<'_, T>) -> Result<T, Error> {
        self.link().ask(ask)
    }

    /// Runs a statement that writes `table`; returns how many rows it changed.
    pub fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        self.write(table, |link| link.execute(statement))
    }

    /// Runs a statement that writes `table`; returns what it says of the rows that it changed.
    pub fn returning(&mut self, table: &'static str, statement: &Statement<'_>) -> Result<Vec<RawRow>, Error> {
        self.write(table, |link| link.returning(statement))
    }

    /// Writes `table`, behind a savepoint where one is needed.
    fn write<T>(
        &mut self,
        table: &'static str,
        write: impl FnOnce(&Link<'_>) -> rusqlite::Result<T>,
    ) -> Result<T, Error> {
        if let Err(source) = self.guard() {
            return Err(self.fail(source));
        }
        self.written = true;
        let source = match write(&self.link()) {
            Ok(done) => return Ok(done),
            Err(source) => source,
        };
        match source.sqlite_error().map(|error| (error.code, error.extended_code)) {
            Some((_, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY)) => {
                Err(Error::Duplicate { table, source: source.into() })
            }
            Some((_, ffi::SQLITE_CONSTRAINT_FOREIGNKEY)) => Err(Error::Dangling { table, source: source.into() }),
            Some((ErrorCode::ConstraintViolation, _)) => Err(Error::Write { table, source: source.into() }),
            _ => Err(self.fail(source)),
        }
    }

    /// Writes the acts of the batch, and where the log ends then.
    fn log(&self, acts: &[Act], key: Option<&ActKey>) -> Result<(), Error> {
        let ask = sql("SELECT chain, length, head FROM audit_chains WHERE chain = 1").asking();
        let only: Option<ChainHead> = self.link().ask(ask)?;
        let mut chain = only.ok_or(Error::Damaged { table: CHAINS, column: 0 })?;
        for act in chained(acts, &mut chain, key)? {
            let insert = sql("INSERT INTO audit (chain, number, record, hash, mac) VALUES ($1, $2, $3, $4, $5)")
                .bind(chain.chain)
                .bind(act.number)
                .bind(&act.record)
                .bind(act.hash.as_ref())
                .bind(act.mac.as_ref().map(AsRef::<[u8]>::as_ref));
            self.link().execute(insert).map_err(failed)?;
        }
        self.link().execute(moved(&chain)).map(drop).map_err(failed)
    }

    /// Notes that the transaction may have ended, so that nothing of the batch is kept.
    fn fail(&mut self, source: rusqlite::Error) -> Error {
        let source = Arc::new(Cause::Sqlite(source));
        self.broken = Some(source.clone());
        Error::undone(source)
    }

    /// Sets the savepoint before a job's first write. The first job of a batch needs none, as it can be rolled back
    /// alone.
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

    /// Begins the transaction of a batch.
    pub fn begin(&mut self) -> Result<(), Error> {
        (self.written, self.kept, self.savepoint, self.broken) = (false, false, Savepoint::None, None);
        self.control("BEGIN IMMEDIATE").map_err(failed)
    }

    /// Ends the running job: keeps its writes for the commit, or undoes them.
    pub fn settle(&mut self, keep: bool) -> Result<(), Error> {
        if let Some(error) = &self.broken {
            return Err(Error::undone(error.clone()));
        }
        match (std::mem::take(&mut self.written), keep, self.kept) {
            (false, _, _) => Ok(()),
            (true, true, _) => {
                self.kept = true;
                Ok(())
            }
            (true, false, true) => {
                self.savepoint = Savepoint::Fresh;
                self.control("ROLLBACK TO job").map_err(failed)
            }
            (true, false, false) => {
                self.control("ROLLBACK").map_err(failed)?;
                self.begin()
            }
        }
    }

    /// Brings what was kept to disk, with its acts.
    pub fn commit(&mut self, acts: &[Act], key: Option<&ActKey>) -> Result<(), Error> {
        if !acts.is_empty() {
            self.log(acts, key)?;
        }
        self.control("COMMIT").map_err(failed)?;
        if self.kept || !acts.is_empty() {
            self.counts.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    /// Undoes the whole batch.
    pub fn abandon(&self) {
        // This is refused where SQLite has rolled back by itself; either way no transaction is left.
        let _ = self.control("ROLLBACK");
    }
}

fn failed(source: rusqlite::Error) -> Error {
    Error::undone(Arc::new(Cause::Sqlite(source)))
}
