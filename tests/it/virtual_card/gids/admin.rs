//! The administrator's key: both forms of authentication, its change, its counter where there is one.

use super::{ADMIN_KEY, CHOOSE_ADMIN_KEY, Desk, LOG_OUT, MALFORMED, NOT_NOW, OK, REFUSED, VERIFY, encrypt};
use cardwright::virtual_card::{GidsCard, GidsOptions, VirtualCard};

const OTHER_KEY: &str = "A1A2A3A4A5A6A7A8B1B2B3B4B5B6B7B8C1C2C3C4C5C6C7C8";
const CHALLENGE: &str = "00870000047C02810000";
const FOR_ADMIN_ONLY: &str = "00DBA01205DF2402ABCD";

fn put_key(key: &str) -> String {
    format!("00DB3FFF267024840180A51F8718{key}8803B073DC")
}

#[test]
fn the_right_answer_to_the_challenge_makes_the_administrator() {
    let mut desk = Desk::ready();
    assert_eq!(desk.authenticate(OTHER_KEY), REFUSED);
    assert_eq!(desk.ask(FOR_ADMIN_ONLY), REFUSED);
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    desk.done(FOR_ADMIN_ONLY);
    assert_eq!(desk.ask("00200080"), "63C3", "the administrator is not the user");
    desk.done(CHALLENGE);
    assert_eq!(desk.ask(FOR_ADMIN_ONLY), REFUSED, "a new challenge begins anew");
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    desk.done(VERIFY);
    desk.done(FOR_ADMIN_ONLY);
    desk.done(LOG_OUT);
    assert_eq!(desk.ask(FOR_ADMIN_ONLY), REFUSED);
}

#[test]
fn no_challenge_is_answered_twice_and_no_two_are_alike() {
    let mut desk = Desk::ready();
    desk.done(CHOOSE_ADMIN_KEY);
    let first = desk.done(CHALLENGE);
    let second = desk.done(CHALLENGE);
    assert_ne!(first, second);
    let respond = |challenge: &str| {
        let challenge = hex::decode(challenge.strip_prefix("7C0A8108").unwrap()).unwrap();
        format!("008700000C7C0A8208{}", hex::encode(encrypt(ADMIN_KEY, &challenge)))
    };
    assert_eq!(desk.ask(&respond(&first)), REFUSED, "an old challenge");
    assert_eq!(desk.ask(&respond(&second)), NOT_NOW, "and it took the new one with it");
    let third = desk.done(CHALLENGE);
    desk.done(&respond(&third));
    desk.done(FOR_ADMIN_ONLY);
    assert_eq!(desk.ask(&respond(&third)), NOT_NOW);
    assert_eq!(desk.ask(FOR_ADMIN_ONLY), REFUSED, "an answer that nobody asked for ends what was proven");
}

#[test]
fn the_key_must_be_chosen_first() {
    let mut desk = Desk::ready();
    assert_eq!(desk.ask(CHALLENGE), NOT_NOW);
    assert_eq!(desk.ask("002281A403830199"), "6A88");
    assert_eq!(desk.ask("002281B603830180"), "6A86");
    assert_eq!(desk.ask("002281A403840180"), MALFORMED);
    desk.done("0022C1A403830180");
    desk.done(CHALLENGE);
    desk.done("0022F300");
    assert_eq!(desk.ask("008700000C7C0A82080000000000000000"), NOT_NOW);
    desk.done(CHOOSE_ADMIN_KEY);
    desk.done(LOG_OUT);
    assert_eq!(desk.ask(CHALLENGE), NOT_NOW, "logging out forgets the choice");
}

#[test]
fn malformed_authentication_is_told() {
    let mut desk = Desk::ready();
    desk.done(CHOOSE_ADMIN_KEY);
    for data in ["", "7C", "7C00", "7C0100", "7C027900", "7C028200", "7C048102ABCD", "7C0281008200", "7A028100"] {
        let length = if data.is_empty() { String::new() } else { format!("{:02X}", data.len() / 2) };
        assert_eq!(desk.ask(&format!("00870000{length}{data}")), MALFORMED, "{data}");
    }
    assert_eq!(desk.ask("00870100047C02810000"), "6A86");
    desk.done(CHALLENGE);
    assert_eq!(desk.ask("008700000B7C09820700000000000000"), REFUSED, "seven bytes");
}

#[test]
fn host_and_card_prove_themselves_to_each_other() {
    let mut desk = Desk::ready();
    let host = [0x5A; 16];
    for (key, padding, succeeds) in
        [(ADMIN_KEY, 0x80, true), (OTHER_KEY, 0x80, false), (ADMIN_KEY, 0x00, false), (ADMIN_KEY, 0x80, true)]
    {
        desk.done(CHOOSE_ADMIN_KEY);
        let challenge = desk.done(&format!("00870000147C128110{}00", hex::encode(host)));
        let card = hex::decode(challenge.strip_prefix("7C128110").unwrap()).unwrap();
        let proof = encrypt(key, &[&card[..], &host, &[1, 2, 3, 4, 5, 6, 7], &[padding]].concat());
        let answer = desk.ask(&format!("008700002C7C2A8228{}00", hex::encode(proof)));
        if !succeeds {
            assert_eq!(answer, REFUSED);
            assert_eq!(desk.ask(FOR_ADMIN_ONLY), REFUSED);
            continue;
        }
        let proof = hex::decode(answer.strip_suffix(OK).unwrap().strip_prefix("7C2A8228").unwrap()).unwrap();
        assert_eq!(proof[..32], encrypt(key, &[&host[..], &card].concat()), "the card's proof names both");
        assert_eq!(proof.len(), 40);
        desk.done(FOR_ADMIN_ONLY);
        desk.done(LOG_OUT);
    }
    desk.done(CHOOSE_ADMIN_KEY);
    desk.done(&format!("00870000147C128110{}00", hex::encode(host)));
    assert_eq!(desk.ask("008700000C7C0A82080000000000000000"), REFUSED, "one block is no answer to sixteen bytes");
}

#[test]
fn the_administrator_changes_the_key() {
    let mut desk = Desk::ready();
    assert_eq!(desk.ask(&put_key(OTHER_KEY)), REFUSED);
    desk.done(VERIFY);
    assert_eq!(desk.ask(&put_key(OTHER_KEY)), REFUSED, "the user does not");
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    assert_eq!(desk.ask(&put_key(&OTHER_KEY[2..]).replace("26702484", "25702384")), MALFORMED);
    desk.done(&put_key(OTHER_KEY));
    desk = Desk(GidsCard::from_state(&desk.0.state()).unwrap());
    desk.done(super::SELECT);
    assert_eq!(desk.authenticate(ADMIN_KEY), REFUSED);
    assert_eq!(desk.authenticate(OTHER_KEY), OK);
    assert_eq!(desk.ask("00CB3FFF0A7008840180A5037F498000"), REFUSED, "nobody reads it");
}

#[test]
fn nobody_is_administrator_by_a_key_of_their_own() {
    let mut desk = Desk::ready_with(GidsOptions { admin_tries: Some(3), ..Default::default() });
    assert_eq!(desk.authenticate(OTHER_KEY), "63C2");
    desk.done(VERIFY);
    desk.done("00E000001C621A8201188302B0828C0487001000A50BA4098001028301829501C0");
    desk.done("00440000");
    desk.done(&put_key(OTHER_KEY).replace("840180", "840182"));
    assert_eq!(desk.ask("002281A403830182"), "6A88");
    assert_eq!(desk.ask("00E000001C621A8201188302B0808C0487001000A50BA4098001028301809501C0"), "6A89");
    assert_eq!(desk.authenticate(OTHER_KEY), "63C1", "nor does a key of theirs give tries back");
}

#[test]
fn a_key_of_zeros_is_a_key() {
    let zeros = "00".repeat(24);
    let mut desk = Desk::ready();
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    desk.done(&put_key(&zeros));
    desk.done(LOG_OUT);
    assert_eq!(desk.authenticate(&zeros), OK);
}

#[test]
fn without_a_counter_wrong_answers_cost_nothing() {
    let mut desk = Desk::ready();
    for _ in 0..20 {
        assert_eq!(desk.authenticate(OTHER_KEY), REFUSED);
    }
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
}

#[test]
fn a_counter_counts_and_blocks() {
    let mut desk = Desk::ready_with(GidsOptions { admin_tries: Some(3), ..Default::default() });
    assert_eq!(desk.authenticate(OTHER_KEY), "63C2");
    assert_eq!(desk.authenticate(ADMIN_KEY), OK);
    for left in ["63C2", "63C1", "63C0"] {
        assert_eq!(desk.authenticate(OTHER_KEY), left);
    }
    let mut desk = Desk(GidsCard::from_state(&desk.0.state()).unwrap());
    desk.done(super::SELECT);
    desk.done(CHOOSE_ADMIN_KEY);
    assert_eq!(desk.ask(CHALLENGE), "6983");
}
