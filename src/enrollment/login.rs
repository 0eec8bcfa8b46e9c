//! Logs in to the token with the secrets that its authorities ask for, and no others.

use super::admin::is_wrong;
use super::driver::{Enrollment, Leg};
use super::error::{Cause, Error};
use super::inputs::PinEntry;
use super::pin::is_unusable;
use super::plan::KnownAdminKey;
use super::record::{PinWork, Tie};
use super::stage::Stage;
use super::step::{Event, Need, Observer, Step, WhichPin};
use super::workflow::Workflow;
use crate::cm::card_secrets::AdminKeyState;
use crate::token::{Admin, Authority, Credentials, LastTry, Operation, Session, Token};

/// Holds a login, or the step that asks for the PIN.
pub(super) enum Login<'t> {
    In(Box<dyn Session + 't>),
    Need(Leg),
}

/// Lists what the way from the keys on asks of the token, so that one login is enough. A renewal deletes besides, by the
/// same right as it writes.
pub(super) const AHEAD: &[Operation] = &[Operation::Generate, Operation::Sign, Operation::WriteCertificate];

impl Enrollment<'_> {
    /// Logs in with all that `operations` need on this kind of token.
    pub(super) fn log_in_for<'t>(
        &mut self,
        tie: Tie,
        operations: &[Operation],
        token: &'t mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Login<'t>, Error> {
        let of = |who| operations.iter().any(|operation| token.authority(*operation) == who);
        let (user, admin) = (of(Authority::User), of(Authority::Admin));
        if user && let Some(need) = self.prepare_pin(tie, token, observer)? {
            return Ok(Login::Need(need));
        }
        self.facts.as_admin = admin;
        let admin = if admin { Some((tie, self.known_admin_key(tie, token, observer)?)) } else { None };
        if let Some((tie, KnownAdminKey::Default)) = admin
            && let Some(need) = self.need_so_pin(tie, token, observer)?
        {
            return Ok(Login::Need(need));
        }
        self.log_in(user, admin, token, observer)
    }

    /// Logs in as the user, as the administrator by the server's responses, or as both.
    pub(super) fn log_in<'t>(
        &mut self,
        user: bool,
        admin: Option<(Tie, KnownAdminKey)>,
        token: &'t mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Login<'t>, Error> {
        if user && let Some(need) = self.need_pin(token)? {
            return Ok(Login::Need(need));
        }
        let default = match admin {
            Some((tie, KnownAdminKey::Default)) => {
                let config = self.config(tie, observer)?;
                self.admin_key_it_came_with(&config, token.factory(), Stage::LogIn)?
            }
            Some((_, KnownAdminKey::Own | KnownAdminKey::Next)) | None => None,
        };
        observer(Event::Doing(Stage::LogIn));
        let mut responder = admin.map(|(tie, key)| self.responder(tie, key));
        let typed = self.inputs.so_pin.as_ref().map(|(so_pin, _)| so_pin);
        let credentials = Credentials {
            user: self.inputs.pin.as_ref().filter(|_| user).map(PinEntry::as_user),
            admin: match (admin, typed, &default) {
                (None, _, _) => None,
                (Some((_, KnownAdminKey::Default)), Some(typed), _) => Some(Admin::SoPin(typed)),
                (Some((_, KnownAdminKey::Default)), None, Some(default)) => Some(Admin::Key(default)),
                (Some(_), _, _) => responder.as_mut().map(|responder| Admin::Responder(responder)),
            },
        };
        token.log_in(credentials).map(Login::In).map_err(|source| Error::new(Stage::LogIn, source))
    }

    /// Has the PIN ready that the card has by now: during an enrollment a locked or lost one is replaced, and one that an
    /// earlier run has set for the server is fetched again. Returns the step that asks for what is missing.
    fn prepare_pin(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<Option<Leg>, Error> {
        if self.inputs.pin.is_none() && self.order.workflow() == Workflow::Enroll {
            if self.pin_is_lost() || is_unusable(self.counters(token)?.user) {
                return self.replace_locked_pin(tie, token, observer);
            }
            if self.pin_work() == PinWork::Set {
                let config = self.config(tie, observer)?;
                self.take_proposed_pin(tie, &config, observer)?;
                self.facts.pin_is_set = true;
            }
        }
        self.need_pin(token)
    }

    /// Returns the step that asks for the PIN, if none was given.
    pub(super) fn need_pin(&mut self, token: &mut dyn Token) -> Result<Option<Leg>, Error> {
        if self.inputs.pin.is_some() {
            return Ok(None);
        }
        let just_set = self.pin_work() == PinWork::Set;
        if just_set && let Some(new_pin) = self.inputs.new_pin.take() {
            self.inputs.pin = Some(PinEntry::Typed(new_pin, LastTry::Keep));
            return Ok(None);
        }
        let which = if just_set { WhichPin::JustSet } else { WhichPin::Users };
        Ok(Some(Leg::Stop(Step::Need(self.pin_needed(which, token)?))))
    }

    /// Returns the need of a PIN that the card has.
    pub(super) fn pin_needed(&mut self, which: WhichPin, token: &mut dyn Token) -> Result<Need, Error> {
        let counters = self.counters(token)?;
        // A reader's keys serve for a login, not for a change.
        let pin_pad = which != WhichPin::ToChange && token.has_pin_pad();
        Ok(Need::Pin { counters, pin_pad, which })
    }

    /// Returns the step that asks for the SO PIN where the card tells that it has not the default admin key.
    fn need_so_pin(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<Option<Leg>, Error> {
        if self.inputs.so_pin.is_some() {
            return Ok(None);
        }
        let config = self.config(tie, observer)?;
        self.condition(token)?;
        if self.admin_key_it_came_with(&config, token.factory(), Stage::LogIn)?.is_some() {
            return Ok(None);
        }
        let need = match self.take_kept_admin_key(Stage::LogIn, token)? {
            Some(need) => need,
            None if self.inputs.so_pin.is_some() => return Ok(None),
            None => self.so_pin_needed(token)?,
        };
        Ok(Some(Leg::Stop(Step::Need(need))))
    }

    /// Finds out by which admin key the card answers, once in a process. Where both are possible, the default one is
    /// tried, once.
    pub(super) fn known_admin_key(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<KnownAdminKey, Error> {
        if let Some(key) = self.facts.admin_key {
            return Ok(key);
        }
        let config = self.config(tie, observer)?;
        let state = if config.diversify_admin_key { self.admin_key_state(tie, token)? } else { AdminKeyState::Default };
        let key = match state {
            AdminKeyState::Default => KnownAdminKey::Default,
            AdminKeyState::Active => KnownAdminKey::Own,
            AdminKeyState::Proposed => match self.log_in(false, Some((tie, KnownAdminKey::Default)), token, observer) {
                Ok(_) => KnownAdminKey::Default,
                Err(Error { cause: Cause::Token(refused), .. }) if is_wrong(&refused) => KnownAdminKey::Own,
                Err(error) => return Err(error),
            },
        };
        self.facts.admin_key = Some(key);
        Ok(key)
    }
}
