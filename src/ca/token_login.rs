//! A login to a PKCS#11 token that is kept for as long as it works, and begun anew after a failure.

use super::error::Error;
use crate::pkcs11::{Module, Pkcs11Token, Selector};
use crate::secret::Pin;
use crate::token;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Logs in for one purpose.
type LogIn<T> = fn(&mut Pkcs11Token, &Pin) -> Result<T, token::Error>;

/// A token that one is logged in to for as long as this lives.
pub(super) struct TokenLogin<T> {
    module: PathBuf,
    selector: Selector,
    pin: Pin,
    log_in: LogIn<T>,
    /// `None` after a failure (a token pulled out, say): the next call finds a fresh login.
    session: Mutex<Option<T>>,
}

impl<T> TokenLogin<T> {
    /// Logs in.
    pub fn open(module: PathBuf, selector: Selector, pin: Pin, log_in: LogIn<T>) -> Result<Self, Error> {
        let opened = Self { module, selector, pin, log_in, session: Mutex::new(None) };
        let session = opened.begin()?;
        *opened.lock() = Some(session);
        Ok(opened)
    }

    /// Does something within the login.
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

    fn begin(&self) -> Result<T, Error> {
        let mut token =
            Module::load(&self.module).and_then(|module| module.find(&self.selector)).map_err(Error::Module)?;
        (self.log_in)(&mut token, &self.pin).map_err(Error::Token)
    }

    fn lock(&self) -> MutexGuard<'_, Option<T>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
