//! Shows tokens and cards, to people and to scripts.

use crate::cli::output::{Output, Text};
use crate::doctor::with_sources;
use crate::token::{Counters, Identity, Tries};
use crate::{pkcs11, reader};
use serde::Serialize;

/// Describes a token for people and scripts.
#[derive(Default, Serialize)]
pub struct TokenDocument {
    /// "PKCS#11", "PIV" or "GIDS"; empty where it cannot be told.
    pub(super) kind: String,
    pub label: String,
    pub serial: String,
    pub(super) manufacturer: String,
    pub(super) model: String,
    /// "initialised", "blank", or "unreadable".
    state: String,
    pub(super) pin: String,
    pub(super) so_pin: String,
    /// The PUK's state; left out where the kind has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) puk: Option<String>,
    pub(super) tries_left: TriesLeft,
    /// The name of the reader that the card is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    reader: Option<String>,
    /// Why the card cannot be read, where it cannot.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Holds the tries left of each secret, where the token tells the number.
#[derive(Default, Serialize)]
pub(super) struct TriesLeft {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub so_pin: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub puk: Option<u8>,
}

impl TokenDocument {
    /// Describes a token behind a PKCS#11 module, also one that the module cannot tell of.
    pub fn of_module(listed: &pkcs11::Listed) -> Self {
        match &listed.token {
            Ok(summary) => {
                let state = if summary.initialised { "initialised" } else { "blank" };
                Self { state: state.into(), ..Self::new(&summary.identity, &summary.counters) }
            }
            Err(error) => Self {
                kind: "PKCS#11".into(),
                error: Some(format!("the token in slot {} cannot be read: {}", listed.slot, with_sources(error))),
                ..Self::unreadable()
            },
        }
    }

    /// Describes a card in a reader, also one that cannot be read.
    pub fn of_card(listed: &reader::Listed) -> Self {
        let known = match &listed.card {
            Ok(summary) => Self::new(&summary.identity, &summary.counters),
            Err(error) => Self { error: Some(with_sources(error)), ..Self::unreadable() },
        };
        known.within(&listed.reader)
    }

    fn unreadable() -> Self {
        Self { state: "unreadable".into(), ..Self::default() }
    }

    /// Adds the name of the reader that the card is in.
    pub fn within(self, reader: &str) -> Self {
        Self { reader: Some(reader.into()), ..self }
    }

    /// Describes a token that was found; one without a serial number is blank.
    pub fn new(identity: &Identity, counters: &Counters) -> Self {
        let state = if identity.serial.is_empty() { "blank" } else { "initialised" };
        Self {
            kind: identity.kind.into(),
            label: identity.label.clone(),
            serial: identity.serial.clone(),
            manufacturer: identity.manufacturer.clone(),
            model: identity.model.clone(),
            state: state.into(),
            pin: word(counters.user).into(),
            so_pin: word(counters.admin).into(),
            puk: counters.puk.map(|puk| word(puk).into()),
            tries_left: TriesLeft {
                pin: number(counters.user),
                so_pin: number(counters.admin),
                puk: counters.puk.and_then(number),
            },
            reader: None,
            error: None,
        }
    }

    fn row(&self) -> [String; 9] {
        let Self { tries_left, puk, .. } = self;
        [
            shown(&self.label),
            shown(&self.serial),
            shown(&self.kind),
            self.state.clone(),
            counted(&self.pin, tries_left.pin),
            counted(&self.so_pin, tries_left.so_pin),
            puk.as_ref().map_or_else(|| "-".into(), |puk| counted(puk, tries_left.puk)),
            shown(&self.model),
            self.reader.clone().unwrap_or_else(|| "-".into()),
        ]
    }
}

/// Writes the listing for people: a table, then the errors of cards that cannot be read.
pub fn table(tokens: &[TokenDocument]) -> Text {
    if tokens.is_empty() {
        return "no token is present".into();
    }
    let head = ["LABEL", "SERIAL", "KIND", "STATE", "PIN", "SO PIN", "PUK", "MODEL", "READER"];
    let mut text = Output::table(head, tokens.iter().map(TokenDocument::row));
    for token in tokens {
        token.error.iter().for_each(|error| text.line(error));
    }
    text
}

/// Returns one word for a counter, the same for people and scripts.
fn word(tries: Tries) -> &'static str {
    match tries {
        Tries::NotSet => "not-set",
        Tries::Full => "ok",
        Tries::Low => "low",
        Tries::Last | Tries::Left(1) => "last-try",
        Tries::Locked | Tries::Left(0) => "locked",
        Tries::Left(_) => "counted",
        Tries::Untold => "untold",
    }
}

/// Returns the tries left, where they are known.
fn number(tries: Tries) -> Option<u8> {
    match tries {
        Tries::Left(left) => Some(left),
        Tries::Last => Some(1),
        Tries::Locked => Some(0),
        Tries::NotSet | Tries::Full | Tries::Low | Tries::Untold => None,
    }
}

/// Writes a counter for people: the number, where the token tells it and more than one try is left.
pub(super) fn counted(word: &str, left: Option<u8>) -> String {
    match left {
        Some(left) if left > 1 => format!("{left} tries"),
        _ => shown(word),
    }
}

/// Writes a dash in place of an empty text.
pub(super) fn shown(text: &str) -> String {
    if text.is_empty() { "-".into() } else { text.into() }
}
