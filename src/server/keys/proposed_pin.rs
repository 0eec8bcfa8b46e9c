//! Proposes PINs: each is derived for one request and one card, so that nothing is stored and a repeated question has
//! the same answer.

use super::diversify::{KeyError, MasterKeys};
use crate::cm::template::PinPolicy;
use crate::secret::Pin;
use crate::template::{MAX_PROPOSED_PIN, pin_alphabet};
use uuid::Uuid;

/// Sets the length of a PIN where the policy leaves room, in characters.
const USUAL_LENGTH: u32 = 8;

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
    let block = keys.pin_block(version, request, card_id)?;
    // Two bytes a character: the first characters are favoured by less than one in a thousand.
    let chosen = block.chunks_exact(2).take(length).filter_map(|pair| {
        let number = pair.iter().fold(0, |number, byte| number * 256 + usize::from(*byte));
        alphabet.get(number % alphabet.len()).map(|byte| char::from(*byte))
    });
    // The capacity is given so that nothing of it is left behind by growing.
    let mut pin = String::with_capacity(length);
    pin.extend(chosen);
    Ok(Pin::new(pin))
}
