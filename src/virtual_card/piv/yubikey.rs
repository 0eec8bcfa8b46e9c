//! What the commands do that YubiKeys add to the standard, as Yubico documents them for firmware 5.

use super::applet::{Applet, holds_keys};
use super::attestation::{self, ATTESTATION_CERTIFICATE, ATTESTATION_KEY};
use super::bytes::Secret;
use super::extension::Extension;
use super::keys::Origin;
use super::options::{ManagementAlgorithm, factory_key};
use super::security::{ManagementKey, Reference, Volatile};
use super::state::{FACTORY_PIN, FACTORY_PUK};
use crate::iso7816::{StatusWord, tlv};
use zeroize::Zeroizing;

/// Names the first firmware with AES management keys.
const AES_SINCE: [u8; 3] = [5, 4, 0];

impl Applet {
    pub(super) fn extension(&mut self, extension: Extension<'_>) -> Result<Zeroizing<Vec<u8>>, StatusWord> {
        if self.persistent.profile.version < extension.since() {
            return Err(StatusWord::INSTRUCTION_NOT_SUPPORTED);
        }
        let nothing = Ok(Zeroizing::default());
        match extension {
            Extension::GetVersion => Ok(Zeroizing::new(self.persistent.profile.version.to_vec())),
            Extension::GetSerial => Ok(Zeroizing::new(self.persistent.profile.serial.to_be_bytes().to_vec())),
            Extension::GetMetadata { reference } => self.metadata(reference).map(Zeroizing::new),
            Extension::SetManagementKey { algorithm, key } => {
                self.require_administrator()?;
                if algorithm != ManagementAlgorithm::TripleDes && self.persistent.profile.version < AES_SINCE {
                    return Err(StatusWord::INCORRECT_DATA);
                }
                let tries = self.persistent.management.tries;
                self.persistent.management =
                    ManagementKey { algorithm, key: Secret(Zeroizing::new(key.to_vec())), tries };
                nothing
            }
            Extension::ImportKey { algorithm, reference, parts } => {
                self.require_administrator()?;
                let algorithm = self.algorithm(algorithm)?;
                let policy = self.pin_policy(reference, parts.pin_policy)?;
                let mut key = parts.key(algorithm, policy)?;
                key.touch_policy = parts.touch_policy.unwrap_or(key.touch_policy);
                self.store_key(reference, key)?;
                nothing
            }
            Extension::Attest { reference } => {
                attestation::certificate(&self.persistent, reference).map(Zeroizing::new)
            }
            Extension::SetPinRetries { pin, puk } => {
                self.require_administrator()?;
                if !self.volatile.pin {
                    return Err(StatusWord::SECURITY_STATUS_NOT_SATISFIED);
                }
                if !matches!((pin, puk), (1..=15, 1..=15)) {
                    return Err(StatusWord::INCORRECT_DATA);
                }
                self.persistent.reset_references(pin, puk);
                self.volatile.pin = false;
                nothing
            }
            Extension::Reset => self.factory_reset().map(|()| Zeroizing::default()),
            Extension::MoveKey { to, from } => self.move_key(to, from).map(|()| Zeroizing::default()),
        }
    }

    /// Returns what is known of a key or secret: algorithm 01, policies 02, origin 03, public key 04, factory value 05,
    /// tries 06.
    fn metadata(&self, reference: u8) -> Result<Vec<u8>, StatusWord> {
        let counted = |reference: &Reference, factory: &str| {
            let default = tlv::write(0x05, &[u8::from(reference.is(factory))]);
            [tlv::write(0x01, &[0xFF]), default, tlv::write(0x06, &[reference.most, reference.left])].concat()
        };
        match reference {
            0x80 => Ok(counted(&self.persistent.pin, FACTORY_PIN)),
            0x81 => Ok(counted(&self.persistent.puk, FACTORY_PUK)),
            0x9B => {
                let ManagementKey { algorithm, key, .. } = &self.persistent.management;
                let default = *key.0 == factory_key(*algorithm);
                let policies = tlv::write(0x02, &[0x00, 0x01]);
                Ok([tlv::write(0x01, &[algorithm.id()]), policies, tlv::write(0x05, &[u8::from(default)])].concat())
            }
            _ => {
                let key = self.persistent.keys.get(&reference).ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)?;
                let origin = match key.origin {
                    Origin::Generated => 1,
                    Origin::Imported => 2,
                };
                let policies = tlv::write(0x02, &[key.pin_policy.id(), key.touch_policy]);
                let head = [tlv::write(0x01, &[key.algorithm.id()]), policies, tlv::write(0x03, &[origin])].concat();
                Ok([head, tlv::write(0x04, &key.public.0)].concat())
            }
        }
    }

    /// Resets the card, only once PIN and PUK are both blocked; the attestation key stays.
    fn factory_reset(&mut self) -> Result<(), StatusWord> {
        if self.persistent.pin.left > 0 || self.persistent.puk.left > 0 {
            return Err(StatusWord::CONDITIONS_NOT_SATISFIED);
        }
        let key = self.persistent.keys.remove_entry(&ATTESTATION_KEY);
        let certificate = self.persistent.objects.remove_entry(&ATTESTATION_CERTIFICATE);
        self.persistent.forget_everything();
        self.persistent.keys.extend(key);
        self.persistent.objects.extend(certificate);
        self.volatile = Volatile { selected: true, ..Volatile::default() };
        Ok(())
    }

    fn move_key(&mut self, to: u8, from: u8) -> Result<(), StatusWord> {
        self.require_administrator()?;
        let free = holds_keys(to) && !self.persistent.keys.contains_key(&to);
        if !holds_keys(from) || (to != 0xFF && !free) {
            return Err(StatusWord::INCORRECT_P1_P2);
        }
        let key = self.persistent.keys.remove(&from).ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)?;
        if to != 0xFF {
            self.persistent.keys.insert(to, key);
        }
        Ok(())
    }
}
