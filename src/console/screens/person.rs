//! A person: names, groups, cards now and before, open requests, what happened, and what can be done.

use super::card::history;
use crate::cm::account::Account;
use crate::cm::found::{FoundCard, HistoryEntry};
use crate::cm::request::Request;
use crate::cm::route::Route;
use crate::cm::wire::{guid_text, read_guid};
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::form::Form;
use crate::pages::layout::{day, foreign, moment};
use crate::pages::tables::{Table, facts};
use maud::{Markup, html};
use uuid::Uuid;

/// Shows the page.
pub async fn show(visit: &Visit<'_>, user: Uuid) -> Result<Shown, Trouble> {
    let before = read_guid(visit.query.one("before"));
    let history = visit.list::<HistoryEntry>(Route::GetPersonHistory { user, before }).await?.entries;
    let cards = visit.cards_of(user).await?;
    let account = account(visit, user).await?;
    let open = history::open_requests(visit, &history).await?;
    let name = account.as_ref().map(|account| account.name.clone());
    let name = name.or_else(|| cards.first().map(|card| card.owner_name.clone())).unwrap_or_else(|| visit.t("person"));
    let (now, earlier): (Vec<_>, Vec<_>) = cards.into_iter().partition(|card| card.status.lives());
    let place = Place::Person(user).path();
    // The next page begins with the requests before the oldest of this one.
    let oldest = history.last().map(|entry| entry.request).filter(|_| pages_on(&history));
    let older = oldest.map(|request| Form::address(&place, &[("before", &guid_text(request))]));
    let newest = before.is_some().then(|| place.clone());
    let content = html! {
        @if before.is_none() {
            @if let Some(account) = &account { (what(visit, account)) }
            (acts(visit, user, account.as_ref(), &now))
            (cards_table(visit, &visit.t("cards-now"), &now))
            (requests(visit, &open))
            @if !earlier.is_empty() { (cards_table(visit, &visit.t("cards-before"), &earlier)) }
        }
        (history::table(visit, &history, older, newest))
    };
    Ok(Shown::page(name, content))
}

/// Bounds the requests of one page of a history, as the API does.
const PAGE: usize = 50;

/// Says whether a page of a history is full, so that there may be another one.
fn pages_on(history: &[HistoryEntry]) -> bool {
    let mut requests: Vec<Uuid> = history.iter().map(|entry| entry.request).collect();
    requests.sort_unstable();
    requests.dedup();
    requests.len() >= PAGE
}

/// Finds what is known of a person: by the id the name, by the name the rest. `None`: the visitor may not know.
async fn account(visit: &Visit<'_>, user: Uuid) -> Result<Option<Account>, Trouble> {
    let Some(found) = visit.person(user).await? else { return Ok(None) };
    let people = visit.list::<Account>(Route::FindPeople { begins: found.owner_name }).await?.entries;
    Ok(people.into_iter().find(|person| person.uuid == user))
}

fn what(visit: &Visit<'_>, account: &Account) -> Markup {
    let enabled = words::enabled(visit.texts, account.disabled);
    let mut known = vec![(visit.t("person-state"), enabled), (visit.t("person-name"), foreign(&account.name))];
    let more = [("person-upn", &account.upn), ("person-email", &account.email), ("person-sid", &account.sid)];
    known.extend(more.into_iter().filter_map(|(id, value)| Some((visit.t(id), foreign(value.as_ref()?)))));
    if !account.groups.is_empty() {
        known.push((visit.t("person-groups"), foreign(&account.groups.join(", "))));
    }
    facts(&known)
}

/// Writes what the visitor can do for the person.
fn acts(visit: &Visit<'_>, user: Uuid, account: Option<&Account>, cards: &[FoundCard]) -> Markup {
    let own = user == visit.me.uuid;
    let asks = visit.asks_for_others() && account.is_none_or(|account| !account.disabled);
    let leaves = visit.has("manage-users") && !own;
    let reports = own || visit.takes_part("ask") || visit.takes_part("execute");
    html! {
        @if asks || leaves || (reports && !cards.is_empty()) {
            div.acts {
                @if asks { a.button href=(Form::address(&Place::NewRequest.path(), &[("for", &guid_text(user))])) { (visit.t("menu-new")) } }
                @if reports {
                    @for card in cards {
                        a.button.quiet href=(Place::CardLost(card.uuid)) {
                            (visit.t("lost-link"))
                            @if cards.len() > 1 { ": " (foreign(if card.printed.is_empty() { &card.template_name } else { &card.printed })) }
                        }
                    }
                }
                @if leaves { a.button.harm href=(Place::PersonLeave(user)) { (visit.t("leave-link")) } }
            }
        }
    }
}

fn requests(visit: &Visit<'_>, open: &[Request]) -> Markup {
    let headings = ["queue-what", "request-state", "request-when"].map(|id| visit.t(id));
    let row = |request: &Request| {
        vec![
            html! { a href=(Place::Request(request.uuid)) { (words::request_type(visit.texts, request.request_type)) } },
            words::request_status(visit.texts, request.status),
            moment(visit.texts, request.submitted),
        ]
    };
    let rows: Vec<_> = open.iter().map(row).collect();
    let caption = visit.t("person-open");
    Table { caption: &caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)
}

/// Writes cards.
fn cards_table(visit: &Visit<'_>, caption: &str, cards: &[FoundCard]) -> Markup {
    let headings = ["card", "card-state", "card-printed", "card-model", "card-ends"].map(|id| visit.t(id));
    let row = |card: &FoundCard| {
        vec![
            html! { a href=(Place::Card(card.uuid)) { (foreign(&card.template_name)) } },
            words::card_status(visit.texts, card.status),
            html! { (foreign(&card.printed)) },
            html! { (foreign(&card.model)) },
            html! { @if let Some(at) = card.expires { (day(visit.texts, at)) } },
        ]
    };
    let rows: Vec<_> = cards.iter().map(row).collect();
    Table { caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)
}
