//! Writes and reads the log as JSON lines, for `audit export` and `audit verify`.
//!
//! One object a line: first the format, then for each chain its records in order, each signature after the record it
//! signs, and where the chain ends. Texts of records and signed texts are strings, byte for byte.

use super::audit_log::{AuditRecord, AuditSignature};
use super::chain::ChainHead;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Names the format, in the first line.
const FORMAT: &str = "cardwright-audit-1";

/// Holds what one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditItem {
    /// The first line. `complete` is false where records were left out on purpose.
    Begin {
        complete: bool,
        /// When the log was read; `None`: an earlier release has written the line.
        at: Option<OffsetDateTime>,
    },
    Record(AuditRecord),
    Signature(AuditSignature),
    Head(ChainHead),
}

/// Says why a line cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    #[error("it is not a line of an exported log")]
    Json(#[from] serde_json::Error),
    #[error("it is of the format \"{0}\", which this release does not know")]
    Format(String),
    #[error("its {0} cannot be read")]
    Bytes(&'static str),
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Line {
    Begin {
        format: String,
        complete: bool,
        #[serde(default, with = "time::serde::rfc3339::option", skip_serializing_if = "Option::is_none")]
        at: Option<OffsetDateTime>,
    },
    Record {
        chain: i64,
        number: i64,
        record: String,
        hash: String,
    },
    Signature {
        chain: i64,
        number: i64,
        signed: String,
        key: String,
        signature: String,
    },
    Head {
        chain: i64,
        length: i64,
        head: String,
    },
}

impl AuditItem {
    /// Returns the line, without its end.
    pub fn to_line(&self) -> Result<String, LineError> {
        let line = match self {
            Self::Begin { complete, at } => Line::Begin { format: FORMAT.into(), complete: *complete, at: *at },
            Self::Record(record) => Line::Record {
                chain: record.chain,
                number: record.number,
                record: record.record.clone(),
                hash: hex::encode(&record.hash),
            },
            Self::Signature(signature) => Line::Signature {
                chain: signature.chain,
                number: signature.number,
                signed: signature.signed.clone(),
                key: hex::encode(&signature.key),
                signature: STANDARD.encode(&signature.signature),
            },
            Self::Head(head) => Line::Head { chain: head.chain, length: head.length, head: hex::encode(&head.head) },
        };
        Ok(serde_json::to_string(&line)?)
    }

    /// Reads a line.
    pub fn from_line(line: &str) -> Result<Self, LineError> {
        let bytes = |text: &str, what| hex::decode(text).map_err(|_| LineError::Bytes(what));
        Ok(match serde_json::from_str(line)? {
            Line::Begin { format, complete, at } if format == FORMAT => Self::Begin { complete, at },
            Line::Begin { format, .. } => return Err(LineError::Format(format)),
            Line::Record { chain, number, record, hash } => {
                Self::Record(AuditRecord { chain, number, record, hash: bytes(&hash, "hash")?, mac: None })
            }
            Line::Signature { chain, number, signed, key, signature } => Self::Signature(AuditSignature {
                chain,
                number,
                signed,
                key: bytes(&key, "key")?,
                signature: STANDARD.decode(signature).map_err(|_| LineError::Bytes("signature"))?,
            }),
            Line::Head { chain, length, head } => Self::Head(ChainHead { chain, length, head: bytes(&head, "head")? }),
        })
    }
}
