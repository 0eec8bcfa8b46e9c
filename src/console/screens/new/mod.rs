//! A new request, one question a page: for whom, what, what the policy asks for; then all of it once more, before it is sent.
//!
//! Whom and what stand in the address. What is typed travels from form to form, so that Back and Reload lose nothing.

mod check;
mod offers;
mod order;
mod whom;

use crate::cm::wire::{guid_text, read_guid};
use crate::console::items;
use crate::console::place::Place;
use crate::console::trouble::{self, Trouble};
use crate::console::visit::{Shown, Visit};
use crate::pages::fields::{Faults, radios};
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use maud::html;
use offers::What;
use order::{Order, begun_by_another, details, name_of, step};
use uuid::Uuid;

pub use offers::offers;

/// Shows the question that is next.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    match (read_guid(visit.query.one("for")), visit.query.one("what")) {
        (None, _) if visit.asks_for_others() => whom::show(visit).await,
        (None, _) => what(visit, visit.me.uuid, false).await,
        (Some(target), "") => what(visit, target, visit.query.has("next")).await,
        (Some(target), _) => match Order::read(visit, visit.query).await? {
            Some(order) => {
                Ok(Shown::page(visit.t("new-details"), details(visit, &order, &Form::default(), &Faults::default())))
            }
            None => what(visit, target, true).await,
        },
    }
}

/// Goes on with what was typed.
pub async fn act(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    if form.one("act") == "take-over" {
        return whom::take_over(visit, form).await;
    }
    let Some(order) = Order::read(visit, form).await? else { return gone(visit, form) };
    if order.has_changed(form) {
        return Ok(Shown::faulty(visit.t("new-details"), begun_by_another(visit, &order, form)));
    }
    match form.one("act") {
        "change" => Ok(Shown::page(visit.t("new-details"), details(visit, &order, form, &Faults::default()))),
        "check" => check::show(visit, &order, form).await,
        "send" => check::send(visit, &order, form).await,
        _ => Err(Trouble::NoForm),
    }
}

/// Says that what the form asks for is offered no more, and shows what was typed.
fn gone(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    if read_guid(form.one("for")).is_none() || What::read(form.one("what")).is_none() {
        return Err(Trouble::NoForm);
    }
    let typed = items::typed(form);
    let content = html! {
        (trouble::template_changed(visit.texts, &html! { p { (visit.t("new-gone")) } }))
        @if !typed.is_empty() { ul { @for (name, value) in &typed { li { (foreign(name)) ": " (foreign(value)) } } } }
        p { a.button href=(Place::NewRequest) { (visit.t("new-other-what")) } }
    };
    Ok(Shown::faulty(visit.t("new-what"), content))
}

/// Asks what is wanted; `missed`: nothing was chosen, or nothing that there is.
async fn what(visit: &Visit<'_>, target: Uuid, missed: bool) -> Result<Shown, Trouble> {
    let name = name_of(visit, target).await?;
    let offers = offers(visit, target).await?;
    let mut faults = Faults::default();
    if missed {
        faults.add("what", visit.t("new-what-missing"));
    }
    let choices: Vec<_> = offers.into_iter().map(|offer| (offer.what.text(), offer.title, offer.hint)).collect();
    let content = html! {
        (step(visit, 2))
        (faults.summary(visit.texts))
        @if choices.is_empty() {
            p { (visit.with("new-nothing", &[("name", (&name).into())])) }
        } @else {
            form method="get" action=(Place::NewRequest) novalidate {
                input type="hidden" name="for" value=(guid_text(target));
                (radios("what", &visit.with("new-what-for", &[("name", (&name).into())]), "", &faults, &choices))
                div.acts { button type="submit" name="next" value="1" { (visit.t("new-go-on")) } }
            }
        }
        @if visit.asks_for_others() { p { a href=(Place::NewRequest) { (visit.t("new-other-person")) } } }
    };
    Ok(if missed { Shown::faulty(visit.t("new-what"), content) } else { Shown::page(visit.t("new-what"), content) })
}
