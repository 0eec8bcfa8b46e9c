//! Takes keys off the token, and tells of those that stay.

use super::driver::Enrollment;
use super::error::Error;
use super::record::HexBytes;
use super::stage::Stage;
use super::step::{Event, Observer};
use crate::token::{self, KeyId, Session};

impl Enrollment<'_> {
    /// Removes key and certificate; false where the token keeps the key, which the journal then knows.
    pub(super) fn take_off(
        &mut self,
        id: &KeyId,
        session: &mut dyn Session,
        observer: Observer<'_>,
    ) -> Result<bool, Error> {
        match session.delete(id) {
            // An object without an id cannot be named to be removed.
            Ok(0) => Ok(false),
            Ok(_) => {
                observer(Event::KeyRemoved { key: id.clone() });
                Ok(true)
            }
            Err(token::Error::KeyStays(id)) => {
                let key = HexBytes(id.0.clone());
                self.note(|record| add(&mut record.left, key))?;
                observer(Event::KeyLeft { key: id });
                Ok(false)
            }
            Err(source) => Err(Error::new(Stage::RemoveKeys, source)),
        }
    }

    /// Lists the keys that stay on the token without their certificates.
    pub(super) fn left(&self) -> Vec<KeyId> {
        self.record().map(|record| record.left.iter().map(|id| KeyId(id.0.clone())).collect()).unwrap_or_default()
    }

    /// Lists the keys that stay because nobody here can tell whose they are.
    pub(super) fn unclear(&self) -> Vec<KeyId> {
        let unclear = self.record().map(|record| record.unclear.clone()).unwrap_or_default();
        unclear.into_iter().map(|id| KeyId(id.0)).collect()
    }
}

/// Adds a key to those that are noted, once.
pub(super) fn add(noted: &mut Vec<HexBytes>, key: HexBytes) {
    if !noted.contains(&key) {
        noted.push(key);
    }
}
