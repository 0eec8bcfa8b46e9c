//! Resets a card to the factory's state (YubiKey's RESET), which is possible only once PIN and PUK are blocked.

use super::application::Application;
use super::command::{self, Command, PinBlock};
use super::error::Error;
use super::objects::random;
use super::reference::SecretReference;
use super::serial::Serial;
use crate::token::{self, Tries};

/// Limits the wrong tries that are made for each secret; a card that takes more is not reset.
const MOST_TRIES: u8 = 20;

impl Application {
    /// Blocks PIN and PUK and resets the application: all keys, certificates and secrets are destroyed.
    pub fn reset_to_factory(&mut self) -> Result<(), token::Error> {
        // Only cards that tell a version have RESET. On others nothing is blocked.
        if self.version()?.is_none() {
            return Err(token::Error::NotOffered("a reset to the factory's state"));
        }
        self.block(SecretReference::Pin, |wrong| Ok(command::verify(&wrong)))?;
        self.block(SecretReference::Puk, |wrong| {
            Ok(command::reset_retry_counter(&wrong, &PinBlock::random(random()?)))
        })?;
        self.done(command::reset())?;
        self.chuid = None;
        if !matches!(self.serial, Serial::Hardware(_)) {
            self.serial = Serial::Unread;
            self.serial = self.identify()?;
        }
        Ok(())
    }

    fn block(
        &mut self,
        secret: SecretReference,
        attempt: impl Fn(PinBlock) -> Result<Command, token::Error>,
    ) -> Result<(), token::Error> {
        for _ in 0..MOST_TRIES {
            let command = attempt(PinBlock::random(random()?))?;
            let name = command.name;
            let word = self.ask(command)?.status;
            match self.judge(secret, name, word) {
                Err(token::Error::Locked { .. } | token::Error::SecretRefused { left: Tries::Locked, .. }) => {
                    return Ok(());
                }
                Err(token::Error::SecretRefused { .. }) => {}
                Err(other) => return Err(other),
                // The eight random digits happened to be the secret; the next ones will not be.
                Ok(()) => {}
            }
        }
        Err(Error::NotBlocked { secret: secret.kind(), tries: MOST_TRIES }.at("RESET"))
    }
}
