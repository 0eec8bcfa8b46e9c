//! Tokens in memory that are named as badly as real ones.

use super::memory_token::MemoryToken;
use cardwright::token::{Error, Origin, User};
use uuid::Uuid;

/// When a token keeps an id of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Keeps {
    Nothing,
    Always,
    AfterLogin,
}

impl MemoryToken {
    /// A PKCS#11 token with the serial that every tpm2-pkcs11 token has.
    pub fn nameless(keeps: Keeps) -> Self {
        let mut token = Self::fresh();
        token.keeps = keeps;
        token.identity.serial = "0000000000000000".into();
        token.identity.origin = Origin::Nothing;
        token.identity.earlier_serial = Some(token.identity.serial.clone());
        token
    }

    /// As an earlier version took it: its serial for its name.
    pub fn as_it_was_named(&mut self) {
        let earlier = self.identity.earlier_serial.take().unwrap();
        (self.identity.serial, self.identity.origin) = (earlier, Origin::Maker);
    }

    /// The present version's eyes on a token that an earlier one named by a part of its number.
    pub fn named_in_full(&mut self) {
        let full = format!("{}-in-full", self.identity.serial);
        self.identity.earlier_serial = Some(std::mem::replace(&mut self.identity.serial, full));
    }

    /// The present version's eyes on a token whose serial an earlier one took for a name.
    pub fn named_by_nothing(&mut self) {
        self.identity.earlier_serial = Some(self.identity.serial.clone());
        self.identity.origin = Origin::Nothing;
    }

    pub fn by_earlier_serial(&mut self) {
        // PKCS#11 tokens keep what CK_TOKEN_INFO says.
        if self.identity.origin == Origin::Maker {
            self.identity.serial = self.identity.earlier_serial.take().unwrap();
        }
    }

    pub fn keep_id(&mut self, id: Uuid, user: Option<User<'_>>) -> Result<(), Error> {
        let refused = |text: &str| Error::Device { operation: "C_CreateObject", source: text.into() };
        match (self.keeps, user) {
            (Keeps::Nothing, _) => return Err(refused("CKR_ATTRIBUTE_VALUE_INVALID")),
            (Keeps::AfterLogin, None) => return Err(refused("CKR_USER_NOT_LOGGED_IN")),
            (Keeps::AfterLogin, Some(User::Pin(pin, _))) => assert_eq!(Some(pin.expose()), self.pin()),
            (Keeps::AfterLogin, Some(User::PinPad(_))) => unreachable!(),
            (Keeps::Always, _) => {}
        }
        (self.identity.card_id, self.identity.origin) = (Some(id), Origin::Written);
        Ok(())
    }
}
