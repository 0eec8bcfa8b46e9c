//! Command and response APDUs (ISO/IEC 7816-4, 5.1).

use super::status::StatusWord;
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

/// CLA INS P1 P2; what errors name a command by.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header(pub [u8; 4]);

impl Header {
    /// The same with the bit that says that more of the chain follows (ISO/IEC 7816-4, 5.4.1).
    pub(super) fn chained(self) -> Self {
        let [cla, ins, p1, p2] = self.0;
        Self([cla | 0x10, ins, p1, p2])
    }
}

impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [cla, ins, p1, p2] = self.0;
        write!(f, "{cla:02X} {ins:02X} {p1:02X} {p2:02X}")
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
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

    /// Like [`CommandApdu::with_data`], for data that is in a wiped buffer already.
    pub fn with_secret_data(mut self, data: Zeroizing<Vec<u8>>) -> Self {
        self.data = data;
        self
    }

    pub fn header(&self) -> Header {
        Header([self.cla, self.ins, self.p1, self.p2])
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
        let (header, length) = (self.header(), self.data.len());
        write!(f, "{header}, {length} bytes of data, expects {:?}, {:?}", self.expect, self.effect)
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
