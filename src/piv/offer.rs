//! What a card may or may not offer, and the firmware that tells of it.

use crate::iso7816::StatusWord;

/// Something that a card may or may not offer, once it has been asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offer<T> {
    Unasked,
    Refused,
    Made(T),
}

/// Firmware of a card that tells it: major, minor, patch.
pub(super) type Version = [u8; 3];

/// The first firmware with MOVE KEY, DELETE KEY and RSA beyond 2048 bits.
pub(super) const MOVES_KEYS: Version = [5, 7, 0];

/// The words by which a card says that it has no such command.
pub(super) fn is_not_offered(word: StatusWord) -> bool {
    matches!(
        word,
        StatusWord::INSTRUCTION_NOT_SUPPORTED | StatusWord::CLASS_NOT_SUPPORTED | StatusWord::FUNCTION_NOT_SUPPORTED
    )
}
