//! What a browser sends: the fields of a form or of an address (WHATWG URL, `application/x-www-form-urlencoded`), within bounds.

use crate::web::body::{self, BodyError};
use axum::body::Body;
use axum::http::HeaderMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use url::form_urlencoded;
use zeroize::Zeroizing;

/// Bounds a form, in bytes.
const MOST_BYTES: usize = 256 * 1024;
/// Bounds the fields of a form.
const MOST_FIELDS: usize = 4000;

/// Says why a form cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FormError {
    #[error("this is no form")]
    Type,
    #[error("the form has more than {MOST_FIELDS} fields")]
    Fields,
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// Tells one content from another of the same kind; nobody relies on it for more.
pub fn mark(content: &str) -> String {
    let mut hasher = DefaultHasher::new();
    content.hash(&mut hasher);
    format!("{:016x}", hasher.finish())
}

/// Holds fields in their order; they are wiped when dropped, as there may be secrets among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// Receives the fields of a form.
    pub async fn receive(headers: &HeaderMap, body: Body) -> Result<Self, FormError> {
        if !body::is_of_type(headers, "application/x-www-form-urlencoded") {
            return Err(FormError::Type);
        }
        let bytes = Zeroizing::new(body::receive(headers, body, MOST_BYTES).await?);
        let form = Self::read(&bytes);
        if form.0.len() > MOST_FIELDS { Err(FormError::Fields) } else { Ok(form) }
    }

    /// Reads the fields of an address.
    pub fn of_query(query: Option<&str>) -> Self {
        Self::read(query.unwrap_or_default().as_bytes())
    }

    fn read(bytes: &[u8]) -> Self {
        let pairs = form_urlencoded::parse(bytes).take(MOST_FIELDS + 1);
        Self(pairs.map(|(name, value)| (name.into_owned(), Zeroizing::new(value.into_owned()))).collect())
    }

    /// Returns a field without blanks around it; empty where it is not there.
    pub fn one(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.trim())
    }

    /// Returns a field as it was typed: blanks around a secret are part of it. Empty where it is not there.
    pub fn exact(&self, name: &str) -> &str {
        self.0.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str())
    }

    /// Returns every value of a field.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    /// Says whether a field is there, as a box that is ticked.
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Lists all fields.
    pub fn fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Writes an address with these fields; one that is empty is left out.
    pub fn address(path: &str, fields: &[(&str, &str)]) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, value) in fields.iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        match query.finish() {
            query if query.is_empty() => path.to_owned(),
            query => format!("{path}?{query}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_and_addresses_written() {
        let form = Form::of_query(Some("q=+J%C3%BCrgen%20&state=a&state=b&on"));
        assert_eq!((form.one("q"), form.exact("q"), form.exact("missing")), ("Jürgen", " Jürgen ", ""));
        assert_eq!(form.all("state").collect::<Vec<_>>(), ["a", "b"]);
        assert!(form.has("on") && form.one("missing").is_empty());
        assert_eq!(Form::address("/x", &[("q", "a&b"), ("none", "")]), "/x?q=a%26b");
    }
}
