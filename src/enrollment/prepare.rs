//! Makes a token ready for keys: gives it its own admin key, its own PUK and a PIN, each only where it is missing.

use super::admin::AdminWork;
use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::inputs::PinEntry;
use super::new_pin::{check_pin, pin_form};
use super::plan::{KnownAdminKey, LeftOpen, MayHold, Preparation, Unprepared, preparations};
use super::record::{Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Need, Observer, Step};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::template::{PinPolicy, SmartcardConfig};
use crate::secret::{AdminKey, Pin, Puk};
use crate::token::{self, Authority, LastTry, Operation, SecretKind, Token, Tries};

impl Enrollment<'_> {
    /// Brings the token to what the template wants: reads its state, has the steps decided, and takes them.
    pub(super) fn prepare(
        &mut self,
        tie: Tie,
        left_open: LeftOpen,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let config = self.config(tie, observer)?;
        let has_puk = token.authority(Operation::Unblock) == Authority::Puk;
        let sets_pin = self.order.resets_pin()
            || self.counters(token)?.user == Tries::NotSet
            || (has_puk && self.condition(token)?.pin_is_default == Some(true));
        let own_admin_key = config.diversify_admin_key;
        let admin_key = if own_admin_key { self.admin_key_state(tie)? } else { None };
        let (mut own, mut puk) = (None, None);
        for step in preparations(Unprepared { own_admin_key, admin_key, has_puk, sets_pin, left_open }) {
            let tried = match step {
                Preparation::RotateAdminKey => {
                    self.rotate_admin_key(tie, token, observer)?;
                    Tried::Done(())
                }
                Preparation::ObtainPin => {
                    self.take_proposed_pin(tie, &config, observer)?;
                    match self.need_new_pin(&config.user_pin_policy, token)? {
                        Some(stop) => return Ok(stop),
                        None => Tried::Done(()),
                    }
                }
                Preparation::ChangeAdminKey(may_hold) => {
                    let key = own.insert(self.own_key(tie, observer)?);
                    self.take_admin_key(tie, token, &config, key, may_hold, observer)?
                }
                Preparation::SettlePuk(left_open) => match self.settle_puk(tie, left_open, token, observer)? {
                    Tried::Done(told) => {
                        puk = told;
                        Tried::Done(())
                    }
                    Tried::Need(need) => Tried::Need(need),
                },
                Preparation::SetPin => {
                    let secrets = FirstPin {
                        tie,
                        config: &config,
                        own: own.as_ref(),
                        puk: puk.as_ref(),
                        left_open: left_open.puk(),
                    };
                    self.set_first_pin(secrets, token, observer)?
                }
                Preparation::NoteReady => {
                    self.reach(Milestone::Prepared { tie })?;
                    Tried::Done(())
                }
                Preparation::ChooseKeys => return self.choose_keys(tie, token, observer),
            };
            if let Tried::Need(need) = tried {
                return Ok(Leg::Stop(Step::Need(need)));
            }
        }
        Ok(Leg::Onward)
    }

    /// Gives the card its own admin key and tells the server. A card that cannot change its key keeps the default one.
    fn take_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        config: &SmartcardConfig,
        own: &AdminKey,
        may_hold: MayHold,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let (known, state) = match self.change_admin_key(tie, token, config, own, may_hold, observer) {
            Ok(Tried::Done(())) => (KnownAdminKey::Own, AdminKeyState::Active),
            Err(Error { cause: Cause::Token(token::Error::NotOffered(_)), .. }) => {
                observer(Event::AdminKeyKept);
                (KnownAdminKey::Default, AdminKeyState::Default)
            }
            other => return other,
        };
        observer(Event::Doing(Stage::ConfirmAdminKey));
        self.tell_admin_key(tie, state, Stage::ConfirmAdminKey)?;
        self.facts.admin_key = Some(known);
        Ok(Tried::Done(()))
    }

    /// Sets the new PIN and logs in with it from then on; a PIN that was not set is kept for the next try.
    fn set_first_pin(
        &mut self,
        secrets: FirstPin<'_>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let Some(new_pin) = self.inputs.new_pin.take() else { return Ok(Tried::Done(())) };
        let set = self.try_first_pin(secrets, &new_pin, token, observer);
        match &set {
            Ok(Tried::Done(())) => self.inputs.pin = Some(PinEntry::Typed(new_pin, LastTry::Keep)),
            Ok(Tried::Need(_)) | Err(_) => self.inputs.new_pin = Some(new_pin),
        }
        set
    }

    /// Sets the PIN by the PUK, or as the administrator where the card has none.
    fn try_first_pin(
        &mut self,
        secrets: FirstPin<'_>,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        observer(Event::Doing(Stage::SetPin));
        let FirstPin { tie, config, own, puk, left_open } = secrets;
        let tried = if token.authority(Operation::Unblock) == Authority::Puk {
            self.set_first_pin_by_puk(tie, config, puk, left_open, new_pin, token)?
        } else {
            let settled = self.facts.admin_key.unwrap_or(KnownAdminKey::Own);
            let key = if config.diversify_admin_key { settled } else { KnownAdminKey::Default };
            let asks = key == KnownAdminKey::Default;
            let work = AdminWork { tie, config, keys: &[key], own, stage: Stage::SetPin, asks };
            self.as_admin(work, token, observer, |token, admin, last_try| token.set_pin(admin, new_pin, last_try))?
        };
        self.facts.counters = None;
        if matches!(tried, Tried::Done(())) {
            observer(Event::PinSet);
        }
        Ok(tried)
    }

    /// Sets the PIN by the PUK that the server told. Where the server told none, the PUK the card came with is tried
    /// once, unless the card is known to have another.
    fn set_first_pin_by_puk(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        told: Option<&Puk>,
        left_open: Option<MayHold>,
        new_pin: &Pin,
        token: &mut dyn Token,
    ) -> Result<Tried<()>, Error> {
        let refused = left_open.is_some_and(MayHold::first_refused);
        let worth_a_try = !refused && self.condition(token)?.puk_is_default != Some(false);
        let factory = Puk::new(config.factory_puk().to_owned());
        let tried = self.set_pin_by_puk(new_pin, told, Some(&factory).filter(|_| worth_a_try), token)?;
        if told.is_none() && matches!(tried, Tried::Need(Need::Puk { refused: true, .. })) {
            self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: false })?;
        }
        Ok(tried)
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
        Ok(None)
    }
}

/// Holds what the first PIN can be set by.
struct FirstPin<'f> {
    tie: Tie,
    config: &'f SmartcardConfig,
    own: Option<&'f AdminKey>,
    puk: Option<&'f Puk>,
    left_open: Option<MayHold>,
}
