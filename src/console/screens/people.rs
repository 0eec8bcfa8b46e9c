//! People, for administrators: accounts listed and looked for, and what waits for a second administrator.

use super::proposal;
use crate::cm::account::{Account, Proposal};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::console::words;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::{foreign, moment};
use crate::pages::tables::Table;
use maud::{Markup, html};

/// Sets how many accounts a page lists.
const PAGE: usize = 50;

/// Shows accounts and open proposals.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let proposals = visit.list::<Proposal>(Route::ListProposals).await?.entries;
    let text = visit.query.one("q");
    let found = match text.is_empty() {
        true => visit.list::<Account>(Route::ListUsers).await?,
        false => visit.list::<Account>(Route::FindPeople { begins: text.to_owned() }).await?,
    };
    let from = visit.query.one("from").parse::<usize>().unwrap_or(0).min(found.entries.len());
    let at = |from: usize| Form::address(&Place::People.path(), &[("q", text), ("from", &from.to_string())]);
    let more = (found.entries.len() > from + PAGE).then(|| at(from + PAGE));
    let content = html! {
        p { a href=(Place::PeopleImport) { (visit.t("import-link")) } }
        (waiting(visit, &proposals))
        (search(visit, text))
        p role="status" {
            (visit.with("people-count", &[("count", found.entries.len().into())]))
            @if found.cut { " " (visit.t("people-cut")) }
        }
        (table(visit, &found.entries[from..], more))
        @if from > 0 { p.pages { a href=(Form::address(&Place::People.path(), &[("q", text)])) { (visit.t("people-begin")) } } }
    };
    Ok(Shown::page(visit.t("people"), content))
}

/// Writes what waits for another administrator.
fn waiting(visit: &Visit<'_>, proposals: &[Proposal]) -> Markup {
    let headings = ["proposal-what", "proposal-for", "proposal-when", "proposal-ends"].map(|id| visit.t(id));
    let row = |it: &Proposal| {
        vec![
            html! { a href=(Place::Proposal(it.uuid)) { (proposal::kind(visit, it)) } },
            foreign(&it.name),
            moment(visit.texts, it.proposed),
            moment(visit.texts, it.ends),
        ]
    };
    let rows: Vec<_> = proposals.iter().filter(|it| it.state == "open").map(row).collect();
    html! {
        @if !rows.is_empty() {
            (Table { caption: &visit.t("proposals-open"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        }
    }
}

fn search(visit: &Visit<'_>, text: &str) -> Markup {
    let (label, hint) = (visit.t("people-search"), visit.t("people-search-hint"));
    let field = Field { kind: "search", required: false, hint: Some(&hint), ..Field::text("q", &label, text) };
    html! {
        form method="get" action=(Place::People) {
            (field.line(visit.texts, &Faults::default()))
            button.quiet type="submit" { (visit.t("people-show")) }
        }
    }
}

fn table(visit: &Visit<'_>, accounts: &[Account], more: Option<String>) -> Markup {
    let headings = ["account-name", "account-state", "account-upn", "account-email", "account-groups"];
    let headings = headings.map(|id| visit.t(id));
    let row = |account: &Account| {
        // The name leads back to the account, as no call asks for one by its id.
        let address = Form::address(&Place::Account(account.uuid).path(), &[("name", &account.name)]);
        vec![
            html! { a href=(address) { (foreign(&account.name)) } },
            words::enabled(visit.texts, account.disabled),
            foreign(account.upn.as_deref().unwrap_or_default()),
            foreign(account.email.as_deref().unwrap_or_default()),
            html! { @for (at, group) in account.groups.iter().enumerate() { @if at > 0 { ", " } (foreign(group)) } },
        ]
    };
    let rows: Vec<_> = accounts.iter().take(PAGE).map(row).collect();
    Table { caption: &visit.t("people-caption"), headings: &headings, rows: &rows, more, newest: None }
        .write(visit.texts)
}
