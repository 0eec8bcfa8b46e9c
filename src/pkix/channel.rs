//! Names a TLS channel by its server's certificate, so that a login can be bound to it (RFC 5929, 4).

use super::signature_algorithm::SignatureAlgorithm;
use der::asn1::AnyRef;
use der::oid::ObjectIdentifier;
use der::{Decode, Reader, SliceReader};

const PREFIX: &[u8] = b"tls-server-end-point:";

/// Returns the name of a channel whose server has shown this certificate (DER): the hash of it that its signature uses; SHA-256
/// where that is a weaker one, or cannot be told. No more of the certificate is read than that.
pub fn server_end_point(certificate: &[u8]) -> Vec<u8> {
    let signed = signature_algorithm(certificate).ok();
    let strong = SignatureAlgorithm::ALL.into_iter().filter(|algorithm| algorithm.hash_name() != "SHA1");
    let known = strong.into_iter().find(|algorithm| Some(algorithm.oid()) == signed);
    [PREFIX, &known.unwrap_or(SignatureAlgorithm::RsaPkcs1Sha256).digest(certificate)].concat()
}

/// Returns what a certificate is signed with (RFC 5280, 4.1.1.2).
fn signature_algorithm(certificate: &[u8]) -> der::Result<ObjectIdentifier> {
    let mut parts = inside(certificate)?;
    parts.tlv_bytes()?;
    ObjectIdentifier::from_der(inside(parts.tlv_bytes()?)?.tlv_bytes()?)
}

/// Returns a reader of what is inside an element.
fn inside(element: &[u8]) -> der::Result<SliceReader<'_>> {
    SliceReader::new(AnyRef::from_der(element)?.value())
}
