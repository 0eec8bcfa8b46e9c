//! One card as the PIV and GIDS code sees it: whole commands in, whole answers out.

use super::apdu::{CommandApdu, ResponseApdu};
use super::channel::{CardChannel, ChannelError, Continuity, EndWith, Limits, PinPad};
use super::layers::{self, ExchangeError, Line};
use super::meter::Meter;

/// Holds one card behind a channel. Dropping it within a transaction resets the card, so that no login outlives it.
pub struct Card {
    channel: Box<dyn CardChannel>,
    in_transaction: bool,
    meter: Meter,
}

impl Card {
    /// Wraps a channel; no transaction is begun yet.
    pub fn new(channel: Box<dyn CardChannel>) -> Self {
        Self { channel, in_transaction: false, meter: Meter::default() }
    }

    /// Returns what card and reader together can carry.
    pub fn limits(&self) -> Limits {
        self.channel.limits()
    }

    /// Returns the card's answer to reset; empty where it is not known.
    pub fn atr(&self) -> Vec<u8> {
        self.channel.atr()
    }

    /// Begins a transaction; see [`CardChannel::begin`].
    pub fn begin(&mut self) -> Result<Continuity, ChannelError> {
        let continuity = self.channel.begin()?;
        self.in_transaction = true;
        self.meter = Meter::default();
        Ok(continuity)
    }

    /// Ends the transaction; see [`CardChannel::end`]. If that fails, it is tried again on drop.
    pub fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        self.channel.end(with)?;
        self.in_transaction = false;
        Ok(())
    }

    /// Says whether a transaction was begun and has not ended.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    /// Returns the reader's PIN pad, if it has one.
    pub fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        self.channel.pin_pad()
    }

    /// Sends the command and collects the whole answer. A long command is chained or sent at extended length. A status
    /// word other than 9000 is an answer, not an error; 61xx means that the card has more bytes than were expected.
    /// Works within a transaction only, and until as much was said in it as with the largest of cards:
    /// [`ExchangeError::TooMuch`].
    pub fn exchange(&mut self, command: &CommandApdu) -> Result<ResponseApdu, ExchangeError> {
        layers::collect(&mut Line { channel: &mut *self.channel, meter: &mut self.meter }, command)
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        if self.in_transaction {
            // Nobody is left to be told of a failure; the channel is dropped next and ends its own connection.
            let _ = self.channel.end(EndWith::Reset);
        }
    }
}
