use cardwright::iso7816::{ApduError, CommandApdu, ExchangeError, Expect, Limits, ResponseApdu, StatusWord};

use super::{changes, many, reads};
use crate::support::script::{EXTENDED, SHORT, Script, T0, bytes};

/// Plays the turns and nothing else.
#[track_caller]
fn play(limits: Limits, command: &CommandApdu, turns: &[(&str, &str)]) -> Result<ResponseApdu, ExchangeError> {
    let script = Script::new(limits, turns);
    let answer = script.card().exchange(command);
    script.finish();
    answer
}

#[track_caller]
fn data_and_status(answer: Result<ResponseApdu, ExchangeError>) -> (String, StatusWord) {
    let answer = answer.unwrap();
    (hex::encode_upper(&*answer.data), answer.status)
}

#[test]
fn the_rest_is_collected() {
    let (full, rest) = (many("11", 256), many("22", 5));
    let turns: [(&str, &str); 3] = [
        ("00CB3FFF 00", &format!("{full} 6100")),
        ("00C00000 00", &format!("{full} 6105")),
        ("00C00000 05", &format!("{rest} 9000")),
    ];
    for effect in [reads(&[], Expect::All), CommandApdu::new(0xCB, 0x3F, 0xFF).expecting(Expect::All)] {
        let (data, status) = data_and_status(play(SHORT, &effect, &turns));
        assert_eq!((data, status), (format!("{full}{full}{rest}"), StatusWord::OK));
    }
}

#[test]
fn get_response_stays_on_the_logical_channel() {
    for (cla, same_channel) in [("02", "02"), ("0E", "02"), ("45", "45"), ("6F", "4F"), ("80", "00"), ("83", "03")] {
        let command = CommandApdu { cla: u8::from_str_radix(cla, 16).unwrap(), ..reads(&[], Expect::All) };
        let turns = [(format!("{cla}CB3FFF 00"), "6101"), (format!("{same_channel}C00000 01"), "AA 9000")];
        let turns = turns.each_ref().map(|(sent, answer)| (sent.as_str(), *answer));
        assert_eq!(data_and_status(play(SHORT, &command, &turns)).0, "AA");
    }
}

#[test]
fn no_more_is_collected_than_was_expected() {
    let eight = reads(&[], Expect::Bytes(8));
    let turns = [("00CB3FFF 08", "0102 6110"), ("00C00000 06", "030405060708 610A")];
    assert_eq!(data_and_status(play(SHORT, &eight, &turns)), ("0102030405060708".into(), StatusWord(0x610A)));
    let nothing = changes(&[1], Expect::Nothing);
    assert_eq!(data_and_status(play(SHORT, &nothing, &[("00DB3FFF 01 01", "6110")])).1, StatusWord(0x6110));
}

#[test]
fn the_status_of_the_last_part_is_the_answer() {
    let command = reads(&[], Expect::All);
    let turns = [("00CB3FFF 00", "01 6102"), ("00C00000 02", "6F00")];
    assert_eq!(data_and_status(play(SHORT, &command, &turns)), ("01".into(), StatusWord(0x6F00)));
    let turns = [("00CB3FFF 00", "01 6102"), ("00C00000 02", "02 6282")];
    assert_eq!(data_and_status(play(SHORT, &command, &turns)), ("0102".into(), StatusWord(0x6282)));
}

#[test]
fn a_part_without_a_byte_is_refused() {
    for end in ["9000", "6102"] {
        let refused = play(SHORT, &reads(&[], Expect::All), &[("00CB3FFF 00", "01 6102"), ("00C00000 02", end)]);
        assert!(matches!(refused, Err(ExchangeError::NothingCame { waiting: 2, .. })), "{refused:?}");
    }
}

#[test]
fn an_answer_without_end_is_left() {
    let collected = |part: &str, limits: Limits| {
        let answer = [bytes(part), vec![0x61, 0x00]].concat();
        let (sent, refused) = super::wild::against(limits, &reads(&[], Expect::All), move |_| answer.clone());
        assert!(matches!(refused, Err(ExchangeError::Endless { .. })), "{refused:?}");
        sent.len()
    };
    assert_eq!(collected(&many("11", 256), SHORT), 256, "64 KiB");
    assert_eq!(collected("11", SHORT), 513, "a byte at a time");
    assert_eq!(collected("11", T0), 513);
    assert_eq!(collected(&many("11", 128), EXTENDED), 512);
}

#[test]
fn a_wrong_le_is_mended_once_for_a_command_that_reads() {
    let turns = [("00CB3FFF 00", "6C03"), ("00CB3FFF 03", "010203 9000")];
    assert_eq!(data_and_status(play(SHORT, &reads(&[], Expect::All), &turns)), ("010203".into(), StatusWord::OK));
    let turns = [("00CB3FFF 000000", "6C03"), ("00CB3FFF 03", "010203 9000")];
    assert_eq!(data_and_status(play(EXTENDED, &reads(&[], Expect::All), &turns)).0, "010203");
    let turns = [("00CB3FFF 02 5C00 00", "6C03"), ("00CB3FFF 02 5C00 03", "01 6102"), ("00C00000 02", "0203 9000")];
    assert_eq!(data_and_status(play(SHORT, &reads(&[0x5C, 0], Expect::All), &turns)).0, "010203");
    let turns = [("00CB3FFF 00", "6C03"), ("00CB3FFF 03", "6C04")];
    assert_eq!(data_and_status(play(SHORT, &reads(&[], Expect::All), &turns)), (String::new(), StatusWord(0x6C04)));
}

#[test]
fn a_chain_that_reads_is_sent_again_whole() {
    let (full, last) = (format!("10CB3FFF FF {}", many("5A", 255)), "00CB3FFF 01 5A");
    let (wrong, right) = (format!("{last} 00"), format!("{last} 03"));
    let turns: [(&str, &str); 4] = [(&full, "9000"), (&wrong, "6C03"), (&full, "9000"), (&right, "010203 9000")];
    assert_eq!(data_and_status(play(SHORT, &reads(&[0x5A; 256], Expect::All), &turns)).0, "010203");
}

#[test]
fn a_command_that_changes_the_card_is_never_sent_twice() {
    for (limits, command, sent) in [
        (SHORT, changes(&[1], Expect::All), "00DB3FFF 01 01 00"),
        (SHORT, changes(&[1], Expect::Nothing), "00DB3FFF 01 01"),
        (EXTENDED, changes(&[1], Expect::All), "00DB3FFF 000001 01 0000"),
        (T0, changes(&[], Expect::Bytes(8)), "00DB3FFF 08"),
        (T0, changes(&[1], Expect::All), "00DB3FFF 01 01"),
    ] {
        let refused = play(limits, &command, &[(sent, "6C03")]);
        assert!(matches!(refused, Err(ExchangeError::WrongLengthForChange { right: 3, .. })), "{refused:?}");
    }
}

#[test]
fn a_right_le_beyond_what_is_expected_is_not_followed() {
    let refused = play(SHORT, &reads(&[], Expect::Bytes(2)), &[("00CB3FFF 02", "6C03")]);
    assert!(matches!(refused, Err(ExchangeError::Oversize { asked: 2, length: 3, .. })), "{refused:?}");
    let nothing = play(SHORT, &reads(&[1], Expect::Nothing), &[("00CB3FFF 01 01", "6C03")]);
    assert_eq!(data_and_status(nothing).1, StatusWord(0x6C03));
}

#[test]
fn get_response_is_mended_too() {
    let turns = [
        ("00DB3FFF 01 01 00", "6108"),
        ("00C00000 08", "6C02"),
        ("00C00000 02", "0102 6101"),
        ("00C00000 01", "03 9000"),
    ];
    assert_eq!(data_and_status(play(SHORT, &changes(&[1], Expect::All), &turns)).0, "010203");
}

#[test]
fn t0_collects_what_has_data_both_ways() {
    let turns = [("00DB3FFF 01 01", "6103"), ("00C00000 03", "010203 9000")];
    assert_eq!(data_and_status(play(T0, &changes(&[1], Expect::All), &turns)), ("010203".into(), StatusWord::OK));
    let turns = [("00CB3FFF 00", "6C03"), ("00CB3FFF 03", "010203 9000")];
    assert_eq!(data_and_status(play(T0, &reads(&[], Expect::All), &turns)).0, "010203");
    let turns = [("00CB3FFF 01 01", "6C03"), ("00CB3FFF 01 01 03", "010203 9000")];
    assert_eq!(data_and_status(play(T0, &reads(&[1], Expect::All), &turns)).0, "010203");
}

#[test]
fn an_extended_answer_may_have_64_kib() {
    let most = many("11", 65536);
    let answer = play(EXTENDED, &reads(&[], Expect::All), &[("00CB3FFF 000000", &format!("{most} 9000"))]);
    assert_eq!(answer.unwrap().data.len(), 65536);
}

#[test]
fn an_answer_longer_than_asked_for_is_refused() {
    let oversize = |limits, expect, sent: &str, length: usize| {
        let refused = play(limits, &reads(&[], expect), &[(sent, &format!("{} 9000", many("11", length)))]);
        assert!(matches!(refused, Err(ExchangeError::Oversize { .. })), "{refused:?}");
    };
    oversize(SHORT, Expect::Nothing, "00CB3FFF", 1);
    oversize(SHORT, Expect::Bytes(8), "00CB3FFF 08", 9);
    oversize(SHORT, Expect::All, "00CB3FFF 00", 257);
    oversize(T0, Expect::All, "00CB3FFF 00", 257);
    oversize(EXTENDED, Expect::Bytes(300), "00CB3FFF 00012C", 301);
    oversize(EXTENDED, Expect::All, "00CB3FFF 000000", 65537);
    let refused = play(SHORT, &reads(&[], Expect::All), &[("00CB3FFF 00", "6102"), ("00C00000 02", "010203 9000")]);
    assert!(matches!(refused, Err(ExchangeError::Oversize { asked: 2, length: 3, .. })), "{refused:?}");
}

#[test]
fn an_answer_without_a_status_is_refused() {
    for (answer, held) in [("", 0), ("90", 1)] {
        let refused = play(SHORT, &reads(&[], Expect::All), &[("00CB3FFF 00", answer)]).unwrap_err();
        let ExchangeError::Answer { source: ApduError::NoStatus { length }, .. } = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(length, held);
    }
}

#[test]
fn a_channel_that_breaks_is_told_as_it_is() {
    use cardwright::iso7816::ChannelError;
    let removed = play(SHORT, &reads(&[], Expect::All), &[("00CB3FFF 00", "01 6102"), ("00C00000 02", "removed")]);
    assert!(matches!(removed, Err(ExchangeError::Channel(ChannelError::Removed))), "{removed:?}");
    let reset = play(SHORT, &changes(&[], Expect::Nothing), &[("00DB3FFF", "reset")]);
    assert!(matches!(reset, Err(ExchangeError::Channel(ChannelError::Reset))), "{reset:?}");
}
