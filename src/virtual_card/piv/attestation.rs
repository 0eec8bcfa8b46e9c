//! Attestation: an X.509 certificate (RFC 5280) by which the card's own key says that it made another key.

use super::keys::{Algorithm, FAILURE, Key, Origin};
use super::state::Persistent;
use crate::iso7816::{StatusWord, tlv};
use aws_lc_rs::{digest, rand};

/// Names the key that signs attestations.
pub(super) const ATTESTATION_KEY: u8 = 0xF9;
/// Names the tag of the data object that holds the attestation key's certificate.
pub(super) const ATTESTATION_CERTIFICATE: u32 = 0x5FFF01;

const SEQUENCE: u32 = 0x30;
const SET: u32 = 0x31;
const INTEGER: u32 = 0x02;
const BIT_STRING: u32 = 0x03;
const OCTET_STRING: u32 = 0x04;
const NULL: u32 = 0x05;
const OBJECT_IDENTIFIER: u32 = 0x06;
const UTF8_STRING: u32 = 0x0C;
const GENERALIZED_TIME: u32 = 0x18;

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const RSA_ENCRYPTION: &[u8] = &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
const EC_PUBLIC_KEY: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x02, 0x01];
const P256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
const P384: &[u8] = &[0x2B, 0x81, 0x04, 0x00, 0x22];
const ECDSA_WITH_SHA256: &[u8] = &[0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02];
/// Begins Yubico's extensions: 1.3.6.1.4.1.41482.3.
const YUBICO: &[u8] = &[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0xC4, 0x0A, 0x03];
const FIRMWARE: u8 = 3;
const SERIAL: u8 = 7;
const POLICIES: u8 = 8;
/// Encodes basic constraints, critical: a certification authority (RFC 5280, 4.2.1.9).
const AUTHORITY: &[u8] =
    &[0x30, 0x0F, 0x06, 0x03, 0x55, 0x1D, 0x13, 0x01, 0x01, 0xFF, 0x04, 0x05, 0x30, 0x03, 0x01, 0x01, 0xFF];

const ISSUER: &str = "Cardwright Virtual PIV Attestation";

/// Returns the certificate of the attestation key itself, in the form of a certificate object (SP 800-73-4 part 1, 4).
pub(super) fn own_certificate(key: &Key) -> Option<Vec<u8>> {
    let certificate = sign(key, key, ISSUER, AUTHORITY)?;
    Some([tlv::write(0x70, &certificate), tlv::write(0x71, &[0x00]), tlv::write(0xFE, &[])].concat())
}

/// Returns the certificate for the key `reference`, which must have been made on the card.
pub(super) fn certificate(card: &Persistent, reference: u8) -> Result<Vec<u8>, StatusWord> {
    let key = card.keys.get(&reference).ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)?;
    if reference == ATTESTATION_KEY || key.origin != Origin::Generated {
        return Err(StatusWord::INCORRECT_DATA);
    }
    let issuer = card.keys.get(&ATTESTATION_KEY).ok_or(StatusWord::REFERENCE_DATA_NOT_FOUND)?;
    let extensions = [
        extension(FIRMWARE, &card.profile.version),
        extension(SERIAL, &tlv::write(INTEGER, &unsigned(&card.profile.serial.to_be_bytes()))),
        extension(POLICIES, &[key.pin_policy.id(), key.touch_policy]),
    ];
    let subject = format!("YubiKey PIV Attestation {reference:x}");
    sign(issuer, key, &subject, &extensions.concat()).ok_or(FAILURE)
}

fn extension(last: u8, value: &[u8]) -> Vec<u8> {
    let oid = tlv::write(OBJECT_IDENTIFIER, &[YUBICO, &[last]].concat());
    tlv::write(SEQUENCE, &[oid, tlv::write(OCTET_STRING, value)].concat())
}

/// Makes a certificate over `subject`'s key, signed by `issuer`, which is a P-256 key.
fn sign(issuer: &Key, subject: &Key, subject_name: &str, extensions: &[u8]) -> Option<Vec<u8>> {
    let mut serial = [0; 16];
    rand::fill(&mut serial).ok()?;
    let algorithm = tlv::write(SEQUENCE, &tlv::write(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));
    // The card has no clock.
    let validity = [tlv::write(GENERALIZED_TIME, b"20200101000000Z"), tlv::write(GENERALIZED_TIME, b"99991231235959Z")];
    let body = [
        tlv::write(0xA0, &tlv::write(INTEGER, &[2])),
        tlv::write(INTEGER, &unsigned(&serial)),
        algorithm.clone(),
        name(ISSUER),
        tlv::write(SEQUENCE, &validity.concat()),
        name(subject_name),
        public_key_info(subject)?,
        tlv::write(0xA3, &tlv::write(SEQUENCE, extensions)),
    ]
    .concat();
    let body = tlv::write(SEQUENCE, &body);
    let signature = issuer.sign(digest::digest(&digest::SHA256, &body).as_ref()).ok()?;
    Some(tlv::write(SEQUENCE, &[body, algorithm, bit_string(&signature)].concat()))
}

fn name(common_name: &str) -> Vec<u8> {
    let attribute = [tlv::write(OBJECT_IDENTIFIER, COMMON_NAME), tlv::write(UTF8_STRING, common_name.as_bytes())];
    tlv::write(SEQUENCE, &tlv::write(SET, &tlv::write(SEQUENCE, &attribute.concat())))
}

fn public_key_info(key: &Key) -> Option<Vec<u8>> {
    let objects = tlv::read_all(&key.public.0).ok()?;
    let (algorithm, bits) = match (key.algorithm, objects.as_slice()) {
        (Algorithm::P256, [point]) => (ec_algorithm(P256), point.value.to_vec()),
        (Algorithm::P384, [point]) => (ec_algorithm(P384), point.value.to_vec()),
        (_, [modulus, exponent]) => {
            let algorithm = [tlv::write(OBJECT_IDENTIFIER, RSA_ENCRYPTION), tlv::write(NULL, &[])].concat();
            let numbers = [modulus, exponent].map(|number| tlv::write(INTEGER, &unsigned(number.value)));
            (algorithm, tlv::write(SEQUENCE, &numbers.concat()))
        }
        _ => return None,
    };
    Some(tlv::write(SEQUENCE, &[tlv::write(SEQUENCE, &algorithm), bit_string(&bits)].concat()))
}

fn ec_algorithm(curve: &[u8]) -> Vec<u8> {
    [tlv::write(OBJECT_IDENTIFIER, EC_PUBLIC_KEY), tlv::write(OBJECT_IDENTIFIER, curve)].concat()
}

fn bit_string(bytes: &[u8]) -> Vec<u8> {
    tlv::write(BIT_STRING, &[&[0x00], bytes].concat())
}

/// Encodes the content of a positive INTEGER.
fn unsigned(bytes: &[u8]) -> Vec<u8> {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let significant = &bytes[zeros..];
    match significant.first() {
        Some(first) if *first < 0x80 => significant.to_vec(),
        _ => [&[0x00], significant].concat(),
    }
}
