//! Signs: chooses the mechanism, hashes where the token does not, and puts the signature into its standard form
//! (PKCS#11 v2.40 mechanisms, 2.1 and 2.3).

use super::error::{CallError, device, failed};
use crate::pkix::{KeyKind, SignatureAlgorithm};
use crate::token::Error;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::ObjectHandle;
use cryptoki::session::Session;
use der::asn1::UintRef;
use der::{Encode, Sequence};

const SIGNING: &str = "C_Sign";

/// Signs `message` with the private key `object`, which is of kind `key`.
///
/// For ECDSA the message is hashed here, because SoftHSM 2.6.1 has no ECDSA mechanism that hashes. For RSA the token
/// hashes if it can.
pub(super) fn sign(
    session: &Session,
    object: ObjectHandle,
    key: KeyKind,
    algorithm: SignatureAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, Error> {
    match (order_bytes(key), hashing_mechanism(algorithm)) {
        (None, Some(mechanism)) => {
            let signed = match session.sign(&mechanism, object, message) {
                Err(Cryptoki::Pkcs11(RvError::MechanismInvalid, _)) => {
                    let info = algorithm.digest_info(message).map_err(|_| Error::Signature(algorithm))?;
                    session.sign(&Mechanism::RsaPkcs, object, &info)
                }
                signed => signed,
            };
            signed.map_err(|error| refused(algorithm, error))
        }
        (Some(bytes), None) => {
            let digest = algorithm.digest(message);
            // FIPS 186-4, 6.4: as many leftmost bits as the order has. Not every module cuts the digest by itself.
            let leftmost = digest.get(..bytes).unwrap_or(&digest);
            let raw = session.sign(&Mechanism::Ecdsa, object, leftmost).map_err(|error| refused(algorithm, error))?;
            ecdsa_sig_value(&raw, bytes)
        }
        _ => Err(Error::Signature(algorithm)),
    }
}

/// Returns the length of the curve's order, in bytes; `None` for RSA.
fn order_bytes(key: KeyKind) -> Option<usize> {
    match key {
        KeyKind::Rsa { .. } => None,
        KeyKind::P256 => Some(32),
        KeyKind::P384 => Some(48),
    }
}

/// Translates an error of C_Sign; a key or mechanism that does not fit is [`Error::Signature`].
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

/// Returns the mechanism that hashes and signs; `None` for ECDSA.
fn hashing_mechanism(algorithm: SignatureAlgorithm) -> Option<Mechanism<'static>> {
    use SignatureAlgorithm as A;
    match algorithm {
        A::RsaPkcs1Sha1 => Some(Mechanism::Sha1RsaPkcs),
        A::RsaPkcs1Sha256 => Some(Mechanism::Sha256RsaPkcs),
        A::RsaPkcs1Sha384 => Some(Mechanism::Sha384RsaPkcs),
        A::RsaPkcs1Sha512 => Some(Mechanism::Sha512RsaPkcs),
        A::EcdsaSha1 | A::EcdsaSha256 | A::EcdsaSha384 | A::EcdsaSha512 => None,
    }
}

/// Encodes an Ecdsa-Sig-Value (RFC 3279, 2.2.3).
#[derive(Sequence)]
struct EcdsaSigValue<'a> {
    r: UintRef<'a>,
    s: UintRef<'a>,
}

/// Encodes r || s, each as long as the order (`bytes`), in DER.
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
}
