//! SELECT, GET DATA, PUT DATA.

use super::{SELECT, VERIFY, administrator, card, put, tries};
use crate::virtual_card::{bytes, say};
use cardwright::virtual_card::{PivCard, PivOptions, VirtualCard};

#[test]
fn select_tells_the_whole_identifier_the_authority_and_the_algorithms() {
    let mut card = PivCard::new(PivOptions::default()).unwrap();
    let template =
        "4F0BA000000308000010000100 79074F05A000000308 AC12800103800107800105800111800114060100".replace(' ', "");
    for aid in ["05A000000308", "09A00000030800001000", "0BA000000308000010000100"] {
        assert_eq!(say(&mut card, &format!("00A40400{aid}00")), format!("612A{template}9000"));
    }
    let mut yubikey = PivCard::new(PivOptions::yubikey()).unwrap();
    assert_eq!(say(&mut yubikey, SELECT), "61114F0600001000010079074F05A0000003089000");
}

#[test]
fn nothing_is_answered_before_selection_and_nothing_else_is_selected() {
    let mut card = PivCard::new(PivOptions::default()).unwrap();
    assert_eq!(say(&mut card, VERIFY), "6D00");
    for aid in ["00A40400 04 A0000003", "00A40400 06 A00000030801", "00A40400 0C A00000030800001000010000", "00A40400"]
    {
        assert_eq!(say(&mut card, aid), "6A82", "{aid}");
    }
    assert_eq!(say(&mut card, "00A40000 02 3F00"), "6A86");
    assert_eq!(tries(&mut card), "6D00");
}

#[test]
fn selecting_again_or_in_vain_keeps_what_was_proven_and_reset_does_not() {
    let mut card = card(PivOptions::default());
    assert_eq!(say(&mut card, VERIFY), "9000");
    say(&mut card, SELECT);
    assert_eq!(tries(&mut card), "9000");
    assert_eq!(say(&mut card, "00A40400 05 A000000397"), "6A82");
    assert_eq!(tries(&mut card), "9000");
    card.reset();
    say(&mut card, SELECT);
    assert_eq!(tries(&mut card), "63C3");
}

#[test]
fn other_classes_and_instructions_are_refused() {
    let mut card = card(PivOptions::default());
    assert_eq!(say(&mut card, "80CB3FFF 05 5C035FC102 00"), "6E00");
    assert_eq!(say(&mut card, "0CCB3FFF 05 5C035FC102 00"), "6E00", "no secure messaging");
    for ins in ["FD", "F8", "F7", "F9", "FB", "B0"] {
        assert_eq!(say(&mut card, &format!("00{ins}0000")), "6D00");
    }
}

#[test]
fn objects_are_read_by_their_tag_and_the_discovery_object_tells_the_pin() {
    let mut card = card(PivOptions { guid: Some([0x11; 16]), ..PivOptions::default() });
    assert_eq!(say(&mut card, "00CB3FFF 03 5C017E 00"), "7E124F0BA0000003080000100001005F2F0240009000");
    let chuid = say(&mut card, "00CB3FFF 05 5C035FC102 00");
    assert!(chuid.starts_with("533B3019D4E7") && chuid.contains(&format!("3410{}", "11".repeat(16))), "{chuid}");
    assert!(chuid.ends_with("350832303530303130313E00FE009000"), "{chuid}");
    for absent in ["5C035FC105", "5C035FC107", "5C035FFF01", "5C017D"] {
        assert_eq!(say(&mut card, &format!("00CB3FFF {:02X} {absent} 00", absent.len() / 2)), "6A82", "{absent}");
    }
    for wrong in ["5D035FC102", "5C035FC10200", "5C00", "5C045FC10200", "5C035FC1"] {
        assert_eq!(say(&mut card, &format!("00CB3FFF {:02X} {wrong} 00", wrong.len() / 2)), "6A80", "{wrong}");
    }
    assert_eq!(say(&mut card, "00CB0000 05 5C035FC102 00"), "6A86");
}

#[test]
fn only_the_administrator_writes_and_only_what_the_card_knows() {
    let mut card = card(PivOptions::default());
    assert_eq!(put(&mut card, "5FC105", &[1]), "6982");
    administrator(&mut card);
    assert_eq!(put(&mut card, "5FC105", &[1]), "9000");
    assert_eq!(say(&mut card, "00CB3FFF 05 5C035FC105 00"), "5301019000");
    assert_eq!(put(&mut card, "5FFF01", &[1]), "6A82", "Yubico's own object");
    assert_eq!(put(&mut card, "5FC105", &[]), "9000");
    assert_eq!(say(&mut card, "00CB3FFF 05 5C035FC105 00"), "6A82", "nothing in it is not there");
    for wrong in ["5C035FC105", "53010 15C035FC105", "5C035FC105530101AA00"] {
        let data = bytes(wrong);
        assert_eq!(say(&mut card, &format!("00DB3FFF {:02X} {}", data.len(), hex::encode(data))), "6A80", "{wrong}");
    }
}

#[test]
fn a_container_is_as_large_as_the_standard_says_and_a_yubikeys_as_yubico_says() {
    let mut plain = card(PivOptions::default());
    administrator(&mut plain);
    assert_eq!(put(&mut plain, "5FC105", &[7; 2005]), "9000");
    assert_eq!(put(&mut plain, "5FC105", &[8; 2006]), "6A84");
    assert_eq!(say(&mut plain, "00CB3FFF 05 5C035FC105 02"), "53826100", "the old one is still there");
    assert_eq!(put(&mut plain, "5FC108", &[7; 12_710]), "9000");
    let mut yubikey = card(PivOptions::yubikey());
    administrator(&mut yubikey);
    assert_eq!(put(&mut yubikey, "5FC105", &[7; 3052]), "9000");
    assert_eq!(put(&mut yubikey, "5FC105", &[7; 3053]), "6A84");
    assert_eq!(put(&mut yubikey, "5FFF15", &[7]), "9000");
    assert_eq!(put(&mut yubikey, "7F4949", &[7]), "6A82");
}

#[test]
fn a_full_card_takes_nothing_more_but_may_be_emptied() {
    let mut card = card(PivOptions { capacity: 1000, ..PivOptions::default() });
    administrator(&mut card);
    assert_eq!(put(&mut card, "5FC105", &[7; 900]), "9000");
    assert_eq!(put(&mut card, "5FC10A", &[7; 101]), "6A84");
    assert_eq!(put(&mut card, "5FC10A", &[7; 100]), "9000");
    assert_eq!(say(&mut card, "0047009A 05 AC03800111 00"), "6A84", "no room for a key either");
    card.set_capacity(Some(10));
    assert_eq!(put(&mut card, "5FC105", &[7; 500]), "9000", "what shrinks fits");
    assert_eq!(put(&mut card, "5FC105", &[7; 501]), "6A84");
    card.set_capacity(None);
    assert_eq!(put(&mut card, "5FC105", &[7; 501]), "9000");
}

#[test]
fn what_is_about_the_holder_is_read_after_the_pin_only() {
    let mut card = card(PivOptions::default());
    administrator(&mut card);
    for tag in ["5FC103", "5FC108", "5FC109", "5FC121"] {
        assert_eq!(put(&mut card, tag, &[1]), "9000");
        assert_eq!(say(&mut card, &format!("00CB3FFF 05 5C03{tag} 00")), "6982");
    }
    say(&mut card, VERIFY);
    assert_eq!(say(&mut card, "00CB3FFF 05 5C035FC109 00"), "5301019000");
}

#[test]
fn the_discovery_object_may_be_written() {
    let mut card = card(PivOptions::default());
    let written = "7E124F0BA0000003080000100001005F2F026010";
    assert_eq!(say(&mut card, &format!("00DB3FFF 14 {written}")), "6982");
    administrator(&mut card);
    assert_eq!(say(&mut card, &format!("00DB3FFF 14 {written}")), "9000");
    assert_eq!(say(&mut card, "00CB3FFF 03 5C017E 00"), format!("{written}9000"));
}
