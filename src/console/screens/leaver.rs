//! A person leaves: all that the person has, and what becomes of each; ended once somebody has typed the name.

use crate::cm::acts::{LeaveOrder, Leaving, LeavingFate, LeavingItem, LeavingKind};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{MOST_COMMENT, Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use crate::pages::states::{Tone, state};
use crate::pages::tables::Table;
use maud::{Markup, html};
use uuid::Uuid;

/// Shows what would become of everything.
pub async fn show(visit: &Visit<'_>, user: Uuid) -> Result<Shown, Trouble> {
    let told: Leaving = visit.one(Route::ForeseeLeaving { user }).await?;
    Ok(written(visit, &told, "", &Faults::default()))
}

/// Ends everything, if it is as it was seen and the name was typed.
pub async fn act(visit: &Visit<'_>, user: Uuid, form: &Form) -> Result<Shown, Trouble> {
    let told: Leaving = visit.one(Route::ForeseeLeaving { user }).await?;
    let comment = form.one("comment");
    let mut faults = Faults::default();
    if told.left {
        return Ok(written(visit, &told, comment, &faults));
    }
    if !words::is_same_name(form.one("name"), &told.name) {
        faults.add("name", visit.t("name-other"));
        return Ok(written(visit, &told, comment, &faults));
    }
    let order = LeaveOrder { seen: form.one("seen").to_owned(), comment: comment.to_owned() };
    match visit.send::<Leaving>(Route::Leave { user }, &order).await {
        Ok(done) => Ok(Shown::page(title(visit, &done), ended(visit, &done))),
        Err(refused) if refused.code == "leaving-changed" => {
            faults.add("name", visit.t("leave-changed"));
            let told: Leaving = visit.one(Route::ForeseeLeaving { user }).await?;
            Ok(written(visit, &told, comment, &faults))
        }
        Err(refused) => Err(refused.into()),
    }
}

fn title(visit: &Visit<'_>, told: &Leaving) -> String {
    visit.with("leave-title", &[("name", (&told.name).into())])
}

/// Writes what would become of everything, and the form that ends it.
fn written(visit: &Visit<'_>, told: &Leaving, comment: &str, faults: &Faults) -> Shown {
    let back = html! { a.button.quiet href=(Place::Person(told.user)) { (visit.t("leave-back")) } };
    if told.left {
        let content = html! { p { (visit.t("leave-left")) } (table(visit, &visit.t("leave-kept"), &told.items, false)) div.acts { (back) } };
        return Shown::page(title(visit, told), content);
    }
    let (ends, kept) = parted(&told.items);
    let (label, name_label) = (visit.t("comment"), visit.t("name-confirm"));
    let hint = visit.with("name-confirm-hint", &[("name", (&told.name).into())]);
    let content = html! {
        (faults.summary(visit.texts))
        p { (visit.t("leave-text")) }
        (table(visit, &visit.t("leave-ends"), &ends, false))
        (table(visit, &visit.t("leave-kept"), &kept, false))
        form method="post" action=(Place::PersonLeave(told.user)) {
            input type="hidden" name="seen" value=(told.mark);
            (Field { required: false, most: MOST_COMMENT, ..Field::text("comment", &label, comment) }.lines(visit.texts, faults))
            (Field { hint: Some(&hint), ..Field::text("name", &name_label, "") }.line(visit.texts, faults))
            p { strong { (visit.t("ask-for-good")) } }
            div.acts { button.harm type="submit" { (visit.t("leave-do")) } (back) }
        }
    };
    match faults.is_empty() {
        true => Shown::page(title(visit, told), content),
        false => Shown::faulty(title(visit, told), content),
    }
}

/// Writes what was ended. Sent once more, the form finds nothing left to be ended.
fn ended(visit: &Visit<'_>, done: &Leaving) -> Markup {
    let (ends, kept) = parted(&done.items);
    html! {
        p.done role="status" { (visit.with("leave-done", &[("name", (&done.name).into())])) }
        (table(visit, &visit.t("leave-ended"), &ends, true))
        (table(visit, &visit.t("leave-kept"), &kept, true))
        div.acts { a.button href=(Place::Person(done.user)) { (visit.t("leave-back")) } }
    }
}

/// Parts what ends from what is kept.
fn parted(items: &[LeavingItem]) -> (Vec<LeavingItem>, Vec<LeavingItem>) {
    items.iter().cloned().partition(|item| item.fate != LeavingFate::Kept)
}

fn table(visit: &Visit<'_>, caption: &str, items: &[LeavingItem], done: bool) -> Markup {
    let headings = ["leave-what", "leave-which", "leave-fate"].map(|id| visit.t(id));
    let row =
        |item: &LeavingItem| vec![html! { (visit.t(kind(item.kind))) }, which(visit, item), fate(visit, item, done)];
    let rows: Vec<_> = items.iter().map(row).collect();
    Table { caption, headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts)
}

/// Names one thing, with a link where there is a page of it.
fn which(visit: &Visit<'_>, item: &LeavingItem) -> Markup {
    let place = match item.kind {
        LeavingKind::Smartcard | LeavingKind::TemporaryCard => Some(Place::Card(item.uuid)),
        LeavingKind::Request => Some(Place::Request(item.uuid)),
        LeavingKind::Account => Some(Place::Person(item.uuid)),
        LeavingKind::Profile
        | LeavingKind::Certificate
        | LeavingKind::Token
        | LeavingKind::Session
        | LeavingKind::Identity
        | LeavingKind::Other => None,
    };
    let text = match item.kind {
        LeavingKind::Smartcard | LeavingKind::TemporaryCard | LeavingKind::Profile => {
            words::card_status_named(visit.texts, &item.text)
        }
        LeavingKind::Request => words::request_named(visit.texts, &item.text),
        LeavingKind::Account
        | LeavingKind::Certificate
        | LeavingKind::Token
        | LeavingKind::Session
        | LeavingKind::Identity
        | LeavingKind::Other => item.text.clone(),
    };
    let text = if text.is_empty() { item.uuid.to_string() } else { text };
    html! { @match place { Some(place) => a href=(place) { (foreign(&text)) }, None => (foreign(&text)) } }
}

fn kind(kind: LeavingKind) -> &'static str {
    match kind {
        LeavingKind::Account => "leaving-account",
        LeavingKind::Smartcard => "leaving-card",
        LeavingKind::TemporaryCard => "leaving-lent",
        LeavingKind::Profile => "leaving-profile",
        LeavingKind::Certificate => "leaving-certificate",
        LeavingKind::Request => "leaving-request",
        LeavingKind::Token => "leaving-token",
        LeavingKind::Session => "leaving-session",
        LeavingKind::Identity => "leaving-identity",
        LeavingKind::Other => "kind-other",
    }
}

fn fate(visit: &Visit<'_>, item: &LeavingItem, done: bool) -> Markup {
    let (tone, will, was) = match item.fate {
        LeavingFate::Disabled => (Tone::Bad, "fate-will-disabled", "fate-was-disabled"),
        LeavingFate::Revoked => (Tone::Bad, "fate-will-revoked", "fate-was-revoked"),
        LeavingFate::Closed => (Tone::Ended, "fate-will-closed", "fate-was-closed"),
        LeavingFate::Kept => (Tone::Plain, "fate-stays", "fate-stays"),
        LeavingFate::Other => (Tone::Plain, "kind-other", "kind-other"),
    };
    state(tone, &visit.t(if done { was } else { will }))
}
