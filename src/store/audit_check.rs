//! Checks a log of acts: every hash, number, time and signature; names the record that is broken, and how.

use super::audit_lines::AuditItem;
use super::audit_log::{AuditRecord, AuditSignature};
use super::chain::ChainHead;
use crate::pkix::{PublicKey, SignatureAlgorithm};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// What the first record of a chain names as the hash before it.
const NOTHING_BEFORE: [u8; 32] = [0; 32];
/// Findings that are told one by one; what comes after them is only counted.
const MOST_FINDINGS: usize = 100;

/// What is wrong with a record or a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum AuditFault {
    /// The text is no longer the one its own hash, or the record after it, was made over.
    Altered,
    /// The numbers leave it out.
    Missing,
    /// It stands where its own text says it does not belong.
    Reordered,
    /// Its number is there already, or lies beyond the end of the chain.
    Inserted,
    /// The chain ends before it, and a signature or the chain's own length says it went on.
    CutOff,
    /// The signature is not the one of a known key over this head.
    Forged,
    /// The signature is good, and the chain has another head at this number: it was made anew.
    Replaced,
    /// It is older than the one before it by more than clocks differ.
    TimeReversed,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    pub chain: i64,
    /// The record's number.
    pub number: i64,
    pub fault: AuditFault,
    pub detail: String,
}

/// What a check has found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AuditReport {
    pub chains: u64,
    pub records: u64,
    pub signatures: u64,
    /// Records after the last good signature of their chain: nothing but the file itself vouches for them.
    pub unsigned: u64,
    /// At most the first hundred.
    pub findings: Vec<AuditFinding>,
    /// All of them.
    pub faults: u64,
}

impl AuditReport {
    /// Is the log whole?
    pub fn is_whole(&self) -> bool {
        self.faults == 0
    }
}

/// Takes the log in, item by item, in constant memory.
pub struct AuditChecker {
    keys: Vec<PublicKey>,
    tolerance: Duration,
    complete: bool,
    chains: BTreeMap<i64, Seen>,
    report: AuditReport,
}

/// What was seen of a chain so far.
#[derive(Default)]
struct Seen {
    number: i64,
    /// The hash over the last record's text as it stands there.
    hash: Vec<u8>,
    latest: Option<OffsetDateTime>,
    signed: i64,
    /// A head beyond the last record was signed.
    beyond: Option<i64>,
    /// The last record is known to be broken: the one after it is not blamed.
    broken: bool,
}

/// The parts of a record's text that make it a chain.
#[derive(Deserialize)]
struct Text {
    chain: i64,
    number: i64,
    before: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// The parts of a signed text.
#[derive(Deserialize)]
struct SignedHead {
    chain: i64,
    number: i64,
    hash: String,
}

impl AuditChecker {
    /// Checks with these keys; `tolerance`: how far the clocks of several servers may be apart.
    pub fn new(keys: Vec<PublicKey>, tolerance: Duration) -> Self {
        Self { keys, tolerance, complete: true, chains: BTreeMap::new(), report: AuditReport::default() }
    }

    /// Takes the next item in.
    pub fn take(&mut self, item: &AuditItem) {
        match item {
            AuditItem::Begin { complete } => self.complete = *complete,
            AuditItem::Record(record) => self.record(record),
            AuditItem::Signature(signature) => self.signature(signature),
            AuditItem::Head(head) => self.head(head),
        }
    }

    /// Says what was found.
    pub fn finish(mut self) -> AuditReport {
        let cut = self.chains.iter().filter_map(|(chain, seen)| Some((*chain, seen.number, seen.beyond?)));
        for (chain, number, signed) in cut.collect::<Vec<_>>() {
            let detail = format!("record {signed} was signed, and the chain ends at {number}");
            self.find(chain, number + 1, AuditFault::CutOff, detail);
        }
        self.report.chains = self.chains.len() as u64;
        let unsigned = self.chains.values().map(|seen| seen.number.saturating_sub(seen.signed).max(0));
        self.report.unsigned = unsigned.map(i64::unsigned_abs).sum();
        self.report
    }

    fn find(&mut self, chain: i64, number: i64, fault: AuditFault, detail: impl Into<String>) {
        self.report.faults += 1;
        if self.report.findings.len() < MOST_FINDINGS {
            self.report.findings.push(AuditFinding { chain, number, fault, detail: detail.into() });
        }
    }

    fn record(&mut self, record: &AuditRecord) {
        self.report.records += 1;
        let AuditRecord { chain, number, .. } = *record;
        let mut seen = self.chains.remove(&chain).unwrap_or_default();
        if self.stands_in_order(record, &mut seen) {
            let hash = digest(&SHA256, record.record.as_bytes()).as_ref().to_vec();
            let text = serde_json::from_str::<Text>(&record.record).ok();
            let follows = seen.number + 1 == number;
            let broken = match text {
                None => self.altered(chain, number, "its text cannot be read"),
                Some(_) if hash != record.hash => self.altered(chain, number, "its text and its hash do not agree"),
                Some(text) if (text.chain, text.number) != (chain, number) => {
                    let detail = format!("its text is that of record {} of chain {}", text.number, text.chain);
                    self.find(chain, number, AuditFault::Reordered, detail);
                    true
                }
                Some(text) => {
                    if follows && !seen.broken {
                        self.links(chain, number, &text.before, &seen.hash);
                    }
                    self.ages(chain, number, text.at, &mut seen);
                    false
                }
            };
            let beyond = seen.beyond.filter(|signed| *signed > number);
            seen = Seen { number, hash, broken, beyond, ..seen };
        }
        self.chains.insert(chain, seen);
    }

    fn altered(&mut self, chain: i64, number: i64, detail: &str) -> bool {
        self.find(chain, number, AuditFault::Altered, detail);
        true
    }

    /// Is the number the one after the last? A gap is told here, and what comes twice or late is passed over.
    fn stands_in_order(&mut self, record: &AuditRecord, seen: &mut Seen) -> bool {
        let AuditRecord { chain, number, .. } = *record;
        if number < 1 || number == seen.number {
            self.find(chain, number, AuditFault::Inserted, "its number is taken, or none a record can have");
            return false;
        }
        if number < seen.number {
            self.find(chain, number, AuditFault::Reordered, format!("it stands behind record {}", seen.number));
            return false;
        }
        if number > seen.number + 1 {
            if self.complete {
                let (first, last) = (seen.number + 1, number - 1);
                let detail = if first == last { String::new() } else { format!("{first} to {last}") };
                self.find(chain, first, AuditFault::Missing, detail);
            }
            seen.broken = true;
        }
        true
    }

    /// The record names the hash of the one before it; where it does not, the one before is another than it was.
    fn links(&mut self, chain: i64, number: i64, before: &str, hash: &[u8]) {
        let expected = if number == 1 { &NOTHING_BEFORE } else { hash };
        if before == hex::encode(expected) {
            return;
        }
        match number {
            1 => self.find(chain, number, AuditFault::Missing, "the first record names one before it"),
            _ => {
                let detail = format!("record {number} was chained to another text");
                self.find(chain, number - 1, AuditFault::Altered, detail);
            }
        }
    }

    fn ages(&mut self, chain: i64, number: i64, at: OffsetDateTime, seen: &mut Seen) {
        if let Some(latest) = seen.latest.filter(|latest| at < *latest - self.tolerance) {
            let latest = latest.format(&Rfc3339).unwrap_or_default();
            self.find(chain, number, AuditFault::TimeReversed, format!("a record before it is of {latest}"));
        }
        seen.latest = seen.latest.max(Some(at));
    }

    fn signature(&mut self, signature: &AuditSignature) {
        self.report.signatures += 1;
        let AuditSignature { chain, number, .. } = *signature;
        let key = self.keys.iter().find(|key| key.sha256().as_slice() == signature.key);
        let Some(key) = key else {
            return self.find(chain, number, AuditFault::Forged, "the signature is by a key that is not trusted");
        };
        let verified = key.verify(SignatureAlgorithm::EcdsaSha256, signature.signed.as_bytes(), &signature.signature);
        if verified.is_err() {
            return self.find(chain, number, AuditFault::Forged, "the signature does not fit what it signs");
        }
        let said = serde_json::from_str::<SignedHead>(&signature.signed).ok();
        let Some(said) = said.filter(|said| (said.chain, said.number) == (chain, number)) else {
            return self.find(chain, number, AuditFault::Forged, "the signature is that of another head");
        };
        let seen = self.chains.entry(chain).or_default();
        if seen.number == number {
            // A record that was found broken by itself is not blamed twice.
            let (same, broken) = (said.hash == hex::encode(&seen.hash), seen.broken);
            if same {
                seen.signed = number;
            } else if !broken {
                let signed = seen.signed;
                let detail = format!("a record after {signed} and up to this one is another than when it was signed");
                self.find(chain, number, AuditFault::Replaced, detail);
            }
        } else if seen.number < number && self.complete {
            seen.beyond = Some(number);
        }
    }

    fn head(&mut self, head: &ChainHead) {
        let ChainHead { chain, length, .. } = *head;
        let seen = self.chains.entry(chain).or_default();
        let (number, broken) = (seen.number, seen.broken);
        let same = number == 0 || seen.hash == head.head;
        if !self.complete {
            return;
        }
        if length > number {
            seen.beyond = None;
            let detail = format!("the chain has {length} records, and ends at {number}");
            self.find(chain, number + 1, AuditFault::CutOff, detail);
        } else if length < number {
            let detail = format!("the chain has {length} records only");
            self.find(chain, length + 1, AuditFault::Inserted, detail);
        } else if !same && !broken {
            self.find(chain, number, AuditFault::Altered, "the chain was made longer from another text");
        }
    }
}
