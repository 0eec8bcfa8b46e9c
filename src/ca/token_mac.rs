//! Computes HMAC-SHA-256 with secret keys in a PKCS#11 token, for a server's key derivations.

use super::error::Error;
use super::token_login::TokenLogin;
use crate::pkcs11::{Macs, Pkcs11Token, Selector};
use crate::secret::Pin;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Holds a token with secret keys; logged in until it is dropped.
pub struct TokenMac(TokenLogin<Macs>);

impl TokenMac {
    /// Logs in, once.
    pub fn open(module: PathBuf, selector: Selector, pin: Pin) -> Result<Self, Error> {
        TokenLogin::open(module, selector, pin, Pkcs11Token::macs).map(Self)
    }

    /// Says whether there is a secret key with this label.
    pub fn holds(&self, label: &str) -> Result<bool, Error> {
        self.0.within(|macs| macs.holds(label))
    }

    /// Generates a secret key that never leaves the token. One that is already there is kept.
    pub fn make(&self, label: &str) -> Result<(), Error> {
        self.0.within(|macs| if macs.holds(label)? { Ok(()) } else { macs.make(label) })
    }

    /// Returns HMAC-SHA-256 over `message` under the key with this label; [`Error::NoTokenKey`] when there is none.
    pub fn hmac_sha256(&self, label: &str, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mac = self.0.within(|macs| macs.hmac_sha256(label, message))?;
        mac.ok_or_else(|| Error::NoTokenKey { label: label.into() })
    }
}
