//! The queue: requests that wait, with filters in the address, and many approved after a page that shows them once more.

use super::request::{decision, has_changed, told_changed};
use crate::cm::request::RequestStatus;
use crate::cm::review::{Queued, Review, Waiting};
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
    let after = read_guid(visit.query.one("after"));
    // Counted before it is listed, so that what comes in between is told as new.
    let waiting: Option<Waiting> = match status == Some(RequestStatus::Pending) && after.is_none() {
        true => Some(visit.one(Route::CountWaiting).await?),
        false => None,
    };
    let limit = u32::try_from(PAGE + 1).ok();
    let mut found = visit.list::<Queued>(Route::ListQueue { status, smartcard: None, after, limit }).await?.entries;
    let goes_on = found.len() > PAGE;
    found.truncate(PAGE);
    let next = found.last().filter(|_| goes_on).map(|last| last.request.uuid.to_string());
    let more = next.map(|last| Form::address(&Place::Queue.path(), &[("state", state), ("after", &last)]));
    let newest = after.map(|_| Form::address(&Place::Queue.path(), &[("state", state)]));
    let decidable = found.iter().any(|queued| queued.may_decide);
    let content = html! {
        (filters(visit, state))
        @if let Some(waiting) = &waiting { (live(visit, waiting)) }
        p role="status" {
            @match &waiting {
                Some(waiting) => (counted(visit, waiting)),
                None => { (visit.with("queue-count", &[("count", found.len().into())])) @if goes_on { " " (visit.t("queue-goes-on")) } }
            }
        }
        form method="post" action=(Place::QueueCheck) {
            (table(visit, &found, more, newest))
            @if decidable { div.acts { button type="submit" { (visit.t("queue-check")) } } }
        }
    };
    Ok(Shown::page(visit.t("queue"), content))
}

/// Writes how many requests wait for the visitor's decision, or for anybody's where the visitor decides on none.
pub fn counted(visit: &Visit<'_>, waiting: &Waiting) -> Markup {
    let (id, count) = match visit.takes_part("decide") {
        true => ("queue-to-decide", waiting.to_decide),
        false => ("queue-waiting", waiting.waiting),
    };
    html! { (visit.with(id, &[("count", count.into())])) @if count >= Waiting::MOST { " " (visit.t("queue-or-more")) } }
}

/// Writes what a script shows once there is something new; without one there is Reload.
fn live(visit: &Visit<'_>, waiting: &Waiting) -> Markup {
    let news = Form::address(&Place::QueueNews.path(), &[("since", &waiting.newest.to_string())]);
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

fn table(visit: &Visit<'_>, queue: &[Queued], more: Option<String>, newest: Option<String>) -> Markup {
    let headings =
        ["queue-person", "queue-what", "queue-asks", "queue-age", "queue-approvals", "queue-due", "queue-choose"];
    let headings = headings.map(|id| visit.t(id));
    let row = |queued: &Queued| {
        let request = &queued.request;
        let id = request.uuid.to_string();
        vec![
            html! { a href=(Place::Request(request.uuid)) { (foreign(&queued.target_name)) } },
            html! { (words::request_type(visit.texts, request.request_type)) ", " (foreign(&queued.template_name)) " " (words::request_status(visit.texts, request.status)) },
            foreign(&queued.originator_name),
            html! { (visit.texts.span((visit.now - request.submitted).whole_seconds())) },
            html! { @if queued.approvals_needed > 0 { (visit.with("k-of-n", &[("given", queued.approvals_given.into()), ("needed", queued.approvals_needed.into())])) } },
            html! { @if let Some(ends) = queued.ends { (day(visit.texts, ends)) } },
            html! {
                @if queued.may_decide {
                    input id={ "choose-" (id) } type="checkbox" name="request" value=(id)
                        aria-label=(visit.with("queue-choose-one", &[("name", (&queued.target_name).into())]));
                }
            },
        ]
    };
    let rows: Vec<_> = queue.iter().map(row).collect();
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
                    Some(obstacle) => p.fault { (trouble::obstacle(visit.texts, obstacle)) },
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
    let (mut results, mut changed) = (Vec::new(), Vec::new());
    for request in chosen(form) {
        let approved = match visit.one::<Review>(Route::ReviewRequest { request }).await {
            Ok(review) if has_changed(form, &review) => {
                changed.push(request);
                continue;
            }
            Ok(_) => visit.act(Route::Approve { request }, &decision(form, request)).await,
            Err(refused) => Err(refused),
        };
        match approved {
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
        @for request in &changed {
            h2 { a href=(Place::Request(*request)) { (visit.t("queue-not-approved")) } }
            (told_changed(visit))
        }
        p { a.button href=(Place::Queue) { (visit.t("queue-back")) } }
    };
    Ok(Shown::page(visit.t("queue-approved-title"), content))
}
