//! The value that names where a secret comes from: a prompt, standard input, a file descriptor, a file or a variable of
//! the environment. Never the secret itself.

use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use std::ffi::OsStr;
use std::path::PathBuf;
use std::str::FromStr;

/// Names where one secret comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    Prompt,
    /// The next line of standard input.
    Stdin,
    /// The first line an open file descriptor gives.
    Fd(i32),
    /// The first line of a file.
    File(PathBuf),
    Env(String),
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            None if text == "prompt" => Ok(Self::Prompt),
            None if text == "stdin" => Ok(Self::Stdin),
            Some(("fd", number)) => match number.parse() {
                Ok(number) if number >= 0 => Ok(Self::Fd(number)),
                _ => Err("fd: needs the number of an open file descriptor".into()),
            },
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("env", name)) if !name.is_empty() => Ok(Self::Env(name.into())),
            _ => Err("name a source (prompt, stdin, fd:N, file:PATH or env:NAME), never the secret itself".into()),
        }
    }
}

impl ValueParserFactory for Source {
    type Parser = SourceParser;

    fn value_parser() -> SourceParser {
        SourceParser
    }
}

/// Parses a [`Source`]. Unlike clap's own parsers it does not repeat what it refuses, because somebody may have typed
/// the secret itself.
#[derive(Clone)]
pub struct SourceParser;

impl TypedValueParser for SourceParser {
    type Value = Source;

    fn parse_ref(&self, command: &Command, option: Option<&Arg>, text: &OsStr) -> Result<Source, clap::Error> {
        let parsed = text.to_str().ok_or_else(|| "the source is not UTF-8".to_string()).and_then(str::parse);
        parsed.map_err(|why| {
            let option = option.map_or_else(String::new, |option| format!("{option}: "));
            clap::Error::raw(ErrorKind::ValueValidation, format!("{option}{why}\n")).with_cmd(command)
        })
    }
}
