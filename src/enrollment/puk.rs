//! Gives a card its own PUK, finds out which PUK holds, and sets a PIN by it.
//!
//! The server proposes the next PUK before it is tried on the card, and the journal says which of the two may hold.
//! After a wrong PUK no guess follows: only the other one of an unfinished change, once, or one that somebody typed.

use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::foresight::is_locked;
use super::plan::{MayHold, PukChange, PukGoal, PukPlan, first_puk, puk_plan, puk_that_may_hold};
use super::record::{Milestone, Tie};
use super::relay::{Presence, is_for_absence};
use super::stage::Stage;
use super::step::{Event, Need, Observer};
use super::workflow::Workflow;
use crate::client;
use crate::cm::card_secrets::{PukReport, PukState};
use crate::cm::problem::ProblemCode;
use crate::cm::template::SmartcardConfig;
use crate::secret::{Pin, Puk};
use crate::token::{self, Admin, Authority, LastTry, Operation, SecretKind, Token, Tries};

impl Enrollment<'_> {
    /// Asks the server for the card's PUKs; `None` where the token has no PUK, or the server keeps none for it, or tells
    /// none because the card cannot show that it is there.
    pub(super) fn puk_report(
        &mut self,
        tie: Tie,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<PukReport>, Error> {
        if token.authority(Operation::Unblock) != Authority::Puk {
            return Ok(None);
        }
        observer(Event::Doing(Stage::FetchPuk));
        let told = self.with_presence(tie, token, observer, |this, _| this.told_puks(tie, false));
        match told {
            Err(Error { cause: Cause::Server(client::Error::ExtensionAbsent { .. }), .. }) => Ok(None),
            Err(Error { cause: Cause::Server(refused), .. })
                if refused.refusal_code() == Some(ProblemCode::NotDiversified.name()) =>
            {
                Ok(None)
            }
            Err(refused) if is_for_absence(&refused) => match self.order.workflow() {
                Workflow::Enroll => self.told_puks(tie, false).map(Some),
                Workflow::Renew | Workflow::Unblock | Workflow::Retire | Workflow::RetireLost => Ok(None),
            },
            told => told.map(Some),
        }
    }

    /// Asks for the card's PUKs; at an enrollment of a card that cannot show that it is there, for a new one alone.
    fn told_puks(&self, tie: Tie, digits: bool) -> Result<PukReport, Error> {
        let absent = matches!(self.facts.presence, Some(Presence::Refused | Presence::NotOffered));
        let (request, smartcard, card_id) = (tie.request, tie.smartcard, self.card_id);
        let told = if absent && self.order.workflow() == Workflow::Enroll {
            self.client.fresh_puk(request, smartcard, card_id, digits)
        } else {
            self.client.puk(request, smartcard, card_id, digits)
        };
        told.map_err(|source| Error::new(Stage::FetchPuk, source))
    }

    /// Gives the card the PUK that the server wants it to have, if it has another; returns the PUK that the server
    /// told. One that was proposed before may be an earlier holder's: the server is asked what follows.
    pub(super) fn settle_puk(
        &mut self,
        tie: Tie,
        left_open: Option<MayHold>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<Option<Puk>>, Error> {
        let Some(report) = self.puk_report(tie, token, observer)? else {
            return Ok(Tried::Done(None));
        };
        let state = report.state;
        let settled = self.settle_reported(tie, left_open, report, token, observer)?;
        let again = match settled {
            Tried::Done(Some(_)) if state == PukState::Proposed => {
                // What the journal says of this change must not be taken for what the next one has come to.
                self.reach(Milestone::ChangingPuk { tie, current_refused: false, next_possible: false })?;
                self.puk_report(tie, token, observer)?
            }
            Tried::Done(_) | Tried::Need(_) => None,
        };
        match again {
            Some(report) if report.next.is_some() => {
                self.facts.condition = None;
                self.settle_reported(tie, None, report, token, observer)
            }
            _ => Ok(settled),
        }
    }

    /// Gives the card the PUK that is reported as the one it is to have.
    fn settle_reported(
        &mut self,
        tie: Tie,
        left_open: Option<MayHold>,
        report: PukReport,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<Option<Puk>>, Error> {
        if report.current.is_none() && report.next.is_none() {
            return Ok(Tried::Done(None));
        }
        let config = self.config(tie, observer)?;
        // What the card tells of itself is newer than what the server and the journal know.
        let has_factorys = self.condition(token)?.puk_is_default == Some(true);
        // A change that the journal knows as unfinished has ended where the server has proposed another one since.
        let ended = report.state != PukState::Proposed && report.next.is_some();
        let left_open = left_open.filter(|left| !has_factorys && (!ended || *left == MayHold::Neither));
        let proposed = report.state == PukState::Proposed && !has_factorys;
        let typed = self.inputs.puk.is_some();
        let (current, next) = match PukGoal::of(report, typed || has_factorys) {
            PukGoal::Stays(current) => return Ok(Tried::Done(current)),
            PukGoal::Next { current, next } => (current.filter(|_| !has_factorys), next),
        };
        let came_with = match current {
            Some(_) => None,
            None => self.puk_it_came_with(&config, token)?,
        };
        let factory_gone = current.is_none() && came_with.is_none();
        let may_hold = puk_that_may_hold(left_open, proposed, factory_gone);
        match puk_plan(may_hold, typed, left_open.is_some()) {
            PukPlan::Ask { refused } => Ok(Tried::Need(Need::Puk { counters: self.counters(token)?, refused })),
            PukPlan::Change(change) => {
                let last_try = self.inputs.puk.as_ref().map_or(self.order.last_try(), |(_, last_try)| *last_try);
                self.may_try_puk(last_try, Stage::ChangePuk, token)?;
                observer(Event::Doing(Stage::ChangePuk));
                let current_refused = may_hold.first_refused();
                self.reach(Milestone::ChangingPuk { tie, current_refused, next_possible: true })?;
                // Where none is known, one was typed or the next one is confirmed, and this is not sent.
                let current = current.or(came_with).unwrap_or_else(|| Puk::new(String::new()));
                match self.change_puk(tie, change, &current, next, token, observer) {
                    Err(Error {
                        cause: Cause::Token(token::Error::SecretCharacters { secret: SecretKind::Puk }),
                        ..
                    }) => {
                        let next = self.puk_of_digits(tie, token, observer)?;
                        self.change_puk(tie, change, &current, next, token, observer)
                    }
                    changed => changed,
                }
            }
        }
    }

    /// Has the server propose a PUK of digits, in place of one that the card has refused for its letters.
    fn puk_of_digits(&mut self, tie: Tie, token: &mut dyn Token, observer: Observer<'_>) -> Result<Puk, Error> {
        let next = self.with_presence(tie, token, observer, |this, _| this.told_puks(tie, true))?.next;
        next.ok_or_else(|| Error::new(Stage::FetchPuk, token::Error::SecretCharacters { secret: SecretKind::Puk }))
    }

    /// Changes the PUK to `next`, tells the server, and returns `next`. Where the card accepts none of the PUKs tried,
    /// that is an error if one was typed; otherwise the PUK is asked for.
    fn change_puk(
        &mut self,
        tie: Tie,
        change: PukChange,
        current: &Puk,
        next: Puk,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<Option<Puk>>, Error> {
        let typed = self.inputs.puk.take();
        let first = typed.as_ref().map_or((current, self.order.last_try()), |(puk, last_try)| (puk, *last_try));
        let answer = self.try_change(tie, change, first, &next, token);
        let by_hand = typed.is_some();
        self.inputs.puk = typed;
        match answer? {
            PukAnswer::Accepted => {
                self.inputs.puk = None;
                observer(Event::PukChanged);
                // If the server does not hear of it, the PUK before need not be tried again.
                self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: true })?;
                self.tell_puk(tie, PukState::Active, Stage::ConfirmPuk, observer)?;
                Ok(Tried::Done(Some(next)))
            }
            PukAnswer::Refused(refused) => {
                self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: false })?;
                if by_hand {
                    return Err(Error::new(Stage::ChangePuk, refused));
                }
                Ok(Tried::Need(Need::Puk { counters: self.counters(token)?, refused: true }))
            }
        }
    }

    /// Returns the PUK that the card came with, if it may still have it: by what the template names, what such cards
    /// come with, and what this card tells.
    pub(super) fn puk_it_came_with(
        &mut self,
        config: &SmartcardConfig,
        token: &mut dyn Token,
    ) -> Result<Option<Puk>, Error> {
        let is_default = self.condition(token)?.puk_is_default;
        let came_with = first_puk(config.named_puk(), token.factory().puk, is_default);
        Ok(came_with.map(|puk| Puk::new(puk.to_owned())))
    }

    /// Begins a renewal: replaces a PUK that was told to a person. A card that does not accept the change keeps its
    /// PUK, as its user knows none.
    pub(super) fn begin_renewal(
        &mut self,
        tie: Tie,
        left_open: Option<MayHold>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        self.plan_ordered_keys(tie, token, observer)?;
        if let Some(stop) = self.show_old_key(tie, token, observer)? {
            return Ok(stop);
        }
        if is_locked(self.counters(token)?.puk) {
            self.go_on_without_puk(observer)?;
            self.rotate_admin_key(tie, token, observer)?;
            return self.choose_keys(tie, token, observer);
        }
        match self.settle_puk(tie, left_open, token, observer) {
            Ok(Tried::Done(_)) => {}
            Ok(Tried::Need(_)) => observer(Event::PukKept),
            Err(Error { cause: Cause::Token(token::Error::Locked { secret: SecretKind::Puk }), .. }) => {
                self.go_on_without_puk(observer)?;
            }
            Err(error) => return Err(error),
        }
        self.rotate_admin_key(tie, token, observer)?;
        self.choose_keys(tie, token, observer)
    }

    /// Tells that the card's PUK is locked, and notes it, so that the outcome says it too.
    pub(super) fn go_on_without_puk(&mut self, observer: Observer<'_>) -> Result<(), Error> {
        self.note(|record| record.puk_locked = true)?;
        observer(Event::PukLocked);
        Ok(())
    }

    /// Makes the tries of a change; where two are refused, returns the first refusal.
    fn try_change(
        &mut self,
        tie: Tie,
        change: PukChange,
        (first, last_try): (&Puk, LastTry),
        next: &Puk,
        token: &mut dyn Token,
    ) -> Result<PukAnswer, Error> {
        match change {
            PukChange::Replace => self.puk_answer(Stage::ChangePuk, token.change_puk(first, next, last_try)),
            PukChange::ReplaceOrConfirm => {
                match self.puk_answer(Stage::ChangePuk, token.change_puk(first, next, last_try))? {
                    PukAnswer::Accepted => Ok(PukAnswer::Accepted),
                    PukAnswer::Refused(refused) => match self.confirm_puk(tie, next, token)? {
                        PukAnswer::Accepted => Ok(PukAnswer::Accepted),
                        PukAnswer::Refused(_) => Ok(PukAnswer::Refused(refused)),
                    },
                }
            }
            PukChange::Confirm => self.confirm_puk(tie, next, token),
        }
    }

    /// Tries whether the card holds `next`, by changing it to itself.
    fn confirm_puk(&mut self, tie: Tie, next: &Puk, token: &mut dyn Token) -> Result<PukAnswer, Error> {
        self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: true })?;
        self.puk_answer(Stage::ChangePuk, token.change_puk(next, next, self.order.last_try()))
    }

    /// Tells the server what became of the PUK.
    pub(super) fn tell_puk(
        &self,
        tie: Tie,
        state: PukState,
        stage: Stage,
        observer: Observer<'_>,
    ) -> Result<(), Error> {
        observer(Event::Doing(stage));
        self.client.tell_puk(tie.request, tie.smartcard, state).map_err(|source| Error::new(stage, source))
    }

    /// Sets a PIN by a typed PUK, or else by the one the server told, unless the journal says that the card has refused
    /// that, or else by `factory`: the one the card came with, where that may hold.
    pub(super) fn set_pin_by_puk(
        &mut self,
        new_pin: &Pin,
        told: Option<&Puk>,
        factory: Option<&Puk>,
        token: &mut dyn Token,
    ) -> Result<Tried<()>, Error> {
        let typed = self.inputs.puk.take();
        let was_refused = self.puk_was_refused();
        let candidate = match (&typed, told.or(factory).filter(|_| !was_refused)) {
            (Some((puk, last_try)), _) => Some((puk, *last_try)),
            (None, Some(puk)) => Some((puk, self.order.last_try())),
            (None, None) => None,
        };
        let tried = match candidate {
            Some((puk, last_try)) => {
                let may = self.may_try_puk(last_try, Stage::SetPin, token);
                may.and_then(|()| self.puk_answer(Stage::SetPin, token.set_pin(Admin::Puk(puk), new_pin, last_try)))
                    .map(Some)
            }
            None => Ok(None),
        };
        let by_hand = typed.is_some();
        self.inputs.puk = typed;
        self.facts.counters = None;
        let refused = match tried? {
            Some(PukAnswer::Accepted) => return Ok(Tried::Done(())),
            Some(PukAnswer::Refused(refused)) if by_hand => return Err(Error::new(Stage::SetPin, refused)),
            Some(PukAnswer::Refused(_)) => true,
            None => was_refused,
        };
        Ok(Tried::Need(Need::Puk { counters: self.counters(token)?, refused }))
    }

    /// Notes that the card has refused a PUK, so that it is not tried again: somebody has changed it.
    pub(super) fn note_refused_puk(&mut self, tie: Tie, need: Need) -> Result<Tried<()>, Error> {
        if matches!(need, Need::Puk { refused: true, .. }) {
            self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: false })?;
        }
        Ok(Tried::Need(need))
    }

    /// Says whether the card has refused the PUK that it should have, as the journal says.
    fn puk_was_refused(&self) -> bool {
        let milestone = self.record().map(|record| &record.milestone);
        matches!(milestone, Some(Milestone::ChangingPuk { current_refused: true, next_possible: false, .. }))
    }

    /// Refuses a second PUK in one process where the card does not tell how many tries are left.
    fn may_try_puk(&mut self, last_try: LastTry, stage: Stage, token: &mut dyn Token) -> Result<(), Error> {
        if !self.facts.puk_refused || last_try == LastTry::Spend {
            return Ok(());
        }
        match self.counters(token)?.puk {
            Some(Tries::Untold) | None => Err(Error::new(stage, Cause::SecondTryKept { secret: SecretKind::Puk })),
            Some(_) => Ok(()),
        }
    }

    /// Sorts what the card said to a PUK; anything but an acceptance or a refusal of the PUK is an error.
    fn puk_answer(&mut self, stage: Stage, tried: Result<(), token::Error>) -> Result<PukAnswer, Error> {
        self.facts.counters = None;
        match tried {
            Ok(()) => {
                // The counter starts anew.
                self.facts.puk_refused = false;
                Ok(PukAnswer::Accepted)
            }
            Err(error) if is_wrong_puk(&error) => {
                self.facts.puk_refused |= matches!(error, token::Error::SecretRefused { .. });
                Ok(PukAnswer::Refused(error))
            }
            Err(error) => Err(Error::new(stage, error)),
        }
    }
}

/// Says whether the card accepted a PUK.
enum PukAnswer {
    Accepted,
    /// The PUK is wrong, or was not sent because it may be.
    Refused(token::Error),
}

/// Says whether the PUK was refused, or not sent because it may be the wrong one.
pub(super) fn is_wrong_puk(error: &token::Error) -> bool {
    matches!(
        error,
        token::Error::SecretRefused { secret: SecretKind::Puk, .. }
            | token::Error::SecretLength { secret: SecretKind::Puk, .. }
            | token::Error::LastTryKept { secret: SecretKind::Puk }
            | token::Error::Contradicted { secret: SecretKind::Puk, .. }
    )
}
