//! Checks a log of acts: every hash, number, time and signature. Reports which record is wrong, and how.

use super::audit_lines::AuditItem;
use super::audit_log::{AuditRecord, AuditSignature};
use super::chain::ChainHead;
use crate::pkix::{PublicKey, SignatureAlgorithm};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// Stands in the first record of a chain as the hash of the record before.
const NOTHING_BEFORE: [u8; 32] = [0; 32];
/// Bounds the findings that are reported one by one; later ones are only counted.
const MOST_FINDINGS: usize = 100;

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
    /// Records after the last good signature of their chain; nothing but the file itself vouches for them.
    pub unsigned: u64,
    /// At most the first hundred.
    pub findings: Vec<AuditFinding>,
    /// The number of all findings.
    pub faults: u64,
}

impl AuditReport {
    /// Says whether nothing is wrong with the log.
    pub fn is_whole(&self) -> bool {
        self.faults == 0
    }
}

/// Reads a log item by item, in constant memory.
pub struct AuditChecker {
    keys: Vec<PublicKey>,
    tolerance: Duration,
    complete: bool,
    chains: BTreeMap<i64, Seen>,
    report: AuditReport,
}

/// Holds what was seen of a chain so far.
#[derive(Default)]
struct Seen {
    number: i64,
    /// The hash over the last record's text, as read.
    hash: Vec<u8>,
    latest: Option<OffsetDateTime>,
    signed: i64,
    /// The number of a signed head that lies beyond the last record.
    beyond: Option<i64>,
    /// The last record is known to be wrong; the next one is not blamed for it.
    broken: bool,
}

/// Holds the parts of a record's text that link the chain.
#[derive(Deserialize)]
struct Text {
    chain: i64,
    number: i64,
    before: String,
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
}

/// Holds the parts of a signed text.
#[derive(Deserialize)]
struct SignedHead {
    chain: i64,
    number: i64,
    hash: String,
}

impl AuditChecker {
    /// Makes a checker that trusts these keys; `tolerance` is how far the clocks of several servers may differ.
    pub fn new(keys: Vec<PublicKey>, tolerance: Duration) -> Self {
        Self { keys, tolerance, complete: true, chains: BTreeMap::new(), report: AuditReport::default() }
    }

    /// Takes in the next item.
    pub fn take(&mut self, item: &AuditItem) {
        match item {
            AuditItem::Begin { complete } => self.complete = *complete,
            AuditItem::Record(record) => self.record(record),
            AuditItem::Signature(signature) => self.signature(signature),
            AuditItem::Head(head) => self.head(head),
        }
    }

    /// Reports what was found, after the last item.
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

    /// Reports an altered record; returns true, for it is broken.
    fn altered(&mut self, chain: i64, number: i64, detail: &str) -> bool {
        self.find(chain, number, AuditFault::Altered, detail);
        true
    }

    /// Says whether the record may follow the last one. A gap is reported, unless records were left out on purpose; a
    /// number that repeats or goes back is reported and its record skipped.
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

    /// Checks that the record names the hash of the one before it; where it does not, the one before was altered.
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

    /// Reports a record that is older than one before it, beyond the tolerance.
    fn ages(&mut self, chain: i64, number: i64, at: OffsetDateTime, seen: &mut Seen) {
        if let Some(latest) = seen.latest.filter(|latest| at < *latest - self.tolerance) {
            let latest = latest.format(&Rfc3339).unwrap_or_default();
            self.find(chain, number, AuditFault::TimeReversed, format!("a record before it is of {latest}"));
        }
        seen.latest = seen.latest.max(Some(at));
    }

    /// Checks a signed head: a trusted key, a good signature, and the chain's hash at that number.
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
            // A record that was found wrong by itself is not reported twice.
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

    /// Checks the recorded end of a chain against the last record.
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
