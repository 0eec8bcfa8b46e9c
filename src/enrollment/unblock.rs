//! Sets a new PIN for a forgotten one, with the server's help: by the administrator's authority or the PUK.

use super::admin::AdminWork;
use super::driver::{Enrollment, Leg, Tried};
use super::error::Error;
use super::plan::{KnownAdminKey, MayHold};
use super::record::{Milestone, Tie};
use super::relay::is_for_absence;
use super::stage::Stage;
use super::step::{Event, Observer, Outcome, Step};
use crate::cm::card_secrets::AdminKeyState;
use crate::cm::template::SmartcardConfig;
use crate::secret::Pin;
use crate::token::{Authority, Operation, Token};

impl Enrollment<'_> {
    /// Sets the new PIN and notes that in the journal.
    pub(super) fn unblock(
        &mut self,
        tie: Tie,
        left_open: Option<MayHold>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        let config = self.config(tie, observer)?;
        self.take_proposed_pin(tie, &config, observer)?;
        if let Some(stop) = self.need_new_pin(&config.user_pin_policy, token)? {
            return Ok(stop);
        }
        self.rotate_admin_key(tie, token, observer)?;
        let Some(new_pin) = self.inputs.new_pin.take() else { return Ok(Leg::Onward) };
        let outcome = if token.authority(Operation::Unblock) == Authority::Puk {
            self.unblock_by_puk(tie, left_open, &new_pin, token, observer)
        } else {
            self.unblock_as_admin(tie, &config, &new_pin, token, observer)
        };
        self.facts.counters = None;
        self.inputs.new_pin = Some(new_pin);
        match outcome? {
            Tried::Done(()) => {
                self.facts.pin_is_set = true;
                observer(Event::PinSet);
                self.reach(Milestone::PinSet { tie })
            }
            Tried::Need(need) => Ok(Leg::Stop(Step::Need(need))),
        }
    }

    /// Sets the PIN by the PUK that the server holds, which is brought up to date first, or else by a typed one.
    fn unblock_by_puk(
        &mut self,
        tie: Tie,
        left_open: Option<MayHold>,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let told = match self.settle_puk(tie, left_open, token, observer)? {
            Tried::Done(told) => told,
            Tried::Need(need) => return Ok(Tried::Need(need)),
        };
        observer(Event::Doing(Stage::SetPin));
        match self.set_pin_by_puk(new_pin, told.as_ref(), None, token)? {
            Tried::Need(need) => self.note_refused_puk(tie, need),
            done => Ok(done),
        }
    }

    /// Sets the PIN by the server's answer to the token's challenge, or by the admin key where there is no challenge.
    fn unblock_as_admin(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let state = if config.diversify_admin_key { self.admin_key_state(tie, token)? } else { AdminKeyState::Default };
        let mut own = None;
        let in_doubt = if state == AdminKeyState::Proposed {
            // The key was proposed and never confirmed, so the default one may hold; the server must not be told
            // otherwise.
            match self.with_presence(tie, token, observer, |this, observer| this.own_key(tie, observer)) {
                Ok(fetched) => Some(fetched),
                // The card does not have it.
                Err(refused) if is_for_absence(&refused) => None,
                Err(error) => return Err(error),
            }
        } else {
            None
        };
        let lacks_own = state == AdminKeyState::Default || state == AdminKeyState::Proposed && in_doubt.is_none();
        let key = if lacks_own { KnownAdminKey::Default } else { KnownAdminKey::Own };
        if let Some(fetched) = in_doubt {
            let work = AdminWork {
                tie,
                config,
                keys: &[KnownAdminKey::Default, KnownAdminKey::Own],
                own: Some(&fetched),
                next: None,
                stage: Stage::ChangeAdminKey,
                asks: true,
            };
            let settled = self.as_admin(work, token, observer, |token, admin, last_try| {
                token.change_admin_key(admin, &fetched, last_try)
            })?;
            if let Tried::Need(need) = settled {
                return Ok(Tried::Need(need));
            }
            observer(Event::AdminKeyChanged);
            self.tell_admin_key(tie, AdminKeyState::Active, Stage::ConfirmAdminKey)?;
            own = Some(fetched);
        }
        observer(Event::Doing(Stage::SetPin));
        self.set_pin_as_admin(AdminWork::to_set_pin(tie, config, &key, own.as_ref()), new_pin, token, observer)
    }

    /// Tells the server that the request is carried out, and closes the journal.
    pub(super) fn finish_unblock(&mut self, tie: Tie, observer: Observer<'_>) -> Result<Leg, Error> {
        self.complete(tie.request, observer)?;
        self.close_completed()?;
        Ok(Leg::Stop(Step::Done(Outcome::Unblocked { request: tie.request, smartcard: tie.smartcard })))
    }
}
