//! The texts of pages: one catalogue a language (Project Fluent), chosen by what the browser says or the person has chosen.

use axum::http::{HeaderMap, header};
use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use time::{OffsetDateTime, UtcOffset};
use unic_langid::LanguageIdentifier;

/// Names the languages in which pages are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Language {
    English,
    German,
}

impl Language {
    /// Lists all languages, the one first that is taken where none is asked for.
    pub const ALL: [Self; 2] = [Self::English, Self::German];

    /// Returns the tag (BCP 47).
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    /// Returns the language's own name.
    pub fn name(self) -> &'static str {
        match self {
            Self::English => "English",
            Self::German => "Deutsch",
        }
    }

    /// Reads a tag.
    pub fn from_tag(tag: &str) -> Option<Self> {
        let first = tag.split('-').next().unwrap_or_default();
        Self::ALL.into_iter().find(|language| first.eq_ignore_ascii_case(language.tag()))
    }

    /// Chooses by `Accept-Language` (RFC 9110, 12.5.4); English where it names none of ours.
    pub fn accepted(header: &str) -> Self {
        let mut best = (0.0, Self::English);
        for part in header.split(',').take(32) {
            let (tag, quality) = part.split_once(";q=").unwrap_or((part, "1"));
            let quality: f32 = quality.trim().parse().unwrap_or(0.0);
            if let Some(language) = Self::from_tag(tag.trim()).filter(|_| quality > best.0) {
                best = (quality, language);
            }
        }
        best.1
    }

    /// Chooses by what the browser asks for.
    pub fn asked_for(headers: &HeaderMap) -> Self {
        let accepted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        Self::accepted(accepted.unwrap_or_default())
    }

    fn identifier(self) -> LanguageIdentifier {
        LanguageIdentifier::from_bytes(self.tag().as_bytes()).unwrap_or_default()
    }
}

/// Holds all texts of a face.
pub struct Catalogue {
    english: FluentBundle<FluentResource>,
    german: FluentBundle<FluentResource>,
}

/// Holds the texts of one language.
#[derive(Clone, Copy)]
pub struct Texts<'c> {
    catalogue: &'c Catalogue,
    pub language: Language,
}

/// Holds what can stand in a text.
pub enum Value<'v> {
    Text(&'v str),
    Number(u64),
}

impl<'v> From<&'v str> for Value<'v> {
    fn from(text: &'v str) -> Self {
        Self::Text(text)
    }
}

impl<'v> From<&'v String> for Value<'v> {
    fn from(text: &'v String) -> Self {
        Self::Text(text)
    }
}

impl From<u64> for Value<'_> {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<usize> for Value<'_> {
    fn from(number: usize) -> Self {
        Self::Number(u64::try_from(number).unwrap_or(u64::MAX))
    }
}

impl From<u32> for Value<'_> {
    fn from(number: u32) -> Self {
        Self::Number(number.into())
    }
}

impl Catalogue {
    /// Gathers the texts of a face: in each language those of all pages, then the face's own.
    pub fn new(own: &[(Language, &'static str)]) -> Self {
        let common = [
            (Language::English, include_str!("texts/en/common.ftl")),
            (Language::German, include_str!("texts/de/common.ftl")),
        ];
        let bundle = |language: Language| {
            let mut bundle = FluentBundle::new_concurrent(vec![language.identifier()]);
            // What is written from right to left is isolated where it is put in; marks around each number help nobody.
            bundle.set_use_isolating(false);
            let all = common.iter().chain(own).filter(|(of, _)| *of == language);
            for (_, source) in all {
                let resource = match FluentResource::try_new((*source).to_owned()) {
                    Ok(resource) | Err((resource, _)) => resource,
                };
                bundle.add_resource_overriding(resource);
            }
            bundle
        };
        Self { english: bundle(Language::English), german: bundle(Language::German) }
    }

    /// Returns the texts of a language.
    pub fn texts(&self, language: Language) -> Texts<'_> {
        Texts { catalogue: self, language }
    }
}

impl Texts<'_> {
    /// Returns a text.
    pub fn t(&self, id: &str) -> String {
        self.with(id, &[])
    }

    /// Returns a text with what stands in it; the English one where the language lacks it, and its name where that does.
    pub fn with(&self, id: &str, values: &[(&str, Value<'_>)]) -> String {
        self.find(id, values).unwrap_or_else(|| id.to_owned())
    }

    /// Returns a text, if there is one of this name.
    pub fn find(&self, id: &str, values: &[(&str, Value<'_>)]) -> Option<String> {
        let own = match self.language {
            Language::English => &self.catalogue.english,
            Language::German => &self.catalogue.german,
        };
        let mut args = FluentArgs::new();
        for (name, value) in values {
            match value {
                Value::Text(text) => args.set(*name, FluentValue::from(isolated(&visible(text)))),
                Value::Number(number) => args.set(*name, FluentValue::from(*number)),
            }
        }
        let written = |bundle: &FluentBundle<FluentResource>| {
            let pattern = bundle.get_message(id)?.value()?;
            Some(bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned())
        };
        written(own).or_else(|| written(&self.catalogue.english))
    }

    /// Writes a day.
    pub fn day(&self, at: OffsetDateTime) -> String {
        let at = at.to_offset(UtcOffset::UTC);
        let (day, month, year) = (at.day().to_string(), u8::from(at.month()), at.year().to_string());
        let month = u32::from(month);
        self.with("day", &[("day", (&day).into()), ("month", month.into()), ("year", (&year).into())])
    }

    /// Writes a day and a time of day, to the minute, in UTC.
    pub fn moment(&self, at: OffsetDateTime) -> String {
        let at = at.to_offset(UtcOffset::UTC);
        format!("{} {:02}:{:02} UTC", self.day(at), at.hour(), at.minute())
    }

    /// Writes how long ago, or how far ahead, in the largest unit that fits.
    pub fn span(&self, seconds: i64) -> String {
        let seconds = seconds.unsigned_abs();
        let (id, count) = match seconds {
            0..=119 => ("span-seconds", seconds),
            120..=7199 => ("span-minutes", seconds / 60),
            7200..=172_799 => ("span-hours", seconds / 3600),
            _ => ("span-days", seconds / 86_400),
        };
        self.with(id, &[("count", count.into())])
    }

    /// Writes a number with its groups apart.
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut text = String::new();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                text.push(if self.language == Language::English { ',' } else { '.' });
            }
            text.push(digit);
        }
        text
    }
}

/// Replaces what draws nothing or turns the order of letters around (UAX #9), so that a name looks like what it is.
pub fn visible(text: &str) -> String {
    let hidden = |c: char| {
        c.is_control()
            || matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
    };
    text.replace(hidden, "\u{FFFD}")
}

/// Keeps text that is written from right to left from turning its neighbours around (UAX #9, isolates).
fn isolated(text: &str) -> String {
    let turns = |c: char| matches!(c, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}');
    if text.contains(turns) { format!("\u{2068}{text}\u{2069}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_browser_chooses_the_language() {
        for (header, language) in [
            ("de-DE,de;q=0.9,en;q=0.8", Language::German),
            ("fr, en;q=0.7, de;q=0.3", Language::English),
            ("fr", Language::English),
            ("en;q=0.2, de-AT;q=0.5", Language::German),
            ("de;q=x", Language::English),
        ] {
            assert_eq!(Language::accepted(header), language, "{header}");
        }
    }

    #[test]
    fn dates_and_numbers_are_those_of_the_language() {
        let catalogue = Catalogue::new(&[]);
        let at = OffsetDateTime::from_unix_timestamp(1_795_000_000).unwrap();
        let [english, german] = Language::ALL.map(|language| catalogue.texts(language));
        assert_eq!([english.day(at), german.day(at)], ["18 Nov 2026", "18.11.2026"]);
        assert_eq!([english.number(1_234_567), german.number(1_234_567)], ["1,234,567", "1.234.567"]);
        assert_eq!(english.span(60 * 60 * 24 * 3), "3 days");
        assert_eq!(visible("a\u{202E}b\u{1b}"), "a\u{FFFD}b\u{FFFD}");
    }
}
