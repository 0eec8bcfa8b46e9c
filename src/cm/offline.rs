//! Offline unblock over the telephone: a challenge or response as groups a person can read out and check.
//!
//! Eight bytes are sixteen hexadecimal digits in four groups, then two decimal check digits: `D611-43F9-CCFF-D2CA-65`.
//! The check is that of ISO/IEC 7064 MOD 97-10 over the hexadecimal number: every single wrong digit and every swap of
//! neighbours is found, the check digits included. A response leaves another remainder than a challenge, so that one
//! read out for the other is found too.

use std::fmt;

/// Bytes of a challenge or response: one block of 3DES.
pub const CODE_BYTES: usize = 8;
const HEX_DIGITS: usize = CODE_BYTES * 2;
const CHECK_DIGITS: usize = 2;
const GROUP: usize = 4;
const MODULUS: u128 = 97;
/// Longer text is not looked at.
const MAX_TEXT: usize = 128;

/// Which way a code travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// From the card, read out by the user.
    Challenge,
    /// From the server, read back to the user.
    Response,
}

impl CodeKind {
    /// What the code leaves when divided by 97; 1 is the standard's.
    fn remainder(self) -> u128 {
        match self {
            Self::Challenge => 1,
            Self::Response => 2,
        }
    }

    fn other(self) -> Self {
        match self {
            Self::Challenge => Self::Response,
            Self::Response => Self::Challenge,
        }
    }
}

impl fmt::Display for CodeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(match self {
            Self::Challenge => "challenge",
            Self::Response => "response",
        })
    }
}

/// A code that was not read or typed as it was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("the {kind} has {found} digits, not {expected}: four groups of four, then two check digits")]
    Length { kind: CodeKind, found: usize, expected: usize },
    #[error("the {kind} has \"{found}\" as character {position}, where a digit {expected} belongs")]
    Character { kind: CodeKind, found: char, position: usize, expected: &'static str },
    #[error("the {kind} is mistyped: its check digits do not fit, so read it out once more, digit by digit")]
    CheckDigits { kind: CodeKind },
    #[error("what was typed as the {kind} has the check digits of a {}: type the other code, or read it out once more", kind.other())]
    OtherKind { kind: CodeKind },
}

/// Writes a code: `D611-43F9-CCFF-D2CA-65`.
pub fn write_code(kind: CodeKind, bytes: [u8; CODE_BYTES]) -> String {
    let number = u128::from(u64::from_be_bytes(bytes));
    let check = (kind.remainder() + MODULUS - number * 100 % MODULUS) % MODULUS;
    let mut text = String::new();
    for (index, digit) in hex::encode_upper(bytes).chars().enumerate() {
        if index != 0 && index % GROUP == 0 {
            text.push('-');
        }
        text.push(digit);
    }
    format!("{text}-{check:02}")
}

/// Reads a code in any letter case, with blanks, dashes and dots anywhere.
pub fn read_code(kind: CodeKind, text: &str) -> Result<[u8; CODE_BYTES], CodeError> {
    let digits: Vec<char> = text
        .chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '-' | '.' | '\u{2010}'..='\u{2015}'))
        .take(MAX_TEXT)
        .collect();
    let mut code: u64 = 0;
    let mut check: u128 = 0;
    for (index, digit) in digits.iter().enumerate().take(HEX_DIGITS + CHECK_DIGITS) {
        let in_check = index >= HEX_DIGITS;
        let (radix, expected) = if in_check { (10, "from 0 to 9") } else { (16, "from 0 to 9 or A to F") };
        let value = digit.to_digit(radix);
        let value = value.ok_or(CodeError::Character { kind, found: *digit, position: index + 1, expected })?;
        if in_check {
            check = check * 10 + u128::from(value);
        } else {
            code = code << 4 | u64::from(value);
        }
    }
    if digits.len() != HEX_DIGITS + CHECK_DIGITS {
        return Err(CodeError::Length { kind, found: digits.len(), expected: HEX_DIGITS + CHECK_DIGITS });
    }
    let remainder = (u128::from(code) * 100 + check) % MODULUS;
    // 97 to 99 would be second spellings of 00 to 02.
    if check < MODULUS && remainder == kind.remainder() {
        Ok(code.to_be_bytes())
    } else if check < MODULUS && remainder == kind.other().remainder() {
        Err(CodeError::OtherKind { kind })
    } else {
        Err(CodeError::CheckDigits { kind })
    }
}
