//! What YubiKeys from 5.3 on tell of a secret or key (GET METADATA), and public keys as cards encode them.

use super::algorithm::key_algorithm;
use super::command;
use super::error::{Error, malformed};
use super::objects::one;
use super::reference::PinPolicy;
use crate::iso7816::tlv::{Tlv, TlvError, read_all, read_one};
use crate::pkix::{KeyAlgorithm, PublicKey};
use crate::token::{self, Tries};

/// Holds one answer to GET METADATA.
pub(super) struct Metadata {
    /// Identifier of the key's algorithm; FF for PIN and PUK.
    pub algorithm: u8,
    /// `None` if the key reference's default policy holds.
    pub pin_policy: Option<PinPolicy>,
    /// `None` also for kinds of key that this program never orders.
    pub public_key: Option<PublicKey>,
    pub is_default: Option<bool>,
    pub tries_left: Option<u8>,
}

/// Holds what a card tells of PIN or PUK without a try being spent.
#[derive(Clone, Copy)]
pub(super) struct ToldOf {
    pub tries: Tries,
    pub is_default: Option<bool>,
}

impl Metadata {
    /// Reads an answer. `None` if it does not tell the algorithm, which every real answer does: Nitrokeys know the
    /// command and answer it with nothing (piv-authenticator 0.7).
    pub fn read(answer: &[u8]) -> Result<Option<Self>, token::Error> {
        let told = |objects: &[Tlv<'_>]| -> Result<_, TlvError> {
            let default = one(objects, 0x05)?.and_then(|value| value.first().map(|byte| *byte != 0));
            let left = match one(objects, 0x06)? {
                None => None,
                Some([_, left]) => Some(*left),
                Some(other) => return Err(TlvError::ValueLength { tag: 0x06, length: other.len() }),
            };
            let policy = one(objects, 0x02)?.and_then(|value| value.first().copied());
            Ok((byte(objects, 0x01)?, policy, default, left))
        };
        let objects = read_all(answer).map_err(malformed(command::GET_METADATA))?;
        let (algorithm, policy, is_default, tries_left) = told(&objects).map_err(malformed(command::GET_METADATA))?;
        let Some(algorithm) = algorithm else { return Ok(None) };
        let key = one(&objects, 0x04).map_err(malformed(command::GET_METADATA))?;
        let public_key = match (key_algorithm(algorithm), key) {
            (Some(algorithm), Some(key)) => Some(public_key(command::GET_METADATA, algorithm, key)?),
            _ => None,
        };
        let pin_policy = policy.and_then(|policy| match policy {
            0x01 => Some(PinPolicy::Never),
            0x02 => Some(PinPolicy::Once),
            0x03 => Some(PinPolicy::Always),
            _ => None,
        });
        Ok(Some(Self { algorithm, pin_policy, public_key, is_default, tries_left }))
    }
}

fn byte(objects: &[Tlv<'_>], tag: u32) -> Result<Option<u8>, TlvError> {
    match one(objects, tag)? {
        None => Ok(None),
        Some([value]) => Ok(Some(*value)),
        Some(other) => Err(TlvError::ValueLength { tag, length: other.len() }),
    }
}

/// Reads the public key in `7F49`, which GENERATE ASYMMETRIC KEY PAIR answers (SP 800-73-4 part 2, table 11).
pub(super) fn generated(algorithm: KeyAlgorithm, answer: &[u8]) -> Result<PublicKey, token::Error> {
    let template = read_one(answer).map_err(malformed(command::GENERATE))?;
    if template.tag != 0x7F49 {
        return Err(malformed(command::GENERATE)(TlvError::Unexpected { tag: template.tag }));
    }
    public_key(command::GENERATE, algorithm, template.value)
}

/// Reads a public key: objects 81 (modulus) and 82 (exponent), or 86 (point).
fn public_key(command: &'static str, algorithm: KeyAlgorithm, fields: &[u8]) -> Result<PublicKey, token::Error> {
    let field = |tag| -> Result<_, TlvError> { one(&read_all(fields)?, tag)?.ok_or(TlvError::Missing { wanted: tag }) };
    let field = |tag| field(tag).map_err(malformed(command));
    let key = match algorithm {
        KeyAlgorithm::Rsa2048 | KeyAlgorithm::Rsa3072 | KeyAlgorithm::Rsa4096 => {
            PublicKey::from_rsa(field(0x81)?, field(0x82)?)
        }
        KeyAlgorithm::P256 | KeyAlgorithm::P384 => PublicKey::from_ec_point(algorithm, field(0x86)?),
    };
    let key = key.map_err(|error| Error::PublicKey(error).at(command))?;
    let wanted = algorithm.kind();
    if key.kind() != wanted {
        return Err(Error::OtherKey { wanted, returned: key.kind() }.at(command));
    }
    Ok(key)
}
