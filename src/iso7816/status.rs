//! Status words (ISO/IEC 7816-4, 5.6).

use std::fmt;

/// Holds SW1 and SW2 as one number.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct StatusWord(pub u16);

impl StatusWord {
    pub const OK: Self = Self(0x9000);
    pub const WRONG_LENGTH: Self = Self(0x6700);
    pub const LAST_OF_CHAIN_EXPECTED: Self = Self(0x6883);
    pub const CHAINING_NOT_SUPPORTED: Self = Self(0x6884);
    pub const SECURITY_STATUS_NOT_SATISFIED: Self = Self(0x6982);
    pub const AUTHENTICATION_METHOD_BLOCKED: Self = Self(0x6983);
    pub const REFERENCE_DATA_NOT_USABLE: Self = Self(0x6984);
    pub const CONDITIONS_NOT_SATISFIED: Self = Self(0x6985);
    pub const INCORRECT_DATA: Self = Self(0x6A80);
    pub const FUNCTION_NOT_SUPPORTED: Self = Self(0x6A81);
    pub const FILE_NOT_FOUND: Self = Self(0x6A82);
    pub const NOT_ENOUGH_MEMORY: Self = Self(0x6A84);
    pub const INCORRECT_P1_P2: Self = Self(0x6A86);
    pub const REFERENCE_DATA_NOT_FOUND: Self = Self(0x6A88);
    pub const FILE_EXISTS: Self = Self(0x6A89);
    pub const INSTRUCTION_NOT_SUPPORTED: Self = Self(0x6D00);
    pub const CLASS_NOT_SUPPORTED: Self = Self(0x6E00);

    pub fn is_ok(self) -> bool {
        self == Self::OK
    }

    /// Returns the tries left that `63Cx` tells; `None` for every other word.
    pub fn tries_left(self) -> Option<u8> {
        (self.0 & 0xFFF0 == 0x63C0).then_some((self.0 & 0x000F) as u8)
    }

    /// Returns how many more bytes are waiting, as `61xx` tells; 256 for `6100`, `None` for every other word.
    pub fn bytes_waiting(self) -> Option<usize> {
        (self.0 >> 8 == 0x61).then_some(length_of(self.0))
    }

    /// Returns the right Le that `6Cxx` tells; 256 for `6C00`, `None` for every other word.
    pub fn right_length(self) -> Option<usize> {
        (self.0 >> 8 == 0x6C).then_some(length_of(self.0))
    }

    /// Returns what the word means, in the terms of the standard.
    pub fn meaning(self) -> &'static str {
        match self.0 {
            0x9000 => "done",
            0x6100..=0x61FF => "more of the answer is waiting",
            0x6281 => "part of the returned data may be corrupted",
            0x6282 => "the end of the file was reached before Le bytes were read",
            0x6300 => "verification failed",
            0x63C0..=0x63CF => "verification failed, and the tries that are left were told",
            0x6581 => "memory failure",
            0x6700 => "wrong length",
            0x6881 => "logical channel not supported",
            0x6882 => "secure messaging not supported",
            0x6883 => "the last command of the chain was expected",
            0x6884 => "command chaining not supported",
            0x6982 => "security status not satisfied",
            0x6983 => "authentication method blocked",
            0x6984 => "reference data not usable",
            0x6985 => "conditions of use not satisfied",
            0x6A80 => "incorrect parameters in the data field",
            0x6A81 => "function not supported",
            0x6A82 => "file or application not found",
            0x6A83 => "record not found",
            0x6A84 => "not enough memory",
            0x6A86 => "incorrect parameters P1-P2",
            0x6A88 => "reference data not found",
            0x6A89 => "file exists already",
            0x6A8A => "name exists already",
            0x6B00 => "wrong parameters P1-P2",
            0x6C00..=0x6CFF => "wrong Le",
            0x6D00 => "instruction not supported",
            0x6E00 => "class not supported",
            0x6F00 => "no precise diagnosis",
            _ => "a status word of no known meaning",
        }
    }
}

fn length_of(word: u16) -> usize {
    match word & 0x00FF {
        0 => 256,
        length => usize::from(length),
    }
}

impl fmt::Debug for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X}", self.0)
    }
}

impl fmt::Display for StatusWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04X} ({})", self.0, self.meaning())
    }
}
