//! A token made ready for keys: its own admin key, its own PUK and a PIN, each only where it is missing.

use super::admin::AdminWork;
use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::inputs::PinEntry;
use super::plan::{Doubt, Doubts, Held, PukDoubt};
use super::record::{Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Need, Observer, Step};
use crate::cm::beyond_mim::AdminKeyState;
use crate::cm::template::{PinPolicy, SmartcardConfig};
use crate::secret::{AdminKey, Pin, Puk};
use crate::token::{self, Authority, LastTry, Operation, Token, Tries};

impl Enrollment<'_> {
    /// Brings the token to what the template wants, in the order of MIM's walkthrough: admin key, then PIN.
    pub(super) fn prepare(
        &mut self,
        tie: Tie,
        doubts: Doubts,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let config = self.config(tie, observer)?;
        let has_puk = token.authority(Operation::Unblock) == Authority::Puk;
        let sets_pin = self.order.resets_pin()
            || self.counters(token)?.user == Tries::NotSet
            || (has_puk && self.condition(token)?.pin_is_default == Some(true));
        let state = if config.diversify_admin_key { self.admin_key_state(tie)? } else { None };
        // The PUK comes after the admin key, so work on it means that the key is settled.
        if state == Some(AdminKeyState::Active) && doubts.puk.is_none() {
            self.rotate_admin_key(tie, token, observer)?;
        }
        let changes_key = config.diversify_admin_key && state != Some(AdminKeyState::Active) && doubts.puk.is_none();
        if sets_pin {
            self.take_proposed_pin(tie, &config, observer)?;
        }
        if sets_pin && let Some(stop) = self.need_new_pin(Some(&config.user_pin_policy), token)? {
            return Ok(stop);
        }
        let takes_puk = has_puk && config.diversify_admin_key;
        if !sets_pin && !changes_key && !takes_puk {
            return match (doubts.admin, doubts.puk) {
                (None, None) => self.choose_keys(tie, token, observer),
                _ => self.reach(Milestone::Prepared { tie }),
            };
        }
        let mut own = None;
        if changes_key {
            // What the journal knows is newer than what the server knows.
            let proposed = Doubt { default_refused: false, own_possible: state == Some(AdminKeyState::Proposed) };
            let doubt = doubts.admin.unwrap_or(proposed);
            let key = self.own_key(tie, observer)?;
            if let Tried::Need(need) = self.take_admin_key(tie, token, &config, &key, doubt, observer)? {
                return Ok(Leg::Stop(Step::Need(need)));
            }
            own = Some(key);
        }
        let puk = match if takes_puk { self.settle_puk(tie, doubts.puk, token, observer)? } else { Tried::Done(None) } {
            Tried::Done(puk) => puk,
            Tried::Need(need) => return Ok(Leg::Stop(Step::Need(need))),
        };
        if sets_pin && let Some(new_pin) = self.inputs.new_pin.take() {
            let keys = FirstPin { tie, config: &config, own: own.as_ref(), puk: puk.as_ref(), doubt: doubts.puk };
            let set = self.set_first_pin(keys, &new_pin, token, observer);
            match set {
                Ok(Tried::Done(())) => self.inputs.pin = Some(PinEntry::Typed(new_pin, LastTry::Keep)),
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

    /// Gives the card its own admin key and has the server know. A card that cannot change its key goes on with it.
    fn take_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        config: &SmartcardConfig,
        own: &AdminKey,
        doubt: Doubt,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let (held, state) = match self.change_admin_key(tie, token, config, own, doubt, observer) {
            Ok(Tried::Done(())) => (Held::Own, AdminKeyState::Active),
            Err(Error { cause: Cause::Token(token::Error::NotOffered(_)), .. }) => {
                observer(Event::AdminKeyKept);
                (Held::Default, AdminKeyState::Default)
            }
            other => return other,
        };
        observer(Event::Doing(Stage::ConfirmAdminKey));
        self.tell_admin_key(tie, state, Stage::ConfirmAdminKey)?;
        self.facts.held = Some(held);
        Ok(Tried::Done(()))
    }

    fn set_first_pin(
        &mut self,
        secrets: FirstPin<'_>,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        observer(Event::Doing(Stage::SetPin));
        let FirstPin { tie, config, own, puk, doubt } = secrets;
        let tried = if token.authority(Operation::Unblock) == Authority::Puk {
            self.set_first_pin_by_puk(tie, config, puk, doubt.unwrap_or_default(), new_pin, token)?
        } else {
            let held = if config.diversify_admin_key { self.facts.held.unwrap_or(Held::Own) } else { Held::Default };
            let asks = held == Held::Default;
            let work = AdminWork { tie, config, keys: &[held], own, stage: Stage::SetPin, asks };
            self.as_admin(work, token, observer, |token, admin, last_try| token.set_pin(admin, new_pin, last_try))?
        };
        self.facts.counters = None;
        if matches!(tried, Tried::Done(())) {
            observer(Event::PinSet);
        }
        Ok(tried)
    }

    /// Where the server holds no PUK, the card still has the one it came with; it is tried once, unless it is known not
    /// to hold.
    fn set_first_pin_by_puk(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        told: Option<&Puk>,
        doubt: PukDoubt,
        new_pin: &Pin,
        token: &mut dyn Token,
    ) -> Result<Tried<()>, Error> {
        let worth_a_try = !doubt.current_refused && self.condition(token)?.puk_is_default != Some(false);
        let factory = Puk::new(config.factory_puk().to_owned());
        let tried = self.set_pin_by_puk(new_pin, told, Some(&factory).filter(|_| worth_a_try), token)?;
        if told.is_none() && matches!(tried, Tried::Need(Need::Puk { refused: true, .. })) {
            self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: false })?;
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
}

/// What the first PIN may be set by.
struct FirstPin<'f> {
    tie: Tie,
    config: &'f SmartcardConfig,
    own: Option<&'f AdminKey>,
    puk: Option<&'f Puk>,
    doubt: Option<PukDoubt>,
}
