//! Runs the transaction of one job: READ COMMITTED, with locks on what the job decides on.

use super::super::chain::{CHAINS, ChainHead};
use super::super::error::{Cause, Error};
use super::super::link::{Answer, Ask, Counts, Statement, sql};
use super::super::watched::RawRow;
use super::link::{Link, gather, refusal};
use deadpool_postgres::{Client, Object};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Lists the words of a question whose answer is not a row of one table, so that nothing can be locked.
const NO_ROW: [&str; 9] = [" JOIN ", "DISTINCT", "GROUP BY", " UNION ", "EXISTS", "count(", "max(", "min(", "sum("];

/// Holds a connection and its transaction, which begins with the first statement.
pub(in crate::store) struct PostgresTransaction {
    /// Taken out when its state is not known, so that no other job uses it.
    client: Option<Client>,
    counts: Arc<Counts>,
    open: bool,
    written: bool,
    /// Set once a statement was refused: PostgreSQL then takes nothing more in this transaction.
    broken: Option<Arc<Cause>>,
    chain: Option<i64>,
}

impl PostgresTransaction {
    pub(super) fn new(client: Client, counts: Arc<Counts>) -> Self {
        Self { client: Some(client), counts, open: false, written: false, broken: None, chain: None }
    }

    /// Answers a question; one record that is read by its key is locked until the job ends.
    pub async fn ask<T: Answer>(&mut self, ask: Ask<'_, T>) -> Result<T, Error> {
        let Statement { text, values } = ask.statement;
        let locks = T::ONE && text.starts_with("SELECT") && !NO_ROW.iter().any(|word| text.contains(word));
        let text = if locks { (text.into_owned() + " FOR NO KEY UPDATE").into() } else { text };
        let begins = !std::mem::replace(&mut self.open, true);
        let asked = self.link()?.query(&text, &values, begins).await;
        gather(&asked.map_err(|cause| self.refused(cause, Error::Read))?)
    }

    /// Runs a statement that writes `table`; returns how many rows it changed.
    pub async fn execute(&mut self, table: &'static str, statement: Statement<'_>) -> Result<usize, Error> {
        let begins = !std::mem::replace(&mut self.open, true);
        self.written = true;
        let done = self.link()?.execute(&statement, begins).await;
        done.map_err(|cause| self.unwritten(table, cause))
    }

    /// Runs a statement that writes `table`; returns what it says of the rows that it changed.
    pub async fn returning(&mut self, table: &'static str, statement: &Statement<'_>) -> Result<Vec<RawRow>, Error> {
        let begins = !std::mem::replace(&mut self.open, true);
        self.written = true;
        let done = self.link()?.query(&statement.text, &statement.values, begins).await;
        let rows = done.map_err(|cause| self.unwritten(table, cause))?;
        Ok(rows.iter().map(|row| RawRow::of(row)).collect())
    }

    /// Runs two statements in one round trip, in a transaction that has begun; neither may need what the other writes.
    pub async fn execute_both(
        &mut self,
        (table, first): (&'static str, Statement<'_>),
        (other, second): (&'static str, Statement<'_>),
    ) -> Result<(), Error> {
        self.written = true;
        let link = self.link()?;
        // Each is sent when it is first polled.
        let (done, done_too) = tokio::join!(link.execute(&first, false), link.execute(&second, false));
        done.map_err(|cause| self.unwritten(table, cause))?;
        done_too.map(drop).map_err(|cause| self.unwritten(other, cause))
    }

    /// Waits until no other transaction has this lock, and has it until the job ends.
    pub async fn lock(&mut self, number: i64) -> Result<(), Error> {
        let begins = !std::mem::replace(&mut self.open, true);
        let locked = self.link()?.query("SELECT pg_advisory_xact_lock($1)", &[number.into()], begins).await;
        locked.map(drop).map_err(|cause| self.refused(cause, Error::Read))
    }

    /// Turns the refusal of a write into an error: a taken key, a missing record, or another failure.
    fn unwritten(&mut self, table: &'static str, cause: Cause) -> Error {
        self.refused(cause, |source| {
            let Cause::Postgres { code, .. } = &source else { return Error::Write { table, source } };
            match code.as_deref() {
                Some("23505") => Error::Duplicate { table, source },
                Some("23503") => Error::Dangling { table, source },
                _ => Error::Write { table, source },
            }
        })
    }

    /// Takes a chain of the log that no other transaction uses, or a new one; the job keeps it.
    ///
    /// It is taken as late as possible: until the job ends, others must use other chains.
    pub async fn chain(&mut self) -> Result<ChainHead, Error> {
        let found: Option<ChainHead> = match self.chain {
            Some(mine) => {
                self.ask(sql("SELECT chain, length, head FROM audit_chains WHERE chain = $1").bind(mine).asking())
                    .await?
            }
            None => {
                // It is asked for as a list, because it brings a lock of its own.
                let free = "SELECT chain, length, head FROM audit_chains ORDER BY chain LIMIT 1 FOR UPDATE SKIP LOCKED";
                self.ask::<Vec<ChainHead>>(sql(free).asking()).await?.pop()
            }
        };
        let chain = match found {
            Some(chain) => chain,
            None => {
                let new = "INSERT INTO audit_chains (length, head) VALUES (0, $1) RETURNING chain, length, head";
                let made: Option<ChainHead> = self.ask(sql(new).bind(&[0; 32]).asking()).await?;
                made.ok_or(Error::Damaged { table: CHAINS, column: 0 })?
            }
        };
        self.chain = Some(chain.chain);
        Ok(chain)
    }

    /// Ends the job; undoes at once what is not to be kept.
    pub async fn settle(&mut self, keep: bool) -> Result<(), Error> {
        if keep && self.broken.is_none() {
            return Ok(());
        }
        // A connection that does not even take this is dropped, and the transaction with it.
        let _ = self.end("ROLLBACK").await;
        match &self.broken {
            Some(cause) if keep => Err(Error::undone(cause.clone())),
            _ => Ok(()),
        }
    }

    /// Commits the transaction, if one has begun; [`Error::Uncertain`] where the connection was lost meanwhile.
    pub async fn commit(&mut self) -> Result<(), Error> {
        if !self.open {
            return Ok(());
        }
        self.end("COMMIT").await.map_err(|cause| match &cause {
            Cause::Postgres { code: None, .. } => Error::Uncertain(cause),
            Cause::Postgres { code: Some(_), .. } | Cause::Sqlite(_) => {
                refusal(cause, |cause| Error::Transaction(Arc::new(cause)))
            }
        })?;
        if self.written {
            self.counts.commits.fetch_add(1, Ordering::Relaxed);
        }
        Ok(())
    }

    async fn end(&mut self, statement: &str) -> Result<(), Cause> {
        if self.open
            && let Some(client) = &self.client
        {
            Link { client, counts: &self.counts }.control(statement).await?;
            self.open = false;
        }
        Ok(())
    }

    fn link(&self) -> Result<Link<'_>, Error> {
        let client = self.client.as_ref().ok_or(Error::Closed)?;
        Ok(Link { client, counts: &self.counts })
    }

    /// Notes that the transaction takes nothing more, and turns the cause into an error.
    fn refused(&mut self, cause: Cause, otherwise: impl FnOnce(Cause) -> Error) -> Error {
        if let Cause::Postgres { message, code } = &cause {
            self.broken = Some(Arc::new(Cause::Postgres { message: message.clone(), code: code.clone() }));
        }
        refusal(cause, otherwise)
    }
}

impl Drop for PostgresTransaction {
    /// Drops the connection of a job that was cut short, so that PostgreSQL undoes its open transaction.
    fn drop(&mut self) {
        if self.open
            && let Some(client) = self.client.take()
        {
            drop(Object::take(client));
        }
    }
}
