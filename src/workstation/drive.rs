//! The loop around the driver: calls it until its work is done, and has a face supply what it asks for.

use crate::enrollment::{self, Enrollment, Event, Input, Need, Outcome, Record, Step};
use crate::secret::Pin;
use crate::token::Token;
use uuid::Uuid;

/// Bounds how often a run may call the driver; more means that it asks for the same again and again.
const MOST_STEPS: usize = 16;

/// Is the face for which a work is driven: it shows, asks, and waits.
pub trait Attendant {
    /// Says why the face ends a work.
    type Stop;

    /// Shows what happens on the way.
    fn told(&mut self, event: &Event);

    /// Takes a PIN that the server proposed, as soon as the card has it: it is kept nowhere else on this computer.
    fn proposed(&mut self, pin: Pin);

    /// Supplies what the driver needs for this request, if it has one already.
    fn meet(&mut self, need: Need, request: Option<Uuid>) -> Result<Input, Self::Stop>;

    /// Says whether a person types again what was refused for this reason. It is asked only where that can do no harm
    /// ([`enrollment::Error::may_type_again`]).
    fn types_again(&mut self, error: &enrollment::Error) -> bool;

    /// Waits until the request is decided on, or ends the work.
    fn wait_for_approval(&mut self, request: Uuid, approvals_needed: Option<u32>) -> Result<(), Self::Stop>;
}

/// Says why a work ended before it was done. What was done is in the journal.
#[derive(Debug)]
pub enum Ended<S> {
    /// The face has ended it.
    Stopped(S),
    Failed(enrollment::Error),
    /// The driver asks again and again for the same.
    NoProgress,
}

impl<S> From<enrollment::Error> for Ended<S> {
    fn from(error: enrollment::Error) -> Self {
        Self::Failed(error)
    }
}

/// Calls the driver until its work is done. `token` is `None` for a card that is missing; `first` is what is known already.
pub fn drive<A: Attendant>(
    mut work: Enrollment<'_>,
    mut token: Option<&mut dyn Token>,
    first: Input,
    attendant: &mut A,
) -> Result<Outcome, Ended<A::Stop>> {
    let mut input = first;
    for _ in 0..MOST_STEPS {
        let token = token.as_mut().map(|token| &mut **token as &mut dyn Token);
        let advanced = work.advance(token, input, &mut |event| attendant.told(&event));
        if let Some(pin) = work.proposed_pin() {
            attendant.proposed(pin);
        }
        input = match advanced {
            Err(error) if error.may_type_again() && attendant.types_again(&error) => Input::Nothing,
            Err(error) => return Err(error.into()),
            Ok(Step::Need(need)) => {
                let request = work.record().and_then(Record::request);
                attendant.meet(need, request).map_err(Ended::Stopped)?
            }
            Ok(Step::Pending { request, approvals_needed }) => {
                attendant.wait_for_approval(request, approvals_needed).map_err(Ended::Stopped)?;
                Input::Nothing
            }
            Ok(Step::Done(outcome)) => return Ok(outcome),
        };
    }
    Err(Ended::NoProgress)
}
