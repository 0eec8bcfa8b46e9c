//! `cardwright doctor`: checks whether this computer and the cards in its readers are fit for an enrollment.
//!
//! Out: one line a finding, coloured by its verdict, with a remedy where there is one. Changes nothing and
//! spends no try.

use super::args::DoctorArgs;
use super::failure::{Exit, Failure};
use super::output::{Output, Text};
use crate::doctor::{
    Expected, Finding, Verdict, examine_card, examine_protocol, examine_readers, examine_refusal, examine_service,
};
use crate::reader::{CardPresence, ReaderState, Readers, Selector, SocketState, holders, service};
use serde_json::{Value, json};
use time::OffsetDateTime;

/// Holds a finding, and the reader it is about; `None` where it is about the computer.
struct Line {
    reader: Option<String>,
    finding: Finding,
}

/// Prints all findings; fails with [`Exit::Unfit`] if any is bad.
pub fn run(args: &DoctorArgs, output: &Output) -> Result<(), Failure> {
    let lines = examine(args);
    let worst = lines.iter().map(|line| line.finding.verdict).max().unwrap_or(Verdict::Good);
    let document: Vec<Value> = lines.iter().map(Line::document).collect();
    output.result(&json!({ "verdict": worst.word(), "findings": document }), || {
        let mut text = Text::default();
        lines.iter().for_each(|line| line.tell(&mut text));
        text
    })?;
    match worst {
        Verdict::Bad => Err(Failure::told("unfit", Exit::Unfit)),
        _ => Ok(()),
    }
}

/// Examines the PC/SC service, then the readers, then each card; stops early where the service cannot be reached.
fn examine(args: &DoctorArgs) -> Vec<Line> {
    let computer = |finding| Line { reader: None, finding };
    let facts = service();
    let mut lines = vec![computer(examine_service(&facts))];
    if facts.state != SocketState::Reachable {
        return lines;
    }
    let listed = Readers::open().and_then(|readers| readers.list().map(|listed| (readers, listed)));
    let (readers, listed) = match listed {
        Ok(both) => both,
        Err(error) => {
            lines.push(computer(examine_refusal(&error)));
            return lines;
        }
    };
    let meant = meant(listed, args.reader.as_deref());
    lines.extend(examine_readers(&meant, &holders()).into_iter().map(computer));
    for state in meant.iter().filter(|state| state.card == CardPresence::Present) {
        let findings = examine_reader(&readers, &state.name, args);
        lines.extend(findings.into_iter().map(|finding| Line { reader: Some(state.name.clone()), finding }));
    }
    lines
}

/// Returns the reader of that name, or all whose names contain it.
fn meant(listed: Vec<ReaderState>, wanted: Option<&str>) -> Vec<ReaderState> {
    let Some(wanted) = wanted else { return listed };
    let exact = listed.iter().any(|state| state.name == wanted);
    let fits = |state: &ReaderState| if exact { state.name == wanted } else { state.name.contains(wanted) };
    listed.into_iter().filter(fits).collect()
}

/// Examines the card in one reader: its protocol and, if it can be read, whether it is fit.
fn examine_reader(readers: &Readers, reader: &str, args: &DoctorArgs) -> Vec<Finding> {
    let expected =
        Expected { algorithm: args.key, certificate: args.certificate, today: OffsetDateTime::now_utc().date() };
    let mut findings = Vec::new();
    let selector = Selector { reader: Some(reader.to_owned()), ..Selector::default() };
    let found = readers.card_facts(reader).and_then(|facts| {
        findings.push(examine_protocol(&facts));
        readers.find(&selector)
    });
    let examined = match found {
        Ok(mut found) => examine_card(found.token.as_mut(), &expected).map_err(|error| Finding::unreadable(&error)),
        Err(error) => Err(Finding::unreadable(&error)),
    };
    match examined {
        Ok(more) => findings.extend(more),
        Err(_) if is_empty(readers, reader) => findings = vec![Finding::taken_out()],
        Err(unreadable) => findings.push(unreadable),
    }
    findings
}

/// Tells whether a reader is there and has no card, or is no longer there.
fn is_empty(readers: &Readers, reader: &str) -> bool {
    let filled = |state: &ReaderState| state.name == reader && state.card == CardPresence::Present;
    readers.list().is_ok_and(|listed| !listed.iter().any(filled))
}

impl Line {
    fn document(&self) -> Value {
        let Finding { check, verdict, told, remedy } = &self.finding;
        let mut document = json!({ "check": check.code(), "verdict": verdict.word(), "told": told });
        if let (Value::Object(fields), Some(reader)) = (&mut document, &self.reader) {
            fields.insert("reader".into(), json!(reader));
        }
        if let (Value::Object(fields), Some(remedy)) = (&mut document, remedy) {
            fields.insert("remedy".into(), json!(remedy));
        }
        document
    }

    fn tell(&self, text: &mut Text) {
        let Finding { verdict, told, remedy, .. } = &self.finding;
        let place = self.reader.as_ref().map_or_else(String::new, |reader| format!("{reader}: "));
        text.judged(*verdict, format!("{place}{told}"));
        if let Some(remedy) = remedy {
            text.line(format!("             what to do: {remedy}"));
        }
    }
}
