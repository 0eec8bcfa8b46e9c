//! What the doctor reports.

/// Names what was looked at. The code is stable, for scripts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Check {
    Service,
    /// What an administrator has set for logons with cards (Windows).
    Policy,
    Permission,
    /// What Windows takes a card for.
    Minidriver,
    Readers,
    Holder,
    Card,
    Protocol,
    Serial,
    Algorithms,
    Room,
    Pin,
    Puk,
    AdminKey,
    DefaultPin,
    DefaultPuk,
    DefaultAdminKey,
    CardIdentifier,
    /// What is stored on the card, where it is odd.
    Objects,
}

impl Check {
    /// Returns the check's stable name.
    pub fn code(self) -> &'static str {
        match self {
            Self::Service => "service",
            Self::Policy => "policy",
            Self::Permission => "permission",
            Self::Minidriver => "minidriver",
            Self::Readers => "readers",
            Self::Holder => "holder",
            Self::Card => "card",
            Self::Protocol => "protocol",
            Self::Serial => "serial",
            Self::Algorithms => "algorithms",
            Self::Room => "room",
            Self::Pin => "pin",
            Self::Puk => "puk",
            Self::AdminKey => "admin-key",
            Self::DefaultPin => "default-pin",
            Self::DefaultPuk => "default-puk",
            Self::DefaultAdminKey => "default-admin-key",
            Self::CardIdentifier => "card-identifier",
            Self::Objects => "objects",
        }
    }
}

/// Says how bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    Good,
    /// It cannot be told without spending a try or changing the card.
    Untold,
    /// It works, but should not stay so.
    Attention,
    /// An enrollment will not succeed, or the card is not safe to use.
    Bad,
}

impl Verdict {
    /// Returns the verdict's stable name.
    pub fn word(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Untold => "untold",
            Self::Attention => "attention",
            Self::Bad => "bad",
        }
    }
}

/// Holds one line of the diagnosis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub check: Check,
    pub verdict: Verdict,
    /// What was found.
    pub told: String,
    /// What to do about it.
    pub remedy: Option<String>,
}

/// Writes an error and all that is beneath it in one line, each once.
pub fn with_sources(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let beneath = cause.to_string();
        if !told.contains(&beneath) {
            told = format!("{told}: {beneath}");
        }
        source = cause.source();
    }
    told
}

impl Finding {
    /// Reports that the card could not be examined.
    pub fn unreadable(error: &dyn std::error::Error) -> Self {
        Self::bad(Check::Card, with_sources(error), "Take the card out, put it in again, and look once more.")
    }

    /// Reports a card that was no longer there when it was to be examined.
    pub fn taken_out() -> Self {
        Self::untold(Check::Card, "the card was taken out before it was examined")
    }

    pub(super) fn good(check: Check, told: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, told: told.into(), remedy: None }
    }

    pub(super) fn untold(check: Check, told: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Untold, told: told.into(), remedy: None }
    }

    pub(super) fn attention(check: Check, told: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Attention, told: told.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn bad(check: Check, told: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Bad, told: told.into(), remedy: Some(remedy.into()) }
    }
}
