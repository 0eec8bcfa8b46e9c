//! Strict BER-TLV (ISO/IEC 7816-4, 5.2.2): definite lengths in their shortest form, and leftovers are an error.

/// One data object; `value` borrows from what was read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Tlv<'a> {
    /// The tag's bytes as a number: `7F49` is `0x7F49`.
    pub tag: u32,
    pub value: &'a [u8],
}

/// Bytes that are no data objects.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlvError {
    #[error("a data object ends after {length} bytes, in the middle of itself")]
    Truncated { length: usize },
    #[error("a tag of more than three bytes, or written longer than it need be")]
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
