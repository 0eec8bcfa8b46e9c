//! The seam below the APDU: who carries bytes to a card.

use super::status::StatusWord;
use std::time::Duration;
use zeroize::Zeroizing;

/// The transmission protocol in force (ISO/IEC 7816-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    T0,
    T1,
}

/// What card and reader together can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub protocol: Protocol,
    /// Both offer extended length (card: ATR or EF.ATR; reader: its largest APDU).
    pub extended: bool,
    /// The card says it takes chained commands; `None` when it does not tell.
    pub chaining: Option<bool>,
}

/// What may have happened to the card since the last transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Nobody else can have spoken to the card: what was selected and proven still holds.
    Unbroken,
    /// Others may have spoken to it: the application must be selected again; what was proven may still hold.
    Shared,
    /// The card was reset: nothing that was selected or proven holds.
    Reset,
}

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndWith {
    /// The card keeps its state.
    Leave,
    /// The card is reset, so that nothing that was proven outlives the transaction.
    Reset,
}

/// Why bytes did not reach the card or no answer came back. Whether the command was carried out is then unknown.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChannelError {
    #[error("the card was removed")]
    Removed,
    #[error("the card was reset by another program or lost its power")]
    Reset,
    #[error("another program holds the reader; it was not let go of within {} seconds", waited.as_secs())]
    Busy { waited: Duration },
    #[error("the card did not answer within {} seconds", waited.as_secs())]
    Timeout { waited: Duration },
    #[error("the reader failed")]
    Reader(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Carries raw command APDUs to one card; nothing here chains, retries or interprets.
pub trait CardChannel: Send {
    fn limits(&self) -> Limits;

    /// Begins a transaction: until [`CardChannel::end`] nobody else reaches the card. Waits for a bounded time.
    fn begin(&mut self) -> Result<Continuity, ChannelError>;

    /// Ends the transaction; without one it does nothing.
    fn end(&mut self, with: EndWith) -> Result<(), ChannelError>;

    /// Sends one command APDU and returns the response APDU, at least SW1 SW2.
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError>;

    /// The reader's own keys, if it has some (PC/SC part 10, FEATURE_VERIFY_PIN_DIRECT).
    fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        None
    }
}

/// How a PIN typed at the reader goes into VERIFY (PC/SC part 10, PIN_VERIFY).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPadVerify {
    /// CLA INS P1 P2 Lc and the data field with every PIN byte as padding.
    pub template: Vec<u8>,
    /// Fewest and most digits.
    pub minimum: u8,
    pub maximum: u8,
    /// Bytes of the PIN block; what the PIN does not fill stays as in the template. 0 where PINs are not padded: the
    /// template is then the header alone, and Lc and data field become what was typed.
    pub block: u8,
}

/// A reader with keys of its own.
pub trait PinPad {
    /// Lets the user type the PIN and sends VERIFY; the PIN never reaches this computer.
    fn verify(&mut self, verify: &PinPadVerify) -> Result<StatusWord, PinPadError>;
}

/// Why no PIN went to the card.
#[derive(Debug, thiserror::Error)]
pub enum PinPadError {
    #[error("the PIN entry was cancelled at the reader")]
    Cancelled,
    #[error("no PIN was typed at the reader in time")]
    Timeout,
    #[error(transparent)]
    Channel(#[from] ChannelError),
}
