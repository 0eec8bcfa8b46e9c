//! Reads the whole log, from a database file or a store, in the order that a checker needs.

use super::audit_check::AuditChecker;
use super::audit_lines::AuditItem;
use super::audit_log::{AuditRecord, AuditSignature, audit_chains, audit_records, audit_signatures};
use super::audit_report::AuditReport;
use super::audit_state::StateChecker;
use super::chain::{CHAINS, ChainHead};
use super::error::Error;
use super::link::{Answer, Ask, Columns, FromRow, sql};
use super::open::Store;
use super::sqlite::reader::Reader;
use super::watched::{RawRow, UNLOGGED, WATCHED};
use std::path::Path;

/// Bounds the records read at one time.
const PAGE: u32 = 500;
/// Bounds the rows read at one time.
const ROWS: u32 = 500;

/// Reads a log from a file or a store.
pub struct AuditSource(Place);

enum Place {
    File(Box<Reader>),
    Store(Store),
}

/// Holds the number of a chain that any of the log's tables names.
struct ChainNumber(i64);

impl FromRow for ChainNumber {
    const TABLE: &'static str = CHAINS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

impl AuditSource {
    /// Reads from a database file; nothing in it is changed, and all that is read is of one moment.
    pub fn file(path: &Path) -> Result<Self, Error> {
        Reader::open(path).map(|reader| Self(Place::File(Box::new(reader))))
    }

    /// Reads from a store. What is added meanwhile may be left out.
    pub fn store(store: Store) -> Self {
        Self(Place::Store(store))
    }

    async fn ask<T: Answer>(&self, ask: Ask<'_, T>) -> Result<T, Error> {
        match &self.0 {
            Place::File(reader) => reader.ask(ask),
            Place::Store(store) => store.ask(ask).await,
        }
    }

    /// Hands over every record, each signature after its record, and each chain's head after the chain.
    pub async fn each<E: From<Error>>(&self, mut take: impl FnMut(AuditItem) -> Result<(), E>) -> Result<(), E> {
        let named = "SELECT chain FROM audit_chains UNION SELECT chain FROM audit \
                     UNION SELECT chain FROM audit_signatures ORDER BY 1";
        // Heads are read first; records that come later are left out.
        let heads: Vec<ChainHead> = self.ask(audit_chains()).await?;
        let chains: Vec<ChainNumber> = self.ask(sql(named).asking()).await?;
        for ChainNumber(chain) in chains {
            let head = heads.iter().find(|head| head.chain == chain);
            let end = match (&self.0, head) {
                (Place::Store(_), Some(head)) => head.length,
                (Place::Store(_), None) => continue,
                (Place::File(_), _) => i64::MAX,
            };
            self.each_of(chain, end, &mut take).await?;
            if let Some(head) = head {
                take(AuditItem::Head(head.clone()))?;
            }
        }
        Ok(())
    }

    /// Hands over the records and signatures of one chain, up to the number `end`.
    async fn each_of<E: From<Error>>(
        &self,
        chain: i64,
        end: i64,
        take: &mut impl FnMut(AuditItem) -> Result<(), E>,
    ) -> Result<(), E> {
        // No record has a number below 1, unless somebody has written into the file.
        let mut after = i64::MIN;
        let mut signed = i64::MIN;
        loop {
            let mut records: Vec<AuditRecord> = self.ask(audit_records(chain, after, PAGE)).await?;
            records.retain(|record| record.number <= end);
            let last = records.last().map(|record| record.number);
            let up_to = last.unwrap_or(end);
            let mut signatures = self.signatures(chain, signed, up_to).await?.into_iter().peekable();
            signed = up_to;
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

    /// Reads all signatures of a chain after one number and up to another.
    async fn signatures(&self, chain: i64, mut after: i64, up_to: i64) -> Result<Vec<AuditSignature>, Error> {
        let mut all = Vec::new();
        loop {
            let page: Vec<AuditSignature> = self.ask(audit_signatures(chain, after, up_to)).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after = last.number;
            all.extend(page);
        }
    }

    /// Checks the whole log, and the rows of the database against it.
    pub async fn check(&self, mut checker: AuditChecker) -> Result<AuditReport, Error> {
        let (mut state, mut ends) = (StateChecker::default(), Vec::new());
        let taken = self.each(|item| {
            match &item {
                AuditItem::Record(record) => state.record(&record.record),
                AuditItem::Head(head) => ends.push(head.clone()),
                AuditItem::Begin { .. } | AuditItem::Signature(_) => {}
            }
            checker.take(&item);
            Ok::<(), Error>(())
        });
        taken.await?;
        let report = checker.finish();
        let unlogged: Vec<RawRow> = self.ask(sql(UNLOGGED).asking()).await?;
        if !unlogged.is_empty() {
            return Ok(report);
        }
        self.compare(&mut state, &ends).await?;
        let (differences, differing) = state.differences();
        Ok(AuditReport { compared: true, differences, differing, ..report })
    }

    /// Reads what the log says of rows, and what they are. Where the log does not say it of all rows yet, none differs.
    pub(super) async fn state(&self) -> Result<StateChecker, Error> {
        let (mut state, mut ends) = (StateChecker::default(), Vec::new());
        let unlogged: Vec<RawRow> = self.ask(sql(UNLOGGED).asking()).await?;
        if !unlogged.is_empty() {
            return Ok(state);
        }
        let taken = self.each(|item| {
            match &item {
                AuditItem::Record(record) => state.record(&record.record),
                AuditItem::Head(head) => ends.push(head.clone()),
                AuditItem::Begin { .. } | AuditItem::Signature(_) => {}
            }
            Ok::<(), Error>(())
        });
        taken.await?;
        self.compare(&mut state, &ends).await?;
        Ok(state)
    }

    /// Compares the rows with what the log says up to these ends of its chains. While a server adds acts, those that
    /// came since are read where a row is not what the log said before.
    async fn compare(&self, state: &mut StateChecker, ends: &[ChainHead]) -> Result<(), Error> {
        for watched in WATCHED {
            let mut after = None;
            loop {
                let page: Vec<RawRow> = self.ask(watched.page(after.as_ref(), ROWS)).await?;
                let Some(last) = page.last() else { break };
                after = Some(watched.place(last)?);
                for row in &page {
                    state.row(watched.state_of_page(row)?);
                }
            }
        }
        if !state.has_suspects() {
            return Ok(());
        }
        for head in self.ask(audit_chains()).await? {
            let mut after = ends.iter().find(|end| end.chain == head.chain).map_or(0, |end| end.length);
            loop {
                let records: Vec<AuditRecord> = self.ask(audit_records(head.chain, after, PAGE)).await?;
                let Some(last) = records.last() else { break };
                after = last.number;
                records.iter().for_each(|record| state.later_record(&record.record));
            }
        }
        Ok(())
    }
}
