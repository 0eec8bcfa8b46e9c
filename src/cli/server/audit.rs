//! `cardwright audit`: checks and exports a server's log of acts.

use super::asks::PASSPHRASE;
use crate::cli::args::{AuditAcceptArgs, AuditCommand, AuditExportArgs, AuditVerifyArgs};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output, Text, counted};
use crate::cli::secrets;
use crate::server::{self, AcceptError, Accepted, AuditTrailError, ExportFilter, SyslogTarget, WitnessError};
use crate::store::AuditReport;
use serde_json::json;
use std::io::BufWriter;
use time::Duration;

/// Carries a command of `cardwright audit` out.
pub fn run(command: AuditCommand, output: &Output) -> Result<(), Failure> {
    match command {
        AuditCommand::Verify(args) => verify(&args, output),
        AuditCommand::Export(args) => export(args, output),
        AuditCommand::Accept(args) => accept(&args, output),
    }
}

/// Checks a log and prints the report; fails with [`Exit::AuditBroken`] if the log is not whole.
fn verify(args: &AuditVerifyArgs, output: &Output) -> Result<(), Failure> {
    let tolerance = Duration::seconds(args.tolerance.into());
    let report = server::audit_check(&args.log, &args.keys, tolerance).map_err(failed)?;
    let document = json!({ "whole": report.is_whole(), "tail": report.has_tail(), "report": report });
    output.result(&document, || told(&report))?;
    if report.is_sound() { Ok(()) } else { Err(Failure::told("audit-broken", Exit::AuditBroken)) }
}

/// Writes a report for people: the faults, then the counts, then whether the log is whole.
fn told(report: &AuditReport) -> Text {
    let mut lines: Vec<String> = report
        .findings
        .iter()
        .map(|finding| {
            let fault = json!(finding.fault);
            let detail = if finding.detail.is_empty() { String::new() } else { format!(": {}", finding.detail) };
            format!("chain {} record {}: {}{detail}", finding.chain, finding.number, fault.as_str().unwrap_or_default())
        })
        .collect();
    let untold = report.faults.saturating_sub(report.findings.len() as u64);
    if untold > 0 {
        lines.push(format!("and {untold} more"));
    }
    lines.extend(report.differences.iter().map(|difference| {
        let fault = json!(difference.fault);
        let fault = fault.as_str().unwrap_or_default();
        format!("{}/{}: {fault}: it is not what the log says", difference.table, difference.row)
    }));
    let untold = report.differing.saturating_sub(report.differences.len() as u64);
    if untold > 0 {
        lines.push(format!("and {} more", counted(untold, "record")));
    }
    let AuditReport { chains, records, signatures, unsigned, .. } = report;
    let (records, chains) = (counted(*records, "record"), counted(*chains, "chain"));
    lines.push(format!("{records} in {chains}, {}", counted(*signatures, "signature")));
    if report.compared {
        lines.push("users, bearer tokens, requests, cards, profiles and certificates were held against the log".into());
    }
    lines.push(match (report.is_sound(), unsigned) {
        (true, 0) => "the log is whole".into(),
        (true, _) => format!(
            "the log is whole up to its tail: {} of the last seconds not signed yet; look again",
            counted(*unsigned, "record")
        ),
        (false, _) => "the log is NOT whole".into(),
    });
    lines.into_iter().collect()
}

/// Writes a log as JSON lines on standard output, or sends it to a syslog receiver and prints how many records went.
fn export(args: AuditExportArgs, output: &Output) -> Result<(), Failure> {
    let target = args.syslog.map(SyslogTarget::try_from).transpose();
    let target = target.map_err(|why| {
        Failure::new("syslog-target", Exit::Usage, why)
            .remedy("Give --syslog as udp://HOST:PORT, tcp://HOST:PORT or unix:/PATH.")
    })?;
    let filter = ExportFilter {
        from: args.from,
        until: args.to,
        request: args.request,
        smartcard: args.card,
        user: args.user,
        act: args.act,
    };
    let out = BufWriter::new(output::stream());
    let records = server::audit_export(&args.directory, &filter, target.as_ref(), out).map_err(failed)?;
    if target.is_some() {
        output.result(&json!({ "records": records }), || format!("{} sent", counted(records, "record")))?;
    }
    Ok(())
}

/// Has the server go on with the database as it is, and prints what it remembered and what there is now.
fn accept(args: &AuditAcceptArgs, output: &Output) -> Result<(), Failure> {
    let passphrase = secrets::passphrase(args.passphrase_from.as_ref(), PASSPHRASE, false)?;
    if !args.rows.is_empty() {
        let rows = server::audit_accept_rows(&args.directory, &passphrase, &args.rows, &args.reason);
        let rows = rows.map_err(not_accepted)?;
        let document: Vec<_> = rows.iter().map(|it| json!({ "row": it.row.to_string(), "fault": it.fault })).collect();
        return output.result(&json!({ "rows": document }), || {
            rows.iter().map(|it| format!("{}: {}: accepted as it is now", it.row, it.fault)).collect::<Text>()
        });
    }
    let accepted = server::audit_accept(&args.directory, &passphrase, &args.reason).map_err(not_accepted)?;
    let Accepted { remembered, found } = &accepted;
    output.result(&json!({ "remembered": remembered, "found": found }), || {
        Text::from_iter([
            format!("remembered: {remembered}"),
            format!("there is:   {found}"),
            "the server goes on from there; what was done since is not in the log, and what was revoked since is not \
             revoked: see docs/server.md"
                .to_owned(),
        ])
    })
}

/// Translates why a database was not accepted into a failure.
fn not_accepted(error: AcceptError) -> Failure {
    let (code, exit) = match &error {
        AcceptError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        AcceptError::Settings(_) => ("server-settings", Exit::Usage),
        AcceptError::Reason => ("audit-reason", Exit::Usage),
        AcceptError::AsLogged(_) | AcceptError::TooMany => ("audit-row", Exit::Usage),
        AcceptError::Key(_) => ("server-keys", Exit::Other),
        AcceptError::Witness(WitnessError::Contradiction(_)) => ("audit-broken", Exit::AuditBroken),
        AcceptError::Witness(_) | AcceptError::File(_) | AcceptError::Database(_) | AcceptError::Store(_) => {
            ("audit-accept", Exit::Other)
        }
    };
    let broken = matches!(error, AcceptError::Witness(WitnessError::Contradiction(_)));
    let failure = Failure::from_error(code, exit, &error);
    match (code, broken) {
        (_, true) => {
            failure.remedy("Nothing was signed: the log contradicts itself. Restore a database whose log is whole.")
        }
        ("audit-reason", _) => failure.remedy("Say with --reason why the database is not what the server remembers."),
        ("audit-row", _) => {
            failure.remedy("`cardwright audit verify` lists the rows that differ. Nothing was accepted.")
        }
        _ => failure,
    }
}

/// Translates what [`crate::server`] refuses into a failure.
fn failed(error: AuditTrailError) -> Failure {
    let (code, exit) = match &error {
        AuditTrailError::NoKeys | AuditTrailError::NoKey(_) | AuditTrailError::Key { .. } => ("audit-key", Exit::Usage),
        AuditTrailError::Settings(_) => ("server-settings", Exit::Usage),
        AuditTrailError::Line { .. } | AuditTrailError::Witness(_) => ("audit-broken", Exit::AuditBroken),
        AuditTrailError::Receiver { .. } => ("syslog-receiver", Exit::Other),
        _ => ("audit-unreadable", Exit::Other),
    };
    if let AuditTrailError::Write(source) = &error {
        return Failure::unwritten(source);
    }
    let failure = Failure::from_error(code, exit, &error);
    match error {
        AuditTrailError::NoKeys => failure.remedy("Name it with --key: audit.pub.pem of the server's directory."),
        AuditTrailError::Receiver { .. } => failure.remedy("Export again: nothing is taken out of the log."),
        _ => failure,
    }
}
