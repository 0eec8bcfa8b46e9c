//! The fault dial: each fault, and how it is spelled.

use super::{Echo, bytes};
use cardwright::virtual_card::{Dial, Fault, FaultError, Played, VirtualCard};
use std::time::Duration;

const READ: &str = "00B0000000";

fn dial(text: &str) -> Dial {
    text.parse().unwrap()
}

fn play(dial: &mut Dial, card: &mut Echo, command: &str) -> String {
    match dial.play(card, &bytes(command)) {
        Played::Answer(answer) => hex::encode_upper(answer),
        Played::Removed => "removed".into(),
        Played::Reset => "reset".into(),
    }
}

#[test]
fn every_fault_is_read_as_it_is_written() {
    let all = "remove@5,remove-after@5,reset@1,reset-after@2,t0,blocks=16,exact-le,short,no-chaining,full=1024,tries=1,\
               slow=3s,slow=200ms,status@4=6F00,truncate@3,oversize@3,noise=7";
    assert_eq!(dial(all).to_string(), all);
    assert_eq!(dial("").to_string(), "");
    assert_eq!(dial(" t0 , remove@9 ").to_string(), "t0,remove@9");
    assert_eq!("slow=3s".parse(), Ok(Fault::Slow(Duration::from_secs(3))));
    assert_eq!("status@4=6f00".parse(), Ok(Fault::Status(4, 0x6F00)));
}

#[test]
fn what_is_no_fault_is_told_what_is_wrong_with_it() {
    let refused = |text: &str| text.parse::<Fault>().unwrap_err();
    assert!(matches!(refused("explode"), FaultError::Unknown { name } if name == "explode"));
    for text in ["remove", "remove@", "remove@0", "remove@-1", "reset@x", "truncate@4294967296", "status@=6F00"] {
        assert!(matches!(refused(text), FaultError::At { .. }), "{text}");
    }
    for text in
        ["full", "full=", "full=-1", "tries=16", "blocks=0", "slow=3", "slow=2h", "slow=3601s", "noise=x", "status@4"]
    {
        assert!(matches!(refused(text), FaultError::Value { .. }), "{text}");
    }
    for text in ["status@4=6F0", "status@4=06F00", "status@4=+6F0"] {
        assert!(matches!(refused(text), FaultError::Value { .. }), "{text}");
    }
    for text in ["t0=1", "short@3", "remove@5=6F00", "full@3=10"] {
        assert!(matches!(refused(text), FaultError::TooMuch { .. }), "{text}");
    }
    assert!("t0,".parse::<Dial>().is_ok());
    assert!("t0,explode".parse::<Dial>().is_err());
}

#[test]
fn a_card_goes_or_is_reset_before_or_after_a_command() {
    for (fault, expected, carried_out) in [
        ("remove@2", "removed", 1),
        ("remove-after@2", "removed", 2),
        ("reset@2", "reset", 1),
        ("reset-after@2", "reset", 2),
    ] {
        let (mut dial, mut card) = (dial(fault), Echo::default());
        assert!(play(&mut dial, &mut card, READ).ends_with("9000"));
        assert_eq!(play(&mut dial, &mut card, READ), expected);
        assert_eq!((card.carried_out, card.resets), (carried_out, 1), "{fault}");
        assert!(play(&mut dial, &mut card, READ).ends_with("9000"), "it happens once");
    }
}

#[test]
fn over_t0_an_answer_waits_and_le_must_be_right() {
    let (mut dial, mut card) = (dial("t0"), Echo::default());
    assert_eq!(play(&mut dial, &mut card, "00CB3FFF03112233 00"), "6103", "data go in, none come back");
    assert_eq!(play(&mut dial, &mut card, "00C0000000"), "6C03");
    assert_eq!(play(&mut dial, &mut card, "00C0000003"), "1122339000");
    assert_eq!(play(&mut dial, &mut card, READ), "6C14");
    assert_eq!(play(&mut dial, &mut card, "00B0000014"), format!("{}9000", "EC".repeat(20)));
    assert_eq!(play(&mut dial, &mut card, "00B0000004"), "ECECECEC6110");
    assert_eq!(card.carried_out, 3, "asking again is no new command");
    assert_eq!(play(&mut dial, &mut card, "00B0000000 0000"), "6700", "no extended length");
    assert_eq!(card.carried_out, 3);
}

#[test]
fn what_waits_is_forgotten_at_the_next_command_and_at_reset() {
    let (mut dial, mut card) = (dial("t0"), Echo::default());
    play(&mut dial, &mut card, "00CB3FFF03112233");
    play(&mut dial, &mut card, "0020008000");
    assert_eq!(play(&mut dial, &mut card, "00C0000014"), format!("{}9000", "EC".repeat(20)), "the card's own answer");
    play(&mut dial, &mut card, "00CB3FFF03112233");
    dial.reset(&mut card);
    assert_eq!(play(&mut dial, &mut card, "00C0000014"), format!("{}9000", "EC".repeat(20)));
}

#[test]
fn blocks_come_one_by_one() {
    let (mut dial, mut card) = (dial("blocks=8"), Echo::default());
    assert_eq!(play(&mut dial, &mut card, READ), format!("{}610C", "EC".repeat(8)));
    assert_eq!(play(&mut dial, &mut card, "00C000000C"), format!("{}6104", "EC".repeat(8)));
    assert_eq!(play(&mut dial, &mut card, "00C0000004"), format!("{}9000", "EC".repeat(4)));
    assert_eq!(card.carried_out, 1);
}

#[test]
fn an_exact_le_is_asked_of_every_command() {
    let (mut dial, mut card) = (dial("exact-le"), Echo::default());
    assert_eq!(play(&mut dial, &mut card, "00CB3FFF0311223300"), "6C03");
    assert_eq!(play(&mut dial, &mut card, "00CB3FFF0311223303"), "1122339000");
    assert_eq!(card.carried_out, 1);
}

#[test]
fn limits_hold_against_commands_too() {
    let mut card = Echo::default();
    assert_eq!(play(&mut dial("short"), &mut card, "00CB3FFF 000001 11 0000"), "6700");
    assert_eq!(play(&mut dial("no-chaining"), &mut card, "10DB3FFF0111"), "6884");
    assert_eq!(card.carried_out, 0);
}

#[test]
fn room_and_tries_are_set_once_and_given_back_by_another_dial() {
    let mut card = Echo { capacity: Some(1), ..Echo::default() };
    let mut full = dial("full=1024,tries=1");
    play(&mut full, &mut card, READ);
    assert_eq!((card.capacity, card.tries), (Some(1024), Some(1)));
    card.tries = Some(9);
    play(&mut full, &mut card, READ);
    assert_eq!(card.tries, Some(9), "tries are spent by the dial only once");
    play(&mut Dial::default(), &mut card, READ);
    assert_eq!(card.capacity, None);
}

#[test]
fn a_wrong_status_word_keeps_the_command_from_the_card() {
    let (mut dial, mut card) = (dial("status@2=6F00"), Echo::default());
    play(&mut dial, &mut card, READ);
    assert_eq!(play(&mut dial, &mut card, READ), "6F00");
    assert_eq!(card.carried_out, 1);
    assert!(play(&mut dial, &mut card, READ).ends_with("9000"));
}

#[test]
fn answers_are_cut_short_and_overflow() {
    let mut card = Echo::default();
    let mut cut = dial("truncate@1,truncate@2");
    assert_eq!(play(&mut cut, &mut card, READ), format!("{}9000", "EC".repeat(10)));
    let mut silent = dial("status@1=9000,truncate@1");
    assert_eq!(play(&mut silent, &mut card, READ), "90");
    for (faults, stays) in
        [("oversize@1", 20), ("truncate@1,oversize@1", 10), ("status@1=9000,truncate@1,oversize@1", 0)]
    {
        let Played::Answer(long) = dial(faults).play(&mut card, &bytes(READ)) else { panic!("no answer") };
        assert_eq!(long.len(), 65_535, "{faults}");
        assert!(long.starts_with(&vec![0xEC; stays]) && long[stays..long.len() - 2].iter().all(|byte| *byte == 0));
        assert!(long.ends_with(if stays == 0 { &[0x90] } else { &[0x90, 0x00] }), "{faults}");
    }
}

#[test]
fn noise_is_the_same_for_the_same_seed() {
    let listen = |seed: &str| -> Vec<String> {
        let (mut dial, mut card) = (dial(seed), Echo::default());
        (0..500).map(|_| play(&mut dial, &mut card, READ)).collect()
    };
    assert_eq!(listen("noise=7"), listen("noise=7"));
    assert_ne!(listen("noise=7"), listen("noise=8"));
    assert!(listen("noise=0").iter().any(|answer| answer.len() < 4), "an answer without a status word is among them");
    let (mut dial, mut card) = (dial("noise=3,t0,blocks=1"), Echo::default());
    assert!(matches!(dial.play(&mut card, &bytes("00C0000000")), Played::Answer(_)));
}

#[test]
fn only_key_generation_is_slow() {
    let dial = dial("slow=3s");
    assert_eq!(dial.delay(&bytes("0047009A05AC03800111")), Duration::from_secs(3));
    assert_eq!(dial.delay(&bytes("1047009A05AC03800111")), Duration::ZERO, "not before the chain is whole");
    assert_eq!(dial.delay(&bytes("0087119A00")), Duration::ZERO);
    assert_eq!(Dial::default().delay(&bytes("0047009A00")), Duration::ZERO);
}

#[test]
fn the_answer_to_reset_tells_what_the_dial_took() {
    let card = Echo::default();
    assert_eq!(Dial::default().atr(&card), card.atr());
    assert_eq!(hex::encode(dial("t0").atr(&card)), "3b0d8073c0218057597562694b6579");
    assert_eq!(
        hex::encode(dial("short").atr(&card)),
        "3bfd1300008131fe158073c021805759756269 4b657900".replace(' ', "")
    );
}
