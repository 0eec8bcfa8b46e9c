//! What is known beside the card itself: the server's records and requests, and the journal.

use crate::cli::args::StatusArgs;
use crate::cli::connection;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::review::open_requests;
use crate::cli::settings::Settings;
use crate::cli::unfinished::{is_of, survey, works};
use crate::client::{self, CardChoice, CmClient};
use crate::cm::certificate::ListedCertificate;
use crate::cm::request::{Request, RequestType};
use crate::cm::route::Holder;
use crate::cm::smartcard::Smartcard;
use crate::doctor::with_sources;
use crate::enrollment::{Item, card_id, earlier_card_id};
use crate::token::Identity;
use serde_json::{Value, json};
use uuid::Uuid;

/// Bounds the cards of a person that are looked through for the name of the holder.
const MOST_CARDS: u32 = 100;

/// Holds what is asked once for all cards.
pub struct Known {
    client: Option<CmClient>,
    server: Option<Told>,
    /// Why no server tells anything.
    why: Option<String>,
    journal: Vec<Item>,
}

/// Is what the server tells of whoever asks.
struct Told {
    open: Vec<Request>,
    /// As whom the server knows the caller.
    caller: Option<(Uuid, String)>,
}

/// Is what the server tells of a card.
pub struct Record {
    pub card: Smartcard,
    /// `None` where the server does not tell.
    pub holder: Option<String>,
    pub template: Option<String>,
    pub certificates: Vec<ListedCertificate>,
    /// From how many days before the end on the template lets certificates be renewed, if it says.
    pub window_days: Option<u32>,
}

impl Known {
    /// Asks the server what is open, unless it is not to be asked; one that cannot be reached is told and gone without.
    pub fn gather(settings: &Settings, args: &StatusArgs, output: &Output) -> Result<Self, Failure> {
        let alone = |why: &str| Self { client: None, server: None, why: Some(why.into()), journal: Vec::new() };
        // Without a server's address there is nobody to ask; what else is wrong with it must be corrected.
        let mut known = if args.offline {
            alone("it was not to be asked")
        } else {
            match connection::client(settings, &args.server) {
                Err(failure) if failure.has_code("server-missing") => alone("none is named"),
                client => Self { client: Some(client?), ..alone("") },
            }
        };
        known.again()?;
        if let (Some(_), Some(why)) = (&known.client, &known.why) {
            output.tell(&format!("the server does not tell anything: {why}"));
        }
        Ok(known)
    }

    /// Asks the server anew, and looks through the journal.
    pub fn again(&mut self) -> Result<(), Failure> {
        self.journal = survey()?;
        let Some(client) = &self.client else { return Ok(()) };
        (self.server, self.why) = match Told::by(client) {
            Ok(told) => (Some(told), None),
            Err(error) => (None, Some(with_sources(&error))),
        };
        Ok(())
    }

    /// Returns by what the server is asked, if there is one.
    pub fn client(&self) -> Option<&CmClient> {
        self.client.as_ref()
    }

    /// Says for scripts whether a server was asked.
    pub fn server_told(&self) -> Value {
        json!({ "asked": self.server.is_some(), "why_not": self.why })
    }

    /// Returns what the server tells of a card; `None` where it knows none like it or was not asked.
    pub fn record(&self, identity: &Identity) -> Result<Option<Record>, client::Error> {
        let (Some(client), Some(server)) = (&self.client, &self.server) else { return Ok(None) };
        if !identity.is_named() {
            return Ok(None);
        }
        let earlier = || earlier_card_id(identity).map(|id| client.find_smartcard(id));
        let found = match client.find_smartcard(card_id(identity))? {
            None => earlier().transpose()?.flatten(),
            found => found,
        };
        found.map(|card| server.record(client, card)).transpose()
    }

    /// Lists the open requests that wait for this card, or for its holder and any card; for a card that the server does
    /// not know, those that wait for the caller and any card.
    pub fn waiting(&self, record: Option<&Record>) -> Vec<&Request> {
        let Some(server) = &self.server else { return Vec::new() };
        let card = record.map(|record| record.card.uuid);
        let person = record.map(|record| record.card.assigned_user).or(server.caller.as_ref().map(|(id, _)| *id));
        let waits = |request: &&Request| {
            let tied = [request.new_smartcard, request.old_smartcard];
            let free = request.new_smartcard.is_none() && request.request_type.may_bring_card();
            card.is_some() && tied.contains(&card) || free && card.is_none() && person == Some(request.target)
        };
        server.open.iter().filter(waits).collect()
    }

    /// Lists the unfinished work on a card.
    pub fn unfinished(&self, identity: &Identity) -> Vec<Value> {
        works(&self.journal, |record| is_of(record, identity))
    }

    /// Lists the unfinished work whose card is none of these.
    pub fn unfinished_elsewhere<'a>(&self, here: impl Iterator<Item = &'a Identity>) -> Vec<Value> {
        let here: Vec<&Identity> = here.collect();
        works(&self.journal, |record| !here.iter().any(|identity| is_of(record, identity)))
    }
}

impl Told {
    /// Asks what is open, and who the caller is.
    fn by(client: &CmClient) -> Result<Self, client::Error> {
        let open = open_requests(client, |_| true)?;
        let caller = match client.whoami() {
            Ok(user) => Some((user.uuid, user.name)),
            Err(client::Error::ExtensionAbsent { .. }) => None,
            Err(error) => return Err(error),
        };
        Ok(Self { open, caller })
    }

    /// Gathers what is told of a card. What a server does not tell, as a MIM CM, is left out.
    fn record(&self, client: &CmClient, card: Smartcard) -> Result<Record, client::Error> {
        let certificates = client.certificates_of(Holder::Smartcard(card.uuid))?;
        let choice = CardChoice { owner: Some(card.assigned_user), ..CardChoice::default() };
        let told = optional(client.cards(choice, None, MOST_CARDS))?;
        let told = told.and_then(|cards| cards.into_iter().find(|found| found.uuid == card.uuid));
        let facts = optional(client.template_facts(card.profile_template))?;
        let renewal = facts
            .and_then(|facts| facts.workflows.into_iter().find(|workflow| workflow.request_type == RequestType::Renew));
        let own = self.caller.as_ref().filter(|(caller, _)| *caller == card.assigned_user);
        let (holder, template) = match told {
            Some(told) => (Some(told.owner_name), Some(told.template_name)),
            None => (own.map(|(_, name)| name.clone()), None),
        };
        let window_days = renewal.and_then(|renewal| renewal.window_days);
        Ok(Record { card, holder, template, certificates, window_days })
    }
}

/// Takes what a server does not offer, or not to this caller, as not told.
fn optional<T>(told: Result<T, client::Error>) -> Result<Option<T>, client::Error> {
    match told {
        Ok(told) => Ok(Some(told)),
        Err(client::Error::ExtensionAbsent { .. } | client::Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
