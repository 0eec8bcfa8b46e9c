//! Each card's own admin key, and the answer an admin key gives to a challenge.
//!
//! Derivation: NIST SP 800-108r1, 4.1, counter mode, PRF HMAC-SHA-256, a 32-bit counter before the fixed input
//! `Label || 0x00 || Context || [L]_2`; Label is [`LABEL`], Context the 16 bytes of the card id, L is 192. Every
//! byte has odd parity, as DES keys have (FIPS 46-3) and Microsoft's diversified keys do.
//! Response: one block of TDEA (3DES-EDE) over the 8-byte challenge, no padding.

use crate::secret::{AdminKey, MasterKey};
use aws_lc_rs::hmac;
use cipher::{Block, BlockCipherEncrypt, KeyInit};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The Label of the derivation.
pub const LABEL: &[u8] = b"cardwright admin key";

/// Length of an admin key, in bytes.
pub const ADMIN_KEY_LEN: usize = 24;

/// Length of a master key, in bytes.
pub const MASTER_KEY_LEN: usize = 32;

/// Length of a challenge and of its response, in bytes.
pub const CHALLENGE_LEN: usize = 8;

/// What a master key's file is labelled with.
pub const MASTER_KEY: &str = "ENCRYPTED MASTER KEY";

/// The master keys, oldest first; version 1 is the first. A card keeps the version its key was derived from.
pub struct MasterKeys(Vec<MasterKey>);

/// Why an admin key or a response cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a challenge is {CHALLENGE_LEN} bytes long, this one is {0}")]
    ChallengeLength(usize),
    #[error("an admin key is {ADMIN_KEY_LEN} bytes long, this one is {0}")]
    KeyLength(usize),
    #[error("there is no master key of version {0}")]
    NoSuchVersion(u32),
    #[error("there is no master key")]
    NoMasterKey,
}

impl MasterKeys {
    /// Takes the keys, oldest first; each must be [`MASTER_KEY_LEN`] bytes long.
    pub fn new(keys: Vec<MasterKey>) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(KeyError::NoMasterKey);
        }
        match keys.iter().find(|key| key.expose().len() != MASTER_KEY_LEN) {
            Some(key) => Err(KeyError::KeyLength(key.expose().len())),
            None => Ok(Self(keys)),
        }
    }

    /// The version new cards are given.
    pub fn current_version(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX)
    }

    /// Derives the admin key of the card with this card id from the master key of `version`.
    pub fn admin_key(&self, version: u32, card_id: Uuid) -> Result<AdminKey, KeyError> {
        let index = usize::try_from(version).ok().and_then(|version| version.checked_sub(1));
        let master = index.and_then(|index| self.0.get(index)).ok_or(KeyError::NoSuchVersion(version))?;
        Ok(derive(master, card_id.as_bytes()))
    }
}

/// Derives an admin key from `master` and the Context.
pub fn derive(master: &MasterKey, context: &[u8]) -> AdminKey {
    let key = hmac::Key::new(hmac::HMAC_SHA256, master.expose());
    let mut input = Vec::with_capacity(4 + LABEL.len() + 1 + context.len() + 4);
    // One block of the PRF is 32 bytes: the counter stays at 1.
    input.extend_from_slice(&1u32.to_be_bytes());
    input.extend_from_slice(LABEL);
    input.push(0);
    input.extend_from_slice(context);
    input.extend_from_slice(&(ADMIN_KEY_LEN as u32 * 8).to_be_bytes());
    let block = hmac::sign(&key, &input);
    AdminKey::new(block.as_ref().iter().take(ADMIN_KEY_LEN).map(|byte| odd_parity(*byte)).collect())
}

fn odd_parity(byte: u8) -> u8 {
    let upper = byte & 0xFE;
    upper | u8::from(upper.count_ones().is_multiple_of(2))
}

/// Reads `DefaultAdminKeyHex`: empty means 24 zero bytes, as Microsoft's own samples show.
pub fn default_admin_key(hex: &str) -> Result<AdminKey, KeyError> {
    if hex.is_empty() {
        return Ok(AdminKey::new(vec![0; ADMIN_KEY_LEN]));
    }
    let key = AdminKey::from_hex(hex).ok_or(KeyError::KeyLength(hex.len() / 2))?;
    if key.expose().len() == ADMIN_KEY_LEN { Ok(key) } else { Err(KeyError::KeyLength(key.expose().len())) }
}

/// Answers a challenge of exactly [`CHALLENGE_LEN`] bytes.
///
/// Weak keys are not refused: the all-zero key is the one a card fresh from the factory has.
pub fn respond(key: &AdminKey, challenge: &[u8]) -> Result<Zeroizing<[u8; CHALLENGE_LEN]>, KeyError> {
    let tdea = des::TdesEde3::new_from_slice(key.expose()).map_err(|_| KeyError::KeyLength(key.expose().len()))?;
    let mut block =
        Block::<des::TdesEde3>::try_from(challenge).map_err(|_| KeyError::ChallengeLength(challenge.len()))?;
    tdea.encrypt_block(&mut block);
    Ok(Zeroizing::new(block.into()))
}
