//! Where secrets come from: a prompt, standard input, a file descriptor, a file, an environment variable. Never argv.

use super::failure::{Exit, Failure};
use crate::platform::file;
use crate::secret::{AdminKey, BearerToken, OneTimePassword, Passphrase, Pin, Puk};
use clap::builder::{TypedValueParser, ValueParserFactory};
use clap::error::ErrorKind;
use clap::{Arg, Command};
use std::ffi::OsStr;
use std::io::{BufRead, IsTerminal};
use std::path::PathBuf;
use std::str::FromStr;
use zeroize::Zeroizing;

/// A secret is one line of at most this many bytes.
const LONGEST: u64 = 4096;

/// Where one secret comes from.
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

/// Reads a [`Source`] from the command line. What is refused is not repeated, as clap's own parsers do: somebody may
/// have typed the secret itself.
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

/// What a secret is called where it is asked for.
#[derive(Clone, Copy)]
pub struct Ask {
    /// For people: "PIN of token \"demo\"".
    pub what: &'static str,
    /// The option that names its source.
    pub option: &'static str,
    /// The environment variable that is looked at when no source is named; then a systemd credential of that name.
    pub env: &'static str,
}

pub const PIN: Ask = Ask { what: "PIN", option: "--pin-from", env: "CARDWRIGHT_PIN" };
pub const NEW_PIN: Ask = Ask { what: "New PIN", option: "--new-pin-from", env: "CARDWRIGHT_NEW_PIN" };
pub const SO_PIN: Ask = Ask { what: "SO PIN", option: "--so-pin-from", env: "CARDWRIGHT_SO_PIN" };
pub const PUK: Ask = Ask { what: "PUK", option: "--puk-from", env: "CARDWRIGHT_PUK" };
pub const ADMIN_KEY: Ask = Ask { what: "Admin key", option: "--so-pin-from", env: "CARDWRIGHT_SO_PIN" };
pub const CA_PIN: Ask = Ask { what: "PIN of the CA's token", option: "--ca-pin-from", env: "CARDWRIGHT_CA_PIN" };
pub const ONE_TIME_PASSWORD: Ask =
    Ask { what: "One-time password", option: "--password-from", env: "CARDWRIGHT_ONE_TIME_PASSWORD" };
pub const BEARER: Ask = Ask { what: "Bearer token", option: "--bearer-from", env: "CARDWRIGHT_BEARER" };
pub const UPSTREAM: Ask =
    Ask { what: "Password or key for the CA elsewhere", option: "--secret-from", env: "CARDWRIGHT_UPSTREAM_SECRET" };

pub const PFX_PASSWORD: Ask =
    Ask { what: "Password for the PKCS#12 file", option: "--pfx-password-from", env: "CARDWRIGHT_PFX_PASSWORD" };
pub const PASSPHRASE: Ask =
    Ask { what: "Passphrase of the key files", option: "--passphrase-from", env: "CARDWRIGHT_PASSPHRASE" };
pub const CARD_PASSPHRASE: Ask =
    Ask { what: "Passphrase of the virtual card", option: "--passphrase-from", env: "CARDWRIGHT_VCARD_PASSPHRASE" };

/// Reads a PIN or SO PIN that exists already.
pub fn pin(source: Option<&Source>, ask: Ask) -> Result<Pin, Failure> {
    read(source, ask, false).map(Pin::new)
}

/// Reads a PUK.
pub fn puk(source: Option<&Source>) -> Result<Puk, Failure> {
    read(source, PUK, false).map(Puk::new)
}

/// Reads a PIN that is to be set; a prompt asks for it twice.
pub fn new_pin(source: Option<&Source>, ask: Ask) -> Result<Pin, Failure> {
    read(source, ask, true).map(Pin::new)
}

/// Reads a card's admin key, in hexadecimal digits.
pub fn admin_key(source: Option<&Source>) -> Result<AdminKey, Failure> {
    let digits = Zeroizing::new(read(source, ADMIN_KEY, false)?);
    AdminKey::from_hex(&digits).ok_or_else(|| {
        Failure::new("admin-key", Exit::Usage, format!("{}: not hexadecimal digits", ADMIN_KEY.what))
            .remedy("Give the key as an even number of hexadecimal digits.")
    })
}

/// Reads a one-time password.
pub fn one_time_password(source: Option<&Source>) -> Result<OneTimePassword, Failure> {
    read(source, ONE_TIME_PASSWORD, false).map(OneTimePassword::new)
}

/// Reads a bearer token.
pub fn bearer(source: Option<&Source>) -> Result<BearerToken, Failure> {
    read(source, BEARER, false).map(BearerToken::new)
}

/// Reads a passphrase; `fresh`: it is being chosen, and a prompt asks for it twice.
pub fn passphrase(source: Option<&Source>, fresh: bool) -> Result<Passphrase, Failure> {
    read(source, PASSPHRASE, fresh).map(Passphrase::new)
}

/// Reads the password or key by which a CA elsewhere knows the server; a prompt asks for it twice.
pub fn upstream(source: Option<&Source>) -> Result<Passphrase, Failure> {
    read(source, UPSTREAM, true).map(Passphrase::new)
}

/// Reads the password that is to protect private keys; a prompt asks for it twice.
pub fn pfx_password(source: Option<&Source>) -> Result<Passphrase, Failure> {
    read(source, PFX_PASSWORD, true).map(Passphrase::new)
}

/// Reads the passphrase of a virtual card's file; `fresh` as for [`passphrase`].
pub fn card_passphrase(source: Option<&Source>, fresh: bool) -> Result<Passphrase, Failure> {
    read(source, CARD_PASSPHRASE, fresh).map(Passphrase::new)
}

/// Could [`read`] answer without a person? A face asks first only when it can.
pub fn is_given(source: Option<&Source>, ask: Ask) -> bool {
    source.is_some() || std::env::var_os(ask.env).is_some() || credential(ask).is_some()
}

/// The file of a systemd credential that is called as the variable is, `cardwright-passphrase` for one.
fn credential(ask: Ask) -> Option<PathBuf> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let file = PathBuf::from(directory).join(ask.env.to_ascii_lowercase().replace('_', "-"));
    file.is_file().then_some(file)
}

fn read(source: Option<&Source>, ask: Ask, fresh: bool) -> Result<String, Failure> {
    let default = match credential(ask) {
        _ if std::env::var_os(ask.env).is_some() => Source::Env(ask.env.into()),
        Some(file) => Source::File(file),
        None => Source::Prompt,
    };
    let text = match source.unwrap_or(&default) {
        Source::Prompt => prompt(ask, fresh)?,
        Source::Stdin => first_line(std::io::stdin().lock(), ask)?,
        Source::Fd(number) => first_line(std::io::BufReader::new(open(file::inherited(*number), ask)?), ask)?,
        Source::File(path) => first_line(std::io::BufReader::new(open(path, ask)?), ask)?,
        Source::Env(name) => std::env::var(name).map_err(|_| {
            Failure::new("secret-source", Exit::Usage, format!("{}: the variable {name} is not set to text", ask.what))
        })?,
    };
    if text.is_empty() {
        return Err(Failure::new("secret-empty", Exit::Usage, format!("{}: nothing was given", ask.what)));
    }
    Ok(text)
}

fn open(path: impl AsRef<std::path::Path>, ask: Ask) -> Result<std::fs::File, Failure> {
    let path = path.as_ref();
    std::fs::File::open(path).map_err(|source| {
        Failure::new("secret-source", Exit::Usage, format!("{}: cannot open {}: {source}", ask.what, path.display()))
    })
}

fn first_line(from: impl BufRead, ask: Ask) -> Result<String, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    from.take(LONGEST + 1).read_line(&mut line).map_err(|source| {
        Failure::new("secret-source", Exit::Usage, format!("{}: cannot be read: {source}", ask.what))
    })?;
    if line.len() as u64 > LONGEST {
        let message = format!("{}: longer than {LONGEST} bytes", ask.what);
        return Err(Failure::new("secret-source", Exit::Usage, message));
    }
    Ok(line.trim_end_matches(['\r', '\n']).to_string())
}

fn prompt(ask: Ask, fresh: bool) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = format!("{}: needed, and there is no terminal to ask at", ask.what);
        return Err(Failure::new("secret-missing", Exit::Usage, message)
            .remedy(format!("Name its source with {} or set {}.", ask.option, ask.env)));
    }
    let label = format!("{}:", ask.what);
    let mut question = inquire::Password::new(&label).with_display_mode(inquire::PasswordDisplayMode::Hidden);
    if fresh {
        question = question.with_custom_confirmation_message("The same again:");
    } else {
        question = question.without_confirmation();
    }
    question.prompt().map_err(|source| {
        let message = match source {
            inquire::InquireError::OperationCanceled | inquire::InquireError::OperationInterrupted => {
                format!("{}: stopped at the prompt; nothing was sent", ask.what)
            }
            other => format!("{}: the prompt failed: {other}", ask.what),
        };
        Failure::new("secret-missing", Exit::Usage, message)
    })
}
