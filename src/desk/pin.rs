//! Makes PINs that nobody has to think of.

use crate::secret::Pin;
use crate::token::SecretForm;
use aws_lc_rs::rand;

/// Is the length where card and template leave it open: what is typed off a letter once should not be long.
const USUAL: usize = 8;

/// Makes a random PIN of digits that card and template take; `None` where the system gives no random bytes.
pub fn random(form: Option<SecretForm>) -> Option<Pin> {
    let length = form.map_or(USUAL, |form| USUAL.clamp(form.shortest.min(form.longest), form.longest));
    let mut digits = String::with_capacity(length);
    while digits.len() < length {
        let mut bytes = zeroize::Zeroizing::new([0_u8; 32]);
        rand::fill(bytes.as_mut_slice()).ok()?;
        // The upper bytes would make some digits likelier than others.
        let fair = bytes.iter().filter(|byte| **byte < 250).map(|byte| char::from(b'0' + byte % 10));
        digits.extend(fair.take(length - digits.len()));
    }
    Some(Pin::new(digits))
}

/// Copies a PIN for one more use.
pub fn copied(pin: &Pin) -> Pin {
    Pin::new(pin.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_random_pin_has_the_form_that_is_asked_for() {
        let form = |shortest, longest| Some(SecretForm { shortest, longest, digits_only: true });
        for (form, length) in [(form(6, 8), 8), (form(4, 6), 6), (form(10, 16), 10), (None, 8)] {
            let pin = random(form).unwrap();
            assert!(pin.expose().len() == length && pin.expose().bytes().all(|byte| byte.is_ascii_digit()));
        }
        let many: std::collections::HashSet<_> = (0..200).map(|_| random(None).unwrap().expose().to_owned()).collect();
        assert!(many.len() > 190, "{}", many.len());
    }
}
