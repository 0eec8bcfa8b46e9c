//! Key files: their numbers, mechanisms and file control parameters, and how their keys are read and imported.

use super::container::KeySpec;
use super::error::{Error, device, unreadable};
use crate::iso7816::{lenient, tlv};
use crate::pkix::{KeyAlgorithm, MemoryKey, PublicKey};
use crate::token;
use pkcs8::PrivateKeyInfoRef;
use pkcs8::der::Decode;

/// Names the first container's key; its file is B081.
const FIRST: u8 = 0x81;
const FILES: u16 = 0xB000;

/// Marks a mechanism for computing, in a control reference template.
const COMPUTES: u8 = 0x40;
const CONFIDENTIALITY: u32 = 0xB8;
const SIGNATURE: u32 = 0xB6;

/// Names the key type "RSA" of an imported key.
const RSA: u8 = 2;
/// Says that an imported key is not wrapped under another key.
const NOT_WRAPPED: u8 = 0;

/// Returns the reference of a container's key. A container map has no index above 126.
pub(super) fn reference(index: u8) -> u8 {
    FIRST.saturating_add(index)
}

/// Returns the file identifier of a container's key.
pub(super) fn file(index: u8) -> u16 {
    FILES | u16::from(reference(index))
}

/// Returns the bits of an RSA key; `None` for elliptic curves, for which Windows' own driver has no containers either.
pub(super) fn rsa_bits(algorithm: KeyAlgorithm) -> Option<u16> {
    match algorithm {
        KeyAlgorithm::Rsa2048 => Some(2048),
        KeyAlgorithm::Rsa3072 => Some(3072),
        KeyAlgorithm::Rsa4096 => Some(4096),
        KeyAlgorithm::P256 | KeyAlgorithm::P384 => None,
    }
}

/// Returns the cryptographic mechanism of an RSA key of so many bits (GIDS 2.0, table 43); `None` for other sizes.
pub(super) fn mechanism(bits: u16) -> Option<u8> {
    match bits {
        1024 => Some(0x06),
        2048 => Some(0x07),
        3072 => Some(0x08),
        4096 => Some(0x09),
        _ => None,
    }
}

/// Returns the mechanism that pads as PKCS#1 v1.5 on the card.
pub(super) fn pkcs1(mechanism: u8) -> u8 {
    0x50 | mechanism
}

/// Encodes the file control parameters of a container's key, with the mechanisms that Windows' driver gives a key: the
/// user generates, imports and uses it, everybody reads the public key.
pub(super) fn parameters(index: u8, mechanism: u8, spec: KeySpec) -> Vec<u8> {
    let template = |tag: u32, padding: u8| {
        let inner = [
            tlv::write(0x80, &[padding | mechanism]),
            tlv::write(0x83, &[reference(index)]),
            tlv::write(0x95, &[COMPUTES]),
        ];
        tlv::write(tag, &inner.concat())
    };
    let signs = [template(SIGNATURE, 0x10), template(SIGNATURE, 0x50)].concat();
    let templates = match spec {
        KeySpec::Signature => signs,
        KeySpec::Exchange => {
            let decrypts = [0x00, 0x80, 0x40].map(|padding| template(CONFIDENTIALITY, padding));
            [decrypts.concat(), signs].concat()
        }
    };
    let access = [0x8F, 0x10, 0x10, 0x10, 0x00];
    let parameters = [
        tlv::write(0x82, &[0x18]),
        tlv::write(0x83, &file(index).to_be_bytes()),
        tlv::write(0x8C, &access),
        tlv::write(0xA5, &templates),
    ];
    tlv::write(0x62, &parameters.concat())
}

/// Reads a public key template (ISO/IEC 7816-8, 7F49).
pub(super) fn public_key(command: &'static str, answer: &[u8]) -> Result<PublicKey, token::Error> {
    let within = |bytes, wanted| lenient::read(bytes).one(wanted)?.ok_or(tlv::TlvError::Missing { wanted });
    let read = || {
        let template = within(answer, 0x7F49)?;
        Ok((within(template, 0x81)?, within(template, 0x82)?))
    };
    let (modulus, exponent) = read().map_err(unreadable(command))?;
    PublicKey::from_rsa(modulus, exponent).map_err(|source| device(command, Error::PublicKey(source)))
}

/// Encodes the key value template that imports an RSA key pair (RSAPrivateKey, RFC 8017, A.1.2).
pub(super) fn import(key: &MemoryKey) -> Result<tlv::Writer, Error> {
    let info = PrivateKeyInfoRef::from_der(key.expose_pkcs8()).map_err(|_| Error::PrivateKey)?;
    Ok(tlv::Writer::new().put(0x83, &[RSA]).put(0x84, &[NOT_WRAPPED]).put(0x87, info.private_key.as_bytes()))
}
