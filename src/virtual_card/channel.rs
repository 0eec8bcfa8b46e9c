//! One channel to the card in the slot of a [`SharedCard`](super::SharedCard).

use super::answer_to_reset;
use super::dial::Played;
use super::slot::{AtThePad, Shared, Slot};
use crate::iso7816::{
    CardChannel, ChannelError, Continuity, EndWith, Limits, PinPad, PinPadError, PinPadVerify, Protocol, StatusWord,
};
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;
use zeroize::Zeroizing;

/// Says where the data field stands in a short command.
const DATA: usize = 5;
/// Bounds the wait for somebody to type a PIN.
const PAD_PATIENCE: Duration = Duration::from_secs(30);

pub(super) struct Channel {
    slot: Arc<Shared>,
    id: u64,
    /// The slot's counts of resets and removals when the transaction began.
    resets: u64,
    removals: u64,
    /// The removals that this channel was told of.
    told: u64,
    /// The slot's count of commands when this channel last had the card; `None` if it never had.
    spoken: Option<u64>,
}

impl Channel {
    pub fn new(slot: Arc<Shared>, id: u64, resets: u64, removals: u64) -> Self {
        Self { slot, id, resets, removals, told: removals, spoken: None }
    }

    /// Returns what happened to the card since the transaction began, if it was removed or reset.
    fn broken(&self, slot: &Slot) -> Option<ChannelError> {
        if slot.removals != self.removals || slot.card.is_none() {
            Some(ChannelError::Removed)
        } else if slot.resets != self.resets {
            Some(ChannelError::Reset)
        } else {
            None
        }
    }
}

/// Waits until no other channel holds the slot.
fn obtain<'a>(shared: &'a Shared, id: u64) -> Result<MutexGuard<'a, Slot>, ChannelError> {
    let slot = shared.lock();
    let waited = slot.patience;
    let others = |slot: &mut Slot| slot.holder.is_some_and(|holder| holder != id);
    let (slot, timeout) =
        shared.changed.wait_timeout_while(slot, waited, others).unwrap_or_else(PoisonError::into_inner);
    if timeout.timed_out() { Err(ChannelError::Busy { waited }) } else { Ok(slot) }
}

impl CardChannel for Channel {
    fn limits(&self) -> Limits {
        let slot = self.slot.lock();
        match &slot.card {
            Some(card) => answer_to_reset::limits(&slot.dial.atr(card.as_ref())),
            None => Limits { protocol: Protocol::T1, extended: false, chaining: None },
        }
    }

    fn atr(&self) -> Vec<u8> {
        let slot = self.slot.lock();
        slot.card.as_ref().map(|card| slot.dial.atr(card.as_ref())).unwrap_or_default()
    }

    /// Begins a transaction. A removal is reported once, even if a card was put in since; the next call then finds that
    /// card, reset.
    fn begin(&mut self) -> Result<Continuity, ChannelError> {
        let mut slot = obtain(&self.slot, self.id)?;
        if slot.card.is_none() || slot.removals != self.told {
            self.told = slot.removals;
            return Err(ChannelError::Removed);
        }
        let continuity = if slot.resets != self.resets {
            Continuity::Reset
        } else if self.spoken != Some(slot.spoken) {
            Continuity::Shared
        } else {
            Continuity::Unbroken
        };
        (self.resets, self.removals) = (slot.resets, slot.removals);
        self.spoken = Some(slot.spoken);
        slot.holder = Some(self.id);
        Ok(continuity)
    }

    fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        let mut slot = self.slot.lock();
        if slot.holder != Some(self.id) {
            return Ok(());
        }
        slot.holder = None;
        self.slot.changed.notify_all();
        if matches!(self.broken(&slot), Some(ChannelError::Removed)) {
            return Err(ChannelError::Removed);
        }
        if with == EndWith::Reset {
            slot.reset();
        }
        Ok(())
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        match self.carry(command) {
            Ok((answer, spoken)) => {
                self.spoken = Some(spoken);
                Ok(answer)
            }
            Err(error) => {
                if matches!(error, ChannelError::Removed) {
                    self.told = self.slot.lock().removals;
                }
                Err(error)
            }
        }
    }

    fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        let has_pad = self.slot.lock().pad.is_some();
        if has_pad { Some(self) } else { None }
    }
}

impl Channel {
    fn carry(&self, command: &[u8]) -> Result<(Zeroizing<Vec<u8>>, u64), ChannelError> {
        let slot = self.slot.lock();
        if slot.holder != Some(self.id) {
            return Err(ChannelError::Reader(Box::new(NoTransaction)));
        }
        if let Some(error) = self.broken(&slot) {
            return Err(error);
        }
        let (slot, played) = self.slot.play(slot, command);
        match played {
            Played::Answer(answer) => Ok((Zeroizing::new(answer), slot.spoken)),
            Played::Removed => Err(ChannelError::Removed),
            Played::Reset => Err(ChannelError::Reset),
        }
    }
}

impl PinPad for Channel {
    fn verify(&mut self, verify: &PinPadVerify) -> Result<StatusWord, PinPadError> {
        let timeout = PinPadError::Timeout;
        let digits = match &self.slot.lock().pad {
            Some(AtThePad::Types(digits)) => digits.clone(),
            Some(AtThePad::Cancels) => return Err(PinPadError::Cancelled),
            Some(AtThePad::IsAway) | None => return Err(timeout),
        };
        let mut command = Zeroizing::new(verify.template.clone());
        let length = u8::try_from(digits.len()).unwrap_or(u8::MAX);
        if verify.block == 0 {
            command.resize(DATA + digits.len(), 0);
            command[DATA - 1] = length;
        }
        let fits = (verify.minimum..=verify.maximum).contains(&length) && (verify.block == 0 || length <= verify.block);
        match command.get_mut(DATA..DATA + digits.len()) {
            // The reader's confirmation key does nothing while too few or too many digits were typed.
            Some(place) if fits => place.copy_from_slice(digits.as_bytes()),
            _ => return Err(timeout),
        }
        let answer = self.transmit(&command)?;
        match answer.last_chunk::<2>() {
            Some(word) => Ok(StatusWord(u16::from_be_bytes(*word))),
            None => Err(PinPadError::Channel(ChannelError::Timeout { waited: PAD_PATIENCE })),
        }
    }
}

impl Drop for Channel {
    fn drop(&mut self) {
        let mut slot = self.slot.lock();
        if slot.holder == Some(self.id) {
            slot.holder = None;
            self.slot.changed.notify_all();
        }
    }
}

/// Says that a command came without a transaction.
#[derive(Debug, thiserror::Error)]
#[error("a command was sent to the card outside a transaction")]
struct NoTransaction;
