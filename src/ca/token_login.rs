//! Keeps a login to a PKCS#11 token for as long as it works, and logs in anew after a failure.

use super::error::Error;
use crate::pkcs11::{Module, Pkcs11Token, Selector};
use crate::secret::Pin;
use crate::token;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Logs in for one purpose: agreeing on secrets, or authenticating messages.
type LogIn<T> = fn(&mut Pkcs11Token, &Pin) -> Result<T, token::Error>;

/// Holds a login to a token until it is dropped.
pub(super) struct TokenLogin<T> {
    module: PathBuf,
    selector: Selector,
    pin: Pin,
    log_in: LogIn<T>,
    /// The login; `None` after a failure, for example a removed token, so that the next call logs in anew.
    session: Mutex<Option<T>>,
}

impl<T> TokenLogin<T> {
    /// Logs in, once.
    pub fn open(module: PathBuf, selector: Selector, pin: Pin, log_in: LogIn<T>) -> Result<Self, Error> {
        let opened = Self { module, selector, pin, log_in, session: Mutex::new(None) };
        let session = opened.begin()?;
        *opened.lock() = Some(session);
        Ok(opened)
    }

    /// Does `work` within the login. When it fails the login is given up, and the next call logs in anew.
    pub fn within<R>(&self, work: impl FnOnce(&T) -> Result<R, token::Error>) -> Result<R, Error> {
        let mut session = self.lock();
        let present = match session.take() {
            Some(present) => present,
            None => self.begin()?,
        };
        let done = work(&present).map_err(Error::Token)?;
        *session = Some(present);
        Ok(done)
    }

    /// Loads the module, finds the token and logs in.
    fn begin(&self) -> Result<T, Error> {
        let mut token =
            Module::load(&self.module).and_then(|module| module.find(&self.selector)).map_err(Error::Module)?;
        (self.log_in)(&mut token, &self.pin).map_err(Error::Token)
    }

    /// Locks the login.
    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
