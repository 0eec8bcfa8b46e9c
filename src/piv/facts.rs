//! Asks what a card tells of its secrets, keys and firmware; what cannot change is asked once.

use super::algorithm::identifier;
use super::application::{Application, counted};
use super::command::{self, PinBlock};
use super::error::{is_malformed, malformed, refused_with};
use super::metadata::{Metadata, ToldOf};
use super::nobodys::is_nobodys;
use super::offer::{MOVES_KEYS, Offer, Version, is_not_offered, is_unknown};
use super::reference::SecretReference;
use super::serial::Serial;
use crate::iso7816::StatusWord;
use crate::pkix::KeyAlgorithm;
use crate::token::{self, Counters, LastTry, SecretKind, Tries};

/// Refuses a secret of which the card's metadata say that it is another.
pub(super) fn agree(
    secret: SecretKind,
    is_default: Option<bool>,
    is_factorys: bool,
    last_try: LastTry,
) -> Result<(), token::Error> {
    match is_default {
        Some(is_default) if is_default != is_factorys && last_try == LastTry::Keep => {
            Err(token::Error::Contradicted { secret, is_default })
        }
        _ => Ok(()),
    }
}

impl Application {
    /// Returns what the card knows of the secret or key under `reference`; `None` if it has no such key, or tells of
    /// none. A key that is nobody's counts as none. A card that does not know the command is asked once.
    pub fn metadata(&mut self, reference: u8) -> Result<Option<Metadata>, token::Error> {
        if self.metadata == Offer::Refused {
            return Ok(None);
        }
        let answer = self.ask(command::metadata(reference))?;
        match answer.status {
            StatusWord::OK => {
                let metadata = Metadata::read(&answer.data);
                self.metadata = if metadata.is_some() { Offer::Made(()) } else { Offer::Refused };
                let taken = |told: &Metadata| told.public_key.as_ref().is_none_or(|key| !is_nobodys(key));
                Ok(metadata.filter(taken))
            }
            word if is_not_offered(word) => {
                self.metadata = Offer::Refused;
                Ok(None)
            }
            StatusWord::REFERENCE_DATA_NOT_FOUND | StatusWord::FILE_NOT_FOUND => {
                self.metadata = Offer::Made(());
                Ok(None)
            }
            word => Err(self.refusal(command::GET_METADATA, word)),
        }
    }

    /// Says whether the card has answered GET METADATA. If so, a key that it tells nothing of is not there.
    pub fn tells_metadata(&self) -> bool {
        self.metadata == Offer::Made(())
    }

    /// Returns the firmware's version, asked once; `None` if the card does not tell.
    pub fn version(&mut self) -> Result<Option<Version>, token::Error> {
        if self.version == Offer::Unasked {
            let answer = self.ask(command::version())?;
            self.version = match (answer.status, answer.data.as_slice()) {
                (StatusWord::OK, [major, minor, patch]) => Offer::Made([*major, *minor, *patch]),
                (StatusWord::OK, _) => Offer::Refused,
                (word, _) if is_unknown(word) => Offer::Refused,
                (word, _) => return Err(self.refusal(command::GET_VERSION, word)),
            };
        }
        Ok(match self.version {
            Offer::Made(version) => Some(version),
            Offer::Unasked | Offer::Refused => None,
        })
    }

    /// Returns the key pairs the card can make: what SELECT told, else what its firmware is known for; `None` if
    /// neither is known.
    pub fn algorithms(&mut self) -> Result<Option<Vec<KeyAlgorithm>>, token::Error> {
        let told = |algorithm: &KeyAlgorithm| self.property.algorithms.contains(&identifier(*algorithm));
        let told: Vec<_> = KeyAlgorithm::ALL.into_iter().filter(told).collect();
        if !told.is_empty() {
            return Ok(Some(told));
        }
        let Serial::Hardware(_) = self.serial else { return Ok(None) };
        Ok(Some(match self.version()? {
            Some(version) if version >= MOVES_KEYS => KeyAlgorithm::ALL.into(),
            _ => vec![KeyAlgorithm::Rsa2048, KeyAlgorithm::P256, KeyAlgorithm::P384],
        }))
    }

    /// Says whether the card has MOVE KEY and DELETE KEY, which came with YubiKey 5.7.
    pub fn moves_keys(&mut self) -> Result<bool, token::Error> {
        Ok(matches!(self.serial, Serial::Hardware(_)) && self.version()?.is_some_and(|version| version >= MOVES_KEYS))
    }

    /// Returns the tries left for PIN and PUK, and those of the management key as the card last told them. An answer
    /// that tells of none leaves them untold.
    pub fn counters(&mut self) -> Result<Counters, token::Error> {
        let user = untold(self.tries(SecretReference::Pin))?;
        let puk = Some(untold(self.tries(SecretReference::Puk))?);
        Ok(Counters { user, admin: self.management_tries, puk })
    }

    /// Returns how many tries the secret has left; spends none.
    pub fn tries(&mut self, secret: SecretReference) -> Result<Tries, token::Error> {
        Ok(self.told_of(secret)?.tries)
    }

    /// Returns what the card tells of PIN or PUK; spends no try. An answer that garbles the PUK's tries is an error, for
    /// nothing else tells them.
    fn told_of(&mut self, secret: SecretReference) -> Result<ToldOf, token::Error> {
        if let (SecretReference::Pin, Some(seen)) = (secret, self.pin_seen.take()) {
            return Ok(seen);
        }
        let Metadata { is_default, tries_left, garbled_tries, .. } = self.metadata(secret.byte())?.unwrap_or_default();
        let tries = match (tries_left, garbled_tries, secret) {
            (Some(left), _, _) => counted(left),
            (None, _, SecretReference::Pin) => self.pin_tries()?,
            (None, Some(flaw), SecretReference::Puk) => return Err(malformed(command::GET_METADATA)(flaw)),
            (None, None, SecretReference::Puk) => Tries::Untold,
        };
        Ok(ToldOf { tries, is_default })
    }

    /// Returns what the card says of the factory's value of the secret or key under `reference`.
    pub fn is_default(&mut self, reference: u8) -> Result<Option<bool>, token::Error> {
        match self.metadata(reference) {
            Ok(metadata) => Ok(metadata.and_then(|metadata| metadata.is_default)),
            Err(error) if refused_with(&error).is_some() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Refuses if no try of the secret may be spent; see [`Self::tries`].
    pub fn may_try(&mut self, secret: SecretReference, last_try: LastTry) -> Result<(), token::Error> {
        self.tries(secret)?.may_try(secret.kind(), last_try)
    }

    /// Refuses like [`Self::may_try`], and if the card tells that `given` cannot be the secret: it has the one it came
    /// with, or no longer has it. Who lets the last try be spent is believed more than the card.
    pub fn may_send(
        &mut self,
        secret: SecretReference,
        given: &PinBlock,
        last_try: LastTry,
    ) -> Result<(), token::Error> {
        let told = self.told_of(secret)?;
        told.tries.may_try(secret.kind(), last_try)?;
        let is_factorys = secret.factory().is_some_and(|factory| given.is(factory));
        agree(secret.kind(), told.is_default, is_factorys, last_try)
    }

    fn pin_tries(&mut self) -> Result<Tries, token::Error> {
        let word = self.ask(command::pin_status())?.status;
        match (word, word.tries_left()) {
            // The PIN is verified, and that has reset its counter.
            (StatusWord::OK, _) => Ok(Tries::Full),
            (_, Some(left)) => Ok(counted(left)),
            (StatusWord::AUTHENTICATION_METHOD_BLOCKED, _) => Ok(Tries::Locked),
            (word, _) => Err(self.refusal(command::VERIFY, word)),
        }
    }
}

/// Takes an answer that tells nothing of the tries as what it is; a card that is gone is an error.
fn untold(tries: Result<Tries, token::Error>) -> Result<Tries, token::Error> {
    match tries {
        Err(error) if refused_with(&error).is_some() || is_malformed(&error) => Ok(Tries::Untold),
        tries => tries,
    }
}
