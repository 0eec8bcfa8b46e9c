//! The queue: requests that wait, with filters in the address, and many approved after a page that shows them once more.

use crate::cm::request::{Request, RequestStatus};
use crate::cm::review::Review;
use crate::cm::route::Route;
use crate::cm::wire::read_guid;
use crate::console::place::Place;
use crate::console::trouble::{self, Trouble};
use crate::console::visit::{MOST_COMMENT, Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::{day, foreign};
use crate::pages::tables::Table;
use maud::{Markup, html};
use uuid::Uuid;

/// Bounds the requests of one page.
const PAGE: usize = 25;

/// Shows a page of the queue.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let state = visit.query.one("state");
    let status = match state {
        "" | "Pending" => Some(RequestStatus::Pending),
        "all" => None,
        other => RequestStatus::ALL.iter().copied().find(|status| status.to_string() == other),
    };
    let found = visit.list::<Request>(Route::ListVisibleRequests { status }).await?;
    let from: usize = visit.query.one("from").parse().unwrap_or(0);
    let mut reviews = Vec::new();
    for request in found.entries.iter().skip(from).take(PAGE) {
        reviews.push(visit.one::<Review>(Route::ReviewRequest { request: request.uuid }).await?);
    }
    let more = (found.entries.len() > from + PAGE)
        .then(|| Form::address(&Place::Queue.path(), &[("state", state), ("from", &(from + PAGE).to_string())]));
    let newest = (from > 0).then(|| Form::address(&Place::Queue.path(), &[("state", state)]));
    let decidable = reviews.iter().any(|review| review.may_decide);
    let content = html! {
        (filters(visit, state))
        @if status == Some(RequestStatus::Pending) && from == 0 { (live(visit, &found.entries)) }
        p role="status" { (visit.with("queue-count", &[("count", found.entries.len().into())])) @if found.cut { " " (visit.t("queue-cut")) } }
        form method="post" action=(Place::QueueCheck) {
            (table(visit, &reviews, more, newest))
            @if decidable { div.acts { button type="submit" { (visit.t("queue-check")) } } }
        }
    };
    Ok(Shown::page(visit.t("queue"), content))
}

/// Names the newest request of a list; nothing, where it is empty.
pub fn newest(requests: &[Request]) -> String {
    let newest = requests.iter().max_by_key(|request| (request.submitted, request.uuid));
    newest.map(|request| request.uuid.to_string()).unwrap_or_default()
}

/// Writes what a script shows once there is something new; without one there is Reload.
fn live(visit: &Visit<'_>, requests: &[Request]) -> Markup {
    let news = Form::address(&Place::QueueNews.path(), &[("since", &newest(requests))]);
    html! {
        div role="status" {
            p.live data-live=(news) hidden { (visit.t("new-entries")) " " a href=(Place::Queue) { (visit.t("reload")) } }
        }
    }
}

fn filters(visit: &Visit<'_>, state: &str) -> Markup {
    let mut choices = vec![("Pending".to_owned(), visit.t("request-pending"))];
    for status in [
        RequestStatus::Approved,
        RequestStatus::Executing,
        RequestStatus::Completed,
        RequestStatus::Denied,
        RequestStatus::Canceled,
    ] {
        choices.push((status.to_string(), words::request_status_text(visit.texts, status)));
    }
    choices.push(("all".to_owned(), visit.t("queue-all")));
    let label = visit.t("queue-state");
    html! {
        form.filters method="get" action=(Place::Queue) {
            (Field::text("state", &label, state).choice(visit.texts, &Faults::default(), &choices))
            button.quiet type="submit" { (visit.t("queue-show")) }
        }
    }
}

fn table(visit: &Visit<'_>, reviews: &[Review], more: Option<String>, newest: Option<String>) -> Markup {
    let headings =
        ["queue-person", "queue-what", "queue-asks", "queue-age", "queue-approvals", "queue-due", "queue-choose"];
    let headings = headings.map(|id| visit.t(id));
    let row = |review: &Review| {
        let request = &review.request;
        let id = request.uuid.to_string();
        vec![
            html! { a href=(Place::Request(request.uuid)) { (foreign(&review.target_name)) } },
            html! { (words::request_type(visit.texts, request.request_type)) ", " (foreign(&review.template_name)) " " (words::request_status(visit.texts, request.status)) },
            foreign(&review.originator_name),
            html! { (visit.texts.span((visit.now - request.submitted).whole_seconds())) },
            html! { @if review.approvals_needed > 0 { (visit.with("k-of-n", &[("given", review.approvals_given.into()), ("needed", review.approvals_needed.into())])) } },
            html! { @if let Some(ends) = review.ends { (day(visit.texts, ends)) } },
            html! {
                @if review.may_decide {
                    input id={ "choose-" (id) } type="checkbox" name="request" value=(id)
                        aria-label=(visit.with("queue-choose-one", &[("name", (&review.target_name).into())]));
                }
            },
        ]
    };
    let rows: Vec<_> = reviews.iter().map(row).collect();
    Table { caption: &visit.t("queue-caption"), headings: &headings, rows: &rows, more, newest }.write(visit.texts)
}

/// Reads which requests were chosen, at most a page of them.
fn chosen(form: &Form) -> Vec<Uuid> {
    let mut chosen: Vec<Uuid> = form.all("request").filter_map(read_guid).take(PAGE).collect();
    chosen.dedup();
    chosen
}

/// Shows once more what is about to be approved.
pub async fn check(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    let chosen = chosen(form);
    if chosen.is_empty() {
        let content = html! { div.trouble role="alert" { p { (visit.t("queue-none-chosen")) } } p { a href=(Place::Queue) { (visit.t("queue-back")) } } };
        return Ok(Shown::faulty(visit.t("queue-check-title"), content));
    }
    let mut reviews = Vec::new();
    for request in chosen {
        reviews.push(visit.one::<Review>(Route::ReviewRequest { request }).await?);
    }
    let label = visit.t("comment");
    let decidable: Vec<&Review> =
        reviews.iter().filter(|review| review.may_decide && review.obstacle.is_none()).collect();
    let content = html! {
        p { (visit.t("queue-check-text")) }
        @for review in &reviews {
            section.tile {
                h2 { (foreign(&review.target_name)) ": " (words::request_type(visit.texts, review.request.request_type)) }
                @match &review.obstacle {
                    Some(obstacle) => p.fault { (obstacle.text) },
                    None => (super::request::facts_of(visit, review)),
                }
            }
        }
        form method="post" action=(Place::Queue) {
            @for review in &decidable {
                input type="hidden" name="request" value=(review.request.uuid);
                (super::request::seen(review))
            }
            (Field { required: false, most: MOST_COMMENT, ..Field::text("comment", &label, "") }.lines(visit.texts, &Faults::default()))
            div.acts {
                button type="submit" { (visit.with("queue-approve", &[("count", decidable.len().into())])) }
                a.button.quiet href=(Place::Queue) { (visit.t("queue-back")) }
            }
        }
    };
    Ok(Shown::page(visit.t("queue-check-title"), content))
}

/// Approves what was chosen, each by itself; says of each what became of it.
pub async fn approve(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    let mut results = Vec::new();
    for request in chosen(form) {
        match visit.act(Route::Approve { request }, &super::request::decision(form, request)).await {
            Ok(()) => results.push((request, None)),
            // Nothing is decided without a fresh proof, so the form is kept whole.
            Err(refused) if refused.code == "proof-too-old" => return Err(refused.into()),
            Err(refused) => results.push((request, Some(refused))),
        }
    }
    let content = html! {
        p role="status" { (visit.with("queue-approved", &[("count", results.iter().filter(|(_, refused)| refused.is_none()).count().into())])) }
        @for (request, refused) in results.iter().filter_map(|(request, refused)| Some((request, refused.as_ref()?))) {
            h2 { a href=(Place::Request(*request)) { (visit.t("queue-not-approved")) } }
            (trouble::told(visit.texts, refused))
        }
        p { a.button href=(Place::Queue) { (visit.t("queue-back")) } }
    };
    Ok(Shown::page(visit.t("queue-approved-title"), content))
}
