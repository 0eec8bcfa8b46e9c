//! The log of acts outside the server: exported, read by auditors, checked by strangers.

use super::audit::{Ended, TOLERANCE};
use super::support::{EXTENSION, Lab};
use cardwright::server::{self, ExportFilter};
use cardwright::store::AuditReport;
use std::process::Command;

const VERIFIER: &str = include_str!("../../data/audit/verify.sh");

#[test]
fn an_export_is_checked_like_the_file_and_may_be_narrowed() {
    let ended = Ended::new();
    let text = ended.export(&ExportFilter::default());
    let file = ended.lab.directory.path().join("log.jsonl");
    std::fs::write(&file, &text).unwrap();
    // An export has no rows that could be compared.
    let report = AuditReport { compared: false, ..ended.report() };
    assert_eq!(server::audit_check(&file, &[ended.key()], TOLERANCE).unwrap(), report);
    assert!(server::audit_check(&file, &[], TOLERANCE).is_err(), "no key, no check");
    let lines: Vec<&str> = text.lines().collect();
    // A signature may stand between two records, so two are sought that follow each other.
    let is_record = |line: &&str| line.contains("\"record\":");
    let first = (0..lines.len() - 1).find(|at| is_record(&lines[*at]) && is_record(&lines[at + 1])).unwrap();
    let swapped = [lines[first + 1], lines[first]];
    let reordered = [&lines[..first], &swapped, &lines[first + 2..]].concat().join("\n");
    std::fs::write(&file, reordered).unwrap();
    assert!(!server::audit_check(&file, &[ended.key()], TOLERANCE).unwrap().is_whole());
    std::fs::write(&file, text.replace("{\"chain\":1,\"number\":2,", "{\"chain\":1,")).unwrap();
    assert!(server::audit_check(&file, &[ended.key()], TOLERANCE).is_err(), "a line that is none");
    let issued = ended.export(&ExportFilter { act: Some("certificate-issued".into()), ..ExportFilter::default() });
    assert_eq!(issued.matches("\"record\":").count(), 2);
    std::fs::write(&file, &issued).unwrap();
    assert!(server::audit_check(&file, &[ended.key()], TOLERANCE).unwrap().is_whole(), "what is there is good");
    let nobody = ExportFilter { user: Some(uuid::Uuid::new_v4()), ..ExportFilter::default() };
    assert_eq!(ended.export(&nobody).matches("\"record\":").count(), 0);
}

#[test]
fn a_stranger_checks_the_log_from_its_description() {
    let ended = Ended::new();
    let directory = ended.lab.directory.path();
    let (log, script) = (directory.join("log.jsonl"), directory.join("verify.sh"));
    std::fs::write(&script, VERIFIER).unwrap();
    let text = ended.export(&ExportFilter::default());
    let verified = |text: &str| {
        std::fs::write(&log, text).unwrap();
        let run = Command::new("sh").arg(&script).arg(&log).arg(ended.key()).output().unwrap();
        (
            run.status.success(),
            String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr),
        )
    };
    let (good, said) = verified(&text);
    assert!(good && said.contains("whole"), "{said}");
    let (good, said) = verified(&text.replacen("alice", "mallo", 1));
    assert!(!good, "{said}");
}

#[test]
fn auditors_read_the_log_page_by_page_and_nobody_else_does() {
    let lab = Lab::plain(|template| template);
    let (alice, auditor) = (lab.user("alice", &[]), lab.user("auditor", &["auditors"]));
    lab.enrolled(&alice);
    let audit = format!("{EXTENSION}/audit");
    assert_eq!(lab.get(&alice, &audit).refusal(), (403, "forbidden".into()));
    let chains = lab.get(&auditor, &format!("{audit}/chains")).ok();
    let chain = &chains[0]["Chain"];
    let all = lab.get(&auditor, &format!("{audit}?chain={chain}")).ok();
    let all = all.as_array().unwrap().clone();
    let mut paged = Vec::new();
    loop {
        let after = paged.len();
        let page = lab.get(&auditor, &format!("{audit}?chain={chain}&after={after}&limit=2"));
        match page.status {
            204 => break,
            _ => paged.extend(page.ok().as_array().unwrap().clone()),
        }
    }
    assert_eq!(paged, all);
    let acts: Vec<_> = all.iter().map(|act| act["Record"].as_str().unwrap().to_owned()).collect();
    assert!(acts.iter().any(|act| act.contains("certificate-issued") && act.contains("csr")), "{acts:?}");
    assert_eq!(chains[0]["Length"], all.len());
    assert_eq!(lab.get(&auditor, &format!("{audit}?limit=x")).refusal(), (400, "bad-parameter".into()));
}
