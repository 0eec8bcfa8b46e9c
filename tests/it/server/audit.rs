//! The log of acts in an auditor's hands: what was done to it is named, and strangers find the same.

use super::support::Lab;
use cardwright::pkix::PublicKey;
use cardwright::server::{self, ExportFilter};
use cardwright::store::{AuditChecker, AuditFault, AuditItem, AuditReport};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use time::Duration;

pub const TOLERANCE: Duration = Duration::seconds(300);

/// A server that has ended, and its log: two enrollments with a signature between them and one at the end.
pub struct Ended {
    pub lab: Lab,
}

impl Ended {
    pub fn new() -> Self {
        let mut lab = Lab::plain(|template| template);
        let alice = lab.user("alice", &[]);
        lab.enrolled(&alice);
        lab.stop();
        lab.start();
        lab.enrolled(&alice);
        lab.stop();
        Self { lab }
    }

    fn database(&self) -> PathBuf {
        self.lab.data().join("cardwright.db")
    }

    pub fn key(&self) -> PathBuf {
        self.lab.data().join("audit.pub.pem")
    }

    fn public_key(&self) -> PublicKey {
        let text = std::fs::read(self.key()).unwrap();
        PublicKey::from_spki(&der::pem::decode_vec(&text).unwrap().1).unwrap()
    }

    pub fn report(&self) -> AuditReport {
        server::audit_check(&self.lab.data(), &[], TOLERANCE).unwrap()
    }

    fn items(&self) -> Vec<AuditItem> {
        let text = self.export(&ExportFilter::default());
        text.lines().map(|line| AuditItem::from_line(line).unwrap()).collect()
    }

    fn checked(&self, items: &[AuditItem]) -> AuditReport {
        let mut checker = AuditChecker::new(vec![self.public_key()], TOLERANCE);
        items.iter().for_each(|item| checker.take(item));
        checker.finish()
    }

    /// Does something to the file that only its owner can, and gives what the check names.
    fn after(&self, statements: &str) -> Vec<(i64, AuditFault)> {
        let copy = self.lab.directory.path().join("copy.db");
        std::fs::copy(self.database(), &copy).unwrap();
        Connection::open(&copy).unwrap().execute_batch(&format!("PRAGMA foreign_keys = OFF; {statements}")).unwrap();
        let report = server::audit_check(&copy, &[self.key()], TOLERANCE).unwrap();
        assert_eq!(report.faults, report.findings.len() as u64);
        report.findings.iter().map(|finding| (finding.number, finding.fault)).collect()
    }

    pub fn export(&self, filter: &ExportFilter) -> String {
        let mut out = Vec::new();
        server::audit_export(&self.lab.data(), filter, None, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }
}

#[test]
fn acts_of_the_last_seconds_are_a_tail_and_older_ones_without_a_signature_a_fault() {
    let ended = Ended::new();
    let mut items = ended.items();
    let signature = items.iter().rposition(|item| matches!(item, AuditItem::Signature(_))).unwrap();
    items.remove(signature);
    let signed = items.iter().rposition(|item| matches!(item, AuditItem::Signature(_))).unwrap();
    let first = items[signed..].iter().find_map(|item| match item {
        AuditItem::Record(record) => Some(record.record.clone()),
        _ => None,
    });
    let first: serde_json::Value = serde_json::from_str(&first.unwrap()).unwrap();
    let rfc3339 = &time::format_description::well_known::Rfc3339;
    let at = time::OffsetDateTime::parse(first["at"].as_str().unwrap(), rfc3339).unwrap();
    let mut read_at = |after: Duration| {
        items[0] = AuditItem::Begin { complete: true, at: Some(at + after) };
        ended.checked(&items)
    };
    let tail = read_at(Duration::seconds(1));
    assert!(tail.has_tail() && !tail.is_whole() && tail.unsigned > 0 && tail.findings.is_empty(), "{tail:?}");
    let late = read_at(Duration::hours(1));
    assert!(!late.has_tail() && late.findings[0].fault == AuditFault::Unsigned, "{late:?}");
    // An earlier release does not say when it wrote an export.
    items[0] = AuditItem::Begin { complete: true, at: None };
    assert_eq!(ended.checked(&items).findings, late.findings);
}

/// Gives a record another text and the hash that goes with it.
fn rewritten(number: i64, from: &str, to: &str, database: &Path) -> String {
    let connection = Connection::open(database).unwrap();
    let text: String =
        connection.query_row("SELECT record FROM audit WHERE number = ?1", [number], |row| row.get(0)).unwrap();
    assert!(text.contains(from), "{text}");
    let text = text.replace(from, to);
    let hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    format!(
        "UPDATE audit SET record = '{}', hash = x'{}' WHERE number = {number};",
        text.replace('\'', "''"),
        hex::encode(hash)
    )
}

#[test]
fn what_was_done_to_the_log_is_named() {
    use AuditFault::{
        Altered, CutOff, Forged, Inserted, Missing, Reordered, Replaced, TimeReversed, Unsigned, Unvouched,
    };
    let ended = Ended::new();
    let whole = ended.report();
    assert!(whole.is_whole() && whole.unsigned == 0, "{whole:?}");
    let last = i64::try_from(whole.records).unwrap();
    assert!(last >= 9 && whole.signatures >= 2, "{whole:?}");
    let other_record = rewritten(4, "alice", "mallo", &ended.database());
    let head = |number: i64| {
        format!("UPDATE audit_chains SET length = {number}, head = (SELECT hash FROM audit WHERE number = {number});")
    };
    let cases = [
        ("a byte".to_owned(), "UPDATE audit SET record = replace(record, 'alice', 'alicf') WHERE number = 4;".to_owned(), vec![(4, Altered)]),
        ("its hash too".into(), other_record.clone(), vec![(4, Altered)]),
        ("a stored hash".into(), "UPDATE audit SET hash = zeroblob(32) WHERE number = 3;".into(), vec![(3, Altered)]),
        ("deleted".into(), "DELETE FROM audit WHERE number = 5;".into(), vec![(5, Missing)]),
        ("the first deleted".into(), "DELETE FROM audit WHERE number = 1;".into(), vec![(1, Missing)]),
        (
            "swapped".into(),
            "UPDATE audit SET number = -1 WHERE number = 3; UPDATE audit SET number = 3 WHERE number = 4; UPDATE audit SET number = 4 WHERE number = -1;".into(),
            vec![(3, Reordered), (4, Reordered)],
        ),
        ("cut off".into(), format!("DELETE FROM audit WHERE number > {};", last - 2), vec![(last - 1, CutOff)]),
        (
            "cut off with its head".into(),
            format!("DELETE FROM audit WHERE number > {0}; {1}", last - 2, head(last - 2)),
            vec![(last - 1, CutOff)],
        ),
        (
            "added".into(),
            format!("INSERT INTO audit (chain, number, record, hash) SELECT 1, {0} + 1, record, hash FROM audit WHERE number = {0};", last),
            vec![(last + 1, Reordered), (last + 1, Inserted), (last + 1, Unvouched), (last + 1, Unsigned)],
        ),
        (
            "a signature".into(),
            "UPDATE audit_signatures SET signature = (SELECT signature FROM audit_signatures ORDER BY number LIMIT 1) WHERE number = (SELECT max(number) FROM audit_signatures);".into(),
            vec![(last, Forged)],
        ),
        ("a key".into(), format!("UPDATE audit_signatures SET key = zeroblob(32) WHERE number = {last};"), vec![(last, Forged)]),
    ];
    for (what, statements, expected) in cases {
        assert_eq!(ended.after(&statements), expected, "{what}");
    }
    // Somebody without the key makes the whole chain anew from one record on.
    let mut items = ended.items();
    let mut before: Option<Vec<u8>> = None;
    for item in &mut items {
        match item {
            AuditItem::Record(record) if record.number >= 4 => {
                let mut text = record.record.replace("alice", "mallo");
                if let Some(before) = &before {
                    let from = text.find("\"before\":\"").unwrap() + 10;
                    text.replace_range(from..from + 64, &hex::encode(before));
                }
                record.hash = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes()).as_ref().to_vec();
                record.record = text;
                before = Some(record.hash.clone());
            }
            AuditItem::Head(head) => head.head = before.clone().unwrap(),
            _ => {}
        }
    }
    let faults: Vec<_> = ended.checked(&items).findings.iter().map(|finding| finding.fault).collect();
    assert!(!faults.is_empty() && faults.iter().all(|fault| *fault == Replaced), "{faults:?}");
    // A clock that was set back.
    let mut strict = AuditChecker::new(vec![ended.public_key()], -Duration::days(1));
    ended.items().iter().for_each(|item| strict.take(item));
    assert!(strict.finish().findings.iter().all(|finding| finding.fault == TimeReversed));
}
