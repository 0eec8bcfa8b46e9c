//! One card as the tongues see it: whole commands in, whole answers out.

use super::{ApduError, CardChannel, ChannelError, CommandApdu, Continuity, EndWith, Limits, PinPad, ResponseApdu};

/// A card behind a channel.
pub struct Card {
    channel: Box<dyn CardChannel>,
}

impl Card {
    pub fn new(channel: Box<dyn CardChannel>) -> Self {
        Self { channel }
    }

    pub fn limits(&self) -> Limits {
        self.channel.limits()
    }

    /// Begins a transaction; see [`CardChannel::begin`].
    pub fn begin(&mut self) -> Result<Continuity, ChannelError> {
        self.channel.begin()
    }

    /// Ends the transaction; see [`CardChannel::end`].
    pub fn end(&mut self, with: EndWith) -> Result<(), ChannelError> {
        self.channel.end(with)
    }

    pub fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        self.channel.pin_pad()
    }

    /// Sends the command, chained or at extended length where it is long, and collects the whole answer. A status
    /// word other than 9000 is an answer, not an error. Within a transaction only.
    pub fn exchange(&mut self, _command: &CommandApdu) -> Result<ResponseApdu, ExchangeError> {
        Err(ExchangeError::NotBuilt)
    }
}

/// Why there is no whole answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("the card's answer is no answer")]
    Answer(#[from] ApduError),
    #[error("not built")]
    NotBuilt,
}
