//! One card as the tongues see it: whole commands in, whole answers out.

use super::{
    ApduError, CardChannel, ChannelError, CommandApdu, Continuity, EndWith, Header, Limits, PinPad, ResponseApdu,
    StatusWord, layers,
};

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

/// Why there is no whole answer. But for [`ExchangeError::TooLong`] and [`ExchangeError::NoChaining`], the command may
/// have been carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExchangeError {
    #[error(transparent)]
    Channel(#[from] ChannelError),
    #[error("the card's answer to {command} is no answer")]
    Answer { command: Header, source: ApduError },
    #[error("the card answers {command} with {length} bytes where at most {asked} were asked for")]
    Oversize { command: Header, asked: usize, length: usize },
    #[error("{command} with {length} bytes of data is longer than a command can be")]
    TooLong { command: Header, length: usize },
    #[error(
        "{command} with {length} bytes of data is too long: the card takes neither chains nor extended length here"
    )]
    NoChaining { command: Header, length: usize },
    #[error("the card answers a block in the middle of the chain {command} with {status}")]
    MiddleOfChain { command: Header, status: StatusWord },
    #[error(
        "the card wants {command} again, for an answer of {right} bytes; it changes the card and is not sent twice"
    )]
    WrongLengthForChange { command: Header, right: usize },
    #[error("the card says that {waiting} bytes of its answer to {command} are waiting, and gives none")]
    NothingCame { command: Header, waiting: usize },
    #[error("the card's answer to {command} does not end; {collected} bytes were collected")]
    Endless { command: Header, collected: usize },
}
