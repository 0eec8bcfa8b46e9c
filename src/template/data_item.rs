//! Reads the rules of data items, what a request collects and from whom, and judges values by them.

use super::located::{Misplaced, Source, parsed};
use super::place::Place;
use super::raw_policy::{RawBound, RawDataItem, RawDataItemTable};
use crate::cm::check::{MAX_DATA_ITEMS, MAX_ITEM_NAME, MAX_ITEM_VALUE};
use crate::cm::hidden::is_hidden;
use crate::cm::policy::PolicyDataItem;
use lettre::Address;
use regex::{Regex, RegexBuilder};
use std::ops::RangeInclusive;
use time::Date;
use time::format_description::well_known::Iso8601;
use toml::Spanned;

/// Bounds a pattern, in characters.
const MAX_PATTERN: usize = 256;
/// Bounds a compiled pattern, in bytes.
const MAX_COMPILED: usize = 64 * 1024;
/// Bounds the values to choose from.
const MAX_CHOICES: usize = 64;
/// Bounds a value where the template does not say, in characters.
const DEFAULT_LENGTH: u32 = 256;
/// Is the length of a date such as 2026-01-31.
const DATE_LENGTH: usize = 10;

/// Says who gives an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one who makes the request, together with it.
    Originator,
    /// The one the request is for.
    Subscriber,
    /// The one who asks for another person, or approves.
    Manager,
}

/// Says what kind of value an item has.
#[derive(Clone, Debug)]
pub enum ItemKind {
    Text { pattern: Option<Regex> },
    Number { bounds: RangeInclusive<f64> },
    Date { bounds: RangeInclusive<Date> },
    Email,
    Choice { among: Vec<String> },
    YesNo,
}

/// Holds the rules of one data item.
#[derive(Clone, Debug)]
pub struct DataItemRule {
    pub name: String,
    pub description: String,
    pub kind: ItemKind,
    pub side: Side,
    pub required: bool,
    /// False: the value is judged and not stored; only that it was given is remembered.
    pub stored: bool,
    /// It may be given after an approval, which then does not cover it.
    pub after_approval: bool,
    /// The length of a value, in characters.
    pub length: RangeInclusive<u32>,
    /// Where in certificates the value stands.
    pub places: Vec<Place>,
}

/// Says why a value is not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ItemProblem {
    #[error("it holds a character that is not seen: a control character, or one of no width or of direction")]
    HiddenCharacter,
    #[error("it has {found} characters; from {least} to {most} are taken")]
    Length { found: usize, least: u32, most: u32 },
    #[error("it has not the form the template wants")]
    Pattern,
    #[error("it is no number")]
    NotANumber,
    #[error("it is no date such as 2026-01-31")]
    NotADate,
    #[error("it is no e-mail address")]
    NotAnAddress,
    #[error("it is neither yes nor no")]
    NotYesOrNo,
    #[error("it is none of: {0}")]
    NotAmong(String),
    #[error("it is not from {0} to {1}")]
    OutOfBounds(String, String),
    #[error("it cannot stand as {0} in a certificate")]
    Unfit(&'static str),
}

impl Side {
    /// Returns the word in templates.
    pub fn word(self) -> &'static str {
        match self {
            Self::Originator => "originator",
            Self::Subscriber => "subscriber",
            Self::Manager => "manager",
        }
    }

    /// Reads the word in templates.
    fn from_word(word: &str) -> Result<Self, &'static str> {
        [Self::Originator, Self::Subscriber, Self::Manager]
            .into_iter()
            .find(|side| side.word() == word)
            .ok_or("known are \"originator\", \"subscriber\" and \"manager\"")
    }
}

impl ItemKind {
    /// Returns the word in templates and on the wire.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Text { .. } => "text",
            Self::Number { .. } => "number",
            Self::Date { .. } => "date",
            Self::Email => "email",
            Self::Choice { .. } => "choice",
            Self::YesNo => "yes-no",
        }
    }
}

impl DataItemRule {
    /// Makes the rules of an item of which only the name is written: a text that the one who asks must give.
    fn named(name: String) -> Self {
        Self {
            name,
            description: String::new(),
            kind: ItemKind::Text { pattern: None },
            side: Side::Originator,
            required: true,
            stored: true,
            after_approval: false,
            length: 1..=DEFAULT_LENGTH,
            places: Vec::new(),
        }
    }

    /// Returns how long a value may be, in characters.
    pub fn longest(&self) -> usize {
        match &self.kind {
            ItemKind::Date { .. } => DATE_LENGTH,
            ItemKind::YesNo => "yes".len(),
            ItemKind::Choice { among } => among.iter().map(|choice| choice.chars().count()).max().unwrap_or(0),
            ItemKind::Text { .. } | ItemKind::Number { .. } | ItemKind::Email => {
                usize::try_from(*self.length.end()).unwrap_or(usize::MAX)
            }
        }
    }

    /// Judges a value and returns it in the form in which it is stored.
    pub fn judge(&self, value: &str) -> Result<String, ItemProblem> {
        if value.chars().any(is_hidden) {
            return Err(ItemProblem::HiddenCharacter);
        }
        let value = value.trim();
        let found = value.chars().count();
        if !u32::try_from(found).is_ok_and(|found| self.length.contains(&found)) {
            return Err(ItemProblem::Length { found, least: *self.length.start(), most: *self.length.end() });
        }
        if let Some(place) = self.places.iter().find(|place| !place.takes(value)) {
            return Err(ItemProblem::Unfit(place.name()));
        }
        let kept = value.to_owned();
        match &self.kind {
            ItemKind::Text { pattern: Some(pattern) } if !pattern.is_match(value) => Err(ItemProblem::Pattern),
            ItemKind::Text { .. } => Ok(kept),
            ItemKind::Number { bounds } => {
                let number = value.parse::<f64>().ok().filter(|number| number.is_finite());
                within(bounds, &number.ok_or(ItemProblem::NotANumber)?).map(|()| kept)
            }
            ItemKind::Date { bounds } => within(bounds, &date(value).ok_or(ItemProblem::NotADate)?).map(|()| kept),
            ItemKind::Email if value.parse::<Address>().is_err() => Err(ItemProblem::NotAnAddress),
            ItemKind::Email => Ok(kept),
            ItemKind::Choice { among } if !among.contains(&kept) => Err(ItemProblem::NotAmong(among.join(", "))),
            ItemKind::Choice { .. } => Ok(kept),
            ItemKind::YesNo => match value.to_ascii_lowercase().as_str() {
                "yes" | "true" => Ok("yes".to_owned()),
                "no" | "false" => Ok("no".to_owned()),
                _ => Err(ItemProblem::NotYesOrNo),
            },
        }
    }

    /// Returns the rule as the policy on the wire shows it.
    pub fn shown(&self) -> PolicyDataItem {
        let (mut minimum, mut maximum, mut choices, mut shown_pattern) = (None, None, Vec::new(), String::new());
        match &self.kind {
            ItemKind::Text { pattern } => shown_pattern = pattern.as_ref().map(Regex::to_string).unwrap_or_default(),
            ItemKind::Number { bounds } => {
                minimum = Some(bounds.start()).filter(|bound| bound.is_finite()).map(ToString::to_string);
                maximum = Some(bounds.end()).filter(|bound| bound.is_finite()).map(ToString::to_string);
            }
            ItemKind::Date { bounds } => {
                minimum = Some(bounds.start()).filter(|bound| **bound != Date::MIN).map(ToString::to_string);
                maximum = Some(bounds.end()).filter(|bound| **bound != Date::MAX).map(ToString::to_string);
            }
            ItemKind::Choice { among } => choices = among.clone(),
            ItemKind::Email | ItemKind::YesNo => {}
        }
        PolicyDataItem {
            name: self.name.clone(),
            description: self.description.clone(),
            kind: self.kind.word().to_owned(),
            from: self.side.word().to_owned(),
            required: self.required,
            stored: self.stored,
            min_length: *self.length.start(),
            max_length: *self.length.end(),
            pattern: shown_pattern,
            choices,
            minimum: minimum.unwrap_or_default(),
            maximum: maximum.unwrap_or_default(),
        }
    }
}

/// Checks a value against its bounds.
fn within<T: PartialOrd + ToString>(bounds: &RangeInclusive<T>, value: &T) -> Result<(), ItemProblem> {
    if bounds.contains(value) {
        return Ok(());
    }
    Err(ItemProblem::OutOfBounds(bounds.start().to_string(), bounds.end().to_string()))
}

/// Reads a date such as 2026-01-31.
fn date(text: &str) -> Option<Date> {
    // The crate also takes week and ordinal dates; people do not.
    let plain = text.len() == DATE_LENGTH && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
    if plain { Date::parse(text, &Iso8601::DATE).ok() } else { None }
}

/// Checks the data items of a workflow.
pub(super) fn rules(source: &Source<'_>, raw: &[Spanned<RawDataItem>]) -> Result<Vec<DataItemRule>, Misplaced> {
    let mut rules: Vec<DataItemRule> = Vec::new();
    for item in raw {
        let rule = match item.get_ref() {
            RawDataItem::Name(name) => DataItemRule::named(name.trim().to_owned()),
            RawDataItem::Table(table) => rule(source, item, table)?,
        };
        if rule.name.is_empty() || rule.name.chars().count() > MAX_ITEM_NAME || rule.name.chars().any(is_hidden) {
            let problem = format!("a data item has a name of at most {MAX_ITEM_NAME} printable characters");
            return Err(source.wrong(item, problem));
        }
        if rules.iter().any(|known| same_name(&known.name, &rule.name)) {
            return Err(source.wrong(item, format!("there are two data items \"{}\"", rule.name)));
        }
        if rules.len() >= MAX_DATA_ITEMS {
            return Err(source.wrong(item, format!("a workflow collects at most {MAX_DATA_ITEMS} data items")));
        }
        rules.push(rule);
    }
    Ok(rules)
}

/// Says whether two names are the same but for letter case.
pub fn same_name(one: &str, other: &str) -> bool {
    one.to_lowercase() == other.to_lowercase()
}

/// Checks an item that is written as a table.
fn rule(source: &Source<'_>, item: &Spanned<RawDataItem>, raw: &RawDataItemTable) -> Result<DataItemRule, Misplaced> {
    let least = raw.min_length.as_ref().map_or(1, |length| *length.get_ref());
    let most = raw.max_length.as_ref().map_or(least.max(DEFAULT_LENGTH), |length| *length.get_ref());
    if least > most || most as usize > MAX_ITEM_VALUE || most == 0 {
        return Err(source.wrong(item, format!("lengths are from min_length to max_length, at most {MAX_ITEM_VALUE}")));
    }
    Ok(DataItemRule {
        kind: kind(source, item, raw)?,
        side: raw.from.as_ref().map_or(Ok(Side::Originator), |from| parsed(source, from, Side::from_word))?,
        name: raw.name.get_ref().trim().to_owned(),
        description: raw.description.clone(),
        required: raw.required.unwrap_or(true),
        stored: raw.stored.unwrap_or(true),
        after_approval: raw.after_approval,
        length: least..=most,
        places: Vec::new(),
    })
}

/// Reads the kind of an item; refuses keys that mean nothing for it.
fn kind(source: &Source<'_>, item: &Spanned<RawDataItem>, raw: &RawDataItemTable) -> Result<ItemKind, Misplaced> {
    let kind = match raw.kind.as_ref().map_or("text", |kind| kind.get_ref().as_str()) {
        "text" => {
            ItemKind::Text { pattern: raw.pattern.as_ref().map(|text| parsed(source, text, compiled)).transpose()? }
        }
        "number" => ItemKind::Number {
            bounds: number_bound(source, &raw.minimum, f64::NEG_INFINITY)?
                ..=number_bound(source, &raw.maximum, f64::INFINITY)?,
        },
        "date" => ItemKind::Date {
            bounds: date_bound(source, &raw.minimum, Date::MIN)?..=date_bound(source, &raw.maximum, Date::MAX)?,
        },
        "email" => ItemKind::Email,
        "yes-no" => ItemKind::YesNo,
        "choice" => match raw.choices.as_ref().map(Spanned::get_ref) {
            Some(among) if (1..=MAX_CHOICES).contains(&among.len()) => ItemKind::Choice { among: among.clone() },
            _ => return Err(source.wrong(item, format!("a choice needs from 1 to {MAX_CHOICES} choices"))),
        },
        _ => {
            let problem = "known are \"text\", \"number\", \"date\", \"email\", \"choice\" and \"yes-no\"";
            return Err(raw
                .kind
                .as_ref()
                .map_or_else(|| source.wrong(item, problem), |kind| source.wrong(kind, problem)));
        }
    };
    let strays = [
        ("pattern", raw.pattern.is_some() && !matches!(kind, ItemKind::Text { .. })),
        ("choices", raw.choices.is_some() && !matches!(kind, ItemKind::Choice { .. })),
        ("minimum and maximum", {
            let bounded = raw.minimum.is_some() || raw.maximum.is_some();
            bounded && !matches!(kind, ItemKind::Number { .. } | ItemKind::Date { .. })
        }),
    ];
    match strays.into_iter().find(|(_, stray)| *stray) {
        Some((key, _)) => Err(source.wrong(item, format!("{key} means nothing for the kind \"{}\"", kind.word()))),
        None => Ok(kind),
    }
}

/// Compiles a pattern, which must match the whole value. Matching takes time in proportion to the value's length,
/// whatever the pattern.
fn compiled(text: &str) -> Result<Regex, String> {
    if text.chars().count() > MAX_PATTERN {
        return Err(format!("a pattern has at most {MAX_PATTERN} characters"));
    }
    let whole = format!("^(?:{text})$");
    RegexBuilder::new(&whole).size_limit(MAX_COMPILED).dfa_size_limit(MAX_COMPILED).build().map_err(|error| {
        let told = error.to_string();
        told.lines().last().unwrap_or("this is no regular expression").trim().to_owned()
    })
}

/// Reads the bound of a number; `none` where there is none.
fn number_bound(source: &Source<'_>, raw: &Option<Spanned<RawBound>>, none: f64) -> Result<f64, Misplaced> {
    match raw.as_ref().map(|bound| (bound, bound.get_ref())) {
        None => Ok(none),
        Some((_, RawBound::Number(number))) if number.is_finite() => Ok(*number),
        Some((bound, _)) => Err(source.wrong(bound, "the bound of a number is a number")),
    }
}

/// Reads the bound of a date; `none` where there is none.
fn date_bound(source: &Source<'_>, raw: &Option<Spanned<RawBound>>, none: Date) -> Result<Date, Misplaced> {
    match raw.as_ref().map(|bound| (bound, bound.get_ref())) {
        None => Ok(none),
        Some((bound, RawBound::Text(text))) => {
            date(text).ok_or_else(|| source.wrong(bound, "the bound of a date is a date such as \"2026-01-31\""))
        }
        Some((bound, RawBound::Number(_))) => Err(source.wrong(bound, "the bound of a date is text")),
    }
}
