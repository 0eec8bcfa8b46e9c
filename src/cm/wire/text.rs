//! Single values as text: GUID, date, base64, challenge.

use base64::Engine;
use base64::alphabet::STANDARD as ALPHABET;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::format_description::well_known::Rfc3339;
use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

/// Counts the columns of base64 lines in Microsoft's bodies.
const COLUMNS: usize = 64;

const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &ALPHABET,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Writes a GUID as responses do: lower-case, with hyphens, no braces.
pub fn guid_text(guid: Uuid) -> String {
    guid.as_hyphenated().to_string()
}

/// Reads a GUID in any letter case, with or without braces and hyphens, with blanks around it; `None` for other text.
pub fn read_guid(text: &str) -> Option<Uuid> {
    let trimmed = text.trim();
    let bare = match (trimmed.strip_prefix('{'), trimmed.ends_with('}')) {
        (Some(rest), true) => rest.strip_suffix('}')?,
        (None, false) => trimmed,
        _ => return None,
    };
    // The crate would also take "urn:uuid:", which no MIM server knows.
    if bare.len() != 36 && bare.len() != 32 { None } else { Uuid::try_parse(bare).ok() }
}

/// Writes a date and time as responses do: in UTC with `Z`, the fraction in at most seven digits (.NET's ticks) without
/// trailing zeros.
pub fn moment_text(moment: OffsetDateTime) -> String {
    let mut text = local_moment_text(moment);
    let utc = moment.checked_to_offset(UtcOffset::UTC).unwrap_or(moment);
    let ticks = utc.nanosecond() / 100;
    if ticks != 0 {
        text.push('.');
        push_digits(&mut text, ticks, 7);
        text.truncate(text.trim_end_matches('0').len());
    }
    text.push('Z');
    text
}

/// Writes a date and time as certificate lists do: in UTC, to the second, without zone.
pub(super) fn local_moment_text(moment: OffsetDateTime) -> String {
    let utc = moment.checked_to_offset(UtcOffset::UTC).unwrap_or(moment);
    let mut text = String::with_capacity(28);
    // Years have four digits here, and none is before the first.
    push_digits(&mut text, utc.year().unsigned_abs(), 4);
    let parts = [u8::from(utc.month()), utc.day(), utc.hour(), utc.minute(), utc.second()];
    for (before, part) in ['-', '-', 'T', ':', ':'].into_iter().zip(parts) {
        text.push(before);
        push_digits(&mut text, part.into(), 2);
    }
    text
}

/// Writes a number in so many digits, with zeros before it; a list has thousands, and the formatter of the standard library takes
/// ten times as long.
fn push_digits(text: &mut String, number: u32, digits: u32) {
    for place in (0..digits).rev() {
        text.push(char::from_digit(number / 10_u32.pow(place) % 10, 10).unwrap_or('0'));
    }
}

/// Reads a date and time with or without fraction and zone; without zone it is UTC. `None` for other text.
pub fn read_moment(text: &str) -> Option<OffsetDateTime> {
    let text = text.trim();
    let time_of_day = text.get(10..)?;
    let zoned = time_of_day.ends_with(['Z', 'z']) || time_of_day.contains(['+', '-']);
    let parsed = if zoned {
        OffsetDateTime::parse(text, &Rfc3339)
    } else {
        OffsetDateTime::parse(&format!("{text}Z"), &Rfc3339)
    };
    parsed.ok().and_then(|moment| moment.checked_to_offset(UtcOffset::UTC))
}

/// Writes bytes as certificate bodies do: base64 in lines of 64 columns, CRLF after every line, the last included.
pub fn crlf_base64(bytes: &[u8]) -> String {
    let flat = STANDARD.encode(bytes);
    let mut text = String::with_capacity(flat.len() + flat.len() / 32 + 2);
    for (index, character) in flat.chars().enumerate() {
        if index != 0 && index % COLUMNS == 0 {
            text.push_str("\r\n");
        }
        text.push(character);
    }
    if !flat.is_empty() {
        text.push_str("\r\n");
    }
    text
}

/// Reads base64 with line ends and blanks anywhere and optional padding; `None` for other text.
pub fn read_base64(text: &str) -> Option<Vec<u8>> {
    let flat: String = text.chars().filter(|character| !character.is_ascii_whitespace()).collect();
    TOLERANT.decode(flat).ok()
}

/// Writes a challenge for the query of `authenticationresponse`, before percent-encoding.
pub fn challenge_text(challenge: &[u8]) -> String {
    STANDARD.encode(challenge)
}

/// Reads a challenge in base64, or in hexadecimal as the walkthrough shows it; `None` when it is neither or empty.
///
/// A challenge of 8 or 16 bytes ends in `=` in base64, so an even number of hexadecimal digits is taken for hexadecimal.
pub fn read_challenge(text: &str) -> Option<Vec<u8>> {
    let trimmed = text.trim();
    let bytes = if !trimmed.is_empty() && trimmed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        hex::decode(trimmed).ok().or_else(|| read_base64(trimmed))
    } else {
        // A `+` sent without percent-encoding arrives as a blank.
        read_base64(&text.replace([' ', '-'], "+").replace('_', "/"))
    };
    bytes.filter(|bytes| !bytes.is_empty())
}

/// Reads `true` or `false` in any letter case; `None` for other text.
pub fn read_bool(text: &str) -> Option<bool> {
    match text.trim() {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// Answers `authenticationresponse`: the bytes that the card expects, in base64 on one line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthenticationResponse(pub Vec<u8>);

impl Serialize for AuthenticationResponse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&STANDARD.encode(&self.0))
    }
}

impl<'de> Deserialize<'de> for AuthenticationResponse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        read_base64(&text).map(Self).ok_or_else(|| D::Error::custom("not base64"))
    }
}
