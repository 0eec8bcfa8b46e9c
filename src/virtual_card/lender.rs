//! The slot as a lender reaches it: [`crate::farm`], which serves pcscd. Transactions are kept by others, above it.

use super::dial::Played;
use super::shared::SharedCard;

impl SharedCard {
    /// Returns the card's answer to reset, as the dial changes it; `None` if there is no card.
    pub fn atr(&self) -> Option<Vec<u8>> {
        let slot = self.slot.lock();
        slot.card.as_ref().map(|card| slot.dial.atr(card.as_ref()))
    }

    /// Sends the card one command, regardless of transactions; waits while the dial makes the card slow.
    pub fn transmit(&self, command: &[u8]) -> Played {
        self.slot.play(self.slot.lock(), command).1
    }
}
