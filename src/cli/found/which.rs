//! Finds the one person or card that a text names; lists the choices where it names several.

use crate::cli::connection::{several, told};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::review;
use crate::client::{CardChoice, CmClient};
use crate::cm::account::Account;
use crate::cm::found::{Found, FoundCard, FoundKind};
use crate::cm::request::Request;
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::wire::read_guid;
use serde_json::{Value, json};
use uuid::Uuid;

/// Bounds the cards of a person that are looked through.
const MOST_CARDS: u32 = 100;

/// Returns a find as scripts get it.
pub fn document(found: &Found) -> Value {
    json!({
        "kind": format!("{:?}", found.kind).to_lowercase(),
        "uuid": found.uuid,
        "owner": found.owner,
        "owner_name": found.owner_name,
        "text": found.text,
    })
}

/// Lays finds out for people.
pub fn table(found: &[Found]) -> Text {
    let rows = found.iter().map(|found| {
        let kind = format!("{:?}", found.kind).to_lowercase();
        [kind, found.owner_name.clone(), found.text.clone(), found.uuid.to_string()]
    });
    Output::table(["WHAT", "WHOSE", "", "GUID"], rows)
}

/// Finds the person whom a text names: exactly, or as the only one whose name begins so.
pub fn person(client: &CmClient, what: &str) -> Result<Account, Failure> {
    if let Some(uuid) = read_guid(what) {
        let found =
            client.search(what)?.into_iter().find(|found| found.kind == FoundKind::Person && found.uuid == uuid);
        let Some(found) = found else { return Err(nobody(what)) };
        let person = client.people(&found.owner_name)?.into_iter().find(|person| person.uuid == uuid);
        return person.ok_or_else(|| nobody(what));
    }
    let mut people = client.people(what)?;
    let is_named = |person: &Account| person.is_called(what);
    if people.iter().any(is_named) {
        people.retain(is_named);
    }
    match people.as_slice() {
        [] => Err(nobody(what)),
        [_] => people.pop().ok_or_else(|| nobody(what)),
        [..] => Err(several("people", what, people.iter().map(told))),
    }
}

/// Finds the card that a text names: by its own names, by one of its certificates, or as the only living card of its
/// owner.
pub fn card(client: &CmClient, what: &str) -> Result<Uuid, Failure> {
    card_that(client, what, |_| Ok(true))
}

/// Likewise; where its owner has several cards, that one is meant which alone `fits`.
pub fn card_that(
    client: &CmClient,
    what: &str,
    fits: impl Fn(&FoundCard) -> Result<bool, Failure>,
) -> Result<Uuid, Failure> {
    let found = client.search(what)?;
    let mut cards: Vec<Uuid> = Vec::new();
    for found in found.iter().filter(|it| matches!(it.kind, FoundKind::Smartcard | FoundKind::Certificate)) {
        if !cards.contains(&found.uuid) {
            cards.push(found.uuid);
        }
    }
    if let [card] = cards[..] {
        return Ok(card);
    }
    if cards.len() > 1 {
        return Err(several("cards", what, cards.iter().map(Uuid::to_string)));
    }
    let owner = match found.is_empty() {
        true => {
            return Err(Failure::new(
                "not-found",
                Exit::Usage,
                format!("nothing that you may see is called \"{what}\""),
            )
            .remedy("`cardwright search` takes names, e-mail addresses, serials, thumbprints and GUIDs."));
        }
        false => person(client, what)?,
    };
    let choice = CardChoice { owner: Some(owner.uuid), ..CardChoice::default() };
    let mut own: Vec<FoundCard> = client.cards(choice, None, MOST_CARDS)?;
    own.retain(|card| card.status != SmartcardStatus::Retired);
    let mut fit = Vec::new();
    for card in &own {
        if fits(card)? {
            fit.push(card.clone());
        }
    }
    let own = if fit.is_empty() { own } else { fit };
    match own[..] {
        [ref card] => Ok(card.uuid),
        [] => Err(Failure::new("not-found", Exit::Usage, format!("{} has no card in use", owner.name))
            .remedy("`cardwright card list --owner` lists retired ones too.")),
        _ => Err(several(
            "cards",
            what,
            own.iter().map(|card| format!("{} {} {}", card.uuid, card.status, card.template_name)),
        )),
    }
}

/// Lists the open requests about a card, as far as the caller sees them.
pub fn open_requests(client: &CmClient, card: Uuid) -> Result<Vec<Request>, Failure> {
    Ok(review::open_requests(client, |request| request.old_smartcard == Some(card))?)
}

fn nobody(what: &str) -> Failure {
    Failure::new("not-found", Exit::Usage, format!("nobody whom you may look for is called \"{what}\""))
        .remedy("`cardwright person find` takes the beginning of a name, UPN or e-mail address.")
}
