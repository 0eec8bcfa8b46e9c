//! Asks for the PINs that an order needs before its request is made, so that whoever stops at the prompt leaves nothing
//! behind.
//!
//! Only where the order goes on at once: a request that waits for approval has no use for a PIN yet. What shows only
//! later that it is needed (an SO PIN, a PUK of somebody's own) is asked for when it shows.

use super::driver::{Enrollment, Leg};
use super::error::Error;
use super::login::AHEAD;
use super::step::Observer;
use super::workflow::Workflow;
use crate::cm::smartcard::Smartcard;
use crate::token::{Authority, Operation, Token};
use uuid::Uuid;

impl Enrollment<'_> {
    /// Returns the step that asks for a PIN that the order will need; `None` where all is there, or the request would
    /// wait for approval.
    pub(super) fn secrets_first(
        &mut self,
        template: Uuid,
        card: Option<&Smartcard>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<Leg>, Error> {
        if !self.goes_on_at_once(template) {
            return Ok(None);
        }
        let operations: &[Operation] = match self.order.workflow() {
            Workflow::Enroll | Workflow::Renew => AHEAD,
            Workflow::Unblock => &[],
            Workflow::Retire => &[Operation::Delete],
            Workflow::RetireLost => return Ok(None),
        };
        let config = self.config_of(template, observer)?;
        let sets_pin = match self.order.workflow() {
            Workflow::Enroll => self.sets_pin(&config, token)?,
            Workflow::Unblock => true,
            Workflow::Renew | Workflow::Retire | Workflow::RetireLost => false,
        };
        if sets_pin {
            self.refuse_given_pin(&config)?;
            return if config.proposes_pin() { Ok(None) } else { self.need_new_pin(&config.user_pin_policy, token) };
        }
        let resets = self.order.workflow() == Workflow::Retire && config.reset_on_retire;
        let logs_in = operations.iter().any(|operation| token.authority(*operation) == Authority::User);
        let signs = match (self.order.workflow(), card) {
            (Workflow::Retire, Some(card)) => self.signs_to_retire(card, token, observer)?,
            _ => false,
        };
        if logs_in && !resets || signs { self.need_pin(token) } else { Ok(None) }
    }

    /// Says whether the template lets the request be carried out as soon as it is made; asks the server once.
    fn goes_on_at_once(&mut self, template: Uuid) -> bool {
        if let Some(known) = self.facts.at_once {
            return known;
        }
        let policy = self.client.policy(template, self.order.workflow().request_type());
        let at_once =
            policy.is_ok_and(|policy| policy.approvals_needed == 0 && policy.one_time_password_policy.is_none());
        self.facts.at_once = Some(at_once);
        at_once
    }
}
