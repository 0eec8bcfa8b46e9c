//! The log in a database file, read without the server and without changing anything.

use super::audit_check::{AuditChecker, AuditReport};
use super::audit_lines::AuditItem;
use super::audit_log::{self, AuditRecord, AuditSignature};
use super::error::Error;
use super::link::{Answer, Ask, Columns, Counts, Link, Record, sql};
use super::schema;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// Records read at one time.
const PAGE: u32 = 500;

/// A database file, opened for reading; all that is read is of one moment, also while a server writes.
pub struct AuditFile {
    connection: Connection,
    path: PathBuf,
    counts: Counts,
}

/// A chain that is named anywhere.
struct Named(i64);

impl Record for Named {
    const TABLE: &'static str = audit_log::CHAINS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

impl AuditFile {
    /// Opens the file; one of another program, or from before the log was signed, is refused.
    pub fn open(path: &Path) -> Result<Self, Error> {
        let failed = |source| Error::Open { path: path.to_owned(), source };
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
        schema::recognise(&connection, path)?;
        connection.execute_batch("BEGIN").map_err(failed)?;
        Ok(Self { connection, path: path.to_owned(), counts: Counts::default() })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        Link { connection: &self.connection, counts: &self.counts }.ask(ask)
    }

    /// Gives every record, signature and head in the order a checker wants them.
    pub fn each<E: From<Error>>(&self, mut take: impl FnMut(AuditItem) -> Result<(), E>) -> Result<(), E> {
        let named = "SELECT chain FROM audit_chains UNION SELECT chain FROM audit \
                     UNION SELECT chain FROM audit_signatures ORDER BY 1";
        let chains: Vec<Named> = self.ask(sql(named).asking())?;
        let heads = self.ask(audit_log::audit_chains())?;
        for Named(chain) in chains {
            self.each_of(chain, &mut take)?;
            if let Some(head) = heads.iter().find(|head| head.chain == chain) {
                take(AuditItem::Head(head.clone()))?;
            }
        }
        Ok(())
    }

    fn each_of<E: From<Error>>(&self, chain: i64, take: &mut impl FnMut(AuditItem) -> Result<(), E>) -> Result<(), E> {
        // A number below 1 is nobody's, unless somebody has written into the file.
        let mut after = i64::MIN;
        let mut signed = i64::MIN;
        loop {
            let records: Vec<AuditRecord> = self.ask(audit_log::audit_records(chain, after, PAGE))?;
            let last = records.last().map(|record| record.number);
            let mut signatures = self.signatures(chain, signed, last.unwrap_or(i64::MAX))?.into_iter().peekable();
            signed = last.unwrap_or(i64::MAX);
            for record in records {
                after = record.number;
                while let Some(early) = signatures.next_if(|signature| signature.number < after) {
                    take(AuditItem::Signature(early))?;
                }
                take(AuditItem::Record(record))?;
            }
            for late in signatures {
                take(AuditItem::Signature(late))?;
            }
            if last.is_none() {
                return Ok(());
            }
        }
    }

    fn signatures(&self, chain: i64, mut after: i64, up_to: i64) -> Result<Vec<AuditSignature>, Error> {
        let mut all = Vec::new();
        loop {
            let page: Vec<AuditSignature> = self.ask(audit_log::audit_signatures(chain, after, up_to))?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.number;
            all.extend(page);
        }
    }

    /// Checks the whole log.
    pub fn check(&self, mut checker: AuditChecker) -> Result<AuditReport, Error> {
        self.each(|item| {
            checker.take(&item);
            Ok::<(), Error>(())
        })?;
        Ok(checker.finish())
    }
}
