//! Access rules: each security condition against who is there.

use super::{ADMIN_KEY, Desk, LOG_OUT, OK, REFUSED, VERIFY};

/// Nobody, user, administrator, both.
const VISITORS: [(bool, bool); 4] = [(false, false), (true, false), (false, true), (true, true)];

fn enter(desk: &mut Desk, (user, admin): (bool, bool)) {
    desk.done(LOG_OUT);
    if user {
        desk.done(VERIFY);
    }
    if admin {
        assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    }
}

#[test]
fn each_condition_lets_in_whom_it_names() {
    let nobody = [false; 4];
    for (condition, expected) in [
        (0x00, [true; 4]),
        (0xFF, nobody),
        (0x10, [false, true, false, true]),
        (0x90, [false, true, false, true]),
        (0x20, [false, false, true, true]),
        (0xA0, [false, false, true, true]),
        (0x30, [false, true, true, true]),
        (0xB0, [false, false, false, true]),
        (0x11, [false, true, false, true]), // with contacts
        (0x12, nobody),                     // without contacts
        (0x1F, nobody),
        (0x40, nobody), // secure messaging
        (0xD0, nobody),
        (0x50, [false, true, false, true]),
    ] {
        let mut desk = Desk::ready();
        desk.done(VERIFY);
        desk.create_data_file("A020", &format!("8C0303{condition:02X}00"));
        for (visitor, allowed) in VISITORS.into_iter().zip(expected) {
            enter(&mut desk, visitor);
            let wanted = if allowed { OK } else { REFUSED };
            assert_eq!(desk.ask("00DBA02005DF2402ABCD"), wanted, "{condition:02X} {visitor:?}");
        }
    }
}

#[test]
fn what_no_rule_names_is_refused_and_without_rules_all_is_allowed() {
    let mut desk = Desk::ready();
    desk.done(VERIFY);
    desk.create_data_file("A020", "8C020110");
    assert_eq!(desk.ask("00DBA02005DF2402ABCD"), REFUSED);
    assert_eq!(desk.ask("00CBA020025C0000"), OK);
    desk.create_data_file("A021", "");
    desk.create_data_file("A022", "8C06031220031130");
    desk.done(LOG_OUT);
    assert_eq!(desk.ask("00DBA02105DF2402ABCD"), OK);
    assert_eq!(desk.ask("00CBA022025C0000"), REFUSED);
    desk.done(VERIFY);
    assert_eq!(desk.ask("00CBA022025C0000"), OK, "the second rule is for contacts");
}

/// Put and get, for each visitor: the six files a ready card has.
#[test]
fn the_files_of_a_ready_card_are_open_to_whom_they_should_be() {
    let (none, all, user_or_admin, admin) =
        ([false; 4], [true; 4], [false, true, true, true], [false, false, true, true]);
    for (file, put, get) in [
        ("A000", user_or_admin, all),
        ("A010", user_or_admin, all),
        ("A011", user_or_admin, none),
        ("A012", admin, all),
        ("A013", user_or_admin, user_or_admin),
        ("A014", admin, admin),
    ] {
        let mut desk = Desk::ready();
        for (i, visitor) in VISITORS.into_iter().enumerate() {
            enter(&mut desk, visitor);
            let word = |allowed| if allowed { OK } else { REFUSED };
            assert_eq!(desk.ask(&format!("00DB{file}05DF4F02ABCD")), word(put[i]), "put {file} {visitor:?}");
            let got = desk.ask(&format!("00CB{file}025C0000"));
            assert_eq!(got.ends_with(OK), get[i], "get {file} {visitor:?}: {got}");
        }
    }
}
