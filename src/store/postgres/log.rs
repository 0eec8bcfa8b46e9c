//! Writes the acts of a batch to the chain of the log that this connection has to itself, and commits.

use super::super::act_key::ActKey;
use super::super::audit::{Act, Written, chained};
use super::super::chain::{CHAINS, ChainHead, moved};
use super::super::error::{Cause, Error};
use super::super::link::{Answer, Columns, FromRow, Statement, sql};
use super::link::{Done, Link, gather, refusal};
use super::sent::uncommitted;
use std::sync::Arc;

const ALL: &str = "SELECT chain, length, head FROM audit_chains ORDER BY chain";
const THIS: &str = "SELECT chain, length, head FROM audit_chains WHERE chain = $1";
const NEW: &str = "INSERT INTO audit_chains (length, head) VALUES (0, $1) RETURNING chain, length, head";
/// Takes a chain for as long as the connection lasts.
const TAKE: &str = "SELECT pg_try_advisory_lock($1, $2)";
/// Spells "CWAC": the first part of the locks on chains.
const LOCK: i64 = 0x4357_4143;
/// Bounds the acts of one statement.
const MOST: usize = 32;

/// Writes the acts and commits, all in one round trip: a connection has its chain to itself, and knows where that ends.
pub(super) async fn commit(
    link: &mut Link,
    mut first: Option<&'static str>,
    acts: &[Act],
    key: Option<&ActKey>,
) -> Result<(), Error> {
    // Whatever fails, the connection is given up, and with it the chain.
    let mut chain = match link.chain.take() {
        Some(chain) => chain,
        None => taken(link, first.take()).await?,
    };
    let written = chained(acts, &mut chain, key)?;
    let mut statements = inserted(chain.chain, &written);
    statements.push(moved(&chain));
    let all: Vec<_> = statements.iter().map(|statement| (statement, false)).collect();
    for done in link.together(first, &all, Some("COMMIT")).await.map_err(uncommitted)? {
        // Whatever is refused, PostgreSQL then answers a COMMIT by undoing all.
        done.map_err(uncommitted)?;
    }
    link.chain = Some(chain);
    Ok(())
}

/// Takes the first chain that no other connection has, or a new one.
async fn taken(link: &mut Link, first: Option<&'static str>) -> Result<ChainHead, Error> {
    let all: Vec<ChainHead> = answer(link, first, &sql(ALL)).await?;
    for known in all {
        if take(link, known.chain).await? {
            // Read once it is taken: whoever had it may have moved its end meanwhile.
            let this: Option<ChainHead> = answer(link, None, &sql(THIS).bind(known.chain)).await?;
            return this.ok_or(Error::Damaged { table: CHAINS, column: 0 });
        }
    }
    let new: Option<ChainHead> = answer(link, None, &sql(NEW).bind(&[0; 32])).await?;
    let new = new.ok_or(Error::Damaged { table: CHAINS, column: 0 })?;
    // Nobody else knows of it before the commit.
    take(link, new.chain).await?;
    Ok(new)
}

/// Takes a chain, unless another connection has it.
async fn take(link: &mut Link, chain: i64) -> Result<bool, Error> {
    let taken: Option<Taken> = answer(link, None, &sql(TAKE).bind(LOCK).bind(chain)).await?;
    Ok(taken.is_some_and(|taken| taken.0))
}

struct Taken(bool);

impl FromRow for Taken {
    const TABLE: &'static str = CHAINS;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        columns.take().map(Self)
    }
}

/// Asks a question.
async fn answer<T: Answer>(link: &mut Link, first: Option<&'static str>, asked: &Statement<'_>) -> Result<T, Error> {
    let failed = |cause: Cause| refusal(cause, |cause| Error::Transaction(Arc::new(cause)));
    match link.together(first, &[(asked, true)], None).await.map_err(failed)?.into_iter().next() {
        Some(Ok(Done::Rows(rows))) => gather(&rows),
        Some(Err(cause)) => Err(failed(cause)),
        Some(Ok(Done::Changed(_))) | None => Ok(T::none()),
    }
}

/// Makes the statements that add acts to a chain: of few sizes, so that each is prepared once.
fn inserted(chain: i64, mut acts: &[Written]) -> Vec<Statement<'_>> {
    let mut statements = Vec::new();
    while !acts.is_empty() {
        let size = 1 << acts.len().min(MOST).ilog2();
        let (these, others) = acts.split_at(size);
        acts = others;
        let row = |row: usize| {
            let next = row * 4 + 2;
            format!("($1, ${}, ${}, ${}, ${})", next, next + 1, next + 2, next + 3)
        };
        let rows = (0..size).map(row).collect::<Vec<_>>().join(", ");
        let insert = sql(format!("INSERT INTO audit (chain, number, record, hash, mac) VALUES {rows}")).bind(chain);
        statements.push(these.iter().fold(insert, |insert, act| {
            let mac = act.mac.as_ref().map(AsRef::<[u8]>::as_ref);
            insert.bind(act.number).bind(&act.record).bind(act.hash.as_ref()).bind(mac)
        }));
    }
    statements
}
