//! Says which new PIN card and profile template both take.

use super::error::Cause;
use crate::cm::template::PinPolicy;
use crate::token::SecretForm;

/// Returns the form that card and template both take; `None` where neither sets bounds. A policy whose greatest length
/// is 0 sets none. Errors: [`Cause::PinBounds`] where no PIN fits both.
pub(super) fn pin_form(card: Option<SecretForm>, policy: &PinPolicy) -> Result<Option<SecretForm>, Cause> {
    if policy.max_length == 0 {
        return Ok(card);
    }
    let bytes = |characters: u32| usize::try_from(characters).unwrap_or(usize::MAX);
    let template =
        SecretForm { shortest: bytes(policy.min_length), longest: bytes(policy.max_length), digits_only: false };
    let Some(card) = card else { return Ok(Some(template)) };
    card.and(template).map(Some).ok_or(Cause::PinBounds { card, template })
}

/// Refuses a new PIN that does not have the form, before anything is changed.
pub(super) fn check_pin(pin: &str, form: SecretForm) -> Result<(), Cause> {
    // Templates count characters and cards bytes: as many as the former want, as few as the latter take.
    if pin.chars().count() < form.shortest || pin.len() > form.longest {
        return Err(Cause::PinLength { minimum: form.shortest, maximum: form.longest });
    }
    if form.takes_characters(pin) { Ok(()) } else { Err(Cause::PinCharacters) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(min_length: u32, max_length: u32) -> PinPolicy {
        PinPolicy {
            min_length,
            max_length,
            character_set: 1,
            rollover: false,
            default_value: String::new(),
            refused: Vec::new(),
        }
    }

    #[test]
    fn a_new_pin_has_the_form_that_card_and_template_take() {
        let piv = Some(SecretForm { shortest: 6, longest: 8, digits_only: true });
        // The card's form, the template's lengths; the form of both in words, or none where no PIN fits both.
        let rows = [
            (None, (6, 16), Ok(Some("6 to 16 characters"))),
            (None, (0, 0), Ok(None)),
            (piv, (0, 0), Ok(Some("6 to 8 digits"))),
            (piv, (6, 16), Ok(Some("6 to 8 digits"))),
            (piv, (8, 16), Ok(Some("8 digits"))),
            (piv, (9, 16), Err(())),
            (piv, (4, 5), Err(())),
        ];
        for (card, (least, most), words) in rows {
            let form = pin_form(card, &policy(least, most));
            let told = form.as_ref().map(|form| form.map(|form| form.to_string())).map_err(|_| ());
            assert_eq!(told, words.map(|words| words.map(str::to_owned)), "{least} to {most}");
            assert!(form.is_ok() || matches!(form, Err(Cause::PinBounds { .. })));
        }
    }

    #[test]
    fn a_pin_is_measured_in_characters_and_in_bytes() {
        let form = |digits_only| SecretForm { shortest: 6, longest: 8, digits_only };
        let length = |pin| matches!(check_pin(pin, form(false)), Err(Cause::PinLength { minimum: 6, maximum: 8 }));
        for (pin, refused) in [("12345", true), ("123456", false), ("abcdefgh", false), ("123456789", true)] {
            assert_eq!(length(pin), refused, "{pin}");
        }
        // Three characters of two bytes; six characters, and nine bytes.
        assert!(length("äöü") && length("äöü123"));
        assert!(matches!(check_pin("12345a", form(true)), Err(Cause::PinCharacters)));
        assert!(check_pin("123456", form(true)).is_ok());
    }
}
