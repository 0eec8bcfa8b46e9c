//! Reads and writes paths by patterns such as `requests/{request}`.

use super::param::Param;
use super::{RouteError, VIRTUAL_DIRECTORY};
use std::fmt::Write as _;

/// Bounds the segments of a path; no pattern has more.
const MAX_SEGMENTS: usize = 12;

/// Holds the decoded segments of a path after the virtual directory.
pub(super) struct PathText(Vec<String>);

impl PathText {
    /// Decodes a path; `None` when it is too long or no UTF-8, so that no pattern could match it.
    pub(super) fn new(path: &str) -> Option<Self> {
        let mut segments = Vec::new();
        for segment in path.trim_matches('/').split('/') {
            if segments.len() == MAX_SEGMENTS {
                return None;
            }
            segments.push(percent_decoded(segment, false)?);
        }
        let directory = VIRTUAL_DIRECTORY.trim_start_matches('/');
        if segments.first().is_some_and(|first| first.eq_ignore_ascii_case(directory)) {
            segments.remove(0);
        }
        Some(Self(segments))
    }

    /// Returns the text of the placeholders when the pattern matches, in any letter case.
    pub(super) fn matched(&self, pattern: &'static str) -> Option<Given> {
        let mut pattern_segments = pattern.split('/');
        let mut given = Vec::new();
        for segment in &self.0 {
            let expected = pattern_segments.next()?;
            match placeholder(expected) {
                Some(name) if !segment.trim().is_empty() => given.push((name, segment.clone())),
                None if expected.eq_ignore_ascii_case(segment) => {}
                _ => return None,
            }
        }
        pattern_segments.next().is_none().then_some(Given(given))
    }
}

fn placeholder(segment: &str) -> Option<&str> {
    segment.strip_prefix('{')?.strip_suffix('}')
}

/// Holds the parameters that a caller gave, by name.
pub(super) struct Given(Vec<(&'static str, String)>);

impl Given {
    /// Adds the known parameters of the query, named in any letter case; refuses one that is given twice.
    pub(super) fn add_query(&mut self, known: &[(&'static str, bool)], query: &str) -> Result<(), RouteError> {
        let mut added: Vec<&'static str> = Vec::new();
        for pair in query.split('&') {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            let Some((name, _)) = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(key)) else {
                continue;
            };
            if added.contains(name) {
                return Err(RouteError::BadParameter { name, expected: "given once" });
            }
            added.push(name);
            if !self.has(name) {
                // Text that is no UTF-8 is kept as what no parameter accepts.
                self.0.push((name, percent_decoded(value, true).unwrap_or_else(|| "\u{FFFD}".into())));
            }
        }
        Ok(())
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| *known == name)
    }

    /// Reads one parameter; refuses a missing or malformed one.
    pub(super) fn take<P: Param>(&self, name: &'static str) -> Result<P::Value, RouteError> {
        match self.0.iter().find(|(known, _)| *known == name) {
            Some((_, text)) => P::read(text).ok_or(RouteError::BadParameter { name, expected: P::EXPECTED }),
            None => P::absent().ok_or(RouteError::MissingParameter { name }),
        }
    }
}

/// Writes a path and query: puts parameters into the placeholders of a pattern, and the others into the query.
pub(super) fn fill(pattern: &str, parameters: &[(&'static str, Option<String>)]) -> String {
    let mut text = String::new();
    let mut in_path = Vec::new();
    for segment in pattern.split('/') {
        text.push('/');
        match placeholder(segment) {
            Some(name) => {
                in_path.push(name);
                let value = parameters.iter().find(|(known, _)| *known == name).and_then(|(_, value)| value.as_deref());
                push_percent_encoded(&mut text, value.unwrap_or_default());
            }
            None => text.push_str(segment),
        }
    }
    let mut separator = '?';
    for (name, value) in parameters {
        if let (false, Some(value)) = (in_path.contains(name), value) {
            text.push(separator);
            text.push_str(name);
            text.push('=');
            push_percent_encoded(&mut text, value);
            separator = '&';
        }
    }
    text
}

/// Adds a value with all but the unreserved characters of RFC 3986, 2.3, percent-encoded.
fn push_percent_encoded(text: &mut String, value: &str) {
    for byte in value.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
}

/// Decodes percent-encoding, and in a query `+` for a blank; `None` when the result is no UTF-8. A lone `%` stays.
fn percent_decoded(text: &str, plus_is_blank: bool) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        match (first, tail) {
            (b'%', [high, low, after @ ..]) => match (hex_digit(*high), hex_digit(*low)) {
                (Some(high), Some(low)) => {
                    bytes.push(high << 4 | low);
                    rest = after;
                }
                _ => bytes.push(b'%'),
            },
            (b'+', _) if plus_is_blank => bytes.push(b' '),
            (byte, _) => bytes.push(*byte),
        }
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}
