//! Reads and writes data objects on the card: certificates, CHUID, Card Capability Container, key history.

use super::application::Application;
use super::certificate::{self, Container};
use super::command;
use super::error::refused_with;
use super::metadata::Metadata;
use super::objects::{self, Chuid, GuidName, content};
use super::offer::is_not_shown;
use super::reference::{KeyReference, ObjectTag};
use super::serial::Serial;
use crate::iso7816::StatusWord;
use crate::iso7816::tlv::TlvError;
use crate::pkix::{Certificate, PublicKey};
use crate::token::{self, Oddity, StoredCertificate, StoredKey};
use zeroize::Zeroizing;

impl Application {
    /// Returns the content of a data object; `None` if it is missing or empty.
    pub fn object(&mut self, tag: ObjectTag) -> Result<Option<Zeroizing<Vec<u8>>>, token::Error> {
        let answer = self.ask(command::get_data(tag))?;
        match answer.status {
            // A warning comes with what there is (ISO/IEC 7816-4, table 6).
            StatusWord::OK | StatusWord(0x6281 | 0x6282) => {
                Ok(content(&answer.data).map(|content| Zeroizing::new(content.to_vec())))
            }
            StatusWord::FILE_NOT_FOUND | StatusWord::REFERENCE_DATA_NOT_FOUND => Ok(None),
            word => Err(self.refusal(command::GET_DATA, word)),
        }
    }

    /// Reads a data object like [`Self::object`] into `read`; `None` also where the card answers that it does not show
    /// the object, or where `read` finds nothing in it.
    pub fn shown<T>(
        &mut self,
        tag: ObjectTag,
        read: impl FnOnce(&[u8]) -> Option<T>,
    ) -> Result<Option<T>, token::Error> {
        match self.object(tag) {
            Ok(content) => Ok(content.and_then(|content| read(&content))),
            Err(error) if refused_with(&error).is_some_and(is_not_shown) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Replaces the content of a data object by `content`; an empty one removes it. The management key must have been
    /// proven.
    pub fn put(&mut self, tag: ObjectTag, content: &[u8]) -> Result<(), token::Error> {
        self.done(command::put_data(tag, content)).map(drop)
    }

    /// Returns what is stored as the certificate of the key under `reference`; `None` if nothing is.
    pub fn stored(&mut self, reference: KeyReference) -> Result<Option<StoredCertificate>, token::Error> {
        match self.object(reference.certificate_object()) {
            Ok(content) => Ok(content.and_then(|content| certificate::read(&content))),
            Err(error) if refused_with(&error).is_some() => Ok(Some(StoredCertificate::odd(Oddity::Refused))),
            Err(error) => Err(error),
        }
    }

    /// Returns the certificate (DER) of the key under `reference`; `None` if there is none that can be read.
    pub fn certificate(&mut self, reference: KeyReference) -> Result<Option<Vec<u8>>, token::Error> {
        let content = self.object(reference.certificate_object())?;
        Ok(content.and_then(|content| certificate::read(&content)).and_then(|stored| stored.der))
    }

    /// Says whether something is stored as a certificate, whatever it is. Room that an interrupted enrollment reserved
    /// does not count.
    pub fn is_certified(&mut self, reference: KeyReference) -> Result<bool, token::Error> {
        Ok(self.stored(reference)?.is_some_and(|stored| stored.odd != Some(Oddity::Reserved)))
    }

    /// Returns the certificate, or no bytes where the object holds something else; `None` if there is no object.
    pub fn certificate_or_junk(&mut self, reference: KeyReference) -> Result<Option<Vec<u8>>, token::Error> {
        Ok(self.stored(reference)?.map(|stored| stored.der.unwrap_or_default()))
    }

    /// Returns how much the card takes in one certificate object.
    pub fn container(&self) -> Container {
        match self.serial {
            Serial::Hardware(_) => Container::YUBIKEY,
            _ => Container::Standard,
        }
    }

    /// Returns the CHUID. The inner error says that the object's content is not a CHUID.
    pub fn read_chuid(&mut self) -> Result<Option<Result<Chuid, TlvError>>, token::Error> {
        self.shown(ObjectTag::CHUID, |content| Some(Chuid::read(content)))
    }

    /// Writes a CHUID with another GUID, so that software which caches what it knows of a card under the GUID looks
    /// again. The card keeps its serial: one that came from the old GUID is first written to the Card Capability
    /// Container.
    pub fn renew_chuid(&mut self) -> Result<(), token::Error> {
        match self.serial {
            Serial::Hardware(_) => {}
            Serial::Chuid(GuidName { id, .. }) => {
                self.put(ObjectTag::CARD_CAPABILITY_CONTAINER, &objects::write_card_capability(&id))?;
                self.serial = Serial::Capability(id);
            }
            _ if self.chuid.is_none() => self.chuid = self.read_chuid()?.and_then(Result::ok),
            _ => {}
        }
        let next = self.chuid.as_ref().map_or_else(Chuid::fresh, Chuid::renewed);
        self.put(ObjectTag::CHUID, &next.write())?;
        self.chuid = Some(next);
        Ok(())
    }

    /// Returns the places for retired keys that may be in use: as many as the key history says. Without one that can be
    /// read these are all of them if the key management key is there (`decrypts`), or else none.
    pub fn retired_in_use(&mut self, decrypts: bool) -> Result<Vec<KeyReference>, token::Error> {
        let told = self.shown(ObjectTag::KEY_HISTORY, |content| objects::read_key_history(content).ok())?;
        let untold = if decrypts { usize::MAX } else { 0 };
        Ok(KeyReference::retired().take(told.map_or(untold, usize::from)).collect())
    }

    /// Returns what anybody may see: the certificates, and the keys that a card tells of without one. Retired places are
    /// read only if the key management key has a certificate.
    pub fn certified(&mut self) -> Result<Vec<StoredKey>, token::Error> {
        let mut found = Vec::new();
        for reference in KeyReference::PRINCIPAL {
            found.extend(self.certified_key(reference)?);
        }
        let decrypts = KeyReference::KEY_MANAGEMENT.id();
        if found.iter().any(|stored: &StoredKey| stored.id == decrypts && stored.is_certified()) {
            for reference in self.retired_in_use(true)? {
                found.extend(self.certified_key(reference)?);
            }
        }
        Ok(found)
    }

    /// Returns the key in one of the four places that has no certificate, if the card tells of it.
    fn bare_key(&mut self, reference: KeyReference) -> Result<Option<StoredKey>, token::Error> {
        if reference.is_retired() {
            return Ok(None);
        }
        let (id, label) = (reference.id(), reference.label());
        let bare = self.metadata(reference.byte())?.map(|Metadata { public_key, .. }| StoredKey {
            id,
            label,
            public_key,
            has_private_key: true,
            certificate: None,
            odd: None,
        });
        Ok(bare)
    }

    /// Takes a certificate as a sign that its key is there, unless the card's metadata tell: the standard offers no other
    /// sign. A card that knows no retired keys refuses their objects, which says nothing.
    fn certified_key(&mut self, reference: KeyReference) -> Result<Option<StoredKey>, token::Error> {
        let stored = self.stored(reference)?;
        let told = stored.filter(|stored| !reference.is_retired() || stored.odd != Some(Oddity::Refused));
        let Some(StoredCertificate { der, odd }) = told else { return self.bare_key(reference) };
        let certified = der.as_deref().and_then(public_key_in);
        let (public_key, has_private_key) = match self.metadata(reference.byte())? {
            None if self.tells_metadata() => (certified, false),
            Some(Metadata { public_key: Some(public_key), .. }) => (Some(public_key), true),
            None | Some(_) => (certified, odd != Some(Oddity::Reserved)),
        };
        let odd = odd.or((!has_private_key).then_some(Oddity::NoKey));
        let (id, label) = (reference.id(), reference.label());
        Ok(Some(StoredKey { id, label, public_key, has_private_key, certificate: der, odd }))
    }
}

/// Returns the certificate's public key; `None` if it is not a certificate or its key is of no known kind.
pub(super) fn public_key_in(certificate: &[u8]) -> Option<PublicKey> {
    Certificate::from_der(certificate).and_then(|certificate| certificate.public_key()).ok()
}
