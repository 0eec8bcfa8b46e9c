//! Commands in pieces and answers in pieces (ISO/IEC 7816-4, 5.1, 5.3; SP 800-73-4 part 2, 2.6).

use super::piv::{administrator, card, certificate_object};
use super::{bytes, say};
use cardwright::iso7816::Protocol;
use cardwright::virtual_card::{PivCard, PivOptions, VirtualCard};
use proptest::prelude::*;

const READ_9A: &str = "00CB3FFF 05 5C035FC105 00";

#[test]
fn an_apdu_that_contradicts_itself_has_a_wrong_length() {
    let mut card = card(PivOptions::default());
    for apdu in
        ["", "00", "00A404", "00A40400 05 A000", "00A40400 01 A0 00 00", "00A40400 000000", "00A40400 0000000000"]
    {
        let expected = if apdu == "00A40400 000000" { "6A82" } else { "6700" };
        assert_eq!(say(&mut card, apdu), expected, "{apdu}");
    }
    assert_eq!(say(&mut card, "00A40400 000003 A00000 00"), "6700", "extended Lc with a short Le");
}

#[test]
fn a_chain_is_one_command_and_a_long_answer_is_fetched() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    let object = certificate_object(600);
    let data = [bytes("5C035FC105"), object.clone()].concat();
    let (pieces, last) = data.split_at(data.len() / 250 * 250);
    for piece in pieces.chunks(250) {
        assert_eq!(say(&mut card, &format!("10DB3FFF FA {}", hex::encode(piece))), "9000");
    }
    assert_eq!(say(&mut card, &format!("00DB3FFF {:02X} {}", last.len(), hex::encode(last))), "9000");

    let mut read = card.transmit(&bytes(READ_9A));
    let mut rounds = 0;
    while read[read.len() - 2] == 0x61 {
        rounds += 1;
        let le = read[read.len() - 1];
        read.truncate(read.len() - 2);
        read.extend(card.transmit(&[0x00, 0xC0, 0x00, 0x00, le]));
    }
    assert_eq!((rounds, &read[..read.len() - 2], &read[read.len() - 2..]), (2, &object[..], &[0x90, 0x00][..]));
    assert_eq!(say(&mut card, "00C0000000"), "6985", "nothing is waiting any more");
}

#[test]
fn extended_length_brings_all_at_once_both_ways() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    let object = certificate_object(600);
    let data = [bytes("5C035FC105"), object.clone()].concat();
    assert_eq!(say(&mut card, &format!("00DB3FFF 00{:04X} {}", data.len(), hex::encode(data))), "9000");
    let read = card.transmit(&bytes("00CB3FFF 000005 5C035FC105 0000"));
    assert_eq!(read, [object.as_slice(), &[0x90, 0x00]].concat());
    let part = card.transmit(&bytes("00CB3FFF 000005 5C035FC105 0010"));
    assert_eq!((part.len(), &part[16..]), (18, &[0x61, 0x00][..]), "more than 255 bytes are waiting");
}

#[test]
fn what_waits_is_gone_after_another_command() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    let data = [bytes("5C035FC105"), certificate_object(600)].concat();
    say(&mut card, &format!("00DB3FFF 00{:04X} {}", data.len(), hex::encode(data)));
    assert!(say(&mut card, READ_9A).ends_with("6100"));
    say(&mut card, "00200080");
    assert_eq!(say(&mut card, "00C0000000"), "6985");
}

#[test]
fn an_interrupted_chain_has_no_effect_and_an_endless_one_is_cut() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    assert_eq!(say(&mut card, "10DB3FFF 05 5C035FC105"), "9000");
    assert_eq!(say(&mut card, "00200080"), "63C3", "another command is carried out");
    assert_eq!(say(&mut card, "00DB3FFF 05 5303AABBCC"), "6A80", "what came before is forgotten");
    let piece = format!("10DB3FFF FF {}", "00".repeat(255));
    let cut = (0..100).map(|_| say(&mut card, &piece)).position(|answer| answer != "9000").unwrap();
    assert_eq!(cut, 50, "13 kB are the longest command");
}

#[test]
fn a_card_without_chaining_or_extended_length_refuses_them() {
    let mut card = card(PivOptions { chaining: false, extended: false, ..PivOptions::default() });
    assert_eq!(say(&mut card, "10DB3FFF 01 00"), "6884");
    assert_eq!(say(&mut card, "00CB3FFF 000005 5C035FC105 0000"), "6700");
    let mut t0 = PivCard::new(PivOptions { protocol: Protocol::T0, ..PivOptions::default() }).unwrap();
    assert_eq!(hex::encode(t0.atr()), "3b098073c0218053504956");
    assert_eq!(say(&mut t0, "00A40400 000005 A000000308 0000"), "6700");
}

#[test]
fn reset_forgets_a_chain_and_what_waits() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    say(&mut card, "10DB3FFF 05 5C035FC105");
    card.reset();
    assert_eq!(say(&mut card, "00A40400 05 A000000308 00").get(..2), Some("61"));
    assert_eq!(say(&mut card, "00DB3FFF 05 5303AABBCC"), "6A80");
}

/// Commands that come near real ones: known instructions and references, a length that fits or not.
fn nearly_a_command() -> impl Strategy<Value = Vec<u8>> {
    let cla = prop::sample::select(vec![0x00, 0x00, 0x00, 0x10, 0x80]);
    let ins = prop::sample::select(bytes("A4CBDB20242C8747C0FDF8F7F9FAFEFFF6B0"));
    let p1 = prop::sample::select(bytes("00043F FF03110714 9A"));
    let p2 = prop::sample::select(bytes("00FF8081829A9B9C9D9EF9"));
    let tags = prop::sample::select(bytes("5C537C8081828586ACAAAB01027E"));
    let data = prop::collection::vec(prop_oneof![tags, any::<u8>(), 0..8u8], 0..40);
    (cla, ins, p1, p2, data, any::<bool>()).prop_map(|(cla, ins, p1, p2, data, counted)| {
        let lc = if counted { vec![data.len() as u8] } else { vec![] };
        [&[cla, ins, p1, p2], &lc[..], &data, &[0x00]].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_said_to_it_the_card_answers_and_stays_a_card(
        commands in prop::collection::vec(nearly_a_command(), 0..60),
        noise in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut card = card(PivOptions::yubikey());
        administrator(&mut card);
        say(&mut card, super::piv::VERIFY);
        for command in commands.iter().chain([&noise]) {
            prop_assert!(card.transmit(command).len() >= 2);
        }
        prop_assert!(PivCard::from_state(&card.state()).is_ok());
    }
}
