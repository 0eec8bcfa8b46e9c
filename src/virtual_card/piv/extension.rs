//! The commands that YubiKeys add to the standard: bytes in, one typed command out.

use super::fields::{byte, once};
use super::keys::{Algorithm, Key, PinPolicy};
use super::options::ManagementAlgorithm;
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;

/// Names a command that YubiKeys add.
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
    /// Deletes the key if `to` is FF.
    MoveKey {
        to: u8,
        from: u8,
    },
}

/// Holds the objects of IMPORT KEY: 01 to 05 are p, q, dp, dq and qinv, 06 a scalar.
#[derive(Default)]
pub(super) struct Parts<'a> {
    crt: [Option<&'a [u8]>; 5],
    scalar: Option<&'a [u8]>,
    pub pin_policy: Option<u8>,
    pub touch_policy: Option<u8>,
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

    /// Returns the first firmware that had the command.
    pub fn since(&self) -> [u8; 3] {
        match self {
            Self::Attest { .. } => [4, 3, 0],
            Self::GetSerial => [5, 0, 0],
            Self::GetMetadata { .. } => [5, 3, 0],
            Self::MoveKey { .. } => [5, 7, 0],
            _ => [0, 0, 0],
        }
    }
}

/// Reads SET MANAGEMENT KEY: algorithm, key reference, length, key.
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

    /// Makes the key of its parts.
    pub fn key(&self, algorithm: Algorithm, pin_policy: PinPolicy) -> Result<Key, StatusWord> {
        match (self.crt, self.scalar) {
            ([Some(p), Some(q), Some(dp), Some(dq), Some(qinv)], None) => {
                Key::import_rsa(algorithm, [p, q, dp, dq, qinv], pin_policy)
            }
            ([None, None, None, None, None], Some(scalar)) => Key::import_scalar(algorithm, scalar, pin_policy),
            _ => Err(StatusWord::INCORRECT_DATA),
        }
    }
}
