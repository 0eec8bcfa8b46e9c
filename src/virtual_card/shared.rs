//! A card in a slot, and who may reach it.
//!
//! Stands in for a reader in tests: transactions exclude each other, cards are pulled, put in and swapped, and each
//! channel is told the truth about what happened meanwhile. A card that is pulled loses its power.

use super::channel::Channel;
use super::{Dial, Played, VirtualCard};
use crate::iso7816::CardChannel;
use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Most headers that are remembered; older ones are forgotten.
const MOST_HEADERS: usize = 10_000;
/// How long a channel waits for another's transaction, unless said otherwise.
const PATIENCE: Duration = Duration::from_secs(2);

/// Who sits at the reader's own keys.
pub enum AtThePad {
    /// Types these digits.
    Types(Zeroizing<String>),
    Cancels,
    /// Types nothing until the reader gives up.
    IsAway,
}

/// A card in a slot, shared by a test and the channels that reach the card. Clones are the same slot.
#[derive(Clone)]
pub struct SharedCard {
    pub(super) slot: Arc<Shared>,
}

pub(super) struct Shared {
    pub state: Mutex<Slot>,
    pub changed: Condvar,
}

pub(super) struct Slot {
    pub card: Option<Box<dyn VirtualCard>>,
    pulled: Option<Box<dyn VirtualCard>>,
    pub dial: Dial,
    /// Counts resets, insertions included.
    pub resets: u64,
    pub removals: u64,
    /// Counts commands of all channels.
    pub spoken: u64,
    /// The channel that holds the transaction.
    pub holder: Option<u64>,
    channels: u64,
    headers: VecDeque<[u8; 4]>,
    pub pad: Option<AtThePad>,
    pub patience: Duration,
}

impl Shared {
    pub fn lock(&self) -> MutexGuard<'_, Slot> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the card one command, or the dial; waits while the dial has the card be slow. A card that is pulled, reset
    /// or swapped meanwhile never gets the command.
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

impl SharedCard {
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
        Self { slot: Arc::new(Shared { state: Mutex::new(slot), changed: Condvar::new() }) }
    }

    /// Gives the reader keys of its own, at which somebody types these digits.
    pub fn with_pin_pad(self, digits: &str) -> Self {
        self.set_at_the_pad(Some(AtThePad::Types(Zeroizing::new(digits.into()))));
        self
    }

    /// Says who sits at the reader's own keys; `None` is a reader without.
    pub fn set_at_the_pad(&self, who: Option<AtThePad>) {
        self.slot.lock().pad = who;
    }

    /// How long a channel waits while another holds the transaction; 2 seconds at first.
    pub fn set_patience(&self, patience: Duration) {
        self.slot.lock().patience = patience;
    }

    /// One more program that reaches the card.
    pub fn channel(&self) -> Box<dyn CardChannel> {
        let mut slot = self.slot.lock();
        slot.channels += 1;
        Box::new(Channel::new(Arc::clone(&self.slot), slot.channels, slot.resets, slot.removals))
    }

    /// Sets the faults; commands are counted anew.
    pub fn set_dial(&self, dial: Dial) {
        self.slot.lock().dial = dial;
    }

    /// CLA INS P1 P2 of each command that was sent, also of those a fault kept from the card.
    pub fn headers(&self) -> Vec<[u8; 4]> {
        self.slot.lock().headers.iter().copied().collect()
    }

    pub fn forget_headers(&self) {
        self.slot.lock().headers.clear();
    }

    /// Pulls the card, also out of a transaction.
    pub fn remove(&self) {
        self.slot.lock().pull();
        self.slot.changed.notify_all();
    }

    /// Puts in another card. Into a slot whose card was not pulled before, this is a swap that nobody saw: channels
    /// are told of a reset only.
    pub fn insert(&self, card: Box<dyn VirtualCard>) {
        let mut slot = self.slot.lock();
        slot.card = Some(card);
        slot.reset();
        drop(slot);
        self.slot.changed.notify_all();
    }

    /// Puts the card that was pulled last in again; without one it does nothing.
    pub fn insert_again(&self) {
        let pulled = self.slot.lock().pulled.take();
        if let Some(card) = pulled {
            self.insert(card);
        }
    }

    /// Resets the card, as another program may.
    pub fn reset(&self) {
        self.slot.lock().reset();
        self.slot.changed.notify_all();
    }

    /// Looks at the card in the slot, past dial, headers and transactions; `None` when there is no card.
    pub fn with_card<T>(&self, look: impl FnOnce(&mut dyn VirtualCard) -> T) -> Option<T> {
        self.slot.lock().card.as_mut().map(|card| look(card.as_mut()))
    }
}
