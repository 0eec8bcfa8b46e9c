//! Logs a user in for work with keys that are named by their label.

use super::error::{CallError, device, failed};
use super::lease::Lease;
use super::open::Open;
use super::token::Pkcs11Token;
use crate::secret::Pin;
use crate::token::{Error, LastTry};
use cryptoki::object::{Attribute, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use std::ops::Deref;
use std::sync::Arc;

/// Holds a login; dropping it logs out.
pub(super) struct Login {
    session: Open,
    /// Keeps the module loaded until the session is closed.
    _lease: Arc<Lease>,
}

impl Pkcs11Token {
    /// Logs the user in, once; a last try is not spent.
    pub(super) fn log_in_to_keys(&mut self, pin: &Pin) -> Result<Login, Error> {
        let session = self.open_as_user(pin, LastTry::Keep)?;
        Ok(Login { session, _lease: self.lease() })
    }
}

impl Deref for Login {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl Login {
    /// Finds the key with this label; `None` when there is none. Several keys with the label are an error, as nobody
    /// could tell which is meant.
    pub fn find(&self, class: ObjectClass, kind: KeyType, label: &str) -> Result<Option<ObjectHandle>, Error> {
        let template =
            [Attribute::Token(true), Attribute::Class(class), Attribute::KeyType(kind), Attribute::Label(label.into())];
        let found = self.session.iter_objects(&template).map_err(failed("C_FindObjectsInit"))?;
        let found: Vec<_> = found.take(2).collect::<Result<_, _>>().map_err(failed("C_FindObjects"))?;
        match found.as_slice() {
            [] => Ok(None),
            [key] => Ok(Some(*key)),
            _ => Err(device("C_FindObjects", CallError::TooManyObjects { limit: 1 })),
        }
    }
}
