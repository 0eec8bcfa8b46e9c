//! PIN and PUK: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, and every counter behind them.

use super::{VERIFY, card, tries};
use crate::virtual_card::say;
use cardwright::virtual_card::{PivOptions, VirtualCard};

const WRONG: &str = "00200080 08 303030303030FFFF";
const PUK_OLD: &str = "3132333435363738";
const PIN_NEW: &str = "363534333231FFFF";

#[test]
fn a_right_pin_gives_all_tries_back_and_a_wrong_one_takes_one() {
    let mut card = card(PivOptions::default());
    assert_eq!(tries(&mut card), "63C3");
    assert_eq!(say(&mut card, WRONG), "63C2");
    assert_eq!(tries(&mut card), "63C2");
    assert_eq!(say(&mut card, VERIFY), "9000");
    assert_eq!(tries(&mut card), "9000");
    assert_eq!(say(&mut card, WRONG), "63C2");
    assert_eq!(tries(&mut card), "63C2", "a wrong one takes what was proven");
}

#[test]
fn a_blocked_pin_stays_blocked_against_the_right_one() {
    let mut card = card(PivOptions::default());
    assert_eq!([WRONG; 3].map(|wrong| say(&mut card, wrong)), ["63C2", "63C1", "63C0"]);
    assert_eq!(say(&mut card, VERIFY), "6983");
    assert_eq!(tries(&mut card), "63C0");
    assert_eq!(say(&mut card, &format!("00240080 10 313233343536FFFF{PIN_NEW}")), "6983");
}

#[test]
fn what_is_no_pin_is_refused_without_counting() {
    let mut card = card(PivOptions::default());
    for no_pin in ["06 313233343536", "08 3132333435FFFFFF", "08 31323334353641FF", "08 313233343536FF37", "01 31"] {
        assert_eq!(say(&mut card, &format!("00200080 {no_pin}")), "6A80", "{no_pin}");
    }
    assert_eq!(tries(&mut card), "63C3");
}

#[test]
fn only_the_applications_own_pin_is_verified() {
    let mut card = card(PivOptions::default());
    for (command, word) in [
        ("00200000 08 313233343536FFFF", "6A88"),
        ("00200081 08 3132333435363738", "6A88"),
        ("00200096", "6A88"),
        ("0020FF00", "6A88"),
        ("00200180", "6A86"),
        ("0020FF80 01 31", "6A80"),
    ] {
        assert_eq!(say(&mut card, command), word, "{command}");
    }
}

#[test]
fn what_was_proven_can_be_given_up() {
    let mut card = card(PivOptions::default());
    say(&mut card, WRONG);
    say(&mut card, VERIFY);
    assert_eq!(say(&mut card, "0020FF80"), "9000");
    assert_eq!(tries(&mut card), "63C3", "without a try");
}

#[test]
fn the_pin_is_changed_by_the_pin() {
    let mut card = card(PivOptions::default());
    assert_eq!(say(&mut card, &format!("00240080 10 303030303030FFFF{PIN_NEW}")), "63C2");
    assert_eq!(say(&mut card, "00240080 10 313233343536FFFF 3132333435FFFFFF"), "6A80", "the new one is too short");
    assert_eq!(tries(&mut card), "63C2", "and that cost nothing");
    assert_eq!(say(&mut card, &format!("00240080 10 313233343536FFFF{PIN_NEW}")), "9000");
    assert_eq!(tries(&mut card), "9000", "who changed it has proven it");
    say(&mut card, "0020FF80");
    assert_eq!(say(&mut card, VERIFY), "63C2");
    assert_eq!(say(&mut card, &format!("00200080 08 {PIN_NEW}")), "9000");
    for (command, word) in [("0024009B 10", "6A88"), ("00240180 10", "6A86"), ("00240000 10", "6A88")] {
        assert_eq!(say(&mut card, &format!("{command} 313233343536FFFF{PIN_NEW}")), word, "{command}");
    }
    assert_eq!(say(&mut card, "00240080 08 313233343536FFFF"), "6A80");
}

#[test]
fn the_puk_unblocks_and_counts_for_itself() {
    let mut card = card(PivOptions::default());
    for _ in 0..3 {
        say(&mut card, WRONG);
    }
    assert_eq!(say(&mut card, &format!("002C0080 10 3030303030303030{PIN_NEW}")), "63C2");
    assert_eq!(say(&mut card, &format!("002C0080 10 {PUK_OLD} 313233FFFFFFFFFF")), "6A80", "no PIN, no try");
    assert_eq!(tries(&mut card), "63C0");
    assert_eq!(say(&mut card, &format!("002C0080 10 {PUK_OLD}{PIN_NEW}")), "9000");
    assert_eq!(tries(&mut card), "63C3", "unblocked is not verified");
    assert_eq!(say(&mut card, &format!("00200080 08 {PIN_NEW}")), "9000");
    assert_eq!(say(&mut card, &format!("002C0080 10 3030303030303030{PIN_NEW}")), "63C2", "all tries came back");
    assert_eq!(tries(&mut card), "63C3", "a wrong PUK takes what the PIN had proven");
    assert_eq!(say(&mut card, &format!("002C0081 10 {PUK_OLD}{PIN_NEW}")), "6A88");
}

#[test]
fn a_blocked_puk_unblocks_nothing() {
    let mut card = card(PivOptions { puk_tries_left: Some(1), pin_tries_left: Some(0), ..PivOptions::default() });
    assert_eq!(say(&mut card, VERIFY), "6983");
    assert_eq!(say(&mut card, &format!("00240081 10 3030303030303030{PUK_OLD}")), "63C0");
    assert_eq!(say(&mut card, &format!("002C0080 10 {PUK_OLD}{PIN_NEW}")), "6983");
    assert_eq!(say(&mut card, &format!("00240081 10 {PUK_OLD}{PUK_OLD}")), "6983");
}

#[test]
fn the_puk_is_changed_by_the_puk() {
    let mut card = card(PivOptions::default());
    assert_eq!(say(&mut card, &format!("00240081 10 {PUK_OLD} 0102030405060708")), "9000", "a PUK is any eight bytes");
    assert_eq!(tries(&mut card), "63C3", "and proves no PIN");
    assert_eq!(say(&mut card, &format!("002C0080 10 {PUK_OLD}{PIN_NEW}")), "63C2");
    assert_eq!(say(&mut card, &format!("002C0080 10 0102030405060708{PIN_NEW}")), "9000");
}

#[test]
fn a_dial_can_leave_the_last_try() {
    let mut card = card(PivOptions { pin_tries: 5, ..PivOptions::default() });
    card.set_tries_left(1);
    assert_eq!(tries(&mut card), "63C1");
    assert_eq!(say(&mut card, VERIFY), "9000");
    say(&mut card, "0020FF80");
    assert_eq!(tries(&mut card), "63C5");
}
