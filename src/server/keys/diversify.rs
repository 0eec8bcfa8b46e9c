//! Derives each card's own admin key and PUK, and answers a challenge with an admin key.
//!
//! Derivation: NIST SP 800-108r1, 4.1, counter mode, PRF HMAC-SHA-256, a 32-bit counter before the fixed input `Label
//! || 0x00 || Context || [L]_2`. Context is the 16 bytes of the card id, then for a PUK its version as 32 bits, then the
//! generation's 16 bytes, which secrets of the releases before there were generations go without. Admin key: Label is
//! [`LABEL`], L is 192; every byte has odd parity, as DES keys have (FIPS 46-3) and Microsoft's diversified keys do.
//! PUK: Label is [`PUK_LABEL`], L is 64 and the low five bits of each byte choose a character; or L is 128, and two bytes
//! choose a digit.
//! Response: one block over the challenge, no padding: TDEA (3DES-EDE) for 8 bytes, AES for 16.

use crate::ca::{self, TokenMac};
use crate::secret::{AdminKey, MasterKey, Puk};
use crate::store::Derivation;
use crate::template::ADMIN_KEY_LEN;
use aws_lc_rs::hmac;
use std::collections::BTreeMap;
use std::sync::Arc;
use uuid::Uuid;
use zeroize::Zeroizing;

/// Labels the derivation of an admin key.
pub const LABEL: &[u8] = b"cardwright admin key";

/// Labels the derivation of a PUK.
pub const PUK_LABEL: &[u8] = b"cardwright PUK";

/// Labels the derivation of a proposed PIN.
pub const PIN_LABEL: &[u8] = b"cardwright PIN";

/// Labels the derivation of a challenge to a card.
const CHALLENGE_LABEL: &[u8] = b"cardwright presence";

/// Labels the derivation of a master key's fingerprint.
const FINGERPRINT_LABEL: &[u8] = b"cardwright fingerprint";

/// Counts the characters of a derived PUK: as many as every PIV card takes.
pub const PUK_LEN: usize = 8;

/// Lists the characters of a PUK: digits and capitals that are not taken for one another when they are read out.
const PUK_CHARACTERS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Marks the versions of PUKs that consist of digits; the versions before there were such PUKs go without.
const PUK_OF_DIGITS: u32 = 1 << 30;

/// Returns the version of the PUK after that of `version`: one of digits, or one of digits and capitals.
pub fn next_puk(version: u32, digits: bool) -> u32 {
    let number = (version & !PUK_OF_DIGITS).saturating_add(1).min(PUK_OF_DIGITS - 1);
    if digits { number | PUK_OF_DIGITS } else { number }
}

/// Says whether the PUK of this version consists of digits.
pub fn is_puk_of_digits(version: u32) -> bool {
    version & PUK_OF_DIGITS != 0
}

/// Counts the bytes of a master key.
pub const MASTER_KEY_LEN: usize = 32;

/// Lists the lengths of a challenge and of its response, in bytes: a block of 3DES, a block of AES.
pub const CHALLENGE_LENS: [usize; 2] = [8, 16];

/// Labels a master key's file.
pub const MASTER_KEY: &str = "ENCRYPTED MASTER KEY";

/// Holds the master keys by version, from 1 on. A card keeps the version that its keys were derived from; versions that
/// no card needs any more may be missing.
pub struct MasterKeys(BTreeMap<u32, MasterKeySource>);

/// Holds a master key, or says which token holds it.
pub enum MasterKeySource {
    /// [`MASTER_KEY_LEN`] bytes.
    Memory(MasterKey),
    /// A secret key in a PKCS#11 token, by its label; it never leaves the token.
    Token(Arc<TokenMac>, String),
}

/// Says why an admin key or a response cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("a challenge is 8 or 16 bytes long, this one is {0}")]
    ChallengeLength(usize),
    #[error("an admin key has the length of the cipher's key, this one is {0} bytes long")]
    KeyLength(usize),
    #[error("there is no master key of version {0}")]
    NoSuchVersion(u32),
    #[error("there is no master key")]
    NoMasterKey,
    #[error("the template refuses every PIN that can be proposed")]
    PinsRefused,
    #[error("the token of the master key refused")]
    Token(#[from] ca::Error),
}

impl MasterKeys {
    /// Takes the keys, version 1 first; each must be [`MASTER_KEY_LEN`] bytes long.
    pub fn new(keys: Vec<MasterKey>) -> Result<Self, KeyError> {
        Self::by_version((1..).zip(keys.into_iter().map(MasterKeySource::Memory)).collect())
    }

    /// Takes the keys by version, at least one; one in memory must be [`MASTER_KEY_LEN`] bytes long.
    pub fn by_version(keys: BTreeMap<u32, MasterKeySource>) -> Result<Self, KeyError> {
        if keys.is_empty() {
            return Err(KeyError::NoMasterKey);
        }
        for key in keys.values() {
            if let MasterKeySource::Memory(key) = key
                && key.expose().len() != MASTER_KEY_LEN
            {
                return Err(KeyError::KeyLength(key.expose().len()));
            }
        }
        Ok(Self(keys))
    }

    /// Returns the version that cards are given from now on.
    pub fn current_version(&self) -> u32 {
        self.0.last_key_value().map_or(0, |(version, _)| *version)
    }

    /// Lists the versions there are, oldest first.
    pub fn versions(&self) -> impl Iterator<Item = u32> {
        self.0.keys().copied()
    }

    /// Returns bytes that tell the master key of `version` from every other, and nothing more about it.
    pub fn fingerprint(&self, version: u32) -> Result<Vec<u8>, KeyError> {
        Ok(block(self.of_version(version)?, FINGERPRINT_LABEL, &[], MASTER_KEY_LEN)?.to_vec())
    }

    fn of_version(&self, version: u32) -> Result<&MasterKeySource, KeyError> {
        self.0.get(&version).ok_or(KeyError::NoSuchVersion(version))
    }

    /// Derives an admin key of the card with this card id.
    pub fn admin_key(&self, from: Derivation, card_id: Uuid) -> Result<AdminKey, KeyError> {
        let context = context(card_id, &[], from.generation);
        let block = block(self.of_version(from.master)?, LABEL, &context, ADMIN_KEY_LEN)?;
        Ok(AdminKey::new(block.iter().take(ADMIN_KEY_LEN).map(|byte| odd_parity(*byte)).collect()))
    }

    /// Derives a challenge of at most 32 bytes to the card of a request.
    pub fn challenge(
        &self,
        version: u32,
        request: Uuid,
        smartcard: Uuid,
        nonce: Uuid,
        length: usize,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let context = [request.as_bytes().as_slice(), smartcard.as_bytes(), nonce.as_bytes()].concat();
        let mut block = block(self.of_version(version)?, CHALLENGE_LABEL, &context, 32)?;
        block.truncate(length);
        Ok(block)
    }

    /// Derives the 32 bytes that a request's PIN for the card with this card id is chosen by; `attempt` is 0 for the
    /// first one.
    pub fn pin_block(
        &self,
        version: u32,
        request: Uuid,
        card_id: Uuid,
        attempt: u8,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let mut context = [request.as_bytes().as_slice(), card_id.as_bytes()].concat();
        context.extend((attempt > 0).then_some(attempt));
        block(self.of_version(version)?, PIN_LABEL, &context, 32)
    }

    /// Derives the `puk_version`th PUK of the card with this card id.
    pub fn puk(&self, from: Derivation, card_id: Uuid, puk_version: u32) -> Result<Puk, KeyError> {
        let context = context(card_id, &puk_version.to_be_bytes(), from.generation);
        let length = if is_puk_of_digits(puk_version) { 2 * PUK_LEN } else { PUK_LEN };
        let block = block(self.of_version(from.master)?, PUK_LABEL, &context, length)?;
        let character = |byte: &u8| PUK_CHARACTERS.get(usize::from(byte & 0x1F)).map(|byte| char::from(*byte));
        // Two bytes a digit: the first digits are favoured by less than one in a thousand.
        let digit = |pair: &[u8]| {
            let number = pair.iter().fold(0, |number, byte| number * 256 + u32::from(*byte));
            char::from_digit(number % 10, 10)
        };
        // The capacity is given so that nothing of it is left behind by growing.
        let mut puk = String::with_capacity(PUK_LEN);
        if is_puk_of_digits(puk_version) {
            puk.extend(block.chunks_exact(2).take(PUK_LEN).filter_map(digit));
        } else {
            puk.extend(block.iter().take(PUK_LEN).filter_map(character));
        }
        Ok(Puk::new(puk))
    }
}

/// Joins what a card's secret is derived for; contexts of unlike parts are of unlike length.
fn context(card_id: Uuid, version: &[u8], generation: Option<Uuid>) -> Vec<u8> {
    let generation = generation.as_ref().map_or(&[][..], |generation| generation.as_bytes());
    [card_id.as_bytes(), version, generation].concat()
}

/// Computes the one block of the PRF that is needed for `length` bytes, which are at most 32: the counter stays at 1.
fn block(
    master: &MasterKeySource,
    label: &[u8],
    context: &[u8],
    length: usize,
) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut input = Vec::with_capacity(4 + label.len() + 1 + context.len() + 4);
    input.extend_from_slice(&1u32.to_be_bytes());
    input.extend_from_slice(label);
    input.push(0);
    input.extend_from_slice(context);
    input.extend_from_slice(&u32::try_from(length * 8).unwrap_or(u32::MAX).to_be_bytes());
    match master {
        MasterKeySource::Memory(key) => {
            let key = hmac::Key::new(hmac::HMAC_SHA256, key.expose());
            Ok(Zeroizing::new(hmac::sign(&key, &input).as_ref().to_vec()))
        }
        // A token's slowness holds up no other call.
        MasterKeySource::Token(token, label) => Ok(tokio::task::block_in_place(|| token.hmac_sha256(label, &input))?),
    }
}

/// Returns the byte with its lowest bit set so that the parity is odd.
fn odd_parity(byte: u8) -> u8 {
    let upper = byte & 0xFE;
    upper | u8::from(upper.count_ones().is_multiple_of(2))
}

/// Answers a challenge of one block: 8 bytes by 3DES, 16 by the AES of the key's length.
pub fn respond(key: &AdminKey, challenge: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    if !CHALLENGE_LENS.contains(&challenge.len()) {
        return Err(KeyError::ChallengeLength(challenge.len()));
    }
    key.encrypt(challenge).ok_or(KeyError::KeyLength(key.expose().len()))
}
