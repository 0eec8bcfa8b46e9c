//! Writes the acts of a batch to a chain of the log that no other transaction uses, and commits.

use super::super::act_key::ActKey;
use super::super::audit::{Act, TABLE, Written, chained};
use super::super::chain::{CHAINS, ChainHead, moved};
use super::super::error::{Cause, Error};
use super::super::link::{Statement, sql};
use super::link::{Done, Link, gather, refusal};
use super::sent::{uncommitted, unwritten};
use std::sync::Arc;

const FREE: &str = "SELECT chain, length, head FROM audit_chains ORDER BY chain LIMIT 1 FOR UPDATE SKIP LOCKED";
const NEW: &str = "INSERT INTO audit_chains (length, head) VALUES (0, $1) RETURNING chain, length, head";
/// Bounds the acts of one statement.
const MOST: usize = 32;

/// Writes the acts and commits, all in one round trip after the one that takes a chain. That is done as late as can be: until
/// the commit, others must use other chains.
pub(super) async fn commit(
    link: &mut Link,
    first: Option<&'static str>,
    acts: &[Act],
    key: Option<&ActKey>,
) -> Result<(), Error> {
    let mut chain = match one(link, first, &sql(FREE)).await? {
        Some(chain) => chain,
        None => {
            let new = sql(NEW).bind(&[0; 32]);
            one(link, None, &new).await?.ok_or(Error::Damaged { table: CHAINS, column: 0 })?
        }
    };
    let written = chained(acts, &mut chain, key)?;
    let mut statements = inserted(chain.chain, &written);
    statements.push(moved(&chain));
    let all: Vec<_> = statements.iter().map(|statement| (statement, false)).collect();
    for done in link.together(None, &all, Some("COMMIT")).await.map_err(uncommitted)? {
        // Whatever is refused, PostgreSQL then answers a COMMIT by undoing all.
        done.map_err(|cause| match &cause {
            Cause::Postgres { code: Some(_), .. } => unwritten(TABLE, cause),
            Cause::Postgres { code: None, .. } | Cause::Sqlite(_) => uncommitted(cause),
        })?;
    }
    Ok(())
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

/// Asks for the end of a chain.
async fn one(link: &mut Link, first: Option<&'static str>, asked: &Statement<'_>) -> Result<Option<ChainHead>, Error> {
    let failed = |cause: Cause| refusal(cause, |cause| Error::Transaction(Arc::new(cause)));
    match link.together(first, &[(asked, true)], None).await.map_err(failed)?.into_iter().next() {
        Some(Ok(Done::Rows(rows))) => gather(&rows),
        Some(Err(cause)) => Err(failed(cause)),
        Some(Ok(Done::Changed(_))) | None => Ok(None),
    }
}
