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

/// Says whether the status word means that the card does not show an object, now or at all. A word that tells of a
/// failure is none of these: what it hides may be there the next time.
pub(super) fn is_not_shown(word: StatusWord) -> bool {
    is_not_offered(word)
        || matches!(
            word,
            StatusWord::SECURITY_STATUS_NOT_SATISFIED
                | StatusWord::CONDITIONS_NOT_SATISFIED
                | StatusWord::INCORRECT_DATA
                | StatusWord::INCORRECT_P1_P2
                | StatusWord::FILE_NOT_FOUND
                | StatusWord::REFERENCE_DATA_NOT_FOUND
        )
}

/// Says whether the status word is one of those by which cards answer a command of a maker's own that they do not know.
pub(super) fn is_unknown(word: StatusWord) -> bool {
    is_not_shown(word) || matches!(word, StatusWord::WRONG_LENGTH | StatusWord(0x6B00))
}

/// Says whether the status word means that the card has no such command.
pub(super) fn is_not_offered(word: StatusWord) -> bool {
    matches!(
        word,
        StatusWord::INSTRUCTION_NOT_SUPPORTED | StatusWord::CLASS_NOT_SUPPORTED | StatusWord::FUNCTION_NOT_SUPPORTED
    )
}
