//! Secret keys in a PKCS#11 token, for a server's derivations: messages go in, their HMAC-SHA-256 comes out.

use super::error::Error;
use super::token_login::TokenLogin;
use crate::pkcs11::{Macs, Pkcs11Token, Selector};
use crate::secret::Pin;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// A token with secret keys, logged in for as long as this lives.
pub struct TokenMac(TokenLogin<Macs>);

impl TokenMac {
    /// Logs in.
    pub fn open(module: PathBuf, selector: Selector, pin: Pin) -> Result<Self, Error> {
        TokenLogin::open(module, selector, pin, Pkcs11Token::macs).map(Self)
    }

    /// Is there a secret key with this label?
    pub fn holds(&self, label: &str) -> Result<bool, Error> {
        self.0.within(|macs| macs.holds(label))
    }

    /// Makes a secret key that never leaves the token; one that is there already stays.
    pub fn make(&self, label: &str) -> Result<(), Error> {
        self.0.within(|macs| if macs.holds(label)? { Ok(()) } else { macs.make(label) })
    }

    /// HMAC-SHA-256 over `message` under the key with this label.
    pub fn hmac_sha256(&self, label: &str, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mac = self.0.within(|macs| macs.hmac_sha256(label, message))?;
        mac.ok_or_else(|| Error::NoTokenKey { label: label.into() })
    }
}
