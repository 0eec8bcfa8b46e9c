//! The slot as a lender reaches it, who lets others keep transactions: [`crate::farm`] before pcscd.

use super::shared::Slot;
use super::{Played, SharedCard};
use std::sync::PoisonError;

impl SharedCard {
    /// The card's answer to reset, as the dial shows it; `None` when there is no card.
    pub fn atr(&self) -> Option<Vec<u8>> {
        let slot = self.slot.lock();
        slot.card.as_ref().map(|card| slot.dial.atr(card.as_ref()))
    }

    /// Gives the card one command, past transactions; waits while the dial has the card be slow.
    pub fn transmit(&self, command: &[u8]) -> Played {
        let mut slot = self.slot.lock();
        slot.note(command);
        let (delay, removals) = (slot.dial.delay(command), slot.removals);
        let stays = |slot: &mut Slot| slot.removals == removals;
        slot = self.slot.changed.wait_timeout_while(slot, delay, stays).unwrap_or_else(PoisonError::into_inner).0;
        let Slot { card: Some(card), dial, .. } = &mut *slot else { return Played::Removed };
        let played = dial.play(card.as_mut(), command);
        slot.spoken += 1;
        match &played {
            Played::Answer(_) => {}
            Played::Removed => slot.pull(),
            Played::Reset => slot.resets += 1,
        }
        played
    }
}
