//! What a template has said before and says now, its file, and what a check says of it.

use super::templates::sentences;
use crate::cm::route::Route;
use crate::cm::template_facts::{TemplateFile, TemplateVersion, TemplateWarning};
use crate::console::place::Place;
use crate::console::trouble::{Trouble, original};
use crate::console::visit::{Shown, Visit};
use crate::pages::layout::{foreign, moment};
use crate::pages::states::{Tone, state};
use crate::pages::tables::Table;
use maud::{Markup, html};
use uuid::Uuid;

/// Sets from which part of their words on two sentences are one that has changed, in percent.
const ALIKE: usize = 50;

/// Is a sentence that has come, gone or changed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Difference {
    heading: String,
    before: Option<String>,
    now: Option<String>,
}

/// Shows what has changed from each version to the next.
pub async fn show(visit: &Visit<'_>, template: Uuid) -> Result<Shown, Trouble> {
    let versions = visit.list::<TemplateVersion>(Route::ListTemplateVersions { template }).await?.entries;
    let name = versions.first().map(|newest| newest.facts.name.clone()).unwrap_or_default();
    let pairs: Vec<_> = versions.iter().zip(versions.iter().skip(1)).collect();
    let content = html! {
        @if let Some(oldest) = versions.last() {
            p { (visit.t("versions-known")) " " (moment(visit.texts, oldest.since)) ". " (visit.t("versions-unknown")) }
        }
        @if pairs.is_empty() { p { (visit.t("versions-none")) } }
        @for (now, before) in pairs { (changes(visit, now, before)) }
        p { a href=(Place::Template(template)) { (visit.with("versions-back", &[("name", (&name).into())])) } }
    };
    Ok(Shown::page(visit.t("versions"), content))
}

/// Writes what has changed from one version to the next.
fn changes(visit: &Visit<'_>, now: &TemplateVersion, before: &TemplateVersion) -> Markup {
    let found = compare(&sentences(visit, &before.facts), &sentences(visit, &now.facts));
    let headings = ["versions-where", "versions-how", "versions-before", "versions-now"].map(|id| visit.t(id));
    let rows: Vec<_> = found.into_iter().map(|it| row(visit, it)).collect();
    let values = [("before", before.version.into()), ("now", now.version.into())];
    html! {
        h2 { (visit.with("versions-from-to", &values)) }
        p { (visit.t("versions-since")) " " (moment(visit.texts, now.since)) "." }
        @if rows.is_empty() { p { (visit.t("versions-same")) } } @else {
            (Table { caption: &visit.with("versions-changes", &values), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        }
    }
}

fn row(visit: &Visit<'_>, it: Difference) -> Vec<Markup> {
    let (tone, how) = match (&it.before, &it.now) {
        (None, _) => (Tone::Good, "versions-came"),
        (Some(_), None) => (Tone::Ended, "versions-went"),
        (Some(_), Some(_)) => (Tone::Waiting, "versions-changed"),
    };
    let said = |sentence: Option<String>| sentence.unwrap_or_else(|| "–".to_owned());
    vec![html! { (it.heading) }, state(tone, &visit.t(how)), foreign(&said(it.before)), foreign(&said(it.now))]
}

/// Compares what was said below each heading with what is said there now.
fn compare(before: &[(String, Vec<String>)], now: &[(String, Vec<String>)]) -> Vec<Difference> {
    let of = |all: &[(String, Vec<String>)], heading: &str| {
        all.iter().find(|(known, _)| known == heading).map(|(_, sentences)| sentences.clone()).unwrap_or_default()
    };
    let gone = before.iter().filter(|(heading, _)| !now.iter().any(|(known, _)| known == heading));
    let mut found = Vec::new();
    for (heading, _) in now.iter().chain(gone) {
        let (mut went, mut came) = (of(before, heading), of(now, heading));
        went.retain(|sentence| !taken(&mut came, sentence));
        for sentence in went {
            let alike = came.iter().enumerate().map(|(at, other)| (alike(&sentence, other), at));
            let best =
                alike.max_by_key(|(alike, at)| (*alike, std::cmp::Reverse(*at))).filter(|(alike, _)| *alike >= ALIKE);
            let now = best.map(|(_, at)| came.remove(at));
            found.push(Difference { heading: heading.clone(), before: Some(sentence), now });
        }
        found.extend(came.into_iter().map(|now| Difference { heading: heading.clone(), before: None, now: Some(now) }));
    }
    found
}

/// Returns how many of the words of the longer of two sentences are in the other, in percent.
fn alike(one: &str, other: &str) -> usize {
    let mut rest: Vec<_> = other.split_whitespace().collect();
    let longer = one.split_whitespace().count().max(rest.len()).max(1);
    one.split_whitespace().filter(|word| taken(&mut rest, word)).count() * 100 / longer
}

/// Takes one out of a list; says whether it was in it.
fn taken<T: PartialEq>(from: &mut Vec<T>, one: &T) -> bool {
    from.iter().position(|other| other == one).map(|at| from.remove(at)).is_some()
}

/// Shows what a check says of the template's file.
pub async fn check(visit: &Visit<'_>, template: Uuid) -> Result<Shown, Trouble> {
    let file: TemplateFile = visit.one(Route::GetTemplateFile { template }).await?;
    let headings = ["check-line", "check-key", "check-told"].map(|id| visit.t(id));
    let row = |found: &TemplateWarning| {
        vec![html! { (found.line) }, html! { span.code { (foreign(&found.key)) } }, original(&found.text)]
    };
    let rows: Vec<_> = file.warnings.iter().map(row).collect();
    let content = html! {
        p role="status" { (visit.with("check-found", &[("count", rows.len().into())])) }
        @if !rows.is_empty() {
            p { (visit.t("check-words")) }
            (Table { caption: &visit.t("check-caption"), headings: &headings, rows: &rows, more: None, newest: None }.write(visit.texts))
        }
        h2 { (visit.t("check-file")) }
        p { (visit.t("check-file-text")) }
        p.acts {
            a.button href=(Place::TemplateFile(template)) download=(file.name) { (visit.with("check-take", &[("name", (&file.name).into())])) }
            a href=(Place::Template(template)) { (visit.t("template-back-to")) }
        }
    };
    Ok(Shown::page(visit.t("check"), content))
}

/// Gives the template's file.
pub async fn file(visit: &Visit<'_>, template: Uuid) -> Result<Shown, Trouble> {
    let file: TemplateFile = visit.one(Route::GetTemplateFile { template }).await?;
    Ok(Shown::File { media_type: "application/toml", name: file.name, bytes: file.text.into_bytes() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(heading: &str, sentences: &[&str]) -> (String, Vec<String>) {
        (heading.to_owned(), sentences.iter().map(|sentence| (*sentence).to_owned()).collect())
    }

    #[test]
    fn what_came_went_and_changed_is_found() {
        let before = [
            said("Card", &["The holder chooses the PIN.", "The PIN has at least 6 characters.", "It is reset."]),
            said("Renewal", &["Needs no approval."]),
        ];
        let now = [
            said(
                "Card",
                &[
                    "The holder chooses the PIN.",
                    "Only cards in stock are issued.",
                    "The PIN has at least 8 characters.",
                ],
            ),
            said("Loan", &["It ends after 8 hours."]),
        ];
        let found = compare(&before, &now);
        let told: Vec<_> =
            found.iter().map(|it| (it.heading.as_str(), it.before.as_deref(), it.now.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("Card", Some("The PIN has at least 6 characters."), Some("The PIN has at least 8 characters.")),
                ("Card", Some("It is reset."), None),
                ("Card", None, Some("Only cards in stock are issued.")),
                ("Loan", None, Some("It ends after 8 hours.")),
                ("Renewal", Some("Needs no approval."), None),
            ]
        );
        assert_eq!(compare(&now, &now), []);
    }
}
