//! Data objects (SP 800-73-4 part 1, 4): which there are, how long they may be, who may read them.

use crate::iso7816::tlv;

pub(super) const CHUID: u32 = 0x5FC102;
pub(super) const DISCOVERY: u32 = 0x7E;
const BIT_GROUP: u32 = 0x7F61;
/// Limits an object of a YubiKey, in bytes.
const YUBIKEY_OBJECT: usize = 3052;

/// Holds the application's identifier with its version (part 1, 2.2).
pub(super) const AID: [u8; 11] = [0xA0, 0x00, 0x00, 0x03, 0x08, 0x00, 0x00, 0x10, 0x00, 0x01, 0x00];
/// Gives the length of the registered provider's identifier, NIST's, with which the AID begins.
pub(super) const RID_LENGTH: usize = 5;

/// Returns the container capacity that the standard guarantees (part 1, table 8), in bytes; this card gives exactly
/// that.
fn standard_capacity(tag: u32) -> Option<usize> {
    Some(match tag {
        0x5FC107 => 287,
        CHUID => 2916,
        0x5FC105 | 0x5FC101 | 0x5FC10A | 0x5FC10B | 0x5FC10D..=0x5FC120 => 2005,
        0x5FC103 => 4006,
        0x5FC106 => 1336,
        0x5FC108 => 12_710,
        0x5FC109 => 245,
        DISCOVERY => 19,
        0x5FC10C => 128,
        0x5FC121 => 7106,
        BIT_GROUP => 65,
        0x5FC122 => 2471,
        0x5FC123 => 12,
        _ => return None,
    })
}

/// Returns how long an object may be, in bytes; `None` if the card knows no such object.
pub(super) fn capacity(tag: u32, yubikey: bool) -> Option<usize> {
    if !yubikey {
        return standard_capacity(tag);
    }
    matches!(tag, DISCOVERY | BIT_GROUP | 0x5F_0000..=0x5F_FFFF).then_some(YUBIKEY_OBJECT)
}

/// Says whether an object is read only after VERIFY: fingerprints, facial image, printed information and iris images
/// (part 1, table 2).
pub(super) fn needs_pin(tag: u32) -> bool {
    matches!(tag, 0x5FC103 | 0x5FC108 | 0x5FC109 | 0x5FC121)
}

/// Encodes an object as GET DATA returns it: in 53, except for the two that have a tag of their own.
pub(super) fn wrapped(tag: u32, value: &[u8]) -> Vec<u8> {
    match tag {
        DISCOVERY | BIT_GROUP => tlv::write(tag, value),
        _ => tlv::write(0x53, value),
    }
}

/// Returns the discovery object of a card whose only PIN is the application's (part 1, 3.3.2).
pub(super) fn discovery() -> Vec<u8> {
    [tlv::write(0x4F, &AID), tlv::write(0x5F2F, &[0x40, 0x00])].concat()
}

/// Encodes a CHUID with the FASC-N of issuers that are no federal agency (part 1, 3.1.2, and its appendix).
pub(super) fn chuid(guid: &[u8; 16]) -> Vec<u8> {
    const FASC_N: [u8; 25] = [
        0xD4, 0xE7, 0x39, 0xDA, 0x73, 0x9C, 0xED, 0x39, 0xCE, 0x73, 0x9D, 0x83, 0x68, 0x58, 0x21, 0x08, 0x42, 0x10,
        0x84, 0x21, 0xC8, 0x42, 0x10, 0xC3, 0xEB,
    ];
    let objects: [(u32, &[u8]); 5] = [(0x30, &FASC_N), (0x34, guid), (0x35, b"20500101"), (0x3E, &[]), (0xFE, &[])];
    objects.iter().flat_map(|(tag, value)| tlv::write(*tag, value)).collect()
}

/// Encodes the application property template (part 2, 3.1.1); `algorithms` go into AC, except on YubiKeys.
pub(super) fn property_template(yubikey: bool, algorithms: &[u8]) -> Vec<u8> {
    // YubiKeys give the PIX alone and name no algorithms.
    let aid = if yubikey { &AID[RID_LENGTH..] } else { &AID[..] };
    let authority = tlv::write(0x79, &tlv::write(0x4F, &AID[..RID_LENGTH]));
    let mut content = [tlv::write(0x4F, aid), authority].concat();
    if !yubikey {
        let named = algorithms.iter().flat_map(|id| tlv::write(0x80, &[*id]));
        let list: Vec<u8> = named.chain(tlv::write(0x06, &[0x00])).collect();
        content.extend(tlv::write(0xAC, &list));
    }
    tlv::write(0x61, &content)
}
