//! One card as the tongues see it: whole commands in, whole answers out.

use super::apdu::{CommandApdu, ResponseApdu};
use super::channel::{CardChannel, ChannelError, Continuity, EndWith, Limits, PinPad};
use super::layers::{self, ExchangeError};

/// A card behind a channel. Dropped within a transaction, it resets the card, so that nothing proven outlives it.
pub struct Card {
    channel: Box<dyn CardChannel>,
    in_transaction: bool,
}

impl Card {
    pub fn new(channel: Box<dyn CardChannel>) -> Self {
        Self { channel, in_transaction: false }
    }

    pub fn limits(&self) -> Limits {
        self.channel.limits()
    }

    /// Begins a transaction; see [`CardChannel::begin`].
    pub fn begin(&mut self) -> Result<Continuity, ChannelError> {
        let continuity = self.channel.begin()?;
        self.in_transaction = true;
        Ok(continuity)
    }

    /// Ends the transaction; see [`CardChannel::end`]. One that could not be ended is tried again on drop.
    pub fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        self.channel.end(with)?;
        self.in_transaction = false;
        Ok(())
    }

    /// A transaction was begun and not ended.
    pub fn in_transaction(&self) -> bool {
        self.in_transaction
    }

    pub fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        self.channel.pin_pad()
    }

    /// Sends the command, chained or at extended length where it is long, and collects the whole answer. A status
    /// word other than 9000 is an answer, not an error; 61xx is one where more is waiting than was expected. Within a
    /// transaction only.
    pub fn exchange(&mut self, command: &CommandApdu) -> Result<ResponseApdu, ExchangeError> {
        layers::collect(&mut *self.channel, command)
    }
}

impl Drop for Card {
    fn drop(&mut self) {
        if self.in_transaction {
            // Nobody is left to be told; the channel's own end comes next.
            let _ = self.channel.end(EndWith::Reset);
        }
    }
}
