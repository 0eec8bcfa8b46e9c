//! Reads patterns with placeholders and fills them in: `CN={User!name},O=Example` and `{User!upn}`.

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

/// Holds a text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Piece>);

/// Holds text, or a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Attribute(UserAttribute),
}

/// Says why a pattern cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PatternError {
    #[error("a \"{{\" has no \"}}\"")]
    Unclosed,
    #[error(
        "\"{{{0}}}\" is unknown; known are {{User!name}}, {{User!upn}}, {{User!email}}, {{User!sid}} and {{User!attribute.NAME}}"
    )]
    Unknown(String),
    #[error("\"{0}\" is not an attribute and a value, as in CN={{User!name}}")]
    NoValue(String),
    #[error("the attribute \"{0}\" is unknown; known are CN, OU, O, L, ST, C, DC, UID and SERIALNUMBER")]
    UnknownAttribute(String),
    #[error("a name must not be empty")]
    Empty,
}

/// Names the attribute that a pattern needs and the user lacks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the user has no {}", .0.word())]
pub struct Missing(pub UserAttribute);

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
            pieces.push(Piece::Attribute(attribute(word)?));
            rest = after;
        }
        if !rest.is_empty() {
            pieces.push(Piece::Text(rest.to_owned()));
        }
        if pieces.is_empty() { Err(PatternError::Empty) } else { Ok(Self(pieces)) }
    }

    /// Fills in a user's attributes; fails where the user lacks one.
    pub fn fill(&self, user: &impl Attributes) -> Result<String, Missing> {
        let mut filled = String::new();
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => filled.push_str(text),
                Piece::Attribute(attribute) => {
                    filled.push_str(user.attribute(attribute).ok_or_else(|| Missing(attribute.clone()))?);
                }
            }
        }
        Ok(filled)
    }
}

/// Reads the text inside the braces.
fn attribute(word: &str) -> Result<UserAttribute, PatternError> {
    let lower = word.to_ascii_lowercase();
    match (lower.as_str(), lower.strip_prefix("user!attribute.")) {
        ("user!name", _) => Ok(UserAttribute::Name),
        ("user!upn", _) => Ok(UserAttribute::Upn),
        ("user!email", _) => Ok(UserAttribute::Email),
        ("user!sid", _) => Ok(UserAttribute::Sid),
        (_, Some(name)) if !name.is_empty() => Ok(UserAttribute::Other(name.to_owned())),
        _ => Err(PatternError::Unknown(word.to_owned())),
    }
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

    /// Fills in a user's attributes and returns RFC 4514 text; fails where the user lacks one.
    pub fn fill(&self, user: &impl Attributes) -> Result<String, Missing> {
        let attribute =
            |(name, pattern): &(&str, Pattern)| Ok(format!("{name}={}", name::escape(&pattern.fill(user)?)));
        Ok(self.0.iter().map(attribute).collect::<Result<Vec<_>, _>>()?.join(","))
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

    #[test]
    fn a_user_name_adds_no_attribute() {
        let subject = SubjectPattern::parse("CN={User!name},OU=R\\, D,O=Example").unwrap();
        let filled = subject.fill(&Alice).unwrap();
        assert_eq!(filled, r"CN=alice\,O=Evil,OU=R\, D,O=Example".replace("\\\\", "\\"));
    }

    #[test]
    fn what_is_unknown_or_missing_is_named() {
        assert_eq!(Pattern::parse("{User!phone}"), Err(PatternError::Unknown("User!phone".into())));
        assert_eq!(Pattern::parse("{User!name"), Err(PatternError::Unclosed));
        assert_eq!(SubjectPattern::parse("XX=1"), Err(PatternError::UnknownAttribute("XX".into())));
        assert_eq!(SubjectPattern::parse(" "), Err(PatternError::Empty));
        let email = Pattern::parse("<{User!email}>").unwrap();
        assert_eq!(email.fill(&Alice), Err(Missing(UserAttribute::Email)));
    }
}
