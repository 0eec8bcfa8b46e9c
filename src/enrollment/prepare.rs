//! Makes a token ready for keys: gives it its own admin key, its own PUK and a PIN, each only where it is missing.

use super::admin::{OwnKeys, is_wrong};
use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::foresight::is_locked;
use super::pin::FirstPin;
use super::plan::{KnownAdminKey, LeftOpen, MayHold, Preparation, Unprepared, preparations};
use super::record::{Milestone, Tie};
use super::relay::is_for_absence;
use super::rotate::Rotation;
use super::stage::Stage;
use super::step::{Event, Observer, Step};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::template::SmartcardConfig;
use crate::token::{self, Authority, Operation, SecretKind, Token, Tries};

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
        self.plan_ordered_keys(tie, token, observer)?;
        let sets_pin = self.sets_pin(&config, token)?;
        let mut has_puk = token.authority(Operation::Unblock) == Authority::Puk;
        if has_puk && is_locked(self.counters(token)?.puk) {
            has_puk = false;
            self.go_on_without_puk(observer)?;
        }
        let own_admin_key = config.diversify_admin_key;
        let admin_key = if own_admin_key { self.told_admin_key_state(tie.smartcard)? } else { None };
        let is_default = if own_admin_key { self.condition(token)?.admin_key_is_default } else { None };
        let (mut own, mut puk) = (None, None);
        let card = Unprepared {
            own_admin_key,
            admin_key,
            has_factorys: is_default == Some(true),
            so_pin_typed: self.inputs.so_pin.is_some(),
            has_puk,
            sets_pin,
            left_open,
        };
        for step in preparations(card) {
            if matches!(step, Preparation::SettlePuk(_) | Preparation::SetPin) {
                self.try_room(tie, &config, token, observer)?;
            }
            let tried = match step {
                Preparation::RotateAdminKey => {
                    let accepts = match self.rotate_to_the_end(tie, token, observer)? {
                        Rotation::Changed => true,
                        Rotation::Nothing if is_default.is_some() => true,
                        Rotation::Nothing => self.accepts_its_own_key(tie, token, observer)?,
                        Rotation::Kept(refused) if is_wrong(&refused) => self.note_other_key(tie, token)?,
                        // An earlier holder may know the key that would stay.
                        Rotation::Kept(refused) => return Err(Error::new(Stage::ChangeAdminKey, refused)),
                    };
                    if !accepts {
                        return Ok(Leg::Onward);
                    }
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
                    let keys = own.insert(self.keys_to_change(tie, admin_key, token, observer)?);
                    let tried = self.take_admin_key(tie, token, &config, keys, may_hold, observer)?;
                    if keys.held.is_some() && matches!(tried, Tried::Done(())) {
                        // That may be what an earlier enrollment has proposed: the server is asked what follows.
                        (self.facts.condition, self.inputs.so_pin) = (None, None);
                        return Ok(Leg::Onward);
                    }
                    tried
                }
                Preparation::SettlePuk(left_open) => match self.settle_puk(tie, left_open, token, observer) {
                    Ok(Tried::Done(told)) => {
                        puk = told;
                        Tried::Done(())
                    }
                    Ok(Tried::Need(need)) => Tried::Need(need),
                    // A card without a counter of its PUK tells only now that it is locked.
                    Err(Error { cause: Cause::Token(token::Error::Locked { secret: SecretKind::Puk }), .. }) => {
                        self.go_on_without_puk(observer)?;
                        Tried::Done(())
                    }
                    Err(error) => return Err(error),
                },
                Preparation::SetPin => {
                    let secrets = FirstPin {
                        tie,
                        config: &config,
                        own: own.as_ref().map(|keys| &keys.goal),
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

    /// Has a card that does not tell of its admin key accept the one that the server has for it. One that refuses was
    /// made anew meanwhile; the journal then says so. The key it came with is tried next only where that costs no try.
    /// Where no such proof is offered, a session finds out.
    fn accepts_its_own_key(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<bool, Error> {
        if self.accepts_own_admin_key(tie, token, observer)? != Some(false) {
            return Ok(true);
        }
        self.note_other_key(tie, token)
    }

    /// Notes that the card has refused the keys that the server has for it; returns false, for it accepts none.
    fn note_other_key(&mut self, tie: Tie, token: &mut dyn Token) -> Result<bool, Error> {
        let default_refused = self.counters(token)?.admin != Tries::Untold;
        self.reach(Milestone::ChangingAdminKey { tie, default_refused, own_possible: false })?;
        Ok(false)
    }

    /// Gives the card its own admin key and tells the server. A card that cannot change its key keeps the default one.
    fn take_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        config: &SmartcardConfig,
        keys: &OwnKeys,
        may_hold: MayHold,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let (known, state) = match self.change_admin_key(tie, token, config, keys, may_hold, observer) {
            Ok(Tried::Done(())) => (KnownAdminKey::Own, AdminKeyState::Active),
            Err(Error { cause: Cause::Token(token::Error::NotOffered(_)), .. }) => {
                observer(Event::AdminKeyKept);
                (KnownAdminKey::Default, AdminKeyState::Default)
            }
            other => return other,
        };
        observer(Event::Doing(Stage::ConfirmAdminKey));
        match self.tell_admin_key(tie, state, Stage::ConfirmAdminKey) {
            // The card keeps the default one, and has none of before by which it could show that it is there.
            Err(refused) if state == AdminKeyState::Default && is_for_absence(&refused) => {}
            told => told?,
        }
        self.facts.admin_key = Some(known);
        Ok(Tried::Done(()))
    }
}
