//! Sets the PIN of a card that is enrolled: when, which one, and by whose right.
//!
//! The journal says before and after which PIN the card has, so that a repetition spends no try on the one before.

use super::admin::AdminWork;
use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::inputs::PinEntry;
use super::new_pin::{check_pin, pin_form};
use super::plan::{KnownAdminKey, MayHold};
use super::record::{PinWork, Tie};
use super::stage::Stage;
use super::step::{Event, Need, Observer, Step, WhichPin};
use crate::cm::template::{PinPolicy, SmartcardConfig};
use crate::secret::{AdminKey, Pin, Puk};
use crate::token::{self, Authority, LastTry, Operation, SecretKind, Token, Tries};

/// Holds what the first PIN can be set by.
#[derive(Clone, Copy)]
pub(super) struct FirstPin<'f> {
    pub tie: Tie,
    pub config: &'f SmartcardConfig,
    pub own: Option<&'f AdminKey>,
    pub puk: Option<&'f Puk>,
    pub left_open: Option<MayHold>,
}

impl Enrollment<'_> {
    /// Says whether the enrollment sets a PIN: one was given or is ordered, the server chooses it, the card has none or
    /// a locked one, or it may still have the one it came with.
    pub(super) fn sets_pin(&mut self, config: &SmartcardConfig, token: &mut dyn Token) -> Result<bool, Error> {
        let user = self.counters(token)?.user;
        if is_unusable(user) {
            return Ok(true);
        }
        match self.pin_work() {
            PinWork::Begun => return Ok(true),
            PinWork::Set if self.pin_is_lost() => return Ok(true),
            // Unless somebody has reset the card meanwhile.
            PinWork::Set if token.factory().pin.is_none() => return Ok(false),
            PinWork::Set => return Ok(self.condition(token)?.pin_is_default == Some(true)),
            PinWork::None => {}
        }
        if self.order.resets_pin() || self.inputs.new_pin.is_some() || config.proposes_pin() {
            return Ok(true);
        }
        // A card that does not tell may have the PIN that everybody knows.
        Ok(token.factory().pin.is_some() && self.condition(token)?.pin_is_default != Some(false))
    }

    /// Says whether nobody knows the PIN that an earlier run has set, and none was set in its place yet.
    pub(super) fn pin_is_lost(&self) -> bool {
        self.order.lost_pin() && self.pin_work() == PinWork::Set && !self.facts.pin_is_set
    }

    /// Sets the new PIN and logs in with it from then on; a PIN that was not set is kept for the next try.
    pub(super) fn set_first_pin(
        &mut self,
        secrets: FirstPin<'_>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let Some(new_pin) = self.inputs.new_pin.take() else { return Ok(Tried::Done(())) };
        let set = self.try_first_pin(secrets, &new_pin, token, observer);
        self.pin_was_set(set, new_pin, observer)
    }

    /// Takes `new_pin` for the login if it was set, and keeps it for the next try if not.
    fn pin_was_set(
        &mut self,
        set: Result<Tried<()>, Error>,
        new_pin: Pin,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        self.facts.counters = None;
        self.facts.condition = None;
        match &set {
            Ok(Tried::Done(())) => {
                self.inputs.pin = Some(PinEntry::Typed(new_pin, LastTry::Keep));
                self.note(|record| record.pin = PinWork::Set)?;
                self.facts.pin_is_set = true;
                observer(Event::PinSet);
            }
            Ok(Tried::Need(_)) | Err(_) => self.inputs.new_pin = Some(new_pin),
        }
        set
    }

    /// Sets the PIN by the PUK, as the administrator where the card has none, or from the present one where it has
    /// neither.
    fn try_first_pin(
        &mut self,
        secrets: FirstPin<'_>,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        observer(Event::Doing(Stage::SetPin));
        if token.authority(Operation::Unblock) == Authority::Puk {
            return self.set_first_pin_by_puk(secrets, new_pin, token);
        }
        self.note(|record| record.pin = PinWork::Begun)?;
        if token.authority(Operation::Unblock) == Authority::User {
            return self.change_first_pin(new_pin, token);
        }
        let FirstPin { tie, config, own, .. } = secrets;
        let settled = self.facts.admin_key.unwrap_or(KnownAdminKey::Own);
        let key = if config.diversify_admin_key { settled } else { KnownAdminKey::Default };
        self.set_pin_as_admin(AdminWork::to_set_pin(tie, config, &key, own), new_pin, token, observer)
    }

    /// Sets the PIN by the PUK that the server told. Where the server told none, the PUK the card came with is tried,
    /// unless the card is known to have another. Where the PUK is locked, the PIN is changed from the present one.
    fn set_first_pin_by_puk(
        &mut self,
        secrets: FirstPin<'_>,
        new_pin: &Pin,
        token: &mut dyn Token,
    ) -> Result<Tried<()>, Error> {
        let FirstPin { tie, config, puk: told, left_open, .. } = secrets;
        self.note(|record| record.pin = PinWork::Begun)?;
        if self.counters(token)?.puk == Some(Tries::Locked) {
            return self.change_first_pin(new_pin, token);
        }
        let refused = left_open.is_some_and(MayHold::first_refused);
        let factory = self.puk_it_came_with(config, token)?.filter(|_| !refused);
        match self.set_pin_by_puk(new_pin, told, factory.as_ref(), token) {
            Err(Error { cause: Cause::Token(token::Error::Locked { secret: SecretKind::Puk }), .. }) => {
                self.change_first_pin(new_pin, token)
            }
            Ok(Tried::Need(need)) => self.note_refused_puk(tie, need),
            tried => tried,
        }
    }

    /// Changes the PIN from the one that was typed, or from the one the card came with where the card says that it has
    /// that, or from none where none is set; asks for it otherwise.
    fn change_first_pin(&mut self, new_pin: &Pin, token: &mut dyn Token) -> Result<Tried<()>, Error> {
        let has_factorys = self.condition(token)?.pin_is_default == Some(true);
        let none = (self.counters(token)?.user == Tries::NotSet).then_some("");
        let factory = none.or(token.factory().pin.filter(|_| has_factorys)).map(|pin| Pin::new(pin.to_owned()));
        let (current, last_try) = match (&factory, &self.inputs.pin) {
            (Some(factory), _) => (factory, LastTry::Keep),
            (None, Some(PinEntry::Typed(typed, last_try))) => (typed, *last_try),
            (None, Some(PinEntry::Pad(_)) | None) => {
                return Ok(Tried::Need(self.pin_needed(WhichPin::ToChange, token)?));
            }
        };
        let changed = token.change_pin(current, new_pin, last_try);
        changed.map(Tried::Done).map_err(|source| Error::new(Stage::SetPin, source))
    }

    /// Sets a new PIN in place of one that was locked or lost while the enrollment was under way, by the right that the
    /// work has by then. Returns the step that asks for what is missing.
    pub(super) fn replace_locked_pin(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<Leg>, Error> {
        let config = self.config(tie, observer)?;
        self.take_proposed_pin(tie, &config, observer)?;
        if let Some(stop) = self.need_new_pin(&config.user_pin_policy, token)? {
            return Ok(Some(stop));
        }
        let Some(new_pin) = self.inputs.new_pin.take() else { return Ok(None) };
        observer(Event::Doing(Stage::SetPin));
        let set = self.set_in_place_of_locked(tie, &config, &new_pin, token, observer);
        match self.pin_was_set(set, new_pin, observer)? {
            Tried::Done(()) => Ok(None),
            Tried::Need(need) => Ok(Some(Leg::Stop(Step::Need(need)))),
        }
    }

    fn set_in_place_of_locked(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        if token.authority(Operation::Unblock) == Authority::Puk {
            let told = self.puk_report(tie, token, observer)?.and_then(|report| report.current);
            let factory = self.puk_it_came_with(config, token)?.filter(|_| told.is_none());
            self.note(|record| record.pin = PinWork::Begun)?;
            return self.set_pin_by_puk(new_pin, told.as_ref(), factory.as_ref(), token);
        }
        let key = self.known_admin_key(tie, token, observer)?;
        self.note(|record| record.pin = PinWork::Begun)?;
        self.set_pin_as_admin(AdminWork::to_set_pin(tie, config, &key, None), new_pin, token, observer)
    }

    /// Stops to ask for a new PIN if none was given; refuses one that the card or the policy does not take.
    pub(super) fn need_new_pin(&mut self, policy: &PinPolicy, token: &mut dyn Token) -> Result<Option<Leg>, Error> {
        let failed = |cause| Error::new(Stage::SetPin, cause);
        let form = pin_form(token.form(SecretKind::Pin), policy).map_err(failed)?;
        let Some(pin) = &self.inputs.new_pin else {
            let counters = self.counters(token)?;
            return Ok(Some(Leg::Stop(Step::Need(Need::NewPin { form, counters }))));
        };
        form.map_or(Ok(()), |form| check_pin(pin.expose(), form)).map_err(failed)?;
        if policy.refuses(pin) || token.factory().pin == Some(pin.expose()) {
            return Err(failed(Cause::PinTrivial));
        }
        Ok(None)
    }
}

/// Says whether nobody can log in by the PIN, so that a new one must be set.
pub(super) fn is_unusable(user: Tries) -> bool {
    matches!(user, Tries::NotSet | Tries::Locked | Tries::Left(0))
}
