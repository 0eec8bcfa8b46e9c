use cardwright::iso7816::{ExchangeError, Expect, Limits, StatusWord};
use proptest::prelude::*;

use super::{changes, many, reads};
use crate::support::script::{EXTENDED, SHORT, Script, T0};

#[test]
fn long_data_goes_in_blocks() {
    for limits in [SHORT, T0, Limits { chaining: Some(true), ..SHORT }] {
        let full = format!("10DB3FFF FF {}", many("5A", 255));
        let script = Script::new(limits, &[(&full, "9000"), (&full, "9000"), ("00DB3FFF 01 5A", "9000")]);
        assert!(script.card().exchange(&changes(&[0x5A; 511], Expect::Nothing)).unwrap().status.is_ok());
        script.finish();
    }
}

#[test]
fn the_answer_is_asked_for_with_the_last_block() {
    let (full, last) = (format!("10DB3FFF FF {}", many("5A", 255)), format!("00DB3FFF FF {} 00", many("5A", 255)));
    let script = Script::new(SHORT, &[(&full, "9000"), (&last, "0102 6101"), ("00C00000 01", "03 9000")]);
    let answer = script.card().exchange(&changes(&[0x5A; 510], Expect::All)).unwrap();
    assert_eq!((&**answer.data, answer.status), (&[1, 2, 3][..], StatusWord::OK));
    script.finish();
}

#[test]
fn a_refused_block_ends_the_chain() {
    for status in [StatusWord::CHAINING_NOT_SUPPORTED, StatusWord::SECURITY_STATUS_NOT_SATISFIED] {
        let full = format!("10DB3FFF FF {}", many("5A", 255));
        let script = Script::new(SHORT, &[(&full, "9000"), (&full, &format!("{status:?}"))]);
        let answer = script.card().exchange(&changes(&[0x5A; 600], Expect::All)).unwrap();
        assert_eq!(answer.status, status);
        script.finish();
    }
}

#[test]
fn a_block_in_the_middle_has_no_answer() {
    let full = format!("10CB3FFF FF {}", many("5A", 255));
    for status in ["6108", "6C08"] {
        let script = Script::new(SHORT, &[(&full, status)]);
        let refused = script.card().exchange(&reads(&[0x5A; 256], Expect::All)).unwrap_err();
        assert!(matches!(refused, ExchangeError::MiddleOfChain { .. }), "{refused:?}");
        script.finish();
    }
    let script = Script::new(SHORT, &[(&full, "01 9000")]);
    let refused = script.card().exchange(&reads(&[0x5A; 256], Expect::All)).unwrap_err();
    assert!(matches!(refused, ExchangeError::Oversize { asked: 0, length: 1, .. }), "{refused:?}");
}

#[test]
fn a_card_that_takes_no_chains_is_sent_none() {
    let script = Script::new(Limits { chaining: Some(false), ..SHORT }, &[]);
    let refused = script.card().exchange(&changes(&[0x5A; 256], Expect::Nothing)).unwrap_err();
    assert!(matches!(refused, ExchangeError::NoChaining { length: 256, .. }), "{refused:?}");
    assert!(refused.to_string().contains("00 DB 3F FF"), "{refused}");
    assert!(!format!("{refused} {refused:?}").contains("5A"), "data is never shown");
}

#[test]
fn data_has_a_longest_length() {
    for limits in [SHORT, EXTENDED] {
        let refused = Script::new(limits, &[]).card().exchange(&changes(&[0; 65536], Expect::Nothing)).unwrap_err();
        assert!(matches!(refused, ExchangeError::TooLong { length: 65536, .. }), "{refused:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A card that puts the blocks together has the data; each block but the last is full and marked.
    #[test]
    fn blocks_are_put_together_again(data in prop::collection::vec(any::<u8>(), 256..3000)) {
        let sent = super::wild::all_sent(SHORT, &changes(&data, Expect::Nothing), &[0x90, 0x00]);
        let (last, middle) = sent.split_last().unwrap();
        prop_assert!(middle.iter().all(|block| block[0] == 0x10 && block[4] == 255) && last[0] == 0x00);
        let together: Vec<u8> = sent.iter().flat_map(|block| block[5..].to_vec()).collect();
        prop_assert_eq!(together, data);
    }
}
