//! Says which token is meant.

use crate::token::Identity;
use std::fmt;

/// Chooses a token by its label and serial; an empty selector means the only initialised token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    pub label: Option<String>,
    pub serial: Option<String>,
}

impl Selector {
    /// Chooses by label.
    pub fn label(label: &str) -> Self {
        Self { label: Some(label.into()), serial: None }
    }

    /// Chooses by serial.
    pub fn serial(serial: &str) -> Self {
        Self { label: None, serial: Some(serial.into()) }
    }

    /// Says whether neither label nor serial is given.
    pub(super) fn is_empty(&self) -> bool {
        self.label.is_none() && self.serial.is_none()
    }

    /// Says whether a token has the label and serial that are given.
    pub(super) fn accepts(&self, identity: &Identity) -> bool {
        self.label.as_ref().is_none_or(|label| *label == identity.label)
            && self.serial.as_ref().is_none_or(|serial| *serial == identity.serial)
    }
}

impl fmt::Display for Selector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.label, &self.serial) {
            (Some(label), Some(serial)) => write!(f, "has label {label:?} and serial {serial}"),
            (Some(label), None) => write!(f, "has label {label:?}"),
            (None, Some(serial)) => write!(f, "has serial {serial}"),
            (None, None) => f.write_str("is initialised"),
        }
    }
}
