//! Agrees on secrets with key pairs whose private key never leaves the token (CKM_ECDH1_DERIVE, SP 800-56A).

use super::attributes;
use super::error::{CallError, device, failed};
use super::login::Login;
use super::token::Pkcs11Token;
use crate::pkix::{KeyAlgorithm, KeyKind, PublicKey};
use crate::secret::Pin;
use crate::token::{Error, KeyId, KeyOrder};
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::mechanism::elliptic_curve::{EcKdf, Ecdh1DeriveParams};
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki_sys::CK_ULONG;
use zeroize::Zeroizing;

const DERIVING: &str = "C_DeriveKey";

/// Holds a login with which secrets are agreed on; dropping it logs out.
pub struct Agreements(Login);

impl Pkcs11Token {
    /// Logs the user in, once, to agree on secrets; a last try is not spent.
    pub fn agreements(&mut self, pin: &Pin) -> Result<Agreements, Error> {
        self.log_in_to_keys(pin).map(Agreements)
    }
}

impl Agreements {
    /// Returns the public key of the pair on P-256 or P-384 with this label; `None` when there is none.
    pub fn public_key(&self, label: &str) -> Result<Option<PublicKey>, Error> {
        let found = self.0.find(ObjectClass::PUBLIC_KEY, KeyType::EC, label)?;
        found.map(|public| attributes::public_key(&self.0, public, false)).transpose()
    }

    /// Generates a pair on P-384 whose private key never leaves the token.
    pub fn make(&self, label: &str) -> Result<PublicKey, Error> {
        let algorithm = KeyAlgorithm::P384;
        let id = KeyId(label.as_bytes().to_vec());
        let order = KeyOrder { id, label: label.into(), algorithm, decrypts: true, replace: false };
        let (public, private) = attributes::key_pair(&order);
        let made = self.0.generate_key_pair(&attributes::mechanism(algorithm), &public, &private);
        let (public, _) = made.map_err(failed("C_GenerateKeyPair"))?;
        attributes::public_key(&self.0, public, false)
    }

    /// Returns the secret that the pair with this label shares with an uncompressed point; `None` when there is no such
    /// pair.
    pub fn agree(&self, label: &str, kind: KeyKind, point: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(private) = self.0.find(ObjectClass::PRIVATE_KEY, KeyType::EC, label)? else { return Ok(None) };
        let bytes: CK_ULONG = if kind == KeyKind::P256 { 32 } else { 48 };
        let template = [
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::GENERIC_SECRET),
            Attribute::Token(false),
            Attribute::Sensitive(false),
            Attribute::Extractable(true),
            Attribute::ValueLen(bytes.into()),
        ];
        let mechanism = Mechanism::Ecdh1Derive(Ecdh1DeriveParams::new(EcKdf::null(), point));
        let derived = self.0.derive_key(&mechanism, private, &template).map_err(|error| match error {
            Cryptoki::Pkcs11(RvError::MechanismInvalid, _) => Error::NotOffered("ECDH"),
            error => failed(DERIVING)(error),
        })?;
        let value = attributes::read(&self.0, derived, &[AttributeType::Value]);
        self.0.destroy_object(derived).map_err(failed("C_DestroyObject"))?;
        let value = value?.into_iter().find_map(|attribute| match attribute {
            Attribute::Value(value) => Some(Zeroizing::new(value)),
            _ => None,
        });
        value.map(Some).ok_or_else(|| device(DERIVING, CallError::AttributeAbsent("CKA_VALUE")))
    }
}
