//! What is known of one reader, and of the card in it.

use super::card::Card;
use super::run::Trouble;
use super::view::{Asks, At, Logon, ReaderView};
use crate::workstation::{Switchboard, Worker};
use std::time::{Duration, Instant};

/// Holds what is known of one reader.
pub struct Station {
    pub reader: String,
    /// Tells the card that is in it from all that were in a reader before; messages about those are late.
    pub turn: u64,
    pub worker: Option<Worker>,
    pub card: Option<Card>,
    pub at: At,
    /// The row that the card is worked on for, and the other end of that work's line.
    pub row: Option<usize>,
    pub line: Option<Switchboard>,
    pub asks: Option<Asks>,
    /// Why the last PIN was not taken.
    pub refused: Option<String>,
    /// Why the work is ended from here.
    pub why: Option<Trouble>,
    pub text: String,
    pub person: Option<String>,
    pub since: Option<Instant>,
    pub expected: Option<Duration>,
    /// When what failed for want of the server is tried again, and how often it was.
    pub again_at: Option<Instant>,
    pub again: u32,
    /// Whether somebody will log on with the card, as far as that was asked.
    pub logon: Option<Logon>,
    /// No card is begun here.
    pub paused: bool,
}

impl Station {
    pub fn new(reader: String) -> Self {
        Self {
            reader,
            turn: 0,
            worker: None,
            card: None,
            at: At::Empty,
            row: None,
            line: None,
            asks: None,
            refused: None,
            why: None,
            text: String::new(),
            person: None,
            since: None,
            expected: None,
            again_at: None,
            again: 0,
            logon: None,
            paused: false,
        }
    }

    /// Forgets the card that was in the reader, and begins this turn.
    pub fn clear(&mut self, turn: u64) {
        let (reader, paused) = (std::mem::take(&mut self.reader), self.paused);
        *self = Self { turn, paused, ..Self::new(reader) };
    }

    /// Comes to another point, and says what is done or the matter there.
    pub fn come_to(&mut self, at: At, text: impl Into<String>) {
        (self.at, self.text, self.asks) = (at, text.into(), None);
        if !matches!(at, At::Working | At::AsksPin) {
            self.line = None;
        }
    }

    /// Says whether a work is under way on the card.
    pub fn is_at_work(&self) -> bool {
        matches!(self.at, At::Working | At::AsksPin)
    }

    pub fn view(&self) -> ReaderView {
        let took = self.since.map(|since| since.elapsed()).unwrap_or_default();
        let left = self.expected.filter(|_| self.is_at_work()).map(|expected| expected.saturating_sub(took).as_secs());
        ReaderView {
            reader: self.reader.clone(),
            turn: self.turn,
            at: self.at,
            person: self.person.clone(),
            serial: self.card.as_ref().map(|card| card.identity.serial.clone()),
            text: self.text.clone(),
            seconds: took.as_secs(),
            seconds_left: left,
            asks: self.asks.clone(),
            logon: self.logon.clone(),
            paused: self.paused,
        }
    }
}
