//! Finds cards, people and what happened to them; all of it beyond MIM.

use super::calls::encode;
use super::cm_client::CmClient;
use super::error::Error;
use crate::cm::account::Account;
use crate::cm::found::{Found, FoundCard, FoundElsewhere, HistoryEntry, TakeOver};
use crate::cm::logon::LogonView;
use crate::cm::route::Route;
use crate::cm::smartcard::SmartcardStatus;
use uuid::Uuid;

/// Selects cards of [`CmClient::cards`].
#[derive(Clone, Copy, Debug, Default)]
pub struct CardChoice {
    pub owner: Option<Uuid>,
    pub status: Option<SmartcardStatus>,
    pub template: Option<Uuid>,
}

/// Says whom a name names.
#[derive(Debug)]
pub enum Called {
    One {
        uuid: Uuid,
        name: String,
    },
    /// The server knows nobody of this name, or does not tell; `alike` are people whose names begin so.
    Nobody {
        alike: Vec<Account>,
    },
    /// It is a name of each of these.
    Several(Vec<Account>),
    /// The server looks nobody up, as a MIM CM.
    NotLookedUp,
}

impl CmClient {
    /// Finds the one person who has this name, UPN or e-mail address. Nobody is meant whose name only begins so.
    pub fn person_called(&self, named: &str) -> Result<Called, Error> {
        match self.find_user(named) {
            Ok(Some(user)) => return Ok(Called::One { uuid: user.uuid, name: user.name }),
            Ok(None) => {}
            Err(Error::ExtensionAbsent { .. }) => return Ok(Called::NotLookedUp),
            Err(error) => return Err(error),
        }
        let alike = match self.people(named) {
            Err(Error::ExtensionAbsent { .. }) => Vec::new(),
            people => people?,
        };
        let (mut called, others): (Vec<_>, Vec<_>) = alike.into_iter().partition(|person| person.is_called(named));
        Ok(match (called.pop(), called.is_empty()) {
            (Some(person), true) => Called::One { uuid: person.uuid, name: person.name },
            (Some(person), false) => {
                called.push(person);
                Called::Several(called)
            }
            (None, _) => Called::Nobody { alike: others },
        })
    }

    /// Lists a page of the cards that the caller may see, those assigned last first; `before` is the last card of the
    /// page before.
    pub fn cards(&self, choice: CardChoice, before: Option<Uuid>, limit: u32) -> Result<Vec<FoundCard>, Error> {
        let CardChoice { owner, status, template } = choice;
        self.list(&Route::ListCards { owner, status, template, before, limit: Some(limit) }, "a list of cards")
    }

    /// Lists a page of the cards with certificates that end within so many days, the first to end first; `beyond` is the
    /// serial number of the last certificate of the page before.
    pub fn ending_cards(&self, days: u32, beyond: Option<Vec<u8>>, limit: u32) -> Result<Vec<FoundCard>, Error> {
        self.list(&Route::ListEndingCards { days, beyond, limit: Some(limit) }, "a list of cards")
    }

    /// Lists people of whom a name, UPN or e-mail address begins with a text.
    pub fn people(&self, begins: &str) -> Result<Vec<Account>, Error> {
        self.list(&Route::FindPeople { begins: begins.to_owned() }, "a list of people")
    }

    /// Finds people of the directory that the server takes people over from, by a part of a name, UPN or e-mail address.
    pub fn people_elsewhere(&self, text: &str) -> Result<FoundElsewhere, Error> {
        self.one(&Route::FindElsewhere { text: text.to_owned() }, "people of the directory")
    }

    /// Takes a person over from the directory, by what identifies the person there.
    pub fn take_over(&self, id: Uuid) -> Result<Account, Error> {
        self.told(&Route::TakeOver, &encode(&TakeOver { id })?, "the account of a person")
    }

    /// Lists whatever a text names: people, cards, certificates, requests.
    pub fn search(&self, text: &str) -> Result<Vec<Found>, Error> {
        self.list(&Route::Search { text: text.to_owned() }, "a list of what was found")
    }

    /// Tells what the server and its directory know of a card with which somebody is to log on.
    pub fn logon_view(&self, smartcard: Uuid) -> Result<LogonView, Error> {
        self.one(&Route::GetLogonView { smartcard }, "what is known of a logon")
    }

    /// Tells what happened to a card, the latest first.
    pub fn card_history(&self, smartcard: Uuid) -> Result<Vec<HistoryEntry>, Error> {
        self.list(&Route::GetCardHistory { smartcard }, "a history")
    }

    /// Tells what happened to what a person holds, the latest first; `before` is the last request of the page before.
    pub fn person_history(&self, user: Uuid, before: Option<Uuid>) -> Result<Vec<HistoryEntry>, Error> {
        self.list(&Route::GetPersonHistory { user, before }, "a history")
    }
}
