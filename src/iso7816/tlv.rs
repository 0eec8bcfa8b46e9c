//! Strict BER-TLV (ISO/IEC 7816-4, 5.2.2): lengths are definite and in their shortest form; bytes left over are an
//! error.
//!
//! Reading borrows; to read inside a constructed object, call again on its `value`. [`write()`] and [`Writer`] encode
//! what this program sends; [`Writer`] keeps secrets in a buffer that is wiped.

use super::wiped;
use zeroize::Zeroizing;

/// Holds one data object; `value` borrows from the bytes that were read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag's bytes as a number: `7F49` is `0x7F49`.
    pub tag: u32,
    pub value: &'a [u8],
}

impl std::fmt::Debug for Tlv<'_> {
    /// Shows tag and length, never the value.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:X}, {} bytes", self.tag, self.value.len())
    }
}

/// Reads the first data object, and returns it with the bytes behind it.
pub fn read_first(bytes: &[u8]) -> Result<(Tlv<'_>, &[u8]), TlvError> {
    let truncated = TlvError::Truncated { length: bytes.len() };
    let (tag, rest) = read_tag(bytes)?.ok_or(truncated)?;
    let (length, rest) = read_length(rest)?.ok_or(truncated)?;
    let (value, rest) = rest.split_at_checked(length).ok_or(truncated)?;
    Ok((Tlv { tag, value }, rest))
}

/// Reads the one data object that fills `bytes`.
pub fn read_one(bytes: &[u8]) -> Result<Tlv<'_>, TlvError> {
    match read_first(bytes)? {
        (object, []) => Ok(object),
        (_, rest) => Err(TlvError::LeftOver { length: rest.len() }),
    }
}

/// Reads all data objects that fill `bytes`, in order; there may be none.
pub fn read_all(mut bytes: &[u8]) -> Result<Vec<Tlv<'_>>, TlvError> {
    let mut objects = Vec::new();
    while !bytes.is_empty() {
        let (object, rest) = read_first(bytes)?;
        objects.push(object);
        bytes = rest;
    }
    Ok(objects)
}

/// Returns the one data object `tag` among those that fill `bytes`. A second one is an error, and so is any malformed
/// object.
pub fn find(bytes: &[u8], tag: u32) -> Result<Tlv<'_>, TlvError> {
    let mut found = read_all(bytes)?.into_iter().filter(|object| object.tag == tag);
    let object = found.next().ok_or(TlvError::Missing { wanted: tag })?;
    match found.next() {
        None => Ok(object),
        Some(_) => Err(TlvError::Unexpected { tag }),
    }
}

/// Encodes one data object. `tag` is written as it stands, so it must be one that ISO/IEC 7816-4 allows.
pub fn write(tag: u32, value: &[u8]) -> Vec<u8> {
    let mut bytes = head(tag, value.len());
    bytes.extend_from_slice(value);
    bytes
}

/// Encodes data objects one behind the other into a buffer that is wiped, even when it has to grow.
#[derive(Default)]
pub struct Writer {
    bytes: Zeroizing<Vec<u8>>,
}

impl Writer {
    /// Makes an empty writer.
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a data object; see [`write()`] about `tag`.
    pub fn put(mut self, tag: u32, value: &[u8]) -> Self {
        wiped::append(&mut self.bytes, &[&head(tag, value.len()), value]);
        self
    }

    /// Appends a constructed data object that contains what `inner` wrote.
    pub fn nest(self, tag: u32, inner: Writer) -> Self {
        self.put(tag, &inner.bytes)
    }

    /// Returns the bytes written so far.
    pub fn finish(self) -> Zeroizing<Vec<u8>> {
        self.bytes
    }
}

/// Encodes tag and length.
fn head(tag: u32, length: usize) -> Vec<u8> {
    let mut bytes = significant(&tag.to_be_bytes()).to_vec();
    let length_bytes = length.to_be_bytes();
    let length_bytes = significant(&length_bytes);
    if length > 0x7F {
        bytes.push(0x80 | length_bytes.len() as u8);
    }
    bytes.extend_from_slice(length_bytes);
    bytes
}

/// Strips leading zeros, but leaves at least one byte.
fn significant(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    &bytes[zeros.min(bytes.len() - 1)..]
}

/// Splits off the tag, and returns it with the bytes behind it; `None` if the bytes end within it.
fn read_tag(bytes: &[u8]) -> Result<Option<(u32, &[u8])>, TlvError> {
    let length = match bytes {
        [] => return Ok(None),
        // 00 fills gaps between data objects; nothing this program reads has such gaps.
        [0x00, ..] => return Err(TlvError::Tag),
        [first, ..] if first & 0x1F != 0x1F => 1,
        [_] => return Ok(None),
        [_, 0x1F..=0x7F, ..] => 2,
        [_, 0x81..=0xFF] => return Ok(None),
        [_, 0x81..=0xFF, 0x00..=0x7F, ..] => 3,
        _ => return Err(TlvError::Tag),
    };
    Ok(bytes.split_at_checked(length).map(|(tag, rest)| (number(tag) as u32, rest)))
}

/// Splits off the length, and returns it with the bytes behind it; `None` if the bytes end within it.
fn read_length(bytes: &[u8]) -> Result<Option<(usize, &[u8])>, TlvError> {
    let Some((first, rest)) = bytes.split_first() else {
        return Ok(None);
    };
    let (count, shortest) = match first {
        0x00..=0x7F => return Ok(Some((usize::from(*first), rest))),
        0x81 => (1, 0x80),
        0x82 => (2, 0x100),
        0x83 => (3, 0x1_0000),
        _ => return Err(TlvError::Length),
    };
    match rest.split_at_checked(count) {
        Some((length, _)) if number(length) < shortest => Err(TlvError::Length),
        Some((length, rest)) => Ok(Some((number(length), rest))),
        None => Ok(None),
    }
}

/// Reads at most three bytes as a big-endian number.
fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// Says why bytes are not data objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlvError {
    #[error("a data object ends after {length} bytes, in the middle of itself")]
    Truncated { length: usize },
    #[error("a tag of 00, of more than three bytes, or written longer than it need be")]
    Tag,
    #[error("an indefinite length, one of more than three bytes, or one written longer than it need be")]
    Length,
    #[error("{length} bytes are left over behind the data object")]
    LeftOver { length: usize },
    #[error("data object {wanted:X} is missing")]
    Missing { wanted: u32 },
    #[error("data object {tag:X} is there twice or where it does not belong")]
    Unexpected { tag: u32 },
    #[error("data object {tag:X} has {length} bytes of value")]
    ValueLength { tag: u32, length: usize },
}
