//! Command and response APDUs (ISO/IEC 7816-4, 5.1).

use super::StatusWord;
use std::fmt;
use zeroize::Zeroizing;

/// Whether a command may be sent again when an answer tells that its Le was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads; sending it again is harmless.
    Reads,
    /// It changes the card, spends a try or uses a key; it is never sent twice.
    Changes,
}

/// How much answer a command expects (Ne).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Nothing,
    /// All there is: Le `00`, or `0000` at extended length.
    All,
    /// At most so many bytes, 1 to 65535.
    Bytes(u16),
}

/// A command: header, data and what is expected back. Its data is wiped on drop and never shown.
pub struct CommandApdu {
    pub cla: u8,
    pub ins: u8,
    pub p1: u8,
    pub p2: u8,
    pub data: Zeroizing<Vec<u8>>,
    pub expect: Expect,
    pub effect: Effect,
}

impl CommandApdu {
    /// A command of class 00 without data that expects nothing and counts as one that changes the card.
    pub fn new(ins: u8, p1: u8, p2: u8) -> Self {
        let data = Zeroizing::new(Vec::new());
        Self { cla: 0x00, ins, p1, p2, data, expect: Expect::Nothing, effect: Effect::Changes }
    }

    pub fn with_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = Zeroizing::new(data.into());
        self
    }

    pub fn expecting(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    /// Marks the command as one that only reads.
    pub fn reading(mut self) -> Self {
        self.effect = Effect::Reads;
        self
    }
}

/// Shows the header and lengths, never data.
impl fmt::Debug for CommandApdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { cla, ins, p1, p2, data, expect, effect } = self;
        let length = data.len();
        write!(f, "{cla:02X} {ins:02X} {p1:02X} {p2:02X}, {length} bytes of data, expects {expect:?}, {effect:?}")
    }
}

/// An answer: data and status word. Its data is wiped on drop and never shown.
pub struct ResponseApdu {
    pub data: Zeroizing<Vec<u8>>,
    pub status: StatusWord,
}

impl ResponseApdu {
    /// Splits what came from a card.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, ApduError> {
        match bytes.split_last_chunk::<2>() {
            Some((data, status)) => {
                Ok(Self { data: Zeroizing::new(data.to_vec()), status: StatusWord(u16::from_be_bytes(*status)) })
            }
            None => Err(ApduError::NoStatus { length: bytes.len() }),
        }
    }
}

impl fmt::Debug for ResponseApdu {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}, {} bytes of data", self.status, self.data.len())
    }
}

/// Bytes that are no APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApduError {
    #[error("an answer of {length} bytes holds no status word")]
    NoStatus { length: usize },
}
