//! Which PINs nobody should have: those that are guessed first.

use super::template::PinPolicy;
use crate::secret::Pin;

/// Bounds the block that a PIN may not be a repetition of: 111111, 121212, 123123.
const LONGEST_BLOCK: usize = 3;

impl PinPolicy {
    /// Says whether the policy refuses a PIN that is within its bounds: one that everybody would guess, or one of its
    /// own list.
    pub fn refuses(&self, pin: &Pin) -> bool {
        is_trivial(pin) || self.refused.iter().any(|refused| refused == pin.expose())
    }
}

/// Says whether a PIN is among those that are guessed first: one character or a short block over and over, or
/// characters that follow one another up or down (123456, 987654, 567890).
pub fn is_trivial(pin: &Pin) -> bool {
    let bytes = pin.expose().as_bytes();
    let repeats =
        |block: usize| bytes.len() >= 2 * block && bytes.iter().skip(block).eq(bytes.iter().take(bytes.len() - block));
    let follow = |step: fn(u8, u8) -> bool| {
        bytes.len() > 2 && bytes.iter().zip(bytes.iter().skip(1)).all(|(one, next)| step(*one, *next))
    };
    (1..=LONGEST_BLOCK).any(repeats) || follow(is_next) || follow(|one, next| is_next(next, one))
}

/// Says whether `next` stands behind `one` on a keyboard's row of digits or in the alphabet.
fn is_next(one: u8, next: u8) -> bool {
    (one == b'9' && next == b'0') || one.checked_add(1) == Some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_trivial_and_nothing_else() {
        let pin = |text: &str| Pin::new(text.to_owned());
        for text in
            ["123456", "12345678", "11111111", "000000", "123123", "121212", "987654", "4321", "567890", "abcdef"]
        {
            assert!(is_trivial(&pin(text)), "{text}");
        }
        for text in ["246810", "975310", "112233", "135790", "190282", "80808a", "739105", "1243"] {
            assert!(!is_trivial(&pin(text)), "{text}");
        }
    }
}
