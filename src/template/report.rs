//! Finds every problem of a template file, not only the first.
//!
//! A value that is wrong is replaced by the example's, a key that is unknown is blanked out, a workflow that cannot be
//! is left out; then the text is read again. Lines stay where they are.

use super::located::{Misplaced, Source};
use super::profile_template::ProfileTemplate;
use super::warnings::warnings;
use std::ops::Range;
use std::path::Path;
use toml::de::{DeTable, DeValue};

/// Holds the example template, whose values stand in for wrong ones.
const EXAMPLE: &str = include_str!("example.toml");
/// Stands in for extended key usages that are wrong; every key may have it.
const HARMLESS: &str = "[\"emailProtection\"]";
/// Bounds the problems that are reported.
const MOST_PROBLEMS: usize = 64;

/// Reports what is wrong or unusual in a template file.
#[derive(Debug)]
pub struct Report {
    /// What must be mended before the template can be used.
    pub problems: Vec<Misplaced>,
    /// What can be used, but looks unintended.
    pub warnings: Vec<Misplaced>,
    /// The template; `None` when there are problems.
    pub template: Option<ProfileTemplate>,
}

impl Report {
    /// Checks a template's text; `file` is named in what is reported.
    pub fn of(file: &Path, text: &str) -> Self {
        let mut problems: Vec<Misplaced> = Vec::new();
        let mut mended = text.to_owned();
        // A key may be mended twice: by the example's value, and by leaving it out.
        for _ in 0..2 * MOST_PROBLEMS {
            let problem = match ProfileTemplate::parse(file, &mended) {
                Ok(template) => {
                    let source = Source::new(file, text);
                    let located = |(key, told): (String, String)| {
                        source.misplaced(place(text, &key).map_or(0..0, |place| place.key), told)
                    };
                    let warnings = warnings(&template).into_iter().map(located).collect();
                    let template = Some(template).filter(|_| problems.is_empty());
                    problems.sort_by_key(|problem| (problem.line, problem.column));
                    return Self { problems, warnings, template };
                }
                Err(problem) => problem,
            };
            // A key that was blanked out here is not missing in the file.
            let ours = |known: &Misplaced| {
                let leaf = known.key.strip_prefix(&problem.key).and_then(|rest| rest.strip_prefix('.'));
                leaf.is_some_and(|leaf| problem.problem == format!("missing field `{leaf}`"))
            };
            let blanked = problems.iter().any(ours);
            let again = problems.iter().any(|known| known.key == problem.key);
            let next = mend(&mended, &problem.key, again);
            // What is wrong with the substitute of a reported key need not be reported.
            if !again && !blanked {
                problems.push(problem);
            }
            match next {
                Some(next) if next != mended => mended = next,
                _ => break,
            }
        }
        problems.sort_by_key(|problem| (problem.line, problem.column));
        Self { problems, warnings: Vec::new(), template: None }
    }
}

/// Names the keys of a template whose values are secrets of cards that nobody has set up yet.
const DEFAULTS: [&str; 3] = [
    "smartcard.default_admin_key_hex",
    "smartcard.admin_pin_policy.default_value",
    "smartcard.user_pin_policy.default_value",
];

/// Returns a template's text without what its cards come with: each such value is empty.
pub fn without_defaults(text: &str) -> String {
    let mut text = text.to_owned();
    for key in DEFAULTS {
        if let Some(place) = place(&text, key) {
            text.replace_range(place.value, "\"\"");
        }
    }
    text
}

/// Says where a key and its value stand in the text.
struct Place {
    key: Range<usize>,
    value: Range<usize>,
    is_section: bool,
}

/// Finds a key by its dotted path.
fn place(text: &str, path: &str) -> Option<Place> {
    let document = DeTable::parse(text).ok()?;
    find(text, document.get_ref(), path)
}

/// Finds a key below a table.
fn find(text: &str, table: &DeTable<'_>, path: &str) -> Option<Place> {
    let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
    let (key, value) = table.iter().find(|(key, _)| key.get_ref() == head)?;
    match (rest, value.get_ref()) {
        (None, inner) => {
            let written = text.get(value.span()).unwrap_or("");
            let is_section = matches!(inner, DeValue::Table(_)) && written.starts_with('[');
            Some(Place { key: key.span(), value: value.span(), is_section })
        }
        (Some(rest), DeValue::Table(inner)) => find(text, inner, rest),
        _ => None,
    }
}

/// Returns the text without what is wrong at `path`: with the example's value instead, or where there is none, or
/// `again` is true, with the key blanked out. `None` when the key cannot be found.
fn mend(text: &str, path: &str, again: bool) -> Option<String> {
    let place = place(text, path)?;
    if place.is_section {
        return Some(blanked(text, section(text, path, &place)?));
    }
    let of_any_workflow = match path.split('.').collect::<Vec<_>>().as_slice() {
        ["workflows", _, key] => format!("workflows.enroll.{key}"),
        _ => path.to_owned(),
    };
    let example = EXAMPLE.replace("@UUID@", "00000000-0000-4000-8000-000000000001");
    let good = self::place(&example, &of_any_workflow).and_then(|place| example.get(place.value).map(str::to_owned));
    // The example's purposes log its holder on, which not every key may do.
    let good = if path == "certificate.extended_key_usages" { Some(HARMLESS.to_owned()) } else { good };
    match good.filter(|_| !again) {
        Some(good) => {
            let lines = text.get(place.value.clone())?.matches('\n').count();
            let missing = "\n".repeat(lines.saturating_sub(good.matches('\n').count()));
            Some(format!("{}{good}{missing}{}", text.get(..place.value.start)?, text.get(place.value.end..)?))
        }
        None => Some(blanked(text, place.key.start..place.value.end)),
    }
}

/// Returns where a `[table]` is with all that belongs to it, its own tables included.
fn section(text: &str, path: &str, place: &Place) -> Option<Range<usize>> {
    let begin = text.get(..place.value.start)?.rfind('\n').map_or(0, |at| at + 1);
    let mut end = begin;
    for line in text.get(begin..)?.split_inclusive('\n') {
        let header = line.trim_start().trim_start_matches('[').trim_start();
        let own = header.starts_with(path);
        if end > begin && line.trim_start().starts_with('[') && !own {
            break;
        }
        end += line.len();
    }
    Some(begin..end)
}

/// Replaces a range by blanks; lines stay where they are.
fn blanked(text: &str, range: Range<usize>) -> String {
    let blank = |at: usize, character: char| if range.contains(&at) && character != '\n' { ' ' } else { character };
    text.char_indices().map(|(at, character)| blank(at, character)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cards_come_with_is_left_out_however_it_is_written() {
        for text in [
            "[smartcard]\ndefault_admin_key_hex = \"0102\"\n[smartcard.admin_pin_policy]\ndefault_value = '12345678'\n",
            "smartcard = { default_admin_key_hex = \"0102\", admin_pin_policy = { default_value = \"12345678\" } }\n",
            "smartcard.default_admin_key_hex = \"\"\"0102\"\"\"\nsmartcard.admin_pin_policy.default_value = \"12345678\"\n",
        ] {
            let left = without_defaults(text);
            assert!(!left.contains("0102") && !left.contains("12345678"), "{left}");
            assert!(left.parse::<toml::Table>().is_ok_and(|table| table.contains_key("smartcard")), "{left}");
        }
        assert_eq!(without_defaults("name = \"x\"\n"), "name = \"x\"\n");
    }
}
