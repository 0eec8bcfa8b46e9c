//! The home page, by duty: what waits, what ends soon, what is wrong, and the visitor's own.

use crate::cm::found::FoundCard;
use crate::cm::request::{Request, RequestStatus};
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
    let content = html! {
        ul.tiles {
            @if visit.takes_part("decide") || visit.has("see-everything") { li.tile { (waiting(visit).await?) } }
            @if visit.takes_part("execute") { li.tile { (ready(visit).await?) } }
            @if visit.looks_for_anybody() { li.tile { (ending(visit).await?) } }
            li.tile { (own(visit).await?) }
        }
    };
    Ok(Shown::page(visit.t("home"), content))
}

/// Writes how many requests wait, and since when the oldest does.
async fn waiting(visit: &Visit<'_>) -> Result<Markup, Trouble> {
    let found = visit.list::<Request>(Route::ListVisibleRequests { status: Some(RequestStatus::Pending) }).await?;
    let others = |request: &&Request| request.originator != visit.me.uuid && request.target != visit.me.uuid;
    let waiting: Vec<&Request> = found.entries.iter().filter(others).collect();
    let oldest = waiting.iter().map(|request| request.submitted).min();
    Ok(html! {
        h2 { (visit.t("home-waiting")) }
        p { (visit.with("home-waiting-count", &[("count", waiting.len().into())])) @if found.cut { " " (visit.t("home-and-more")) } }
        @if let Some(oldest) = oldest {
            p { (visit.with("home-oldest", &[("age", (&visit.texts.span((visit.now - oldest).whole_seconds())).into())])) }
        }
        p { a.button href=(Place::Queue) { (visit.t("home-to-queue")) } }
    })
}

/// Writes how many requests are approved and wait for whoever carries them out.
async fn ready(visit: &Visit<'_>) -> Result<Markup, Trouble> {
    let approved = RequestStatus::Approved;
    let found = visit.list::<Request>(Route::ListVisibleRequests { status: Some(approved) }).await?;
    let ready = found.entries.iter().filter(|request| request.target != visit.me.uuid).count();
    let queue = Form::address(&Place::Queue.path(), &[("state", &approved.to_string())]);
    Ok(html! {
        h2 { (visit.t("home-ready")) }
        p { (visit.with("home-ready-count", &[("count", ready.into())])) @if found.cut { " " (visit.t("home-and-more")) } }
        @if ready > 0 { p { a.button.quiet href=(queue) { (visit.t("home-to-ready")) } } }
    })
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
    let requests = visit.list::<Request>(Route::ListRequests { target_user_current: true, status: None }).await?;
    Ok(html! {
        h2 { (visit.t("home-own")) }
        @if cards.entries.is_empty() { p { (visit.t("home-own-none")) } } @else {
            ul {
                @for card in cards.entries.iter().take(FEW) {
                    li { a href=(Place::Card(card.uuid)) { (card.template_name) } " " (words::card_status(visit.texts, card.status)) }
                }
            }
        }
        @for request in requests.entries.iter().filter(|request| !request.status.is_final()).take(FEW) {
            p { a href=(Place::Request(request.uuid)) { (words::request_type(visit.texts, request.request_type)) } ": " (words::request_status(visit.texts, request.status)) }
        }
        p { a.button.quiet href=(Place::Mine) { (visit.t("home-to-own")) } }
    })
}
