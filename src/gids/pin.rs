//! The user's PIN: its counters, and every command that carries it.

use super::application::Application;
use super::command;
use super::error::{self, refused};
use crate::iso7816::{PinPadError, PinPadVerify, StatusWord, tlv};
use crate::secret::Pin;
use crate::token::{Error, LastTry, SecretForm, SecretKind, Tries};

const TRIES_LEFT: u32 = 0x97;

/// Tells which PIN every GIDS card takes.
pub(super) const FORM: SecretForm = SecretForm { shortest: 4, longest: 16, digits_only: false };

/// Refuses a PIN of a length that no GIDS card takes, before a try is spent on it.
pub(super) fn check_length(pin: &Pin) -> Result<(), Error> {
    if FORM.takes_length(pin.expose().len()) { Ok(()) } else { Err(wrong_length()) }
}

fn wrong_length() -> Error {
    Error::SecretLength { secret: SecretKind::Pin, minimum: FORM.shortest, maximum: FORM.longest }
}

/// Returns how many tries are left: from the counters' object, or from VERIFY without data if that cannot be read.
pub(super) fn tries(application: &mut Application) -> Result<Tries, Error> {
    let answer = application.exchange(&command::get_pin_counters())?;
    // Cards of the first edition name the counter 9F17, which is not a valid BER-TLV tag.
    let counters =
        tlv::find(&answer.data, command::COUNTERS.into()).and_then(|counters| tlv::find(counters.value, TRIES_LEFT));
    if let (StatusWord::OK, Ok(tlv::Tlv { value: [left], .. })) = (answer.status, counters) {
        return Ok(count(*left));
    }
    let status = application.exchange(&command::ask_verified())?.status;
    Ok(match (status, status.tries_left()) {
        (_, Some(left)) => count(left),
        (StatusWord::AUTHENTICATION_METHOD_BLOCKED, _) => Tries::Locked,
        (StatusWord::REFERENCE_DATA_NOT_FOUND | StatusWord::REFERENCE_DATA_NOT_USABLE, _) => Tries::NotSet,
        _ => Tries::Untold,
    })
}

/// Turns a counter into [`Tries`]; 0 is locked.
pub(super) fn count(left: u8) -> Tries {
    if left == 0 { Tries::Locked } else { Tries::Left(left) }
}

/// Verifies the PIN, once, if the counter allows it.
pub(super) fn verify(application: &mut Application, pin: &Pin, last_try: LastTry) -> Result<(), Error> {
    tries(application)?.may_try(SecretKind::Pin, last_try)?;
    let command = command::verify(pin);
    let status = application.exchange(&command)?.status;
    verified(application, command.name, status)
}

/// Verifies a PIN typed at the reader, once, if the counter allows it.
pub(super) fn verify_at_pad(application: &mut Application, last_try: LastTry) -> Result<(), Error> {
    if application.pin_pad().is_none() {
        return Err(Error::NotOffered("a PIN pad"));
    }
    tries(application)?.may_try(SecretKind::Pin, last_try)?;
    let empty = command::ask_verified();
    // A GIDS PIN is not padded: the reader sends as many bytes as were typed.
    let header = [empty.apdu.cla, empty.apdu.ins, empty.apdu.p1, empty.apdu.p2];
    let verify =
        PinPadVerify { template: header.to_vec(), minimum: FORM.shortest as u8, maximum: FORM.longest as u8, block: 0 };
    let pad = application.pin_pad().ok_or(Error::NotOffered("a PIN pad"))?;
    match pad.verify(&verify) {
        Ok(status) => verified(application, empty.name, status),
        Err(PinPadError::Cancelled | PinPadError::Timeout) => Err(Error::PinPadCancelled),
        Err(PinPadError::Channel(error)) => Err(error::channel(empty.name, error)),
    }
}

/// Changes the PIN; `current` must just have been verified.
pub(super) fn change(application: &mut Application, current: &Pin, new: &Pin) -> Result<(), Error> {
    let command = command::change_pin(current, new);
    let status = application.exchange(&command)?.status;
    new_pin(status).unwrap_or_else(|| verified(application, command.name, status))
}

/// Sets the PIN; the administrator must just have been proven.
pub(super) fn set(application: &mut Application, new: &Pin) -> Result<(), Error> {
    let command = command::set_pin(new);
    match application.exchange(&command)?.status {
        StatusWord::OK => Ok(()),
        StatusWord::SECURITY_STATUS_NOT_SATISFIED => Err(Error::AdminNeeded),
        status => new_pin(status).unwrap_or_else(|| Err(refused(command.name, status))),
    }
}

/// Says whether a status word refuses the new PIN; `None` if it says nothing of it.
fn new_pin(status: StatusWord) -> Option<Result<(), Error>> {
    matches!(status, StatusWord::WRONG_LENGTH | StatusWord::INCORRECT_DATA).then(|| Err(wrong_length()))
}

/// Turns the answer to a command that carried the PIN into what it says of the PIN.
fn verified(application: &mut Application, command: &'static str, status: StatusWord) -> Result<(), Error> {
    let secret = SecretKind::Pin;
    match status {
        StatusWord::OK => Ok(()),
        StatusWord::AUTHENTICATION_METHOD_BLOCKED => Err(Error::Locked { secret }),
        StatusWord::REFERENCE_DATA_NOT_FOUND | StatusWord::REFERENCE_DATA_NOT_USABLE => Err(Error::NotSet { secret }),
        StatusWord(0x6300) | StatusWord::SECURITY_STATUS_NOT_SATISFIED => {
            let left = match tries(application) {
                Err(Error::Removed) => return Err(Error::Removed),
                told => told.unwrap_or(Tries::Untold),
            };
            Err(Error::SecretRefused { secret, left })
        }
        status => match status.tries_left() {
            Some(left) => Err(Error::SecretRefused { secret, left: count(left) }),
            None => Err(refused(command, status)),
        },
    }
}
