//! A token made ready for keys: its own admin key and a PIN, each only where it is missing.

use super::admin::{Doubt, Tried};
use super::error::{Cause, Error, Stage};
use super::record::{Milestone, Tie};
use super::{Enrollment, Event, Leg, Need, Observer, Step};
use crate::client;
use crate::cm::extension::AdminKeyState;
use crate::cm::template::PinPolicy;
use crate::secret::{AdminKey, Pin};
use crate::token::{Admin, LastTry, Token, Tries};

impl Enrollment<'_> {
    /// Brings the token to what the template wants. `doubt`: what an earlier try to change the admin key left open.
    pub(super) fn prepare(
        &mut self,
        tie: Tie,
        doubt: Option<Doubt>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let config = self.config(tie, observer)?;
        let counters = self.counters(token)?;
        let sets_pin = counters.user == Tries::NotSet || self.order.resets_pin();
        let state = if config.diversify_admin_key { self.admin_key_state(tie)? } else { None };
        let changes_key = config.diversify_admin_key && state != Some(AdminKeyState::Active);
        if sets_pin && let Some(stop) = self.need_new_pin(Some(&config.user_pin_policy), token)? {
            return Ok(stop);
        }
        if !sets_pin && !changes_key {
            return match doubt {
                Some(_) => self.reach(Milestone::Prepared { tie }),
                None => self.choose_keys(tie, observer),
            };
        }
        let own = if config.diversify_admin_key { Some(self.own_key(tie, observer)?) } else { None };
        if let (true, Some(own)) = (changes_key, &own) {
            // What the journal knows is newer than what the server knows.
            let proposed = Doubt { default_refused: false, own_possible: state == Some(AdminKeyState::Proposed) };
            let doubt = doubt.unwrap_or(proposed);
            if let Tried::Need(need) = self.change_admin_key(tie, token, &config, own, doubt, observer)? {
                return Ok(Leg::Stop(Step::Need(need)));
            }
            self.confirm_admin_key(tie, observer)?;
        }
        if sets_pin {
            let new_pin = self.inputs.new_pin.take();
            let Some(new_pin) = new_pin else { return Err(Error::new(Stage::SetPin, Cause::NoProgress)) };
            match self.set_first_pin(token, &config, own.as_ref(), &new_pin, observer) {
                Ok(Tried::Done(())) => self.inputs.pin = Some((new_pin, LastTry::Keep)),
                Ok(Tried::Need(need)) => {
                    self.inputs.new_pin = Some(new_pin);
                    return Ok(Leg::Stop(Step::Need(need)));
                }
                Err(error) => {
                    self.inputs.new_pin = Some(new_pin);
                    return Err(error);
                }
            }
        }
        self.reach(Milestone::Prepared { tie })
    }

    pub(super) fn confirm_admin_key(&mut self, tie: Tie, observer: Observer<'_>) -> Result<(), Error> {
        observer(Event::Doing(Stage::ConfirmAdminKey));
        match self.client.confirm_admin_key(tie.request, tie.smartcard) {
            Ok(()) | Err(client::Error::ExtensionAbsent { .. }) => Ok(()),
            Err(error) => Err(Error::new(Stage::ConfirmAdminKey, error)),
        }
    }

    fn set_first_pin(
        &mut self,
        token: &mut dyn Token,
        config: &crate::cm::template::SmartcardConfig,
        own: Option<&AdminKey>,
        new_pin: &Pin,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        observer(Event::Doing(Stage::SetPin));
        let tried = match own {
            Some(own) => token
                .set_pin(Admin::Key(own), new_pin, LastTry::Keep)
                .map(Tried::Done)
                .map_err(|source| Error::new(Stage::SetPin, source))?,
            None => self.as_admin(token, config, None, Stage::SetPin, |token, admin, last_try| {
                token.set_pin(admin, new_pin, last_try)
            })?,
        };
        self.facts.counters = None;
        if matches!(tried, Tried::Done(())) {
            observer(Event::PinSet);
        }
        Ok(tried)
    }

    /// Stops for a new PIN if none was given, and refuses one that breaks the policy.
    pub(super) fn need_new_pin(
        &mut self,
        policy: Option<&PinPolicy>,
        token: &mut dyn Token,
    ) -> Result<Option<Leg>, Error> {
        let Some(pin) = &self.inputs.new_pin else {
            let counters = self.counters(token)?;
            return Ok(Some(Leg::Stop(Step::Need(Need::NewPin { policy: policy.cloned(), counters }))));
        };
        let length = u32::try_from(pin.expose().chars().count()).unwrap_or(u32::MAX);
        match policy {
            Some(policy) if policy.max_length > 0 && !(policy.min_length..=policy.max_length).contains(&length) => {
                let cause = Cause::PinLength { minimum: policy.min_length, maximum: policy.max_length };
                Err(Error::new(Stage::SetPin, cause))
            }
            _ => Ok(None),
        }
    }

    /// The PIN to log in with, or the step that asks for it.
    pub(super) fn need_pin(&mut self, token: &mut dyn Token) -> Result<Option<Leg>, Error> {
        if self.inputs.pin.is_some() {
            return Ok(None);
        }
        let counters = self.counters(token)?;
        Ok(Some(Leg::Stop(Step::Need(Need::Pin { counters }))))
    }
}
