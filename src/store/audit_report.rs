//! What a check of the log reports.

use super::audit_state::RowDifference;
use serde::Serialize;

/// Says what is wrong with a record or a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditFault {
    /// The text is not the one that its own hash, or the next record, was made over.
    Altered,
    /// The numbers skip it.
    Missing,
    /// It is out of its place: behind a record with a higher number, or its text names another number or chain.
    Reordered,
    /// Its number is taken or impossible, or lies beyond the end of the chain.
    Inserted,
    /// The chain ends before it, although a signature or the chain's recorded length says that it went on.
    CutOff,
    /// The signature is not that of a known key over this head.
    Forged,
    /// The signature is good, but the chain has another head at this number: it was made anew.
    Replaced,
    /// A signature before it is missing: it covers another than the last one there is.
    SignatureMissing,
    /// No signature vouches for it and what follows, although there was time to sign it.
    Unsigned,
    /// It bears no MAC of the server or of commands at its data directory: somebody else has written it.
    Unvouched,
    /// It is older than the record before it, by more than clocks may differ.
    TimeReversed,
}

/// Describes one thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    pub chain: i64,
    /// The record's number.
    pub number: i64,
    pub fault: AuditFault,
    pub detail: String,
}

/// Reports what a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    pub chains: u64,
    pub records: u64,
    pub signatures: u64,
    /// Records after the last good signature of their chain; nothing but the file itself vouches for them. Where that
    /// is no finding, they are so young that a running server is about to sign them.
    pub unsigned: u64,
    /// At most the first hundred.
    pub findings: Vec<AuditFinding>,
    /// The number of all findings.
    pub faults: u64,
    /// The rows of the database were held against the log.
    pub compared: bool,
    /// Rows that are not what the log says; at most the first hundred.
    pub differences: Vec<RowDifference>,
    /// The number of all such rows.
    pub differing: u64,
}

impl AuditReport {
    /// Says whether nothing is wrong with the log, and all of it is signed.
    pub fn is_whole(&self) -> bool {
        self.is_sound() && self.unsigned == 0
    }

    /// Says whether nothing is wrong with the log and, where they were compared, with the rows of the database.
    pub fn is_sound(&self) -> bool {
        self.faults == 0 && self.differing == 0
    }

    /// Says whether nothing is wrong but that the last records are about to be signed.
    pub fn has_tail(&self) -> bool {
        self.is_sound() && self.unsigned > 0
    }
}
