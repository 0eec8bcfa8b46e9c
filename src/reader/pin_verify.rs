//! PIN_VERIFY (PC/SC part 10, 2.5.2): tells a reader with keys of its own to ask for a PIN and send VERIFY.

use crate::iso7816::{PinPadVerify, StatusWord};

/// Sets the seconds that the reader waits for the PIN, and for the next key.
const TIME_OUT: u8 = 30;
/// Says that system units are bytes, and that the PIN begins at the data field's first byte, left-justified, in ASCII.
const FORMAT_STRING: u8 = 0x82;
/// Says that the PIN's length is not written into the command.
const LENGTH_FORMAT: u8 = 0x00;
/// Says that the entry is complete when the validation key is pressed.
const VALIDATION_KEY_PRESSED: u8 = 0x02;
const ONE_MESSAGE: u8 = 0x01;
const ENGLISH: u16 = 0x0409;
/// Chooses the message that asks for a PIN.
const MESSAGE_INDEX: u8 = 0x00;
/// Serves only readers that are spoken to in T=1 blocks.
const TEO_PROLOGUE: [u8; 3] = [0; 3];

/// Says, in place of the card's answer, that nobody typed.
pub(super) const NO_KEY_IN_TIME: StatusWord = StatusWord(0x6400);
/// Says, in place of the card's answer, that the user cancelled.
pub(super) const CANCEL_PRESSED: StatusWord = StatusWord(0x6401);

/// Encodes the structure; numbers are little-endian.
pub(super) fn pin_verify(verify: &PinPadVerify) -> Vec<u8> {
    let length = u32::try_from(verify.template.len()).unwrap_or(u32::MAX);
    let mut bytes = vec![TIME_OUT, TIME_OUT, FORMAT_STRING, verify.block & 0x0F, LENGTH_FORMAT];
    bytes.extend_from_slice(&u16::from_be_bytes([verify.minimum, verify.maximum]).to_le_bytes());
    bytes.extend_from_slice(&[VALIDATION_KEY_PRESSED, ONE_MESSAGE]);
    bytes.extend_from_slice(&ENGLISH.to_le_bytes());
    bytes.push(MESSAGE_INDEX);
    bytes.extend_from_slice(&TEO_PROLOGUE);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&verify.template);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piv_pin_is_asked_for_as_the_standard_lays_it_out() {
        let verify = PinPadVerify {
            template: hex::decode("0020008008ffffffffffffffff").unwrap(),
            minimum: 6,
            maximum: 8,
            block: 8,
        };
        let expected = concat!(
            "1e",
            "1e", // bTimerOut, bTimerOut2
            "82",
            "08",
            "00",   // bmFormatString, bmPINBlockString, bmPINLengthFormat
            "0806", // wPINMaxExtraDigit: 0x0608
            "02",
            "01", // bEntryValidationCondition, bNumberMessage
            "0904",
            "00",       // wLangId, bMsgIndex
            "000000",   // bTeoPrologue
            "0d000000", // ulDataLength
            "0020008008ffffffffffffffff",
        );
        assert_eq!(hex::encode(pin_verify(&verify)), expected);
    }

    #[test]
    fn a_pin_without_a_block_keeps_its_own_length() {
        let verify = PinPadVerify { template: hex::decode("00200080").unwrap(), minimum: 4, maximum: 15, block: 0 };
        let expected = "1e1e8200000f0402010904000000000400000000200080";
        assert_eq!(hex::encode(pin_verify(&verify)), expected);
    }
}
