//! Checks a log of acts: every hash, number, time and signature. Reports which record is wrong, and how.

use super::act_key::{ActKeys, Vouching};
use super::audit_lines::AuditItem;
use super::audit_log::{AuditRecord, AuditSignature, NO_SIGNATURE_BEFORE};
use super::audit_report::{AuditFault, AuditFinding, AuditReport};
use super::chain::ChainHead;
use crate::pkix::{PublicKey, SignatureAlgorithm};
use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use std::collections::BTreeMap;
use time::format_description::well_known::Rfc3339;
use time::{Duration, OffsetDateTime};

/// Stands in the first record of a chain as the hash of the record before.
const NOTHING_BEFORE: [u8; 32] = [0; 32];
/// Bounds the findings that are reported one by one; later ones are only counted.
const MOST_FINDINGS: usize = 100;
/// Bounds how long a running server takes to sign what was added; older records without a signature are a fault.
const SIGNED_WITHIN: Duration = Duration::seconds(15);

/// Reads a log item by item, in constant memory.
pub struct AuditChecker {
    keys: Vec<PublicKey>,
    tolerance: Duration,
    complete: bool,
    now: Option<OffsetDateTime>,
    /// No server runs that could sign.
    at_rest: bool,
    remembered: Vec<RememberedEnd>,
    /// `None`: MACs are not known, as in an export.
    acts: Option<ActKeys>,
    /// What follows the last signature of a chain must bear MACs.
    demands_macs: bool,
    chains: BTreeMap<i64, Seen>,
    report: AuditReport,
}

/// Holds the end of a chain as a server remembers it outside of its database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedEnd {
    pub chain: i64,
    pub number: i64,
    /// Of the record; hexadecimal.
    pub hash: String,
}

/// Holds what was seen of a chain so far.
#[derive(Default)]
struct Seen {
    number: i64,
    /// The hash over the last record's text, as read.
    hash: Vec<u8>,
    latest: Option<OffsetDateTime>,
    signed: i64,
    /// When the first record after the last good signature was made.
    unsigned_since: Option<OffsetDateTime>,
    /// The digest of the last signature's text.
    signature: Option<String>,
    /// A signature was seen that covers the one before; all later ones must.
    chained: bool,
    /// The number of a signed head that lies beyond the last record.
    beyond: Option<i64>,
    /// The last record is known to be wrong; the next one is not blamed for it.
    broken: bool,
    /// Records after the last good signature that nobody vouches for, the first of them.
    unvouched: Vec<i64>,
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

impl AuditChecker {
    /// Makes a checker that trusts these keys; `tolerance` is how far the clocks of several servers may differ.
    pub fn new(keys: Vec<PublicKey>, tolerance: Duration) -> Self {
        Self {
            keys,
            tolerance,
            complete: true,
            now: None,
            at_rest: false,
            remembered: Vec::new(),
            acts: None,
            demands_macs: false,
            chains: BTreeMap::new(),
            report: AuditReport::default(),
        }
    }

    /// Says when what is checked was read: records that were made shortly before need no signature yet.
    pub fn as_of(self, now: OffsetDateTime) -> Self {
        Self { now: Some(now), ..self }
    }

    /// Says that no server runs: what commands have added since is signed by the next one, however long that takes, and has its MACs
    /// until then.
    pub fn at_rest(self) -> Self {
        Self { at_rest: true, ..self }
    }

    /// Holds the log against what its server remembers.
    pub fn against(self, remembered: Vec<RememberedEnd>) -> Self {
        Self { remembered, ..self }
    }

    /// Has records that no signature covers bear a MAC under one of these keys: where `demanded`, and where a signature
    /// says that they do.
    pub fn vouched_by(self, acts: ActKeys, demanded: bool) -> Self {
        Self { acts: Some(acts), demands_macs: demanded, ..self }
    }

    /// Takes in the next item.
    pub fn take(&mut self, item: &AuditItem) {
        match item {
            AuditItem::Begin { complete, at } => {
                self.complete = *complete;
                self.now = *at;
            }
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
        for end in std::mem::take(&mut self.remembered) {
            let (number, signed) = self.chains.get(&end.chain).map_or((0, 0), |seen| (seen.number, seen.signed));
            if number < end.number {
                let detail = format!("the server remembers record {}, and the chain ends at {number}", end.number);
                self.find(end.chain, number + 1, AuditFault::CutOff, detail);
            } else if signed < end.number {
                let detail = "the server has signed it, and the signature is missing";
                self.find(end.chain, end.number, AuditFault::Unsigned, detail);
            }
        }
        self.find_unvouched();
        self.report.chains = self.chains.len() as u64;
        // Where records were left out, most signed ones are not there.
        if self.complete {
            if !self.at_rest {
                self.find_unsigned();
            }
            let unsigned = self.chains.values().map(|seen| seen.number.saturating_sub(seen.signed).max(0));
            self.report.unsigned = unsigned.map(i64::unsigned_abs).sum();
        }
        self.report
    }

    /// Reports the chains whose last records were not signed in time.
    fn find_unsigned(&mut self) {
        let is_young = |now: OffsetDateTime, since| now - since < SIGNED_WITHIN && since - now <= self.tolerance;
        let young = |since: Option<_>| self.now.zip(since).is_some_and(|(now, since)| is_young(now, since));
        let late = self.chains.iter().filter(|(_, seen)| seen.number > seen.signed && !young(seen.unsigned_since));
        let late: Vec<_> = late.map(|(chain, seen)| (*chain, seen.signed, seen.number)).collect();
        for (chain, signed, number) in late {
            let detail = format!("nobody has signed it and what follows, up to record {number}");
            self.find(chain, signed + 1, AuditFault::Unsigned, detail);
        }
    }

    /// Reports records that the server has not written, as far as no signature covers them.
    fn find_unvouched(&mut self) {
        if !self.demands_macs {
            return;
        }
        let each =
            |(chain, seen): (&i64, &Seen)| seen.unvouched.iter().map(|number| (*chain, *number)).collect::<Vec<_>>();
        for (chain, number) in self.chains.iter().flat_map(each).collect::<Vec<_>>() {
            self.find(
                chain,
                number,
                AuditFault::Unvouched,
                "neither a server nor a command at its data directory wrote it",
            );
        }
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
            let foreign = self.acts.as_ref().is_some_and(|acts| acts.judge(record) == Vouching::Foreign);
            if foreign && seen.unvouched.len() < MOST_FINDINGS {
                seen.unvouched.push(number);
            }
            self.is_remembered(chain, number, &hash);
            seen = Seen { number, hash, broken, beyond, ..seen };
        }
        self.chains.insert(chain, seen);
    }

    /// Reports a record that is another than the one the server remembers.
    fn is_remembered(&mut self, chain: i64, number: i64, hash: &[u8]) {
        let other = |end: &RememberedEnd| (end.chain, end.number) == (chain, number) && end.hash != hex::encode(hash);
        if self.remembered.iter().any(other) {
            self.find(chain, number, AuditFault::Replaced, "it is another than the one that the server remembers");
        }
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
        seen.unsigned_since.get_or_insert(at);
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
        let Some(said) = signature.said().filter(|said| (said.chain, said.number) == (chain, number)) else {
            return self.find(chain, number, AuditFault::Forged, "the signature is that of another head");
        };
        self.covers(signature, said.before.as_deref());
        let seen = self.chains.entry(chain).or_default();
        if seen.number == number {
            // A record that was found wrong by itself is not reported twice.
            let (same, broken) = (said.hash == hex::encode(&seen.hash), seen.broken);
            if same {
                seen.signed = number;
                seen.unsigned_since = None;
                seen.unvouched.clear();
                self.demands_macs |= said.vouched;
            } else if !broken {
                let signed = seen.signed;
                let detail = format!("a record after {signed} and up to this one is another than when it was signed");
                self.find(chain, number, AuditFault::Replaced, detail);
            }
        } else if seen.number < number && self.complete {
            seen.beyond = Some(number);
        }
    }

    /// Checks that a signature covers the one before it. Those of releases that did not chain them may only come first.
    fn covers(&mut self, signature: &AuditSignature, before: Option<&str>) {
        let seen = self.chains.entry(signature.chain).or_default();
        let last = seen.signature.replace(signature.digest());
        let good = match before {
            Some(before) => before == last.as_deref().unwrap_or(NO_SIGNATURE_BEFORE),
            None => !seen.chained,
        };
        seen.chained |= before.is_some();
        if !good {
            let detail = "it covers another signature than the last one there is";
            self.find(signature.chain, signature.number, AuditFault::SignatureMissing, detail);
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
