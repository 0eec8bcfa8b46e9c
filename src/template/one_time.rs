//! Reads the policy of one-time passwords: how they are made, to whom they go, how long they hold and how often they
//! may be tried.

use super::located::{Misplaced, Source, parsed};
use super::raw::RawWorkflow;
use super::raw_policy::RawOneTimePassword;
use crate::cm::policy::OneTimePasswordPolicy;
use std::fmt;
use time::Duration;
use toml::Spanned;

/// Bounds the length of a password, in characters.
const LENGTHS: std::ops::RangeInclusive<u32> = 6..=64;
/// Sets how many random bits a password has at least.
const LEAST_BITS: u32 = 24;
/// Bounds the lifetime of a password, in hours: 90 days.
const MAX_HOURS: u32 = 24 * 90;
/// Bounds the tries of a password.
const MAX_TRIES: u32 = 20;
/// Bounds the passwords of a request.
const MAX_SECRETS: usize = 2;
/// Lists digits and letters that are not taken for one another when they are read out.
const UNAMBIGUOUS: &str = "23456789ABCDEFGHJKMNPQRSTUVWXYZ";
/// Lists all digits.
const DIGITS: &str = "0123456789";
/// Lists all letters.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/// Says to whom a password is mailed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Recipient {
    Target,
    Originator,
    /// The one whose approval was the last that was needed, or who has the password sent anew.
    Approver,
}

/// Says how a password reaches a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    Smtp(Recipient),
    /// It is shown once, in the answer to the approval.
    Display,
    /// It is sent to nobody; an approver asks for it.
    Nobody,
}

/// Holds the policy of a workflow's one-time passwords.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimePolicy {
    /// One entry for each password; a second one is proven together with the first.
    pub deliver: Vec<Delivery>,
    /// The length of a password, in characters.
    pub length: u32,
    pub alphabet: &'static str,
    pub lifetime: Duration,
    pub tries: u32,
    /// Whether an enrollment agent must have it too.
    pub agent_needs_it: bool,
}

impl Delivery {
    /// Lists all deliveries.
    const ALL: [Self; 5] = [
        Self::Smtp(Recipient::Target),
        Self::Smtp(Recipient::Originator),
        Self::Smtp(Recipient::Approver),
        Self::Display,
        Self::Nobody,
    ];

    /// Returns the word in templates.
    fn word(self) -> &'static str {
        match self {
            Self::Smtp(Recipient::Target) => "smtp:target",
            Self::Smtp(Recipient::Originator) => "smtp:originator",
            Self::Smtp(Recipient::Approver) => "smtp:approver",
            Self::Display => "display",
            Self::Nobody => "none",
        }
    }

    /// Reads the word in templates.
    fn from_word(word: &str) -> Result<Self, String> {
        let known = Self::ALL.into_iter().find(|delivery| delivery.word() == word);
        known.ok_or_else(|| {
            let words: Vec<&str> = Self::ALL.into_iter().map(Self::word).collect();
            format!("known are {}", words.join(", "))
        })
    }
}

impl fmt::Display for Delivery {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.word())
    }
}

impl OneTimePolicy {
    /// Returns the policy as the wire shows it.
    pub fn shown(&self) -> OneTimePasswordPolicy {
        OneTimePasswordPolicy {
            deliver: self.deliver.iter().map(ToString::to_string).collect(),
            length: self.length,
            lifetime_hours: u32::try_from(self.lifetime.whole_hours()).unwrap_or(u32::MAX),
            tries: self.tries,
            agent_needs_it: self.agent_needs_it,
        }
    }

    /// Says whether a password is mailed.
    pub fn needs_smtp(&self) -> bool {
        self.deliver.iter().any(|delivery| matches!(delivery, Delivery::Smtp(_)))
    }
}

/// Checks the `one_time_password` of a workflow.
pub(super) fn policy(source: &Source<'_>, workflow: &RawWorkflow) -> Result<Option<OneTimePolicy>, Misplaced> {
    let Some(table) = &workflow.one_time_password else { return Ok(None) };
    let raw = table.get_ref();
    let deliver = deliveries(source, workflow, raw)?;
    let bounded = |value: &Option<Spanned<u32>>, otherwise: u32, bounds: std::ops::RangeInclusive<u32>| match value {
        None => Ok(otherwise),
        Some(given) if bounds.contains(given.get_ref()) => Ok(*given.get_ref()),
        Some(given) => Err(source.wrong(given, format!("from {} to {}", bounds.start(), bounds.end()))),
    };
    let length = bounded(&raw.length, 10, LENGTHS)?;
    let alphabet = raw.alphabet.as_ref().map_or(Ok(UNAMBIGUOUS), |word| parsed(source, word, alphabet))?;
    // The tries bound guessing; these bits keep the password from being found by hashing all there can be.
    if alphabet.len().ilog2() * length < LEAST_BITS {
        return Err(source.wrong(table, "so short a password of so few characters could be found from its hash"));
    }
    Ok(Some(OneTimePolicy {
        deliver,
        length,
        alphabet,
        lifetime: Duration::hours(bounded(&raw.lifetime_hours, 72, 1..=MAX_HOURS)?.into()),
        tries: bounded(&raw.tries, 5, 1..=MAX_TRIES)?,
        agent_needs_it: raw.agent_needs_it,
    }))
}

/// Checks the deliveries: each must be able to reach somebody in this workflow.
fn deliveries(
    source: &Source<'_>,
    workflow: &RawWorkflow,
    raw: &RawOneTimePassword,
) -> Result<Vec<Delivery>, Misplaced> {
    let words = raw.deliver.get_ref();
    if !(1..=MAX_SECRETS).contains(&words.len()) {
        return Err(source.wrong(&raw.deliver, format!("one delivery a password, at most {MAX_SECRETS}")));
    }
    let mut deliveries = Vec::new();
    for word in words {
        let delivery = parsed(source, word, Delivery::from_word)?;
        let by_approver = matches!(delivery, Delivery::Display | Delivery::Smtp(Recipient::Approver));
        if by_approver && workflow.approvals_needed.unwrap_or_default() == 0 {
            return Err(source.wrong(word, "nobody approves here (approvals_needed is 0), so this reaches nobody"));
        }
        if delivery == Delivery::Nobody && workflow.approvers.is_empty() {
            return Err(source.wrong(word, "an approver has to ask for it, but approvers names nobody"));
        }
        deliveries.push(delivery);
    }
    Ok(deliveries)
}

/// Reads the word for the characters of a password.
fn alphabet(word: &str) -> Result<&'static str, &'static str> {
    match word {
        "unambiguous" => Ok(UNAMBIGUOUS),
        "digits" => Ok(DIGITS),
        "letters" => Ok(LETTERS),
        _ => Err("known are \"unambiguous\", \"digits\" and \"letters\""),
    }
}
