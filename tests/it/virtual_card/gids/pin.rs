//! The PIN: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, its status.

use super::{ADMIN_KEY, Desk, LOG_OUT, OK, REFUSED, SELECT, VERIFY};
use cardwright::virtual_card::{GidsCard, GidsOptions, VirtualCard};

const WRONG: &str = "0020008006303030303030";

fn status(desk: &mut Desk) -> (u8, u8) {
    let told = hex::decode(desk.done("00CB3FFF045C027F7100")).unwrap();
    let [0x7F, 0x71, 0x06, 0x97, 0x01, left, 0x93, 0x01, limit] = told[..] else { panic!("{told:02X?}") };
    assert_eq!(desk.done("00CB3FFF045C027F7200"), format!("7F72069701{left:02X}9301{limit:02X}"));
    (left, limit)
}

#[test]
fn wrong_pins_count_down_and_the_right_one_counts_up_again() {
    let mut desk = Desk::ready();
    assert_eq!(desk.ask("00200080"), "63C3");
    desk.done(VERIFY);
    assert_eq!(desk.ask("00200080"), OK, "verified");
    assert_eq!(desk.ask(WRONG), "63C2");
    assert_eq!(desk.ask("00200080"), "63C2", "a wrong PIN logs out");
    assert_eq!(desk.ask("00DBA01005DF2402ABCD"), REFUSED);
    assert_eq!(status(&mut desk), (2, 3));
    assert_eq!(desk.ask(WRONG), "63C1");
    desk.done("0020000006313233343536");
    assert_eq!(status(&mut desk), (3, 3));
    desk.done(LOG_OUT);
    assert_eq!(desk.ask("00200080"), "63C3");
}

#[test]
fn a_spent_counter_blocks_the_right_pin_too() {
    let mut desk = Desk::ready_with(GidsOptions { tries: 2, ..Default::default() });
    assert_eq!(desk.ask(WRONG), "63C1");
    let state = desk.0.state();
    desk = Desk(GidsCard::from_state(&state).unwrap());
    desk.done(SELECT);
    assert_eq!(status(&mut desk), (1, 2), "tries survive a power cut");
    assert_eq!(desk.ask(WRONG), "63C0");
    for command in [WRONG, VERIFY, "00200080", "002400800C313233343536363534333231"] {
        assert_eq!(desk.ask(command), "6983", "{command}");
    }
    assert_eq!(status(&mut desk), (0, 2));
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    desk.done("002C028006363534333231");
    assert_eq!(status(&mut desk), (2, 2));
    desk.done("0020008006363534333231");
}

#[test]
fn pins_of_impossible_length_cost_nothing() {
    let mut desk = Desk::ready();
    for command in ["0020008003313233", "00200080113132333435363738393031323334353637", "0024008007313233343536 37"] {
        assert_eq!(desk.ask(command), "63C3", "{command}");
    }
    assert_eq!(status(&mut desk), (3, 3));
}

#[test]
fn other_references_are_unknown() {
    let mut desk = Desk::ready();
    for (command, word) in [
        ("0020008106313233343536", "6A88"),
        ("0020018006313233343536", "6A86"),
        ("002000820131", "6700"),
        ("002400810C313233343536363534333231", "6A88"),
        ("002402800C313233343536363534333231", "6A86"),
        ("002C008006313233343536", "6A86"),
        ("002C028106313233343536", "6A88"),
        ("002C028006313233343536", REFUSED),
    ] {
        assert_eq!(desk.ask(command), word, "{command}");
    }
    assert_eq!(status(&mut desk), (3, 3));
}

#[test]
fn the_pin_is_changed_by_who_knows_it() {
    let mut desk = Desk::ready();
    assert_eq!(desk.ask("002400800C303030303030363534333231"), "63C2");
    desk.done("002400800E3132333435363837363534333231");
    assert_eq!(desk.ask("00200080"), OK, "who changes it is logged in");
    desk.done(LOG_OUT);
    assert_eq!(desk.ask(VERIFY), "63C2");
    desk.done("0020008008 3837363534333231");
    assert_eq!(desk.ask("002400800B3837363534333231313233"), "6700", "a new PIN of three digits");
    desk.done("00200080083837363534333231");
    desk.done("0024008010 38373635343332313837363534333231");

    desk.done(LOG_OUT);
    assert_eq!(desk.ask("0024018006313233343536"), REFUSED, "without the old one only after VERIFY");
    desk.done("00200080083837363534333231");
    assert_eq!(desk.ask("0024018003313233"), "6700");
    desk.done("0024018006313233343536");
    desk.done(VERIFY);
}

#[test]
fn a_guess_shorter_than_the_pin_costs_a_try() {
    let mut desk = Desk::ready();
    desk.done("0024008016 313233343536 31323334353637383930313233343536");
    desk.done(LOG_OUT);
    assert_eq!(desk.ask("002400800831323334 31323334"), "63C2");
}

#[test]
fn unblocking_uses_the_administrators_word_up() {
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    assert_eq!(desk.ask("002C028006363534333231"), REFUSED, "the user is not enough");
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    assert_eq!(desk.ask("002C0280023132"), "6700");
    desk.done("002C028006363534333231");
    assert_eq!(desk.ask("002C028006363534333231"), REFUSED);
    assert_eq!(desk.ask("00200080"), "63C3", "nor is the user still there");
    assert_eq!(desk.ask(VERIFY), "63C2");
    desk.done("0020008006363534333231");
}

#[test]
fn tries_can_be_set_from_outside() {
    let mut desk = Desk::ready();
    desk.0.set_tries_left(1);
    assert_eq!(status(&mut desk), (1, 3));
    desk.0.set_tries_left(9);
    assert_eq!(status(&mut desk), (3, 3));
}
