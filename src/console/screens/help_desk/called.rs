//! The card that a call is about, and the page that asks for its code.

use super::spoken;
use crate::cm::beyond_mim::OfferedType;
use crate::cm::found::FoundCard;
use crate::cm::request::{Request, RequestStatus, RequestType};
use crate::cm::review::Queued;
use crate::cm::route::{Holder, Route};
use crate::cm::smartcard::Smartcard;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{MOST_COMMENT, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::{foreign, moment};
use crate::pages::tables::facts;
use maud::{Markup, html};
use uuid::Uuid;

/// Holds what is known of the card that the call is about.
pub struct Called {
    pub card: FoundCard,
    /// The requests for it that are open, those that were answered already first.
    pub open: Vec<Request>,
    /// The visitor may ask for another one.
    may_ask: bool,
}

impl Called {
    /// Reads it; what the visitor may not see is not there.
    pub async fn read(visit: &Visit<'_>, smartcard: Uuid) -> Result<Self, Trouble> {
        let card: Smartcard = visit.one(Route::GetSmartcard { smartcard }).await?;
        let found = visit.cards_of(card.assigned_user).await?.into_iter().find(|found| found.uuid == smartcard);
        let card = found.ok_or(Trouble::NoPage)?;
        let of = Holder::Smartcard(smartcard);
        let offered = visit.list::<OfferedType>(Route::ListRequestTypes { of }).await?;
        let may_ask = offered.entries.iter().any(|offered| offered.request_type == RequestType::OfflineUnblock);
        let route = Route::ListQueue { status: None, smartcard: Some(smartcard), after: None, limit: None };
        let requests = visit.list::<Queued>(route).await?.entries.into_iter().map(|queued| queued.request);
        let is_call = |request: &Request| request.request_type == RequestType::OfflineUnblock;
        let mut open: Vec<_> = requests.filter(|request| is_call(request) && !request.status.is_final()).collect();
        // The sort is stable: within a status the newest stays first.
        let order = [RequestStatus::Executing, RequestStatus::Approved];
        open.sort_by_key(|request| order.iter().position(|status| *status == request.status).unwrap_or(order.len()));
        Ok(Self { card, open, may_ask })
    }

    /// Returns where the call is answered.
    pub fn place(&self) -> Place {
        Place::HelpDeskCard(self.card.uuid)
    }

    /// Returns the page's title.
    pub fn title(&self, visit: &Visit<'_>) -> String {
        visit.with("help-desk-for", &[("name", (&self.card.owner_name).into())])
    }
}

/// Writes the page that asks for the code.
pub fn asking(visit: &Visit<'_>, called: &Called, form: &Form, faults: &Faults) -> Markup {
    let card = &called.card;
    let mut known = vec![
        (visit.t("card-holder-name"), html! { a href=(Place::Person(card.owner)) { (foreign(&card.owner_name)) } }),
        (visit.t("card"), html! { a href=(Place::Card(card.uuid)) { (foreign(&card.template_name)) } }),
        (visit.t("card-state"), words::card_status(visit.texts, card.status)),
    ];
    if !card.printed.is_empty() {
        known.push((visit.t("card-printed"), foreign(&card.printed)));
    }
    let (label, hint) = (visit.t("help-desk-code"), visit.t("help-desk-code-hint"));
    let (comment, why) = (visit.t("comment"), visit.t("help-desk-comment"));
    let typed = form.one("code");
    html! {
        (faults.summary(visit.texts))
        (facts(&known))
        (open_calls(visit, called))
        @if called.may_ask || !called.open.is_empty() {
            h2 { (visit.t("help-desk-ask")) }
            ol.steps {
                li { (visit.t("help-desk-step-proof")) }
                li { (visit.t("help-desk-step-command")) " " code.code { "cardwright unblock --offline" } }
                li { (visit.t("help-desk-step-code")) }
            }
            form method="post" action=(called.place()) novalidate {
                (Field { hint: Some(&hint), most: 128, ..Field::text("code", &label, typed) }.line(visit.texts, faults))
                @if !typed.is_empty() { (spoken::table(visit, &visit.t("help-desk-typed"), &spoken::groups(typed))) }
                @if called.may_ask {
                    (Field { required: false, most: MOST_COMMENT, hint: Some(&why), ..Field::text("comment", &comment, form.one("comment")) }.line(visit.texts, faults))
                }
                div.acts { button type="submit" name="act" value="answer" { (visit.t("help-desk-answer")) } }
            }
            (spoken::list(visit))
        } @else { p { (visit.t("help-desk-not")) } }
    }
}

/// Names the requests that are open for the card.
fn open_calls(visit: &Visit<'_>, called: &Called) -> Markup {
    html! {
        @if !called.open.is_empty() {
            p { (visit.t("help-desk-open")) }
            ul {
                @for request in &called.open {
                    li { a href=(Place::Request(request.uuid)) { (moment(visit.texts, request.submitted)) } ": " (words::request_status(visit.texts, request.status)) }
                }
            }
        }
    }
}
