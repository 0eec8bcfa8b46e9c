//! Opens sealed messages with a private key in a PKCS#11 token; only shared secrets leave the token.

use super::error::Error;
use super::token_login::TokenLogin;
use crate::pkcs11::{Agreements, Pkcs11Token, Selector};
use crate::pkix::{self, Opener, PublicKey};
use crate::secret::Pin;
use std::path::PathBuf;
use zeroize::Zeroizing;

/// Holds a key on P-256 or P-384 in a token; logged in until it is dropped.
pub struct TokenOpener {
    login: TokenLogin<Agreements>,
    label: String,
    public_key: PublicKey,
}

impl TokenOpener {
    /// Logs in and finds the key. One that is not there is generated on P-384 if `make` is true, else `None` is
    /// returned.
    pub fn open(module: PathBuf, selector: Selector, pin: Pin, label: &str, make: bool) -> Result<Option<Self>, Error> {
        let login = TokenLogin::open(module, selector, pin, Pkcs11Token::agreements)?;
        let found = login.within(|agreements| match agreements.public_key(label)? {
            None if make => agreements.make(label).map(Some),
            found => Ok(found),
        })?;
        Ok(found.map(|public_key| Self { login, label: label.into(), public_key }))
    }
}

impl Opener for TokenOpener {
    fn sealed_to(&self) -> &PublicKey {
        &self.public_key
    }

    fn agree(&self, point: &[u8]) -> Result<Zeroizing<Vec<u8>>, pkix::Error> {
        let kind = self.public_key.kind();
        let shared = self.login.within(|agreements| agreements.agree(&self.label, kind, point));
        let shared = shared.and_then(|shared| shared.ok_or_else(|| Error::NoTokenKey { label: self.label.clone() }));
        shared.map_err(|error| pkix::Error::Elsewhere(error.into()))
    }

    fn decrypt(&self, _: &[u8]) -> Result<Zeroizing<Vec<u8>>, pkix::Error> {
        Err(pkix::Error::Opening)
    }
}
