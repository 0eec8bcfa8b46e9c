//! Answers to reset (ISO/IEC 7816-3, 8.2): what the fault dial changes in them, and the limits they tell.

use crate::iso7816::{Limits, Protocol};

/// Marks chaining in the third byte of the card capabilities, in the historical bytes (ISO/IEC 7816-4, 8.1.1.2.7).
const CHAINING: u8 = 0x80;
/// Marks extended length in the same byte.
const EXTENDED: u8 = 0x40;

/// Holds an answer to reset, taken apart. Reading it is lenient, because every one of them is our own.
struct AnswerToReset {
    /// TS, T0 without its count of historical bytes, and the interface bytes.
    before: Vec<u8>,
    historical: Vec<u8>,
    protocol: Protocol,
    /// Whether a check byte (TCK) stands at the end: so it does if a protocol other than T=0 is named.
    checked: bool,
}

impl AnswerToReset {
    fn read(atr: &[u8]) -> Self {
        let (mut at, mut protocols) = (1, Vec::new());
        loop {
            let indicator = atr.get(at).copied().unwrap_or(0);
            if at > 1 {
                protocols.push(indicator & 0x0F);
            }
            at += 1 + (indicator >> 4 & 0x07).count_ones() as usize;
            if indicator & 0x80 == 0 || at >= atr.len() {
                break;
            }
        }
        let count = usize::from(atr.get(1).copied().unwrap_or(0) & 0x0F);
        let at = at.min(atr.len());
        let historical = atr[at..(at + count).min(atr.len())].to_vec();
        let protocol = if protocols.first().is_some_and(|first| *first == 1) { Protocol::T1 } else { Protocol::T0 };
        let checked = protocols.iter().any(|protocol| *protocol != 0);
        Self { before: atr[..at].to_vec(), historical, protocol, checked }
    }

    /// Returns where the third byte of the card capabilities (compact tag 7) stands.
    fn capabilities(&self) -> Option<usize> {
        if self.historical.first() != Some(&0x80) {
            return None;
        }
        let mut at = 1;
        while let Some(head) = self.historical.get(at) {
            let length = usize::from(head & 0x0F);
            if head >> 4 == 7 && length == 3 && at + 3 < self.historical.len() {
                return Some(at + 3);
            }
            at += 1 + length;
        }
        None
    }

    fn write(&self) -> Vec<u8> {
        let mut atr = self.before.clone();
        if let Some(format) = atr.get_mut(1) {
            *format = *format & 0xF0 | self.historical.len() as u8;
        }
        atr.extend_from_slice(&self.historical);
        if self.checked {
            atr.push(atr[1..].iter().fold(0, |sum, byte| sum ^ byte));
        }
        atr
    }
}

/// Says which abilities are taken away from a card.
#[derive(Clone, Copy, Default)]
pub(super) struct Without {
    pub t1: bool,
    pub extended: bool,
    pub chaining: bool,
}

/// Returns the answer to reset of a card that lacks `without`.
pub(super) fn reduced(atr: &[u8], without: Without) -> Vec<u8> {
    let mut answer = AnswerToReset::read(atr);
    if let Some(at) = answer.capabilities() {
        let lost = if without.extended { EXTENDED } else { 0 } | if without.chaining { CHAINING } else { 0 };
        answer.historical[at] &= !lost;
    }
    if without.t1 {
        answer.before = vec![0x3B, 0x00];
        answer.protocol = Protocol::T0;
        answer.checked = false;
    }
    answer.write()
}

/// Returns what a card with this answer to reset can carry. T=0 has no extended length at this level.
pub(super) fn limits(atr: &[u8]) -> Limits {
    let answer = AnswerToReset::read(atr);
    let bits = answer.capabilities().and_then(|at| answer.historical.get(at).copied());
    Limits {
        protocol: answer.protocol,
        extended: answer.protocol == Protocol::T1 && bits.is_some_and(|bits| bits & EXTENDED != 0),
        chaining: bits.map(|bits| bits & CHAINING != 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YUBIKEY: &str = "3bfd1300008131fe158073c021c057597562694b657940";

    #[test]
    fn a_yubikeys_answer_tells_extended_length_and_chaining() {
        let atr = hex::decode(YUBIKEY).unwrap();
        assert_eq!(limits(&atr), Limits { protocol: Protocol::T1, extended: true, chaining: Some(true) });
        assert_eq!(reduced(&atr, Without::default()), atr, "nothing taken away, and the check byte is right");
        let both = [0x3B, 0x80, 0x80, 0x01, 0x01];
        assert_eq!(reduced(&both, Without::default()), both, "T=0 first and T=1 besides are checked as well");
    }

    #[test]
    fn what_is_taken_away_is_no_longer_told() {
        let atr = hex::decode(YUBIKEY).unwrap();
        let short = reduced(&atr, Without { extended: true, ..Without::default() });
        assert_eq!(limits(&short), Limits { protocol: Protocol::T1, extended: false, chaining: Some(true) });
        let t0 = reduced(&atr, Without { t1: true, extended: true, chaining: true });
        assert_eq!(hex::encode(&t0), "3b0d8073c0210057597562694b6579");
        assert_eq!(limits(&t0), Limits { protocol: Protocol::T0, extended: false, chaining: Some(false) });
        assert_eq!(limits(&[0x3B]).chaining, None);
        assert_eq!(limits(&[]).protocol, Protocol::T0);
    }
}
