//! Proposes PINs: each is derived for one request and one card, so that nothing is stored and a repeated question has
//! the same answer.

use super::diversify::{KeyError, MasterKeys};
use crate::cm::template::PinPolicy;
use crate::secret::Pin;
use crate::template::{MAX_PROPOSED_PIN, pin_alphabet};
use uuid::Uuid;

/// Sets the length of a PIN where the policy leaves room, in characters.
const USUAL_LENGTH: u32 = 8;

/// Limits how many PINs are derived until one is not refused; each is refused by less than one in fifty.
const MOST_ATTEMPTS: u8 = 16;

/// Derives the PIN of a request's card, within the policy's bounds.
pub fn derive(
    keys: &MasterKeys,
    version: u32,
    request: Uuid,
    card_id: Uuid,
    policy: &PinPolicy,
) -> Result<Pin, KeyError> {
    let alphabet = pin_alphabet(policy.character_set).unwrap_or(b"0123456789");
    let length = USUAL_LENGTH.max(policy.min_length).min(policy.max_length).min(MAX_PROPOSED_PIN) as usize;
    for attempt in 0..MOST_ATTEMPTS {
        let block = keys.pin_block(version, request, card_id, attempt)?;
        // Two bytes a character: the first characters are favoured by less than one in a thousand.
        let chosen = block.chunks_exact(2).take(length).filter_map(|pair| {
            let number = pair.iter().fold(0, |number, byte| number * 256 + usize::from(*byte));
            alphabet.get(number % alphabet.len()).map(|byte| char::from(*byte))
        });
        // The capacity is given so that nothing of it is left behind by growing.
        let mut text = String::with_capacity(length);
        text.extend(chosen);
        let pin = Pin::new(text);
        if !policy.refuses(&pin) {
            return Ok(pin);
        }
    }
    Err(KeyError::PinsRefused)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::MasterKey;

    #[test]
    fn no_pin_is_proposed_that_everybody_would_guess_or_the_template_refuses() {
        let keys = MasterKeys::new(vec![MasterKey::new(vec![7; 32])]).unwrap();
        let mut policy = PinPolicy {
            min_length: 4,
            max_length: 4,
            character_set: 1,
            rollover: false,
            default_value: String::new(),
            refused: Vec::new(),
        };
        let derive = |request: u128, policy: &PinPolicy| {
            derive(&keys, 1, Uuid::from_u128(request), Uuid::nil(), policy).unwrap().expose().to_owned()
        };
        // Of four digits one in a hundred is a run or a repetition.
        for request in 0..1000 {
            let pin = derive(request, &policy);
            assert!(!policy.refuses(&Pin::new(pin.clone())), "{pin}");
            assert_eq!(derive(request, &policy), pin, "asked again, the same");
        }
        let first = derive(0, &policy);
        policy.refused.push(first.clone());
        assert_ne!(derive(0, &policy), first);
    }

    /// A server of a later version must propose the PIN that one of an earlier version has proposed.
    #[test]
    fn each_character_is_of_two_bytes_of_the_block() {
        let keys = MasterKeys::new(vec![MasterKey::new(vec![7; 32])]).unwrap();
        let policy = PinPolicy {
            min_length: 8,
            max_length: 8,
            character_set: 1,
            rollover: false,
            default_value: String::new(),
            refused: Vec::new(),
        };
        let request = Uuid::from_u128(5);
        let block = keys.pin_block(1, request, Uuid::nil(), 0).unwrap();
        let digit = |pair: &[u8]| (b'0' + (u16::from_be_bytes([pair[0], pair[1]]) % 10) as u8) as char;
        let expected: String = block.chunks_exact(2).take(8).map(digit).collect();
        assert_eq!(derive(&keys, 1, request, Uuid::nil(), &policy).unwrap().expose(), expected);
    }
}
