//! One-time passwords: made from random bytes, hashed (PBKDF2-HMAC-SHA-256), compared.

use crate::secret::OneTimePassword;
use crate::server::error::{ApiError, Internal};
use crate::template::OneTimePolicy;
use aws_lc_rs::{constant_time, pbkdf2, rand};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// At least 24 bits of chance and few tries are the protection; this makes a stolen hash slow to search as well.
pub const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
pub const SALT_LEN: usize = 16;
pub const HASH_LEN: usize = 32;

/// A new password and what proves it. It takes some hundredths of a second.
pub fn password(policy: &OneTimePolicy) -> Result<(OneTimePassword, Vec<u8>), ApiError> {
    let random = |_| ApiError::Internal(Internal::Random);
    let alphabet = policy.alphabet.as_bytes();
    let length = policy.length as usize;
    // Bytes beyond a multiple of the alphabet's length would favour its beginning.
    let fair = 256 - 256 % alphabet.len().max(1);
    let mut text = Zeroizing::new(String::with_capacity(length));
    const MOST_ROUNDS: usize = 64;
    for _ in 0..MOST_ROUNDS {
        let mut bytes = Zeroizing::new([0; 64]);
        rand::fill(bytes.as_mut_slice()).map_err(random)?;
        let fair = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let characters = fair.filter_map(|byte| alphabet.get(byte % alphabet.len())).map(|byte| char::from(*byte));
        let lacking = length - text.len();
        text.extend(characters.take(lacking));
        if text.len() == length {
            let mut salt = [0; SALT_LEN];
            rand::fill(&mut salt).map_err(random)?;
            let proof = [salt.as_slice(), hash(&salt, &text).as_slice()].concat();
            return Ok((OneTimePassword::new(std::mem::take(&mut *text)), proof));
        }
    }
    Err(ApiError::Internal(Internal::Random))
}

pub fn hash(salt: &[u8], password: &str) -> [u8; HASH_LEN] {
    let mut hash = [0; HASH_LEN];
    let work = || pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), &mut hash);
    tokio::task::block_in_place(work);
    hash
}

/// Blanks, hyphens and letter case do not count: passwords are read out and typed.
pub fn is_right(proof: Option<&[u8]>, given: &OneTimePassword) -> bool {
    let Some((salt, expected)) = proof.and_then(|proof| proof.split_at_checked(SALT_LEN)) else { return false };
    let mut typed = Zeroizing::new(String::with_capacity(given.expose().len()));
    let significant = given.expose().chars().filter(|character| !character.is_whitespace() && *character != '-');
    typed.extend(significant.map(|character| character.to_ascii_uppercase()));
    constant_time::verify_slices_are_equal(&hash(salt, &typed), expected).is_ok()
}
