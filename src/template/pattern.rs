//! Reads patterns with placeholders and fills them in: `CN={User!name},O=Example`, `{User!upn}` and `{Data!Department}`.

use super::data_item::same_name;
use crate::pkix::name;

/// Lists the attributes that a subject may have.
const ATTRIBUTES: [&str; 9] = ["CN", "OU", "O", "L", "ST", "C", "DC", "UID", "SERIALNUMBER"];

/// Names the attribute of a user that a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UserAttribute {
    Name,
    Upn,
    Email,
    Sid,
    /// One that the site has named itself.
    Other(String),
}

impl UserAttribute {
    /// Returns the name inside the braces, after `User!`.
    pub fn word(&self) -> &str {
        match self {
            Self::Name => "name",
            Self::Upn => "upn",
            Self::Email => "email",
            Self::Sid => "sid",
            Self::Other(name) => name,
        }
    }
}

/// Tells a user's attributes, when a pattern is filled in.
pub trait Attributes {
    /// Returns the attribute's value; `None` when the user has none.
    fn attribute(&self, attribute: &UserAttribute) -> Option<&str>;
}

/// Holds what patterns are filled with.
pub struct Known<'a, U> {
    pub user: &'a U,
    /// The request's data items, judged by the template's rules: names and values.
    pub items: Vec<(&'a str, String)>,
}

/// Holds a text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

/// Holds text, or a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Blank(Blank),
}

/// Holds a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blank {
    pub meaning: Meaning,
    /// What the pattern makes is left out where there is no value.
    pub is_optional: bool,
}

/// Says what a placeholder stands for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    User(UserAttribute),
    /// The data item of this name.
    Item(String),
}

/// Says why a pattern cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatternError {
    #[error("a \"{{\" has no \"}}\"")]
    Unclosed,
    #[error(
        "\"{{{0}}}\" is unknown; known are {{User!name}}, {{User!upn}}, {{User!email}}, {{User!sid}}, \
         {{User!attribute.NAME}} and {{Data!ITEM}}, each with a \"?\" at its end where the name is left out of a certificate rather than demanded"
    )]
    Unknown(String),
    #[error("\"{0}\" is not an attribute and a value, as in CN={{User!name}}")]
    NoValue(String),
    #[error("the attribute \"{0}\" is unknown; known are CN, OU, O, L, ST, C, DC, UID and SERIALNUMBER")]
    UnknownAttribute(String),
    #[error("a name must not be empty")]
    Empty,
}

/// Names what a pattern needs and nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Missing {
    #[error("the user has no {}", .0.word())]
    Attribute(UserAttribute),
    #[error("the request has no data item \"{0}\"")]
    Item(String),
    #[error("the user has no IP address (\"{0}\" is none)")]
    Address(String),
}

impl<U: Attributes> Known<'_, U> {
    /// Returns what a placeholder stands for; `None` when that is not known.
    fn value(&self, meaning: &Meaning) -> Option<&str> {
        match meaning {
            Meaning::User(attribute) => self.user.attribute(attribute),
            Meaning::Item(name) => {
                let item = self.items.iter().find(|(known, _)| same_name(known, name));
                item.map(|(_, value)| value.as_str())
            }
        }
    }
}

impl Pattern {
    /// Reads text with placeholders.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            if !before.is_empty() {
                pieces.push(Piece::Text(before.to_owned()));
            }
            let (word, after) = after.split_once('}').ok_or(PatternError::Unclosed)?;
            pieces.push(Piece::Blank(blank(word)?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        if pieces.is_empty() { Err(PatternError::Empty) } else { Ok(Self(pieces)) }
    }

    /// Fills in what is known; `None` where a placeholder that is optional has no value, and an error where another has
    /// none.
    pub fn fill(&self, known: &Known<'_, impl Attributes>) -> Result<Option<String>, Missing> {
        self.fill_as(known, str::to_owned)
    }

    /// Fills in what is known, each value as `spelled` writes it.
    pub fn fill_as(
        &self,
        known: &Known<'_, impl Attributes>,
        spelled: impl Fn(&str) -> String,
    ) -> Result<Option<String>, Missing> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Blank(blank) => match (known.value(&blank.meaning), &blank.meaning) {
                    (Some(value), _) => filled.push_str(&spelled(value)),
                    (None, _) if blank.is_optional => return Ok(None),
                    (None, Meaning::User(attribute)) => return Err(Missing::Attribute(attribute.clone())),
                    (None, Meaning::Item(name)) => return Err(Missing::Item(name.clone())),
                },
            }
        }
        Ok(Some(filled))
    }

    /// Lists the placeholders.
    pub fn blanks(&self) -> impl Iterator<Item = &Blank> {
        self.0.iter().filter_map(|piece| match piece {
            Piece::Text(_) => None,
            Piece::Blank(blank) => Some(blank),
        })
    }

    /// Lists the data items that fill it.
    pub fn items(&self) -> impl Iterator<Item = &str> {
        self.blanks().filter_map(|blank| match &blank.meaning {
            Meaning::User(_) => None,
            Meaning::Item(name) => Some(name.as_str()),
        })
    }

    /// Returns the placeholder that is all of it; `None` where there is text too, or another placeholder.
    pub fn sole(&self) -> Option<&Blank> {
        match self.0.as_slice() {
            [Piece::Blank(blank)] => Some(blank),
            _ => None,
        }
    }

    /// Returns the text, with `stand_in` for each placeholder.
    pub fn with(&self, stand_in: &str) -> String {
        let pieces = self.0.iter().map(|piece| match piece {
            Piece::Text(text) => text.as_str(),
            Piece::Blank(_) => stand_in,
        });
        pieces.collect()
    }
}

/// Reads the text inside the braces.
fn blank(word: &str) -> Result<Blank, PatternError> {
    let (name, is_optional) = word.strip_suffix('?').map_or((word, false), |name| (name, true));
    let lower = name.to_ascii_lowercase();
    let user = match (lower.as_str(), lower.strip_prefix("user!attribute.")) {
        ("user!name", _) => Some(UserAttribute::Name),
        ("user!upn", _) => Some(UserAttribute::Upn),
        ("user!email", _) => Some(UserAttribute::Email),
        ("user!sid", _) => Some(UserAttribute::Sid),
        (_, Some(name)) if !name.is_empty() => Some(UserAttribute::Other(name.to_owned())),
        _ => None,
    };
    let item = || name.strip_prefix("Data!").map(str::trim).filter(|item| !item.is_empty());
    let meaning = user.map(Meaning::User).or_else(|| item().map(|item| Meaning::Item(item.to_owned())));
    let meaning = meaning.ok_or_else(|| PatternError::Unknown(word.to_owned()))?;
    Ok(Blank { meaning, is_optional })
}

/// Holds a subject as attributes, most specific first, each with its pattern.
///
/// A value is filled in after the name was taken apart, so that no user name can add an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectPattern(Vec<(&'static str, Pattern)>);

impl SubjectPattern {
    /// Reads `CN=..,OU=..`, most specific first (RFC 4514); a comma in a value is written `\,`.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let mut attributes = Vec::new();
        for part in split_unescaped(text) {
            let (name, value) = part.split_once('=').ok_or_else(|| PatternError::NoValue(part.trim().to_owned()))?;
            let name = name.trim();
            let known = ATTRIBUTES.iter().find(|known| known.eq_ignore_ascii_case(name));
            let known = known.ok_or_else(|| PatternError::UnknownAttribute(name.to_owned()))?;
            attributes.push((*known, Pattern::parse(value.trim())?));
        }
        if attributes.is_empty() {
            return Err(PatternError::Empty);
        }
        Ok(Self(attributes))
    }

    /// Fills in what is known and returns RFC 4514 text; an attribute whose optional placeholder has no value is left
    /// out.
    pub fn fill(&self, known: &Known<'_, impl Attributes>) -> Result<String, Missing> {
        let attribute = |(name, pattern): &(&str, Pattern)| {
            let value = pattern.fill(known)?;
            Ok(value.map(|value| format!("{name}={}", name::escape(&value))))
        };
        let attributes = self.0.iter().filter_map(|part| attribute(part).transpose());
        Ok(attributes.collect::<Result<Vec<_>, _>>()?.join(","))
    }

    /// Lists the attributes, each with its pattern.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &Pattern)> {
        self.0.iter().map(|(name, pattern)| (*name, pattern))
    }
}

/// Splits at each comma that no backslash stands before, and removes the backslashes.
fn split_unescaped(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        match character {
            ',' => parts.push(String::new()),
            other => {
                let taken = if other == '\\' { characters.next() } else { Some(other) };
                if let (Some(part), Some(taken)) = (parts.last_mut(), taken) {
                    part.push(taken);
                }
            }
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Alice;

    impl Attributes for Alice {
        fn attribute(&self, attribute: &UserAttribute) -> Option<&str> {
            match attribute {
                UserAttribute::Name => Some("alice,O=Evil"),
                UserAttribute::Upn => Some("alice@example.test"),
                UserAttribute::Email | UserAttribute::Sid | UserAttribute::Other(_) => None,
            }
        }
    }

    fn known(items: &[(&'static str, &str)]) -> Known<'static, Alice> {
        Known { user: &Alice, items: items.iter().map(|(name, value)| (*name, (*value).to_owned())).collect() }
    }

    #[test]
    fn what_is_optional_is_left_out() {
        let subject = SubjectPattern::parse("CN={User!name},OU={Data!Unit?},L={User!sid?}").unwrap();
        assert_eq!(subject.fill(&known(&[])).unwrap(), r"CN=alice\,O=Evil");
        assert_eq!(subject.fill(&known(&[("unit", "a+b")])).unwrap(), r"CN=alice\,O=Evil,OU=a\+b");
        let sid = Pattern::parse("{User!sid?}").unwrap();
        assert_eq!(sid.fill(&known(&[])), Ok(None));
        let unit = Pattern::parse("{Data!Unit}").unwrap();
        assert_eq!(unit.fill(&known(&[])), Err(Missing::Item("Unit".into())));
    }

    #[test]
    fn a_user_name_adds_no_attribute() {
        let subject = SubjectPattern::parse("CN={User!name},OU=R\\, D,O=Example").unwrap();
        let filled = subject.fill(&known(&[])).unwrap();
        assert_eq!(filled, r"CN=alice\,O=Evil,OU=R\, D,O=Example".replace("\\\\", "\\"));
    }

    #[test]
    fn what_is_unknown_or_missing_is_named() {
        assert_eq!(Pattern::parse("{User!phone}"), Err(PatternError::Unknown("User!phone".into())));
        assert_eq!(Pattern::parse("{User!name"), Err(PatternError::Unclosed));
        assert_eq!(SubjectPattern::parse("XX=1"), Err(PatternError::UnknownAttribute("XX".into())));
        assert_eq!(SubjectPattern::parse(" "), Err(PatternError::Empty));
        let email = Pattern::parse("<{User!email}>").unwrap();
        assert_eq!(email.fill(&known(&[])), Err(Missing::Attribute(UserAttribute::Email)));
    }
}
