//! Reads the log of acts, and keeps its signed heads and how far it was sent on.

use super::chain::ChainHead;
use super::error::Error;
use super::link::{Ask, Columns, FromRow, sql};
use super::record::LIST_LIMIT;
use super::writer::Tx;
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

const SIGNATURES: &str = "audit_signatures";
const SENT: &str = "audit_sent";
/// Stands in the first signature of a chain as the digest of the one before.
pub(super) const NO_SIGNATURE_BEFORE: &str = "0000000000000000000000000000000000000000000000000000000000000000";

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
    /// Vouches for the text; `None`: an earlier release has written it, or an export does not have it.
    pub mac: Option<Vec<u8>>,
}

impl AuditRecord {
    /// Returns the hash that the text names as that of the record before; `None` where it cannot be read.
    pub fn before(&self) -> Option<String> {
        #[derive(Deserialize)]
        struct Linked {
            before: String,
        }
        serde_json::from_str::<Linked>(&self.record).ok().map(|linked| linked.before)
    }
}

/// Returns the SHA-256 of a record's text; hexadecimal.
pub fn audit_hash(record: &str) -> String {
    hex::encode(digest(&SHA256, record.as_bytes()))
}

impl FromRow for AuditRecord {
    const TABLE: &'static str = "audit";

    fn read(columns: &mut Columns<'_>) -> Result<Self, Error> {
        Ok(Self {
            chain: columns.take()?,
            number: columns.take()?,
            record: columns.take()?,
            hash: columns.take()?,
            mac: columns.take()?,
        })
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

impl AuditSignature {
    /// Returns the SHA-256 of the signed text, which the next signature of the chain covers; hexadecimal.
    pub fn digest(&self) -> String {
        audit_hash(&self.signed)
    }

    /// Returns what the signed text says; `None` where it cannot be read.
    pub fn said(&self) -> Option<SignedHead> {
        serde_json::from_str(&self.signed).ok()
    }
}

/// Holds what is signed of a head.
#[derive(Serialize, Deserialize)]
pub struct SignedHead {
    pub chain: i64,
    pub number: i64,
    /// Of the record; hexadecimal.
    pub hash: String,
    pub at: String,
    /// The digest of the text that was signed before in this chain, 64 zeros for the first; `None`: it was signed by a
    /// release that did not chain signatures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// Each act that follows bears a MAC; releases before this did not write any.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vouched: bool,
}

/// Returns the text to sign for a head, which covers the signature before it; `None` when the time cannot be written.
pub fn signed_text(head: &ChainHead, before: Option<&AuditSignature>, at: OffsetDateTime) -> Option<String> {
    let before = Some(before.map_or_else(|| NO_SIGNATURE_BEFORE.to_owned(), AuditSignature::digest));
    let (chain, number, hash) = (head.chain, head.length, hex::encode(&head.head));
    serde_json::to_string(&SignedHead { chain, number, hash, at: at.format(&Rfc3339).ok()?, before, vouched: true })
        .ok()
}

pub(super) fn audit_chains() -> Ask<'static, Vec<ChainHead>> {
    sql("SELECT chain, length, head FROM audit_chains ORDER BY chain").asking()
}

pub(super) fn audit_records(chain: i64, after: i64, limit: u32) -> Ask<'static, Vec<AuditRecord>> {
    let statement =
        "SELECT chain, number, record, hash, mac FROM audit WHERE chain = $1 AND number > $2 ORDER BY number LIMIT $3";
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

pub(super) fn audit_signature(chain: i64, number: i64) -> Ask<'static, Option<AuditSignature>> {
    let statement = "SELECT chain, number, signed, key, signature FROM audit_signatures \
                     WHERE chain = $1 AND number = $2";
    sql(statement).bind(chain).bind(number).asking()
}

pub(super) fn audit_sent(receiver: &str) -> Ask<'_, Vec<SentRecord>> {
    sql("SELECT chain, number FROM audit_sent WHERE receiver = $1 ORDER BY chain").bind(receiver).asking()
}

impl Tx {
    /// Keeps a signed head that covers the one with the number `prior` (0: there is none). Returns false, and keeps
    /// nothing, where another server of the database was quicker: a signature has one successor only.
    pub async fn keep_audit_signature(&mut self, signature: &AuditSignature, prior: i64) -> Result<bool, Error> {
        self.housekeeping();
        let statement = "INSERT INTO audit_signatures (chain, number, signed, key, signature, prior) \
                         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
        let statement = sql(statement)
            .bind(signature.chain)
            .bind(signature.number)
            .bind(&signature.signed)
            .bind(&signature.key)
            .bind(&signature.signature)
            .bind(prior);
        Ok(self.execute(SIGNATURES, statement).await? > 0)
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
