//! A card's state at rest: encrypted under a passphrase, in a file that tells what it is.
//!
//! It is one line of JSON, then 12 bytes of nonce, fresh each time, then AES-256-GCM with the line as associated data.
//! scrypt (RFC 7914) derives from the passphrase the key and a check value, which tells a wrong passphrase from a
//! damaged file.

use super::kind::Kind;
use crate::secret::Passphrase;
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use pkcs8::pkcs5::scrypt;
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

const WHAT: &str = "virtual card";
const VERSION: u32 = 1;
/// Sets the cost of a new file: N = 2^14, r = 8, p = 4, which is 16 MiB and some tenths of a second, as for the
/// server's key files.
const COST: Cost = Cost { log_n: 14, r: 8, p: 4 };
/// Limits the memory that opening a file from elsewhere may cost: 512 MiB.
const MOST_BYTES: u64 = 512 << 20;
/// Limits the time that opening a file from elsewhere may cost, in rounds (scrypt's p).
const MOST_ROUNDS: u32 = 16;
const KEY: usize = 32;
const CHECK: usize = 16;
const SALT: usize = 16;

/// Says what is wrong with the bytes of a file, or with the passphrase for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    #[error("the passphrase does not open it")]
    Passphrase,
    #[error("an empty passphrase protects nothing")]
    NoPassphrase,
    #[error("its first line is not that of a virtual card")]
    Head,
    #[error("it is of version {version}; this program knows version {VERSION}")]
    Version { version: u32 },
    #[error("it asks for more memory or time to open than a card's file ever should")]
    Cost,
    #[error("it was altered or cut off")]
    Body,
    #[error("there is no randomness")]
    Random,
    #[error("the cipher failed")]
    Cipher,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Head {
    cardwright: String,
    version: u32,
    kind: Kind,
    scrypt: Cost,
    salt: String,
    /// Tells whether the passphrase is right; tells nothing of the key.
    check: String,
}

#[derive(Clone, Copy, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cost {
    log_n: u8,
    r: u32,
    p: u32,
}

/// Seals one card's state again and again, without the passphrase.
pub struct Seal {
    line: String,
    key: RandomizedNonceKey,
}

impl Seal {
    /// Makes a seal for a new card; takes tenths of a second, as opening does.
    pub fn new(kind: Kind, passphrase: &Passphrase) -> Result<Self, SealError> {
        if passphrase.expose().is_empty() {
            return Err(SealError::NoPassphrase);
        }
        let mut salt = [0; SALT];
        SystemRandom::new().fill(&mut salt).map_err(|_| SealError::Random)?;
        let derived = derive(passphrase, &salt, COST)?;
        let head = Head {
            cardwright: WHAT.into(),
            version: VERSION,
            kind,
            scrypt: COST,
            salt: hex::encode(salt),
            check: hex::encode(&derived[KEY..]),
        };
        let mut line = serde_json::to_string(&head).map_err(|_| SealError::Head)?;
        line.push('\n');
        Ok(Self { line, key: key(&derived)? })
    }

    /// Returns the bytes of a file that holds this state.
    pub fn seal(&self, state: &[u8]) -> Result<Vec<u8>, SealError> {
        let mut sealed = Zeroizing::new(state.to_vec());
        sealed.reserve_exact(AES_256_GCM.tag_len());
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(self.line.as_bytes()), &mut *sealed)
            .map_err(|_| SealError::Cipher)?;
        Ok([self.line.as_bytes(), nonce.as_ref(), &sealed].concat())
    }

    /// Opens a file; returns the seal with which it is written again, and the card's kind and state.
    pub fn open(file: &[u8], passphrase: &Passphrase) -> Result<(Self, Kind, Zeroizing<Vec<u8>>), SealError> {
        let (line, head, body) = parts(file)?;
        let salt = hex::decode(&head.salt).map_err(|_| SealError::Head)?;
        let derived = derive(passphrase, &salt, head.scrypt)?;
        if hex::encode(&derived[KEY..]) != head.check {
            return Err(SealError::Passphrase);
        }
        let key = key(&derived)?;
        let (nonce, sealed) = body.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Body)?;
        let mut state = Zeroizing::new(sealed.to_vec());
        let aad = Aad::from(line.as_bytes());
        let opened = key.open_in_place(Nonce::from(nonce), aad, &mut state).map_err(|_| SealError::Body)?.len();
        state.truncate(opened);
        Ok((Self { line: line.into(), key }, head.kind, state))
    }
}

/// Returns the kind of card that a file claims to hold; only opening it proves that.
pub fn kind(file: &[u8]) -> Result<Kind, SealError> {
    parts(file).map(|(_, head, _)| head.kind)
}

fn parts(file: &[u8]) -> Result<(&str, Head, &[u8]), SealError> {
    let end = file.iter().position(|byte| *byte == b'\n').ok_or(SealError::Head)?;
    let (line, body) = file.split_at(end + 1);
    let line = std::str::from_utf8(line).map_err(|_| SealError::Head)?;
    let head: Head = serde_json::from_str(line).map_err(|_| SealError::Head)?;
    match head.version {
        _ if head.cardwright != WHAT => Err(SealError::Head),
        VERSION => Ok((line, head, body)),
        version => Err(SealError::Version { version }),
    }
}

fn derive(passphrase: &Passphrase, salt: &[u8], cost: Cost) -> Result<Zeroizing<[u8; KEY + CHECK]>, SealError> {
    let bytes = 128_u64.checked_shl(cost.log_n.into()).and_then(|bytes| bytes.checked_mul(cost.r.into()));
    if cost.log_n > 30 || cost.p > MOST_ROUNDS || bytes.is_none_or(|bytes| bytes > MOST_BYTES) {
        return Err(SealError::Cost);
    }
    let parameters = scrypt::Params::new(cost.log_n, cost.r, cost.p).map_err(|_| SealError::Cost)?;
    let mut derived = Zeroizing::new([0; KEY + CHECK]);
    scrypt::scrypt(passphrase.expose().as_bytes(), salt, &parameters, derived.as_mut_slice())
        .map_err(|_| SealError::Cipher)?;
    Ok(derived)
}

fn key(derived: &[u8; KEY + CHECK]) -> Result<RandomizedNonceKey, SealError> {
    RandomizedNonceKey::new(&AES_256_GCM, &derived[..KEY]).map_err(|_| SealError::Cipher)
}
