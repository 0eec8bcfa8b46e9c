//! Checks the rules for PINs: lengths, and what the server can propose within them.

use super::located::{Misplaced, Source};
use super::raw::RawPinPolicy;
use crate::cm::template::PinPolicy;
use toml::Spanned;

/// Bounds a PIN that the server proposes, in characters.
pub const MAX_PROPOSED: u32 = 16;

/// Checks the rules for the user's PIN. A PIN is proposed only where its length and character set allow.
pub(super) fn user_pin_policy(
    source: &Source<'_>,
    raw: RawPinPolicy,
    option: &Spanned<String>,
) -> Result<PinPolicy, Misplaced> {
    let policy = pin_policy(source, raw)?;
    let proposes = matches!(option.get_ref().as_str(), "server-proposed" | "random");
    if proposes && alphabet(policy.character_set).is_none() {
        return Err(source.wrong(option, "a PIN is proposed of character set 1 (digits) or 2 (digits and capitals)"));
    }
    if proposes && policy.min_length > MAX_PROPOSED {
        let most = MAX_PROPOSED;
        return Err(source.wrong(option, format!("a PIN is proposed of at most {most} characters")));
    }
    Ok(policy)
}

/// Checks the lengths of a PIN.
pub(super) fn pin_policy(source: &Source<'_>, raw: RawPinPolicy) -> Result<PinPolicy, Misplaced> {
    let (min_length, max_length) = (*raw.min_length.get_ref(), *raw.max_length.get_ref());
    if min_length == 0 || min_length > max_length {
        return Err(source.wrong(&raw.min_length, format!("a PIN's least length is between 1 and {max_length}")));
    }
    if max_length > 255 {
        return Err(source.wrong(&raw.max_length, "a PIN has at most 255 characters"));
    }
    Ok(PinPolicy {
        min_length,
        max_length,
        character_set: raw.character_set,
        rollover: raw.rollover,
        default_value: raw.default_value.into_inner(),
        refused: raw.refused,
    })
}

/// Returns the characters of a policy's character set; `None` for one that is not known. MIM's numbers are not
/// documented: 1, which its sample has, is read as digits, 2 as digits and capitals, less those that are taken for one
/// another.
pub fn alphabet(character_set: u32) -> Option<&'static [u8]> {
    match character_set {
        1 => Some(b"0123456789"),
        2 => Some(b"23456789ABCDEFGHJKMNPQRSTUVWXYZ"),
        _ => None,
    }
}
