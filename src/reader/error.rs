//! What can go wrong between this program and a card it looks for.

use super::selector::Selector;
use super::service::{ServiceFacts, SocketState, service};
use crate::token::{self, Identity};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Says why readers could not be reached, or no card was chosen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    #[error("the PC/SC service does not run{}", socket.as_deref().map(unheard).unwrap_or_default())]
    NoService { socket: Option<PathBuf> },
    #[error("this user may not use the PC/SC service (the socket {} is closed to others)", socket.display())]
    SocketClosed { socket: PathBuf },
    /// Refused by polkit, if pcscd is built with it: `org.debian.pcsc-lite.access_pcsc` and `access_card`.
    #[error("the PC/SC service does not let this user at readers or cards (polkit)")]
    NotPermitted,
    #[error("the PC/SC service was stopped")]
    ServiceStopped,
    #[error("the PC/SC service did not answer within {} seconds", waited.as_secs())]
    ServiceSilent { waited: Duration },
    #[error("no reader is called {wanted:?}; there are: {}", listed(present))]
    NoReader { wanted: String, present: Vec<String> },
    #[error("{wanted:?} is part of the names of several readers: {}", listed(fitting))]
    AmbiguousReader { wanted: String, fitting: Vec<String> },
    #[error("there is no card in reader {reader:?}")]
    NoCard { reader: String },
    #[error("{}", no_card(wanted, present))]
    NoToken { wanted: Selector, present: Vec<(String, Identity)> },
    #[error("more than one card {wanted}: {}", cards(matching))]
    Ambiguous { wanted: Selector, matching: Vec<(String, Identity)> },
    #[error("serial {serial} is in more than one reader: {}", listed(readers))]
    SameSerial { serial: String, readers: Vec<String> },
    #[error("the card in reader {reader:?} is of a kind this program does not know (ATR {})", hex::encode_upper(atr))]
    UnknownCard { reader: String, atr: Vec<u8> },
    #[error("the card in reader {reader:?} does not answer to power; it may be the wrong way round")]
    Mute { reader: String },
    #[error("another program holds the card in reader {reader:?}; it did not let go within {} seconds", waited.as_secs())]
    Busy { reader: String, waited: Duration },
    #[error("the card in reader {reader:?} is another one: {} is wanted, not {}", named(expected), named(found))]
    OtherCard { reader: String, expected: Box<Identity>, found: Box<Identity> },
    #[error("{} was not inserted within {} seconds", named(expected), waited.as_secs())]
    NotInserted { expected: Box<Identity>, waited: Duration },
    #[error("the wait for a card was called off")]
    Cancelled,
    #[error("the card in reader {reader:?} could not be read")]
    Token {
        reader: String,
        #[source]
        source: token::Error,
    },
    #[error("the readers change too fast to be listed")]
    Unsteady,
    #[error("{call} failed")]
    Call {
        call: &'static str,
        #[source]
        source: pcsc::Error,
    },
    #[error("no thread could be started for the card")]
    Thread(#[source] std::io::Error),
    #[error("the reader has no keys of its own")]
    NoPinPad,
    #[error("a command was to be sent outside of a transaction")]
    NoTransaction,
    #[error("the thread that speaks to the card has ended")]
    ThreadEnded,
}

impl Error {
    /// Turns what `call` returned into an error, looking at the service's socket if there is no service.
    pub(super) fn of_call(call: &'static str, source: pcsc::Error) -> Self {
        match source {
            pcsc::Error::NoService => Self::of_service(service()),
            pcsc::Error::ServiceStopped | pcsc::Error::Shutdown => Error::ServiceStopped,
            pcsc::Error::SecurityViolation => Error::NotPermitted,
            source => Error::Call { call, source },
        }
    }

    /// Says why the service behind this socket cannot be used.
    fn of_service(facts: ServiceFacts) -> Self {
        match facts.state {
            SocketState::Closed => Error::SocketClosed { socket: facts.socket.unwrap_or_default() },
            SocketState::NobodyListens => Error::NoService { socket: facts.socket },
            // It listens now, but has just refused us.
            SocketState::Reachable => Error::ServiceStopped,
        }
    }

    /// Says whether the card was there a moment ago and is gone; where all cards are looked at, it is skipped.
    pub(super) fn is_absence(&self) -> bool {
        matches!(self, Error::NoCard { .. } | Error::Token { source: token::Error::Removed, .. })
    }
}

fn unheard(socket: &Path) -> String {
    format!(" (nobody listens at {})", socket.display())
}

fn no_card(wanted: &Selector, present: &[(String, Identity)]) -> String {
    match present {
        [] if *wanted == Selector::default() => "there is no card in any reader".into(),
        [] => format!("no card {wanted}: there is none in any reader"),
        present => format!("no card {wanted}; present: {}", cards(present)),
    }
}

fn listed(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

fn cards(cards: &[(String, Identity)]) -> String {
    let each: Vec<String> = cards.iter().map(|(reader, card)| format!("{} in {reader:?}", named(card))).collect();
    listed(&each)
}

fn named(card: &Identity) -> String {
    match (card.label.is_empty(), card.serial.is_empty()) {
        (_, true) => format!("a {} card without a serial", card.kind),
        (true, false) => format!("{} card {}", card.kind, card.serial),
        (false, false) => format!("{} card {:?} (serial {})", card.kind, card.label, card.serial),
    }
}
