//! The slot as a lender reaches it, who lets others keep transactions: [`crate::farm`] before pcscd.

use super::dial::Played;
use super::shared::SharedCard;

impl SharedCard {
    /// The card's answer to reset, as the dial shows it; `None` when there is no card.
    pub fn atr(&self) -> Option<Vec<u8>> {
        let slot = self.slot.lock();
        slot.card.as_ref().map(|card| slot.dial.atr(card.as_ref()))
    }

    /// Gives the card one command, past transactions; waits while the dial has the card be slow.
    pub fn transmit(&self, command: &[u8]) -> Played {
        self.slot.play(self.slot.lock(), command).1
    }
}
