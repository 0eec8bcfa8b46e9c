//! Who the card in a reader is, and what the server knows of it.

use crate::client::{self, CmClient};
use crate::cm::found::FoundKind;
use crate::cm::smartcard::SmartcardStatus;
use crate::enrollment::card_id;
use crate::token::{Identity, Token};
use uuid::Uuid;

/// Describes the card in a reader.
#[derive(Clone, Debug)]
pub struct Card {
    pub id: Uuid,
    pub identity: Identity,
    /// How the server knows it; `None`: it does not.
    pub held: Option<Held>,
}

/// Says whose a card is at the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    pub smartcard: Uuid,
    pub status: SmartcardStatus,
    /// A name, or the person's id where the server tells no names.
    pub owner: String,
}

impl Card {
    /// Asks the server how it knows the card.
    pub fn look_up(client: &CmClient, token: &dyn Token) -> Result<Self, client::Error> {
        let identity = token.identity().clone();
        let id = card_id(&identity);
        let held = match client.find_smartcard(id)? {
            None => None,
            Some(found) => {
                let owner = owner_of(client, found.uuid)?.unwrap_or_else(|| found.assigned_user.to_string());
                Some(Held { smartcard: found.uuid, status: found.status, owner })
            }
        };
        Ok(Self { id, identity, held })
    }

    /// Names the model, by which it is learnt how long a card takes.
    pub fn model(&self) -> String {
        let Identity { kind, manufacturer, model, .. } = &self.identity;
        format!("{kind} {manufacturer} {model}").split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// Returns the name of a card's owner, as far as the server tells.
fn owner_of(client: &CmClient, smartcard: Uuid) -> Result<Option<String>, client::Error> {
    match client.search(&smartcard.to_string()) {
        Ok(found) => {
            let mut cards = found.into_iter().filter(|found| found.kind == FoundKind::Smartcard);
            Ok(cards.find(|found| found.uuid == smartcard).map(|found| found.owner_name))
        }
        Err(client::Error::ExtensionAbsent { .. } | client::Error::Refused { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}
