//! How offices write lists as tables of text (RFC 4180): what divides the columns, and what those of a list of people are called.

/// Divides the groups of a person in one field.
const BETWEEN_GROUPS: char = ';';
/// Names the attribute that is a column of its own.
const DISPLAY_NAME: &str = "display-name";

/// Names what a column says of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeopleColumn {
    Name,
    DisplayName,
    Upn,
    Email,
    Sid,
    Groups,
    /// Whether the person gets a bearer token.
    Token,
    /// In lower case.
    Attribute(String),
    Unknown,
}

impl PeopleColumn {
    /// Reads the name of a column, as several programs write it.
    pub fn of(name: &str) -> Self {
        let lower = name.to_lowercase();
        if let Some(attribute) = lower.strip_prefix("attribute").filter(|rest| rest.starts_with([' ', '.', ':', '_'])) {
            return match attribute[1..].trim() {
                DISPLAY_NAME => Self::DisplayName,
                attribute => Self::Attribute(attribute.to_owned()),
            };
        }
        match lower.replace(['_', '-'], " ").as_str() {
            "name" | "account" | "account name" | "user name" | "username" | "login" | "samaccountname" => Self::Name,
            "display name" | "displayname" | "full name" => Self::DisplayName,
            "upn" | "user principal name" | "userprincipalname" => Self::Upn,
            "email" | "e mail" | "mail" | "email address" | "e mail address" => Self::Email,
            "sid" | "security identifier" | "objectsid" => Self::Sid,
            "groups" | "group" => Self::Groups,
            "token" => Self::Token,
            _ => Self::Unknown,
        }
    }
}

/// Reads the groups of a field, each once.
pub fn groups(text: &str) -> Vec<String> {
    let mut groups: Vec<String> = Vec::new();
    for group in text.split(BETWEEN_GROUPS).map(str::trim).filter(|group| !group.is_empty()) {
        if !groups.iter().any(|known| known == group) {
            groups.push(group.to_owned());
        }
    }
    groups
}

/// Says what divides the columns: what the first line has most of.
pub fn delimiter(bytes: &[u8]) -> u8 {
    let head = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty()).unwrap_or_default();
    let count = |wanted: u8| head.iter().filter(|byte| **byte == wanted).count();
    [b';', b'\t'].into_iter().fold(b',', |most, other| if count(other) > count(most) { other } else { most })
}
