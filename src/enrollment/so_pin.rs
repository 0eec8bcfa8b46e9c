//! The SO PIN or admin key that somebody types, and the copy of its admin key that a card keeps for whoever has its PIN.

use super::admin::is_wrong;
use super::driver::{Enrollment, Tried};
use super::error::Error;
use super::stage::Stage;
use super::step::{Need, WhichPin};
use crate::secret::Pin;
use crate::token::{self, Admin, LastTry, Token};

impl Enrollment<'_> {
    /// Runs `act` with the copy of its admin key that the card keeps for whoever has its PIN; asks for the SO PIN where
    /// the card keeps none, or the copy is out of date.
    pub(super) fn as_keeper_of_the_pin<T>(
        &mut self,
        stage: Stage,
        token: &mut dyn Token,
        mut act: impl FnMut(&mut dyn Token, Admin<'_>, LastTry) -> Result<T, token::Error>,
    ) -> Result<Tried<T>, Error> {
        if let Some(need) = self.take_kept_admin_key(stage, token)? {
            return Ok(Tried::Need(need));
        }
        if let Some((kept, last_try)) = &self.inputs.so_pin {
            match act(token, Admin::SoPin(kept), *last_try) {
                Ok(done) => return Ok(Tried::Done(done)),
                Err(error) if is_wrong(&error) => self.inputs.so_pin = None,
                Err(error) => return Err(Error::new(stage, error)),
            }
            self.facts.counters = None;
        }
        Ok(Tried::Need(self.so_pin_needed(token)?))
    }

    /// Drops the copy that the card keeps, once the card has refused it: whoever has not typed it is asked.
    pub(super) fn drop_copy(&mut self) {
        if self.facts.so_pin_is_copy {
            self.inputs.so_pin = None;
        }
    }

    /// Returns the SO PIN or admin key that somebody gave, and not the copy that the card keeps.
    pub(super) fn typed_so_pin(&self) -> Option<&(Pin, LastTry)> {
        self.inputs.so_pin.as_ref().filter(|_| !self.facts.so_pin_is_copy)
    }

    /// Returns the need of the SO PIN or admin key.
    pub(super) fn so_pin_needed(&mut self, token: &mut dyn Token) -> Result<Need, Error> {
        Ok(Need::SoPin { counters: self.counters(token)?, is_key: token.has_admin_key() })
    }

    /// Reads the copy of its admin key that the card keeps, once in a process, and holds it as if it had been typed.
    /// Returns the need of the PIN where that is missing.
    pub(super) fn take_kept_admin_key(&mut self, stage: Stage, token: &mut dyn Token) -> Result<Option<Need>, Error> {
        let failed = |source| Error::new(stage, source);
        if self.inputs.so_pin.is_some() || self.facts.kept_key_tried {
            return Ok(None);
        }
        if !token.keeps_admin_key().map_err(failed)? {
            self.facts.kept_key_tried = true;
            return Ok(None);
        }
        let Some(pin) = &self.inputs.pin else { return self.pin_needed(WhichPin::Users, token).map(Some) };
        let kept = token.kept_admin_key(pin.as_user());
        self.facts.counters = None;
        let kept = kept.map_err(failed)?;
        (self.facts.kept_key_tried, self.facts.so_pin_is_copy) = (true, true);
        self.inputs.so_pin = kept.map(|key| (Pin::new(hex::encode(key.expose())), LastTry::Keep));
        Ok(None)
    }
}
