//! What a card may or may not offer, and the firmware version that tells it.

use crate::iso7816::StatusWord;

/// Remembers whether a card offers something, once it has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer<T> {
    Unasked,
    Refused,
    Made(T),
}

/// Holds the firmware of a card that tells it: major, minor, patch.
pub(super) type Version = [u8; 3];

/// Names the first firmware with attestation.
pub(super) const ATTESTS_KEYS: Version = [4, 3, 0];

/// Names the first firmware with MOVE KEY, DELETE KEY and RSA beyond 2048 bits.
pub(super) const MOVES_KEYS: Version = [5, 7, 0];

/// Says whether the status word means that the card has no such command.
pub(super) fn is_not_offered(word: StatusWord) -> bool {
    matches!(
        word,
        StatusWord::INSTRUCTION_NOT_SUPPORTED | StatusWord::CLASS_NOT_SUPPORTED | StatusWord::FUNCTION_NOT_SUPPORTED
    )
}
