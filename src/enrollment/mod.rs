//! The driver of every face: enrolls, renews, unblocks and retires a token over a CM server.
//!
//! In: a [`Token`], a [`CmClient`], a [`Journal`], an [`Order`], and what a [`Step`] asked for. Out: a [`Step`] to
//! render and [`Event`]s on the way; it never prints and never asks. [`Enrollment::advance`] goes as far as it can; it
//! may be called again after an error, and a new process takes the work up where the journal says it stands: no second
//! request, key or certificate. The PIN is needed once, for one login. Order of MIM's enrollment walkthrough.
//! Absent: clock, terminal, any key of the server's.

mod admin;
mod card;
mod choose;
mod error;
mod install;
mod issue;
mod journal;
mod key_order;
mod login;
mod offline;
mod prepare;
mod proposed;
mod puk;
mod received;
mod record;
mod remedy;
mod request;
mod retire;
mod rotate;
mod step;
mod unblock;
mod undo;

pub use card::card_id;
pub use error::{Cause, Error, Stage};
pub use journal::{Journal, JournalError};
pub use offline::{HelpDesk, HelpDeskError, unblock_offline};
pub use received::{KeyReceiver, ReceivedKey};
pub use record::{Ended, IssuedWork, KeyWork, Milestone, Record, Tie, own_words};
pub use remedy::ExitClass;
pub use step::{EnrollOrder, Event, Input, Installed, Need, OldKey, Order, Outcome, RenewOrder, Step, Workflow};

use crate::client::CmClient;
use crate::cm::request::Request;
use crate::cm::template::SmartcardConfig;
use crate::secret::{Pin, Puk};
use crate::token::{Authority, Condition, Counters, Identity, LastTry, Operation, SecretKind, Token, Tries};
use admin::{Doubt, Held};
use journal::{CardLock, Entry};
use login::PinEntry;
use prepare::Doubts;
use puk::PukDoubt;
use uuid::Uuid;

/// One workflow on one card, from wherever it stands to its end.
pub struct Enrollment<'a> {
    client: &'a CmClient,
    journal: &'a Journal,
    order: Order,
    card_id: Uuid,
    token_label: String,
    _lock: CardLock,
    entry: Option<Entry>,
    /// Whether an answer of the server may have been lost, in an earlier process or just now.
    unsettled: bool,
    inputs: Inputs,
    receiver: Option<KeyReceiver<'a>>,
    facts: Facts,
}

/// What the face gave, until it is used up.
#[derive(Default)]
struct Inputs {
    pin: Option<PinEntry>,
    new_pin: Option<Pin>,
    so_pin: Option<(Pin, LastTry)>,
    puk: Option<(Puk, LastTry)>,
}

/// What was learned in this process and need not be asked twice.
#[derive(Default)]
struct Facts {
    counters: Option<Counters>,
    request: Option<Request>,
    config: Option<SmartcardConfig>,
    template_name: Option<String>,
    tied: Option<Tie>,
    condition: Option<Condition>,
    /// Which admin key the card answers by.
    held: Option<Held>,
    /// The login needs the server's responses, which end with the request.
    as_admin: bool,
    /// The places of the keys were chosen a moment ago: nothing of this work is there yet.
    just_placed: bool,
    /// The card has refused a PUK.
    puk_refused: bool,
    /// The PIN the server proposed, until the face has told it.
    proposed: Option<Pin>,
}

/// Where events go while the driver works.
pub(crate) type Observer<'o> = &'o mut dyn FnMut(Event);

/// What one leg of the way came to.
enum Leg {
    /// The milestone has changed; go on from there.
    Onward,
    /// The face is to be asked or told.
    Stop(Step),
}

impl<'a> Enrollment<'a> {
    /// Begins the order on the token, or takes up the same workflow on the same card where the journal says it stands.
    /// Nothing is asked of server or token yet; no other process can work on this card until the value is dropped.
    pub fn begin(client: &'a CmClient, journal: &'a Journal, token: &Identity, order: Order) -> Result<Self, Error> {
        Self::begin_card(client, journal, card_id(token), token.label.clone(), order)
    }

    /// Begins the retirement of a card that is lost: only the server is asked.
    pub fn begin_lost(
        client: &'a CmClient,
        journal: &'a Journal,
        card_id: Uuid,
        comment: String,
    ) -> Result<Self, Error> {
        Self::begin_card(client, journal, card_id, String::new(), Order::RetireLost { comment })
    }

    fn begin_card(
        client: &'a CmClient,
        journal: &'a Journal,
        card_id: Uuid,
        token_label: String,
        order: Order,
    ) -> Result<Self, Error> {
        let in_journal = |source| Error::new(Stage::ReadJournal, source);
        let lock = journal.lock(card_id).map_err(in_journal)?;
        let workflow = order.workflow();
        let found = journal
            .unfinished()
            .map_err(in_journal)?
            .into_iter()
            .find(|record| record.card_id == card_id && record.workflow == workflow);
        let server = client.base_url().to_string();
        if let Some(record) = &found {
            let refused = |cause| Err(Error::new(Stage::ReadJournal, cause).about(record.request()));
            if record.server != server {
                return refused(Cause::OtherServer { begun_at: record.server.clone() });
            }
            if order.differs_from(record) {
                return refused(Cause::OtherRequestOpen);
            }
        }
        let unsettled = found.is_some();
        let entry = found.map(|record| journal.take_up(record));
        Ok(Self {
            client,
            journal,
            order,
            card_id,
            token_label,
            _lock: lock,
            entry,
            unsettled,
            inputs: Inputs::default(),
            receiver: None,
            facts: Facts::default(),
        })
    }

    /// What the journal says of this work; `None` before the server was asked.
    pub fn record(&self) -> Option<&Record> {
        self.entry.as_ref().map(Entry::record)
    }

    /// Goes on until something is needed, the request waits for approval, or all is done. `token` may be `None` only
    /// for a lost card. After an error everything is as the journal says, and `advance` may be called again.
    pub fn advance(
        &mut self,
        mut token: Option<&mut dyn Token>,
        input: Input,
        observer: Observer<'_>,
    ) -> Result<Step, Error> {
        self.give(input);
        let outcome = self.same_card(token.as_deref()).and_then(|()| self.go_on(&mut token, observer));
        outcome.map_err(|error| {
            self.forget(&error);
            error.about(self.record().and_then(Record::request))
        })
    }

    /// Keeps what the face knows already, so that it need not be asked for.
    pub fn give(&mut self, input: Input) {
        match input {
            Input::Nothing => {}
            Input::Pin(pin, last_try) => self.inputs.pin = Some(PinEntry::Typed(pin, last_try)),
            Input::PinPad(last_try) => self.inputs.pin = Some(PinEntry::Pad(last_try)),
            Input::NewPin(pin) => self.inputs.new_pin = Some(pin),
            Input::SoPin(pin, last_try) => self.inputs.so_pin = Some((pin, last_try)),
            Input::Puk(puk, last_try) => self.inputs.puk = Some((puk, last_try)),
        }
    }

    /// Refuses a card that took the other one's place in the reader.
    fn same_card(&self, token: Option<&dyn Token>) -> Result<(), Error> {
        // A card that was reset may have become another one, and is not needed any more.
        let at_the_end = matches!(self.record().map(|record| &record.milestone), Some(Milestone::Removed { .. }));
        match token.filter(|_| !at_the_end).map(|token| card_id(token.identity())) {
            Some(found) if found != self.card_id => Err(Error::new(Stage::ReadToken, Cause::OtherCard { found })),
            _ => Ok(()),
        }
    }

    /// Drops what an error showed to be wrong or stale.
    fn forget(&mut self, error: &Error) {
        use crate::token::Error as E;
        self.facts.counters = None;
        self.facts.condition = None;
        self.facts.request = None;
        match error.token_secret() {
            Some(SecretKind::Pin) => self.inputs.pin = None,
            Some(SecretKind::Admin) => (self.inputs.so_pin, self.facts.held) = (None, None),
            Some(SecretKind::Puk) => self.inputs.puk = None,
            None => {}
        }
        match &error.cause {
            Cause::PinLength { .. } => self.inputs.new_pin = None,
            Cause::Token(E::SecretLength { secret: SecretKind::Pin, .. }) if error.stage == Stage::SetPin => {
                self.inputs.new_pin = None;
            }
            // What was typed is sent to the card once: whoever comes back to it types anew.
            Cause::Token(E::Removed | E::Reset) => {
                (self.inputs.pin, self.inputs.so_pin, self.inputs.puk) = (None, None, None);
            }
            _ => {}
        }
    }

    /// Leg after leg. Each changes the milestone or stops, and the longest way has fewer legs than the bound.
    fn go_on(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Step, Error> {
        const MOST_LEGS: usize = 32;
        for _ in 0..MOST_LEGS {
            if let Leg::Stop(step) = self.leg(token, observer)? {
                return Ok(step);
            }
        }
        Err(Error::new(Stage::ReadRequest, Cause::NoProgress))
    }

    fn leg(&mut self, token: &mut Option<&mut dyn Token>, observer: Observer<'_>) -> Result<Leg, Error> {
        let Some(milestone) = self.record().map(|record| record.milestone.clone()) else {
            self.check_token(token, observer)?;
            return self.start(observer);
        };
        if let Some(leg) = self.recheck(&milestone, observer)? {
            return Ok(leg);
        }
        match milestone {
            Milestone::Asking => self.ask(observer),
            Milestone::Requested { request } => self.take_request(request, token, observer),
            Milestone::ChangingAdminKey { tie, default_refused, own_possible } => {
                let doubts = Doubts { admin: Some(Doubt { default_refused, own_possible }), puk: None };
                self.prepare(tie, doubts, present(token)?, observer)
            }
            Milestone::ChangingPuk { tie, current_refused, next_possible } => {
                let doubt = PukDoubt { current_refused, next_possible };
                self.settle(tie, doubt, present(token)?, observer)
            }
            Milestone::Prepared { tie } => self.choose_keys(tie, present(token)?, observer),
            Milestone::KeysChosen { tie, keys, old } => self.make_keys(tie, &keys, old, present(token)?, observer),
            Milestone::Signed { tie, keys, old } => self.finish_signed(tie, &keys, old, present(token)?, observer),
            Milestone::Issued { tie, keys, old } => self.finish_issued(tie, &keys, old, present(token)?, observer),
            Milestone::Superseding { tie, keys, old } => self.supersede(tie, &keys, &old, present(token)?, observer),
            Milestone::Undoing { request, keys, ended } => self.undo(request, &keys, ended, token, observer),
            Milestone::PinSet { tie } => self.finish_unblock(tie, observer),
            Milestone::Removing { tie, thumbprints, keys } => {
                self.remove(tie, &thumbprints, &keys, present(token)?, observer)
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

    /// Takes up a change of the PUK where the workflow made it.
    fn settle(
        &mut self,
        tie: Tie,
        doubt: PukDoubt,
        token: &mut dyn Token,
        observer: Observer<'_>,
    ) -> Result<Leg, Error> {
        match self.order.workflow() {
            Workflow::Renew => self.begin_renewal(tie, Some(doubt), token, observer),
            Workflow::Unblock => self.unblock(tie, Some(doubt), token, observer),
            _ => self.prepare(tie, Doubts { admin: None, puk: Some(doubt) }, token, observer),
        }
    }

    /// The checks before the server is asked: what could not end well is refused while nothing has begun.
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
        if token.identity().serial.is_empty() && token.identity().card_id.is_none() {
            // All such cards would be the same one to the server.
            return Err(Error::new(Stage::ReadToken, crate::token::Error::NoSerial));
        }
        let counters = self.counters(token)?;
        let sets_pin = self.order.resets_pin().then_some(&Unblock);
        for operation in operations.iter().chain(sets_pin) {
            let (secret, tries) = match token.authority(*operation) {
                Authority::User if self.order.resets_pin() => continue,
                Authority::User => (SecretKind::Pin, counters.user),
                Authority::Admin => (SecretKind::Admin, counters.admin),
                Authority::Puk => (SecretKind::Puk, counters.puk.unwrap_or(Tries::Untold)),
            };
            if tries == Tries::Locked || tries == Tries::Left(0) {
                return Err(Error::new(Stage::ReadToken, crate::token::Error::Locked { secret }));
            }
        }
        Ok(())
    }

    /// The retry counters, read once until a try is spent.
    fn counters(&mut self, token: &mut dyn Token) -> Result<Counters, Error> {
        if let Some(counters) = self.facts.counters {
            return Ok(counters);
        }
        let counters = token.counters().map_err(|source| Error::new(Stage::ReadToken, source))?;
        self.facts.counters = Some(counters);
        Ok(counters)
    }

    /// Writes the milestone to the journal; when this returns it survives a power cut.
    fn reach(&mut self, milestone: Milestone) -> Result<Leg, Error> {
        let entry = self.entry.as_mut().ok_or(Error::new(Stage::WriteJournal, Cause::NoProgress))?;
        entry.reach(milestone).map_err(|source| Error::new(Stage::WriteJournal, source))?;
        Ok(Leg::Onward)
    }

    /// Removes the journal file: nothing is left to be taken up.
    fn close(&mut self) -> Result<(), Error> {
        match self.entry.take() {
            Some(entry) => entry.close().map_err(|source| Error::new(Stage::WriteJournal, source)),
            None => Ok(()),
        }
    }
}

/// The token, where the workflow cannot do without one.
fn present<'t>(token: &'t mut Option<&mut dyn Token>) -> Result<&'t mut dyn Token, Error> {
    match token {
        Some(token) => Ok(&mut **token),
        None => Err(Error::new(Stage::ReadToken, Cause::TokenNeeded)),
    }
}
