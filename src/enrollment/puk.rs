//! The PUK: which one holds, how the card gets its own, and a PIN set by it.
//!
//! Where the server holds PUKs, it proposes the next one before it is tried on the card, and the journal knows which of
//! the two may hold. A wrong PUK is never followed by a guess: by the other one of a change that was cut off, once, or by
//! one that somebody typed.

use super::driver::{Enrollment, Leg, Tried};
use super::error::{Cause, Error};
use super::plan::PukDoubt;
use super::record::{Milestone, Tie};
use super::stage::Stage;
use super::step::{Event, Need, Observer};
use crate::client;
use crate::cm::beyond_mim::{PukReport, PukState};
use crate::cm::problem::ProblemCode;
use crate::secret::{Pin, Puk};
use crate::token::{self, Admin, Authority, LastTry, Operation, SecretKind, Token, Tries};

impl Enrollment<'_> {
    /// What the server holds of the card's PUK; `None` where the token has none, or the server leaves it alone.
    pub(super) fn puk_report(
        &self,
        tie: Tie,
        token: &dyn Token,
        observer: Observer<'_>,
    ) -> Result<Option<PukReport>, Error> {
        if token.authority(Operation::Unblock) != Authority::Puk {
            return Ok(None);
        }
        observer(Event::Doing(Stage::FetchPuk));
        match self.client.puk(tie.request, tie.smartcard, self.card_id) {
            Ok(report) => Ok(Some(report)),
            Err(client::Error::ExtensionAbsent { .. }) => Ok(None),
            Err(error) if error.refusal_code() == Some(ProblemCode::NotDiversified.name()) => Ok(None),
            Err(error) => Err(Error::new(Stage::FetchPuk, error)),
        }
    }

    /// Sees to it that the card holds the PUK the server wants it to, and gives it where the server told it.
    pub(super) fn settle_puk(
        &mut self,
        tie: Tie,
        doubt: Option<PukDoubt>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Tried<Option<Puk>>, Error> {
        let Some(PukReport { current, next, state }) = self.puk_report(tie, token, observer)? else {
            return Ok(Tried::Done(None));
        };
        let (current, next) = match (current, next) {
            (current, Some(next)) => (current, next),
            // Somebody knows better which PUK the card has: it is given the server's again.
            (Some(current), None) if self.inputs.puk.is_some() => (None, current),
            (current, None) => return Ok(Tried::Done(current)),
        };
        // What the journal knows is newer than what the server knows.
        let proposed = PukDoubt { current_refused: false, next_possible: state == PukState::Proposed };
        let PukDoubt { mut current_refused, next_possible } = doubt.unwrap_or(proposed);
        if current.is_none() && self.condition(token)?.puk_is_default == Some(false) {
            current_refused = true;
        }
        let last_try = match &self.inputs.puk {
            Some((_, last_try)) => *last_try,
            None if current_refused && !next_possible => {
                let counters = self.counters(token)?;
                return Ok(Tried::Need(Need::Puk { counters, refused: doubt.is_some() }));
            }
            None => self.order.last_try(),
        };
        self.may_try_puk(last_try, Stage::ChangePuk, token)?;
        observer(Event::Doing(Stage::ChangePuk));
        self.reach(Milestone::ChangingPuk { tie, current_refused, next_possible: true })?;
        let current = match current {
            Some(current) => current,
            None => Puk::new(self.config(tie, observer)?.factory_puk().to_owned()),
        };
        let typed = self.inputs.puk.take();
        let candidate = match &typed {
            Some((puk, last_try)) => Some((puk, *last_try)),
            None => Some((&current, last_try)).filter(|_| !current_refused),
        };
        let tried = self.try_change(tie, candidate, &next, next_possible, token);
        let by_hand = typed.is_some();
        self.inputs.puk = typed;
        match tried? {
            None => {
                self.inputs.puk = None;
                observer(Event::PukChanged);
                // Should the server not hear of it, the PUK before need not be tried again.
                self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: true })?;
                self.tell_puk(tie, PukState::Active, Stage::ConfirmPuk, observer)?;
                Ok(Tried::Done(Some(next)))
            }
            Some(refused) => {
                self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: false })?;
                if by_hand {
                    return Err(Error::new(Stage::ChangePuk, refused));
                }
                Ok(Tried::Need(Need::Puk { counters: self.counters(token)?, refused: true }))
            }
        }
    }

    /// Before a renewal: a PUK that was told to a person gives way. A card that refuses keeps the one it has, for its
    /// user knows no PUK.
    pub(super) fn begin_renewal(
        &mut self,
        tie: Tie,
        doubt: Option<PukDoubt>,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        match self.settle_puk(tie, doubt, token, observer) {
            Ok(Tried::Done(_)) => {}
            Ok(Tried::Need(_)) => observer(Event::PukKept),
            Err(Error { cause: Cause::Token(token::Error::Locked { secret: SecretKind::Puk }), .. }) => {
                observer(Event::PukKept);
            }
            Err(error) => return Err(error),
        }
        self.rotate_admin_key(tie, token, observer)?;
        self.choose_keys(tie, token, observer)
    }

    /// Changes the PUK from what may hold to `next`; gives the refusal where nothing of it held.
    fn try_change(
        &mut self,
        tie: Tie,
        candidate: Option<(&Puk, LastTry)>,
        next: &Puk,
        next_possible: bool,
        token: &mut dyn Token,
    ) -> Result<Option<token::Error>, Error> {
        let mut refused = None;
        if let Some((puk, last_try)) = candidate {
            refused = self.puk_refusal(Stage::ChangePuk, token.change_puk(puk, next, last_try))?;
            if refused.is_none() {
                return Ok(None);
            }
        }
        if !next_possible {
            return Ok(refused);
        }
        self.reach(Milestone::ChangingPuk { tie, current_refused: true, next_possible: true })?;
        // The very same PUK once more: the card says whether it holds.
        let again = self.puk_refusal(Stage::ChangePuk, token.change_puk(next, next, self.order.last_try()))?;
        Ok(again.map(|again| refused.unwrap_or(again)))
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

    /// Sets a PIN by the PUK the server told, or by a typed one, or by `factory`: the one the card came with, where that
    /// is worth a try.
    pub(super) fn set_pin_by_puk(
        &mut self,
        new_pin: &Pin,
        told: Option<&Puk>,
        factory: Option<&Puk>,
        token: &mut dyn Token,
    ) -> Result<Tried<()>, Error> {
        let typed = self.inputs.puk.take();
        let candidate = match (&typed, told.or(factory)) {
            (Some((puk, last_try)), _) => Some((puk, *last_try)),
            (None, Some(puk)) => Some((puk, self.order.last_try())),
            (None, None) => None,
        };
        let tried = match candidate {
            Some((puk, last_try)) => {
                let may = self.may_try_puk(last_try, Stage::SetPin, token);
                may.and_then(|()| self.puk_refusal(Stage::SetPin, token.set_pin(Admin::Puk(puk), new_pin, last_try)))
                    .map(Some)
            }
            None => Ok(None),
        };
        let by_hand = typed.is_some();
        self.inputs.puk = typed;
        self.facts.counters = None;
        match tried? {
            Some(None) => Ok(Tried::Done(())),
            Some(Some(refused)) if by_hand => Err(Error::new(Stage::SetPin, refused)),
            tried => Ok(Tried::Need(Need::Puk { counters: self.counters(token)?, refused: tried.is_some() })),
        }
    }

    /// Refuses a second PUK in one run where the card does not tell how many tries are left.
    fn may_try_puk(&mut self, last_try: LastTry, stage: Stage, token: &mut dyn Token) -> Result<(), Error> {
        if !self.facts.puk_refused || last_try == LastTry::Spend {
            return Ok(());
        }
        match self.counters(token)?.puk {
            Some(Tries::Untold) | None => Err(Error::new(stage, Cause::SecondTryKept { secret: SecretKind::Puk })),
            Some(_) => Ok(()),
        }
    }

    /// `None`: the PUK was right. A refusal that says it is not the right one is given back, any other is an error.
    pub(super) fn puk_refusal(
        &mut self,
        stage: Stage,
        tried: Result<(), token::Error>,
    ) -> Result<Option<token::Error>, Error> {
        self.facts.counters = None;
        match tried {
            Ok(()) => {
                // All tries are there again.
                self.facts.puk_refused = false;
                Ok(None)
            }
            Err(error) if is_wrong_puk(&error) => {
                self.facts.puk_refused |= matches!(error, token::Error::SecretRefused { .. });
                Ok(Some(error))
            }
            Err(error) => Err(Error::new(stage, error)),
        }
    }
}

/// Whether the PUK was not accepted, or not sent as it may be the wrong one.
pub(super) fn is_wrong_puk(error: &token::Error) -> bool {
    matches!(
        error,
        token::Error::SecretRefused { secret: SecretKind::Puk, .. }
            | token::Error::SecretLength { secret: SecretKind::Puk, .. }
            | token::Error::LastTryKept { secret: SecretKind::Puk }
    )
}
