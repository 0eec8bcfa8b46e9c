//! Reads the log of acts, and keeps its signed heads and how far it was sent on.

use super::chain::ChainHead;
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::LIST_LIMIT;
use super::writer::Tx;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const SIGNATURES: &str = "audit_signatures";
const SENT: &str = "audit_sent";

/// Holds an act as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditRecord {
    pub chain: i64,
    /// Counts from 1 within the chain.
    pub number: i64,
    /// The text, exactly as the hash is made over it.
    pub record: String,
    /// SHA-256 of the text.
    pub hash: Vec<u8>,
}

impl FromRow for AuditRecord {
    const TABLE: &'static str = "audit";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { chain: columns.take()?, number: columns.take()?, record: columns.take()?, hash: columns.take()? })
    }
}

/// Holds the signed head of a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditSignature {
    pub chain: i64,
    pub number: i64,
    /// The text, exactly as it was signed; [`signed_text`] wrote it.
    pub signed: String,
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub key: Vec<u8>,
    /// ECDSA on P-256 with SHA-256, DER.
    pub signature: Vec<u8>,
}

impl FromRow for AuditSignature {
    const TABLE: &'static str = SIGNATURES;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            chain: columns.take()?,
            number: columns.take()?,
            signed: columns.take()?,
            key: columns.take()?,
            signature: columns.take()?,
        })
    }
}

/// Says up to which record a receiver was sent a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SentRecord {
    pub chain: i64,
    pub number: i64,
}

impl FromRow for SentRecord {
    const TABLE: &'static str = SENT;

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self { chain: columns.take()?, number: columns.take()? })
    }
}

/// Holds what is signed of a head.
#[derive(Serialize)]
struct Signed {
    chain: i64,
    number: i64,
    hash: String,
    at: String,
}

/// Returns the text to sign for a head; `None` when the time cannot be written.
pub fn signed_text(head: &ChainHead, at: OffsetDateTime) -> Option<String> {
    let at = at.format(&Rfc3339).ok()?;
    serde_json::to_string(&Signed { chain: head.chain, number: head.length, hash: hex::encode(&head.head), at }).ok()
}

pub(super) fn audit_chains() -> Ask<'static, Vec<ChainHead>> {
    sql("SELECT chain, length, head FROM audit_chains ORDER BY chain").asking()
}

pub(super) fn audit_records(chain: i64, after: i64, limit: u32) -> Ask<'static, Vec<AuditRecord>> {
    let statement =
        "SELECT chain, number, record, hash FROM audit WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3";
    sql(statement).bind(chain).bind(after).bind(limit.min(LIST_LIMIT)).asking()
}

pub(super) fn audit_signatures(chain: i64, after: i64, up_to: i64) -> Ask<'static, Vec<AuditSignature>> {
    let statement = "SELECT chain, number, signed, key, signature FROM audit_signatures \
                     WHERE chain = $1 AND number > $2 AND number <= $3 ORDER BY number LIMIT $4";
    sql(statement).bind(chain).bind(after).bind(up_to).bind(LIST_LIMIT).asking()
}

pub(super) fn last_audit_signature(chain: i64) -> Ask<'static, Option<AuditSignature>> {
    let statement = "SELECT chain, number, signed, key, signature FROM audit_signatures \
                     WHERE chain = $1 ORDER BY number DESC LIMIT 1";
    sql(statement).bind(chain).asking()
}

pub(super) fn audit_sent(receiver: &str) -> Ask<'_, Vec<SentRecord>> {
    sql("SELECT chain, number FROM audit_sent WHERE receiver = $1 ORDER BY chain").bind(receiver).asking()
}

impl Tx {
    /// Keeps a signed head; where another server of the database was quicker, its signature stays.
    pub async fn keep_audit_signature(&mut self, signature: &AuditSignature) -> Result<(), Error> {
        self.housekeeping();
        let statement = "INSERT INTO audit_signatures (chain, number, signed, key, signature) \
                         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (chain, number) DO NOTHING";
        let statement = sql(statement)
            .bind(signature.chain)
            .bind(signature.number)
            .bind(&signature.signed)
            .bind(&signature.key)
            .bind(&signature.signature);
        self.execute(SIGNATURES, statement).await.map(drop)
    }

    /// Notes how far a receiver was sent the log; never goes back.
    pub async fn keep_audit_sent(&mut self, receiver: &str, sent: SentRecord) -> Result<(), Error> {
        self.housekeeping();
        let statement = "INSERT INTO audit_sent (receiver, chain, number) VALUES ($1, $2, $3) \
                         ON CONFLICT (receiver, chain) DO UPDATE SET number = excluded.number \
                         WHERE audit_sent.number < excluded.number";
        self.execute(SENT, sql(statement).bind(receiver).bind(sent.chain).bind(sent.number)).await.map(drop)
    }
}
