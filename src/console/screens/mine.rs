//! What is the visitor's own: cards and what to do about each, requests and who decides on them, certificates and their ends.

use super::new;
use crate::cm::certificate::ListedCertificate;
use crate::cm::found::FoundCard;
use crate::cm::request::{Request, RequestStatus};
use crate::cm::review::Review;
use crate::cm::route::Route;
use crate::cm::smartcard::SmartcardStatus;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::layout::{day, foreign};
use crate::pages::states::{Tone, state};
use crate::pages::tables::Table;
use maud::{Markup, html};
use time::{Duration, OffsetDateTime};

/// Bounds the requests that are told; the others are on the page of requests.
const MOST: usize = 25;
/// Says how long before an end somebody is to do something.
const SOON: Duration = Duration::days(30);

/// Shows the page.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let cards = visit.cards_of(visit.me.uuid).await?;
    let limit = u32::try_from(MOST + 1).ok();
    let newest = Route::ListRequests { target_user_current: false, status: None, before: None, limit };
    let requests = visit.list::<Request>(newest).await?;
    let certificates = visit.list::<ListedCertificate>(Route::ListCertificates).await?;
    let may_ask = visit.asks_for_others() || !new::offers(visit, visit.me.uuid).await?.is_empty();
    let content = html! {
        (cards_table(visit, &cards))
        @if may_ask { p { a.button href=(Place::NewRequest) { (visit.t("mine-ask")) } } }
        (requests_table(visit, &requests.entries).await?)
        @if requests.entries.len() > MOST { p { a href=(Place::Queue) { (visit.t("mine-more")) } } }
        (certificates_table(visit, &certificates.entries))
    };
    Ok(Shown::page(visit.t("mine"), content))
}

fn cards_table(visit: &Visit<'_>, cards: &[FoundCard]) -> Markup {
    let headings = ["card", "card-state", "card-printed", "card-ends", "mine-what-to-do"].map(|id| visit.t(id));
    let row = |card: &FoundCard| {
        vec![
            html! { a href=(Place::Card(card.uuid)) { (foreign(&card.template_name)) } },
            words::card_status(visit.texts, card.status),
            foreign(&card.printed),
            html! { @if let Some(at) = card.expires { (ends(visit, at)) } },
            what_to_do(visit, card),
        ]
    };
    let rows: Vec<_> = cards.iter().map(row).collect();
    Table { caption: &visit.t("mine-cards"), headings: &headings, rows: &rows, more: None, newest: None }
        .write(visit.texts)
}

/// Writes when something ends, and whether that is soon.
fn ends(visit: &Visit<'_>, at: OffsetDateTime) -> Markup {
    html! {
        (day(visit.texts, at)) " "
        @if at <= visit.now { (state(Tone::Bad, &visit.t("mine-ended"))) }
        @else if at <= visit.now + SOON { (state(Tone::Waiting, &visit.t("mine-soon"))) }
    }
}

/// Says what to do about a card.
fn what_to_do(visit: &Visit<'_>, card: &FoundCard) -> Markup {
    let due = card.expires.is_some_and(|at| at <= visit.now + SOON);
    let id = match card.status {
        SmartcardStatus::Active if due => "mine-renew",
        SmartcardStatus::Active => "mine-nothing",
        SmartcardStatus::New | SmartcardStatus::Assigned => "mine-finish",
        SmartcardStatus::Suspended => "mine-suspended",
        SmartcardStatus::Disabled | SmartcardStatus::Retired | SmartcardStatus::Other(_) => return html! {},
    };
    let in_use = matches!(card.status, SmartcardStatus::Active | SmartcardStatus::Suspended);
    html! {
        (visit.t(id))
        @if due && card.status == SmartcardStatus::Active { " " code.code { "cardwright renew" } }
        @if in_use { br; a href=(Place::CardLost(card.uuid)) { (visit.t("mine-lost")) } }
    }
}

async fn requests_table(visit: &Visit<'_>, requests: &[Request]) -> Result<Markup, Trouble> {
    let headings = ["queue-what", "request-state", "request-for", "mine-decides"].map(|id| visit.t(id));
    let mut rows = Vec::new();
    for request in requests.iter().take(MOST) {
        let review: Review = visit.one(Route::ReviewRequest { request: request.uuid }).await?;
        let open = request.status == RequestStatus::Pending;
        let decides: Vec<String> = review.approvers.iter().map(|name| words::principal(visit.texts, name)).collect();
        rows.push(vec![
            html! { a href=(Place::Request(request.uuid)) { (words::request_type(visit.texts, request.request_type)) } ", " (foreign(&review.template_name)) },
            words::request_status(visit.texts, request.status),
            foreign(&review.target_name),
            html! { @if open { (foreign(&decides.join(", "))) @if review.more_approvers { " …" } } },
        ]);
    }
    let table =
        Table { caption: &visit.t("mine-requests"), headings: &headings, rows: &rows, more: None, newest: None };
    Ok(table.write(visit.texts))
}

fn certificates_table(visit: &Visit<'_>, certificates: &[ListedCertificate]) -> Markup {
    let headings = ["mine-certificate", "mine-serial", "mine-ends"].map(|id| visit.t(id));
    let row = |certificate: &ListedCertificate| {
        vec![
            foreign(&certificate.template_common_name),
            html! { span.code { (certificate.serial_number) } },
            html! { @if let Some(details) = &certificate.details { (ends(visit, details.not_after)) } },
        ]
    };
    let rows: Vec<_> = certificates.iter().map(row).collect();
    Table { caption: &visit.t("mine-certificates"), headings: &headings, rows: &rows, more: None, newest: None }
        .write(visit.texts)
}
