//! Where a key from elsewhere goes, and what shows of that before anybody logs in.

use super::application::Application;
use super::command;
use super::offer::{Offer, is_not_offered};
use super::reference::KeyReference;
use super::serial::Serial;
use crate::pkix::Certificate;
use crate::token::{self, Expected, KeyId, Prospect, Whence};

/// Chooses where a key from elsewhere goes: 9D if it decrypts and is of today, 9A or 9C if it only signs, else where it
/// is already in a retired place, or a free one. `is_for` says whether a place is that key's; `None` where it is free.
/// Errors: [`token::Error::Full`].
pub(super) fn choose(
    (decrypts, is_history): (bool, bool),
    given: &[KeyId],
    mut is_for: impl FnMut(KeyReference) -> Result<Option<bool>, token::Error>,
) -> Result<KeyReference, token::Error> {
    let open = |place: &KeyReference| !given.contains(&place.id());
    if !is_history && decrypts && open(&KeyReference::KEY_MANAGEMENT) {
        return Ok(KeyReference::KEY_MANAGEMENT);
    }
    if !is_history && !decrypts {
        for place in [KeyReference::AUTHENTICATION, KeyReference::SIGNATURE].into_iter().filter(open) {
            if is_for(place)? != Some(false) {
                return Ok(place);
            }
        }
        return Err(token::Error::Full);
    }
    let mut free = None;
    for place in KeyReference::retired() {
        match is_for(place)? {
            Some(true) => return Ok(place),
            None if open(&place) => free = free.or(Some(place)),
            Some(false) | None => {}
        }
    }
    free.ok_or(token::Error::Full)
}

/// Holds what a place was seen to hold.
#[derive(Clone)]
enum Seen {
    Nothing,
    /// The certificate in DER and its thumbprint, where it can be read.
    Taken(Option<(Vec<u8>, String)>),
}

/// Remembers what was seen, so that each place is looked at once.
struct View<'a> {
    application: &'a mut Application,
    seen: Vec<(KeyReference, Seen)>,
}

impl View<'_> {
    fn at(&mut self, place: KeyReference) -> Result<Seen, token::Error> {
        if let Some((_, seen)) = self.seen.iter().find(|(of, _)| *of == place) {
            return Ok(seen.clone());
        }
        let seen = match self.application.certificate_or_junk(place)? {
            Some(der) => {
                let certificate = Certificate::from_der(&der).ok();
                Seen::Taken(certificate.map(|certificate| (der, certificate.thumbprint_sha1())))
            }
            None if self.application.metadata(place.byte())?.is_some() => Seen::Taken(None),
            None => Seen::Nothing,
        };
        self.seen.push((place, seen.clone()));
        Ok(seen)
    }

    fn is_for(&mut self, place: KeyReference, expected: &Expected) -> Result<Option<bool>, token::Error> {
        Ok(match self.at(place)? {
            Seen::Nothing => None,
            Seen::Taken(None) => Some(false),
            Seen::Taken(Some((_, thumbprint))) => Some(expected.thumbprint.as_ref() == Some(&thumbprint)),
        })
    }

    /// Says where one key would go, beside those that were given a place.
    fn prospect(&mut self, expected: &Expected, given: &[KeyId]) -> Result<Prospect, token::Error> {
        let purpose = (expected.decrypts, expected.whence != Whence::Today);
        let place = match choose(purpose, given, |place| self.is_for(place, expected)) {
            Ok(place) => place,
            // A card that takes no keys is told as that.
            Err(full @ token::Error::Full) => return Ok(Prospect::Refused(self.refusal(expected)?.unwrap_or(full))),
            Err(error) => return Err(error),
        };
        let there = self.at(place)?;
        if self.is_for(place, expected)? == Some(true) {
            return Ok(Prospect::IsThere);
        }
        if let Some(refusal) = self.refusal(expected)? {
            return Ok(Prospect::Refused(refusal));
        }
        Ok(match there {
            Seen::Nothing => Prospect::Free(place.id()),
            Seen::Taken(certificate) => {
                Prospect::Taken { id: place.id(), certificate: certificate.map(|(der, _)| der) }
            }
        })
    }

    /// Returns why the card cannot take the key at all.
    fn refusal(&mut self, expected: &Expected) -> Result<Option<token::Error>, token::Error> {
        if expected.whence == Whence::Moved {
            return Ok(None);
        }
        if !self.application.imports_keys()? {
            return Ok(Some(token::Error::NotOffered("the import of a private key")));
        }
        let Some(algorithm) = expected.algorithm else { return Ok(None) };
        let lacking = self.application.algorithms()?.is_some_and(|offered| !offered.contains(&algorithm));
        Ok(lacking.then_some(token::Error::Algorithm(algorithm)))
    }
}

impl Application {
    /// Says of each key from elsewhere where it would go; see [`token::Token::prospects`].
    pub fn prospects(&mut self, expected: &[Expected], given: &[KeyId]) -> Result<Vec<Prospect>, token::Error> {
        let mut view = View { application: self, seen: Vec::new() };
        let mut given = given.to_vec();
        let mut prospects = Vec::new();
        for expected in expected {
            let prospect = view.prospect(expected, &given)?;
            if let Prospect::Free(id) | Prospect::Taken { id, .. } = &prospect {
                given.push(id.clone());
            }
            prospects.push(prospect);
        }
        Ok(prospects)
    }

    /// Says whether the card takes keys that were made elsewhere, for which the standard has no command. Another card than
    /// a YubiKey is asked once, by the command without data and without authority, which can change nothing.
    fn imports_keys(&mut self) -> Result<bool, token::Error> {
        if matches!(self.serial, Serial::Hardware(_)) {
            return Ok(true);
        }
        if self.imports == Offer::Unasked {
            let refused = is_not_offered(self.ask(command::no_import())?.status);
            self.imports = if refused { Offer::Refused } else { Offer::Made(()) };
        }
        Ok(self.imports == Offer::Made(()))
    }
}
