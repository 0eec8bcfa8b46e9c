//! A new PIN for a forgotten one, by the administrator's authority: over the server, or over the telephone.

use super::admin::Tried;
use super::error::{Error, Stage};
use super::record::{Milestone, Tie};
use super::{Enrollment, Event, Leg, Observer, Order, Outcome, Step};
use crate::client::CmClient;
use crate::cm::extension::AdminKeyState;
use crate::cm::template::SmartcardConfig;
use crate::secret::Pin;
use crate::token::{self, Admin, ChallengeResponder, LastTry, Token};
use uuid::Uuid;

/// Has the server answer a card's challenge, so that the admin key stays there.
struct ServerResponder<'c> {
    client: &'c CmClient,
    tie: Tie,
    card_id: Uuid,
    diversified: bool,
}

impl ChallengeResponder for ServerResponder<'_> {
    fn respond(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Box<dyn std::error::Error + Send + Sync>> {
        let Tie { request, smartcard } = self.tie;
        Ok(self.client.authentication_response(request, smartcard, self.card_id, challenge, self.diversified)?)
    }
}

impl Enrollment<'_> {
    /// Sets the new PIN: by the server's answer to the token's challenge, or by the key where there is no challenge.
    pub(super) fn unblock(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<Leg, Error> {
        let config = self.config(tie, observer)?;
        if let Some(stop) = self.need_new_pin(Some(&config.user_pin_policy), token)? {
            return Ok(stop);
        }
        let Some(new_pin) = self.inputs.new_pin.take() else { return Ok(Leg::Onward) };
        let outcome = self.set_new_pin(tie, &config, &new_pin, token, observer);
        self.facts.counters = None;
        self.inputs.new_pin = Some(new_pin);
        match outcome? {
            Tried::Done(()) => {
                observer(Event::PinSet);
                self.reach(Milestone::PinSet { tie })
            }
            Tried::Need(need) => Ok(Leg::Stop(Step::Need(need))),
        }
    }

    fn set_new_pin(
        &mut self,
        tie: Tie,
        config: &SmartcardConfig,
        new_pin: &Pin,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<()>, Error> {
        let last_try = match &self.order {
            Order::Unblock { last_try, .. } => *last_try,
            _ => LastTry::Keep,
        };
        let state = if config.diversify_admin_key { self.admin_key_state(tie)? } else { Some(AdminKeyState::Default) };
        let diversified = !matches!(state, Some(AdminKeyState::Default));
        observer(Event::Doing(Stage::SetPin));
        let mut responder = ServerResponder { client: self.client, tie, card_id: self.card_id, diversified };
        match token.set_pin(Admin::Responder(&mut responder), new_pin, last_try) {
            Ok(()) => return Ok(Tried::Done(())),
            Err(token::Error::NoChallenge) => {}
            Err(error) => return Err(Error::new(Stage::SetPin, error)),
        }
        if !diversified {
            return self.as_admin(token, config, None, Stage::SetPin, |token, admin, last_try| {
                token.set_pin(admin, new_pin, last_try)
            });
        }
        let own = self.own_key(tie, observer)?;
        if state == Some(AdminKeyState::Proposed) {
            // The key was proposed and never confirmed: the default one may hold, and the server must not be told
            // otherwise.
            let settled =
                self.as_admin(token, config, Some(&own), Stage::ChangeAdminKey, |token, admin, last_try| {
                    token.change_admin_key(admin, &own, last_try)
                })?;
            if let Tried::Need(need) = settled {
                return Ok(Tried::Need(need));
            }
            observer(Event::AdminKeyChanged);
            self.confirm_admin_key(tie, observer)?;
        }
        token
            .set_pin(Admin::Key(&own), new_pin, last_try)
            .map(Tried::Done)
            .map_err(|source| Error::new(Stage::SetPin, source))
    }

    pub(super) fn finish_unblock(&mut self, tie: Tie, observer: Observer<'_>) -> Result<Leg, Error> {
        self.complete(tie.request, observer)?;
        self.close()?;
        Ok(Leg::Stop(Step::Done(Outcome::Unblocked { request: tie.request, smartcard: tie.smartcard })))
    }
}

/// Sets a new PIN by a response that somebody afar gives to the token's challenge; no server is asked. A token that
/// has no challenge, as those of PKCS#11, refuses before `responder` is asked.
pub fn unblock_offline(
    token: &mut dyn Token,
    responder: &mut dyn ChallengeResponder,
    new_pin: &Pin,
    last_try: LastTry,
) -> Result<(), Error> {
    token.set_pin(Admin::Responder(responder), new_pin, last_try).map_err(|source| Error::new(Stage::SetPin, source))
}
