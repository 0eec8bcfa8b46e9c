//! What the visitor may ask for, for a person: a first card of each template, and what goes on with each card there is.

use crate::cm::beyond_mim::OfferedType;
use crate::cm::found::FoundCard;
use crate::cm::request::RequestType;
use crate::cm::route::{Holder, Route};
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::template::{Policy, ProfileTemplateView};
use crate::cm::wire::{guid_text, read_guid};
use crate::console::trouble::Trouble;
use crate::console::visit::Visit;
use crate::console::words;
use uuid::Uuid;

/// Bounds the templates and the cards that are looked through.
const MOST: usize = 50;
/// Lists what is asked for with a card. What takes a card's right away is asked for at the card, where its end is shown first.
const WITH_CARD: [RequestType; 7] = [
    RequestType::Renew,
    RequestType::OnlineUpdate,
    RequestType::Unblock,
    RequestType::OfflineUnblock,
    RequestType::Recover,
    RequestType::Duplicate,
    RequestType::TemporaryCards,
];

/// Names what is asked for, as it stands in the address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// A first card or profile of a template.
    First { template: Uuid },
    /// Something for a card.
    OfCard { request_type: RequestType, smartcard: Uuid },
}

impl What {
    /// Reads what stands in an address.
    pub fn read(text: &str) -> Option<Self> {
        let (word, id) = text.split_once('-')?;
        let id = read_guid(id)?;
        match RequestType::from_name(word)? {
            RequestType::Enroll => Some(Self::First { template: id }),
            request_type => WITH_CARD.contains(&request_type).then_some(Self::OfCard { request_type, smartcard: id }),
        }
    }

    /// Writes it for an address.
    pub fn text(self) -> String {
        match self {
            Self::First { template } => format!("{}-{}", RequestType::Enroll, guid_text(template)),
            Self::OfCard { request_type, smartcard } => format!("{request_type}-{}", guid_text(smartcard)),
        }
    }

    /// Returns the request type.
    pub fn request_type(self) -> RequestType {
        match self {
            Self::First { .. } => RequestType::Enroll,
            Self::OfCard { request_type, .. } => request_type,
        }
    }
}

/// Is one thing that may be asked for.
pub struct Offer {
    pub what: What,
    pub title: String,
    pub hint: String,
}

/// Lists what the visitor may ask for.
pub async fn offers(visit: &Visit<'_>, target: Uuid) -> Result<Vec<Offer>, Trouble> {
    let mut offers = first(visit, target).await?;
    let cards = visit.cards_of(target).await?;
    for card in cards.iter().filter(|card| card.status != SmartcardStatus::Retired).take(MOST) {
        let of = Holder::Smartcard(card.uuid);
        let offered = visit.list::<OfferedType>(Route::ListRequestTypes { of }).await?;
        for request_type in
            WITH_CARD.into_iter().filter(|known| offered.entries.iter().any(|it| it.request_type == *known))
        {
            offers.push(Offer {
                what: What::OfCard { request_type, smartcard: card.uuid },
                title: words::request_type(visit.texts, request_type),
                hint: of_card(visit, card, request_type),
            });
        }
    }
    Ok(offers)
}

/// Says which card is meant, and what the request would come to.
fn of_card(visit: &Visit<'_>, card: &FoundCard, request_type: RequestType) -> String {
    let name = match card.printed.as_str() {
        "" => visit.with("new-of-card", &[("name", (&card.template_name).into())]),
        printed => {
            visit.with("new-of-card-printed", &[("name", (&card.template_name).into()), ("printed", printed.into())])
        }
    };
    let why = visit.texts.find(&format!("new-why-{request_type}"), &[]).unwrap_or_default();
    format!("{name} {why}")
}

/// Lists the templates of which the visitor may ask for a first card.
async fn first(visit: &Visit<'_>, target: Uuid) -> Result<Vec<Offer>, Trouble> {
    let mut offers = Vec::new();
    for template in visit.list::<ProfileTemplateView>(Route::ListProfileTemplates).await?.entries.into_iter().take(MOST)
    {
        let Some(policy) = visit.policy(template.uuid, RequestType::Enroll).await? else { continue };
        if !may_ask(visit, &policy, target) {
            continue;
        }
        let id = if template.is_smartcard { "new-first-card" } else { "new-first-profile" };
        offers.push(Offer {
            what: What::First { template: template.uuid },
            title: visit.with(id, &[("name", (&template.name).into())]),
            hint: crate::pages::texts::visible(&template.description),
        });
    }
    Ok(offers)
}

/// Says whether the visitor may ask for this, as far as the policy tells; the server has the last word.
fn may_ask(visit: &Visit<'_>, policy: &Policy, target: Uuid) -> bool {
    let for_oneself = target == visit.me.uuid && policy.self_service_enabled;
    let others = [&policy.authorized_initiator, &policy.authorized_enrollment_agent];
    policy.enabled && (for_oneself || others.into_iter().any(|named| visit.is_among(named)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read_as_it_is_written() {
        let id = Uuid::from_u128(7);
        for what in [
            What::First { template: id },
            What::OfCard { request_type: RequestType::Renew, smartcard: id },
            What::OfCard { request_type: RequestType::TemporaryCards, smartcard: id },
        ] {
            assert_eq!(What::read(&what.text()), Some(what));
        }
        // What ends a card is asked for at the card.
        for text in ["", "Enroll", "Enroll-x", "Nothing-00000000-0000-0000-0000-000000000007"] {
            assert_eq!(What::read(text), None, "{text}");
        }
        for request_type in [RequestType::Retire, RequestType::Revoke, RequestType::RecoverOnBehalf] {
            assert_eq!(What::read(&format!("{request_type}-{}", guid_text(id))), None);
        }
    }
}
