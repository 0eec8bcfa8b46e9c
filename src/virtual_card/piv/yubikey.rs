//! The commands that YubiKeys add to the standard, as Yubico documents them for firmware 5.

use super::applet::{Applet, holds_keys};
use super::attestation;
use super::command::{byte, once};
use super::keys::{Algorithm, Key, Origin, PinPolicy};
use super::options::{ManagementAlgorithm, factory_key};
use super::security::{ManagementKey, Reference, Volatile};
use super::state::{FACTORY_PIN, FACTORY_PUK, Secret};
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;
use zeroize::Zeroizing;

/// The key that vouches for keys made on the card.
pub(super) const ATTESTATION_KEY: u8 = 0xF9;
pub(super) const ATTESTATION_CERTIFICATE: u32 = 0x5FFF01;

/// The firmware that had AES management keys first.
const AES_SINCE: [u8; 3] = [5, 4, 0];

pub(super) enum Extension<'a> {
    GetVersion,
    GetSerial,
    GetMetadata {
        reference: u8,
    },
    SetManagementKey {
        algorithm: ManagementAlgorithm,
        key: &'a [u8],
    },
    ImportKey {
        algorithm: u8,
        reference: u8,
        parts: Parts<'a>,
    },
    Attest {
        reference: u8,
    },
    SetPinRetries {
        pin: u8,
        puk: u8,
    },
    Reset,
    /// `to` FF deletes.
    MoveKey {
        to: u8,
        from: u8,
    },
}

/// The objects of IMPORT KEY: 01 to 05 are p, q, dp, dq and qinv, 06 a scalar.
#[derive(Default)]
pub(super) struct Parts<'a> {
    crt: [Option<&'a [u8]>; 5],
    scalar: Option<&'a [u8]>,
    pin_policy: Option<u8>,
    touch_policy: Option<u8>,
}

impl<'a> Extension<'a> {
    pub fn read(wire: &'a WireCommand) -> Result<Self, StatusWord> {
        let data = wire.data.as_slice();
        Ok(match (wire.ins, wire.p1, wire.p2) {
            (0xFD, 0x00, 0x00) => Self::GetVersion,
            (0xF8, 0x00, 0x00) => Self::GetSerial,
            (0xF7, 0x00, reference) => Self::GetMetadata { reference },
            // P2 FE asks for a touch at each use; nobody can touch this card.
            (0xFF, 0xFF, 0xFE | 0xFF) => set_management_key(data)?,
            (0xFE, algorithm, reference) => Self::ImportKey { algorithm, reference, parts: Parts::read(data)? },
            (0xF9, reference, 0x00) => Self::Attest { reference },
            (0xFA, pin, puk) => Self::SetPinRetries { pin, puk },
            (0xFB, 0x00, 0x00) => Self::Reset,
            (0xF6, to, from) => Self::MoveKey { to, from },
            (0xF7..=0xF9 | 0xFB | 0xFD | 0xFF, ..) => return Err(StatusWord::INCORRECT_P1_P2),
            _ => return Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        })
    }

    /// The firmware that had the command first.
    fn since(&self) -> [u8; 3] {
        match self {
            Self::Attest { .. } => [4, 3, 0],
            Self::GetSerial => [5, 0, 0],
            Self::GetMetadata { .. } => [5, 3, 0],
            Self::MoveKey { .. } => [5, 7, 0],
            _ => [0, 0, 0],
        }
    }
}

/// Algorithm, key reference, length, key.
fn set_management_key(data: &[u8]) -> Result<Extension<'_>, StatusWord> {
    let [algorithm, 0x9B, length, ref key @ ..] = *data else { return Err(StatusWord::INCORRECT_DATA) };
    let algorithm = ManagementAlgorithm::from_id(algorithm).ok_or(StatusWord::INCORRECT_DATA)?;
    if usize::from(length) != key.len() || key.len() != algorithm.key_length() {
        return Err(StatusWord::INCORRECT_DATA);
    }
    Ok(Extension::SetManagementKey { algorithm, key })
}

impl<'a> Parts<'a> {
    fn read(data: &'a [u8]) -> Result<Self, StatusWord> {
        let mut parts = Self::default();
        for object in tlv::read_all(data).map_err(|_| StatusWord::INCORRECT_DATA)? {
            match object.tag {
                at @ 0x01..=0x05 => once(&mut parts.crt[at as usize - 1], object.value)?,
                0x06 => once(&mut parts.scalar, object.value)?,
                0xAA => once(&mut parts.pin_policy, byte(object.value)?)?,
                0xAB => once(&mut parts.touch_policy, byte(object.value)?)?,
                _ => return Err(StatusWord::INCORRECT_DATA),
            }
        }
        Ok(parts)
    }

    fn key(&self, algorithm: Algorithm, pin_policy: PinPolicy) -> Result<Key, StatusWord> {
        match (self.crt, self.scalar) {
            ([Some(p), Some(q), Some(dp), Some(dq), Some(qinv)], None) => {
                Key::import_rsa(algorithm, [p, q, dp, dq, qinv], pin_policy)
            }
            ([None, None, None, None, None], Some(scalar)) => Key::import_scalar(algorithm, scalar, pin_policy),
            _ => Err(StatusWord::INCORRECT_DATA),
        }
    }
}

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

    /// Algorithm 01, policies 02, origin 03, public key 04, factory value 05, tries 06.
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
                let policies = tlv::write(0x02, &[policy_id(key.pin_policy), key.touch_policy]);
                let head = [tlv::write(0x01, &[key.algorithm.id()]), policies, tlv::write(0x03, &[origin])].concat();
                Ok([head, tlv::write(0x04, &key.public.0)].concat())
            }
        }
    }

    /// Only once PIN and PUK are both blocked; the attestation key stays.
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

pub(super) const fn policy_id(policy: PinPolicy) -> u8 {
    match policy {
        PinPolicy::Never => 1,
        PinPolicy::Once => 2,
        PinPolicy::Always => 3,
    }
}
