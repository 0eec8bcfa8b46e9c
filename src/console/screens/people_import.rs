//! A list of people that is taken over: pasted, shown row by row with what it comes to, and done once that was seen.

use crate::cm::office_list::{PeopleColumn, delimiter, groups};
use crate::cm::people::{MAX_ROWS, PeopleList, PeopleOutcome, PeopleRow, PersonAttribute, RowFate, RowOutcome};
use crate::cm::route::Route;
use crate::console::place::Place;
use crate::console::trouble::{Trouble, worded};
use crate::console::visit::{Shown, Visit};
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::pages::layout::foreign;
use crate::pages::states::{Tone, state};
use crate::pages::tables::Table;
use maud::{Markup, html};

/// Bounds what can be pasted, in characters.
const MOST_TEXT: usize = 100_000;
/// Bounds the rows that a page shows; the numbers above them are of all.
const MOST_SHOWN: usize = 500;

/// Shows where a list is pasted, to whoever may have it taken over.
pub fn show(visit: &Visit<'_>) -> Result<Shown, Trouble> {
    if !visit.has("manage-users") {
        return Err(Trouble::NoPage);
    }
    Ok(Shown::page(visit.t("import"), typed(visit, "", &Faults::default())))
}

fn typed(visit: &Visit<'_>, list: &str, faults: &Faults) -> Markup {
    let most = visit.texts.number(MAX_ROWS as u64);
    let (label, hint) = (visit.t("import-list"), visit.with("import-hint", &[("most", (&most).into())]));
    html! {
        (faults.summary(visit.texts))
        p { (visit.t("import-text")) }
        form method="post" action=(Place::PeopleImport) {
            (Field { hint: Some(&hint), most: MOST_TEXT, ..Field::text("list", &label, list) }.lines(visit.texts, faults))
            div.acts { button type="submit" { (visit.t("import-preview")) } a.button.quiet href=(Place::People) { (visit.t("proposal-back")) } }
        }
    }
}

/// Shows what a list comes to, or does it.
pub async fn act(visit: &Visit<'_>, form: &Form) -> Result<Shown, Trouble> {
    let list = form.one("list");
    let rows = match rows(list) {
        Ok(rows) => rows,
        Err(fault) => {
            let mut faults = Faults::default();
            faults.add("list", visit.t(fault));
            return Ok(Shown::faulty(visit.t("import"), typed(visit, list, &faults)));
        }
    };
    let seen = form.one("seen").to_owned();
    let asked = PeopleList { rows, seen };
    let done = visit.send::<PeopleOutcome>(Route::ImportUsers, &asked).await;
    match done {
        Ok(outcome) if outcome.applied => Ok(Shown::done(Place::People, "imported")),
        Ok(outcome) => Ok(Shown::page(visit.t("import-title"), preview(visit, list, &outcome, false))),
        // Something of it is another by now: it is shown anew, to be looked at again.
        Err(refused) if refused.code == "people-changed" => {
            let asked = PeopleList { seen: String::new(), ..asked };
            let outcome: PeopleOutcome = visit.send(Route::ImportUsers, &asked).await?;
            Ok(Shown::faulty(visit.t("import-title"), preview(visit, list, &outcome, true)))
        }
        Err(refused) => Err(refused.into()),
    }
}

/// Writes what a list comes to, before it is done.
fn preview(visit: &Visit<'_>, list: &str, outcome: &PeopleOutcome, changed: bool) -> Markup {
    let counts = [
        ("import-new", outcome.new),
        ("import-changed", outcome.changed),
        ("import-same", outcome.same),
        ("import-refused", outcome.refused),
    ];
    let headings = ["import-row", "import-fate", "account-name", "account-groups", "import-what"].map(|id| visit.t(id));
    let rows: Vec<_> = outcome.rows.iter().take(MOST_SHOWN).map(|it| row(visit, it)).collect();
    html! {
        @if changed { div.trouble role="alert" { p { (visit.t("import-another")) } } }
        p { (visit.t("import-nothing-yet")) }
        div role="status" { ul { @for (id, count) in counts { li { (visit.with(id, &[("count", count.into())])) } } } }
        @if outcome.rows.len() > MOST_SHOWN { p { (visit.t("import-more")) } }
        (Table { caption: &visit.t("import-rows"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        form method="post" action=(Place::PeopleImport) {
            input type="hidden" name="list" value=(list);
            input type="hidden" name="seen" value=(outcome.mark);
            div.acts {
                @if outcome.new + outcome.changed > 0 { button type="submit" { (visit.t("import-apply")) } }
                a.button.quiet href=(Place::PeopleImport) { (visit.t("account-back")) }
            }
        }
    }
}

fn row(visit: &Visit<'_>, it: &RowOutcome) -> Vec<Markup> {
    let (tone, words) = match it.fate {
        RowFate::New => (Tone::Good, "import-is-new"),
        RowFate::Changed => (Tone::Waiting, "import-is-changed"),
        RowFate::Refused => (Tone::Bad, "import-is-refused"),
        RowFate::Other => (Tone::Plain, "import-is-other"),
    };
    vec![
        html! { (it.row) },
        state(tone, &visit.t(words)),
        foreign(&it.name),
        html! { @for (at, group) in it.groups.iter().enumerate() { @if at > 0 { ", " } (foreign(group)) } },
        html! {
            @for change in &it.changes { div { (changed(visit, change)) } }
            @if !it.why.is_empty() { (worded(visit.texts, &format!("kept-out-{}", it.why_code), &it.why)) }
        },
    ]
}

/// Writes what of an account changes, which the server spells "groups: nothing -> staff".
fn changed(visit: &Visit<'_>, change: &str) -> Markup {
    let Some((what, (before, now))) =
        change.split_once(": ").and_then(|(what, rest)| Some((what, rest.split_once(" -> ")?)))
    else {
        return foreign(change);
    };
    let known = match what {
        "groups" => Some("import-of-groups"),
        "UPN" => Some("import-of-upn"),
        "e-mail address" => Some("import-of-email"),
        "security identifier" => Some("import-of-sid"),
        _ => None,
    };
    let nothing = visit.t("import-nothing");
    let said = |value: &str| foreign(if value == "nothing" { &nothing } else { value });
    html! {
        @match known { Some(id) => (visit.t(id)), None => (foreign(what)) } ": " (said(before)) " → " (said(now))
    }
}

/// Reads a list; its first line names the columns.
fn rows(list: &str) -> Result<Vec<PeopleRow>, &'static str> {
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(delimiter(list.as_bytes()))
        .trim(csv::Trim::All)
        .from_reader(list.as_bytes());
    let columns = reader.headers().map_err(|_| "import-unread")?.clone();
    let columns: Vec<PeopleColumn> = columns.iter().map(PeopleColumn::of).collect();
    if !columns.contains(&PeopleColumn::Name) {
        return Err("import-no-name");
    }
    if columns.iter().enumerate().any(|(at, column)| columns[..at].contains(column)) {
        return Err("import-twice");
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|_| "import-unread")?;
        let mut row = PeopleRow::default();
        for (column, text) in columns.iter().zip(&record).filter(|(_, text)| !text.is_empty()) {
            let text = text.to_owned();
            match column {
                PeopleColumn::Name => row.name = text,
                PeopleColumn::DisplayName => row.display_name = Some(text),
                PeopleColumn::Upn => row.upn = Some(text),
                PeopleColumn::Email => row.email = Some(text),
                PeopleColumn::Sid => row.sid = Some(text),
                PeopleColumn::Groups => row.groups = Some(groups(&text)),
                PeopleColumn::Attribute(name) => {
                    row.attributes.push(PersonAttribute { name: name.clone(), value: text });
                }
                PeopleColumn::Token | PeopleColumn::Unknown => return Err("import-column"),
            }
        }
        if rows.len() == MAX_ROWS {
            return Err("import-too-long");
        }
        rows.push(row);
    }
    if rows.is_empty() { Err("import-empty") } else { Ok(rows) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_read_as_offices_write_it() {
        let read = rows("Name;E-Mail;Groups\nursula;u@example.test;\"staff; lab\"\n\"O'Neil\";;\n").unwrap();
        assert_eq!((read[0].name.as_str(), read[0].email.as_deref()), ("ursula", Some("u@example.test")));
        assert_eq!(read[0].groups, Some(vec!["staff".to_owned(), "lab".to_owned()]));
        // What the command line takes, the page takes as well.
        let read_too = rows("sAMAccountName,Full Name,Attribute cost_center\numa,Uma Thur,17").unwrap();
        assert_eq!((read_too[0].name.as_str(), read_too[0].display_name.as_deref()), ("uma", Some("Uma Thur")));
        assert_eq!(read_too[0].attributes[0], PersonAttribute { name: "cost_center".into(), value: "17".into() });
        assert_eq!((read[1].name.as_str(), read[1].groups.clone()), ("O'Neil", None), "what is empty is not said");
        for (list, fault) in [
            ("", "import-no-name"),
            ("upn\nx", "import-no-name"),
            ("name,token\nx,yes", "import-column"),
            ("name,mail,e-mail\nx,y,z", "import-twice"),
            ("name\n", "import-empty"),
            ("name,upn\na,b,c", "import-unread"),
        ] {
            assert_eq!(rows(list), Err(fault), "{list}");
        }
    }
}
