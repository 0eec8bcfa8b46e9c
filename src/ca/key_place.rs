//! Where an authority's key is kept, and how it is made and opened there.

use super::error::Error;
use super::keyfile;
use super::token_key::{Place, TokenKey};
use crate::pkcs11::Selector;
use crate::pkix::{KeyAlgorithm, MemoryKey, Signer};
use crate::secret::{Passphrase, Pin};
use std::path::PathBuf;

/// Where an authority's key is kept.
pub enum KeyPlace {
    /// A file sealed under a passphrase, see [`keyfile`].
    File { path: PathBuf, passphrase: Passphrase },
    /// A PKCS#11 token; `label` names the key (CKA_LABEL, and as UTF-8 CKA_ID).
    Token { module: PathBuf, selector: Selector, pin: Pin, label: String },
}

impl KeyPlace {
    /// Makes the key, or takes the one that is there if it is of this kind.
    pub(super) fn make(self, algorithm: KeyAlgorithm) -> Result<Box<dyn Signer + Send + Sync>, Error> {
        let signer = self.open(Some(algorithm))?;
        match (signer.public_key().kind(), algorithm.kind()) {
            (found, wanted) if found != wanted => Err(Error::KeyKind { found, wanted }),
            _ => Ok(signer),
        }
    }

    /// Opens the key; one that is not there is made when `make` says of which kind.
    pub(super) fn open(self, make: Option<KeyAlgorithm>) -> Result<Box<dyn Signer + Send + Sync>, Error> {
        match (self, make) {
            (Self::File { path, passphrase }, Some(algorithm)) if !path.exists() => {
                let key = MemoryKey::generate(algorithm).map_err(Error::Key)?;
                keyfile::write_new(&path, &keyfile::seal_private_key(key.expose_pkcs8(), &passphrase)?)?;
                Ok(Box::new(key))
            }
            (Self::File { path, passphrase }, _) => {
                Ok(Box::new(keyfile::open_private_key(&keyfile::read(&path)?, &passphrase)?))
            }
            (Self::Token { module, selector, pin, label }, make) => {
                Ok(Box::new(TokenKey::open(Place { module, selector, pin, label }, make)?))
            }
        }
    }
}
