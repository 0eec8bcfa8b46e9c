//! Signing: which mechanism, what is hashed here, and the signature's form (PKCS#11 v2.40 mechanisms, 2.1 and 2.3).

use aws_lc_rs::digest;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use der::asn1::UintRef;
use der::{Encode, Sequence};

use super::error::{CallError, device, failed};
use crate::pkix::{KeyKind, SignatureAlgorithm};
use crate::token::Error;

const SIGNING: &str = "C_Sign";

/// Signs `message` with the private key `object` of the kind `key`.
///
/// ECDSA is hashed here: SoftHSM 2.6.1 has CKM_ECDSA but none that hashes. RSA is hashed by the token where it can.
pub(super) fn sign(
    session: &Session,
    object: ObjectHandle,
    key: KeyKind,
    algorithm: SignatureAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, Error> {
    let scheme = Scheme::of(algorithm);
    match (order_bytes(key), &scheme.rsa) {
        (None, Some(mechanism)) => {
            let signed = match session.sign(mechanism, object, message) {
                Err(Cryptoki::Pkcs11(RvError::MechanismInvalid, _)) => {
                    session.sign(&Mechanism::RsaPkcs, object, &scheme.digest_info(message))
                }
                signed => signed,
            };
            signed.map_err(|error| refused(algorithm, error))
        }
        (Some(bytes), None) => {
            let digest = scheme.digest(message);
            // FIPS 186-4, 6.4: the leftmost bits, as many as the order has; not every module shortens by itself.
            let leftmost = digest.as_ref().get(..bytes).unwrap_or(digest.as_ref());
            let raw = session.sign(&Mechanism::Ecdsa, object, leftmost).map_err(|error| refused(algorithm, error))?;
            ecdsa_sig_value(&raw, bytes)
        }
        _ => Err(Error::Signature(algorithm)),
    }
}

/// Bytes of the order of the key's curve; `None` for RSA.
fn order_bytes(key: KeyKind) -> Option<usize> {
    match key {
        KeyKind::Rsa { .. } => None,
        KeyKind::P256 => Some(32),
        KeyKind::P384 => Some(48),
    }
}

fn refused(algorithm: SignatureAlgorithm, error: Cryptoki) -> Error {
    match error {
        Cryptoki::Pkcs11(
            RvError::MechanismInvalid
            | RvError::MechanismParamInvalid
            | RvError::KeyTypeInconsistent
            | RvError::KeyFunctionNotPermitted,
            _,
        ) => Error::Signature(algorithm),
        error => failed(SIGNING)(error),
    }
}

struct Scheme {
    hash: &'static digest::Algorithm,
    /// The mechanism that hashes and signs; `None` for ECDSA.
    rsa: Option<Mechanism<'static>>,
    /// DigestInfo without the digest (RFC 8017, 9.2, note 1).
    prefix: &'static [u8],
}

impl Scheme {
    fn of(algorithm: SignatureAlgorithm) -> Self {
        use SignatureAlgorithm as A;
        let rsa = match algorithm {
            A::RsaPkcs1Sha1 => Some(Mechanism::Sha1RsaPkcs),
            A::RsaPkcs1Sha256 => Some(Mechanism::Sha256RsaPkcs),
            A::RsaPkcs1Sha384 => Some(Mechanism::Sha384RsaPkcs),
            A::RsaPkcs1Sha512 => Some(Mechanism::Sha512RsaPkcs),
            A::EcdsaSha1 | A::EcdsaSha256 | A::EcdsaSha384 | A::EcdsaSha512 => None,
        };
        let (hash, prefix): (_, &[u8]) = match algorithm {
            A::RsaPkcs1Sha1 | A::EcdsaSha1 => (&digest::SHA1_FOR_LEGACY_USE_ONLY, &SHA1_INFO),
            A::RsaPkcs1Sha256 | A::EcdsaSha256 => (&digest::SHA256, &SHA256_INFO),
            A::RsaPkcs1Sha384 | A::EcdsaSha384 => (&digest::SHA384, &SHA384_INFO),
            A::RsaPkcs1Sha512 | A::EcdsaSha512 => (&digest::SHA512, &SHA512_INFO),
        };
        Self { hash, rsa, prefix }
    }

    fn digest(&self, message: &[u8]) -> digest::Digest {
        digest::digest(self.hash, message)
    }

    fn digest_info(&self, message: &[u8]) -> Vec<u8> {
        [self.prefix, self.digest(message).as_ref()].concat()
    }
}

const SHA1_INFO: [u8; 15] = [0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14];
const SHA256_INFO: [u8; 19] = sha2_info(0x31, 1, 0x20);
const SHA384_INFO: [u8; 19] = sha2_info(0x41, 2, 0x30);
const SHA512_INFO: [u8; 19] = sha2_info(0x51, 3, 0x40);

/// The three SHA-2 prefixes differ in the outer length, the last arc of the name and the digest's length.
const fn sha2_info(length: u8, arc: u8, digest: u8) -> [u8; 19] {
    [
        0x30, length, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, arc, 0x05, 0x00, 0x04,
        digest,
    ]
}

/// RFC 3279, 2.2.3.
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Turns r || s, each as long as the order (`bytes`), into DER.
fn ecdsa_sig_value(raw: &[u8], bytes: usize) -> Result<Vec<u8>, Error> {
    let length = || device(SIGNING, CallError::SignatureLength(raw.len()));
    if raw.len() != 2 * bytes {
        return Err(length());
    }
    let (r, s) = raw.split_at(bytes);
    let value = UintRef::new(r).and_then(|r| UintRef::new(s).map(|s| EcdsaSigValue { r, s }));
    value.and_then(|value| value.to_der()).map_err(|_| length())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn raw_ecdsa_becomes_der_without_needless_zeros() {
        let mut raw = [0u8; 64];
        raw[31] = 5;
        raw[32] = 0x80;
        let der = ecdsa_sig_value(&raw, 32).unwrap();
        assert_eq!(hex::encode(&der[..5]), "3026020105");
        assert_eq!(hex::encode(&der[5..9]), "02210080");
        assert!(ecdsa_sig_value(&raw[..63], 32).is_err());
        assert!(ecdsa_sig_value(&[], 32).is_err());
    }

    #[test]
    fn digest_info_is_that_of_rfc_8017() {
        let info = Scheme::of(SignatureAlgorithm::RsaPkcs1Sha256).digest_info(b"abc");
        assert!(hex::encode(info).starts_with("3031300d060960864801650304020105000420ba7816bf"));
    }
}
