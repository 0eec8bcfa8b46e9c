//! Offline unblock over the telephone: a challenge or response as groups a person can read out and check.
//!
//! Eight bytes are sixteen hexadecimal digits in four groups, then two decimal check digits: `D611-43F9-CCFF-D2CA-65`.
//! The check is that of ISO/IEC 7064 MOD 97-10 over the hexadecimal number: every single wrong digit and every swap of
//! neighbours is found, the check digits included. Each kind of code leaves a remainder of its own, so that one read out
//! for another is found too. A card that is unblocked by a PUK has no challenge; its user reads out a request for the PUK.

use super::wire::body::body;
use super::wire::{Plain, SecretText};
use crate::secret::Puk;
use std::fmt;
use zeroize::Zeroizing;

/// Bytes of a challenge or response: one block of 3DES.
pub const CODE_BYTES: usize = 8;
const HEX_DIGITS: usize = CODE_BYTES * 2;
const CHECK_DIGITS: usize = 2;
const GROUP: usize = 4;
const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
const MODULUS: u128 = 97;
/// Longer text is not looked at.
const MAX_TEXT: usize = 128;

/// What a code is, and with it which way it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CodeKind {
    /// From the card, read out by the user.
    Challenge,
    /// From the server, read back to the user.
    Response,
    /// For a card without a challenge, read out by the user: [`puk_request`].
    PukRequest,
    /// From the server, read back to the user: the PUK's characters, filled up with FF.
    PukAnswer,
}

impl CodeKind {
    const ALL: [Self; 4] = [Self::Challenge, Self::Response, Self::PukRequest, Self::PukAnswer];

    /// What the code leaves when divided by 97; 1 is the standard's.
    fn remainder(self) -> u128 {
        match self {
            Self::Challenge => 1,
            Self::Response => 2,
            Self::PukRequest => 3,
            Self::PukAnswer => 4,
        }
    }

    /// The kind of code that answers one of this kind.
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

/// A code that was not read or typed as it was shown.
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

/// Bytes of a PUK's request that name the card; the others are random.
pub const CARD_BYTES: usize = 4;

/// The code by which the PUK of one card is asked for once: what names the card (the beginning of a digest of its card
/// id, which the caller computes), then what is random.
pub fn puk_request(card: [u8; CARD_BYTES], random: [u8; CODE_BYTES - CARD_BYTES]) -> [u8; CODE_BYTES] {
    let mut code = [0; CODE_BYTES];
    for (to, from) in code.iter_mut().zip(card.into_iter().chain(random)) {
        *to = from;
    }
    code
}

/// What names the card in a PUK's request.
pub fn card_of(request: [u8; CODE_BYTES]) -> [u8; CARD_BYTES] {
    let [a, b, c, d, ..] = request;
    [a, b, c, d]
}

/// What fills up a PUK that is shorter than a code (SP 800-73-4, part 2, 2.4.3).
const FILL: u8 = 0xFF;

/// The bytes of an answer with this PUK; `None` where it has more than eight, or none.
pub fn puk_answer(puk: &Puk) -> Option<Zeroizing<[u8; CODE_BYTES]>> {
    let text = puk.expose().as_bytes();
    let mut code = Zeroizing::new([FILL; CODE_BYTES]);
    code.get_mut(..text.len())?.copy_from_slice(text);
    (!text.is_empty()).then_some(code)
}

/// The PUK in an answer; `None` where there is no text.
pub fn puk_of(answer: &[u8; CODE_BYTES]) -> Option<Puk> {
    let length = answer.iter().position(|byte| *byte == FILL).unwrap_or(CODE_BYTES);
    let text = std::str::from_utf8(answer.get(..length)?).ok()?;
    (!text.is_empty()).then(|| Puk::new(text.to_owned()))
}

/// Writes a code: `D611-43F9-CCFF-D2CA-65`. It is wiped when dropped, for it may hold a PUK.
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

/// Reads a code that a user reads out: a challenge, or a request for a PUK.
pub fn read_spoken(text: &str) -> Result<(CodeKind, [u8; CODE_BYTES]), CodeError> {
    match read_code(CodeKind::Challenge, text) {
        Err(CodeError::OtherKind { found: CodeKind::PukRequest, .. }) => {
            Ok((CodeKind::PukRequest, read_code(CodeKind::PukRequest, text)?))
        }
        read => Ok((CodeKind::Challenge, read?)),
    }
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
    match CodeKind::ALL.into_iter().find(|found| check < MODULUS && remainder == found.remainder()) {
        Some(found) if found == kind => Ok(code.to_be_bytes()),
        Some(found) => Err(CodeError::OtherKind { kind, found }),
        None => Err(CodeError::CheckDigits { kind }),
    }
}

/// The body of offline unblock: what the user reads out, a card's challenge or the request for its PUK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfflineChallenge {
    /// Grouped hexadecimal with check digits, as read out.
    pub challenge: String,
}

body!(OfflineChallenge { challenge: "Challenge" => Plain<String> });

/// The answer to [`OfflineChallenge`], to be read back. It may be a PUK, so it is not shown and is wiped.
pub struct OfflineResponse {
    pub response: Zeroizing<String>,
}

body!(OfflineResponse { response: "Response" => SecretText });
