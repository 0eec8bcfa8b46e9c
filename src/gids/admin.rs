//! Proves the administrator: external authentication, the card's challenge encrypted under the admin key (GIDS 2.0,
//! 11.5.5). And has card and administrator prove each other: mutual authentication, 16 bytes of challenge each way, and
//! each side encrypts both.
//!
//! The challenge's length tells the cipher: 8 bytes are one block of 3DES, 16 one of AES. GIDS has no object that tells
//! how many wrong answers the card still takes; what a refusal told is remembered until the next right answer.

use super::application::Application;
use super::command;
use super::error::{Error as GidsError, device, refused, unreadable};
use super::pin::count;
use crate::iso7816::{Continuity, EndWith, StatusWord, tlv};
use crate::secret::AdminKey;
use crate::token::{Admin, ChallengeResponder, Counterpart, Error, LastTry, SecretKind, Tries};
use zeroize::Zeroizing;

const SECRET: SecretKind = SecretKind::Admin;
const KEY_LENGTHS: [usize; 3] = [16, 24, 32];
const TRIPLE_DES_KEY: usize = 24;

/// Names the cipher of an admin key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cipher {
    TripleDes,
    Aes,
}

impl Cipher {
    fn for_challenge(challenge: &[u8]) -> Option<Self> {
        match challenge.len() {
            8 => Some(Cipher::TripleDes),
            16 => Some(Cipher::Aes),
            _ => None,
        }
    }

    /// Encrypts one block; refuses a key of the wrong length.
    fn encrypt(self, key: &AdminKey, block: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        key.encrypt(block).ok_or_else(|| self.wrong_length())
    }

    fn wrong_length(self) -> Error {
        let (minimum, maximum) = match self {
            Cipher::TripleDes => (TRIPLE_DES_KEY, TRIPLE_DES_KEY),
            Cipher::Aes => (KEY_LENGTHS[0], KEY_LENGTHS[2]),
        };
        Error::SecretLength { secret: SECRET, minimum, maximum }
    }

    /// Returns the key's check value: the first three bytes of a block of zeros encrypted under it.
    pub fn check_value(self, key: &AdminKey) -> Result<[u8; 3], Error> {
        let zeros: &[u8] = match self {
            Cipher::TripleDes => &[0; 8],
            Cipher::Aes => &[0; 16],
        };
        let encrypted = self.encrypt(key, zeros)?;
        encrypted.first_chunk().copied().ok_or_else(|| self.wrong_length())
    }
}

/// Holds what answers the challenge, once it is known to be able to.
pub(super) enum Answers<'a> {
    Key(&'a AdminKey),
    Typed(AdminKey),
    Afar(&'a mut dyn ChallengeResponder),
}

impl<'a> Answers<'a> {
    /// Refuses what cannot be an admin key, before anything is sent to the card.
    pub fn of(admin: Admin<'a>) -> Result<Self, Error> {
        let answers = match admin {
            Admin::Key(key) => Answers::Key(key),
            Admin::SoPin(digits) => Answers::Typed(AdminKey::from_digits(digits.expose()).ok_or(Error::AdminKeyForm)?),
            Admin::Responder(responder) => return Ok(Answers::Afar(responder)),
            Admin::Puk(_) => return Err(Error::NotOffered("a PUK")),
        };
        match answers.key() {
            Some(key) if !KEY_LENGTHS.contains(&key.expose().len()) => Err(Cipher::TripleDes.wrong_length()),
            _ => Ok(answers),
        }
    }

    fn key(&self) -> Option<&AdminKey> {
        match self {
            Answers::Key(key) => Some(key),
            Answers::Typed(key) => Some(key),
            Answers::Afar(_) => None,
        }
    }
}

/// Proves the administrator, once, and returns the admin key's cipher. `told` is how many tries were left as the card
/// last said, and is updated. While a remote responder answers, other programs may use the card.
pub(super) fn authenticate(
    application: &mut Application,
    answers: Answers<'_>,
    last_try: LastTry,
    told: &mut Tries,
) -> Result<Cipher, Error> {
    told.may_try(SECRET, last_try)?;
    let (cipher, challenge) = challenge(application)?;
    let (response, continuity) = match answers {
        Answers::Key(key) => (cipher.encrypt(key, &challenge)?, Continuity::Unbroken),
        Answers::Typed(key) => (cipher.encrypt(&key, &challenge)?, Continuity::Unbroken),
        Answers::Afar(responder) => {
            application.end(EndWith::Leave)?;
            let response = Zeroizing::new(responder.respond(&challenge).map_err(Error::Responder)?);
            // Selecting the application would make the card forget its challenge.
            (response, application.begin()?)
        }
    };
    if continuity == Continuity::Reset {
        return Err(Error::Reset);
    }
    if response.len() != challenge.len() {
        let lengths = GidsError::ResponseLength { challenge: challenge.len(), response: response.len() };
        return Err(Error::Responder(Box::new(lengths)));
    }
    let command = command::answer_challenge(&response);
    let status = application.exchange(&command)?.status;
    judge(command.name, status, continuity, told).map(|()| cipher)
}

/// Turns the status word of an answer to the card's challenge into what it says of the key.
fn judge(command: &'static str, status: StatusWord, continuity: Continuity, told: &mut Tries) -> Result<(), Error> {
    *told = match (status, status.tries_left()) {
        (StatusWord::OK, _) => Tries::Untold,
        (StatusWord::AUTHENTICATION_METHOD_BLOCKED, _) => Tries::Locked,
        (_, Some(left)) => count(left),
        _ => *told,
    };
    match status {
        StatusWord::OK => Ok(()),
        StatusWord::AUTHENTICATION_METHOD_BLOCKED => Err(Error::Locked { secret: SECRET }),
        StatusWord::SECURITY_STATUS_NOT_SATISFIED | StatusWord(0x6300) => {
            Err(Error::SecretRefused { secret: SECRET, left: *told })
        }
        _ if status.tries_left().is_some() => Err(Error::SecretRefused { secret: SECRET, left: *told }),
        // Another program has made the card forget the challenge, or selected something else.
        _ if continuity == Continuity::Shared => Err(Error::Reset),
        _ => Err(refused(command, status)),
    }
}

/// Has the card and whoever has its admin key prove each other, up to the card's answer, which is returned. `challenge`
/// is the other side's. While that is asked, other programs may use the card; what they spoil is [`Error::Reset`].
pub(super) fn authenticate_mutually(
    application: &mut Application,
    challenge: &[u8],
    counterpart: &mut dyn Counterpart,
    last_try: LastTry,
    told: &mut Tries,
) -> Result<Zeroizing<Vec<u8>>, Error> {
    told.may_try(SECRET, last_try)?;
    choose_key(application)?;
    let command = command::put_challenge(challenge);
    let answer = application.exchange(&command)?;
    let theirs = match answer.status {
        StatusWord::OK => inner(command.name, &answer.data, 0x81)?,
        StatusWord::AUTHENTICATION_METHOD_BLOCKED => return Err(Error::Locked { secret: SECRET }),
        _ => return Err(Error::NotOffered("mutual authentication by its admin key")),
    };
    if theirs.len() != challenge.len() {
        // It has taken the question for one of external authentication.
        return Err(Error::NotOffered("mutual authentication by its admin key"));
    }
    application.end(EndWith::Leave)?;
    let cryptogram = Zeroizing::new(counterpart.answer(&theirs).map_err(Error::Responder)?);
    // Selecting the application would make the card forget its challenge.
    let continuity = application.begin()?;
    if continuity == Continuity::Reset {
        return Err(Error::Reset);
    }
    let command = command::answer_mutually(&cryptogram);
    let answer = application.exchange(&command)?;
    match judge(command.name, answer.status, continuity, told) {
        Ok(()) => inner(command.name, &answer.data, 0x82),
        // The challenge that was answered may have been another's.
        Err(Error::SecretRefused { .. }) if continuity == Continuity::Shared => Err(Error::Reset),
        Err(error) => Err(error),
    }
}

/// Returns what is under `tag` in the template of a card's answer.
fn inner(command: &'static str, answer: &[u8], tag: u32) -> Result<Zeroizing<Vec<u8>>, Error> {
    let template = tlv::find(answer, 0x7C).map_err(unreadable(command))?;
    Ok(Zeroizing::new(tlv::find(template.value, tag).map_err(unreadable(command))?.value.to_vec()))
}

/// Chooses the admin key for what follows.
fn choose_key(application: &mut Application) -> Result<(), Error> {
    let command = command::use_admin_key();
    match application.exchange(&command)?.status {
        StatusWord::OK => Ok(()),
        StatusWord::AUTHENTICATION_METHOD_BLOCKED => Err(Error::Locked { secret: SECRET }),
        // Such a card has no admin key; if anything unblocks it, a PUK does.
        StatusWord::REFERENCE_DATA_NOT_FOUND | StatusWord::FILE_NOT_FOUND | StatusWord::REFERENCE_DATA_NOT_USABLE => {
            Err(Error::NotSet { secret: SECRET })
        }
        status => Err(refused(command.name, status)),
    }
}

fn challenge(application: &mut Application) -> Result<(Cipher, Zeroizing<Vec<u8>>), Error> {
    choose_key(application)?;
    let command = command::get_challenge();
    let answer = application.exchange(&command)?;
    match answer.status {
        StatusWord::OK => {}
        StatusWord::AUTHENTICATION_METHOD_BLOCKED => return Err(Error::Locked { secret: SECRET }),
        status => return Err(refused(command.name, status)),
    }
    let challenge = inner(command.name, &answer.data, 0x81)?;
    let length = tlv::TlvError::ValueLength { tag: 0x81, length: challenge.len() };
    let cipher = Cipher::for_challenge(&challenge).ok_or_else(|| unreadable(command.name)(length))?;
    Ok((cipher, challenge))
}

/// Replaces the admin key; the administrator must just have been proven. The new key has the old one's cipher.
pub(super) fn replace(application: &mut Application, cipher: Cipher, new: &AdminKey) -> Result<(), Error> {
    let command = command::put_admin_key(new, &cipher.check_value(new)?);
    match application.exchange(&command)?.status {
        StatusWord::OK => Ok(()),
        StatusWord::SECURITY_STATUS_NOT_SATISFIED => Err(Error::AdminNeeded),
        status => Err(device(command.name, GidsError::Refused { command: command.name, status })),
    }
}
