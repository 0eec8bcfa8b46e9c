//! All of a new request once more, and what it would come to, before it is sent.

use super::order::{Order, details, step};
use crate::cm::foresight::{Foresight, OpenRequest};
use crate::cm::request::CreateRequest;
use crate::cm::route::Route;
use crate::cm::wire::{Created, guid_text};
use crate::console::items;
use crate::console::place::Place;
use crate::console::trouble::{self, Trouble};
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::fields::Faults;
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use crate::pages::tables::facts;
use crate::server::Refused;
use maud::{Markup, html};

/// Names the field with a request that stood on the page as open already.
const OPEN: &str = "open";

/// Shows the page; what is wrong leads back to its field.
pub async fn show(visit: &Visit<'_>, order: &Order, form: &Form) -> Result<Shown, Trouble> {
    let asked = order.items(visit);
    let mut faults = Faults::default();
    items::judge(visit, &asked, form, &mut faults);
    if order.policy.collect_request_priority && form.one("priority").parse::<u8>().is_err() {
        faults.add("priority", visit.t("new-priority-wrong"));
    }
    if faults.is_empty() {
        match foreseen(visit, order, form).await {
            Ok(foresight) => return Ok(Shown::page(visit.t("new-checked"), written(visit, order, form, &foresight))),
            Err(refused) => return refusal(visit, order, form, refused),
        }
    }
    Ok(Shown::faulty(visit.t("new-details"), details(visit, order, form, &faults)))
}

/// Makes the request, unless something has become another than it stood on the page.
pub async fn send(visit: &Visit<'_>, order: &Order, form: &Form) -> Result<Shown, Trouble> {
    let foresight = match foreseen(visit, order, form).await {
        Ok(foresight) => foresight,
        Err(refused) => return refusal(visit, order, form, refused),
    };
    // A form that is sent twice, or from two tabs, makes no second request that nobody wanted.
    let seen = |open: &OpenRequest| form.all(OPEN).any(|seen| seen == guid_text(open.request));
    if !foresight.open.iter().all(seen) {
        return Ok(Shown::faulty(visit.t("new-checked"), written(visit, order, form, &foresight)));
    }
    match visit.send::<Created>(Route::CreateRequest, &order.body(visit, form)).await {
        Ok(created) => Ok(Shown::done(Place::Request(created.uuid()), "request-made")),
        Err(refused) => refusal(visit, order, form, refused),
    }
}

async fn foreseen(visit: &Visit<'_>, order: &Order, form: &Form) -> Result<Foresight, Refused> {
    visit.send(Route::ForeseeOrder { card_id: None }, &order.body(visit, form)).await
}

/// Tells a refusal at its field, or else as what the request would come to.
fn refusal(visit: &Visit<'_>, order: &Order, form: &Form, refused: Refused) -> Result<Shown, Trouble> {
    let mut faults = Faults::default();
    let at_a_field = items::refused(visit, &order.items(visit), &refused, &mut faults);
    if refused.code == "comment-missing" {
        faults.add("comment", visit.t("new-comment-missing"));
    }
    if at_a_field || !faults.is_empty() {
        return Ok(Shown::faulty(visit.t("new-details"), details(visit, order, form, &faults)));
    }
    if refused.code == "proof-too-old" || refused.status >= 500 || refused.status == 429 {
        return Err(refused.into());
    }
    let content = html! {
        p { (visit.t("new-refused-text")) }
        (trouble::told(visit.texts, &refused))
        (told(visit, order, form))
        form method="post" action=(Place::NewRequest) {
            (kept(order, form))
            div.acts {
                button type="submit" name="act" value="change" { (visit.t("new-change")) }
                a.button.quiet href=(order.back()) { (visit.t("new-other-what")) }
            }
        }
    };
    Ok(Shown::faulty(visit.t("new-refused"), content))
}

/// Writes all that was answered.
fn told(visit: &Visit<'_>, order: &Order, form: &Form) -> Markup {
    let CreateRequest { data_collection, comment, priority, .. } = order.body(visit, form);
    let mut known = vec![
        (visit.t("request-for"), foreign(&order.name)),
        (visit.t("queue-what"), html! { (order.title(visit)) }),
        (visit.t("request-template"), foreign(&order.template.name)),
    ];
    for item in data_collection {
        let value = item.value.unwrap_or_default();
        let asked = order.policy.policy_data_collection.iter().find(|asked| asked.name == item.name);
        let shown = match asked.filter(|asked| asked.kind == "yes-no") {
            Some(_) => html! { (visit.t(&value)) },
            None => foreign(&value),
        };
        known.push((crate::pages::texts::visible(&item.name), shown));
    }
    if !comment.is_empty() {
        known.push((visit.t("comment"), foreign(&comment)));
    }
    if let Some(priority) = priority {
        known.push((visit.t("new-priority"), html! { (priority) }));
    }
    facts(&known)
}

/// Writes all that was answered, hidden, for the next page.
fn kept(order: &Order, form: &Form) -> Markup {
    let answered =
        form.fields().filter(|(name, _)| name.starts_with("item-") || ["comment", "priority"].contains(name));
    html! {
        (order.hidden())
        @for (name, value) in answered { input type="hidden" name=(name) value=(value); }
    }
}

/// Writes the page.
fn written(visit: &Visit<'_>, order: &Order, form: &Form, foresight: &Foresight) -> Markup {
    let another = !foresight.open.is_empty();
    html! {
        (step(visit, 4))
        @if another { (open(visit, &foresight.open)) }
        (told(visit, order, form))
        (brought(visit, foresight))
        (approvals(visit, order))
        form method="post" action=(Place::NewRequest) {
            (kept(order, form))
            @for open in &foresight.open { input type="hidden" name=(OPEN) value=(guid_text(open.request)); }
            div.acts {
                button type="submit" name="act" value="send" { (visit.t(if another { "new-send-another" } else { "new-send" })) }
                button.quiet type="submit" name="act" value="change" { (visit.t("new-change")) }
            }
        }
    }
}

/// Names the requests that are open already.
fn open(visit: &Visit<'_>, open: &[OpenRequest]) -> Markup {
    html! {
        div.trouble #open role="alert" tabindex="-1" {
            p { (visit.with("new-open", &[("count", open.len().into())])) }
            ul {
                @for it in open {
                    li { a href=(Place::Request(it.request)) { (words::request_type(visit.texts, it.request_type)) } ": " (words::request_status(visit.texts, it.status)) }
                }
            }
        }
    }
}

/// Writes which certificates would be issued, and whom they would name.
fn brought(visit: &Visit<'_>, foresight: &Foresight) -> Markup {
    html! {
        @if !foresight.certificates.is_empty() {
            h2 { (visit.t("request-brings")) }
            ul {
                @for certificate in &foresight.certificates {
                    li {
                        (foreign(&certificate.template_common_name)) ": " span.code { (foreign(&certificate.subject)) }
                        @for name in &certificate.names { ", " span.code { (foreign(name)) } }
                    }
                }
            }
        }
    }
}

/// Says who decides on it.
fn approvals(visit: &Visit<'_>, order: &Order) -> Markup {
    let needed = order.policy.approvals_needed;
    let named = order.policy.authorized_approver.iter().map(|principal| words::principal(visit.texts, principal));
    let named: Vec<String> = named.collect();
    html! {
        h2 { (visit.t("ahead")) }
        p { (visit.with("new-approvals", &[("count", needed.into())])) }
        @if needed > 0 && !named.is_empty() { p { (visit.t("may-approve")) " " (foreign(&named.join(", "))) } }
        @if order.policy.one_time_password_policy.is_some() { p { (visit.t("new-password")) } }
    }
}
