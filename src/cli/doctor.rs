//! `cardwright doctor`: checks whether this computer and the cards in its readers are fit for an enrollment, or whether
//! somebody will log on with them.
//!
//! Out: one line a finding, coloured by its verdict, with a remedy where there is one. Changes nothing and
//! spends no try.

mod logon;
#[cfg(windows)]
mod workstation;

use self::logon::Judge;
use super::args::{DoctorArgs, LogonArgs};
use super::failure::{Exit, Failure};
use super::output::{Output, Text};
use super::settings::Settings;
use crate::doctor::logon as rules;
use crate::doctor::{
    Expected, Finding, Verdict, examine_card, examine_protocol, examine_readers, examine_refusal, examine_service,
};
use crate::pkcs11::{self, Module};
use crate::reader::{CardPresence, ReaderState, Readers, Selector, SocketState, holders, service};
use serde_json::{Value, json};
use std::path::Path;
use time::OffsetDateTime;

/// Holds a finding as it is printed.
struct Line {
    /// The reader it is about; `None` where it is about the computer, or a token behind a module.
    place: Option<String>,
    verdict: Verdict,
    told: String,
    remedy: Option<String>,
    document: Value,
}

/// Prints all findings; fails with [`Exit::Unfit`] if any is bad.
pub fn run(args: &DoctorArgs, output: &Output) -> Result<(), Failure> {
    let judge = match args.logon.logon {
        true => Some(Judge::new(&Settings::load()?, &args.logon)?),
        false => None,
    };
    let lines = match (&judge, &args.logon) {
        (Some(judge), LogonArgs { module: Some(module), label, .. }) if args.reader.is_none() => {
            behind(module, label.clone(), judge)?
        }
        _ => examine(args, judge.as_ref()),
    };
    let worst = lines.iter().map(|line| line.verdict).max().unwrap_or(Verdict::Good);
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
fn examine(args: &DoctorArgs, judge: Option<&Judge>) -> Vec<Line> {
    let computer = |finding: Finding| Line::of(None, &finding);
    let facts = service();
    let mut lines = vec![computer(examine_service(&facts))];
    #[cfg(windows)]
    lines.extend(workstation::examine(judge.is_some()).into_iter().map(computer));
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
        let place = || Some(state.name.clone());
        match judge {
            None => {
                let findings = examine_reader(&readers, &state.name, args);
                lines.extend(findings.iter().map(|finding| Line::of(place(), finding)));
            }
            Some(judge) => lines.extend(judge_reader(&readers, &state.name, judge)),
        }
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
        #[cfg(windows)]
        findings.push(workstation::examine_card(&facts.atr));
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

/// Judges the card in one reader for a logon. It is read and let go before anybody else is asked.
fn judge_reader(readers: &Readers, reader: &str, judge: &Judge) -> Vec<Line> {
    let place = || Some(reader.to_owned());
    let selector = Selector { reader: place(), ..Selector::default() };
    let read = match readers.find(&selector) {
        Ok(mut found) => rules::read_card(found.token.as_mut()).map_err(|error| Finding::unreadable(&error)),
        Err(error) => Err(Finding::unreadable(&error)),
    };
    match read {
        Ok(card) => judge.judge(&card).iter().map(|finding| Line::of_logon(place(), finding)).collect(),
        Err(_) if is_empty(readers, reader) => vec![Line::of(place(), &Finding::taken_out())],
        Err(unreadable) => vec![Line::of(place(), &unreadable)],
    }
}

/// Judges the token behind a PKCS#11 module for a logon.
fn behind(module: &Path, label: Option<String>, judge: &Judge) -> Result<Vec<Line>, Failure> {
    let card = {
        let mut token = Module::load(module)?.find(&pkcs11::Selector { label, serial: None })?;
        rules::read_card(&mut token)?
    };
    Ok(judge.judge(&card).iter().map(|finding| Line::of_logon(None, finding)).collect())
}

/// Tells whether a reader is there and has no card, or is no longer there.
fn is_empty(readers: &Readers, reader: &str) -> bool {
    let filled = |state: &ReaderState| state.name == reader && state.card == CardPresence::Present;
    readers.list().is_ok_and(|listed| !listed.iter().any(filled))
}

impl Line {
    fn of(reader: Option<String>, finding: &Finding) -> Self {
        let Finding { check, verdict, told, remedy } = finding;
        let mut document = json!({ "check": check.code(), "verdict": verdict.word(), "told": told });
        if let (Value::Object(fields), Some(remedy)) = (&mut document, remedy) {
            fields.insert("remedy".into(), json!(remedy));
        }
        Self { place: reader, verdict: *verdict, told: told.clone(), remedy: remedy.clone(), document }
    }

    fn of_logon(reader: Option<String>, finding: &rules::Finding) -> Self {
        let document = serde_json::to_value(finding).unwrap_or_default();
        let told = match &finding.certificate {
            Some(certificate) => format!("{certificate}: {}", finding.told()),
            None => finding.told(),
        };
        let remedy = finding.remedy().map(str::to_owned);
        Self { place: reader, verdict: finding.verdict(), told, remedy, document }
    }

    /// Returns the finding for scripts, with the reader it is about.
    fn document(&self) -> Value {
        let mut document = self.document.clone();
        if let (Value::Object(fields), Some(reader)) = (&mut document, &self.place) {
            fields.insert("reader".into(), json!(reader));
        }
        document
    }

    fn tell(&self, text: &mut Text) {
        let place = self.place.as_ref().map_or_else(String::new, |reader| format!("{reader}: "));
        text.judged(self.verdict, format!("{place}{}", self.told));
        if let Some(remedy) = &self.remedy {
            text.line(format!("             what to do: {remedy}"));
        }
    }
}
