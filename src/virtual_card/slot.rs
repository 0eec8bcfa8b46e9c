//! The slot itself: the card in it, the dial before it, and what happened to it. A card that is pulled loses its power.

use super::card::VirtualCard;
use super::dial::{Dial, Played};
use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Limits the headers that are remembered; older ones are forgotten.
const MOST_HEADERS: usize = 10_000;
/// Bounds the wait for another channel's transaction, unless set otherwise.
const PATIENCE: Duration = Duration::from_secs(2);

/// Says who is at the reader's PIN pad.
pub enum AtThePad {
    /// Types these digits.
    Types(Zeroizing<String>),
    Cancels,
    /// Types nothing until the reader gives up.
    IsAway,
}

/// Holds a slot, and wakes those who wait for it.
pub(super) struct Shared {
    pub state: Mutex<Slot>,
    pub changed: Condvar,
}

/// Holds the card and what happened to it.
pub(super) struct Slot {
    pub card: Option<Box<dyn VirtualCard>>,
    pub pulled: Option<Box<dyn VirtualCard>>,
    pub dial: Dial,
    /// Counts resets, insertions included.
    pub resets: u64,
    pub removals: u64,
    /// Counts commands of all channels.
    pub spoken: u64,
    /// The channel that holds the transaction.
    pub holder: Option<u64>,
    pub channels: u64,
    pub headers: VecDeque<[u8; 4]>,
    pub pad: Option<AtThePad>,
    pub patience: Duration,
}

impl Shared {
    /// Makes a slot with this card in it.
    pub fn new(card: Box<dyn VirtualCard>) -> Self {
        let slot = Slot {
            card: Some(card),
            pulled: None,
            dial: Dial::default(),
            resets: 0,
            removals: 0,
            spoken: 0,
            holder: None,
            channels: 0,
            headers: VecDeque::new(),
            pad: None,
            patience: PATIENCE,
        };
        Self { state: Mutex::new(slot), changed: Condvar::new() }
    }

    pub fn lock(&self) -> MutexGuard<'_, Slot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a command to the card through the dial; waits while the dial makes the card slow. A card that is pulled,
    /// reset or swapped meanwhile never gets the command.
    pub fn play<'a>(&'a self, mut slot: MutexGuard<'a, Slot>, command: &[u8]) -> (MutexGuard<'a, Slot>, Played) {
        slot.note(command);
        let (delay, removals, resets) = (slot.dial.delay(command), slot.removals, slot.resets);
        let stays = |slot: &mut Slot| slot.removals == removals && slot.resets == resets;
        slot = self.changed.wait_timeout_while(slot, delay, stays).unwrap_or_else(PoisonError::into_inner).0;
        let played = match &mut *slot {
            Slot { removals: now, .. } if *now != removals => Played::Removed,
            Slot { resets: now, .. } if *now != resets => Played::Reset,
            Slot { card: Some(card), dial, spoken, resets, .. } => {
                *spoken += 1;
                let played = dial.play(card.as_mut(), command);
                *resets += u64::from(played == Played::Reset);
                played
            }
            Slot { card: None, .. } => Played::Removed,
        };
        if played == Played::Removed {
            slot.pull();
        }
        (slot, played)
    }
}

impl Slot {
    pub fn reset(&mut self) {
        if let Some(card) = &mut self.card {
            self.dial.reset(card.as_mut());
        }
        self.resets += 1;
    }

    pub fn pull(&mut self) {
        if self.card.is_some() {
            self.reset();
            self.pulled = self.card.take();
            self.removals += 1;
        }
    }

    fn note(&mut self, command: &[u8]) {
        if let Some(header) = command.first_chunk::<4>() {
            if self.headers.len() == MOST_HEADERS {
                self.headers.pop_front();
            }
            self.headers.push_back(*header);
        }
    }
}
