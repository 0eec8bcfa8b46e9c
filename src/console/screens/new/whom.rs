//! For whom: oneself, or a person found by name, here or in the directory that people are taken over from.

use super::order::step;
use crate::cm::account::Account;
use crate::cm::found::{FoundElsewhere, PersonElsewhere, TakeOver};
use crate::cm::route::Route;
use crate::cm::wire::{guid_text, read_guid};
use crate::console::place::Place;
use crate::console::trouble::Trouble;
use crate::console::visit::{Shown, Visit};
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use crate::pages::tables::Table;
use maud::{Markup, html};
use uuid::Uuid;

/// Shows the page, with whom a name finds.
pub async fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    let sought = visit.query.one("q");
    let (label, hint) = (visit.t("new-whom-name"), visit.t("new-whom-hint"));
    let field = Field { hint: Some(&hint), kind: "search", ..Field::text("q", &label, sought) };
    let content = html! {
        (step(visit, 1))
        p { a.button href=(address(visit.me.uuid)) { (visit.t("new-myself")) } }
        h2 { (visit.t("new-other")) }
        form method="get" action=(Place::NewRequest) {
            (field.line(visit.texts, &Faults::default()))
            div.acts { button.quiet type="submit" { (visit.t("new-find")) } }
        }
        @if !sought.is_empty() { (found(visit, sought).await?) }
    };
    Ok(Shown::page(visit.t("new-whom"), content))
}

/// Takes a person over, and goes on with that one.
pub async fn take_over(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    let Some(id) = read_guid(form.one("id")) else { return Err(Trouble::NoForm) };
    let person: Account = visit.send(Route::TakeOver, &TakeOver { id }).await?;
    Ok(Shown::Moved(address(person.uuid)))
}

fn address(user: Uuid) -> String {
    Form::address(&Place::NewRequest.path(), &[("for", &guid_text(user))])
}

/// Writes whom a text finds here, and in the directory.
async fn found(visit: &Visit<'_>, sought: &str) -> Result<Markup, Trouble> {
    let people = visit.list::<Account>(Route::FindPeople { begins: sought.to_owned() }).await?;
    let headings = ["person", "new-names"].map(|id| visit.t(id));
    let row = |person: &Account| {
        let names: Vec<&str> = [&person.upn, &person.email].into_iter().flatten().map(String::as_str).collect();
        vec![
            html! { a href=(address(person.uuid)) { (foreign(&person.name)) } },
            html! { (foreign(&names.join(", "))) @if person.disabled { " " (visit.t("new-disabled")) } },
        ]
    };
    let rows: Vec<_> = people.entries.iter().map(row).collect();
    let elsewhere = match visit.one::<FoundElsewhere>(Route::FindElsewhere { text: sought.to_owned() }).await {
        Ok(found) => Some(found),
        // Most servers take nobody over, and a single letter is not looked for elsewhere; a directory that does not answer now
        // is told, and hides nobody found here.
        Err(refused) if ["no-directory", "bad-parameter"].contains(&refused.code) => None,
        Err(refused) => {
            return Ok(html! {
                (table(visit, "new-found", &headings, &rows))
                (crate::console::trouble::told(visit.texts, &refused))
            });
        }
    };
    let new: Vec<_> =
        elsewhere.iter().flat_map(|found| &found.people).filter(|person| person.known.is_none()).collect();
    Ok(html! {
        p role="status" { (visit.with("new-found-count", &[("count", (rows.len() + new.len()).into())])) }
        (table(visit, "new-found", &headings, &rows))
        @if !new.is_empty() { (directory(visit, &new)) }
        @if elsewhere.as_ref().is_some_and(|found| found.more) { p { (visit.t("new-more-elsewhere")) } }
    })
}

fn table(visit: &Visit<'_>, caption: &str, headings: &[String], rows: &[Vec<Markup>]) -> Markup {
    html! {
        @if !rows.is_empty() {
            (Table { caption: &visit.t(caption), headings, rows, more: None, newest: None }.write(visit.texts))
        }
    }
}

/// Writes people of the directory who have no account here yet, each with what takes the person over.
fn directory(visit: &Visit<'_>, people: &[&PersonElsewhere]) -> Markup {
    let headings = ["person", "new-names", "new-department", "new-take"].map(|id| visit.t(id));
    let row = |person: &&PersonElsewhere| {
        let name = if person.display_name.is_empty() { &person.name } else { &person.display_name };
        let name = if name.is_empty() { &person.dn } else { name };
        let id = person.id.filter(|_| person.problem.is_empty() && !person.disabled);
        vec![
            foreign(name),
            foreign(if person.upn.is_empty() { &person.email } else { &person.upn }),
            foreign(&person.department),
            html! {
                @if let Some(id) = id {
                    form method="post" action=(Place::NewRequest) {
                        input type="hidden" name="id" value=(guid_text(id));
                        button.quiet type="submit" name="act" value="take-over" { (visit.with("new-take-over", &[("name", name.into())])) }
                    }
                } @else if person.disabled { (visit.t("new-disabled")) } @else { (crate::console::trouble::worded(visit.texts, "kept-out-entry", &person.problem)) }
            },
        ]
    };
    let rows: Vec<_> = people.iter().map(row).collect();
    table(visit, "new-elsewhere", &headings, &rows)
}
