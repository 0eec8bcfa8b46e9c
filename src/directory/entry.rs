//! One entry of a directory as it came: its name and the values of its attributes, which are bytes.

/// Holds an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    /// The distinguished name (RFC 4514).
    pub dn: String,
    pub attributes: Vec<(String, Vec<Vec<u8>>)>,
}

impl Entry {
    /// Returns the values of an attribute, whose name is written in any letter case.
    pub fn values(&self, attribute: &str) -> &[Vec<u8>] {
        let found = self.attributes.iter().find(|(name, _)| name.eq_ignore_ascii_case(attribute));
        found.map_or(&[], |(_, values)| values.as_slice())
    }

    /// Returns the one value of an attribute as text; `None` where there is none, several, or no text.
    pub fn text(&self, attribute: &str) -> Option<&str> {
        match self.values(attribute) {
            [value] => std::str::from_utf8(value).ok(),
            _ => None,
        }
    }
}
