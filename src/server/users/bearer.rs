//! Makes bearer tokens and their records: random bytes, their hash, how long they hold, and the codes with which their
//! owners make them.

use super::rules::{AccountRefusal, MAX_DAYS};
use crate::secret::{ActivationCode, BearerToken};
use crate::store::{Activation, BearerRecord};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Counts the random bytes of a bearer token.
const BEARER_BYTES: usize = 32;

/// Sets for how long an activation code is good.
pub const CODE_LIFETIME: Duration = Duration::hours(24);
/// Counts the characters of an activation code.
const CODE_CHARACTERS: usize = 20;
/// Counts the characters between two dashes.
const CODE_GROUP: usize = 5;
/// Lists the characters of an activation code: digits, and letters that are like none of them.
const CODE_ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Holds a bearer record that is about to be written, and the bearer token that its owner is shown once.
pub struct FreshBearer {
    pub record: BearerRecord,
    pub token: BearerToken,
}

impl FreshBearer {
    /// Makes a bearer token and its record; `None` when the system gives no random bytes.
    pub fn new(owner: Uuid, label: &str, now: OffsetDateTime, expires: OffsetDateTime) -> Option<Self> {
        let bearer = new_bearer().ok()?;
        let hash = bearer_hash(bearer.expose());
        let (uuid, label) = (Uuid::now_v7(), label.to_owned());
        let (last_used, revoked, activation) = (None, None, None);
        let record = BearerRecord { uuid, owner, label, hash, created: now, expires, last_used, revoked, activation };
        Some(Self { record, token: bearer })
    }
}

/// Holds a bearer record that awaits its owner, and the code with which the owner makes the bearer token.
pub struct AwaitedBearer {
    pub record: BearerRecord,
    pub code: ActivationCode,
}

impl AwaitedBearer {
    /// Makes a code and the record; `None` when the system gives no random bytes. The token holds as long from its
    /// activation as from `now` to `expires`.
    pub fn new(owner: Uuid, label: &str, now: OffsetDateTime, expires: OffsetDateTime) -> Option<Self> {
        // Nobody has the token whose hash this is: it is thrown away.
        let FreshBearer { record, token: _ } = FreshBearer::new(owner, label, now, expires)?;
        let code = new_code().ok()?;
        let activation = Activation { code: code_hash(code.expose()), ends: now + CODE_LIFETIME, used: None };
        Some(Self { record: BearerRecord { activation: Some(activation), ..record }, code })
    }
}

/// Makes an activation code: 20 characters in groups of five, which nobody mistakes for others. 100 random bits.
fn new_code() -> Result<ActivationCode, aws_lc_rs::error::Unspecified> {
    let mut bytes = Zeroizing::new([0; CODE_CHARACTERS]);
    rand::fill(bytes.as_mut_slice())?;
    let mut text = Zeroizing::new(String::with_capacity(CODE_CHARACTERS + CODE_CHARACTERS / CODE_GROUP));
    for (index, byte) in bytes.iter().enumerate() {
        if index > 0 && index % CODE_GROUP == 0 {
            text.push('-');
        }
        // 256 is a multiple of the alphabet's 32 characters, so that none is favoured.
        text.push(char::from(CODE_ALPHABET[usize::from(*byte) % CODE_ALPHABET.len()]));
    }
    Ok(ActivationCode::new(text.to_string()))
}

/// Returns what is stored of an activation code: the SHA-256 of its characters as they are meant, in either case, with
/// or without dashes and blanks. It has 100 random bits, so that a slow hash would protect nothing.
pub fn code_hash(code: &str) -> [u8; 32] {
    let meant = code.chars().filter(|character| !matches!(character, '-' | ' ')).map(|character| {
        match character.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        }
    });
    bearer_hash(&Zeroizing::new(meant.collect::<String>()))
}

/// Returns when a bearer token that is made now for this many days ends; refuses none and more than [`MAX_DAYS`].
pub fn expiry(now: OffsetDateTime, days: u32) -> Result<OffsetDateTime, AccountRefusal> {
    if (1..=MAX_DAYS).contains(&days) { Ok(now + Duration::days(days.into())) } else { Err(AccountRefusal::Lifetime) }
}

/// Makes a new bearer token, or the value of a session's cookie: 32 random bytes, base64url.
pub fn new_bearer() -> Result<BearerToken, aws_lc_rs::error::Unspecified> {
    let mut bytes = Zeroizing::new([0; BEARER_BYTES]);
    rand::fill(bytes.as_mut_slice())?;
    Ok(BearerToken::new(URL_SAFE_NO_PAD.encode(*bytes)))
}

/// Returns what is stored of a bearer token: its SHA-256. It is random, so that a slow hash would protect nothing.
pub fn bearer_hash(bearer: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, bearer.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let code = new_code().unwrap();
        assert_eq!(code.expose().len(), CODE_CHARACTERS + 3);
        let written = code.expose().replace('-', " ").to_lowercase().replace('0', "o").replace('1', "l");
        assert_eq!(code_hash(&written), code_hash(code.expose()));
        assert_ne!(code_hash(new_code().unwrap().expose()), code_hash(code.expose()));
    }
}
