//! One card in a PC/SC reader as a [`CardChannel`]. Every wait here is bounded.

use super::card_thread::{self, Connected, Order, Reply};
use super::error::Error;
use super::facts::CardFacts;
use super::hold::Hold;
use super::pin_verify::{CANCEL_PRESSED, NO_KEY_IN_TIME, pin_verify};
use crate::iso7816::{
    CardChannel, ChannelError, Continuity, EndWith, Limits, PinPad, PinPadError, PinPadVerify, ResponseApdu, StatusWord,
};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel, sync_channel};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Says how long a channel waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// For other programs to release the card.
    pub busy: Duration,
    /// For the answer to one command: a card may take minutes to make an RSA-4096 key.
    pub answer: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self { busy: Duration::from_secs(10), answer: Duration::from_secs(300) }
    }
}

/// Bounds the wait for the card to be disconnected on drop.
const FAREWELL: Duration = Duration::from_secs(2);

/// Connects to one card, shared with other programs; a thread of its own speaks to it. Dropping it within a transaction
/// resets the card; otherwise the card keeps its state. A card that was removed, or did not answer in time, is not
/// spoken to again.
pub struct PcscChannel {
    orders: Option<Sender<Order>>,
    /// Disconnects when the thread ends.
    ended: Receiver<()>,
    patience: Patience,
    connected: Connected,
    is_open: bool,
    /// The thread is still busy with an order that was given up.
    is_occupied: bool,
    lost: Option<Lost>,
}

/// Says why a channel is of no more use.
#[derive(Clone, Copy)]
enum Lost {
    Removed,
    Silent { waited: Duration },
}

/// Says why there is no answer from the thread.
enum NoAnswer {
    InTime,
    ThreadEnded,
}

impl PcscChannel {
    /// Connects to the card in `reader`. PC/SC lite lets nobody connect while another program holds a transaction.
    ///
    /// # Errors
    /// [`Error::NoCard`], [`Error::Mute`], [`Error::Busy`] after `patience.busy`, and those of the service.
    pub fn connect(reader: &str, patience: Patience) -> Result<Self, Error> {
        let since = Instant::now();
        let (orders, taken) = channel();
        let (ending, ended) = sync_channel::<()>(0);
        let (reply, connected) = sync_channel(0);
        let name = reader.to_owned();
        let hold = Hold::new();
        let run = move || {
            let (_hold, _ending) = (hold, ending);
            card_thread::run(&name, patience.busy, &reply, &taken);
        };
        std::thread::Builder::new().name("card".into()).spawn(run).map_err(Error::Thread)?;
        let connected = match connected.recv_timeout(patience.busy) {
            Ok(Err(Error::Busy { reader, .. })) => Err(Error::Busy { reader, waited: since.elapsed() }),
            Ok(connected) => connected,
            Err(RecvTimeoutError::Timeout) => Err(Error::Busy { reader: reader.into(), waited: patience.busy }),
            Err(RecvTimeoutError::Disconnected) => Err(Error::ThreadEnded),
        }?;
        Ok(Self { orders: Some(orders), ended, patience, connected, is_open: false, is_occupied: false, lost: None })
    }

    /// Returns what card and reader told when they were connected.
    pub fn facts(&self) -> &CardFacts {
        &self.connected.facts
    }

    /// Gives the thread an order, and waits for its answer.
    fn ask<T>(&mut self, order: impl FnOnce(Reply<T>) -> Order, wait: Duration) -> Result<T, NoAnswer> {
        let (reply, answer) = sync_channel(0);
        let orders = self.orders.as_ref().ok_or(NoAnswer::ThreadEnded)?;
        orders.send(order(reply)).map_err(|_| NoAnswer::ThreadEnded)?;
        let answer = answer.recv_timeout(wait);
        self.is_occupied = matches!(answer, Err(RecvTimeoutError::Timeout));
        answer.map_err(|error| match error {
            RecvTimeoutError::Timeout => NoAnswer::InTime,
            RecvTimeoutError::Disconnected => NoAnswer::ThreadEnded,
        })
    }

    /// Gives the thread an order within a transaction. Without an answer in time, nobody knows what happened to the
    /// command.
    fn ask_card<T>(&mut self, order: impl FnOnce(Reply<Result<T, ChannelError>>) -> Order) -> Result<T, ChannelError> {
        self.check()?;
        let wait = self.patience.answer;
        let answer = match self.ask(order, wait) {
            Ok(answer) => answer,
            Err(NoAnswer::InTime) => Err(ChannelError::Timeout { waited: wait }),
            Err(NoAnswer::ThreadEnded) => Err(thread_ended()),
        };
        answer.inspect_err(|error| self.note(error))
    }

    /// Refuses if the card was removed or did not answer in time.
    fn check(&self) -> Result<(), ChannelError> {
        match self.lost {
            None => Ok(()),
            Some(Lost::Removed) => Err(ChannelError::Removed),
            Some(Lost::Silent { waited }) => Err(ChannelError::Timeout { waited }),
        }
    }

    /// Remembers what an error says of the transaction and of the card.
    fn note(&mut self, error: &ChannelError) {
        match error {
            ChannelError::Removed => self.lost = Some(Lost::Removed),
            ChannelError::Timeout { waited } => self.lost = Some(Lost::Silent { waited: *waited }),
            ChannelError::Reset | ChannelError::ServiceStopped => {}
            ChannelError::Busy { .. } | ChannelError::Reader(_) => return,
        }
        self.is_open = false;
    }
}

fn thread_ended() -> ChannelError {
    ChannelError::Reader(Error::ThreadEnded.into())
}

impl CardChannel for PcscChannel {
    fn limits(&self) -> Limits {
        self.connected.facts.limits
    }

    fn atr(&self) -> Vec<u8> {
        self.connected.facts.atr.clone()
    }

    fn begin(&mut self) -> Result<Continuity, ChannelError> {
        self.check()?;
        if self.is_open {
            return Ok(Continuity::Unbroken);
        }
        let waited = self.patience.busy;
        let begun = match self.ask(Order::Begin, waited) {
            Ok(begun) => begun,
            // The thread waits on; once it has the transaction, it finds that nobody waits, and ends it.
            Err(NoAnswer::InTime) => Err(ChannelError::Busy { waited }),
            Err(NoAnswer::ThreadEnded) => Err(thread_ended()),
        };
        self.is_open = begun.is_ok();
        begun.inspect_err(|error| self.note(error))
    }

    fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        if !self.is_open {
            return Ok(());
        }
        self.is_open = false;
        self.ask_card(|reply| Order::End(with, reply))
    }

    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError> {
        let command = Zeroizing::new(command.to_vec());
        self.ask_card(|reply| Order::Transmit(command, reply))
    }

    fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        self.connected.features.verify_pin_direct.is_some().then_some(self)
    }
}

impl PinPad for PcscChannel {
    fn verify(&mut self, verify: &PinPadVerify) -> Result<StatusWord, PinPadError> {
        let Some(code) = self.connected.features.verify_pin_direct else {
            return Err(ChannelError::Reader(Error::NoPinPad.into()).into());
        };
        let answer = self.ask_card(|reply| Order::Control(code, pin_verify(verify), reply))?;
        outcome(&answer)
    }
}

/// Reads what the reader answered instead of the card, or what the card answered.
fn outcome(answer: &[u8]) -> Result<StatusWord, PinPadError> {
    let answer = ResponseApdu::from_bytes(answer).map_err(|error| ChannelError::Reader(error.into()))?;
    match answer.status {
        NO_KEY_IN_TIME => Err(PinPadError::Timeout),
        CANCEL_PRESSED => Err(PinPadError::Cancelled),
        status => Ok(status),
    }
}

impl Drop for PcscChannel {
    fn drop(&mut self) {
        self.orders = None;
        if !self.is_occupied {
            // Whoever connects next should find the card disconnected.
            let _ = self.ended.recv_timeout(FAREWELL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_tells_what_became_of_the_pin() {
        assert!(matches!(outcome(&[0x64, 0x00]), Err(PinPadError::Timeout)));
        assert!(matches!(outcome(&[0x64, 0x01]), Err(PinPadError::Cancelled)));
        assert!(matches!(outcome(&[0x63, 0xC2]), Ok(StatusWord(0x63C2))));
        assert!(matches!(outcome(&[0x90, 0x00]), Ok(StatusWord::OK)));
        assert!(matches!(outcome(&[0x90]), Err(PinPadError::Channel(ChannelError::Reader(_)))));
    }
}
