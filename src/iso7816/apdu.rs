//! Command and response APDUs (ISO/IEC 7816-4, 5.1).

use super::status::StatusWord;
use std::fmt;
use zeroize::Zeroizing;

/// Says whether a command may be sent again when the card answers that its Le was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It only reads, so sending it again is harmless.
    Reads,
    /// It changes the card, spends a try or uses a key, so it is never sent twice.
    Changes,
}

/// Says how many bytes of answer a command expects (Ne).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    Nothing,
    /// The whole answer: Le `00`, or `0000` at extended length.
    All,
    /// At most this many bytes, 1 to 65535.
    Bytes(u16),
}

/// Holds CLA, INS, P1 and P2; errors name a command by these four bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Header(pub [u8; 4]);

impl Header {
    /// Returns the same header with the chaining bit set, which says that more of the chain follows (ISO/IEC 7816-4,
    /// 5.4.1).
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

/// Holds a command: its header, its data and the answer it expects. The data is wiped on drop, and `Debug` never shows
/// it.
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
    /// Makes a command of class 00 with no data and no expected answer. It counts as one that changes the card; see
    /// [`CommandApdu::reading`].
    pub fn new(ins: u8, p1: u8, p2: u8) -> Self {
        let data = Zeroizing::new(Vec::new());
        Self { cla: 0x00, ins, p1, p2, data, expect: Expect::Nothing, effect: Effect::Changes }
    }

    /// Sets the data field.
    pub fn with_data(mut self, data: impl Into<Vec<u8>>) -> Self {
        self.data = Zeroizing::new(data.into());
        self
    }

    /// Sets the data, like [`CommandApdu::with_data`], from a buffer that is wiped on drop; nothing is copied.
    pub fn with_secret_data(mut self, data: Zeroizing<Vec<u8>>) -> Self {
        self.data = data;
        self
    }

    /// Returns CLA, INS, P1 and P2.
    pub fn header(&self) -> Header {
        Header([self.cla, self.ins, self.p1, self.p2])
    }

    /// Sets how much answer is expected.
    pub fn expecting(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }

    /// Marks the command as one that only reads, so that it may be sent again with the right Le.
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

/// Holds an answer: its data and its status word. The data is wiped on drop, and `Debug` never shows it.
pub struct ResponseApdu {
    pub data: Zeroizing<Vec<u8>>,
    pub status: StatusWord,
}

impl ResponseApdu {
    /// Splits the bytes of an answer into data and status word.
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

/// Says why bytes are not an APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ApduError {
    #[error("an answer of {length} bytes holds no status word")]
    NoStatus { length: usize },
}
