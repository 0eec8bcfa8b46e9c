//! How the server stands: what fails first, then what ends soon, then all else, each with what is to be done.

use crate::cm::health::{Health, HealthCheck, HealthKeyVersion, HealthState};
use crate::cm::route::Route;
use crate::console::trouble::{Trouble, original};
use crate::console::visit::{Shown, Visit};
use crate::pages::layout::{foreign, moment};
use crate::pages::states::{Tone, state};
use crate::pages::tables::{Table, facts};
use maud::{Markup, html};
use std::cmp::Reverse;
use time::OffsetDateTime;

/// Shows the page.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let Health { as_of, state: worst, version, server, database, mut checks, master_keys } =
        visit.one(Route::GetHealth).await?;
    // Those of one state stay in the server's order.
    checks.sort_by_key(|check| Reverse(check.state));
    let known = [
        (visit.t("health-as-of"), moment(visit.texts, as_of)),
        (visit.t("health-server"), foreign(&server)),
        (visit.t("health-version"), html! { (version) }),
        (visit.t("health-database"), html! { (database) }),
    ];
    let content = html! {
        p role="status" { (told(visit, worst, "health-all")) }
        (table(visit, &checks))
        (keys(visit, &master_keys))
        (facts(&known))
    };
    Ok(Shown::page(visit.t("health"), content))
}

/// Writes a state, in words of this page or of a row of it.
fn told(visit: &Visit<'_>, of: HealthState, begins: &str) -> Markup {
    let (tone, word) = match of {
        HealthState::Good => (Tone::Good, "good"),
        HealthState::Soon => (Tone::Waiting, "soon"),
        HealthState::Bad => (Tone::Bad, "bad"),
        HealthState::Other => (Tone::Plain, "other"),
    };
    state(tone, &visit.t(&format!("{begins}-{word}")))
}

fn table(visit: &Visit<'_>, checks: &[HealthCheck]) -> Markup {
    let headings = ["health-what", "health-state", "health-since", "health-until", "health-do"].map(|id| visit.t(id));
    let rows: Vec<_> = checks.iter().map(|check| row(visit, check)).collect();
    Table { caption: &visit.t("health-checks"), headings: &headings, rows: &rows, more: None, newest: None }
        .write(visit.texts)
}

fn row(visit: &Visit<'_>, check: &HealthCheck) -> Vec<Markup> {
    let name = visit.texts.find(&format!("health-name-{}", check.name), &[]);
    let found = visit.texts.find(&format!("health-code-{}", check.code), &[]).filter(|_| check.code != "ok");
    vec![
        html! {
            @match &name { Some(name) => (name), None => (foreign(&check.name)) }
            @if !check.what.is_empty() { div.note { (foreign(&check.what)) } }
        },
        html! {
            (told(visit, check.state, "health-one"))
            @if let Some(found) = found { div.note { (found) } }
        },
        html! { @if let Some(since) = check.since { (moment(visit.texts, since)) } },
        html! { @if let Some(until) = check.until { (moment(visit.texts, until)) } },
        advice(visit, check),
    ]
}

/// Says what is found, with numbers and days, and what is to be done: in English by the server's own words, else by the catalogue's.
fn advice(visit: &Visit<'_>, check: &HealthCheck) -> Markup {
    let told = |at: Option<OffsetDateTime>| at.map(|at| visit.texts.moment(at)).unwrap_or_default();
    let (since, until) = (told(check.since), told(check.until));
    let values = [
        ("what", (&check.what).into()),
        ("since", (&since).into()),
        ("until", (&until).into()),
        ("count", check.count.unwrap_or(0).into()),
        ("failed", check.failed.unwrap_or(0).into()),
    ];
    match visit.texts.find(&format!("advice-{}-{}", check.name, check.code), &values) {
        Some(known) => html! { (known) },
        None => original(&check.text),
    }
}

fn keys(visit: &Visit<'_>, versions: &[HealthKeyVersion]) -> Markup {
    let headings = ["health-key-version", "health-key-cards", "health-key-state"].map(|id| visit.t(id));
    let row = |key: &HealthKeyVersion| {
        let (tone, words) = match (key.held, key.current) {
            (false, _) if key.cards > 0 => (Tone::Bad, "health-key-missing"),
            (false, _) => (Tone::Ended, "health-key-gone"),
            (true, true) => (Tone::Good, "health-key-current"),
            (true, false) => (Tone::Plain, "health-key-earlier"),
        };
        vec![html! { (key.version) }, html! { (visit.texts.number(key.cards)) }, state(tone, &visit.t(words))]
    };
    let rows: Vec<_> = versions.iter().map(row).collect();
    html! {
        @if !rows.is_empty() {
            h2 { (visit.t("health-keys")) }
            (Table { caption: &visit.t("health-keys-caption"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        }
    }
}
