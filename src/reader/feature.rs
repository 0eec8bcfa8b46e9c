//! What a reader can do besides carrying APDUs (PC/SC part 10, 2.2 and 2.6).

/// Asks a reader for its features: CM_IOCTL_GET_FEATURE_REQUEST, before it is made a control code.
pub(super) const GET_FEATURE_REQUEST: u32 = 3400;

const VERIFY_PIN_DIRECT: u8 = 0x06;
const GET_TLV_PROPERTIES: u8 = 0x12;
/// Names dwMaxAPDUDataSize among the TLV properties.
const MAX_APDU_DATA_SIZE: u8 = 0x0A;

/// Limits an answer of short length, in bytes of data.
const SHORT_APDU: u32 = 256;

/// Sets the size from which a reader carries any APDU of extended length: some readers count the header, some do not.
const ANY_EXTENDED_APDU: u32 = 0xFF00;

/// Holds the control codes of the features that this program uses.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Features {
    pub(super) verify_pin_direct: Option<u32>,
    pub(super) tlv_properties: Option<u32>,
}

impl Features {
    /// Reads the answer to GET_FEATURE_REQUEST; of a malformed answer, the part before the fault.
    pub(super) fn read(answer: &[u8]) -> Self {
        let mut features = Self::default();
        for (tag, value) in Properties(answer) {
            let Ok(code) = <[u8; 4]>::try_from(value).map(u32::from_be_bytes) else { break };
            match tag {
                VERIFY_PIN_DIRECT => features.verify_pin_direct = Some(code),
                GET_TLV_PROPERTIES => features.tlv_properties = Some(code),
                _ => {}
            }
        }
        features
    }
}

/// Returns the largest APDU that the reader says it carries, in bytes of data; `None` if it does not tell.
pub(super) fn max_apdu(tlv_properties: &[u8]) -> Option<u32> {
    let (_, value) = Properties(tlv_properties).find(|(tag, _)| *tag == MAX_APDU_DATA_SIZE)?;
    match u32::from_le_bytes(value.try_into().ok()?) {
        // This is how libccid says that it carries short APDUs only.
        0 => Some(SHORT_APDU),
        size => Some(size),
    }
}

/// Says whether the reader carries extended length. One that does not tell its limit is assumed to.
pub(super) fn carries_extended(max_apdu: Option<u32>) -> bool {
    max_apdu.is_none_or(|size| size >= ANY_EXTENDED_APDU)
}

/// Iterates over data objects with one byte of tag and one of length.
struct Properties<'a>(&'a [u8]);

impl<'a> Iterator for Properties<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[tag, length], rest) = self.0.split_first_chunk()?;
        let (value, rest) = rest.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some((tag, value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_codes_are_read_and_other_features_passed_over() {
        let answer = hex::decode("06044233000107044233000212044233001208044233000a").unwrap();
        let expected = Features { verify_pin_direct: Some(0x4233_0001), tlv_properties: Some(0x4233_0012) };
        assert_eq!(Features::read(&answer), expected);
        assert_eq!(Features::read(&[]), Features::default());
        assert_eq!(Features::read(&hex::decode("0604423300011204").unwrap()).tlv_properties, None);
        assert_eq!(
            Features::read(&hex::decode("0602423312044233 0012".replace(' ', "")).unwrap()),
            Features::default()
        );
    }

    #[test]
    fn the_largest_apdu_decides_on_extended_length() {
        let properties = |size: &str| hex::decode(format!("0102 0000 0a04{size}").replace(' ', "")).unwrap();
        assert_eq!(max_apdu(&properties("00000100")), Some(65536));
        assert_eq!(max_apdu(&properties("00010000")), Some(256));
        assert_eq!(max_apdu(&properties("00000000")), Some(256));
        assert_eq!(max_apdu(&[0x0A, 0x04, 0x00]), None);
        assert_eq!(max_apdu(&[0x0A, 0x01, 0x05]), None);
        for (told, extended) in [(None, true), (Some(256), false), (Some(0x2000), false), (Some(65536), true)] {
            assert_eq!(carries_extended(told), extended, "{told:?}");
        }
    }
}
