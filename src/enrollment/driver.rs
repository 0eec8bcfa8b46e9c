//! Holds one workflow on one card: what is known of it, what the face gave, and how far it has come.

use super::card::{card_id, earlier_card_id};
use super::error::{Cause, Error};
use super::foreseen::{KeyPlan, Opening};
use super::inputs::Inputs;
use super::journal::{CardLock, Entry, Journal};
use super::plan::KnownAdminKey;
use super::proven::{Certified, Proof};
use super::received::KeyReceiver;
use super::record::{Milestone, PinWork, Record, Tie};
use super::relay::Presence;
use super::stage::Stage;
use super::step::{Input, Need, Order, Step};
use crate::client::CmClient;
use crate::cm::certificate::ListedCertificate;
use crate::cm::request::Request;
use crate::cm::smartcard::Smartcard;
use crate::cm::template::SmartcardConfig;
use crate::pkix::Certificate;
use crate::secret::{Passphrase, Pin};
use crate::token::{self, Condition, Counters, Identity, KeyId, SecretKind, StoredKey, Token};
use uuid::Uuid;

/// Drives one workflow on one card, from wherever it stands to its end.
pub struct Enrollment<'a> {
    pub(super) client: &'a CmClient,
    pub(super) journal: &'a Journal,
    pub(super) order: Order,
    /// A request that was made elsewhere, and is gone on with.
    pub(super) given: Option<Uuid>,
    /// A request is made even where another one is open for the same person or card.
    pub(super) beside_others: bool,
    pub(super) card_id: Uuid,
    pub(super) token_label: String,
    /// The id by which the card is known unless older work or the server's record says otherwise.
    pub(super) present_id: Uuid,
    /// The id by which earlier versions knew the card; others may have it too.
    pub(super) earlier_id: Option<Uuid>,
    /// What tells this work from any other: the record's marker, chosen before there is a record.
    pub(super) marker: Uuid,
    pub(super) locks: Vec<CardLock>,
    pub(super) entry: Option<Entry>,
    /// An answer of the server may have been lost, in an earlier process or just now.
    pub(super) unsettled: bool,
    pub(super) inputs: Inputs,
    pub(super) receiver: Option<KeyReceiver<'a>>,
    pub(super) facts: Facts,
}

/// Holds what was learned in this process and need not be asked again.
#[derive(Default)]
pub(super) struct Facts {
    pub counters: Option<Counters>,
    pub request: Option<Request>,
    pub config: Option<SmartcardConfig>,
    /// The card's answer to reset, lower-case hexadecimal; `None` for a token that is no card.
    pub atr: Option<String>,
    pub template_name: Option<String>,
    pub tied: Option<Tie>,
    pub condition: Option<Condition>,
    /// What the work is about, found before it is begun.
    pub opening: Option<Opening>,
    /// The server was asked what the request would come to.
    pub foreseen: bool,
    /// The server told which private keys it will send, or tells of none.
    pub arrivals_foreseen: bool,
    /// The template lets the request be carried out as soon as it is made.
    pub at_once: Option<bool>,
    /// Card and template were found to go together as far as PIN, PUK and admin key are concerned.
    pub secrets_fit: bool,
    /// Which keys are made, and where they go.
    pub keys: Option<KeyPlan>,
    /// How the server knows the card that is to be enrolled; `None` where it was not asked.
    pub at_server: Option<Option<Smartcard>>,
    /// A trial in this process has shown that keys and certificates fit.
    pub room_tried: bool,
    /// The card has refused the admin key that it came with, in this process.
    pub default_refused: bool,
    /// Which admin key the card answers by.
    pub admin_key: Option<KnownAdminKey>,
    /// The login needs responses of the server, which gives none once the request has ended.
    pub as_admin: bool,
    /// What is on the token, as it was read before anything changed.
    pub stored: Option<Vec<StoredKey>>,
    /// A card at the server, and the certificates that it should hold.
    pub listed: Option<(Uuid, Vec<ListedCertificate>)>,
    /// The first key that is to be renewed, if possible one that signs.
    pub old_key: Option<Certified>,
    /// Where that key is with its certificate, if it signs.
    pub old_certificate: Option<(KeyId, Certificate)>,
    /// The server demands, before there is a request, that the old key be shown.
    pub possession: bool,
    /// Whether the card has shown the server, in this process, that it is there; `None`: it was not asked to.
    pub presence: Option<Presence>,
    /// By what the card has proven to be the one that the server's record speaks of.
    pub proof: Proof,
    /// The card has proven to be the one that the work in the journal was begun on, or no work was found.
    pub taken_up: bool,
    /// The request was made in this process, so that nobody else has begun it.
    pub made_here: bool,
    /// Whether another workstation has begun the request was looked at.
    pub looked_elsewhere: bool,
    /// The server was asked whether it has certified other keys than those of the journal.
    pub keys_certified: bool,
    /// The places of the keys were chosen in this process: no key of this work is there yet.
    pub just_placed: bool,
    /// The card has refused a PUK in this process.
    pub puk_refused: bool,
    /// The password under which the server sends private keys to this process.
    pub pfx_password: Option<Passphrase>,
    /// The PIN that the server proposed, until the face has read it.
    pub proposed: Option<Pin>,
    /// The new PIN that is held is the server's.
    pub pin_is_proposed: bool,
    /// A new PIN is set, so that one that the server proposed may be told.
    pub pin_is_set: bool,
    /// The copy of its admin key that the card keeps was tried, or there is none.
    pub kept_key_tried: bool,
    /// The SO PIN that is held is that copy.
    pub so_pin_is_copy: bool,
}

/// Says what one leg of the way came to.
pub(super) enum Leg {
    /// The milestone has changed, or the next leg may be taken.
    Onward,
    /// The face must ask or tell somebody something.
    Stop(Step),
}

/// Says what came of trying the secrets that the card may accept.
pub(super) enum Tried<T> {
    Done(T),
    /// None was accepted, or none is known: somebody must type it.
    Need(Need),
}

impl<'a> Enrollment<'a> {
    /// Begins the order on the token, or goes on with the same workflow on the same card from where the journal says it
    /// stands. Neither server nor token is asked yet. No other process can work on this card until the value is
    /// dropped.
    pub fn begin(client: &'a CmClient, journal: &'a Journal, token: &Identity, order: Order) -> Result<Self, Error> {
        Self::begin_card(client, journal, (card_id(token), earlier_card_id(token)), token.label.clone(), order)
    }

    /// Begins the retirement of a card that is missing for this reason, for which only the server is asked.
    pub fn begin_lost(
        client: &'a CmClient,
        journal: &'a Journal,
        card_id: Uuid,
        comment: String,
        reason: String,
    ) -> Result<Self, Error> {
        Self::begin_card(client, journal, (card_id, None), String::new(), Order::RetireLost { comment, reason })
    }

    /// Locks the card and looks for unfinished work of the same workflow, also under the id of earlier versions; refuses
    /// work that was begun at another server.
    fn begin_card(
        client: &'a CmClient,
        journal: &'a Journal,
        (card_id, earlier_id): (Uuid, Option<Uuid>),
        token_label: String,
        order: Order,
    ) -> Result<Self, Error> {
        let in_journal = |source| Error::new(Stage::ReadJournal, source);
        let mut locks = vec![journal.lock(card_id).map_err(in_journal)?];
        let workflow = order.workflow();
        let unfinished = journal.unfinished().map_err(in_journal)?;
        let of = |id| unfinished.iter().find(|record| record.card_id == id && record.workflow == workflow);
        let found = of(card_id).or_else(|| earlier_id.and_then(of)).cloned();
        let known_as = found.as_ref().map_or(card_id, |record| record.card_id);
        if known_as != card_id {
            locks.push(journal.lock(known_as).map_err(in_journal)?);
        }
        let server = client.base_url().to_string();
        if let Some(record) = found.as_ref().filter(|record| record.server != server) {
            let cause = Cause::OtherServer { begun_at: record.server.clone() };
            return Err(Error::new(Stage::TakeUp, cause).about(record.request()));
        }
        let unsettled = found.is_some();
        let given = order.request();
        let facts = Facts { taken_up: found.is_none(), ..Facts::default() };
        let marker = found.as_ref().map_or_else(Uuid::new_v4, |record| record.marker);
        let entry = found.map(|record| journal.take_up(record));
        Ok(Self {
            client,
            journal,
            order,
            given,
            beside_others: false,
            card_id: known_as,
            present_id: card_id,
            earlier_id,
            token_label,
            marker,
            locks,
            entry,
            unsettled,
            inputs: Inputs::default(),
            receiver: None,
            facts,
        })
    }

    /// Returns what the journal says of this work; `None` before anything was written.
    pub fn record(&self) -> Option<&Record> {
        self.entry.as_ref().map(Entry::record)
    }

    /// Keeps what the face knows already, so that it need not be asked for.
    pub fn give(&mut self, input: Input) {
        if matches!(input, Input::SoPin(..)) {
            self.facts.so_pin_is_copy = false;
        }
        self.inputs.give(input);
    }

    /// Goes on with this request, made elsewhere, instead of making one.
    pub fn go_on_with(&mut self, request: Uuid) {
        self.given = Some(request);
    }

    /// Makes a request even where another one is open for the same person or card ([`Cause::AnotherOpen`] otherwise, as
    /// far as the server tells).
    pub fn make_beside_others(&mut self) {
        self.beside_others = true;
    }

    /// Has private keys that the server makes or brings back go to `receiver` too, besides the token. Without one, a
    /// token that cannot take them ends the work before the request is completed.
    pub fn receive_keys(&mut self, receiver: KeyReceiver<'a>) {
        self.receiver = Some(receiver);
    }

    /// Refuses another card that has taken this one's place in the reader.
    pub(super) fn same_card(&self, token: Option<&dyn Token>) -> Result<(), Error> {
        // A card that was reset may have another id now, and is not needed any more.
        let at_the_end = matches!(self.record().map(|record| &record.milestone), Some(Milestone::Removed { .. }));
        let Some(identity) = token.filter(|_| !at_the_end).map(Token::identity) else { return Ok(()) };
        let found = card_id(identity);
        if found == self.card_id || earlier_card_id(identity) == Some(self.card_id) {
            return Ok(());
        }
        Err(Error::new(Stage::ReadToken, Cause::OtherCard { found }))
    }

    /// Drops what an error has shown to be wrong or out of date.
    pub(super) fn forget(&mut self, error: &Error) {
        self.facts.counters = None;
        self.facts.condition = None;
        self.facts.request = None;
        (self.facts.stored, self.facts.listed) = (None, None);
        match error.token_secret() {
            Some(SecretKind::Pin) => self.inputs.pin = None,
            Some(SecretKind::Admin) => (self.inputs.so_pin, self.facts.admin_key) = (None, None),
            Some(SecretKind::Puk) => self.inputs.puk = None,
            None => {}
        }
        if error.is_of_new_pin() {
            self.inputs.new_pin = None;
        }
        // What was typed is sent to a card once: where the card was lost meanwhile, it may have got it, and it must be typed again.
        if matches!(&error.cause, Cause::Token(error) if error.is_loss() || matches!(error, token::Error::Timeout)) {
            (self.inputs.pin, self.inputs.so_pin, self.inputs.puk) = (None, None, None);
        }
    }

    /// Reads the retry counters, once until a try may have been spent.
    pub(super) fn counters(&mut self, token: &mut dyn Token) -> Result<Counters, Error> {
        if let Some(counters) = self.facts.counters {
            return Ok(counters);
        }
        let counters = token.counters().map_err(|source| Error::new(Stage::ReadToken, source))?;
        self.facts.counters = Some(counters);
        Ok(counters)
    }

    /// Reads what the token shows of its condition, once until something fails.
    pub(super) fn condition(&mut self, token: &mut dyn Token) -> Result<Condition, Error> {
        if let Some(condition) = &self.facts.condition {
            return Ok(condition.clone());
        }
        let condition = token.condition().map_err(|source| Error::new(Stage::ReadToken, source))?;
        self.facts.condition = Some(condition.clone());
        Ok(condition)
    }

    /// Writes the milestone to the journal; once this returns, it survives a power cut, unless the server tells as much.
    pub(super) fn reach(&mut self, milestone: Milestone) -> Result<Leg, Error> {
        let told = self.facts.arrivals_foreseen && milestone.is_told_by_the_server();
        let entry = self.entry.as_mut().ok_or(Error::new(Stage::WriteJournal, Cause::NoProgress))?;
        entry.reach(milestone, !told).map_err(|source| Error::new(Stage::WriteJournal, source))?;
        Ok(Leg::Onward)
    }

    /// Changes what the journal says beside the milestone; once this returns, it survives a power cut.
    pub(super) fn note(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), Error> {
        let entry = self.entry.as_mut().ok_or(Error::new(Stage::WriteJournal, Cause::NoProgress))?;
        entry.note(change).map_err(|source| Error::new(Stage::WriteJournal, source))
    }

    /// Returns how far the setting of a PIN has come, as the journal says.
    pub(super) fn pin_work(&self) -> PinWork {
        self.record().map_or(PinWork::None, |record| record.pin)
    }

    /// Removes the journal file, so that this work is not taken up again, not even after a power cut.
    pub(super) fn close(&mut self) -> Result<(), Error> {
        self.close_and(true)
    }

    /// Removes the journal file of work that the server has as completed. Nothing is flushed: should a power cut bring the
    /// file back, the server says so again, and the card is looked at and left as it is.
    pub(super) fn close_completed(&mut self) -> Result<(), Error> {
        self.close_and(false)
    }

    fn close_and(&mut self, flush: bool) -> Result<(), Error> {
        match self.entry.take() {
            Some(entry) => entry.close(flush).map_err(|source| Error::new(Stage::WriteJournal, source)),
            None => Ok(()),
        }
    }
}

/// Returns the token, or [`Cause::TokenNeeded`] where the caller gave none.
pub(super) fn present<'t>(token: &'t mut Option<&mut dyn Token>) -> Result<&'t mut dyn Token, Error> {
    match token {
        Some(token) => Ok(&mut **token),
        None => Err(Error::new(Stage::ReadToken, Cause::TokenNeeded)),
    }
}
