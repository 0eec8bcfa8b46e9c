//! GET DATA and PUT DATA, short and long.

use super::{Desk, MALFORMED, OK, VERIFY};
use cardwright::iso7816::tlv;
use cardwright::virtual_card::{GidsOptions, VirtualCard};

#[test]
fn data_objects_are_written_replaced_emptied_and_deleted() {
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    let read = "00CBA010045C02DF2400";
    assert_eq!(desk.ask(read), "6A88");
    desk.done("00DBA01005DF2402ABCD");
    assert_eq!(desk.done(read), "DF2402ABCD");
    desk.done("00DB000006DF2403ABCDEF");
    assert_eq!(desk.done("00CB0000045C02DF2400"), "DF2403ABCDEF", "0000 is the current file");
    desk.done("00DBA01003DF2400");
    assert_eq!(desk.done(read), "DF2400");
    desk.done("00DBA01003DF2400");
    assert_eq!(desk.ask(read), "6A88", "an empty one over an empty one deletes it");
}

#[test]
fn places_that_are_none_are_told_apart() {
    let mut desk = Desk::with_key();
    desk.done(VERIFY);
    for (command, word) in [
        ("00CBA017045C02DF2400", "6A82"),
        ("00DBA01705DF2402ABCD", "6A82"),
        ("00CBB081045C02DF2400", "6981"),
        ("00DBB08105DF2402ABCD", "6981"),
        ("00CBFFFF045C02DF2400", "6A86"),
        ("00CB3FFF045C027F7300", "6A88"),
        ("00CB3FFF045C02DF2400", "6A88"),
        ("00CBA010065C04DF24000000", "6A88"),
        ("00CBA010", MALFORMED),
        ("00CBA010025D0000", MALFORMED),
        ("00CBA010035C02DF00", MALFORMED),
        ("00DBA010", MALFORMED),
        ("00DBA01006DF2402ABCDEF", MALFORMED),
        ("00DBA01004DF2402AB", MALFORMED),
        ("00DB3FFF05DF2402ABCD", MALFORMED),
        ("00CB2F01025C0100", MALFORMED),
    ] {
        assert_eq!(desk.ask(command), word, "{command}");
    }
}

#[test]
fn long_objects_go_in_by_a_chain_and_come_out_in_pieces() {
    let mut desk = Desk::ready();
    let long: Vec<u8> = (0..1500).map(|i| i as u8).collect();
    let object = tlv::write(0xDF24, &long);
    assert_eq!(desk.chained("DBA010", &object), "6982", "refused at the end of the chain");
    desk.done(VERIFY);
    assert_eq!(desk.chained("DBA010", &object), OK);
    let first = desk.ask("00CBA010045C02DF2400");
    assert_eq!((first.len(), &first[512..]), (2 * 258, "6100"));
    assert_eq!(desk.whole("00CBA010045C02DF2400"), hex::encode_upper(&object));
    assert_eq!(desk.ask("00CBA0100000045C02DF240000"), hex::encode_upper(&object) + OK, "at once where Le is extended");
    let extended = format!("00DBA01000{:04X}{}", object.len(), hex::encode(&object));
    assert_eq!(desk.ask(&extended), OK);

    desk.ask("00CBA010045C02DF2400");
    desk.done("00200080");
    assert_eq!(desk.ask("00C0000000"), "6985", "what was waiting is gone");
}

#[test]
fn a_full_card_says_so_and_keeps_what_it_has() {
    let mut desk = Desk::ready_with(GidsOptions { capacity: 2000, ..Default::default() });
    desk.done(VERIFY);
    let object = |length| tlv::write(0xDF24, &vec![0x55; length]);
    assert_eq!(desk.chained("DBA010", &object(1000)), OK);
    let before = desk.0.state();
    assert_eq!(desk.chained("DBA010", &object(2000)), "6A84");
    assert_eq!(desk.ask("00DBA01003DF2500"), OK, "a little still fits");
    desk.done("00DBA01003DF2500");
    assert!(*desk.0.state() == *before);
    assert_eq!(desk.chained("DBA010", &object(999)), OK);

    desk.0.set_capacity(Some(0));
    assert_eq!(desk.ask("00DBA01003DF2500"), "6A84");
    assert_eq!(desk.ask("00E000000E620C8201398302A0178C03033000"), "6A84");
    assert_eq!(desk.chained("DBA010", &object(999)), OK, "what takes no more room fits");
    desk.0.set_capacity(None);
    desk.done("00DBA01003DF2500");
    desk.create_key_file(0x81, 0x07);
    assert_eq!(desk.ask("0047000008AC0680010783018100"), "6A84");
    assert_eq!(desk.ask("00CB3FFF0A7008840181A5037F498000"), "6A88", "and no key is there");
}
