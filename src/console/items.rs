//! The data items that a policy asks for, as fields of a form: the limits of each told before, and what is wrong told at it.

use super::pattern;
use super::visit::Visit;
use crate::cm::data_item::DataItem;
use crate::cm::hidden::is_hidden;
use crate::cm::policy::PolicyDataItem;
use crate::pages::fields::{Faults, Field};
use crate::pages::form::Form;
use crate::server::Refused;
use maud::{Markup, html};
use std::fmt::Write;
use time::Date;
use time::format_description::well_known::Iso8601;

/// Bounds a value that has one line to be typed in, in characters.
const ONE_LINE: u32 = 256;

/// Returns the name of an item's field, which is its id, too: whatever an item is called, no two share one.
pub fn field(name: &str) -> String {
    let mut field = "item-".to_owned();
    for byte in name.bytes() {
        // Writing into memory fails nowhere.
        let _ = match byte.is_ascii_alphanumeric() {
            true => write!(field, "{}", char::from(byte)),
            false => write!(field, "_{byte:02x}"),
        };
    }
    field
}

/// Lists all that was typed, also for items that nobody asks for any more, by their names.
pub fn typed(form: &Form) -> Vec<(String, String)> {
    let typed = form.fields().filter(|(_, value)| !value.trim().is_empty());
    typed.filter_map(|(field, value)| Some((item(field)?, value.to_owned()))).collect()
}

/// Returns the name of the item that a field is for.
fn item(field: &str) -> Option<String> {
    let mut rest = field.strip_prefix("item-")?.bytes();
    let mut name = Vec::new();
    while let Some(byte) = rest.next() {
        name.push(match byte {
            b'_' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            plain => plain,
        });
    }
    String::from_utf8(name).ok()
}

/// Reads what was typed; what was left empty is not there.
pub fn read(items: &[PolicyDataItem], form: &Form) -> Vec<DataItem> {
    let given = items.iter().map(|item| (item, form.one(&field(&item.name)).to_owned()));
    let given = given.filter(|(_, value)| !value.is_empty());
    given.map(|(item, value)| DataItem { name: item.name.clone(), value: Some(value) }).collect()
}

/// Says what is wrong with what was typed, as far as can be told without the server.
pub fn judge(visit: &Visit<'_>, items: &[PolicyDataItem], form: &Form, faults: &mut Faults) {
    for item in items {
        let field = field(&item.name);
        if let Some(text) = wrong(visit, item, form.one(&field)) {
            faults.add(&field, text);
        }
    }
}

fn wrong(visit: &Visit<'_>, item: &PolicyDataItem, value: &str) -> Option<String> {
    let told = |id| Some(visit.with(id, &[("name", (&item.name).into())]));
    let outside = || Some(format!("{} {}", told("item-outside")?, limits(visit, item)));
    if value.is_empty() {
        return if item.required { told("item-missing") } else { None };
    }
    if value.chars().any(is_hidden) {
        return told("item-hidden");
    }
    let found = value.chars().count();
    let fits = u32::try_from(found).is_ok_and(|found| (item.min_length..=longest(item)).contains(&found));
    match item.kind.as_str() {
        "choice" if !item.choices.iter().any(|choice| choice == value) => told("item-choice"),
        "yes-no" if !["yes", "no"].contains(&value) => told("item-choice"),
        "number" => match value.parse::<f64>().ok().filter(|number| number.is_finite()) {
            None => told("item-number"),
            Some(number) => {
                let bound = |text: &str| text.parse::<f64>().ok();
                let low = bound(&item.minimum).is_some_and(|least| number < least);
                let high = bound(&item.maximum).is_some_and(|most| number > most);
                if low || high { outside() } else { None }
            }
        },
        "date" => match day(value) {
            None => told("item-date"),
            Some(at) => {
                let low = day(&item.minimum).is_some_and(|first| at < first);
                let high = day(&item.maximum).is_some_and(|last| at > last);
                if low || high { outside() } else { None }
            }
        },
        "text" if !fits => {
            let values = [
                ("name", (&item.name).into()),
                ("found", found.into()),
                ("least", item.min_length.into()),
                ("most", longest(item).into()),
            ];
            Some(visit.with("item-length", &values))
        }
        _ => None,
    }
}

/// Tells at its field what the server has refused; `false`: the refusal is about no field of these.
pub fn refused(visit: &Visit<'_>, items: &[PolicyDataItem], refused: &Refused, faults: &mut Faults) -> bool {
    let Some(item) = items.iter().find(|item| refused.names("item", &item.name)) else {
        return false;
    };
    let id = match refused.code {
        "data-item-missing" => "item-missing",
        "data-item-invalid" if item.kind == "email" => "item-email",
        "data-item-invalid" if !item.pattern.is_empty() => "item-pattern",
        "data-item-invalid" => "item-refused",
        _ => return false,
    };
    let text = visit.with(id, &[("name", (&item.name).into())]);
    let words =
        if id == "item-pattern" { format!("{text} {}", pattern::in_words(visit.texts, &item.pattern)) } else { text };
    faults.add(&field(&item.name), words);
    true
}

/// Writes the fields, with what was typed.
pub fn fields(visit: &Visit<'_>, items: &[PolicyDataItem], form: &Form, faults: &Faults) -> Markup {
    html! { @for item in items { (one(visit, item, form, faults)) } }
}

fn one(visit: &Visit<'_>, item: &PolicyDataItem, form: &Form, faults: &Faults) -> Markup {
    let (name, hint) = (field(&item.name), hint(visit, item));
    let label = crate::pages::texts::visible(&item.name);
    let kind = match item.kind.as_str() {
        "date" => "date",
        "email" => "email",
        _ => "text",
    };
    let most = usize::try_from(longest(item)).unwrap_or(usize::MAX);
    let hint = Some(hint.as_str()).filter(|hint| !hint.is_empty());
    // Whoever comes back finds what was typed: with "off" a browser would keep nothing.
    let field = Field {
        autocomplete: "on",
        hint,
        kind,
        required: item.required,
        most,
        ..Field::text(&name, &label, form.one(&name))
    };
    let choice = |values: Vec<(String, String)>| {
        let none = (String::new(), visit.t("item-choose"));
        field.choice(visit.texts, faults, &[vec![none], values].concat())
    };
    match item.kind.as_str() {
        "choice" => choice(item.choices.iter().map(|value| (value.clone(), value.clone())).collect()),
        "yes-no" => choice(["yes", "no"].map(|word| (word.to_owned(), visit.t(word))).to_vec()),
        "text" if longest(item) > ONE_LINE => field.lines(visit.texts, faults),
        _ => field.line(visit.texts, faults),
    }
}

/// Returns what is told beside a field: what the item is, its limits, and what becomes of it.
fn hint(visit: &Visit<'_>, item: &PolicyDataItem) -> String {
    let described = crate::pages::texts::visible(item.description.trim());
    let ended = match described.chars().last() {
        Some(last) if last.is_alphanumeric() => format!("{described}."),
        _ => described,
    };
    let forgotten = if item.stored { String::new() } else { visit.t("item-not-kept") };
    let told: Vec<String> =
        [ended, limits(visit, item), forgotten].into_iter().filter(|text| !text.is_empty()).collect();
    told.join(" ")
}

/// Returns the limits of an item in a sentence; empty where it has none to tell.
fn limits(visit: &Visit<'_>, item: &PolicyDataItem) -> String {
    let shown =
        |bound: &str| day(bound).map_or_else(|| bound.to_owned(), |at| visit.texts.day(at.midnight().assume_utc()));
    let between = |kind: &str| {
        let id = match (item.minimum.is_empty(), item.maximum.is_empty()) {
            (true, true) => format!("item-{kind}-any"),
            (false, true) => format!("item-{kind}-least"),
            (true, false) => format!("item-{kind}-most"),
            (false, false) => format!("item-{kind}-between"),
        };
        visit.with(&id, &[("least", (&shown(&item.minimum)).into()), ("most", (&shown(&item.maximum)).into())])
    };
    match item.kind.as_str() {
        "number" => between("number"),
        "date" => between("date"),
        "choice" | "yes-no" | "email" => String::new(),
        _ => {
            let ends = [("least", item.min_length.into()), ("most", longest(item).into())];
            let length = visit.with(if item.min_length > 1 { "item-from-to" } else { "item-at-most" }, &ends);
            match item.pattern.is_empty() {
                true => length,
                false => format!("{length} {}", pattern::in_words(visit.texts, &item.pattern)),
            }
        }
    }
}

/// Returns the most characters of a value; a policy of a server that does not say has the bound of the API.
fn longest(item: &PolicyDataItem) -> u32 {
    if item.max_length == 0 {
        u32::try_from(crate::cm::check::MAX_ITEM_VALUE).unwrap_or(u32::MAX)
    } else {
        item.max_length
    }
}

/// Reads a day such as 2026-01-31.
fn day(text: &str) -> Option<Date> {
    Date::parse(text, &Iso8601::DATE).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_items_share_a_field() {
        let names = ["Phone", "phone", "Pri vate", "Pri_vate", "Pri_20vate", "Straße", "<b>", ""];
        let fields: std::collections::BTreeSet<String> = names.iter().map(|name| field(name)).collect();
        assert_eq!(fields.len(), names.len());
        assert!(
            fields.iter().all(|name| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)))
        );
    }
}
