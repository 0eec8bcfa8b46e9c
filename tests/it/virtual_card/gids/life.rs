//! From the factory to its end: SELECT, making ready, CREATE, ACTIVATE, DELETE FILE, TERMINATE DF.

use super::{ADMIN_KEY, Desk, MALFORMED, NOT_NOW, OK, REFUSED, SELECT, VERIFY};
use cardwright::iso7816::Protocol;
use cardwright::virtual_card::{GidsCard, GidsOptions, VirtualCard};

const MASTER_FILE: &str = concat!(
    "01",
    "6D7363700000000000",
    "000000000000000000",
    "0000",
    "00000000",
    "00A00000",
    "000000000000000000",
    "636172646964000000",
    "0000",
    "20DF0000",
    "12A00000",
    "000000000000000000",
    "636172646170707300",
    "0000",
    "21DF0000",
    "10A00000",
    "000000000000000000",
    "636172646366000000",
    "0000",
    "22DF0000",
    "10A00000",
    "6D7363700000000000",
    "636D617066696C6500",
    "0000",
    "23DF0000",
    "10A00000",
);

/// What `gids-tool --initialize` sends.
fn make_ready(desk: &mut Desk) {
    desk.done("0024018006313233343536");
    for (identifier, conditions) in
        [("A000", "3000"), ("A010", "3000"), ("A011", "30FF"), ("A012", "2000"), ("A013", "3030"), ("A014", "2020")]
    {
        desk.done(&format!("00E000000E620C8201398302{identifier}8C0303{conditions}"));
        desk.done("00440000");
    }
    desk.done("00E000001C621A8201188302B0808C04870020FFA50BA4098001028301809501C0");
    desk.done("00440000");
    desk.done(&format!("00DB3FFF267024840180A51F8718{ADMIN_KEY}8803B073DC"));
    desk.done(&format!("00DBA00091DF1F818D{MASTER_FILE}"));
    desk.done("00DBA0100BDF21086D73637000000000");
    desk.done("00DBA01009DF2206000000000000");
    desk.done("00DBA01003DF2300");
    desk.done("00DBA01213DF201000112233445566778899AABBCCDDEEFF");
    desk.done("00A4000C023FFF");
    desk.done("00440000");
}

#[test]
fn a_card_from_the_factory_is_made_ready_by_commands_or_at_once() {
    let mut by_commands = Desk::fresh();
    make_ready(&mut by_commands);
    let at_once = Desk::ready();
    assert!(*by_commands.0.state() == *at_once.0.state());
    assert_eq!(by_commands.done("00CBA000045C02DF1F00"), format!("DF1F818D{MASTER_FILE}"));
    assert_eq!(by_commands.done("00CBA010025C0000"), "DF21086D73637000000000DF2206000000000000DF2300");
    assert_eq!(by_commands.done("00CBA012045C02DF2000"), "DF201000112233445566778899AABBCCDDEEFF");
}

#[test]
fn until_it_is_activated_nothing_need_be_proven() {
    let mut desk = Desk::fresh();
    assert_eq!(desk.ask("00200080"), OK);
    desk.create_data_file("A014", "8C03032020");
    desk.done("00DBA01405DF20021234");
    assert_eq!(desk.ask("002C028006313233343536"), NOT_NOW);
    assert_eq!(desk.ask("00870000047C02810000"), NOT_NOW);
    desk.create_data_file("A015", "8C0303FFFF");
    assert_eq!(desk.ask("00DBA01505DF20021234"), REFUSED, "never is never");
    desk.done("00A4000C023FFF");
    desk.done("00440000");
    assert_eq!(desk.ask("00DBA01405DF20021234"), REFUSED);
    assert_eq!(desk.ask("00E000000E620C8201398302A0168C03033030"), REFUSED);
    assert_eq!(desk.ask("00440000"), REFUSED);
    assert_eq!(desk.ask(VERIFY), "6984", "no PIN was ever set");
    assert_eq!(desk.ask("00CBA000045C02DF1F00"), "6A82", "a card that nobody filled has no master file");
}

#[test]
fn the_application_is_selected_by_its_name() {
    let mut desk = Desk(GidsCard::new(GidsOptions::default()).unwrap());
    for command in [VERIFY, "00CB3FFF045C027F7100", "00A4000C023FFF", "00440000", "0087000000"] {
        assert_eq!(desk.ask(command), NOT_NOW, "{command}: nothing is selected yet");
    }
    let template = "61124F0BA000000397425446590201730340 01C0".replace(' ', "");
    for name in ["0BA000000397425446590201", "09A00000039742544659", "05A000000397"] {
        assert_eq!(desk.done(&format!("00A40400{name}00")), template, "{name}");
    }
    assert_eq!(desk.done("00A4040409A0000003974254465900"), "6209820138 8C0423203030".replace(' ', ""));
    assert_eq!(desk.done("00A4040809A0000003974254465900"), "64095F2F01607F65028000");
    assert_eq!(desk.ask("00A4040C09A00000039742544659"), OK);
    for name in ["04A0000003", "0BA000000397425446590202", "0CA00000039742544659020100", "09A00000030800001000"] {
        assert_eq!(desk.ask(&format!("00A40400{name}00")), "6A82", "{name}");
    }
    assert_eq!(desk.ask("00A4040209A0000003974254465900"), "6A82", "there is no next one");
    assert_eq!(desk.ask("00A4041009A0000003974254465900"), "6A86");
    assert_eq!(desk.ask("00A4030002A00000"), "6A86");
}

#[test]
fn files_are_selected_by_their_identifier() {
    let mut desk = Desk::ready();
    assert_eq!(desk.done("00A4000402A01000"), "620C8201398302A0108C03033000");
    assert_eq!(desk.ask("00A4000002A01000"), "6A86", "only the application has control information to tell");
    assert_eq!(desk.ask("00A4000C02A017"), "6A82");
    assert_eq!(desk.ask("00A4000C01A0"), "6700");
    desk.done("00CB0000045C02DF2100");
    desk.done("00A4000C");
    assert_eq!(desk.ask("00CB0000045C02DF2100"), NOT_NOW, "the application is no data file");
}

#[test]
fn selecting_the_application_again_forgets_who_was_there() {
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    desk.done("00DBA01005DF2402ABCD");
    desk.done("00A4000C023FFF");
    desk.done("00DBA01005DF2402ABCE");
    desk.done(SELECT);
    assert_eq!(desk.ask("00DBA01005DF2402ABCF"), REFUSED);
    desk.done(VERIFY);
    desk.0.reset();
    desk.done(SELECT);
    assert_eq!(desk.ask("00DBA01005DF2402ABCF"), REFUSED);
}

#[test]
fn files_are_created_once_and_must_be_activated() {
    let mut desk = Desk::ready();
    let create = "00E000000E620C8201398302A0178C03033000";
    assert_eq!(desk.ask(create), REFUSED);
    desk.done(VERIFY);
    desk.done(create);
    assert_eq!(desk.ask("00DBA01705DF2402ABCD"), NOT_NOW, "not active yet");
    assert_eq!(desk.ask("00CBA017025C0000"), NOT_NOW);
    desk.done("00440000");
    desk.done("00DBA01705DF2402ABCD");
    assert_eq!(desk.ask(create), "6A89");
    for parameters in [
        "620C8201398302A0188C03033000AB", // left over
        "620C8201388302A0188C03033000",   // a DF
        "620C8201398302 3FFF 8C03033000", // the application's identifier
        "620C8201398302A0188C030F3000",   // four modes, two conditions
        "62058302A0188201",               // cut off
        "6207 820118 8302B088",           // a key file without templates
        "6209 820118 8302B088 A500",
        "",
    ] {
        let parameters = parameters.replace(' ', "");
        let command = format!("00E00000{:02X}{parameters}", parameters.len() / 2);
        assert_eq!(desk.ask(if parameters.is_empty() { "00E00000" } else { &command }), MALFORMED, "{parameters}");
    }
    assert_eq!(desk.ask("00E00001 0E 620C8201398302A0188C03033000"), "6A86");
}

#[test]
fn files_are_deleted_by_who_may_create_them() {
    let mut desk = Desk::with_key();
    desk.done("00A4000C02B081");
    assert_eq!(desk.ask("00E40000"), REFUSED);
    desk.done(VERIFY);
    assert_eq!(desk.ask("00E4000002B081"), "6700", "only the current file is deleted");
    desk.done("00E40000");
    assert_eq!(desk.ask("00A4000C02B081"), "6A82");
    assert_eq!(desk.ask("00CB3FFF0A7008840181A5037F498000"), "6A88");
    assert_eq!(desk.ask("00E40000"), NOT_NOW, "never the application");

    desk.create_data_file("A020", "8C0443FF3000");
    desk.done("00A4000C02A020");
    assert_eq!(desk.ask("00E40000"), REFUSED, "the file's own rule says never");
    for file in ["B080", "A012"] {
        desk.done(&format!("00A4000C02{file}"));
        assert_eq!(desk.ask("00E40000"), REFUSED, "{file} is the administrator's");
    }
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    desk.done("00A4000C02A012");
    desk.done("00E40000");
}

#[test]
fn the_administrator_ends_the_application_for_ever() {
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    assert_eq!(desk.ask("00E60000"), REFUSED, "not the user");
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    desk.done("00E60000");
    for command in [VERIFY, "00CBA012045C02DF2000", "00440000"] {
        assert_eq!(desk.ask(command), NOT_NOW, "{command}");
    }
    assert_eq!(desk.ask(SELECT), "6285");
    let mut desk = Desk(GidsCard::from_state(&desk.0.state()).unwrap());
    assert_eq!(desk.ask(SELECT), "6285");
}

#[test]
fn the_answer_to_reset_and_ef_atr_tell_what_the_card_can_do() {
    let card = |extended, protocol| GidsCard::new(GidsOptions { extended, protocol, ..Default::default() }).unwrap();
    let atr = |extended, protocol| hex::encode_upper(card(extended, protocol).atr());
    assert_eq!(atr(true, Protocol::T1), "3B8F018073D081C0F9A0000003974254465928");
    assert_eq!(atr(false, Protocol::T1), "3B8F018073D08180F9A0000003974254465968");
    assert_eq!(atr(true, Protocol::T0), "3B0F8073D08180F9A00000039742544659");

    let mut desk = Desk(card(true, Protocol::T1));
    assert!(desk.done("00CB2F01025C0000").contains("4703D081C0"));
    assert_eq!(desk.ask("00A4040000000BA0000003974254465902010000")[..2], *"61");
    let mut desk = Desk(card(false, Protocol::T1));
    assert!(desk.done("00CB2F01025C0000").contains("4703D08180"));
    assert_eq!(desk.ask("00A4040000000BA0000003974254465902010000"), "6700");
}

#[test]
fn commands_nobody_knows_are_refused_by_name() {
    let mut desk = Desk::ready();
    for (command, word) in [
        ("00B0000000", "6D00"),
        ("00CA010000", "6D00"),
        ("0CA4040009A0000003974254465900", "6882"),
        ("01A4040009A0000003974254465900", "6881"),
        ("80500000080102030405060708", "6E00"),
        ("0020", "6700"),
        ("002000800231", "6700"),
    ] {
        assert_eq!(desk.ask(command), word, "{command}");
    }
}
