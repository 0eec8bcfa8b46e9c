//! Reads and writes data objects on the card: certificates, CHUID, Card Capability Container, key history.

use super::application::Application;
use super::certificate::{self, Container};
use super::command;
use super::error::malformed;
use super::objects::{self, Chuid, GuidName, content};
use super::reference::{KeyReference, ObjectTag};
use super::serial::Serial;
use crate::iso7816::StatusWord;
use crate::iso7816::tlv::TlvError;
use crate::pkix::{Certificate, PublicKey};
use crate::token::{self, StoredKey};
use zeroize::Zeroizing;

impl Application {
    /// Returns the content of a data object; `None` if it is missing or empty.
    pub fn object(&mut self, tag: ObjectTag) -> Result<Option<Zeroizing<Vec<u8>>>, token::Error> {
        let answer = self.ask(command::get_data(tag))?;
        match answer.status {
            StatusWord::OK => {
                let content = content(&answer.data).map_err(malformed(command::GET_DATA))?;
                Ok(content.map(|content| Zeroizing::new(content.to_vec())))
            }
            StatusWord::FILE_NOT_FOUND => Ok(None),
            word => Err(self.refusal(command::GET_DATA, word)),
        }
    }

    /// Replaces the content of a data object by `content`; an empty one removes it. The management key must have been
    /// proven.
    pub fn put(&mut self, tag: ObjectTag, content: &[u8]) -> Result<(), token::Error> {
        self.done(command::put_data(tag, content)).map(drop)
    }

    /// Returns the certificate (DER) that goes with the key under `reference`.
    pub fn certificate(&mut self, reference: KeyReference) -> Result<Option<Vec<u8>>, token::Error> {
        match self.object(reference.certificate_object())? {
            Some(content) => certificate::read(&content),
            None => Ok(None),
        }
    }

    /// Says whether a certificate object is there, whatever it holds.
    pub fn is_certified(&mut self, reference: KeyReference) -> Result<bool, token::Error> {
        Ok(self.object(reference.certificate_object())?.is_some())
    }

    /// Returns the certificate, or no bytes where the object holds something else; `None` if there is no object.
    pub fn certificate_or_junk(&mut self, reference: KeyReference) -> Result<Option<Vec<u8>>, token::Error> {
        let content = self.object(reference.certificate_object())?;
        Ok(content.map(|content| certificate::read(&content).ok().flatten().unwrap_or_default()))
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
        Ok(self.object(ObjectTag::CHUID)?.map(|content| Chuid::read(&content)))
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

    /// Returns the places for retired keys that may be in use: as many as the key history says. Without one these are
    /// all of them if the key management key is there (`decrypts`), or else none.
    pub fn retired_in_use(&mut self, decrypts: bool) -> Result<Vec<KeyReference>, token::Error> {
        let count = match self.object(ObjectTag::KEY_HISTORY)? {
            Some(content) => objects::read_key_history(&content).map_err(malformed(command::GET_DATA))?.into(),
            None if decrypts => usize::MAX,
            None => 0,
        };
        Ok(KeyReference::retired().take(count).collect())
    }

    /// Returns what anybody may see: the certificates. Retired places are read only if the key management key has a
    /// certificate.
    pub fn certified(&mut self) -> Result<Vec<StoredKey>, token::Error> {
        let mut found = Vec::new();
        for reference in KeyReference::PRINCIPAL {
            found.extend(self.certified_key(reference)?);
        }
        if found.iter().any(|stored: &StoredKey| stored.id == KeyReference::KEY_MANAGEMENT.id()) {
            for reference in self.retired_in_use(true)? {
                found.extend(self.certified_key(reference)?);
            }
        }
        Ok(found)
    }

    /// Takes a certificate as a sign that its key is there: the standard offers no other sign.
    fn certified_key(&mut self, reference: KeyReference) -> Result<Option<StoredKey>, token::Error> {
        Ok(self.certificate(reference)?.map(|certificate| StoredKey {
            id: reference.id(),
            label: reference.label(),
            public_key: public_key_in(&certificate),
            has_private_key: true,
            certificate: Some(certificate),
            odd: None,
        }))
    }
}

/// Returns the certificate's public key; `None` if it is not a certificate or its key is of no known kind.
pub(super) fn public_key_in(certificate: &[u8]) -> Option<PublicKey> {
    Certificate::from_der(certificate).and_then(|certificate| certificate.public_key()).ok()
}
