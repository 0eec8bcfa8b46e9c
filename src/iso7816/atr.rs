//! The answer to reset (ISO/IEC 7816-3, 8.2) and what its historical bytes say the card can do (ISO/IEC 7816-4, 8.1.1).

use super::channel::Protocol;

/// Limits an answer to reset, in bytes, TS included.
const LONGEST: usize = 33;

/// Names T=0 as interface bytes encode it.
const T0: u8 = 0;
/// Names T=1 as interface bytes encode it.
const T1: u8 = 1;

/// Holds what an answer to reset tells of a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atr {
    /// Protocols the card offers, its preferred one first. Protocols that this program does not speak are left out.
    pub protocols: Vec<Protocol>,
    pub historical: Vec<u8>,
    /// Whether the card takes extended length.
    pub extended: bool,
    /// Whether the card takes chained commands; `None` if it does not say.
    pub chaining: Option<bool>,
}

impl Atr {
    /// Reads a whole answer to reset, including its check byte. Historical bytes in a proprietary coding are accepted:
    /// they only tell nothing.
    pub fn read(bytes: &[u8]) -> Result<Self, AtrError> {
        if bytes.len() > LONGEST {
            return Err(AtrError::TooLong { length: bytes.len() });
        }
        let mut rest = Rest { bytes, whole: bytes.len() };
        let ts = rest.byte()?;
        if !matches!(ts, 0x3B | 0x3F) {
            return Err(AtrError::Convention { ts });
        }
        let t0 = rest.byte()?;
        let offered = interface_bytes(&mut rest, t0)?;
        let historical = rest.take(usize::from(t0 & 0x0F))?.to_vec();
        // The check byte is absent if T=0 is the only protocol.
        let checked = offered.iter().any(|t| *t != T0);
        if checked {
            rest.byte()?;
        }
        if !rest.bytes.is_empty() {
            return Err(AtrError::LeftOver { length: rest.bytes.len() });
        }
        if checked && bytes[1..].iter().fold(0, |check, byte| check ^ byte) != 0 {
            return Err(AtrError::Check);
        }
        let capabilities = capabilities(&historical);
        Ok(Self {
            protocols: protocols(&offered),
            historical,
            extended: capabilities.is_some_and(|byte| byte & 0x40 != 0),
            chaining: capabilities.map(|byte| byte & 0x80 != 0),
        })
    }
}

/// Walks over TA1, TB1, TC1, TD1, TA2 and so on, and returns each T that a TD names.
fn interface_bytes(rest: &mut Rest<'_>, t0: u8) -> Result<Vec<u8>, AtrError> {
    let mut offered = Vec::new();
    let mut presence = t0 >> 4;
    loop {
        rest.take((presence & 0b0111).count_ones() as usize)?;
        if presence & 0b1000 == 0 {
            return Ok(offered);
        }
        let td = rest.byte()?;
        offered.push(td & 0x0F);
        presence = td >> 4;
    }
}

/// Maps the T values to protocols, in order and without repeats. A card that names no T speaks T=0.
fn protocols(offered: &[u8]) -> Vec<Protocol> {
    let mut protocols = Vec::new();
    let default: &[u8] = if offered.is_empty() { &[T0] } else { offered };
    for t in default {
        let protocol = match *t {
            T0 => Protocol::T0,
            T1 => Protocol::T1,
            _ => continue,
        };
        if !protocols.contains(&protocol) {
            protocols.push(protocol);
        }
    }
    protocols
}

/// Returns the third byte of the card capabilities, compact-TLV tag 7 (ISO/IEC 7816-4, 8.1.1.2.7).
fn capabilities(historical: &[u8]) -> Option<u8> {
    let mut objects = match historical.split_first()? {
        (0x80, objects) => objects,
        // The last three bytes are a status indicator and not part of the data objects.
        (0x00, rest) => rest.split_last_chunk::<3>()?.0,
        _ => return None,
    };
    let mut found = None;
    while let Some((head, rest)) = objects.split_first() {
        let (value, behind) = rest.split_at_checked(usize::from(head & 0x0F))?;
        if head >> 4 == 7 {
            found = value.get(2).copied();
        }
        objects = behind;
    }
    found
}

struct Rest<'a> {
    bytes: &'a [u8],
    whole: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], AtrError> {
        let (taken, rest) = self.bytes.split_at_checked(length).ok_or(AtrError::Truncated { length: self.whole })?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, AtrError> {
        self.take(1).map(|taken| taken[0])
    }
}

/// Says why bytes are not an answer to reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AtrError {
    #[error("an answer to reset ends after {length} bytes, in the middle of itself")]
    Truncated { length: usize },
    #[error("an answer to reset of {length} bytes is longer than any")]
    TooLong { length: usize },
    #[error("an answer to reset begins with 3B or 3F, not {ts:02X}")]
    Convention { ts: u8 },
    #[error("{length} bytes are left over behind the answer to reset")]
    LeftOver { length: usize },
    #[error("the check byte of the answer to reset is wrong")]
    Check,
}
