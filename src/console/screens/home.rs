//! The home page, by duty: what waits, what ends soon, what is wrong, and the visitor's own.

use crate::cm::found::FoundCard;
use crate::cm::request::{Request, RequestStatus};
use crate::cm::review::Waiting;
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::form::Form;
use crate::pages::layout::day;
use maud::{Markup, html};

/// Bounds what a part of the page lists; the rest is on a page of its own.
const FEW: usize = 5;
/// Says how far ahead ends are told, in days.
const SOON: u32 = 30;

/// Shows the page.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let waiting: Waiting = visit.one(Route::CountWaiting).await?;
    let content = html! {
        ul.tiles {
            @if visit.takes_part("decide") || visit.has("see-everything") { li.tile { (undecided(visit, &waiting)) } }
            @if visit.takes_part("execute") { li.tile { (ready(visit, &waiting)) } }
            @if visit.looks_for_anybody() { li.tile { (ending(visit).await?) } }
            li.tile { (own(visit).await?) }
        }
    };
    Ok(Shown::page(visit.t("home"), content))
}

/// Writes how many requests wait for a decision, and since when the oldest does.
fn undecided(visit: &Visit<'_>, waiting: &Waiting) -> Markup {
    let oldest = if visit.takes_part("decide") { waiting.oldest_to_decide } else { waiting.oldest };
    html! {
        h2 { (visit.t("home-waiting")) }
        p { (super::queue::counted(visit, waiting)) }
        @if let Some(oldest) = oldest {
            p { (visit.with("home-oldest", &[("age", (&visit.texts.span((visit.now - oldest).whole_seconds())).into())])) }
        }
        p { a.button href=(Place::Queue) { (visit.t("home-to-queue")) } }
    }
}

/// Writes how many requests are approved and wait for whoever carries them out.
fn ready(visit: &Visit<'_>, waiting: &Waiting) -> Markup {
    let queue = Form::address(&Place::Queue.path(), &[("state", &RequestStatus::Approved.to_string())]);
    let ready = waiting.to_execute;
    html! {
        h2 { (visit.t("home-ready")) }
        p { (visit.with("home-ready-count", &[("count", ready.into())])) @if ready >= Waiting::MOST { " " (visit.t("queue-or-more")) } }
        @if ready > 0 { p { a.button.quiet href=(queue) { (visit.t("home-to-ready")) } } }
    }
}

/// Writes which certificates end soon.
async fn ending(visit: &Visit<'_>) -> Result<Markup, Trouble> {
    let limit = u32::try_from(FEW + 1).ok();
    let found = visit.list::<FoundCard>(Route::ListEndingCards { days: SOON, beyond: None, limit }).await?;
    Ok(html! {
        h2 { (visit.with("home-ending", &[("days", SOON.into())])) }
        @if found.entries.is_empty() { p { (visit.t("home-ending-none")) } } @else {
            ul {
                @for card in found.entries.iter().take(FEW) {
                    li {
                        a href=(Place::Card(card.uuid)) { (crate::pages::layout::foreign(&card.owner_name)) }
                        @if let Some(at) = card.expires { ": " (day(visit.texts, at)) }
                    }
                }
            }
            @if found.cut || found.entries.len() > FEW { p { (visit.t("home-and-more")) } }
        }
    })
}

/// Writes what the visitor has and asked for.
async fn own(visit: &Visit<'_>) -> Result<Markup, Trouble> {
    let owner = Some(visit.me.uuid);
    let limit = u32::try_from(FEW + 1).ok();
    let cards =
        visit.list::<FoundCard>(Route::ListCards { owner, status: None, template: None, before: None, limit }).await?;
    let mut open = Vec::new();
    for status in RequestStatus::OPEN {
        let newest = Route::ListRequests { target_user_current: true, status: Some(status), before: None, limit };
        open.extend(visit.list::<Request>(newest).await?.entries);
    }
    open.sort_by_key(|request| std::cmp::Reverse(request.submitted));
    Ok(html! {
        h2 { (visit.t("home-own")) }
        @if cards.entries.is_empty() { p { (visit.t("home-own-none")) } } @else {
            ul {
                @for card in cards.entries.iter().take(FEW) {
                    li { a href=(Place::Card(card.uuid)) { (card.template_name) } " " (words::card_status(visit.texts, card.status)) }
                }
            }
        }
        @for request in open.iter().take(FEW) {
            p { a href=(Place::Request(request.uuid)) { (words::request_type(visit.texts, request.request_type)) } ": " (words::request_status(visit.texts, request.status)) }
        }
        p { a.button.quiet href=(Place::Mine) { (visit.t("home-to-own")) } }
    })
}
