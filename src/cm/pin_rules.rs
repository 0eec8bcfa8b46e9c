//! Which PINs nobody should have: those that are guessed first.

use super::template::PinPolicy;
use crate::secret::{Pin, is_guessed_first};

impl PinPolicy {
    /// Says whether the policy refuses a PIN that is within its bounds: one that everybody would guess, or one of its
    /// own list.
    pub fn refuses(&self, pin: &Pin) -> bool {
        is_trivial(pin) || self.refused.iter().any(|refused| refused == pin.expose())
    }
}

/// Says whether a PIN is among those that are guessed first.
pub fn is_trivial(pin: &Pin) -> bool {
    is_guessed_first(pin.expose())
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
