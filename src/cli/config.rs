//! `cardwright config`: says which settings hold, and why.
//!
//! For each setting the first that names it holds: an environment variable, the user's `config.toml`, everybody's. What
//! is hidden by it is told too, for that is what one looks for. No secret is read.

use super::args::ConfigCommand;
use super::failure::Failure;
use super::output::{Output, Text};
use super::settings::{File, Keys, files, state_directory};
use clap::builder::{FalseyValueParser, TypedValueParser};
use serde::Serialize;
use std::path::PathBuf;

/// Tells what a variable's value means; `None` where it says nothing.
type Meant = fn(&str) -> Option<String>;

/// Is a setting, and how each place says it.
struct Row {
    key: &'static str,
    /// The option that goes before everything.
    option: &'static str,
    /// Environment variables in the order in which they hold, with what a value of theirs means.
    variables: &'static [(&'static str, Meant)],
    /// What a file says of it.
    said: fn(&Keys) -> Option<String>,
}

/// How to log in is one setting: who names a bearer file means no ticket.
const ROWS: [Row; 4] = [
    Row {
        key: "server",
        option: "--server",
        variables: &[("CARDWRIGHT_SERVER", itself)],
        said: |it| it.server.clone(),
    },
    Row {
        key: "ca_file",
        option: "--ca-file",
        variables: &[("CARDWRIGHT_CA_FILE", itself)],
        said: |it| shown(&it.ca_file),
    },
    Row {
        key: "login",
        option: "--negotiate or --bearer-from",
        variables: &[
            ("CARDWRIGHT_NEGOTIATE", |value| is_true(value).then(|| TICKET.into())),
            ("CARDWRIGHT_BEARER_FROM", |source| Some(format!("bearer token from {source}"))),
            ("CARDWRIGHT_BEARER", |_| Some("the bearer token in it (not shown)".into())),
        ],
        said: |it| match (it.negotiate, shown(&it.bearer_file)) {
            (Some(true), _) => Some(TICKET.into()),
            (_, Some(file)) => Some(format!("bearer token from file:{file}")),
            (Some(false), None) => Some("bearer token that is asked for".into()),
            (None, None) => None,
        },
    },
    Row {
        key: "module",
        option: "--module",
        variables: &[("CARDWRIGHT_MODULE", itself)],
        said: |it| shown(&it.module),
    },
];
const TICKET: &str = "Kerberos ticket";

/// A value and what says it.
#[derive(Serialize)]
struct Value {
    value: String,
    /// An environment variable, or the path of a file.
    from: String,
}

#[derive(Serialize)]
struct Setting {
    key: &'static str,
    option: &'static str,
    /// Null where nothing says it.
    holds: Option<Value>,
    hidden: Vec<Value>,
}

#[derive(Serialize)]
struct Shown {
    settings: Vec<Setting>,
    files: Vec<Looked>,
    /// The directory of the journal, if there is a place for it.
    journal: Option<PathBuf>,
}

/// A file that was looked for.
#[derive(Serialize)]
struct Looked {
    path: PathBuf,
    found: bool,
}

/// Carries a command of `cardwright config` out.
pub fn run(command: ConfigCommand, output: &Output) -> Result<(), Failure> {
    let ConfigCommand::Show = command;
    let files = files()?;
    let document = Shown {
        settings: ROWS.iter().map(|row| setting(row, &files)).collect(),
        files: files.iter().map(|it| Looked { path: it.path.clone(), found: it.keys.is_some() }).collect(),
        journal: state_directory().ok(),
    };
    output.result(&document, || text(&document))
}

fn setting(row: &Row, files: &[File]) -> Setting {
    let of_environment = row.variables.iter().filter_map(|(name, meant)| {
        let typed = std::env::var(name).ok().filter(|value| !value.is_empty())?;
        Some(Value { value: meant(&typed)?, from: (*name).into() })
    });
    let of_files = files.iter().filter_map(|file| {
        let value = (row.said)(file.keys.as_ref()?)?;
        Some(Value { value, from: file.path.display().to_string() })
    });
    let mut all = of_environment.chain(of_files);
    Setting { key: row.key, option: row.option, holds: all.next(), hidden: all.collect() }
}

fn itself(value: &str) -> Option<String> {
    Some(value.into())
}

/// Reads a variable as clap reads a flag's.
fn is_true(value: &str) -> bool {
    FalseyValueParser::new().parse_ref(&clap::Command::new(""), None, value.as_ref()).unwrap_or_default()
}

fn text(shown: &Shown) -> Text {
    let rows = shown.settings.iter().flat_map(|setting| {
        let (value, from) = match &setting.holds {
            Some(held) => (held.value.clone(), held.from.clone()),
            None => ("-".into(), format!("nothing; {} gives it", setting.option)),
        };
        let hidden = setting.hidden.iter().map(|it| [String::new(), it.value.clone(), format!("hidden: {}", it.from)]);
        [[setting.key.to_owned(), value, from]].into_iter().chain(hidden)
    });
    let mut text = Output::table(["SETTING", "VALUE", "SAID BY"], rows);
    for file in &shown.files {
        let found = if file.found { "read" } else { "not there" };
        text.line(format!("{}: {found}", file.path.display()));
    }
    if let Some(journal) = &shown.journal {
        text.line(format!("journal of unfinished work: {}", journal.display()));
    }
    text
}

fn shown(path: &Option<PathBuf>) -> Option<String> {
    path.as_ref().map(|path| path.display().to_string())
}
