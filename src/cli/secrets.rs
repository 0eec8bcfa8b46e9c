//! Reads secrets from their sources: a prompt, standard input, a file descriptor, a file, an environment variable.
//! Never from the arguments.
//!
//! Where no source is named: the secret's environment variable, else its systemd credential, else a prompt.

use super::args::Source;
use super::failure::{Exit, Failure};
use super::prompt::{self, Ask};
use crate::platform::file;
use crate::secret::{
    ActivationCode, AdminKey, BearerToken, OneTimePassword, Passphrase, Pin, Puk, WeakPassphrase, meant,
};
use crate::token::LastTry;
use std::io::BufRead;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Bounds how often a run asks a person again for what was refused or does not fit.
pub const MOST_AGAIN: usize = 4;
/// Bounds the bytes of a secret, which is one line.
const LONGEST: u64 = 4096;

pub const PIN: Ask = Ask { what: "PIN", option: "--pin-from", env: "CARDWRIGHT_PIN" };
pub const NEW_PIN: Ask = Ask { what: "New PIN", option: "--new-pin-from", env: "CARDWRIGHT_NEW_PIN" };
pub const SO_PIN: Ask = Ask { what: "SO PIN", option: "--so-pin-from", env: "CARDWRIGHT_SO_PIN" };
pub const PUK: Ask = Ask { what: "PUK", option: "--puk-from", env: "CARDWRIGHT_PUK" };
/// Its form is that of 3DES and AES-192; keys of AES-128 and AES-256 have 32 and 64 digits.
pub const ADMIN_KEY: Ask =
    Ask { what: "Admin key (48 hexadecimal digits)", option: "--so-pin-from", env: "CARDWRIGHT_SO_PIN" };
pub const ONE_TIME_PASSWORD: Ask =
    Ask { what: "One-time password", option: "--password-from", env: "CARDWRIGHT_ONE_TIME_PASSWORD" };
pub const ACTIVATION_CODE: Ask =
    Ask { what: "Activation code", option: "--code-from", env: "CARDWRIGHT_ACTIVATION_CODE" };
pub const BEARER: Ask = Ask { what: "Bearer token", option: "--bearer-from", env: "CARDWRIGHT_BEARER" };

pub const PFX_PASSWORD: Ask =
    Ask { what: "Password for the PKCS#12 file", option: "--pfx-password-from", env: "CARDWRIGHT_PFX_PASSWORD" };

/// Reads a PIN or SO PIN that is set already.
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

/// Reads a card's admin key as the hexadecimal digits in which it is given.
pub fn admin_key_digits(source: Option<&Source>) -> Result<Pin, Failure> {
    admin_key(source).map(|key| Pin::new(hex::encode(key.expose())))
}

/// Reads a card's admin key, given in hexadecimal digits.
pub fn admin_key(source: Option<&Source>) -> Result<AdminKey, Failure> {
    let digits = Zeroizing::new(read(source, ADMIN_KEY, false)?);
    AdminKey::from_digits(&digits).ok_or_else(|| {
        Failure::new("admin-key", Exit::Usage, format!("{}: not that", ADMIN_KEY.what))
            .remedy("Give the key as 48 hexadecimal digits; 32 or 64 where it is one of AES-128 or AES-256.")
    })
}

/// Reads a one-time password.
pub fn one_time_password(source: Option<&Source>) -> Result<OneTimePassword, Failure> {
    read(source, ONE_TIME_PASSWORD, false).map(OneTimePassword::new)
}

/// Reads the activation code of a bearer token.
pub fn activation_code(source: Option<&Source>) -> Result<ActivationCode, Failure> {
    read(source, ACTIVATION_CODE, false).map(ActivationCode::new)
}

/// Reads a bearer token.
pub fn bearer(source: Option<&Source>) -> Result<BearerToken, Failure> {
    read(source, BEARER, false).map(BearerToken::new)
}

/// Reads a passphrase or password; `fresh`: it is being chosen, and a prompt asks for it twice.
pub fn passphrase(source: Option<&Source>, ask: Ask, fresh: bool) -> Result<Passphrase, Failure> {
    read(source, ask, fresh).map(Passphrase::new)
}

/// Reads a passphrase or password that is being chosen, and refuses one that everybody would guess.
#[cfg(feature = "farm")]
pub fn chosen_passphrase(source: Option<&Source>, ask: Ask) -> Result<Passphrase, Failure> {
    let chosen = passphrase(source, ask, true)?;
    chosen.judge().map_err(|weak| self::weak(ask, weak))?;
    Ok(chosen)
}

/// Makes the failure of a passphrase that should not be chosen.
pub fn weak(ask: Ask, weak: WeakPassphrase) -> Failure {
    Failure::new("passphrase-weak", Exit::Usage, format!("{}: {weak}; nothing was made", ask.what))
        .remedy("Choose another: a few words that belong to no saying are long, and easy to keep in mind.")
}

/// Says whether a source is named, or the secret's environment variable or credential is there.
pub fn is_given(source: Option<&Source>, ask: Ask) -> bool {
    source.is_some() || std::env::var_os(ask.env).is_some() || credential(ask).is_some()
}

/// Says whether a person will be asked for the secret.
pub fn is_typed(source: Option<&Source>, ask: Ask) -> bool {
    source == Some(&Source::Prompt) || !is_given(source, ask)
}

/// Returns the file of the systemd credential that has the variable's name in lower case with dashes, such as
/// `cardwright-passphrase`, if there is one.
fn credential(ask: Ask) -> Option<PathBuf> {
    let directory = std::env::var_os("CREDENTIALS_DIRECTORY")?;
    let file = PathBuf::from(directory).join(ask.env.to_ascii_lowercase().replace('_', "-"));
    file.is_file().then_some(file)
}

/// Reads a secret from `source` or, without one, from where it comes by default; an empty one is refused.
fn read(source: Option<&Source>, ask: Ask, fresh: bool) -> Result<String, Failure> {
    let default = match credential(ask) {
        _ if std::env::var_os(ask.env).is_some() => Source::Env(ask.env.into()),
        Some(file) => Source::File(file),
        None => Source::Prompt,
    };
    let text = match source.unwrap_or(&default) {
        Source::Prompt => prompt::secret(ask, fresh)?,
        Source::Stdin => first_line(std::io::stdin().lock(), ask)?,
        Source::Fd(number) => first_line(std::io::BufReader::new(open(inherited(*number, ask)?, ask)?), ask)?,
        Source::File(path) => first_line(std::io::BufReader::new(open(path, ask)?), ask)?,
        Source::Env(name) => std::env::var(name)
            .map_err(|_| unreadable(ask, format!("{}: the variable {name} is not set to text", ask.what)))?,
    };
    let text = Zeroizing::new(text);
    let line = meant(&text).map_err(|unfit| {
        Failure::new("secret-unfit", Exit::Usage, format!("{}: {unfit}; no try was spent", ask.what))
            .remedy("Give the secret alone, in UTF-8 without a byte-order mark, with at most one line end behind it.")
    })?;
    if line.is_empty() {
        let failure = Failure::new("secret-empty", Exit::Usage, format!("{}: nothing was given", ask.what));
        return Err(failure.remedy(format!("Put the secret there, or name another source with {}.", ask.option)));
    }
    Ok(line.to_owned())
}

fn inherited(number: i32, ask: Ask) -> Result<PathBuf, Failure> {
    file::inherited(number)
        .map_err(|source| unreadable(ask, format!("{}: cannot read from fd:{number}: {source}", ask.what)))
}

fn open(path: impl AsRef<std::path::Path>, ask: Ask) -> Result<std::fs::File, Failure> {
    let path = path.as_ref();
    std::fs::File::open(path)
        .map_err(|source| unreadable(ask, format!("{}: cannot open {}: {source}", ask.what, path.display())))
}

/// Makes the failure of a source that gives no secret.
fn unreadable(ask: Ask, message: String) -> Failure {
    let remedy = format!("Name a source that this user can read, with {}; no try was spent.", ask.option);
    Failure::new("secret-source", Exit::Usage, message).remedy(remedy)
}

/// Reads one line with its line end, refusing one of more than [`LONGEST`] bytes.
fn first_line(from: impl BufRead, ask: Ask) -> Result<String, Failure> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST as usize + 1));
    from.take(LONGEST + 1)
        .read_line(&mut line)
        .map_err(|source| unreadable(ask, format!("{}: cannot be read: {source}", ask.what)))?;
    if line.len() as u64 > LONGEST {
        let message = format!("{}: longer than {LONGEST} bytes", ask.what);
        return Err(unreadable(ask, message));
    }
    Ok(line.to_string())
}

/// Turns the flag `--spend-last-try` into what the token is told.
pub fn last_try(spend: bool) -> LastTry {
    if spend { LastTry::Spend } else { LastTry::Keep }
}
