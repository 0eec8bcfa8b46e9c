//! What a PIV card is made with.

use crate::iso7816::Protocol;
use crate::secret::{AdminKey, Pin, Puk};

/// The cipher of the management key 9B (SP 800-78-4, table 6-2).
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

    /// By its identifier; 00 is another name of 3DES.
    pub(super) fn from_id(id: u8) -> Option<Self> {
        match id {
            0x00 | 0x03 => Some(Self::TripleDes),
            0x08 => Some(Self::Aes128),
            0x0A => Some(Self::Aes192),
            0x0C => Some(Self::Aes256),
            _ => None,
        }
    }

    /// Bytes of a key.
    pub const fn key_length(self) -> usize {
        match self {
            Self::Aes128 => 16,
            Self::TripleDes | Self::Aes192 => 24,
            Self::Aes256 => 32,
        }
    }

    /// Bytes of a challenge.
    pub const fn block_length(self) -> usize {
        match self {
            Self::TripleDes => 8,
            Self::Aes128 | Self::Aes192 | Self::Aes256 => 16,
        }
    }
}

/// The key that cards leave the factory with, repeated or cut to the length of the cipher's keys.
pub(super) fn factory_key(algorithm: ManagementAlgorithm) -> Vec<u8> {
    (1..=8).cycle().take(algorithm.key_length()).collect()
}

/// How a card is made. The default is a plain card of the standard, as it leaves a factory.
pub struct PivOptions {
    /// With the commands that YubiKeys add to the standard, their answer to reset and a serial number.
    pub yubikey: bool,
    /// Firmware a YubiKey tells, and which has what: serial number from 5.0 on, metadata from 5.3, AES management keys
    /// from 5.4, RSA-3072, RSA-4096 and moving keys from 5.7.
    pub version: [u8; 3],
    /// Serial number a YubiKey tells.
    pub serial: u32,
    /// The card holds a CHUID with this GUID; without one there is no CHUID.
    pub guid: Option<[u8; 16]>,
    /// 6 to 8 characters; of digits on a plain card.
    pub pin: Pin,
    /// 8 characters; 6 to 8 on a YubiKey.
    pub puk: Puk,
    /// Tries of the PIN, 1 to 15.
    pub pin_tries: u8,
    pub puk_tries: u8,
    /// Tries that are left; all of them when `None`.
    pub pin_tries_left: Option<u8>,
    pub puk_tries_left: Option<u8>,
    /// 3DES when `None`, but AES-192 on a YubiKey from 5.7 on.
    pub management_algorithm: Option<ManagementAlgorithm>,
    /// The factory's key when `None`.
    pub management_key: Option<AdminKey>,
    /// Wrong tries of the management key before it is blocked; most cards count none.
    pub management_tries: Option<u8>,
    /// Bytes of room for objects and keys.
    pub capacity: usize,
    /// What the answer to reset names. Over T=0, too, this card gives its answers at once, as readers hand them over that
    /// fetch them by themselves; a [`Fault::T0`](crate::virtual_card::Fault::T0) lets them wait.
    pub protocol: Protocol,
    /// The card takes and gives extended length; over T=1 only.
    pub extended: bool,
    pub chaining: bool,
}

impl PivOptions {
    /// A YubiKey 5 with firmware 5.4.3.
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
