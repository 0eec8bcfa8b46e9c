//! Command APDUs as bytes (ISO/IEC 7816-3, 12.1; for T=0, 12.2).

use super::apdu::Header;
use super::channel::{Limits, Protocol};
use zeroize::Zeroizing;

/// Limits the data field (Nc) at short length, in bytes.
pub(super) const SHORT_DATA: usize = 255;
/// Limits the data field (Nc) at extended length, in bytes.
pub(super) const EXTENDED_DATA: usize = 65535;

/// Limits the answer (Ne) at short length, in bytes.
const SHORT_ANSWER: usize = 256;
/// Limits the answer (Ne) at extended length, in bytes.
pub(super) const EXTENDED_ANSWER: usize = 65536;

/// Names the ways to write the lengths of an APDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Short,
    /// T=0 has one length byte. It is 00 without data and answer, and Lc with both; the answer is then collected.
    ShortT0,
    Extended,
}

impl Form {
    /// Returns the form for `nc` bytes of data and an answer of at most `ne` bytes: extended length only if it is
    /// needed.
    pub(super) fn of(limits: Limits, nc: usize, ne: usize) -> Self {
        match limits.protocol {
            Protocol::T0 => Self::ShortT0,
            Protocol::T1 if limits.extended && (nc > SHORT_DATA || ne > SHORT_ANSWER) => Self::Extended,
            Protocol::T1 => Self::Short,
        }
    }

    /// Returns the part of `ne` that one APDU can ask for.
    pub(super) fn ask(self, ne: usize) -> usize {
        match self {
            Self::Short | Self::ShortT0 => ne.min(SHORT_ANSWER),
            Self::Extended => ne.min(EXTENDED_ANSWER),
        }
    }
}

/// Encodes one command APDU. `data` must not be longer than the form allows. `ne` is 0 for no answer, and is cut to
/// what one APDU can ask for.
pub(super) fn encode(header: Header, data: &[u8], ne: usize, form: Form) -> Zeroizing<Vec<u8>> {
    let (nc, ne) = (data.len(), form.ask(ne));
    // The largest Ne of either form is written as zeros, which is what cutting off its leading byte gives.
    let (lc, le) = ((nc as u16).to_be_bytes(), (ne as u16).to_be_bytes());
    let mut bytes = Zeroizing::new(Vec::with_capacity(4 + 3 + nc + 3));
    bytes.extend_from_slice(&header.0);
    match form {
        Form::Short | Form::ShortT0 => {
            if nc > 0 {
                bytes.push(lc[1]);
                bytes.extend_from_slice(data);
            }
            let le_stands = if form == Form::ShortT0 { nc == 0 } else { ne > 0 };
            if le_stands {
                bytes.push(le[1]);
            }
        }
        Form::Extended => {
            if nc > 0 || ne > 0 {
                bytes.push(0);
            }
            if nc > 0 {
                bytes.extend_from_slice(&lc);
                bytes.extend_from_slice(data);
            }
            if ne > 0 {
                bytes.extend_from_slice(&le);
            }
        }
    }
    bytes
}
