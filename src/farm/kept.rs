//! A card that is never ahead of its file: every change is on disk before the host gets the answer.

use super::kind::Kind;
use super::place::{Place, Saved};
use super::sealed::Seal;
use super::shelf_error::ShelfError;
use crate::virtual_card::VirtualCard;
use std::fs::File;
use std::sync::{Arc, Mutex, PoisonError};
use zeroize::Zeroizing;

/// Holds status word 6581: memory failure (ISO/IEC 7816-4, 5.6).
const MEMORY_FAILURE: [u8; 2] = [0x65, 0x81];

/// Holds a card taken from the shelf. If its state cannot be saved, the command fails, and the card is reset to what is
/// on disk.
pub struct KeptCard {
    card: Box<dyn VirtualCard>,
    kind: Kind,
    saved: Saved,
    seal: Seal,
    place: Place,
    trouble: Trouble,
    /// Held until the card is put back.
    _lock: File,
}

/// Tells whoever lends the card why its last change could not be saved.
#[derive(Clone, Default)]
pub struct Trouble(Arc<Mutex<Option<ShelfError>>>);

impl Trouble {
    /// Takes the last failure, if there was any since the last call.
    pub fn take(&self) -> Option<ShelfError> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

impl KeptCard {
    pub(super) fn new(
        card: Box<dyn VirtualCard>,
        kind: Kind,
        saved: Saved,
        seal: Seal,
        place: Place,
        lock: File,
    ) -> Self {
        Self { card, kind, saved, seal, place, trouble: Trouble::default(), _lock: lock }
    }

    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Returns where failures to save are reported.
    pub fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }

    /// Saves the state if it has changed.
    fn save(&mut self) -> Result<(), ShelfError> {
        let state = self.card.state();
        if *state != *self.saved {
            self.place.save(&self.seal, &state)?;
            self.saved = state;
        }
        Ok(())
    }

    /// Restores the card from what is on disk, and reports the failure.
    fn roll_back(&mut self, trouble: ShelfError) {
        if let Ok(card) = self.kind.card_of(&self.saved) {
            self.card = card;
        }
        *self.trouble.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }
}

impl VirtualCard for KeptCard {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = Zeroizing::new(self.card.transmit(command));
        match self.save() {
            Ok(()) => answer.to_vec(),
            Err(trouble) => {
                self.roll_back(trouble);
                MEMORY_FAILURE.to_vec()
            }
        }
    }

    fn state(&self) -> Zeroizing<Vec<u8>> {
        self.card.state()
    }

    fn set_capacity(&mut self, bytes: Option<usize>) {
        self.card.set_capacity(bytes);
    }

    fn set_tries_left(&mut self, tries: u8) {
        self.card.set_tries_left(tries);
    }
}
