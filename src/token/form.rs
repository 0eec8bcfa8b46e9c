//! Tells which texts a token takes as a secret, so that one which it would refuse is never chosen, nor sent.

use std::fmt;

/// Tells how long a secret is, in bytes, and whether it consists of digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SecretForm {
    pub shortest: usize,
    pub longest: usize,
    pub digits_only: bool,
}

impl SecretForm {
    /// Says whether a secret of so many bytes is neither too short nor too long.
    pub fn takes_length(&self, bytes: usize) -> bool {
        (self.shortest..=self.longest).contains(&bytes)
    }

    /// Says whether the secret has a fitting length and no character that is not taken.
    pub fn takes(&self, secret: &str) -> bool {
        self.takes_length(secret.len()) && self.takes_characters(secret)
    }

    /// Says whether all characters are taken.
    pub fn takes_characters(&self, secret: &str) -> bool {
        !self.digits_only || secret.bytes().all(|byte| byte.is_ascii_digit())
    }

    /// Returns what both take; `None` where no length fits both.
    pub fn and(self, other: Self) -> Option<Self> {
        let both = Self {
            shortest: self.shortest.max(other.shortest),
            longest: self.longest.min(other.longest),
            digits_only: self.digits_only || other.digits_only,
        };
        (both.shortest <= both.longest).then_some(both)
    }
}

impl fmt::Display for SecretForm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let of = if self.digits_only { "digits" } else { "characters" };
        match (self.shortest, self.longest) {
            (shortest, longest) if shortest == longest => write!(f, "{shortest} {of}"),
            (shortest, longest) => write!(f, "{shortest} to {longest} {of}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(shortest: usize, longest: usize, digits_only: bool) -> SecretForm {
        SecretForm { shortest, longest, digits_only }
    }

    #[test]
    fn what_two_forms_take_is_what_each_takes() {
        // One, the other; what both take, in words.
        let rows = [
            (form(6, 8, true), form(6, 16, false), Some("6 to 8 digits")),
            (form(4, 16, false), form(6, 16, false), Some("6 to 16 characters")),
            (form(6, 8, true), form(8, 16, false), Some("8 digits")),
            (form(6, 8, true), form(9, 16, false), None),
            (form(8, 8, false), form(4, 6, true), None),
        ];
        for (one, other, both) in rows {
            for found in [one.and(other), other.and(one)] {
                assert_eq!(found.map(|form| form.to_string()).as_deref(), both, "{one} and {other}");
            }
        }
    }

    #[test]
    fn a_secret_fits_by_length_and_characters() {
        for (text, fits) in
            [("12345", false), ("123456", true), ("12345678", true), ("123456789", false), ("12345a", false)]
        {
            assert_eq!(form(6, 8, true).takes(text), fits, "{text}");
        }
        assert!(form(6, 8, false).takes("12345a"));
    }
}
