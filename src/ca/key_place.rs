//! Generates and opens an authority's key where it is kept: in a sealed file or a PKCS#11 token.

use super::error::Error;
use super::keyfile;
use super::token_key::{Place, TokenKey};
use crate::pkcs11::Selector;
use crate::pkix::{KeyAlgorithm, MemoryKey, Signer};
use crate::secret::{Passphrase, Pin};
use std::path::PathBuf;

/// Says where an authority's key is kept.
pub enum KeyPlace {
    /// A file sealed under a passphrase, see [`keyfile`].
    File { path: PathBuf, passphrase: Passphrase },
    /// A PKCS#11 token; `label` names the key (CKA_LABEL, and as UTF-8 CKA_ID).
    Token { module: PathBuf, selector: Selector, pin: Pin, label: String },
}

/// Is an authority's key, wherever it is.
pub(super) trait AuthorityKey: Signer + Send + Sync {
    /// Returns the key as one in a token, which keeps notes as well; `None`: it is in a file.
    fn in_token(&self) -> Option<&TokenKey> {
        None
    }
}

impl AuthorityKey for MemoryKey {}

impl AuthorityKey for TokenKey {
    fn in_token(&self) -> Option<&TokenKey> {
        Some(self)
    }
}

impl KeyPlace {
    /// Generates the key, or opens the one that is there; one of another kind is [`Error::KeyKind`].
    pub(super) fn make(self, algorithm: KeyAlgorithm) -> Result<Box<dyn AuthorityKey>, Error> {
        let signer = self.open(Some(algorithm))?;
        match (signer.public_key().kind(), algorithm.kind()) {
            (found, wanted) if found != wanted => Err(Error::KeyKind { found, wanted }),
            _ => Ok(signer),
        }
    }

    /// Opens the key. One that is not there is generated if `make` names its kind, else it is an error.
    pub(super) fn open(self, make: Option<KeyAlgorithm>) -> Result<Box<dyn AuthorityKey>, Error> {
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
