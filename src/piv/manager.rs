//! The management key that a card keeps for whoever has the PIN, as Yubico's manager and minidriver arrange it.
//!
//! Object 5FFF00 holds `80 { 81 flags, 82 salt, 83 time of the last change of the PIN }`. Flag 02: the printed
//! information, which is read with the PIN only, holds a copy as `88 { 89 key }`. A salt: the key is PBKDF2 of the PIN
//! (HMAC-SHA-1, 10000 rounds, 24 bytes), the older way.

use super::application::Application;
use super::command::GET_DATA;
use super::error::malformed;
use super::objects::one;
use super::reference::ObjectTag;
use crate::iso7816::tlv::{TlvError, read_all, read_one, write};
use crate::secret::AdminKey;
use crate::token::{self, User};
use aws_lc_rs::pbkdf2;
use std::num::NonZeroU32;
use zeroize::Zeroizing;

const KEY_STORED: u8 = 0x02;
const DERIVED_LENGTH: usize = 24;
const ROUNDS: u32 = 10_000;

/// Holds what the manager's object says.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(super) struct Manager {
    flags: u8,
    salt: Option<Vec<u8>>,
    pin_changed: Option<Vec<u8>>,
}

impl Manager {
    fn read(content: &[u8]) -> Result<Self, TlvError> {
        let template = read_one(content)?;
        if template.tag != 0x80 {
            return Err(TlvError::Unexpected { tag: template.tag });
        }
        let objects = read_all(template.value)?;
        let flags = one(&objects, 0x81)?.and_then(|flags| flags.first().copied()).unwrap_or_default();
        let bytes = |tag| Ok::<_, TlvError>(one(&objects, tag)?.map(<[u8]>::to_vec));
        Ok(Self { flags, salt: bytes(0x82)?, pin_changed: bytes(0x83)? })
    }

    /// Encodes the object; nothing where there is nothing to say.
    fn write(&self) -> Vec<u8> {
        let flags = (self.flags != 0).then(|| write(0x81, &[self.flags]));
        let salt = self.salt.as_ref().map(|salt| write(0x82, salt));
        let changed = self.pin_changed.as_ref().map(|time| write(0x83, time));
        let content = [flags, salt, changed].into_iter().flatten().collect::<Vec<_>>().concat();
        if content.is_empty() { content } else { write(0x80, &content) }
    }

    /// Says whether the management key can be had with the PIN.
    pub fn keeps_key(&self) -> bool {
        self.is_stored() || self.salt.is_some()
    }

    fn is_stored(&self) -> bool {
        self.flags & KEY_STORED != 0
    }

    /// Returns the same, less all that speaks of a key.
    fn without_key(self) -> Self {
        Self { flags: self.flags & !KEY_STORED, salt: None, ..self }
    }
}

impl Application {
    /// Reads the manager's object; `None` on a card that has none, or one that cannot be read as such.
    pub fn manager(&mut self) -> Result<Option<Manager>, token::Error> {
        let content = match self.object(ObjectTag::MANAGER) {
            Ok(content) => content,
            // Cards of the plain standard do not know the object, and say so in many ways.
            Err(token::Error::Device { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(content.and_then(|content| Manager::read(&content).ok()))
    }

    /// Returns the key that the card keeps; `user` must just have been verified.
    pub fn kept_key(&mut self, manager: &Manager, user: User<'_>) -> Result<Option<AdminKey>, token::Error> {
        if manager.is_stored() {
            let Some(content) = self.object(ObjectTag::PRINTED_INFORMATION)? else { return Ok(None) };
            let read = || -> Result<_, TlvError> { Ok(copy_in(&content)?.map(|key| AdminKey::new(key.to_vec()))) };
            return read().map_err(malformed(GET_DATA));
        }
        let (Some(salt), User::Pin(pin, _)) = (&manager.salt, user) else { return Ok(None) };
        let rounds = NonZeroU32::new(ROUNDS).unwrap_or(NonZeroU32::MIN);
        let mut key = Zeroizing::new(vec![0; DERIVED_LENGTH]);
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA1, rounds, salt, pin.expose().as_bytes(), &mut key);
        Ok(Some(AdminKey::new(key.to_vec())))
    }

    /// Takes off the card what it says of a management key that has just been replaced: flag, salt and copy. Called
    /// after the change, so that a cut leaves a copy that is wrong, never a key that nobody has.
    pub fn forget_kept_key(&mut self) -> Result<(), token::Error> {
        let Some(manager) = self.manager()?.filter(Manager::keeps_key) else { return Ok(()) };
        if manager.is_stored() {
            self.put(ObjectTag::PRINTED_INFORMATION, &[])?;
        }
        self.put(ObjectTag::MANAGER, &manager.without_key().write())
    }
}

/// Returns the key in the printed information; `None` where it holds something else.
fn copy_in(content: &[u8]) -> Result<Option<&[u8]>, TlvError> {
    let objects = read_all(content)?;
    one(&objects, 0x88)?.map_or(Ok(None), |copy| one(&read_all(copy)?, 0x89))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_manager_wrote_is_read_and_loses_its_key_alone() {
        // PUK blocked and key stored, as the minidriver leaves a card, with the time of the last change of the PIN.
        let content = hex::decode("80098101038304671b2c3d").unwrap();
        let manager = Manager::read(&content).unwrap();
        assert!(manager.keeps_key() && manager.is_stored());
        assert_eq!(manager.write(), content);
        assert_eq!(manager.without_key().write(), hex::decode("80098101018304671b2c3d").unwrap());
        let derived = Manager::read(&hex::decode("800a8208aabbccddeeff0011").unwrap()).unwrap();
        assert!(derived.keeps_key() && !derived.is_stored());
        assert!(derived.without_key().write().is_empty());
        assert!(Manager::read(&hex::decode("810100").unwrap()).is_err());
        assert!(!Manager::read(&hex::decode("8000").unwrap()).unwrap().keeps_key());
    }

    #[test]
    fn a_copy_is_found_in_printed_information_and_nowhere_else() {
        assert_eq!(copy_in(&hex::decode("88048902aabb").unwrap()), Ok(Some([0xAA, 0xBB].as_slice())));
        assert_eq!(copy_in(&hex::decode("0103416e6e").unwrap()), Ok(None));
    }
}
