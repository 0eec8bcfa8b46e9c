//! What carries raw APDUs to one card, and what can happen on the way.

use super::status::StatusWord;
use std::time::Duration;
use zeroize::Zeroizing;

/// Names the transmission protocol in force (ISO/IEC 7816-3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    T0,
    T1,
}

/// Says what card and reader together can carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    pub protocol: Protocol,
    /// Whether both offer extended length. The card says so in its ATR or EF.ATR, the reader by its largest APDU.
    pub extended: bool,
    /// Whether the card takes chained commands; `None` if it does not say.
    pub chaining: Option<bool>,
}

/// Says what may have happened to the card since the last transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Continuity {
    /// Nobody else can have sent the card anything: selection and login still hold.
    Unbroken,
    /// Others may have sent it commands: the application must be selected again; a login may still hold.
    Shared,
    /// The card was reset: neither selection nor login holds.
    Reset,
}

/// Says how a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndWith {
    /// The card keeps its state.
    Leave,
    /// The card is reset, so that no login outlives the transaction.
    Reset,
}

/// Says why bytes did not reach the card or no answer came back. The command may or may not have been carried out.
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
    #[error("the service of the readers was stopped")]
    ServiceStopped,
    #[error("the reader failed")]
    Reader(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Carries raw command APDUs to one card. Nothing behind this trait chains, retries or interprets.
pub trait CardChannel: Send {
    /// Returns what card and reader together can carry.
    fn limits(&self) -> Limits;

    /// Returns the card's answer to reset (ISO/IEC 7816-3, 8); empty where it is not known.
    fn atr(&self) -> Vec<u8> {
        Vec::new()
    }

    /// Begins a transaction: until [`CardChannel::end`] nobody else reaches the card. The wait is bounded.
    fn begin(&mut self) -> Result<Continuity, ChannelError>;

    /// Ends the transaction; does nothing if there is none.
    fn end(&mut self, with: EndWith) -> Result<(), ChannelError>;

    /// Sends one command APDU and returns the response APDU, which has at least SW1 SW2.
    fn transmit(&mut self, command: &[u8]) -> Result<Zeroizing<Vec<u8>>, ChannelError>;

    /// Returns the reader's PIN pad, if it has one (PC/SC part 10, FEATURE_VERIFY_PIN_DIRECT).
    fn pin_pad(&mut self) -> Option<&mut dyn PinPad> {
        None
    }
}

/// Describes how a PIN typed at the reader is put into VERIFY (PC/SC part 10, PIN_VERIFY).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PinPadVerify {
    /// CLA INS P1 P2 Lc and the data field, with padding in place of every PIN byte.
    pub template: Vec<u8>,
    /// Fewest digits the reader takes.
    pub minimum: u8,
    /// Most digits the reader takes.
    pub maximum: u8,
    /// Bytes of the PIN block; bytes that the PIN does not fill stay as in the template. 0 means that PINs are not
    /// padded: the template is then the header alone, and Lc and data field are made of what was typed.
    pub block: u8,
}

/// Asks for PINs at a reader with keys of its own.
pub trait PinPad {
    /// Lets the user type the PIN at the reader, which sends VERIFY. The PIN never reaches this computer.
    fn verify(&mut self, verify: &PinPadVerify) -> Result<StatusWord, PinPadError>;
}

/// Says why no PIN went to the card.
#[derive(Debug, thiserror::Error)]
pub enum PinPadError {
    #[error("the PIN entry was cancelled at the reader")]
    Cancelled,
    #[error("no PIN was typed at the reader in time")]
    Timeout,
    #[error(transparent)]
    Channel(#[from] ChannelError),
}
