//! Identifies a token, and says what its name is worth.

use uuid::Uuid;

/// Identifies a token. It is chosen by `serial` or `label`, never by a PKCS#11 slot number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Protocol of the token: "PKCS#11", "PIV" or "GIDS".
    pub kind: &'static str,
    pub label: String,
    pub serial: String,
    pub manufacturer: String,
    pub model: String,
    /// Unchanging GUID stored on the card (GIDS: the file `cardid`; PKCS#11: a data object, where the serial names
    /// nothing); where there is none, callers derive one.
    pub card_id: Option<Uuid>,
    pub origin: Origin,
    /// Serial by which earlier versions named the token, where it was another, or was taken for a name though others
    /// have it too.
    pub earlier_serial: Option<String>,
}

/// Says where a token's name comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Origin {
    /// Nothing tells the token from others.
    #[default]
    Nothing,
    /// Whoever made or issued it. The name outlives what is on the token, so a blank one may have it.
    Maker,
    /// A random id was written on it, which goes with all else when the token is erased.
    Written,
}

impl Identity {
    /// Says whether anything tells the token from others.
    pub fn is_named(&self) -> bool {
        self.origin != Origin::Nothing
    }
}

/// Lists serials that software gives to every token it makes, besides those that [`names_nothing`] knows by their form.
const WELL_KNOWN: [&str; 3] = ["0123456789abcdef", "123456789abcdef0", "deadbeef"];
/// Counts the characters, without leading zeros, of a serial that only numbers the tokens of one computer.
const ORDINAL: usize = 3;

/// Says whether a serial tells no token from others: it is empty, one character repeated (tpm2-pkcs11 and NSS say
/// sixteen zeros, pkcs15-init four), a small number, or digits as they are counted.
pub fn names_nothing(serial: &str) -> bool {
    let serial = serial.trim_matches(|c: char| c == '\0' || c.is_whitespace());
    let counted = |bytes: &[u8]| bytes.iter().all(u8::is_ascii_digit) && bytes.windows(2).all(follows);
    serial.trim_start_matches('0').chars().count() <= ORDINAL
        || serial.chars().all(|c| serial.starts_with(c))
        || counted(serial.as_bytes())
        || WELL_KNOWN.iter().any(|known| known.eq_ignore_ascii_case(serial))
}

/// Says whether the second of two digits is the next one; 0 follows 9.
fn follows(pair: &[u8]) -> bool {
    matches!(pair, [one, other] if *other == one + 1 || (*one, *other) == (b'9', b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_serial_that_many_tokens_have_names_none() {
        let empty = ["", "  ", "\0\0"];
        let repeated = ["0000000000000000", "0000", "FFFFFFFFFFFFFFFF", "  0000000000000000", "1111"];
        let numbers = ["1", "0001", "42", "123", "0000000000000007", "12345678", "0123456789", "1234567890"];
        for serial in empty.into_iter().chain(repeated).chain(numbers).chain(WELL_KNOWN) {
            assert!(names_nothing(serial), "{serial:?}");
        }
        for serial in ["a1b2c3d4e5f60718", "10000001", "0000000000012346", "12345687", "SIM-0042", "76543210"] {
            assert!(!names_nothing(serial), "{serial:?}");
        }
    }
}
