//! Names a TLS channel by its server's certificate, so that a login can be bound to it (RFC 5929, 4).

use super::oid;
use super::signature_algorithm::SignatureAlgorithm;
use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader};

const PREFIX: &[u8] = b"tls-server-end-point:";
/// Identifies RSASSA-PSS, whose parameters name the hash (RFC 4055, 3.1).
const RSASSA_PSS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.10");
/// Tags hashAlgorithm in those parameters.
const HASH_ALGORITHM: u8 = 0xA0;

/// Returns the name of a channel whose server has shown this certificate (DER): the hash of it that its signature uses; SHA-256
/// where that is a weaker one, or cannot be told. No more of the certificate is read than that.
pub fn server_end_point(certificate: &[u8]) -> Vec<u8> {
    let hash = hash_of_signature(certificate).ok().filter(|hash| *hash != oid::SHA1);
    let known = SignatureAlgorithm::ALL.into_iter().find(|algorithm| Some(algorithm.digest_oid()) == hash);
    [PREFIX, &known.unwrap_or(SignatureAlgorithm::RsaPkcs1Sha256).digest(certificate)].concat()
}

/// Returns the hash that a certificate's signature uses (RFC 5280, 4.1.1.2).
fn hash_of_signature(certificate: &[u8]) -> der::Result<ObjectIdentifier> {
    let mut parts = inside(certificate)?;
    parts.tlv_bytes()?;
    let mut algorithm = inside(parts.tlv_bytes()?)?;
    let signed = ObjectIdentifier::from_der(algorithm.tlv_bytes()?)?;
    if signed != RSASSA_PSS {
        let known = SignatureAlgorithm::ALL.into_iter().find(|algorithm| algorithm.oid() == signed);
        return Ok(known.map_or(signed, SignatureAlgorithm::digest_oid));
    }
    let first = inside(algorithm.tlv_bytes()?)?.tlv_bytes()?;
    match first {
        [HASH_ALGORITHM, ..] => ObjectIdentifier::from_der(inside(inside(first)?.tlv_bytes()?)?.tlv_bytes()?),
        _ => Ok(oid::SHA1),
    }
}

/// Returns a reader of what is inside an element.
fn inside(element: &[u8]) -> der::Result<SliceReader<'_>> {
    SliceReader::new(AnyRef::from_der(element)?.value())
}
