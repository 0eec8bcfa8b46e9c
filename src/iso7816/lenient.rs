//! Tolerant BER-TLV (ISO/IEC 7816-4, 5.2.2), for what cards store and tell of themselves: lengths may be longer than
//! need be, bytes 00 and FF may stand between objects, and what follows a broken object is left out.
//!
//! Indefinite lengths are not read. What this program writes, and answers that decide about secrets, are strict:
//! [`super::tlv`].

use super::tlv::{Tlv, TlvError};

/// Holds what could be read of some bytes; values borrow from them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Objects<'a> {
    whole: Vec<Tlv<'a>>,
    /// An object whose value ends before its length says.
    cut: Option<Tlv<'a>>,
    flaw: Option<TlvError>,
}

/// Reads the data objects at the beginning of `bytes`, up to the first that is broken.
pub fn read(bytes: &[u8]) -> Objects<'_> {
    let mut objects = Objects::default();
    let mut rest = unpadded(bytes);
    while !rest.is_empty() {
        let Some((tag, behind)) = tag(rest) else {
            objects.flaw = Some(TlvError::Tag);
            break;
        };
        let Some((length, behind)) = length(behind) else {
            objects.flaw = Some(TlvError::Length);
            break;
        };
        let Some((value, behind)) = behind.split_at_checked(length) else {
            objects.cut = Some(Tlv { tag, value: behind });
            objects.flaw = Some(TlvError::Truncated { length: rest.len() });
            break;
        };
        objects.whole.push(Tlv { tag, value });
        rest = unpadded(behind);
    }
    objects
}

impl<'a> Objects<'a> {
    /// Returns the whole objects, in order.
    pub fn all(&self) -> &[Tlv<'a>] {
        &self.whole
    }

    /// Returns the value of the first object `tag`.
    pub fn first(&self, tag: u32) -> Option<&'a [u8]> {
        self.whole.iter().find(|object| object.tag == tag).map(|object| object.value)
    }

    /// Returns the values of all objects `tag`.
    pub fn every(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> {
        self.whole.iter().filter(move |object| object.tag == tag).map(|object| object.value)
    }

    /// Returns the value of the one object `tag`; `None` where there is none. A second one is an error, and so is a
    /// broken object where none is found.
    pub fn one(&self, tag: u32) -> Result<Option<&'a [u8]>, TlvError> {
        let mut found = self.every(tag);
        match (found.next(), found.next(), self.flaw) {
            (Some(_), Some(_), _) => Err(TlvError::Unexpected { tag }),
            (Some(value), None, _) => Ok(Some(value)),
            (None, _, Some(flaw)) => Err(flaw),
            (None, _, None) => Ok(None),
        }
    }

    /// Returns what is there of the value of `tag`, if that object is the one that breaks off.
    pub fn cut(&self, tag: u32) -> Option<&'a [u8]> {
        self.cut.filter(|object| object.tag == tag).map(|object| object.value)
    }

    /// Says why not everything was read; `None` if it was.
    pub fn flaw(&self) -> Option<TlvError> {
        self.flaw
    }
}

/// Steps over bytes without meaning.
fn unpadded(bytes: &[u8]) -> &[u8] {
    let padding = bytes.iter().take_while(|byte| matches!(byte, 0x00 | 0xFF)).count();
    bytes.get(padding..).unwrap_or_default()
}

/// Splits off a tag of at most four bytes.
fn tag(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let length = match bytes {
        [first, ..] if first & 0x1F != 0x1F => 1,
        [_, rest @ ..] => rest.iter().take(3).position(|byte| byte & 0x80 == 0)? + 2,
        [] => return None,
    };
    let (tag, rest) = bytes.split_at_checked(length)?;
    Some((tag.iter().fold(0, |tag, byte| tag << 8 | u32::from(*byte)), rest))
}

/// Splits off a definite length of at most four bytes.
fn length(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let count = match first {
        0x00..=0x7F => return Some((usize::from(*first), rest)),
        0x81..=0x84 => usize::from(first & 0x7F),
        _ => return None,
    };
    let (length, rest) = rest.split_at_checked(count)?;
    Some((length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest))
}
