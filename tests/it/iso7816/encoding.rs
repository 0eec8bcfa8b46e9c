use cardwright::iso7816::{Expect, Limits};
use proptest::prelude::*;

use super::{changes, many};
use crate::support::script::{EXTENDED, SHORT, Script, T0};

/// The command goes over the wire as `wire`; data is `5A`s.
#[track_caller]
fn goes_as(limits: Limits, nc: usize, expect: Expect, wire: &str) {
    let script = Script::new(limits, &[(wire, "9000")]);
    script.card().exchange(&changes(&vec![0x5A; nc], expect)).unwrap();
    script.finish();
}

#[test]
fn short_cases_one_to_four() {
    for limits in [SHORT, EXTENDED] {
        goes_as(limits, 0, Expect::Nothing, "00DB3FFF");
        goes_as(limits, 0, Expect::Bytes(8), "00DB3FFF 08");
        goes_as(limits, 2, Expect::Nothing, "00DB3FFF 02 5A5A");
        goes_as(limits, 2, Expect::Bytes(8), "00DB3FFF 02 5A5A 08");
        goes_as(limits, 2, Expect::Bytes(256), "00DB3FFF 02 5A5A 00");
        goes_as(limits, 255, Expect::Nothing, &format!("00DB3FFF FF {}", many("5A", 255)));
    }
    goes_as(SHORT, 2, Expect::All, "00DB3FFF 02 5A5A 00");
    goes_as(SHORT, 0, Expect::Bytes(65535), "00DB3FFF 00");
}

#[test]
fn extended_cases_two_to_four() {
    goes_as(EXTENDED, 0, Expect::All, "00DB3FFF 000000");
    goes_as(EXTENDED, 0, Expect::Bytes(257), "00DB3FFF 000101");
    goes_as(EXTENDED, 256, Expect::Nothing, &format!("00DB3FFF 000100 {}", many("5A", 256)));
    goes_as(EXTENDED, 2, Expect::All, "00DB3FFF 000002 5A5A 0000");
    goes_as(EXTENDED, 256, Expect::Bytes(8), &format!("00DB3FFF 000100 {} 0008", many("5A", 256)));
    goes_as(EXTENDED, 65535, Expect::All, &format!("00DB3FFF 00FFFF {} 0000", many("5A", 65535)));
}

#[test]
fn t0_has_one_length_byte() {
    goes_as(T0, 0, Expect::Nothing, "00DB3FFF 00");
    goes_as(T0, 0, Expect::Bytes(8), "00DB3FFF 08");
    goes_as(T0, 0, Expect::All, "00DB3FFF 00");
    goes_as(T0, 2, Expect::Nothing, "00DB3FFF 02 5A5A");
    goes_as(T0, 2, Expect::All, "00DB3FFF 02 5A5A");
    goes_as(Limits { extended: true, ..T0 }, 2, Expect::All, "00DB3FFF 02 5A5A");
}

/// Reads the APDU back by the decision tree of ISO/IEC 7816-3, 12.1.3: Nc and Ne.
fn lengths_of(apdu: &[u8]) -> (usize, usize) {
    let word = |at: usize| usize::from(apdu[at]) << 8 | usize::from(apdu[at + 1]);
    let (short, extended) = (|le: u8| (usize::from(le) + 255) % 256 + 1, |le: usize| (le + 65535) % 65536 + 1);
    match (apdu.len(), apdu.get(4)) {
        (4, _) => (0, 0),
        (5, Some(le)) => (0, short(*le)),
        (7, Some(0)) => (0, extended(word(5))),
        (length, Some(0)) if length == 7 + word(5) => (word(5), 0),
        (length, Some(0)) if length == 9 + word(5) => (word(5), extended(word(length - 2))),
        (length, Some(lc)) if length == 5 + usize::from(*lc) => (usize::from(*lc), 0),
        (length, Some(lc)) if length == 6 + usize::from(*lc) => (usize::from(*lc), short(apdu[length - 1])),
        other => panic!("no case of the standard: {other:?}"),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_size_reads_back(nc in prop_oneof![0usize..=600, Just(65535)], ne in prop_oneof![Just(0u16), 1u16..=600]) {
        let expect = if ne == 0 { Expect::Nothing } else { Expect::Bytes(ne) };
        let apdu = super::wild::first_sent(EXTENDED, &changes(&vec![0x5A; nc], expect));
        prop_assert_eq!(lengths_of(&apdu), (nc, usize::from(ne)));
        if nc <= 255 {
            let apdu = super::wild::first_sent(SHORT, &changes(&vec![0x5A; nc], expect));
            prop_assert_eq!(lengths_of(&apdu), (nc, usize::from(ne).min(256)));
        }
    }
}
