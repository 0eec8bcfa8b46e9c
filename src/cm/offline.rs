//! Offline unblock over the telephone: codes that a person can read out, and that show when they were misread.
//!
//! Eight bytes are sixteen hexadecimal digits in four groups, then two decimal check digits: `D611-43F9-CCFF-D2CA-65`.
//! The check digits are those of ISO/IEC 7064 MOD 97-10 over the hexadecimal number. They find every single wrong digit
//! and every swap of neighbours, also within themselves. Each kind of code has its own remainder, so a code of another
//! kind is found too. A card that is unblocked by a PUK has no challenge; its user reads out a PUK request.
//!
//! Windows' own screen shows the sixteen digits of a challenge alone, and wants those of the response alone.

use super::wire::body::body;
use super::wire::{Plain, SecretText, TextOrNothing};
use crate::secret::Puk;
use std::fmt;
use zeroize::Zeroizing;

/// Counts the bytes of a challenge or response: one block of 3DES.
pub const CODE_BYTES: usize = 8;
const HEX_DIGITS: usize = CODE_BYTES * 2;
const CHECK_DIGITS: usize = 2;
const GROUP: usize = 4;
const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
const MODULUS: u128 = 97;
/// Bounds how many characters of a typed text are read.
const MAX_TEXT: usize = 128;

/// Names what a code is, and so which way it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// From the card, read out by the user.
    Challenge,
    /// From the server, read to the user.
    Response,
    /// For a card without a challenge, read out by the user ([`puk_request`]).
    PukRequest,
    /// From the server, read to the user: the PUK's characters, padded with FF.
    PukAnswer,
}

impl CodeKind {
    const ALL: [Self; 4] = [Self::Challenge, Self::Response, Self::PukRequest, Self::PukAnswer];

    /// Returns the remainder of the whole number divided by 97 for codes of this kind; the standard's own is 1.
    fn remainder(self) -> u128 {
        match self {
            Self::Challenge => 1,
            Self::Response => 2,
            Self::PukRequest => 3,
            Self::PukAnswer => 4,
        }
    }

    /// Returns the kind of code that answers one of this kind.
    pub fn answer(self) -> Self {
        match self {
            Self::Challenge | Self::Response => Self::Response,
            Self::PukRequest | Self::PukAnswer => Self::PukAnswer,
        }
    }
}

impl fmt::Display for CodeKind {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.pad(match self {
            Self::Challenge => "challenge",
            Self::Response => "response",
            Self::PukRequest => "request for a PUK",
            Self::PukAnswer => "answer with a PUK",
        })
    }
}

/// Says how a typed code differs from any code that was shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CodeError {
    #[error("the {kind} has {found} digits, not {expected}: four groups of four, then two check digits")]
    Length { kind: CodeKind, found: usize, expected: usize },
    #[error("the {kind} has \"{found}\" as character {position}, where a digit {expected} belongs")]
    Character { kind: CodeKind, found: char, position: usize, expected: &'static str },
    #[error("the {kind} is mistyped: its check digits do not fit, so read it out once more, digit by digit")]
    CheckDigits { kind: CodeKind },
    #[error(
        "what was typed as the {kind} has the check digits of a {found}: type the other code, or read it out once more"
    )]
    OtherKind { kind: CodeKind, found: CodeKind },
}

/// Counts the bytes of a PUK request that name the card; the others are random.
pub const CARD_BYTES: usize = 4;

/// Builds the code that asks for the PUK of one card once: first the bytes that name the card (the beginning of a
/// digest of its card id, which the caller computes), then random bytes.
pub fn puk_request(card: [u8; CARD_BYTES], random: [u8; CODE_BYTES - CARD_BYTES]) -> [u8; CODE_BYTES] {
    let mut code = [0; CODE_BYTES];
    for (to, from) in code.iter_mut().zip(card.into_iter().chain(random)) {
        *to = from;
    }
    code
}

/// Returns the bytes of a PUK request that name the card.
pub fn card_of(request: [u8; CODE_BYTES]) -> [u8; CARD_BYTES] {
    let [a, b, c, d, ..] = request;
    [a, b, c, d]
}

/// Pads a PUK that is shorter than a code (SP 800-73-4, part 2, 2.4.3).
const FILL: u8 = 0xFF;

/// Returns the bytes of an answer with this PUK; `None` where the PUK is empty or has more than eight bytes.
pub fn puk_answer(puk: &Puk) -> Option<Zeroizing<[u8; CODE_BYTES]>> {
    let text = puk.expose().as_bytes();
    let mut code = Zeroizing::new([FILL; CODE_BYTES]);
    code.get_mut(..text.len())?.copy_from_slice(text);
    (!text.is_empty()).then_some(code)
}

/// Returns the PUK in an answer; `None` where it is empty or no UTF-8.
pub fn puk_of(answer: &[u8; CODE_BYTES]) -> Option<Puk> {
    let length = answer.iter().position(|byte| *byte == FILL).unwrap_or(CODE_BYTES);
    let text = std::str::from_utf8(answer.get(..length)?).ok()?;
    (!text.is_empty()).then(|| Puk::new(text.to_owned()))
}

/// Writes a code, such as `D611-43F9-CCFF-D2CA-65`. The text is wiped when dropped, because it may hold a PUK.
pub fn write_code(kind: CodeKind, bytes: [u8; CODE_BYTES]) -> Zeroizing<String> {
    let number = u128::from(u64::from_be_bytes(bytes));
    let check = (kind.remainder() + MODULUS - number * 100 % MODULUS) % MODULUS;
    let mut text = Zeroizing::new(String::with_capacity(MAX_TEXT));
    for (index, byte) in bytes.iter().enumerate() {
        if index != 0 && index * 2 % GROUP == 0 {
            text.push('-');
        }
        text.extend([byte >> 4, byte & 0x0F].map(|nibble| HEX.get(usize::from(nibble)).copied().unwrap_or('0')));
    }
    text.push('-');
    text.extend([check / 10, check % 10].iter().filter_map(|digit| char::from_digit(u32::try_from(*digit).ok()?, 10)));
    text
}

/// Says what a code without check digits lacks, to whoever types or reads it.
pub const NO_CHECK_DIGITS: &str = "no check digits guard this code: one digit misread is not noticed here and costs the card a try, so repeat all sixteen";

/// Holds a code that a user has read out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    pub kind: CodeKind,
    pub code: [u8; CODE_BYTES],
    /// It has check digits, which were right; a code from Windows' own screen has none.
    pub checked: bool,
}

impl Heard {
    /// Writes the answer in the form of what was read out, for whoever shows it there.
    pub fn write_answer(self, bytes: [u8; CODE_BYTES]) -> Zeroizing<String> {
        if self.checked { write_code(self.kind.answer(), bytes) } else { write_digits(bytes) }
    }
}

/// Writes the sixteen digits of a code, as Windows' own screen takes them.
fn write_digits(bytes: [u8; CODE_BYTES]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(HEX_DIGITS));
    for byte in bytes {
        text.extend([byte >> 4, byte & 0x0F].map(|nibble| HEX.get(usize::from(nibble)).copied().unwrap_or('0')));
    }
    text
}

/// Reads a code that a user reads out: a challenge or a PUK request, or the bare sixteen digits of a challenge from
/// Windows' own screen.
pub fn read_heard(text: &str) -> Result<Heard, CodeError> {
    let digits: Vec<char> = digits_of(text);
    if let (HEX_DIGITS, Some(bytes)) = (digits.len(), hexadecimal(&digits)) {
        return Ok(Heard { kind: CodeKind::Challenge, code: bytes, checked: false });
    }
    let (kind, code) = read_spoken(text)?;
    Ok(Heard { kind, code, checked: true })
}

/// Returns the bytes of sixteen hexadecimal digits; `None` where one is none.
fn hexadecimal(digits: &[char]) -> Option<[u8; CODE_BYTES]> {
    let code = digits.iter().try_fold(0_u64, |code, digit| Some(code << 4 | u64::from(digit.to_digit(16)?)));
    code.map(u64::to_be_bytes)
}

/// Returns the digits of a typed code, without what people put between them.
fn digits_of(text: &str) -> Vec<char> {
    text.chars()
        .filter(|character| !character.is_whitespace() && !matches!(character, '-' | '.' | '\u{2010}'..='\u{2015}'))
        .take(MAX_TEXT)
        .collect()
}

/// Reads a code with check digits that a user reads out: a challenge or a PUK request.
pub fn read_spoken(text: &str) -> Result<(CodeKind, [u8; CODE_BYTES]), CodeError> {
    match read_code(CodeKind::Challenge, text) {
        Err(CodeError::OtherKind { found: CodeKind::PukRequest, .. }) => {
            Ok((CodeKind::PukRequest, read_code(CodeKind::PukRequest, text)?))
        }
        read => Ok((CodeKind::Challenge, read?)),
    }
}

/// Reads a code of this kind in any letter case, with blanks, dashes and dots anywhere. Refuses another length, other
/// characters, wrong check digits and codes of another kind.
pub fn read_code(kind: CodeKind, text: &str) -> Result<[u8; CODE_BYTES], CodeError> {
    let digits = digits_of(text);
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
    match CodeKind::ALL.into_iter().find(|found| check < MODULUS && remainder == found.remainder()) {
        Some(found) if found == kind => Ok(code.to_be_bytes()),
        Some(found) => Err(CodeError::OtherKind { kind, found }),
        None => Err(CodeError::CheckDigits { kind }),
    }
}

/// Holds the body of `offlineunblock`: the code that the user reads out, a card's challenge or a PUK request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineChallenge {
    /// Grouped hexadecimal with check digits, as read out, or the sixteen digits of Windows' own screen.
    pub challenge: String,
}

body!(OfflineChallenge { challenge: "Challenge" => Plain<String> });

/// Answers [`OfflineChallenge`] with the code that is read to the user. It may hold a PUK, so it is wiped and the type
/// cannot be printed.
pub struct OfflineResponse {
    pub response: Zeroizing<String>,
    /// What the code lacks ([`NO_CHECK_DIGITS`]); empty and left out where it has check digits.
    pub warning: String,
}

body!(OfflineResponse { response: "Response" => SecretText, warning: "Warning" => TextOrNothing });
