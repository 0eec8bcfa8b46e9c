//! One line of the answer, as data.

use super::code::Code;
use crate::doctor::Verdict;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

/// Bounds a fact, in characters: strangers write some of them.
const MOST_CHARACTERS: usize = 256;

/// Holds what was found. A face in another language makes its own sentence of `code` and `facts`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub code: Code,
    /// What names the certificate on the card, where it is about one.
    pub certificate: Option<String>,
    /// Names and values; dates as 2026-11-29.
    pub facts: Vec<(&'static str, String)>,
}

impl Finding {
    pub(super) fn new(code: Code) -> Self {
        Self { code, certificate: None, facts: Vec::new() }
    }

    /// Adds a fact, without control characters.
    pub(super) fn with(mut self, name: &'static str, value: impl ToString) -> Self {
        let value = value.to_string();
        let value = value.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).take(MOST_CHARACTERS).collect();
        self.facts.push((name, value));
        self
    }

    pub(super) fn about(self, certificate: &str) -> Self {
        Self { certificate: Some(certificate.to_owned()), ..self }
    }

    /// Says how bad it is.
    pub fn verdict(&self) -> Verdict {
        self.code.verdict()
    }

    /// Returns the sentence in English.
    pub fn told(&self) -> String {
        let mut told = String::new();
        let mut rest = self.code.sentence();
        while let Some((before, behind)) = rest.split_once('{') {
            told.push_str(before);
            let (name, after) = behind.split_once('}').unwrap_or((behind, ""));
            let fact = self.facts.iter().find(|(known, _)| *known == name);
            told.push_str(fact.map_or("?", |(_, value)| value));
            rest = after;
        }
        told + rest
    }

    /// Returns what a technician does about it, in English.
    pub fn remedy(&self) -> Option<&'static str> {
        self.code.remedy()
    }
}

/// Writes the facts as one object, and sentence and remedy in English beside them.
impl Serialize for Finding {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("check", &self.code)?;
        map.serialize_entry("verdict", self.verdict().word())?;
        map.serialize_entry("told", &self.told())?;
        if let Some(certificate) = &self.certificate {
            map.serialize_entry("certificate", certificate)?;
        }
        if !self.facts.is_empty() {
            map.serialize_entry("facts", &self.facts.iter().cloned().collect::<std::collections::BTreeMap<_, _>>())?;
        }
        if let Some(remedy) = self.remedy() {
            map.serialize_entry("remedy", remedy)?;
        }
        map.end()
    }
}
