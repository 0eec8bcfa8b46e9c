//! `cardwright server user import --directory` and `cardwright server directory`: people who come from a directory. How
//! people are told of who is taken over, also from a list.

use crate::cli::args::DirectoryCommand;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::server::{self, Import, ImportError, PassError, Report, Row, SourceError, Standing};
use serde_json::{Value, json};
use std::path::Path;

/// Shows what each person of the directory comes to, and takes them over where that is asked for.
pub fn import(directory: &Path, import: Import, output: &Output) -> Result<(), Failure> {
    let apply = import.apply;
    let report = server::user_import(directory, import).map_err(failed)?;
    tell(&report, apply, "all but those who are refused are as the directory has them", output)?;
    // Those who are refused keep nobody else from it, and yet it is not done.
    if apply && report.refused > 0 { Err(Failure::told("directory-people", Exit::Usage)) } else { Ok(()) }
}

/// Prints what became of whom; `done` where it was done.
pub fn tell(report: &Report, apply: bool, done: &str, output: &Output) -> Result<(), Failure> {
    let document = json!({
        "applied": apply,
        "new": report.new,
        "changed": report.changed,
        "adopted": report.adopted,
        "same": report.same,
        "gone": report.gone,
        "refused": report.refused,
        "rows": report.rows.iter().map(document).collect::<Vec<_>>(),
        "left_off": report.left_off,
        "missing_groups": report.missing_groups,
    });
    output.result(&document, || text(report, apply, done))
}

fn text(report: &Report, apply: bool, done: &str) -> Text {
    let mut text: Text = report.rows.iter().map(line).collect();
    if report.left_off > 0 {
        text.line(format!("and {} more, which are not listed", report.left_off));
    }
    for group in &report.missing_groups {
        text.line(format!("the directory has no group {group}: nobody is in what [directory] maps it to"));
    }
    let Report { new, changed, adopted, same, gone, refused, .. } = report;
    text.line(format!(
        "{new} new, {changed} changed, {adopted} handed over, {same} as before, {gone} gone, {refused} refused"
    ));
    text.line(match apply {
        true => done,
        false => "nothing was done; to do it: --apply",
    });
    text
}

/// Returns the word for what a person comes to, and what there is to say about it.
fn standing(row: &Row) -> (&'static str, String) {
    match &row.standing {
        Standing::New => ("new", String::new()),
        Standing::Changed(what) => ("changed", what.join(", ")),
        Standing::Adopted => ("handed-over", String::new()),
        Standing::Same => ("same", String::new()),
        Standing::Gone => ("gone", "the directory shows nobody like that any more".into()),
        Standing::Refused(reason) => ("refused", reason.to_string()),
    }
}

fn document(row: &Row) -> Value {
    let (state, reason) = standing(row);
    json!({ "line": row.line, "dn": row.dn, "name": row.name, "groups": row.groups, "state": state, "reason": reason })
}

fn line(row: &Row) -> String {
    let (state, reason) = standing(row);
    let place = row.line.map_or_else(|| row.dn.clone(), |line| format!("line {line}"));
    let said = [row.name.clone(), place, row.groups.join(", "), reason];
    said.iter().filter(|text| !text.is_empty()).fold(state.to_owned(), |line, text| line + "  " + text)
}

/// Carries a command of `cardwright server directory` out.
pub fn run(command: DirectoryCommand, output: &Output) -> Result<(), Failure> {
    let DirectoryCommand::Check { directory, name } = command;
    let checked = server::directory_check(&directory, name.as_deref()).map_err(failed)?;
    let groups: Vec<Value> = checked
        .groups
        .iter()
        .map(|(dn, group, members)| json!({ "dn": dn, "group": group, "members": members }))
        .collect();
    let people: Vec<Value> = checked.people.iter().map(document).collect();
    output.result(&json!({ "reached": true, "groups": groups, "people": people }), || {
        let mut text = Text::from_iter(["the directory was reached, and lets this server in".to_owned()]);
        for (dn, group, members) in &checked.groups {
            text.line(match members {
                Some(members) => format!("{group}: {members} in {dn}"),
                None => format!("{group}: nobody, for the directory has no {dn}"),
            });
        }
        match &name {
            Some(name) if checked.people.is_empty() => {
                text.line(format!("nobody of the people who are meant has the name, UPN or e-mail address {name}"));
            }
            Some(_) | None => checked.people.iter().for_each(|row| text.line(line(row))),
        }
        text
    })
}

fn failed(error: ImportError) -> Failure {
    const SETTINGS: &str = "Mend the table [directory] of server.toml; \"server directory check\" says how it goes.";
    const DIRECTORY: &str = "People stay as they were, or as the pages before have made them; mend what is named, look with \
                             \"server directory check\", and repeat.";
    const DATA: &str = "Name the directory that \"server init\" has made.";
    const STORE: &str = "Repeat it: who was taken over stays, and the others follow.";
    let (code, exit, remedy) = match &error {
        ImportError::NoDirectory(_) => ("no-data-directory", Exit::Usage, DATA),
        ImportError::Settings(_) => ("server-settings", Exit::Usage, SETTINGS),
        ImportError::Pass(PassError::Source(SourceError::Directory(_)) | PassError::Directory(_)) => {
            ("directory", Exit::Other, DIRECTORY)
        }
        ImportError::Pass(PassError::Source(_)) => ("directory-settings", Exit::Usage, SETTINGS),
        ImportError::Pass(PassError::Store(_) | PassError::Write(_))
        | ImportError::Templates(_)
        | ImportError::Database(_) => ("server-account", Exit::Other, STORE),
    };
    Failure::from_error(code, exit, &error).remedy(remedy)
}
