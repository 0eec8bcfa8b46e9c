//! A card in a slot, and who may reach it.
//!
//! It stands in for a reader in tests: transactions exclude each other, cards are pulled, put in and swapped, and each
//! channel is told what really happened meanwhile.

use super::card::VirtualCard;
use super::channel::Channel;
use super::dial::Dial;
use super::slot::{AtThePad, Shared};
use crate::iso7816::CardChannel;
use std::sync::Arc;
use std::time::Duration;
use zeroize::Zeroizing;

/// Holds a card in a slot, shared by a test and the channels that reach the card. Clones are the same slot.
#[derive(Clone)]
pub struct SharedCard {
    pub(super) slot: Arc<Shared>,
}

impl SharedCard {
    /// Puts the card into a new slot.
    pub fn new(card: Box<dyn VirtualCard>) -> Self {
        Self { slot: Arc::new(Shared::new(card)) }
    }

    /// Gives the reader a PIN pad at which somebody types these digits.
    pub fn with_pin_pad(self, digits: &str) -> Self {
        self.set_at_the_pad(Some(AtThePad::Types(Zeroizing::new(digits.into()))));
        self
    }

    /// Sets who is at the reader's PIN pad; `None` makes a reader without one.
    pub fn set_at_the_pad(&self, who: Option<AtThePad>) {
        self.slot.lock().pad = who;
    }

    /// Sets how long a channel waits while another holds the transaction; 2 seconds at first.
    pub fn set_patience(&self, patience: Duration) {
        self.slot.lock().patience = patience;
    }

    /// Opens one more channel to the card, as another program would.
    pub fn channel(&self) -> Box<dyn CardChannel> {
        let mut slot = self.slot.lock();
        slot.channels += 1;
        Box::new(Channel::new(Arc::clone(&self.slot), slot.channels, slot.resets, slot.removals))
    }

    /// Sets the faults; commands are counted anew.
    pub fn set_dial(&self, dial: Dial) {
        self.slot.lock().dial = dial;
    }

    /// Returns CLA INS P1 P2 of each command that was sent, including those that a fault kept from the card.
    pub fn headers(&self) -> Vec<[u8; 4]> {
        self.slot.lock().headers.iter().copied().collect()
    }

    /// Forgets the commands that were sent so far.
    pub fn forget_headers(&self) {
        self.slot.lock().headers.clear();
    }

    /// Pulls the card, even out of a transaction.
    pub fn remove(&self) {
        self.slot.lock().pull();
        self.slot.changed.notify_all();
    }

    /// Puts in another card. If the present card was not pulled before, this is a swap that nobody saw: channels are
    /// told only of a reset.
    pub fn insert(&self, card: Box<dyn VirtualCard>) {
        let mut slot = self.slot.lock();
        slot.card = Some(card);
        slot.reset();
        drop(slot);
        self.slot.changed.notify_all();
    }

    /// Puts in again the card that was pulled last; does nothing without one.
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

    /// Gives direct access to the card in the slot, without dial, headers and transactions; `None` if there is no card.
    pub fn with_card<T>(&self, look: impl FnOnce(&mut dyn VirtualCard) -> T) -> Option<T> {
        self.slot.lock().card.as_mut().map(|card| look(card.as_mut()))
    }
}
