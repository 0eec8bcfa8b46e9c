//! Makes a token ready for keys: gives it its own admin key, its own PUK and a PIN, each only where it is missing.

use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::foresight::is_locked;
use super::pin::FirstPin;
use super::plan::{KnownAdminKey, LeftOpen, MayHold, Preparation, Unprepared, preparations};
use super::record::{Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Observer, Step};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::template::SmartcardConfig;
use crate::secret::AdminKey;
use crate::token::{self, Authority, Operation, SecretKind, Token};

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
            observer(Event::PukLocked);
        }
        let own_admin_key = config.diversify_admin_key;
        let admin_key = if own_admin_key { self.told_admin_key_state(tie)? } else { None };
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
                Preparation::SettlePuk(left_open) => match self.settle_puk(tie, left_open, token, observer) {
                    Ok(Tried::Done(told)) => {
                        puk = told;
                        Tried::Done(())
                    }
                    Ok(Tried::Need(need)) => Tried::Need(need),
                    // A card without a counter of its PUK tells only now that it is locked.
                    Err(Error { cause: Cause::Token(token::Error::Locked { secret: SecretKind::Puk }), .. }) => {
                        observer(Event::PukLocked);
                        Tried::Done(())
                    }
                    Err(error) => return Err(error),
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
}
