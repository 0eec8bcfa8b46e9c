//! Goes from one milestone to the next until something is needed or all is done.

use super::driver::{Enrollment, Leg, present};
use super::error::{Cause, Error};
use super::pin::is_unusable;
use super::plan::{LeftOpen, MayHold};
use super::proven::Listed;
use super::record::{Milestone, Record, Tie};
use super::stage::Stage;
use super::step::{Event, Input, Observer, Step};
use super::workflow::Workflow;
use crate::token::{Authority, Operation, SecretKind, Token, Tries};

/// Says what a token lacks on which nobody but the holder of the PIN sets another.
const NO_HELPER: &str = "a new PIN in place of a forgotten one, as it has neither an SO PIN nor a PUK";

impl Enrollment<'_> {
    /// Goes on until the caller must give something, the request waits for approval, or all is done. `token` may be
    /// `None` only for a lost card. After an error the journal still says how far the work is, and `advance` may be
    /// called again.
    pub fn advance(
        &mut self,
        mut token: Option<&mut dyn Token>,
        input: Input,
        observer: Observer<'_>,
    ) -> Result<Step, Error> {
        self.give(input);
        if let Some(token) = &token {
            self.facts.atr = Some(hex::encode(token.atr())).filter(|atr| !atr.is_empty());
        }
        let outcome = self.same_card(token.as_deref()).and_then(|()| self.go_on(&mut token, observer));
        outcome.map_err(|error| {
            self.forget(&error);
            error.about(self.record().and_then(Record::request))
        })
    }

    /// Goes leg after leg. Each changes the milestone or stops, and the longest way has fewer legs than the bound.
    fn go_on(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Step, Error> {
        const MOST_LEGS: usize = 32;
        for _ in 0..MOST_LEGS {
            if let Leg::Stop(step) = self.leg(token, observer)? {
                return Ok(step);
            }
        }
        Err(Error::new(Stage::ReadRequest, Cause::NoProgress))
    }

    /// Takes the step that follows from the milestone in the journal, or opens the journal where there is none.
    fn leg(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Leg, Error> {
        let Some(milestone) = self.record().map(|record| record.milestone.clone()) else {
            self.check_token(token, observer)?;
            return self.start(token, observer);
        };
        if let Some(leg) = self.recheck(&milestone, observer)? {
            return Ok(leg);
        }
        if let Some(leg) = self.take_up(&milestone, token, observer)? {
            return Ok(leg);
        }
        match milestone {
            Milestone::Asking => self.ask(observer),
            Milestone::Requested { request } => self.take_request(request, token, observer),
            Milestone::ChangingAdminKey { tie, default_refused, own_possible } => {
                let left_open = LeftOpen::AdminKey(MayHold::of(default_refused, own_possible));
                self.prepare(tie, left_open, present(token)?, observer)
            }
            Milestone::ChangingPuk { tie, current_refused, next_possible } => {
                let left_open = MayHold::of(current_refused, next_possible);
                self.take_up_puk(tie, left_open, present(token)?, observer)
            }
            Milestone::Prepared { tie } => self.choose_keys(tie, present(token)?, observer),
            Milestone::KeysChosen { tie, keys, old } => self.make_keys(tie, &keys, old, present(token)?, observer),
            Milestone::Signed { tie, keys, old } => self.finish_signed(tie, &keys, old, present(token)?, observer),
            Milestone::Issued { tie, keys, old } => self.finish_issued(tie, &keys, old, present(token)?, observer),
            Milestone::Superseding { tie, keys, old } => self.supersede(tie, &keys, &old, present(token)?, observer),
            Milestone::Undoing { request, keys, ended } => self.undo(request, &keys, ended, token, observer),
            Milestone::PinSet { tie } => self.finish_unblock(tie, observer),
            Milestone::Removing { tie, thumbprints, keys, listed } => {
                self.remove(tie, &Listed { thumbprints, keys: listed }, &keys, present(token)?, observer)
            }
            Milestone::ReturningAdminKey { tie, removed, begun } => {
                self.return_admin_key(tie, removed, begun, present(token)?, observer)
            }
            Milestone::ReturningPuk { tie, removed, begun } => {
                self.return_puk(tie, removed, begun, present(token)?, observer)
            }
            Milestone::Removed { tie, removed } => self.finish_retire(tie, removed, observer),
        }
    }

    /// Takes up a change of the PUK that was broken off, in the workflow that began it.
    fn take_up_puk(
        &mut self,
        tie: Tie,
        left_open: MayHold,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        match self.order.workflow() {
            Workflow::Renew => self.begin_renewal(tie, Some(left_open), token, observer),
            Workflow::Unblock => self.unblock(tie, Some(left_open), token, observer),
            Workflow::Enroll | Workflow::Retire | Workflow::RetireLost => {
                self.prepare(tie, LeftOpen::Puk(left_open), token, observer)
            }
        }
    }

    /// Checks the token before the server is asked, so that what must fail is refused before anything has begun.
    fn check_token(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<(), Error> {
        use Operation::{Delete, Generate, Sign, Unblock, WriteCertificate};
        let operations: &[Operation] = match self.order.workflow() {
            Workflow::RetireLost => return Ok(()),
            Workflow::Enroll | Workflow::Renew => &[Generate, Sign, WriteCertificate],
            Workflow::Unblock => &[Unblock],
            Workflow::Retire => &[Delete],
        };
        observer(Event::Doing(Stage::ReadToken));
        let token = present(token)?;
        let identity = token.identity();
        let nameless = !identity.is_named() && identity.earlier_serial.is_none();
        if nameless && self.order.workflow() != Workflow::Enroll {
            // The server would take all such cards for the same one.
            return Err(Error::new(Stage::ReadToken, crate::token::Error::NoSerial));
        }
        if self.order.workflow() != Workflow::Enroll {
            // What proves the card to be the one at the server is read with the counters.
            let (counters, stored) = token.overview().map_err(|source| Error::new(Stage::ReadToken, source))?;
            (self.facts.counters, self.facts.stored) = (Some(counters), Some(stored));
        }
        let counters = self.counters(token)?;
        // An enrollment sets a PIN where none is usable; where one is, a locked PUK is in nobody's way.
        let enrolls = self.order.workflow() == Workflow::Enroll;
        let sets_pin = (enrolls && is_unusable(counters.user)).then_some(&Unblock);
        if self.order.workflow() == Workflow::Unblock && token.authority(Unblock) == Authority::User {
            return Err(Error::new(Stage::ReadToken, crate::token::Error::NotOffered(NO_HELPER)));
        }
        for operation in operations.iter().chain(sets_pin) {
            let (secret, tries) = match token.authority(*operation) {
                Authority::User if enrolls => continue,
                Authority::User => (SecretKind::Pin, counters.user),
                Authority::Admin => (SecretKind::Admin, counters.admin),
                Authority::Puk => (SecretKind::Puk, counters.puk.unwrap_or(Tries::Untold)),
            };
            if tries == Tries::Locked || tries == Tries::Left(0) {
                if secret == SecretKind::Puk && matches!(counters.user, Tries::Locked | Tries::Left(0)) {
                    return Err(Error::new(Stage::SetPin, Cause::PinAndPukLocked));
                }
                return Err(Error::new(Stage::ReadToken, crate::token::Error::Locked { secret }));
            }
        }
        Ok(())
    }
}
