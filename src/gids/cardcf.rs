//! `cardcf`, by which Windows tells whether what it cached of a card still holds (CARD_CACHE_FILE_FORMAT).
//!
//! Each counter is raised before what it counts is changed, so that even a change that was cut off is noticed.

use super::error::Error;

/// Says what is about to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Pin,
    Files,
    ContainersAndFiles,
}

/// Holds the counters, and the bytes of other applications behind them, which are kept unchanged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct CacheFile {
    version: u8,
    pins: u8,
    containers: u16,
    files: u16,
    others: Vec<u8>,
}

impl CacheFile {
    pub fn read(bytes: &[u8]) -> Result<Self, Error> {
        match bytes {
            [version, pins, c0, c1, f0, f1, others @ ..] if others.len() % 4 == 0 => Ok(Self {
                version: *version,
                pins: *pins,
                containers: u16::from_le_bytes([*c0, *c1]),
                files: u16::from_le_bytes([*f0, *f1]),
                others: others.to_vec(),
            }),
            _ => Err(Error::Layout { file: "cardcf", length: bytes.len() }),
        }
    }

    pub fn write(&self) -> Vec<u8> {
        let mut bytes = vec![self.version, self.pins];
        bytes.extend_from_slice(&self.containers.to_le_bytes());
        bytes.extend_from_slice(&self.files.to_le_bytes());
        bytes.extend_from_slice(&self.others);
        bytes
    }

    /// Raises the counters of a change.
    pub fn count(&mut self, change: Change) {
        match change {
            Change::Pin => self.pins = self.pins.wrapping_add(1),
            Change::Files => self.files = self.files.wrapping_add(1),
            Change::ContainersAndFiles => {
                self.containers = self.containers.wrapping_add(1);
                self.files = self.files.wrapping_add(1);
            }
        }
    }
}
