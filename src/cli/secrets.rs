//! Where secrets come from: a prompt, standard input, a file descriptor, a file, an environment variable. Never argv.

use super::args::Source;
use super::failure::{Exit, Failure};
use super::prompt::{self, Ask};
use crate::platform::file;
use crate::secret::{AdminKey, BearerToken, OneTimePassword, Passphrase, Pin, Puk};
use crate::token::LastTry;
use std::io::BufRead;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A secret is one line of at most this many bytes.
const LONGEST: u64 = 4096;

pub const PIN: Ask = Ask { what: "PIN", option: "--pin-from", env: "CARDWRIGHT_PIN" };
pub const NEW_PIN: Ask = Ask { what: "New PIN", option: "--new-pin-from", env: "CARDWRIGHT_NEW_PIN" };
pub const SO_PIN: Ask = Ask { what: "SO PIN", option: "--so-pin-from", env: "CARDWRIGHT_SO_PIN" };
pub const PUK: Ask = Ask { what: "PUK", option: "--puk-from", env: "CARDWRIGHT_PUK" };
pub const ADMIN_KEY: Ask = Ask { what: "Admin key", option: "--so-pin-from", env: "CARDWRIGHT_SO_PIN" };
pub const ONE_TIME_PASSWORD: Ask =
    Ask { what: "One-time password", option: "--password-from", env: "CARDWRIGHT_ONE_TIME_PASSWORD" };
pub const BEARER: Ask = Ask { what: "Bearer token", option: "--bearer-from", env: "CARDWRIGHT_BEARER" };

pub const PFX_PASSWORD: Ask =
    Ask { what: "Password for the PKCS#12 file", option: "--pfx-password-from", env: "CARDWRIGHT_PFX_PASSWORD" };

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

/// Reads a passphrase or password; `fresh`: it is being chosen, and a prompt asks for it twice.
pub fn passphrase(source: Option<&Source>, ask: Ask, fresh: bool) -> Result<Passphrase, Failure> {
    read(source, ask, fresh).map(Passphrase::new)
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
        Source::Prompt => prompt::secret(ask, fresh)?,
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

/// May the last try of a secret be spent?
pub fn last_try(spend: bool) -> LastTry {
    if spend { LastTry::Spend } else { LastTry::Keep }
}
