//! The fault dial: what goes wrong between a card and who uses it, as the tester chooses.
//!
//! A dial stands between a lender and its card: call [`Dial::play`] instead of [`VirtualCard::transmit`]. It counts
//! commands from when it was set, and changes answers, the card's limits, its room and its retry counters.

mod fault;
mod noise;

use super::answer_to_reset::{self, Without};
use super::card::VirtualCard;
use super::wire::{SHORT_ALL, WireCommand};
use noise::Noise;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;
use zeroize::Zeroizing;

pub use fault::{Fault, FaultError};

/// Holds the INS of GENERATE ASYMMETRIC KEY PAIR, the same on PIV and GIDS.
const GENERATE: u8 = 0x47;
const OVERSIZE: usize = 65_535;

/// Says what happened to a command.
#[derive(Debug, PartialEq, Eq)]
pub enum Played {
    Answer(Vec<u8>),
    /// The card is gone.
    Removed,
    /// The card was reset; no answer comes.
    Reset,
}

/// Holds the faults of one card, and counts its commands.
#[derive(Default)]
pub struct Dial {
    faults: Vec<Fault>,
    played: u32,
    started: bool,
    noise: Option<Noise>,
    held: Option<Held>,
}

/// Holds an answer that the dial hands out in pieces.
enum Held {
    /// After 61xx: the rest, for GET RESPONSE.
    Rest { data: Zeroizing<Vec<u8>>, word: [u8; 2] },
    /// After 6Cxx: the whole, for the same command with the right Le.
    Whole { header: [u8; 4], data: Zeroizing<Vec<u8>>, word: [u8; 2] },
}

impl Dial {
    /// Returns the answer to reset that a lender shows for the card.
    pub fn atr(&self, card: &dyn VirtualCard) -> Vec<u8> {
        let t1 = self.has(Fault::T0);
        let without = Without { t1, extended: t1 || self.has(Fault::Short), chaining: self.has(Fault::NoChaining) };
        answer_to_reset::reduced(&card.atr(), without)
    }

    /// Resets the card, and forgets the rest of an answer.
    pub fn reset(&mut self, card: &mut dyn VirtualCard) {
        self.held = None;
        card.reset();
    }

    /// Returns how long a lender waits before it plays this command.
    pub fn delay(&self, command: &[u8]) -> Duration {
        let generates = matches!(command, [cla, GENERATE, ..] if cla & 0x10 == 0);
        let slow =
            self.faults.iter().find_map(|fault| if let Fault::Slow(delay) = fault { Some(*delay) } else { None });
        slow.filter(|_| generates).unwrap_or_default()
    }

    /// Gives the card a command, and returns what the faults make of it.
    pub fn play(&mut self, card: &mut dyn VirtualCard, command: &[u8]) -> Played {
        self.start(card);
        self.played = self.played.saturating_add(1);
        let at = self.played;
        if self.has(Fault::Remove(at)) {
            self.reset(card);
            return Played::Removed;
        }
        if self.has(Fault::Reset(at)) {
            self.reset(card);
            return Played::Reset;
        }
        let answer = self.answer(card, command);
        if self.has(Fault::RemoveAfter(at)) {
            self.reset(card);
            return Played::Removed;
        }
        if self.has(Fault::ResetAfter(at)) {
            self.reset(card);
            return Played::Reset;
        }
        Played::Answer(self.spoil(answer, at))
    }

    fn has(&self, fault: Fault) -> bool {
        self.faults.contains(&fault)
    }

    /// Sets the card's own room and counters, once.
    fn start(&mut self, card: &mut dyn VirtualCard) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        card.set_capacity(
            self.faults.iter().find_map(|f| if let Fault::Full(bytes) = f { Some(*bytes) } else { None }),
        );
        for fault in &self.faults {
            match fault {
                Fault::Tries(tries) => card.set_tries_left(*tries),
                Fault::Noise(seed) => self.noise = Some(Noise::new(*seed)),
                _ => {}
            }
        }
    }

    fn answer(&mut self, card: &mut dyn VirtualCard, apdu: &[u8]) -> Vec<u8> {
        let wrong =
            |f: &Fault| if let Fault::Status(at, word) = f { (*at == self.played).then_some(*word) } else { None };
        if let Some(word) = self.faults.iter().find_map(wrong) {
            return word.to_be_bytes().to_vec();
        }
        let Ok(command) = WireCommand::parse(apdu) else { return card.transmit(apdu) };
        if command.extended && (self.has(Fault::Short) || self.has(Fault::T0)) {
            return vec![0x67, 0x00];
        }
        if command.is_chained() && self.has(Fault::NoChaining) {
            return vec![0x68, 0x84];
        }
        match self.held.take() {
            Some(Held::Rest { data, word }) if command.is_get_response() => return self.hand_out(data, word, &command),
            Some(Held::Whole { header, data, word }) if apdu.starts_with(&header) => {
                return self.hand_out(data, word, &command);
            }
            _ => {}
        }
        let answer = Zeroizing::new(card.transmit(apdu));
        match answer.split_last_chunk::<2>() {
            Some((data, word)) if !data.is_empty() => self.hand_out(Zeroizing::new(data.to_vec()), *word, &command),
            _ => answer.to_vec(),
        }
    }

    /// Hands out the answer in the pieces that T=0, a block size or a strict Le demand.
    fn hand_out(&mut self, data: Zeroizing<Vec<u8>>, word: [u8; 2], command: &WireCommand) -> Vec<u8> {
        let block = self
            .faults
            .iter()
            .find_map(|f| if let Fault::Blocks(bytes) = f { Some(usize::from(*bytes)) } else { None });
        let expected = command.le.unwrap_or(SHORT_ALL);
        let takes_le = if self.has(Fault::T0) { command.data.is_empty() } else { self.has(Fault::ExactLe) };
        let most =
            if self.has(Fault::T0) && !command.data.is_empty() { 0 } else { block.unwrap_or(expected).min(expected) };
        if takes_le && command.le.is_some() && data.len() < expected {
            let right = data.len() as u8;
            let header = [command.cla, command.ins, command.p1, command.p2];
            self.held = Some(Held::Whole { header, data, word });
            return vec![0x6C, right];
        }
        if data.len() <= most {
            let mut answer = data.to_vec();
            answer.extend_from_slice(&word);
            return answer;
        }
        let mut answer = data[..most].to_vec();
        let rest = Zeroizing::new(data[most..].to_vec());
        answer.extend_from_slice(&[0x61, u8::try_from(rest.len()).unwrap_or(0)]);
        self.held = Some(Held::Rest { data: rest, word });
        answer
    }

    fn spoil(&mut self, mut answer: Vec<u8>, at: u32) -> Vec<u8> {
        if self.has(Fault::Truncate(at)) {
            let data = answer.len().saturating_sub(2);
            if data == 0 {
                answer.truncate(1);
            } else {
                answer.drain(data / 2..data);
            }
        }
        if self.has(Fault::Oversize(at)) && answer.len() < OVERSIZE {
            let data = answer.len().saturating_sub(2);
            let missing = OVERSIZE - answer.len();
            answer.splice(data..data, std::iter::repeat_n(0x00, missing));
        }
        match &mut self.noise {
            Some(noise) => noise.garble(answer),
            None => answer,
        }
    }
}

impl FromIterator<Fault> for Dial {
    fn from_iter<I: IntoIterator<Item = Fault>>(faults: I) -> Self {
        Self { faults: faults.into_iter().collect(), ..Self::default() }
    }
}

/// Reads faults separated by commas; an empty text is no fault.
impl FromStr for Dial {
    type Err = FaultError;

    fn from_str(text: &str) -> Result<Self, FaultError> {
        text.split(',').map(str::trim).filter(|fault| !fault.is_empty()).map(str::parse).collect()
    }
}

impl fmt::Display for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.faults.iter().enumerate() {
            write!(f, "{}{fault}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Dial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Dial({self}, {} played)", self.played)
    }
}
