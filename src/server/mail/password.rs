//! Makes one-time passwords from random bytes, hashes them (PBKDF2-HMAC-SHA-256, RFC 8018) and compares.

use crate::secret::OneTimePassword;
use crate::server::error::{ApiError, Internal};
use crate::template::OneTimePolicy;
use aws_lc_rs::{constant_time, pbkdf2, rand};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// Counts the rounds of PBKDF2. Protection comes from at least 24 random bits and few tries; the rounds make a stolen
/// hash slow to search as well.
pub const ITERATIONS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();
/// Counts the bytes of a salt.
pub const SALT_LEN: usize = 16;
/// Counts the bytes of a hash.
pub const HASH_LEN: usize = 32;

/// Is what nobody's password proves: to be compared with where there is nothing to compare with, so that it takes as long.
pub const NOBODYS: [u8; SALT_LEN + HASH_LEN] = [0; SALT_LEN + HASH_LEN];

/// Makes a new password, and what proves it: salt and hash. It takes some hundredths of a second.
pub fn password(policy: &OneTimePolicy) -> Result<(OneTimePassword, Vec<u8>), ApiError> {
    let random = |_| ApiError::Internal(Internal::Random);
    let alphabet = policy.alphabet.as_bytes();
    let length = policy.length as usize;
    // Bytes beyond a multiple of the alphabet's length would favour its beginning.
    let fair = 256 - 256 % alphabet.len().max(1);
    let mut text = Zeroizing::new(String::with_capacity(length));
    /// Bounds how often random bytes are drawn; two rounds are nearly always enough.
    const MOST_ROUNDS: usize = 64;
    for _ in 0..MOST_ROUNDS {
        let mut bytes = Zeroizing::new([0; 64]);
        rand::fill(bytes.as_mut_slice()).map_err(random)?;
        let fair_bytes = bytes.iter().map(|byte| usize::from(*byte)).filter(|byte| *byte < fair);
        let characters =
            fair_bytes.filter_map(|byte| alphabet.get(byte % alphabet.len())).map(|byte| char::from(*byte));
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

/// Hashes a password, as blocking work of the runtime.
pub fn hash(salt: &[u8], password: &str) -> [u8; HASH_LEN] {
    let mut hash = [0; HASH_LEN];
    let work = || pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, ITERATIONS, salt, password.as_bytes(), &mut hash);
    tokio::task::block_in_place(work);
    hash
}

/// Says whether the given password is the one that `proof` was made for. Blanks, hyphens and letter case do not count,
/// for passwords are read out and typed.
pub fn is_right(proof: Option<&[u8]>, given: &OneTimePassword) -> bool {
    let Some((salt, expected)) = proof.and_then(|proof| proof.split_at_checked(SALT_LEN)) else { return false };
    let mut typed = Zeroizing::new(String::with_capacity(given.expose().len()));
    let significant = given.expose().chars().filter(|character| !character.is_whitespace() && *character != '-');
    typed.extend(significant.map(|character| character.to_ascii_uppercase()));
    constant_time::verify_slices_are_equal(&hash(salt, &typed), expected).is_ok()
}
