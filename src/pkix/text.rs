//! Reads the string types of X.509 (RFC 5280, 4.1.2.4).

use der::{Tag, Tagged, asn1::AnyRef};

/// Reads any string type; `None` for another type, or when the bytes do not fit the type.
pub(super) fn of(value: AnyRef<'_>) -> Option<String> {
    let bytes = value.value();
    match value.tag() {
        Tag::Utf8String => std::str::from_utf8(bytes).ok().map(str::to_owned),
        Tag::PrintableString | Tag::Ia5String | Tag::VisibleString | Tag::NumericString => {
            bytes.is_ascii().then(|| bytes.iter().map(|byte| char::from(*byte)).collect())
        }
        // T.61 in name, Latin-1 in practice.
        Tag::TeletexString => Some(bytes.iter().map(|byte| char::from(*byte)).collect()),
        Tag::BmpString => utf16(bytes),
        _ => None,
    }
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| u16::from_be_bytes(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}
