//! Each card's own admin key and PUK, and the answer an admin key gives to a challenge.
//!
//! Derivation: NIST SP 800-108r1, 4.1, counter mode, PRF HMAC-SHA-256, a 32-bit counter before the fixed input
//! `Label || 0x00 || Context || [L]_2`. Admin key: Label is [`LABEL`], Context the 16 bytes of the card id, L is 192; every
//! byte has odd parity, as DES keys have (FIPS 46-3) and Microsoft's diversified keys do. PUK: Label is [`PUK_LABEL`],
//! Context the card id and the PUK's version as 32 bits, L is 64; the low five bits of each byte choose a character.
//! Response: one block over the challenge, no padding: TDEA (3DES-EDE) for 8 bytes, AES for 16.

use crate::secret::{AdminKey, MasterKey, Puk};
use aws_lc_rs::hmac;
use cipher::{Block, BlockCipherEncrypt, KeyInit};
use uuid::Uuid;
use zeroize::Zeroizing;

/// The Label of the derivation.
pub const LABEL: &[u8] = b"cardwright admin key";

/// The Label of a PUK's derivation.
pub const PUK_LABEL: &[u8] = b"cardwright PUK";

/// The Label of a proposed PIN's derivation.
pub const PIN_LABEL: &[u8] = b"cardwright PIN";

/// The Label of what tells one master key from another.
const FINGERPRINT_LABEL: &[u8] = b"cardwright fingerprint";

/// Length of an admin key that is derived, in bytes: that of a 3DES and of an AES-192 key.
pub const ADMIN_KEY_LEN: usize = 24;

/// Length of a PUK that is derived, in characters: what every PIV card takes.
pub const PUK_LEN: usize = 8;

/// Digits and capitals that are not taken for one another when they are read out.
const PUK_CHARACTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Length of a master key, in bytes.
pub const MASTER_KEY_LEN: usize = 32;

/// Length of a challenge and of its response, in bytes: a block of 3DES, a block of AES.
pub const CHALLENGE_LENS: [usize; 2] = [8, 16];

/// What a master key's file is labelled with.
pub const MASTER_KEY: &str = "ENCRYPTED MASTER KEY";

/// The master keys, oldest first; version 1 is the first. A card keeps the version its key was derived from.
pub struct MasterKeys(Vec<MasterKey>);

/// Why an admin key or a response cannot be computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    #[error("a challenge is 8 or 16 bytes long, this one is {0}")]
    ChallengeLength(usize),
    #[error("an admin key has the length of the cipher's key, this one is {0} bytes long")]
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

    /// Tells the master key of `version` from every other, and nothing more about it.
    pub fn fingerprint(&self, version: u32) -> Result<Vec<u8>, KeyError> {
        Ok(block(self.of_version(version)?, FINGERPRINT_LABEL, &[], MASTER_KEY_LEN).as_ref().to_vec())
    }

    fn of_version(&self, version: u32) -> Result<&MasterKey, KeyError> {
        let index = usize::try_from(version).ok().and_then(|version| version.checked_sub(1));
        index.and_then(|index| self.0.get(index)).ok_or(KeyError::NoSuchVersion(version))
    }

    /// Derives the admin key of the card with this card id from the master key of `version`.
    pub fn admin_key(&self, version: u32, card_id: Uuid) -> Result<AdminKey, KeyError> {
        Ok(derive(self.of_version(version)?, card_id.as_bytes()))
    }

    /// Derives the 32 bytes that a request's PIN for the card with this card id is chosen by.
    pub fn pin_block(&self, version: u32, request: Uuid, card_id: Uuid) -> Result<hmac::Tag, KeyError> {
        let context = [request.as_bytes().as_slice(), card_id.as_bytes()].concat();
        Ok(block(self.of_version(version)?, PIN_LABEL, &context, 32))
    }

    /// Derives the `puk_version`th PUK of the card with this card id from the master key of `version`.
    pub fn puk(&self, version: u32, card_id: Uuid, puk_version: u32) -> Result<Puk, KeyError> {
        let context = [card_id.as_bytes().as_slice(), &puk_version.to_be_bytes()].concat();
        let block = block(self.of_version(version)?, PUK_LABEL, &context, PUK_LEN);
        let character = |byte: &u8| PUK_CHARACTERS.get(usize::from(byte & 0x1F)).map(|byte| char::from(*byte));
        // The capacity is given so that nothing of it is left behind by growing.
        let mut puk = String::with_capacity(PUK_LEN);
        puk.extend(block.as_ref().iter().take(PUK_LEN).filter_map(character));
        Ok(Puk::new(puk))
    }
}

/// Derives an admin key from `master` and the Context.
pub fn derive(master: &MasterKey, context: &[u8]) -> AdminKey {
    let block = block(master, LABEL, context, ADMIN_KEY_LEN);
    AdminKey::new(block.as_ref().iter().take(ADMIN_KEY_LEN).map(|byte| odd_parity(*byte)).collect())
}

/// The one block of the PRF that is needed for `length` bytes, which are at most 32: the counter stays at 1.
fn block(master: &MasterKey, label: &[u8], context: &[u8], length: usize) -> hmac::Tag {
    let key = hmac::Key::new(hmac::HMAC_SHA256, master.expose());
    let mut input = Vec::with_capacity(4 + label.len() + 1 + context.len() + 4);
    input.extend_from_slice(&1u32.to_be_bytes());
    input.extend_from_slice(label);
    input.push(0);
    input.extend_from_slice(context);
    input.extend_from_slice(&u32::try_from(length * 8).unwrap_or(u32::MAX).to_be_bytes());
    hmac::sign(&key, &input)
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

/// Answers a challenge of one block: 8 bytes by 3DES, 16 by the AES of the key's length.
///
/// Weak keys are not refused: the all-zero key is the one a card fresh from the factory has.
pub fn respond(key: &AdminKey, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    match (challenge.len(), key.expose().len()) {
        (8, _) => encrypted::<des::TdesEde3>(key, challenge),
        (16, 16) => encrypted::<aes::Aes128>(key, challenge),
        (16, 32) => encrypted::<aes::Aes256>(key, challenge),
        (16, _) => encrypted::<aes::Aes192>(key, challenge),
        (length, _) => Err(KeyError::ChallengeLength(length)),
    }
}

fn encrypted<C: BlockCipherEncrypt + KeyInit>(
    key: &AdminKey,
    challenge: &[u8],
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let cipher = C::new_from_slice(key.expose()).map_err(|_| KeyError::KeyLength(key.expose().len()))?;
    let mut block = Block::<C>::try_from(challenge).map_err(|_| KeyError::ChallengeLength(challenge.len()))?;
    cipher.encrypt_block(&mut block);
    Ok(Zeroizing::new(block.to_vec()))
}
