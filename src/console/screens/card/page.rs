//! The page of a card: what it is, whose, in which state, what can be done, its certificates and its life.

use super::asking::Ask;
use super::held::Held;
use super::{history, life};
use crate::cm::card_secrets::{AdminKeyReport, AdminKeyState};
use crate::cm::found::FoundCard;
use crate::cm::request::RequestType;
use crate::cm::route::Route;
use crate::cm::vocabulary;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::form::Form;
use crate::pages::layout::{day, foreign};
use crate::pages::tables::facts;
use maud::{Markup, html};
use uuid::Uuid;

/// Shows the page.
pub async fn show(visit: &Visit<'_>, smartcard: Uuid) -> Result<Shown, Trouble> {
    let held = Held::read(visit, smartcard).await?;
    let key = match visit.one::<AdminKeyReport>(Route::GetAdminKeyState { smartcard }).await {
        Ok(report) => Some(report.state),
        Err(refused) if matches!(refused.status, 403 | 404) => None,
        Err(refused) => return Err(refused.into()),
    };
    let open = history::open_requests(visit, &held.history).await?;
    let reads = visit.has("read-audit");
    let place = Place::CardAttestation(smartcard).path();
    let attested = |serial: &str| reads.then(|| Form::address(&place, &[("serial", serial)]));
    let content = html! {
        (what(visit, &held, key))
        (acts(visit, &held))
        @if !open.is_empty() {
            h2 { (visit.t("card-open")) }
            ul { @for request in &open { li { (history::request(visit, request)) } } }
        }
        (held.certificates_table(visit, attested))
        h2 { (visit.t("card-life")) }
        (life::picture(visit, &held))
        (history::table(visit, &held.history, None, None))
        p { a href=(Place::CardHistory(smartcard)) { (visit.t("history-file")) } }
    };
    Ok(Shown::page(held.name(visit), content))
}

/// Writes what is known of the card.
fn what(visit: &Visit<'_>, held: &Held, key: Option<AdminKeyState>) -> Markup {
    let card = &held.card;
    let template = held.template.as_ref().map(|template| template.name.as_str());
    let template = template.or(held.found.as_ref().map(|found| found.template_name.as_str())).unwrap_or_default();
    let holder = if held.owner_name().is_empty() { visit.t("card-holder") } else { held.owner_name().to_owned() };
    let mut known = vec![
        (visit.t("card-state"), words::card_status(visit.texts, card.status)),
        (visit.t("card-held-by"), html! { a href=(Place::Person(card.assigned_user)) { (foreign(&holder)) } }),
    ];
    if let Some(found) = &held.found {
        known.extend(of_lists(visit, found));
    }
    let version = card.profile_template_version.to_string();
    known.push((
        visit.t("card-template"),
        html! { (foreign(template)) " " span.note { (visit.with("card-version", &[("version", (&version).into())])) } },
    ));
    known.push((visit.t("card-role"), role(visit, card.flags)));
    if let Some(permanent) = card.permanent {
        known.push((
            visit.t("card-beside"),
            html! { a href=(Place::Card(permanent)) { (visit.t("card-beside-link")) } },
        ));
    }
    if let Some(ends) = held.found.as_ref().and_then(|found| found.expires) {
        known.push((visit.t("card-ends"), day(visit.texts, ends)));
    }
    if let Some(key) = key {
        let id = match key {
            AdminKeyState::Default => "admin-key-default",
            AdminKeyState::Proposed => "admin-key-proposed",
            AdminKeyState::Active => "admin-key-active",
        };
        known.push((visit.t("card-admin-key"), html! { (visit.t(id)) }));
    }
    let atr = held.found.as_ref().map(|found| found.atr.as_str()).filter(|atr| !atr.is_empty());
    if let Some(atr) = atr.or(Some(card.atr.as_str()).filter(|atr| !atr.is_empty())) {
        known.push((visit.t("card-atr"), html! { span.code { (atr) } }));
    }
    known.push((visit.t("card-id"), html! { span.code { (card.serial_number) } }));
    if !card.comment.is_empty() {
        known.push((visit.t("comment"), foreign(&card.comment)));
    }
    facts(&known)
}

/// Lists what only lists tell of a card; each only where it is known.
fn of_lists(visit: &Visit<'_>, found: &FoundCard) -> Vec<(String, Markup)> {
    let mut known = Vec::new();
    if !found.printed.is_empty() {
        let by = match found.printed_by.as_str() {
            "attested" => "printed-attested",
            "stock" => "printed-stock",
            _ => "printed-client",
        };
        known.push((
            visit.t("card-printed"),
            html! { span.code { (foreign(&found.printed)) } " " span.note { "(" (visit.t(by)) ")" } },
        ));
    }
    if !found.model.is_empty() {
        known.push((visit.t("card-model"), foreign(&found.model)));
    }
    if !found.firmware.is_empty() {
        let by = visit.t(if found.attested { "printed-attested" } else { "printed-client" });
        known.push((visit.t("card-firmware"), html! { (foreign(&found.firmware)) " " span.note { "(" (by) ")" } }));
    }
    if !found.assigned_as.is_empty() && found.assigned_as != found.owner_name {
        known.push((visit.t("card-assigned-as"), foreign(&found.assigned_as)));
    }
    known
}

/// Says why the person has the card.
fn role(visit: &Visit<'_>, flags: u32) -> Markup {
    let roles = [
        (vocabulary::HOLDER_FLAG_PRIMARY, "role-primary"),
        (vocabulary::HOLDER_FLAG_DUPLICATE, "role-duplicate"),
        (vocabulary::HOLDER_FLAG_TEMPORARY, "role-temporary"),
        (vocabulary::HOLDER_FLAG_KEY_ESCROW, "role-escrow"),
        (vocabulary::HOLDER_FLAG_SUPERSEDED, "role-superseded"),
        (vocabulary::HOLDER_FLAG_REUSED, "role-reused"),
    ];
    let named: Vec<String> = roles.iter().filter(|(flag, _)| flags & flag != 0).map(|(_, id)| visit.t(id)).collect();
    html! { @if named.is_empty() { (visit.t("role-none")) } @else { (named.join(", ")) } }
}

/// Writes what the visitor can do with the card now.
fn acts(visit: &Visit<'_>, held: &Held) -> Markup {
    let own = held.card.assigned_user == visit.me.uuid;
    let reports = held.lives() && (own || held.offers(RequestType::Revoke) || held.offers(RequestType::Reinstate));
    let offered: Vec<Ask> = Ask::ALL.into_iter().filter(|ask| ask.is_offered(&held.offered)).collect();
    html! {
        @if reports || !offered.is_empty() {
            h2 { (visit.t("card-acts")) }
            div.acts {
                @if reports { a.button href=(Place::CardLost(held.card.uuid)) { (visit.t("lost-link")) } }
                @for ask in offered {
                    a class=(if ask.ends() { "button harm" } else { "button quiet" })
                        href=(Form::address(&Place::CardAsk(held.card.uuid).path(), &[("what", ask.name())])) { (visit.t(ask.text())) }
                }
            }
        }
    }
}
