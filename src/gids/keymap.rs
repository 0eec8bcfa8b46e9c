//! The key map: which key file belongs to which container. It is undocumented; the minidriver and OpenSC both keep it.
//!
//! It is a byte 01 and a record of 12 bytes for each record of `cmapfile`: state (4), mechanism, key type, key file (2,
//! all little-endian), FFFF and two zeros.

use super::container::KeySpec;
use super::error::Error;
use super::key;

const RECORD: usize = 12;
const FREE: [u8; RECORD] = [0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0];
const EXCHANGE: u8 = 0x9A;
const SIGNATURE: u8 = 0x9C;

/// Holds one record for each record of `cmapfile`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeyMap(Vec<[u8; RECORD]>);

impl KeyMap {
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        let broken = Error::Layout { file: "key map", length: bytes.len() };
        match bytes.split_first() {
            None => Ok(Self::default()),
            Some((1, records)) => match records.as_chunks::<RECORD>() {
                (records, []) => Ok(Self(records.to_vec())),
                _ => Err(broken),
            },
            Some(_) => Err(broken),
        }
    }

    pub fn write(&self) -> Vec<u8> {
        [&[1], self.0.as_flattened()].concat()
    }

    /// Gives the map as many records as `cmapfile` has. A change that was cut off between the two leaves them
    /// different, and OpenSC makes no key on such a card.
    pub fn resize(&mut self, containers: usize) {
        self.0.resize(containers, FREE);
    }

    pub fn set(&mut self, index: u8, mechanism: u8, spec: KeySpec) {
        let kind = match spec {
            KeySpec::Exchange => EXCHANGE,
            KeySpec::Signature => SIGNATURE,
        };
        let [low, high] = key::file(index).to_le_bytes();
        if let Some(record) = self.0.get_mut(usize::from(index)) {
            *record = [1, 0, 0, 0, mechanism, kind, low, high, 0xFF, 0xFF, 0, 0];
        }
    }

    pub fn remove(&mut self, index: u8) {
        if let Some(record) = self.0.get_mut(usize::from(index)) {
            *record = FREE;
        }
    }
}
