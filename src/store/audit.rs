//! Writes the log of acts as a hash chain: each record's text holds the SHA-256 of the text before it.

use super::act_key::{AT, ActKey, DATA_DIRECTORY};
use super::chain::ChainHead;
use super::error::Error;
use super::watched::RowState;
use super::writer::Tx;
use aws_lc_rs::digest::{Digest, SHA256, digest};
use aws_lc_rs::hmac;
use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

pub(super) const TABLE: &str = "audit";

/// Describes one act, as the log keeps it.
#[derive(Clone, Debug)]
pub struct AuditEntry {
    pub at: OffsetDateTime,
    /// Who acted; `None`: the server itself.
    pub actor: Option<Uuid>,
    pub actor_name: String,
    /// A stable word, such as "certificate-issued".
    pub act: &'static str,
    pub request: Option<Uuid>,
    pub smartcard: Option<Uuid>,
    pub profile: Option<Uuid>,
    /// The user for whom or to whom it was done.
    pub user: Option<Uuid>,
    /// The id of the call it was done in.
    pub correlation: Option<Uuid>,
    /// Names and values that prove the act; nothing secret is among them.
    pub evidence: Vec<(&'static str, String)>,
}

impl AuditEntry {
    /// Makes an act of the server itself, which names no request, card or user yet.
    pub fn of(act: &'static str, at: OffsetDateTime) -> Self {
        Self {
            at,
            actor: None,
            actor_name: String::new(),
            act,
            request: None,
            smartcard: None,
            profile: None,
            user: None,
            correlation: None,
            evidence: Vec::new(),
        }
    }
}

/// Holds the record's text; the fields are written in this order.
#[derive(Serialize)]
struct Line<'a> {
    chain: i64,
    number: i64,
    before: String,
    at: &'a str,
    act: &'a str,
    actor: Option<Uuid>,
    actor_name: &'a str,
    request: Option<Uuid>,
    smartcard: Option<Uuid>,
    profile: Option<Uuid>,
    user: Option<Uuid>,
    correlation: Option<Uuid>,
    evidence: serde_json::Map<String, serde_json::Value>,
    /// What rows became, as [`RowState`] spells it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    rows: Vec<String>,
}

impl Tx {
    /// Adds an act to the log, at the end of the job. It is kept only if the job's writes are kept.
    ///
    /// The last act of a job says what each row became that the job has written, so that `audit verify` notices rows
    /// that somebody else has written.
    pub async fn audit(&mut self, entry: &AuditEntry) -> Result<(), Error> {
        self.add_act(entry.clone());
        Ok(())
    }
}

/// Holds an act of a job that is kept, until the commit writes it.
pub(super) struct Act {
    entry: AuditEntry,
    at: String,
    rows: Vec<RowState>,
}

/// Holds an act as it is written.
pub(super) struct Written {
    pub number: i64,
    pub record: String,
    pub hash: Digest,
    pub mac: Option<hmac::Tag>,
}

impl Act {
    /// Takes an act, and what rows became by it.
    pub fn of(entry: AuditEntry, rows: Vec<RowState>) -> Result<Self, Error> {
        let at = entry.at.format(&Rfc3339).map_err(|_| Error::Damaged { table: TABLE, column: 0 })?;
        Ok(Self { entry, at, rows })
    }

    /// Returns the word of the act.
    pub fn word(&self) -> &'static str {
        self.entry.act
    }

    /// Adds the act to a chain, whose end moves to it, and vouches for it.
    fn chained(&self, chain: &mut ChainHead, key: Option<&ActKey>) -> Result<Written, Error> {
        let entry = &self.entry;
        let mut evidence: serde_json::Map<_, _> =
            entry.evidence.iter().map(|(name, value)| ((*name).to_owned(), value.clone().into())).collect();
        if key.is_some_and(ActKey::is_directory) {
            evidence.insert(AT.to_owned(), DATA_DIRECTORY.into());
        }
        let line = Line {
            chain: chain.chain,
            number: chain.length + 1,
            before: hex::encode(&chain.head),
            at: &self.at,
            act: entry.act,
            actor: entry.actor,
            actor_name: &entry.actor_name,
            request: entry.request,
            smartcard: entry.smartcard,
            profile: entry.profile,
            user: entry.user,
            correlation: entry.correlation,
            evidence,
            rows: self.rows.iter().map(RowState::to_string).collect(),
        };
        let record = serde_json::to_string(&line).map_err(|_| Error::Damaged { table: TABLE, column: 2 })?;
        let hash = digest(&SHA256, record.as_bytes());
        chain.length = line.number;
        chain.head = hash.as_ref().to_vec();
        Ok(Written { number: line.number, mac: key.map(|key| key.mac(&record)), record, hash })
    }
}

/// Adds acts to a chain, whose end moves to the last; the key vouches for them.
pub(super) fn chained(acts: &[Act], chain: &mut ChainHead, key: Option<&ActKey>) -> Result<Vec<Written>, Error> {
    acts.iter().map(|act| act.chained(chain, key)).collect()
}
