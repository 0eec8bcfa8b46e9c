//! Earlier keys in the retired places 82 to 95, and the key history that tells of them (SP 800-73-4 part 1, 3.3.3).
//!
//! Certificate and key history are written before a key is moved, so that a power cut between two steps loses neither
//! and is taken up in the same place.

use super::command;
use super::objects::{read_key_history, write_key_history};
use super::offer::is_not_offered;
use super::prospect::choose;
use super::reference::{KeyReference, ObjectTag};
use super::session::{PivSession, Told};
use crate::pkix::{Certificate, PublicKey};
use crate::token::{self, Arrival};

impl PivSession<'_> {
    /// Moves key and certificate to a retired place, if the card has MOVE KEY, so that what was encrypted for it can
    /// still be read; false where the card cannot. A place without a certificate has nothing to keep.
    pub(super) fn keep_old(&mut self, from: KeyReference) -> Result<bool, token::Error> {
        self.enter_as_admin()?;
        if !self.application.moves_keys()? {
            return Ok(false);
        }
        let Some(content) = self.application.object(from.certificate_object())? else { return Ok(true) };
        if self.application.metadata(from.byte())?.is_none() {
            return Ok(true);
        }
        let to = self.retired_place(&content)?;
        self.application.put(to.certificate_object(), &content)?;
        let told = self.tell_history(to)?;
        let moved = self.application.ask(command::move_key(from, to))?.status;
        if moved.is_ok() {
            self.known.remove(&from);
            return Ok(true);
        }
        self.application.put(to.certificate_object(), &[])?;
        self.application.put(ObjectTag::KEY_HISTORY, &write_key_history(told))?;
        if is_not_offered(moved) { Ok(false) } else { Err(self.application.refusal(command::MOVE_KEY, moved)) }
    }

    /// Returns where a key from elsewhere goes; see [`choose`].
    pub(super) fn place_of(&mut self, arrival: &Arrival<'_>) -> Result<KeyReference, token::Error> {
        self.enter()?;
        let unreadable = |error| token::Error::NotACertificate(Box::new(error));
        let certificate = Certificate::from_der(arrival.certificate).map_err(unreadable)?;
        let key = certificate.public_key().map_err(unreadable)?;
        let decrypts = certificate.may_decrypt().map_err(unreadable)?;
        choose((decrypts, arrival.is_history), arrival.given, |place| self.is_for(place, arrival.certificate, &key))
    }

    /// Says whether the place is of this certificate, or of its key alone after an import that was cut off; `None` where
    /// it is free.
    fn is_for(&mut self, place: KeyReference, der: &[u8], key: &PublicKey) -> Result<Option<bool>, token::Error> {
        if let Some(there) = self.application.certificate_or_junk(place)? {
            return Ok(Some(there == der));
        }
        Ok(match self.told(place)? {
            Told::Key(known) => Some(known.public_key == *key),
            Told::NoKey | Told::Nothing => None,
        })
    }

    /// Finds the retired place that an earlier run has begun to fill with this certificate object, else a free one.
    fn retired_place(&mut self, content: &[u8]) -> Result<KeyReference, token::Error> {
        let mut free = None;
        for place in KeyReference::retired() {
            let there = self.application.object(place.certificate_object())?;
            let begun = there.is_some();
            if there.is_some_and(|there| *there != content) || (!begun && free.is_some()) {
                continue;
            }
            match self.application.metadata(place.byte())? {
                None if begun => return Ok(place),
                None => free = Some(place),
                Some(_) => {}
            }
        }
        free.ok_or(token::Error::Full)
    }

    /// Makes the key history count this place, and returns what it said before.
    pub(super) fn tell_history(&mut self, place: KeyReference) -> Result<u8, token::Error> {
        let told = self.application.shown(ObjectTag::KEY_HISTORY, |content| read_key_history(content).ok())?;
        let told = told.unwrap_or(0);
        if told < place.retired_number() {
            self.application.put(ObjectTag::KEY_HISTORY, &write_key_history(place.retired_number()))?;
        }
        Ok(told)
    }
}
