//! Secret keys in a PKCS#11 token, for a server's derivations: messages go in, their HMAC-SHA-256 comes out.

use super::Error;
use crate::pkcs11::{Macs, Module, Selector};
use crate::secret::Pin;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// A token with secret keys, logged in for as long as this lives.
pub struct TokenMac {
    module: PathBuf,
    selector: Selector,
    pin: Pin,
    /// `None` after a failure (a token pulled out, say): the next message finds a fresh login.
    session: Mutex<Option<Macs>>,
}

impl TokenMac {
    /// Logs in.
    pub fn open(module: PathBuf, selector: Selector, pin: Pin) -> Result<Self, Error> {
        let opened = Self { module, selector, pin, session: Mutex::new(None) };
        let session = opened.log_in()?;
        *opened.lock() = Some(session);
        Ok(opened)
    }

    /// Is there a secret key with this label?
    pub fn holds(&self, label: &str) -> Result<bool, Error> {
        self.within(|macs| macs.holds(label))
    }

    /// Makes a secret key that never leaves the token; one that is there already stays.
    pub fn make(&self, label: &str) -> Result<(), Error> {
        self.within(|macs| if macs.holds(label)? { Ok(()) } else { macs.make(label) })
    }

    /// HMAC-SHA-256 over `message` under the key with this label.
    pub fn hmac_sha256(&self, label: &str, message: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mac = self.within(|macs| macs.hmac_sha256(label, message))?;
        mac.ok_or_else(|| Error::NoTokenKey { label: label.into() })
    }

    fn within<T>(&self, work: impl FnOnce(&Macs) -> Result<T, crate::token::Error>) -> Result<T, Error> {
        let mut session = self.lock();
        let macs = match session.take() {
            Some(macs) => macs,
            None => self.log_in()?,
        };
        let done = work(&macs).map_err(Error::Token)?;
        *session = Some(macs);
        Ok(done)
    }

    fn log_in(&self) -> Result<Macs, Error> {
        let mut token =
            Module::load(&self.module).and_then(|module| module.find(&self.selector)).map_err(Error::Module)?;
        token.macs(&self.pin).map_err(Error::Token)
    }

    fn lock(&self) -> MutexGuard<'_, Option<Macs>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
