//! A server, a journal and a client for one test, and a face that answers what the driver asks.

use super::fake::FakeCm;
use crate::support::directory;
use cardwright::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use cardwright::enrollment::{Enrollment, Error, Event, Input, Journal, Need, Order, Outcome, Step};
use cardwright::secret::{BearerToken, Pin, Puk};
use cardwright::token::{LastTry, Token};
use std::collections::VecDeque;
use std::path::PathBuf;

pub const PIN: &str = "246810";

pub struct Bench {
    pub fake: FakeCm,
    pub client: CmClient,
    pub directory: PathBuf,
}

/// What the user would type, in order; then the last one again.
pub struct Face {
    pub pins: VecDeque<&'static str>,
    pub new_pin: &'static str,
    pub so_pin: Option<&'static str>,
    pub puk: Option<&'static str>,
    pub last_try: LastTry,
    pub events: Vec<Event>,
    pub needs: Vec<Need>,
}

impl Default for Face {
    fn default() -> Self {
        let pins = VecDeque::from([PIN]);
        Self {
            pins,
            new_pin: PIN,
            so_pin: None,
            puk: None,
            last_try: LastTry::Keep,
            events: Vec::new(),
            needs: Vec::new(),
        }
    }
}

#[derive(Debug)]
pub enum End {
    Done(Outcome),
    Pending {
        approvals_needed: Option<u32>,
    },
    /// The face had no answer.
    Unanswered(Need),
}

impl End {
    pub fn done(self) -> Outcome {
        match self {
            End::Done(outcome) => outcome,
            other => panic!("{other:?}"),
        }
    }
}

impl Bench {
    pub fn new() -> Self {
        let fake = FakeCm::start();
        let client = client(&fake);
        Self { fake, client, directory: directory::fresh("bench") }
    }

    pub fn journal(&self) -> Journal {
        Journal::open(self.directory.join("journal")).unwrap()
    }

    /// One process's life: it begins or resumes, and ends with an outcome or an error.
    pub fn run(&self, token: &mut dyn Token, order: Order) -> Result<End, Error> {
        self.run_with(token, order, &mut Face::default())
    }

    pub fn run_with(&self, token: &mut dyn Token, order: Order, face: &mut Face) -> Result<End, Error> {
        let journal = self.journal();
        let mut enrollment = Enrollment::begin(&self.client, &journal, token.identity(), order)?;
        face.pump(&mut enrollment, token)
    }

    /// Like [`Self::run_with`], with what the face knows from the beginning.
    pub fn run_given(&self, token: &mut dyn Token, order: Order, given: Input, face: &mut Face) -> Result<End, Error> {
        let journal = self.journal();
        let mut enrollment = Enrollment::begin(&self.client, &journal, token.identity(), order)?;
        enrollment.give(given);
        face.pump(&mut enrollment, token)
    }

    pub fn unfinished(&self) -> usize {
        self.journal().unfinished().unwrap().len()
    }
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

impl Face {
    pub fn pump(&mut self, enrollment: &mut Enrollment<'_>, token: &mut dyn Token) -> Result<End, Error> {
        self.pump_watched(enrollment, token, &mut |_| {})
    }

    /// Likewise, and each event is looked at as it is told.
    pub fn pump_watched(
        &mut self,
        enrollment: &mut Enrollment<'_>,
        token: &mut dyn Token,
        look: &mut dyn FnMut(&Event),
    ) -> Result<End, Error> {
        let mut input = Input::Nothing;
        for _ in 0..8 {
            let events = &mut self.events;
            let mut tell = |event| {
                look(&event);
                events.push(event);
            };
            let need = match enrollment.advance(Some(&mut *token), input, &mut tell)? {
                Step::Done(outcome) => return Ok(End::Done(outcome)),
                Step::Pending { approvals_needed, .. } => return Ok(End::Pending { approvals_needed }),
                Step::Need(need) => need,
            };
            self.needs.push(need.clone());
            let secret = |text: &str| Pin::new(text.to_owned());
            input = match (&need, self.so_pin) {
                (Need::Pin { .. }, _) => {
                    let pin = if self.pins.len() > 1 { self.pins.pop_front() } else { self.pins.front().copied() };
                    Input::Pin(secret(pin.unwrap()), self.last_try)
                }
                (Need::NewPin { .. }, _) => Input::NewPin(secret(self.new_pin)),
                (Need::SoPin { .. }, Some(so_pin)) => Input::SoPin(secret(so_pin), self.last_try),
                (Need::Puk { .. }, _) if self.puk.is_some() => {
                    Input::Puk(Puk::new(self.puk.unwrap().to_owned()), self.last_try)
                }
                (Need::SoPin { .. } | Need::Puk { .. }, _) => return Ok(End::Unanswered(need)),
            };
        }
        panic!("the driver asks for ever: {:?}", self.needs)
    }
}

pub fn client(fake: &FakeCm) -> CmClient {
    CmClient::new(ClientConfig {
        base_url: fake.url.clone(),
        trust: Trust::Platform,
        login: Login::Bearer(BearerToken::new("secret".into())),
        timeouts: Timeouts::default(),
    })
    .unwrap()
}
