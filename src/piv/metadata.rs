//! What YubiKeys from 5.3 on tell of a secret or key (GET METADATA), and public keys as cards encode them.

use super::algorithm::key_algorithm;
use super::command;
use super::error::{Error, malformed};
use super::reference::PinPolicy;
use crate::iso7816::lenient;
use crate::iso7816::tlv::TlvError;
use crate::pkix::{KeyAlgorithm, PublicKey};
use crate::token::{self, Tries};

/// Holds one answer to GET METADATA. What the answer lacks, or tells in a way of its own, is `None`.
#[derive(Default)]
pub(super) struct Metadata {
    /// Identifier of the key's algorithm; FF for PIN and PUK.
    pub algorithm: Option<u8>,
    /// `None` if the key reference's default policy holds.
    pub pin_policy: Option<PinPolicy>,
    /// `None` also for kinds of key that this program never orders.
    pub public_key: Option<PublicKey>,
    pub is_default: Option<bool>,
    pub tries_left: Option<u8>,
    /// Why the tries cannot be read, if the answer tells something of them.
    pub garbled_tries: Option<TlvError>,
}

/// Holds what a card tells of PIN or PUK without a try being spent.
#[derive(Clone, Copy)]
pub(super) struct ToldOf {
    pub tries: Tries,
    pub is_default: Option<bool>,
}

impl Metadata {
    /// Reads an answer. `None` if it is empty: Nitrokeys know the command and answer it with nothing
    /// (piv-authenticator 0.7).
    pub fn read(answer: &[u8]) -> Option<Self> {
        if answer.is_empty() {
            return None;
        }
        let objects = lenient::read(answer);
        let value = |tag| objects.one(tag).ok().flatten();
        let only = |tag| value(tag).and_then(|value: &[u8]| <[u8; 1]>::try_from(value).ok()).map(|[value]| value);
        let algorithm = only(0x01);
        let (tries_left, garbled_tries) = match objects.one(0x06) {
            Ok(None) => (None, None),
            Ok(Some([_, left])) => (Some(*left), None),
            Ok(Some(other)) => (None, Some(TlvError::ValueLength { tag: 0x06, length: other.len() })),
            Err(flaw) => (None, Some(flaw)),
        };
        let public_key = value(0x04).and_then(|fields| match algorithm {
            Some(algorithm) => public_key(command::GET_METADATA, key_algorithm(algorithm)?, fields).ok(),
            None => KeyAlgorithm::ALL.into_iter().find_map(|it| public_key(command::GET_METADATA, it, fields).ok()),
        });
        let pin_policy = value(0x02).and_then(<[u8]>::first).and_then(|policy| match policy {
            0x01 => Some(PinPolicy::Never),
            0x02 => Some(PinPolicy::Once),
            0x03 => Some(PinPolicy::Always),
            _ => None,
        });
        let is_default = value(0x05).and_then(<[u8]>::first).map(|byte| *byte != 0);
        Some(Self { algorithm, pin_policy, public_key, is_default, tries_left, garbled_tries })
    }
}

/// Reads the public key in `7F49`, which GENERATE ASYMMETRIC KEY PAIR answers (SP 800-73-4 part 2, table 11).
pub(super) fn generated(algorithm: KeyAlgorithm, answer: &[u8]) -> Result<PublicKey, token::Error> {
    let template = lenient::read(answer).one(0x7F49).and_then(|it| it.ok_or(TlvError::Missing { wanted: 0x7F49 }));
    public_key(command::GENERATE, algorithm, template.map_err(malformed(command::GENERATE))?)
}

/// Reads a public key: objects 81 (modulus) and 82 (exponent), or 86 (point).
fn public_key(command: &'static str, algorithm: KeyAlgorithm, fields: &[u8]) -> Result<PublicKey, token::Error> {
    let fields = lenient::read(fields);
    let field = |tag| fields.one(tag).and_then(|value| value.ok_or(TlvError::Missing { wanted: tag }));
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
