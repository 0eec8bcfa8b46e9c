//! Has the driver carry an order out on the card, and puts what it asks for to the person.

use super::card::is_last;
use super::engine::{Engine, State, Task};
use super::office::Visited;
use super::scene::{Doing, Done, Fault, NewPinWhy, Scene, Trouble};
use super::visits::{Course, Proof};
use crate::client::CmClient;
use crate::cm::request::RequestStatus;
use crate::enrollment::{self, Cause, Enrollment, Event, Input, Need, Order, Outcome, Stage, Workflow, card_id};
use crate::secret::Pin;
use crate::token::{LastTry, Token};
use crate::workstation::{Answer, Attendant, Ended, Line, News, drive};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// Sets how often is looked whether somebody has approved.
const LOOK: Duration = Duration::from_secs(3);

impl Engine {
    /// Carries an order out for the person who was let in; on the card's thread.
    pub(super) fn carry_out(
        self: &Arc<Self>,
        turn: u64,
        token: &mut dyn Token,
        visited: &Visited,
        (order, request): Course,
        proof: Option<Proof>,
    ) {
        let client = &visited.0;
        let mut done = self.carried_out(turn, token, client, (&order, request), proof);
        // The same was asked for before, and is gone on with.
        if let Err(Ended::Failed(error)) = &done
            && let Cause::AnotherOpen { request, .. } = error.cause
            && client.request(request).is_ok_and(|open| Workflow::of(&open) == Some(order.workflow()))
        {
            done = self.carried_out(turn, token, client, (&order, Some(request)), None);
        }
        self.news(turn, |state| state.carried(done));
    }

    fn carried_out(
        self: &Arc<Self>,
        turn: u64,
        token: &mut dyn Token,
        client: &CmClient,
        (order, request): (&Order, Option<Uuid>),
        proof: Option<Proof>,
    ) -> Result<Outcome, Ended<()>> {
        let telling = Arc::clone(self);
        let (line, switchboard) = Line::new(move |news| telling.news(turn, |state| state.told(news)));
        // Where the turn is over the switchboard is dropped, and the work ends at the first thing that it waits for.
        self.news(turn, |state| state.switchboard = Some(switchboard));
        let mut work = Enrollment::begin(client, &self.journal, token.identity(), order.clone())?;
        if let Some(request) = request {
            work.go_on_with(request);
        }
        if let Some(Proof::Typed(pin, _)) = proof {
            work.give(Input::Pin(pin, LastTry::Keep));
        }
        let mut visitor = Visitor { line, client, engine: self, turn, card: card_id(token.identity()) };
        drive(work, Some(token), Input::Nothing, &mut visitor)
    }
}

/// Is the person at the workstation, as the driver knows them.
struct Visitor<'a, F> {
    line: Line<F>,
    client: &'a CmClient,
    engine: &'a Engine,
    turn: u64,
    card: Uuid,
}

impl<F: FnMut(News)> Attendant for Visitor<'_, F> {
    type Stop = ();

    fn told(&mut self, event: &Event) {
        self.line.told(event);
    }

    fn proposed(&mut self, pin: Pin) {
        // Should the work be cut off from here on, nobody knows the PIN: the mark says so.
        let _ = self.engine.marks.set(self.card);
        self.line.proposed(pin);
    }

    fn meet(&mut self, need: Need, request: Option<Uuid>) -> Result<Input, ()> {
        self.line.meet(need, request).map_err(|_| ())
    }

    fn types_again(&mut self, error: &enrollment::Error) -> bool {
        self.line.types_again(error)
    }

    fn wait_for_approval(&mut self, request: Uuid, _: Option<u32>) -> Result<(), ()> {
        let approvers = self.client.review(request).map(|review| review.approvers).unwrap_or_default();
        self.engine.news(self.turn, |state| state.show(Scene::Waiting { approvers }));
        // The visit ends after its time, and the wait with it.
        while self.client.request(request).is_ok_and(|it| it.status == RequestStatus::Pending) {
            if !self.line.stays(LOOK) {
                return Err(());
            }
        }
        self.engine.news(self.turn, |state| state.doing(Doing::Prepare));
        Ok(())
    }
}

impl State {
    /// Takes what the driver tells.
    fn told(&mut self, news: News) {
        match news {
            // A work may log in more than once, and each time the reader asks.
            News::Did(Event::Doing(Stage::LogIn))
                if self.card.as_ref().is_some_and(|card| card.pin_pad && !is_last(card.pin)) =>
            {
                self.show(Scene::AtPad);
            }
            News::Did(event) => {
                if let Some(doing) = doing(&event) {
                    self.doing(doing);
                }
            }
            News::Refused(_) => self.refused = true,
            News::Needs { need, .. } => self.asked(need),
            News::Proposed(pin) => self.proposed = Some(pin),
            News::Waits { .. } => {}
        }
    }

    /// Asks the person what the driver needs.
    fn asked(&mut self, need: Need) {
        let refused = std::mem::take(&mut self.refused);
        match need {
            Need::Pin { counters, pin_pad, .. } => {
                if let Some(card) = &mut self.card {
                    card.pin = counters.user;
                }
                if pin_pad && !is_last(counters.user) {
                    self.show(Scene::AtPad);
                    self.switchboard.as_ref().map(|work| work.answer(Answer::Input(Input::PinPad(LastTry::Keep))));
                    return;
                }
                if refused && let Some(card) = self.card.as_ref().map(|card| card.id) {
                    self.was_wrong(&card);
                }
                self.show(Scene::OldPin { tries: counters.user, fault: refused.then_some(Fault::WrongPin) });
            }
            Need::NewPin { form, .. } => {
                self.show(Scene::NewPin { form, why: NewPinWhy::Work, fault: refused.then_some(Fault::NotTaken) });
            }
            // Nobody at a kiosk has these.
            Need::SoPin { .. } | Need::Puk { .. } => {
                (self.switchboard, self.hopeless) = (None, true);
            }
        }
    }

    /// Shows what a work has come to.
    fn carried(&mut self, done: Result<Outcome, Ended<()>>) {
        (self.switchboard, self.refused) = (None, false);
        let done = match done {
            Ok(Outcome::Enrolled { .. }) => Done::Enrolled,
            Ok(Outcome::Renewed { .. }) => Done::Renewed,
            Ok(Outcome::Unblocked { .. } | Outcome::Retired { .. }) => Done::Unblocked,
            Err(Ended::Failed(error)) => return self.fail(&error),
            Err(Ended::NoProgress) => return self.show(Scene::Trouble(Trouble::of("no-progress"))),
            Err(Ended::Stopped(())) if std::mem::take(&mut self.hopeless) => {
                return self.show(Scene::Trouble(Trouble::of("admin-key-unknown")));
            }
            // The page has turned to something else already.
            Err(Ended::Stopped(())) => return,
        };
        match self.proposed.take() {
            None => self.show(Scene::Done(done)),
            // The server has chosen the PIN, and nobody has seen it: the person chooses one now.
            Some(pin) => {
                let form = self.card.as_ref().and_then(|card| card.form);
                (self.pin, self.task, self.after) = (Some((pin, LastTry::Keep)), Some(Task::ChangePin), Some(done));
                self.show(Scene::NewPin { form, why: NewPinWhy::Temporary, fault: None });
            }
        }
    }
}

/// Returns what a person is told that the driver does.
fn doing(event: &Event) -> Option<Doing> {
    Some(match event {
        Event::Generating { .. } => Doing::MakeKey,
        Event::KeyMade { .. } | Event::Doing(Stage::SignRequest | Stage::SubmitRequest) => Doing::Certify,
        Event::Doing(Stage::WriteCertificate | Stage::BringKey | Stage::WriteAuthorities) => Doing::Write,
        Event::Doing(Stage::SetPin) => Doing::SetPin,
        Event::Doing(Stage::RemoveKeys | Stage::CompleteRequest) => Doing::Finish,
        Event::Doing(_) => Doing::Prepare,
        _ => return None,
    })
}
