//! Commands of the card (SP 800-73-4 part 2, 3): bytes in, one typed command out.

use super::extension::Extension;
use super::fields::{byte, once};
use crate::iso7816::{StatusWord, tlv};
use crate::virtual_card::wire::WireCommand;

/// Names a command of the standard, or one that YubiKeys add.
pub(super) enum Command<'a> {
    Select { aid: &'a [u8] },
    GetData { tag: u32 },
    PutData { tag: u32, value: &'a [u8] },
    Verify { reference: u8, pin: &'a [u8] },
    VerifyStatus { reference: u8 },
    ForgetVerified { reference: u8 },
    ChangeReferenceData { reference: u8, data: &'a [u8] },
    ResetRetryCounter { reference: u8, data: &'a [u8] },
    GeneralAuthenticate { algorithm: u8, reference: u8, template: Template<'a> },
    GenerateKeyPair { reference: u8, order: Order<'a> },
    Extension(Extension<'a>),
}

/// Holds the dynamic authentication template 7C; an empty object asks for its content (table 7).
#[derive(Default)]
pub(super) struct Template<'a> {
    pub witness: Option<&'a [u8]>,
    pub challenge: Option<&'a [u8]>,
    pub response: Option<&'a [u8]>,
    pub exponentiation: Option<&'a [u8]>,
}

/// Holds the control reference template AC, with the policies that YubiKeys add.
#[derive(Default)]
pub(super) struct Order<'a> {
    pub mechanism: u8,
    pub parameter: Option<&'a [u8]>,
    pub pin_policy: Option<u8>,
    pub touch_policy: Option<u8>,
}

impl<'a> Command<'a> {
    /// Reads a whole command; those that YubiKeys add only if `extended_set`.
    pub fn read(wire: &'a WireCommand, extended_set: bool) -> Result<Self, StatusWord> {
        if wire.cla != 0x00 {
            return Err(StatusWord::CLASS_NOT_SUPPORTED);
        }
        let data = wire.data.as_slice();
        let (ins, p1, p2) = (wire.ins, wire.p1, wire.p2);
        Ok(match (ins, p1, p2) {
            (0xA4, 0x04, 0x00) => Self::Select { aid: data },
            (0xCB, 0x3F, 0xFF) => Self::GetData { tag: wanted_tag(data)? },
            (0xDB, 0x3F, 0xFF) => put_data(data)?,
            (0x20, 0x00, reference) if data.is_empty() => Self::VerifyStatus { reference },
            (0x20, 0x00, reference) => Self::Verify { reference, pin: data },
            (0x20, 0xFF, reference) if data.is_empty() => Self::ForgetVerified { reference },
            (0x20, 0xFF, _) => return Err(StatusWord::INCORRECT_DATA),
            (0x24, 0x00, reference) => Self::ChangeReferenceData { reference, data },
            (0x2C, 0x00, reference) => Self::ResetRetryCounter { reference, data },
            (0x87, algorithm, reference) => {
                Self::GeneralAuthenticate { algorithm, reference, template: Template::read(data)? }
            }
            (0x47, 0x00, reference) => Self::GenerateKeyPair { reference, order: Order::read(data)? },
            (0xA4 | 0xCB | 0xDB | 0x20 | 0x24 | 0x2C | 0x47, ..) => return Err(StatusWord::INCORRECT_P1_P2),
            _ if extended_set => Self::Extension(Extension::read(wire)?),
            _ => return Err(StatusWord::INSTRUCTION_NOT_SUPPORTED),
        })
    }
}

/// Returns the tag in a tag list 5C.
fn wanted_tag(data: &[u8]) -> Result<u32, StatusWord> {
    let list = tlv::read_one(data).map_err(|_| StatusWord::INCORRECT_DATA)?;
    if list.tag != 0x5C { Err(StatusWord::INCORRECT_DATA) } else { tag_number(list.value) }
}

fn tag_number(bytes: &[u8]) -> Result<u32, StatusWord> {
    match bytes.len() {
        1..=3 => Ok(bytes.iter().fold(0, |tag, byte| tag << 8 | u32::from(*byte))),
        _ => Err(StatusWord::INCORRECT_DATA),
    }
}

/// Reads a tag list and the data 53; the discovery object 7E and the BIT group template 7F61 come alone (tables 10 to
/// 12).
fn put_data(data: &[u8]) -> Result<Command<'_>, StatusWord> {
    let objects = tlv::read_all(data).map_err(|_| StatusWord::INCORRECT_DATA)?;
    match objects.as_slice() {
        [list, content] if list.tag == 0x5C && content.tag == 0x53 => {
            Ok(Command::PutData { tag: tag_number(list.value)?, value: content.value })
        }
        [alone] if alone.tag == 0x7E || alone.tag == 0x7F61 => {
            Ok(Command::PutData { tag: alone.tag, value: alone.value })
        }
        _ => Err(StatusWord::INCORRECT_DATA),
    }
}

/// Returns the objects within the one object `tag`.
fn within(data: &[u8], tag: u32) -> Result<Vec<tlv::Tlv<'_>>, StatusWord> {
    let outer = tlv::read_one(data).map_err(|_| StatusWord::INCORRECT_DATA)?;
    if outer.tag != tag {
        return Err(StatusWord::INCORRECT_DATA);
    }
    tlv::read_all(outer.value).map_err(|_| StatusWord::INCORRECT_DATA)
}

impl<'a> Template<'a> {
    fn read(data: &'a [u8]) -> Result<Self, StatusWord> {
        let mut template = Self::default();
        for object in within(data, 0x7C)? {
            let field = match object.tag {
                0x80 => &mut template.witness,
                0x81 => &mut template.challenge,
                0x82 => &mut template.response,
                0x85 => &mut template.exponentiation,
                _ => return Err(StatusWord::INCORRECT_DATA),
            };
            once(field, object.value)?;
        }
        Ok(template)
    }
}

impl<'a> Order<'a> {
    fn read(data: &'a [u8]) -> Result<Self, StatusWord> {
        let mut order = Self::default();
        let mut mechanism = None;
        for object in within(data, 0xAC)? {
            match object.tag {
                0x80 => once(&mut mechanism, byte(object.value)?)?,
                0x81 => once(&mut order.parameter, object.value)?,
                0xAA => once(&mut order.pin_policy, byte(object.value)?)?,
                0xAB => once(&mut order.touch_policy, byte(object.value)?)?,
                _ => return Err(StatusWord::INCORRECT_DATA),
            }
        }
        order.mechanism = mechanism.ok_or(StatusWord::INCORRECT_DATA)?;
        Ok(order)
    }
}
