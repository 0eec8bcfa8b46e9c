//! What a PIV card is made with.

use crate::iso7816::Protocol;
use crate::secret::{AdminKey, Pin, Puk};

/// Names the cipher of the management key 9B (SP 800-78-4, table 6-2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum ManagementAlgorithm {
    TripleDes,
    Aes128,
    Aes192,
    Aes256,
}

impl ManagementAlgorithm {
    pub(super) const fn id(self) -> u8 {
        match self {
            Self::TripleDes => 0x03,
            Self::Aes128 => 0x08,
            Self::Aes192 => 0x0A,
            Self::Aes256 => 0x0C,
        }
    }

    /// Returns the cipher with this identifier; 00 is another name of 3DES.
    pub(super) fn from_id(id: u8) -> Option<Self> {
        match id {
            0x00 | 0x03 => Some(Self::TripleDes),
            0x08 => Some(Self::Aes128),
            0x0A => Some(Self::Aes192),
            0x0C => Some(Self::Aes256),
            _ => None,
        }
    }

    /// Returns the length of a key in bytes.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Returns the length of a challenge in bytes.
    pub const fn block_length(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }
}

/// Returns the key that cards leave the factory with, repeated or cut to the length of the cipher's keys.
pub(super) fn factory_key(algorithm: ManagementAlgorithm) -> Vec<u8> {
    (1..=8).cycle().take(algorithm.key_length()).collect()
}

/// Says how a card is made. The default is a plain card of the standard, as it leaves a factory.
pub struct PivOptions {
    /// Whether the card has the commands that YubiKeys add to the standard, their answer to reset and a serial number.
    pub yubikey: bool,
    /// The firmware that a YubiKey tells. It decides what the card has: a serial number from 5.0 on, metadata from 5.3,
    /// AES management keys from 5.4, RSA-3072, RSA-4096 and moving keys from 5.7.
    pub version: [u8; 3],
    /// The serial number that a YubiKey tells.
    pub serial: u32,
    /// The GUID of the card's CHUID; without one there is no CHUID.
    pub guid: Option<[u8; 16]>,
    /// 6 to 8 characters; digits on a plain card.
    pub pin: Pin,
    /// 8 characters; 6 to 8 on a YubiKey.
    pub puk: Puk,
    /// Tries of the PIN, 1 to 15.
    pub pin_tries: u8,
    pub puk_tries: u8,
    /// Tries left; all of them if `None`.
    pub pin_tries_left: Option<u8>,
    pub puk_tries_left: Option<u8>,
    /// 3DES if `None`, but AES-192 on a YubiKey from 5.7 on.
    pub management_algorithm: Option<ManagementAlgorithm>,
    /// The factory's key if `None`.
    pub management_key: Option<AdminKey>,
    /// Wrong tries of the management key until it is blocked; most cards count none.
    pub management_tries: Option<u8>,
    /// Bytes of room for objects and keys.
    pub capacity: usize,
    /// The protocol that the answer to reset names. Even over T=0 this card answers at once, like a reader that fetches
    /// long answers by itself; a [`Fault::T0`](crate::virtual_card::Fault::T0) makes them wait.
    pub protocol: Protocol,
    /// Whether the card takes and gives extended length; over T=1 only.
    pub extended: bool,
    pub chaining: bool,
}

impl PivOptions {
    /// Describes a YubiKey 5 with firmware 5.4.3.
    pub fn yubikey() -> Self {
        Self { yubikey: true, ..Self::default() }
    }
}

impl Default for PivOptions {
    fn default() -> Self {
        Self {
            yubikey: false,
            version: [5, 4, 3],
            serial: 10_000_001,
            guid: None,
            pin: Pin::new("123456".into()),
            puk: Puk::new("12345678".into()),
            pin_tries: 3,
            puk_tries: 3,
            pin_tries_left: None,
            puk_tries_left: None,
            management_algorithm: None,
            management_key: None,
            management_tries: None,
            capacity: 80_000,
            protocol: Protocol::T1,
            extended: true,
            chaining: true,
        }
    }
}
