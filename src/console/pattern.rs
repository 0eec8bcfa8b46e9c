//! Says in words what a pattern of a policy wants, for people who read no regular expressions.

use crate::pages::texts::Texts;
use std::iter::Peekable;
use std::str::Chars;

/// Names the sets of characters that words are known for: how patterns spell them, and the text.
const SETS: &[(&str, &str)] = &[
    ("0-9", "pattern-digits"),
    ("A-Z", "pattern-capitals"),
    ("a-z", "pattern-small"),
    ("A-Za-z", "pattern-letters"),
    ("a-zA-Z", "pattern-letters"),
    ("A-Z0-9", "pattern-capitals-digits"),
    ("0-9A-Z", "pattern-capitals-digits"),
    ("A-Za-z0-9", "pattern-letters-digits"),
    ("a-zA-Z0-9", "pattern-letters-digits"),
    ("0-9A-Za-z", "pattern-letters-digits"),
    ("0-9A-F", "pattern-hexadecimal"),
    ("A-F0-9", "pattern-hexadecimal"),
];
/// Bounds the parts that are told; whoever reads more than these reads nothing.
const MOST_PARTS: usize = 8;

/// Is a part of a pattern.
enum Part {
    /// Characters as they stand.
    Text(String),
    /// So many of a set.
    Set { text: &'static str, least: u32, most: Option<u32> },
}

/// Returns the pattern in words; the pattern itself where it is no plain row of characters and sets.
pub fn in_words(texts: Texts<'_>, pattern: &str) -> String {
    // A server binds the whole value so; what somebody has bound himself reads alike.
    let whole = pattern.strip_prefix("^(?:").and_then(|rest| rest.strip_suffix(")$")).unwrap_or(pattern);
    let plain = whole.strip_prefix('^').unwrap_or(whole);
    let plain = plain.strip_suffix('$').filter(|rest| !rest.ends_with('\\')).unwrap_or(plain);
    match parts(plain) {
        Some(parts) if !parts.is_empty() => {
            let told: Vec<String> = parts.iter().map(|part| told(texts, part)).collect();
            texts.with("pattern-in-order", &[("parts", (&told.join(", ")).into())])
        }
        _ => texts.with("pattern-itself", &[("pattern", whole.into())]),
    }
}

fn told(texts: Texts<'_>, part: &Part) -> String {
    match part {
        Part::Text(text) => texts.with("pattern-text", &[("text", text.into())]),
        Part::Set { text, least, most } => {
            let what = |count: u32| texts.with(text, &[("count", count.into())]);
            let numbers = |id, what: String, least: u32, most: u32| {
                texts.with(id, &[("least", least.into()), ("most", most.into()), ("what", (&what).into())])
            };
            match most {
                Some(most) if most == least => numbers("pattern-exactly", what(*least), *least, *most),
                Some(most) if *least == 0 => numbers("pattern-at-most", what(*most), *least, *most),
                Some(most) => numbers("pattern-from-to", what(*most), *least, *most),
                None if *least == 0 => numbers("pattern-any", what(2), *least, 0),
                None => numbers("pattern-at-least", what(*least), *least, 0),
            }
        }
    }
}

/// Reads the parts; `None` where the pattern has one that is none of these.
fn parts(pattern: &str) -> Option<Vec<Part>> {
    let mut parts: Vec<Part> = Vec::new();
    let mut rest = pattern.chars().peekable();
    while let Some(first) = rest.next() {
        let set = match first {
            '[' => Some(set(&mut rest)?),
            '\\' => match rest.next()? {
                'd' => Some("pattern-digits"),
                other if other.is_ascii_punctuation() => {
                    add(&mut parts, other);
                    None
                }
                _ => return None,
            },
            '.' | '(' | ')' | '|' | '*' | '+' | '?' | '{' | '}' | '^' | '$' | ']' => return None,
            other => {
                add(&mut parts, other);
                None
            }
        };
        match (set, count(&mut rest)?) {
            (Some(text), (least, most)) => parts.push(Part::Set { text, least, most }),
            (None, (1, Some(1))) => {}
            // Characters that may be missing or come again are told by the pattern itself.
            (None, _) => return None,
        }
        if parts.len() > MOST_PARTS {
            return None;
        }
    }
    Some(parts)
}

/// Adds a character as it stands.
fn add(parts: &mut Vec<Part>, character: char) {
    match parts.last_mut() {
        Some(Part::Text(text)) => text.push(character),
        _ => parts.push(Part::Text(character.to_string())),
    }
}

/// Reads what stands between brackets.
fn set(rest: &mut Peekable<Chars<'_>>) -> Option<&'static str> {
    let mut inside = String::new();
    loop {
        match rest.next()? {
            ']' => break,
            other => inside.push(other),
        }
    }
    SETS.iter().find(|(known, _)| *known == inside).map(|(_, text)| *text)
}

/// Reads how often a part comes; once where nothing says so.
fn count(rest: &mut Peekable<Chars<'_>>) -> Option<(u32, Option<u32>)> {
    let counted = match rest.peek() {
        Some('+') => (1, None),
        Some('*') => (0, None),
        Some('?') => (0, Some(1)),
        Some('{') => {
            let mut inside = String::new();
            rest.next();
            while rest.peek().is_some_and(|next| *next != '}') {
                inside.extend(rest.next());
            }
            match inside.split_once(',') {
                None => (inside.parse().ok()?, Some(inside.parse().ok()?)),
                Some((least, "")) => (least.parse().ok()?, None),
                Some((least, most)) => (least.parse().ok()?, Some(most.parse().ok()?)),
            }
        }
        _ => return Some((1, Some(1))),
    };
    rest.next()?;
    Some(counted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pages::texts::{Catalogue, Language};

    #[test]
    fn a_pattern_is_told_in_words_or_as_it_is() {
        let catalogue = Catalogue::new(&[
            (Language::English, include_str!("texts/en/ask.ftl")),
            (Language::German, include_str!("texts/de/ask.ftl")),
        ]);
        let [english, german] = Language::ALL.map(|language| catalogue.texts(language));
        for (pattern, words) in [
            (r"^(?:\+[0-9]{4,15})$", "In this order: “+”, 4 to 15 digits."),
            (r"\+[0-9]{4,15}", "In this order: “+”, 4 to 15 digits."),
            (r"^[A-Z]{2}-\d{5}$", "In this order: exactly 2 capital letters A to Z, “-”, exactly 5 digits."),
            ("[A-Za-z]+", "In this order: at least 1 letter A to Z."),
            ("K[0-9]?", "In this order: “K”, at most 1 digit."),
            ("(IT|HR)", "It has to match the pattern (IT|HR)."),
            ("[^0-9]", "It has to match the pattern [^0-9]."),
            ("a+", "It has to match the pattern a+."),
            ("[0-9", "It has to match the pattern [0-9."),
            ("[0-9]{4", "It has to match the pattern [0-9]{4."),
            ("", "It has to match the pattern ."),
        ] {
            assert_eq!(in_words(english, pattern), words, "{pattern}");
        }
        assert_eq!(in_words(german, r"\+[0-9]{4,15}"), "In dieser Reihenfolge: „+“, 4 bis 15 Ziffern.");
    }
}
