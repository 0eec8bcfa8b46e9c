//! What survives a power cut, and bytes that mean nothing.

use super::{ADMIN_KEY, Desk, OK, SELECT, VERIFY};
use cardwright::secret::{AdminKey, Pin};
use cardwright::virtual_card::{GidsCard, GidsCardError, GidsOptions, Initialised, VirtualCard};
use proptest::prelude::*;

#[test]
fn a_card_comes_back_as_it_went() {
    let mut desk = Desk::with_key();
    desk.ask("0020008006303030303030");
    desk.done(VERIFY);
    desk.ask("0020008006303030303030");
    desk.done("00CBA012045C02DF2000");
    let state = desk.0.state();
    let back = GidsCard::from_state(&state).unwrap();
    assert!(*back.state() == *state);
    assert_eq!(back.atr(), desk.0.atr());
    let mut back = Desk(back);
    assert_eq!(back.ask("00200080"), "6985", "nothing is selected");
    back.done(SELECT);
    assert_eq!(back.ask("00200080"), "63C2");
    assert_eq!(back.whole("00CB3FFF0A7008840181A5037F498000"), desk.whole("00CB3FFF0A7008840181A5037F498000"));
    assert_eq!(back.authenticate(ADMIN_KEY), OK);
}

#[test]
fn asking_changes_nothing_that_survives() {
    let mut desk = Desk::with_key();
    let before = desk.0.state();
    for command in
        [SELECT, VERIFY, "00CBA010025C0000", "002241B606800157840181", "002A9E9A0100", "00200082", "00B00000"]
    {
        desk.ask(command);
    }
    desk.authenticate(ADMIN_KEY);
    assert!(*desk.0.state() == *before);
}

#[test]
fn a_damaged_state_is_no_card() {
    let state = Desk::with_key().0.state();
    for length in 0..state.len() {
        assert!(GidsCard::from_state(&state[..length]).is_err(), "{length}");
    }
    assert!(matches!(GidsCard::from_state(b"{\"card\":\"PIV\"}"), Err(GidsCardError::Damaged(_))));
    let mut newer = state.to_vec();
    let at = newer.windows(3).position(|window| window == [0xC0, 0x01, 0x01]).unwrap();
    newer[at + 2] = 2;
    assert!(matches!(GidsCard::from_state(&newer), Err(GidsCardError::Version { version: 2 })));
}

#[test]
fn a_card_is_not_made_with_what_it_cannot_hold() {
    for (pin, key, what) in [
        ("123", ADMIN_KEY, "PIN"),
        ("12345678901234567", ADMIN_KEY, "PIN"),
        ("1234", &ADMIN_KEY[2..], "administrator's key"),
    ] {
        let admin_key = AdminKey::from_hex(key).unwrap();
        let initialised = Some(Initialised { pin: Pin::new(pin.into()), admin_key, card_id: [1; 16] });
        let made = GidsCard::new(GidsOptions { initialised, ..Default::default() });
        assert_eq!(made.err(), Some(GidsCardError::Unsound { what }));
    }
}

/// Commands that the card knows, with data that may be anything.
fn wild_command() -> impl Strategy<Value = Vec<u8>> {
    let known = prop::sample::select(vec![
        [0x00, 0xA4, 0x04, 0x00],
        [0x00, 0xA4, 0x00, 0x0C],
        [0x00, 0xCB, 0x3F, 0xFF],
        [0x00, 0xCB, 0xA0, 0x10],
        [0x00, 0xDB, 0x3F, 0xFF],
        [0x10, 0xDB, 0xA0, 0x10],
        [0x00, 0xDB, 0xA0, 0x10],
        [0x00, 0xE0, 0x00, 0x00],
        [0x00, 0x20, 0x00, 0x80],
        [0x00, 0x24, 0x00, 0x80],
        [0x00, 0x2C, 0x02, 0x80],
        [0x00, 0x87, 0x00, 0x00],
        [0x00, 0x22, 0x41, 0xB6],
        [0x00, 0x22, 0x81, 0xA4],
        [0x00, 0x2A, 0x9E, 0x9A],
        [0x00, 0x2A, 0x80, 0x86],
        [0x00, 0xC0, 0x00, 0x00],
        [0x00, 0x44, 0x00, 0x00],
        [0x00, 0xE4, 0x00, 0x00],
        [0x00, 0x47, 0x00, 0x00],
    ]);
    let objects = prop::collection::vec(
        (prop::sample::select(vec![0x70u32, 0x7C, 0x62, 0x5C, 0x84, 0xA5, 0x87, 0x83, 0xDF24]), any::<Vec<u8>>()),
        0..3,
    );
    let objects = objects.prop_map(|objects| {
        objects.into_iter().flat_map(|(tag, value)| cardwright::iso7816::tlv::write(tag, &value)).collect::<Vec<u8>>()
    });
    let data = prop_oneof![any::<Vec<u8>>(), objects];
    let sane = (known, data).prop_map(|(header, mut data)| {
        data.truncate(255);
        let length = if data.is_empty() { vec![] } else { vec![data.len() as u8] };
        [&header[..], &length, &data].concat()
    });
    prop_oneof![4 => sane, 1 => any::<Vec<u8>>()]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn every_command_gets_a_status_word(fresh: bool, commands in prop::collection::vec(wild_command(), 1..20)) {
        let mut desk = if fresh { Desk::fresh() } else { Desk::with_key() };
        desk.ask(VERIFY);
        for command in commands {
            let answer = desk.0.transmit(&command);
            prop_assert!((2..=65_538).contains(&answer.len()), "{:02X?}", command);
            prop_assert!(matches!(answer[answer.len() - 2], 0x61..=0x6F | 0x90));
        }
        prop_assert!(GidsCard::from_state(&desk.0.state()).is_ok());
    }

    #[test]
    fn a_spoiled_state_never_makes_the_card_panic(at: prop::sample::Index, byte: u8) {
        let mut state = Desk::with_key().0.state();
        let at = at.index(state.len());
        state[at] = byte;
        if let Ok(card) = GidsCard::from_state(&state) {
            let mut desk = Desk(card);
            for command in [SELECT, VERIFY, "002241B606800157840181", "002A9E9A01AA00", "00CBA010025C0000"] {
                desk.ask(command);
            }
        }
    }
}
