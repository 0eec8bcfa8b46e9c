//! What a logged-in user does on a card: keys, signatures, certificates. The transaction stays open between calls.

use super::application::Application;
use super::certificate::{self, write_object};
use super::command::{self, PinBlock};
use super::data::public_key_in;
use super::metadata::Metadata;
use super::reference::{KeyReference, ObjectTag, PinPolicy};
use crate::iso7816::{Continuity, EndWith, StatusWord};
use crate::pkix::{Certificate, MemoryKey, PublicKey, SignatureAlgorithm};
use crate::token::{self, Arrival, KeyId, KeyOrder, Oddity, Room, Session, StoredCertificate, StoredKey};
use std::collections::BTreeMap;

/// Keeps how the user logged in, for keys that need the PIN before each use.
pub(super) enum Login {
    Pin(PinBlock),
    PinPad,
}

/// Holds what is known of the key under a reference.
#[derive(Clone)]
pub(super) struct Known {
    pub public_key: PublicKey,
    /// The card itself told or proved that the private key belongs to `public_key`; otherwise only a certificate says
    /// so.
    pub certain: bool,
    pub pin_policy: PinPolicy,
}

/// Says what is known of the key under a reference without reading a certificate.
pub(super) enum Told {
    Key(Known),
    NoKey,
    /// The card does not tell.
    Nothing,
}

/// Holds a login on a card. Dropping it resets the card, which logs out.
pub(super) struct PivSession<'a> {
    pub(super) application: &'a mut Application,
    admin: bool,
    pub(super) login: Option<Login>,
    /// The card was reset during a pause, and the login is gone for good.
    lost: bool,
    pub(super) known: BTreeMap<KeyReference, Known>,
}

impl<'a> PivSession<'a> {
    /// Takes over a transaction in which the credentials were proven.
    pub fn new(application: &'a mut Application, admin: bool, login: Option<Login>) -> Self {
        Self { application, admin, login, lost: false, known: BTreeMap::new() }
    }

    /// Takes up the card again after a pause. If others may have used it, VERIFY without data tells whether the
    /// application is still selected and the PIN still verified. Selecting again would not do: the standard keeps the
    /// security status then (SP 800-73-4 part 2, 3.1.1), but YubiKeys do not.
    pub(super) fn enter(&mut self) -> Result<(), token::Error> {
        if self.lost {
            return Err(token::Error::Reset);
        }
        let stands = match self.application.resume() {
            Ok(Continuity::Shared) => self.still_stands(),
            Ok(_) => Ok(true),
            Err(error) => Err(error),
        };
        self.lost = stands.as_ref().map_or_else(token::Error::is_loss, |stands| !stands);
        if stands? {
            return Ok(());
        }
        self.application.leave(EndWith::Reset);
        Err(token::Error::Reset)
    }

    fn still_stands(&mut self) -> Result<bool, token::Error> {
        let word = self.application.ask(command::pin_status())?.status;
        let counted = word.tries_left().is_some() || word == StatusWord::AUTHENTICATION_METHOD_BLOCKED;
        Ok(word.is_ok() || (counted && self.login.is_none()))
    }

    /// Takes up the card like [`Self::enter`]; refuses a session without the administrator.
    pub(super) fn enter_as_admin(&mut self) -> Result<(), token::Error> {
        if !self.admin {
            return Err(token::Error::AdminNeeded);
        }
        self.enter()
    }

    /// Returns what this session or the card's metadata know of the key under `reference`.
    pub(super) fn told(&mut self, reference: KeyReference) -> Result<Told, token::Error> {
        if let Some(known) = self.known.get(&reference).filter(|known| known.certain) {
            return Ok(Told::Key(known.clone()));
        }
        match self.application.metadata(reference.byte())? {
            None if self.application.tells_metadata() => Ok(Told::NoKey),
            Some(Metadata { public_key: Some(public_key), pin_policy, .. }) => {
                let pin_policy = pin_policy.unwrap_or(reference.pin_policy());
                let known = Known { public_key, certain: true, pin_policy };
                self.known.insert(reference, known.clone());
                Ok(Told::Key(known))
            }
            _ => Ok(Told::Nothing),
        }
    }

    /// Returns what is known of the key, from [`Self::told`] or else from its certificate.
    pub(super) fn key(&mut self, reference: KeyReference) -> Result<Known, token::Error> {
        if let Some(known) = self.known.get(&reference) {
            return Ok(known.clone());
        }
        let missing = || token::Error::NoSuchKey(reference.id());
        match self.told(reference)? {
            Told::Key(known) => Ok(known),
            Told::NoKey => Err(missing()),
            Told::Nothing => {
                let certificate = self.application.certificate(reference)?.ok_or_else(missing)?;
                let public_key = public_key_in(&certificate).ok_or_else(missing)?;
                let known = Known { public_key, certain: false, pin_policy: reference.pin_policy() };
                self.known.insert(reference, known.clone());
                Ok(known)
            }
        }
    }

    fn look_up(&mut self, reference: KeyReference) -> Result<Option<StoredKey>, token::Error> {
        let told = self.told(reference)?;
        let stored = self.application.stored(reference)?;
        let has_private_key = match told {
            Told::Key(_) => true,
            Told::NoKey => false,
            // Such a card does not tell of a key without a certificate.
            Told::Nothing => stored.as_ref().is_some_and(|stored| stored.odd != Some(Oddity::Reserved)),
        };
        if !has_private_key && stored.is_none() {
            return Ok(None);
        }
        let StoredCertificate { der: certificate, odd } = stored.unwrap_or_default();
        let public_key = match told {
            Told::Key(known) => Some(known.public_key),
            Told::NoKey | Told::Nothing => certificate.as_deref().and_then(public_key_in),
        };
        let odd = odd.or((!has_private_key).then_some(Oddity::NoKey));
        let (id, label) = (reference.id(), reference.label());
        Ok(Some(StoredKey { id, label, public_key, has_private_key, certificate, odd }))
    }

    /// Says whether there is a private key under `reference` beside which a certificate for `public_key` may be
    /// written.
    fn has_key(&mut self, reference: KeyReference, public_key: &PublicKey) -> Result<bool, token::Error> {
        match self.told(reference)? {
            Told::Key(_) => return Ok(true),
            Told::NoKey => return Ok(false),
            Told::Nothing => {}
        }
        // Without metadata, a certificate is taken as a sign of its key; without one, a trial signature tells, if the
        // user is logged in.
        if self.application.is_certified(reference)? {
            return Ok(true);
        }
        match self.login {
            Some(_) => self.proves(reference, public_key),
            None => Ok(true),
        }
    }
}

impl Drop for PivSession<'_> {
    /// Logs out, also if the session ends in a pause: the card is taken up once more to be reset.
    fn drop(&mut self) {
        if !self.lost && self.application.resume().is_err() {
            return;
        }
        self.application.leave(EndWith::Reset);
    }
}

/// Returns the place that `id` names; a card has nothing under any other id.
pub(super) fn place(id: &KeyId) -> Result<KeyReference, token::Error> {
    KeyReference::of(id).ok_or_else(|| token::Error::NoSuchKey(id.clone()))
}

impl Session for PivSession<'_> {
    fn find(&mut self, id: &KeyId) -> Result<Option<StoredKey>, token::Error> {
        let Some(reference) = KeyReference::of(id) else { return Ok(None) };
        self.enter()?;
        self.look_up(reference)
    }

    fn list(&mut self) -> Result<Vec<StoredKey>, token::Error> {
        self.enter()?;
        let mut found = Vec::new();
        for reference in KeyReference::PRINCIPAL {
            found.extend(self.look_up(reference)?);
        }
        let decrypts = found.iter().any(|stored: &StoredKey| stored.id == KeyReference::KEY_MANAGEMENT.id());
        let retired = self.application.retired_in_use(decrypts)?;
        let known: Vec<_> = self.known.keys().copied().filter(|known| known.is_retired()).collect();
        for reference in KeyReference::retired().filter(|it| retired.contains(it) || known.contains(it)) {
            found.extend(self.look_up(reference)?);
        }
        Ok(found)
    }

    fn holds(&mut self, id: &KeyId, public_key: &PublicKey) -> Result<bool, token::Error> {
        let Some(reference) = KeyReference::of(id) else { return Ok(false) };
        self.enter()?;
        match self.told(reference)? {
            Told::Key(known) => Ok(known.public_key == *public_key),
            Told::NoKey => Ok(false),
            Told::Nothing => self.proves(reference, public_key),
        }
    }

    /// Tries whether a certificate of this length fits, by writing an object of that size and removing it. If the place
    /// already has an object, nothing is tried: testing would risk what is there.
    fn reserve(&mut self, id: &KeyId, length: usize) -> Result<(), token::Error> {
        place(id)?;
        let rooms = [Room { id: id.clone(), certificate: length, key: 0 }];
        self.application.check_room(&rooms)?;
        self.enter_as_admin()?;
        self.application.try_room(&rooms)
    }

    fn pause(&mut self) {
        self.application.leave(EndWith::Leave);
    }

    fn generate(&mut self, order: &KeyOrder) -> Result<PublicKey, token::Error> {
        self.make(order)
    }

    fn import(&mut self, order: &KeyOrder, key: &MemoryKey) -> Result<(), token::Error> {
        self.bring(order, key)
    }

    fn keep(&mut self, id: &KeyId) -> Result<bool, token::Error> {
        self.keep_old(place(id)?)
    }

    fn place_of(&mut self, arrival: &Arrival<'_>) -> Result<KeyId, token::Error> {
        PivSession::place_of(self, arrival).map(KeyReference::id)
    }

    fn sign(&mut self, id: &KeyId, algorithm: SignatureAlgorithm, message: &[u8]) -> Result<Vec<u8>, token::Error> {
        let reference = place(id)?;
        self.enter()?;
        let known = self.key(reference)?;
        self.sign_with(reference, &known, algorithm, message)
    }

    /// Returns the attestation, and the certificate of the card's own attestation key if there is one.
    fn attest(&mut self, id: &KeyId) -> Result<Vec<Vec<u8>>, token::Error> {
        let reference = place(id)?;
        self.enter()?;
        let attestation = self.application.attestation(reference)?;
        let issuer = self.application.shown(ObjectTag::ATTESTATION, |content| certificate::read(content)?.der)?;
        Ok(std::iter::once(attestation).chain(issuer).collect())
    }

    /// Writes the certificate. The label is ignored, as each place has its own.
    fn write_certificate(&mut self, id: &KeyId, _label: &str, certificate: &[u8]) -> Result<(), token::Error> {
        let not_one = |error| token::Error::NotACertificate(Box::new(error));
        let public_key = Certificate::from_der(certificate).and_then(|it| it.public_key()).map_err(not_one)?;
        let reference = place(id)?;
        let content = write_object(certificate, self.application.container())?;
        self.enter_as_admin()?;
        if !self.has_key(reference, &public_key)? {
            return Err(token::Error::NoSuchKey(id.clone()));
        }
        if reference.is_retired() {
            self.tell_history(reference)?;
        }
        // In this order, a write that is cut off is noticed by those who know the card by its CHUID.
        self.application.renew_chuid()?;
        self.application.put(reference.certificate_object(), &content)
    }

    fn read_certificate(&mut self, id: &KeyId) -> Result<Option<Vec<u8>>, token::Error> {
        let Some(reference) = KeyReference::of(id) else { return Ok(None) };
        self.enter()?;
        self.application.certificate(reference)
    }

    fn delete(&mut self, id: &KeyId) -> Result<usize, token::Error> {
        match KeyReference::of(id) {
            Some(reference) => self.remove(reference),
            None => Ok(0),
        }
    }
}
