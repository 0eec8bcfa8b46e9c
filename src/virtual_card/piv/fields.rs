//! Reads single fields of a command.

use crate::iso7816::StatusWord;

/// Fills a field; refuses one that was filled before.
pub(super) fn once<T>(field: &mut Option<T>, value: T) -> Result<(), StatusWord> {
    if field.replace(value).is_some() { Err(StatusWord::INCORRECT_DATA) } else { Ok(()) }
}

/// Returns the one byte of an object.
pub(super) fn byte(value: &[u8]) -> Result<u8, StatusWord> {
    match value {
        [byte] => Ok(*byte),
        _ => Err(StatusWord::INCORRECT_DATA),
    }
}
