//! Calls the driver ([`crate::enrollment`]) until its work is done; resumes after a card was pulled out and put back.

use super::needs::{Asked, Sources, meet};
use super::pfx;
use super::report::{Proposed, denied, pending, render, watch};
use crate::cli::args::{CourseArgs, TokenArgs};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::prompt::confirm;
use crate::cli::review::{self, Patience, next_of};
use crate::cli::seat::Seat;
use crate::cli::secrets::{self, MOST_AGAIN, NEW_PIN, SO_PIN, last_try};
use crate::cli::settings::{Settings, state_directory};
use crate::client::CmClient;
use crate::enrollment::{self, Enrollment, Input, Journal, Order, Outcome, Step};
use crate::token::{self, Token};
use std::time::Duration;
use uuid::Uuid;

/// Bounds how often a run may call the driver; more means that it asks for the same again and again.
const MOST_STEPS: usize = 16;
/// Bounds how often a card may be pulled out and put back in one run.
const MOST_PULLED: usize = 5;

/// Says what is done about requests that there are already.
#[derive(Clone, Copy, Default)]
pub struct Course {
    /// The request that is gone on with.
    pub request: Option<Uuid>,
    /// Whether a request is made where another one is open.
    pub another: bool,
    /// How long an approval is waited for; `None`: not at all.
    pub patience: Option<Duration>,
}

impl From<&CourseArgs> for Course {
    fn from(args: &CourseArgs) -> Self {
        Self { request: args.request, another: args.another, patience: review::patience(args.wait) }
    }
}

impl Course {
    /// Tells the driver.
    pub fn taken_by<'a>(self, mut work: Enrollment<'a>) -> Enrollment<'a> {
        if let Some(request) = self.request {
            work.go_on_with(request);
        }
        if self.another {
            work.make_beside_others();
        }
        work
    }
}

/// Carries `order` out on the token that is meant; waits where a card is pulled out and a person can put it back. Offers
/// to go on with a request that is open already.
pub fn on_token(
    settings: &Settings,
    client: &CmClient,
    which: &TokenArgs,
    order: Order,
    course: Course,
    sources: &Sources<'_>,
    output: &Output,
) -> Result<(), Failure> {
    let mut seat = Seat::find(settings, which)?;
    if let Some(advice) = seat.advice() {
        output.tell(advice);
    }
    let journal = journal()?;
    let (mut order, mut course) = (order, course);
    let mut pulled = 0;
    loop {
        let work = course.taken_by(Enrollment::begin(client, &journal, seat.token.identity(), order.clone())?);
        match pump(work, Some(seat.token.as_mut()), course.patience, (sources, client), output) {
            Err(failure) if failure.has_code(ANOTHER_OPEN) && course.request.is_none() && output.has_a_person() => {
                (order, course) = instead(client, order, course, failure, output)?;
                continue;
            }
            Err(failure) if failure.has_code(ANOTHER_OPEN) => return Err(named(client, failure)),
            Err(failure) if pulled < MOST_PULLED && seat.may_come_back(&failure, output) => seat.come_back(output)?,
            ended => return ended,
        }
        pulled += 1;
    }
}

/// Names the refusal to make a request beside one that is open.
const ANOTHER_OPEN: &str = "another-request-open";

/// Asks whether to go on with the request that is open instead; returns how, or the failure where the answer is no.
fn instead(
    client: &CmClient,
    order: Order,
    course: Course,
    failure: Failure,
    output: &Output,
) -> Result<(Order, Course), Failure> {
    let Some(open) = failure.request() else { return Err(failure) };
    let request = client.request(open)?;
    let Some(order) = order.carrying_out(&request) else { return Err(failure) };
    failure.lines().iter().take(1).for_each(|line| output.tell(line));
    match confirm(false, "Go on with that request instead?") {
        Ok(()) => Ok((order, Course { request: Some(open), ..course })),
        Err(_) => Err(failure),
    }
}

/// Names the command by which the request that is open goes on.
fn named(client: &CmClient, failure: Failure) -> Failure {
    let read = failure.request().and_then(|request| client.request(request).ok());
    failure.next(read.and_then(|read| next_of(read.uuid, read.request_type, read.status)))
}

/// Opens the journal in the state directory.
pub fn journal() -> Result<Journal, Failure> {
    let directory = state_directory()?.join("journal");
    Journal::open(&directory).map_err(|error| {
        let error = enrollment::Error { stage: enrollment::Stage::ReadJournal, request: None, cause: error.into() };
        error.into()
    })
}

/// Calls the driver until it is done, supplying each secret that it asks for from its source, and prints the outcome.
///
/// `token` is `None` for a lost card. Fails with `request-pending` where the request waits for approval.
pub fn pump(
    work: Enrollment<'_>,
    token: Option<&mut dyn Token>,
    patience: Option<Duration>,
    (sources, client): (&Sources<'_>, &CmClient),
    output: &Output,
) -> Result<(), Failure> {
    let (mut pin, is_lost) = (None, token.is_none());
    match carry_out(work, token, Patience::new(client, patience), sources, &mut pin, output) {
        Ok(outcome) => render(&outcome, is_lost, pin.as_ref(), output),
        Err(failure) => Err(denied(client, failure).with_pin(pin.map(|proposed| proposed.pin))),
    }
}

/// Makes the error of a secret that is not asked for, because it cannot be tried.
fn not_asked(work: &Enrollment<'_>, cause: token::Error) -> enrollment::Error {
    let request = work.record().and_then(enrollment::Record::request);
    enrollment::Error { stage: enrollment::Stage::LogIn, request, cause: cause.into() }
}

/// Calls the driver until it is done, asking a person again for what was typed wrong; puts a PIN that was set and that the server proposed into `pin`.
fn carry_out(
    mut work: Enrollment<'_>,
    mut token: Option<&mut dyn Token>,
    mut patience: Patience<'_>,
    sources: &Sources<'_>,
    pin: &mut Option<Proposed>,
    output: &Output,
) -> Result<Outcome, Failure> {
    if let Some(receiver) = sources.keys.map(pfx::receiver).transpose()?.flatten() {
        work.receive_keys(receiver);
    }
    // A secret that was given is tried before the default, which would spend a try for nothing.
    if let Some(source) = sources.puk {
        work.give(Input::Puk(secrets::puk(Some(source))?, last_try(sources.spend_last_try)));
    }
    let mut input = match sources.so_pin {
        Some(source) => {
            let is_key = token.as_ref().is_some_and(|token| token.has_admin_key());
            let typed =
                if is_key { secrets::admin_key_digits(Some(source)) } else { secrets::pin(Some(source), SO_PIN) };
            Input::SoPin(typed?, last_try(sources.spend_last_try))
        }
        None => Input::Nothing,
    };
    // The template may leave the PIN to the server: then it refuses one that was given, before anything begins.
    if sources.gives_new_pin {
        work.give(Input::NewPin(secrets::new_pin(sources.new_pin, NEW_PIN)?));
    }
    let mut typed = Vec::new();
    let mut again = 0;
    for _ in 0..MOST_STEPS {
        let mut spinner = None;
        let token = token.as_mut().map(|token| &mut **token as &mut dyn Token);
        let advanced = work.advance(token, input, &mut |event| watch(&event, &mut spinner, output));
        drop(spinner);
        // Printed as soon as it is set and before any error, because it is kept nowhere else on this computer.
        if let Some(told) = work.proposed_pin() {
            let is_shown = output.told(&format!("the PIN is {}; hand it over, it is not shown again", told.expose()));
            *pin = Some(Proposed { pin: told, is_shown });
        }
        if let Err(error) = &advanced
            && again < MOST_AGAIN
            && error.may_type_again()
            && output.has_a_person()
            && Asked::refused(error).is_some_and(|asked| typed.contains(&asked))
        {
            output.tell(&error.cause.to_string());
            (again, input) = (again + 1, Input::Nothing);
            continue;
        }
        match advanced? {
            Step::Need(need) => {
                if sources.are_typed(&need) {
                    sources.may_try(&need).map_err(|cause| not_asked(&work, cause))?;
                    typed.push(Asked::by(&need));
                }
                input = meet(need, sources, output)?;
            }
            Step::Pending { request, approvals_needed } => {
                if !patience.until_decided(request, output)? {
                    return Err(pending(patience.client(), request, approvals_needed));
                }
                input = Input::Nothing;
            }
            Step::Done(outcome) => return Ok(outcome),
        }
    }
    Err(Failure::new("no-progress", Exit::Other, "the driver asks again and again for the same")
        .remedy("Nothing is lost: run the command again. If it ends so again, report it with what was typed."))
}
