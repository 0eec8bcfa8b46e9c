//! Writes templates for new objects and reads the attributes of existing ones (PKCS#11 v2.40 base, 4).

use super::error::{CallError, device, failed, is_removal};
use crate::pkix::{KeyAlgorithm, PublicKey};
use crate::token::{Error, KeyId, KeyOrder};
use cryptoki::context::Pkcs11;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::{Attribute, AttributeType, CertificateType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::slot::Slot;
use cryptoki_sys::CK_ULONG;
use der::asn1::AnyRef;
use der::{Encode, Tag};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Holds CKA_EC_PARAMS of secp256r1 and secp384r1: the named curve in DER (RFC 5480, 2.1.1.1).
const SECP256R1: [u8; 10] = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const SECP384R1: [u8; 7] = [0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x22];

/// Is 65537, big-endian.
const PUBLIC_EXPONENT: [u8; 3] = [1, 0, 1];

/// Holds what CKM_RSA_PKCS_KEY_PAIR_GEN or CKM_EC_KEY_PAIR_GEN needs to know.
enum Generation {
    /// CKA_MODULUS_BITS.
    Rsa(CK_ULONG),
    /// CKA_EC_PARAMS.
    Ec(&'static [u8]),
}

/// Returns what the mechanism needs for this kind of key.
fn generation(algorithm: KeyAlgorithm) -> Generation {
    match algorithm {
        KeyAlgorithm::Rsa2048 => Generation::Rsa(2048),
        KeyAlgorithm::Rsa3072 => Generation::Rsa(3072),
        KeyAlgorithm::Rsa4096 => Generation::Rsa(4096),
        KeyAlgorithm::P256 => Generation::Ec(&SECP256R1),
        KeyAlgorithm::P384 => Generation::Ec(&SECP384R1),
    }
}

/// Lists the key pairs that the module can generate in this slot.
pub(super) fn offered(pkcs11: &Pkcs11, slot: Slot) -> Result<Vec<KeyAlgorithm>, Cryptoki> {
    let mechanisms = pkcs11.get_mechanism_list(slot)?;
    let mut offered = Vec::new();
    for algorithm in KeyAlgorithm::ALL {
        let listed = mechanisms.contains(&mechanism(algorithm).mechanism_type());
        // A module that lists the mechanism and cannot tell its sizes sets no limit.
        if listed && makes(pkcs11, slot, algorithm)? != Some(false) {
            offered.push(algorithm);
        }
    }
    Ok(offered)
}

/// Says whether the module can generate such a key pair in this slot; `None` where it does not tell.
pub(super) fn makes(pkcs11: &Pkcs11, slot: Slot, algorithm: KeyAlgorithm) -> Result<Option<bool>, Cryptoki> {
    has_mechanism(pkcs11, slot, algorithm, mechanism(algorithm).mechanism_type())
}

/// Says whether the module can sign with such a key in this slot; `None` where it does not tell.
pub(super) fn signs(pkcs11: &Pkcs11, slot: Slot, algorithm: KeyAlgorithm) -> Result<Option<bool>, Error> {
    let mechanism = if is_rsa(algorithm) { MechanismType::RSA_PKCS } else { MechanismType::ECDSA };
    has_mechanism(pkcs11, slot, algorithm, mechanism).map_err(failed("C_GetMechanismInfo"))
}

/// Says whether the mechanism is there for keys of this kind; `None` where the module does not tell.
fn has_mechanism(
    pkcs11: &Pkcs11,
    slot: Slot,
    algorithm: KeyAlgorithm,
    mechanism: MechanismType,
) -> Result<Option<bool>, Cryptoki> {
    let bits = match generation(algorithm) {
        Generation::Rsa(bits) => bits,
        Generation::Ec(parameters) if parameters == SECP256R1 => 256,
        Generation::Ec(_) => 384,
    };
    match pkcs11.get_mechanism_info(slot, mechanism) {
        Ok(info) if info.max_key_size() == 0 => Ok(None),
        Ok(info) => Ok(Some((info.min_key_size() as CK_ULONG..=info.max_key_size() as CK_ULONG).contains(&bits))),
        Err(Cryptoki::Pkcs11(RvError::MechanismInvalid, _)) => Ok(Some(false)),
        Err(error) if is_removal(&error) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Returns the mechanism that generates such a pair.
pub(super) fn mechanism(algorithm: KeyAlgorithm) -> Mechanism<'static> {
    match generation(algorithm) {
        Generation::Rsa(_) => Mechanism::RsaPkcsKeyPairGen,
        Generation::Ec(_) => Mechanism::EccKeyPairGen,
    }
}

/// Returns CKA_EC_PARAMS of such a key; `None` for RSA.
pub(super) fn curve(algorithm: KeyAlgorithm) -> Option<&'static [u8]> {
    match generation(algorithm) {
        Generation::Rsa(_) => None,
        Generation::Ec(parameters) => Some(parameters),
    }
}

/// Says whether such a key is RSA.
pub(super) fn is_rsa(algorithm: KeyAlgorithm) -> bool {
    matches!(generation(algorithm), Generation::Rsa(_))
}

/// Returns the templates of the public and of the private key; the private key can never be read out.
pub(super) fn key_pair(order: &KeyOrder) -> (Vec<Attribute>, Vec<Attribute>) {
    let id = || Attribute::Id(order.id.0.clone());
    let label = || Attribute::Label(order.label.clone().into_bytes());
    let mut public = vec![Attribute::Token(true), Attribute::Private(false), id(), label(), Attribute::Verify(true)];
    let mut private = vec![
        Attribute::Token(true),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        id(),
        label(),
        Attribute::Sign(true),
    ];
    match generation(order.algorithm) {
        Generation::Rsa(bits) => {
            public.push(Attribute::ModulusBits(bits.into()));
            public.push(Attribute::PublicExponent(PUBLIC_EXPONENT.to_vec()));
            public.push(Attribute::Encrypt(order.decrypts));
            private.push(Attribute::Decrypt(order.decrypts));
            private.push(Attribute::Unwrap(order.decrypts));
        }
        Generation::Ec(params) => {
            public.push(Attribute::EcParams(params.to_vec()));
            private.push(Attribute::Derive(order.decrypts));
        }
    }
    (public, private)
}

/// Leaves out of a template what the key shall not be used for, so that the token decides on it.
pub(super) fn without_denials(mut template: Vec<Attribute>) -> Vec<Attribute> {
    use Attribute::{Decrypt, Encrypt, Unwrap};
    template.retain(|attribute| !matches!(attribute, Encrypt(false) | Decrypt(false) | Unwrap(false)));
    template
}

/// Returns the template of a certificate, with what other programs search by: subject, issuer and serial number in DER.
/// Anything but one certificate is [`Error::NotACertificate`].
pub(super) fn certificate(id: &KeyId, label: &str, der: &[u8]) -> Result<Vec<Attribute>, Error> {
    let unreadable = |error: Box<dyn std::error::Error + Send + Sync>| Error::NotACertificate(error);
    let (rest, parsed) = X509Certificate::from_der(der).map_err(|error| unreadable(error.to_string().into()))?;
    if !rest.is_empty() {
        return Err(unreadable("bytes follow the certificate".into()));
    }
    let serial = AnyRef::new(Tag::Integer, parsed.raw_serial())
        .and_then(|serial| serial.to_der())
        .map_err(|error| unreadable(error.into()))?;
    Ok(vec![
        Attribute::Class(ObjectClass::CERTIFICATE),
        Attribute::CertificateType(CertificateType::X_509),
        Attribute::Token(true),
        Attribute::Private(false),
        Attribute::Id(id.0.clone()),
        Attribute::Label(label.as_bytes().to_vec()),
        Attribute::Subject(parsed.subject().as_raw().to_vec()),
        Attribute::Issuer(parsed.issuer().as_raw().to_vec()),
        Attribute::SerialNumber(serial),
        Attribute::Value(der.to_vec()),
    ])
}

/// Reads the public key from the attributes of the key `object`; a private RSA key has them too.
pub(super) fn public_key(session: &Session, object: ObjectHandle, rsa: bool) -> Result<PublicKey, Error> {
    named_public_key(session, object, rsa).map(|(key, _)| key)
}

/// Reads the public key and CKA_ID, which some modules choose themselves; no bytes where there is none.
pub(super) fn named_public_key(
    session: &Session,
    object: ObjectHandle,
    rsa: bool,
) -> Result<(PublicKey, Vec<u8>), Error> {
    let wanted: &[AttributeType] = if rsa {
        &[AttributeType::Modulus, AttributeType::PublicExponent, AttributeType::Id]
    } else {
        &[AttributeType::EcParams, AttributeType::EcPoint, AttributeType::Id]
    };
    let attributes = read(session, object, wanted)?;
    let (mut modulus, mut exponent, mut params, mut point) = (None, None, None, None);
    let mut id = Vec::new();
    for attribute in attributes {
        match attribute {
            Attribute::Id(value) => id = value,
            Attribute::Modulus(value) => modulus = Some(value),
            Attribute::PublicExponent(value) => exponent = Some(value),
            Attribute::EcParams(value) => params = Some(value),
            Attribute::EcPoint(value) => point = Some(value),
            _ => {}
        }
    }
    let absent = |name| device(READING, CallError::AttributeAbsent(name));
    let unusable = |error| device(READING, CallError::PublicKey(error));
    if rsa {
        let modulus = modulus.ok_or_else(|| absent("CKA_MODULUS"))?;
        let exponent = exponent.ok_or_else(|| absent("CKA_PUBLIC_EXPONENT"))?;
        let key = PublicKey::from_rsa(&modulus, &exponent).map_err(|error| unusable(error.into()))?;
        return Ok((key, id));
    }
    let params = params.ok_or_else(|| absent("CKA_EC_PARAMS"))?;
    let point = point.ok_or_else(|| absent("CKA_EC_POINT"))?;
    let algorithm = match params {
        params if params == SECP256R1 => KeyAlgorithm::P256,
        params if params == SECP384R1 => KeyAlgorithm::P384,
        params => return Err(unusable(format!("CKA_EC_PARAMS {} name another curve", hex::encode(params)).into())),
    };
    let key = PublicKey::from_ec_point(algorithm, &point).map_err(|error| unusable(error.into()))?;
    Ok((key, id))
}

const READING: &str = "C_GetAttributeValue";

/// Reads attributes of `object`. Those it lacks are left out; an object that is gone has none.
pub(super) fn read(session: &Session, object: ObjectHandle, wanted: &[AttributeType]) -> Result<Vec<Attribute>, Error> {
    match session.get_attributes(object, wanted) {
        Ok(attributes) => Ok(attributes),
        // SoftHSM 2.6.1 answers CKR_OK to C_CreateObject on a full disk, and afterwards does not know the handle.
        Err(Cryptoki::Pkcs11(RvError::ObjectHandleInvalid, _)) => Ok(Vec::new()),
        Err(error) => Err(failed(READING)(error)),
    }
}
