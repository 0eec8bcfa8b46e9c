//! Computes message authentication codes with secret keys that never leave the token (CKM_SHA256_HMAC).

use super::error::{CallError, device, failed};
use super::login::Login;
use super::token::Pkcs11Token;
use crate::secret::Pin;
use crate::token::Error;
use cryptoki::error::{Error as Cryptoki, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki_sys::CK_ULONG;
use zeroize::Zeroizing;

/// Sets the length of a new key, in bytes.
const KEY_BYTES: CK_ULONG = 32;
/// Is the length of an HMAC-SHA-256, in bytes.
const MAC_BYTES: usize = 32;

const SIGNING: &str = "C_Sign";

/// Holds a login with which messages are authenticated; dropping it logs out.
pub struct Macs(Login);

impl Pkcs11Token {
    /// Logs the user in, once, to authenticate messages; a last try is not spent.
    pub fn macs(&mut self, pin: &Pin) -> Result<Macs, Error> {
        self.log_in_to_keys(pin).map(Macs)
    }
}

impl Macs {
    /// Says whether there is a secret key with this label. Several are an error, as nobody could tell which is meant.
    pub fn holds(&self, label: &str) -> Result<bool, Error> {
        self.find(label).map(|found| found.is_some())
    }

    /// Generates a secret key that never leaves the token.
    pub fn make(&self, label: &str) -> Result<(), Error> {
        let template = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Sign(true),
            Attribute::Label(label.into()),
            Attribute::Id(label.into()),
            Attribute::ValueLen(KEY_BYTES.into()),
        ];
        let made = self.0.generate_key(&Mechanism::GenericSecretKeyGen, &template);
        made.map(drop).map_err(failed("C_GenerateKey"))
    }

    /// Returns HMAC-SHA-256 (RFC 2104) over `message` under the key with this label; `None` when there is no such key.
    pub fn hmac_sha256(&self, label: &str, message: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>, Error> {
        let Some(key) = self.find(label)? else { return Ok(None) };
        let mac = self.0.sign(&Mechanism::Sha256Hmac, key, message).map(Zeroizing::new);
        let mac = mac.map_err(|error| match error {
            Cryptoki::Pkcs11(RvError::MechanismInvalid, _) => Error::NotOffered("HMAC-SHA-256"),
            error => failed(SIGNING)(error),
        })?;
        if mac.len() == MAC_BYTES { Ok(Some(mac)) } else { Err(device(SIGNING, CallError::SignatureLength(mac.len()))) }
    }

    /// Finds the secret key with this label.
    fn find(&self, label: &str) -> Result<Option<ObjectHandle>, Error> {
        self.0.find(ObjectClass::SECRET_KEY, KeyType::GENERIC_SECRET, label)
    }
}
