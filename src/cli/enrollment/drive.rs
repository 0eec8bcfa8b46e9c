//! Has a work carried out at a terminal; resumes after a card was pulled out and put back.

use super::needs::{Asked, Sources, meet};
use super::pfx;
use super::report::{Proposed, denied, pending, render, watch};
use crate::cli::args::{CourseArgs, TokenArgs};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Spinner};
use crate::cli::prompt::confirm;
use crate::cli::review::{self, Patience, next_of};
use crate::cli::seat::Seat;
use crate::cli::secrets::{self, MOST_AGAIN, NEW_PIN, SO_PIN, last_try};
use crate::cli::settings::{Settings, state_directory};
use crate::client::CmClient;
use crate::enrollment::{self, Enrollment, Event, Input, Journal, JournalError, Need, Order, Outcome};
use crate::secret::Pin;
use crate::token::{self, Token};
use crate::workstation::{Attendant, Ended, drive};
use std::time::Duration;
use uuid::Uuid;

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
    Journal::open(&directory).map_err(|error| unreadable(error).into())
}

/// Makes the error of a journal that cannot be read.
pub fn unreadable(error: JournalError) -> enrollment::Error {
    enrollment::Error { stage: enrollment::Stage::ReadJournal, request: None, cause: error.into() }
}

/// Has the work carried out, supplying each secret that it asks for from its source, and prints the outcome.
///
/// `token` is `None` for a lost card. Fails with `request-pending` where the request waits for approval.
pub fn pump(
    work: Enrollment<'_>,
    token: Option<&mut dyn Token>,
    patience: Option<Duration>,
    (sources, client): (&Sources<'_>, &CmClient),
    output: &Output,
) -> Result<(), Failure> {
    let is_lost = token.is_none();
    let mut terminal = Terminal {
        sources,
        output,
        patience: Patience::new(client, patience),
        spinner: None,
        typed: Vec::new(),
        again: 0,
        pin: None,
    };
    let ended = carry_out(work, token, &mut terminal);
    let Terminal { pin, .. } = terminal;
    match ended {
        Ok(outcome) => render(&outcome, is_lost, pin.as_ref(), output),
        Err(failure) => Err(denied(client, failure).with_pin(pin.map(|proposed| proposed.pin))),
    }
}

/// Gives the work what is known before it begins, and drives it.
fn carry_out(
    mut work: Enrollment<'_>,
    token: Option<&mut dyn Token>,
    terminal: &mut Terminal<'_>,
) -> Result<Outcome, Failure> {
    let sources = terminal.sources;
    if let Some(receiver) = sources.keys.map(pfx::receiver).transpose()?.flatten() {
        work.receive_keys(receiver);
    }
    // A secret that was given is tried before the default, which would spend a try for nothing.
    if let Some(source) = sources.puk {
        work.give(Input::Puk(secrets::puk(Some(source))?, last_try(sources.spend_last_try)));
    }
    let first = match sources.so_pin {
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
    drive(work, token, first, terminal).map_err(|ended| match ended {
        Ended::Stopped(failure) => failure,
        Ended::Failed(error) => error.into(),
        Ended::NoProgress => Failure::new("no-progress", Exit::Other, "the driver asks again and again for the same")
            .remedy("Nothing is lost: run the command again. If it ends so again, report it with what was typed."),
    })
}

/// Is the terminal, and the sources of secrets that were named there.
struct Terminal<'a> {
    sources: &'a Sources<'a>,
    output: &'a Output,
    patience: Patience<'a>,
    spinner: Option<Spinner>,
    /// What a person has typed; what came from elsewhere is tried once.
    typed: Vec<Asked>,
    again: usize,
    /// The PIN that was set and that the server proposed.
    pin: Option<Proposed>,
}

impl Attendant for Terminal<'_> {
    type Stop = Failure;

    fn told(&mut self, event: &Event) {
        watch(event, &mut self.spinner, self.output);
    }

    fn proposed(&mut self, pin: Pin) {
        self.spinner = None;
        let text = format!("the PIN is {}; hand it over, it is not shown again", pin.expose());
        self.pin = Some(Proposed { is_shown: self.output.told(&text), pin });
    }

    fn meet(&mut self, need: Need, request: Option<Uuid>) -> Result<Input, Failure> {
        self.spinner = None;
        if self.sources.are_typed(&need) {
            let not_asked = |cause: token::Error| enrollment::Error {
                stage: enrollment::Stage::LogIn,
                request,
                cause: cause.into(),
            };
            self.sources.may_try(&need).map_err(not_asked)?;
            self.typed.push(Asked::by(&need));
        }
        meet(need, self.sources, self.output)
    }

    fn types_again(&mut self, error: &enrollment::Error) -> bool {
        self.spinner = None;
        let again = self.again < MOST_AGAIN
            && self.output.has_a_person()
            && Asked::refused(error).is_some_and(|asked| self.typed.contains(&asked));
        if again {
            self.output.tell(&error.cause.to_string());
            self.again += 1;
        }
        again
    }

    fn wait_for_approval(&mut self, request: Uuid, approvals_needed: Option<u32>) -> Result<(), Failure> {
        self.spinner = None;
        if self.patience.until_decided(request, self.output)? {
            return Ok(());
        }
        Err(pending(self.patience.client(), request, approvals_needed))
    }
}
