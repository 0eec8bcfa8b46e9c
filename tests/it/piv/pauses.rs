//! Pauses, resets and other programs within a login; the PIN that 9C wants each time.

use cardwright::iso7816::{Card, Continuity, EndWith};
use cardwright::piv::PivToken;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, SignatureAlgorithm, Signer};
use cardwright::token::{Credentials, Error, LastTry, SecretKind, Session, Token, Tries, User};
use cardwright::virtual_card::{AtThePad, SharedCard};

use super::{id, log_in, order, pin};
use crate::support::piv::{self, PIN};
use crate::support::script::{SHORT, Script};

const ECDSA: SignatureAlgorithm = SignatureAlgorithm::EcdsaSha256;

fn with_key(card: &SharedCard, reference: u8) -> PivToken {
    let mut token = piv::open(card);
    let mut session = log_in(&mut token).unwrap();
    session.generate(&order(reference, KeyAlgorithm::P256)).unwrap();
    drop(session);
    token
}

/// VERIFY with data, or without: the card's log does not tell the two apart.
fn verifies(card: &SharedCard) -> usize {
    card.headers().iter().filter(|header| header[1] == 0x20).count()
}

#[test]
fn a_pause_that_nobody_uses_costs_nothing() {
    let card = piv::card(piv::yubikey());
    let mut token = with_key(&card, 0x9A);
    let mut session = log_in(&mut token).unwrap();
    session.pause();
    session.pause();
    card.forget_headers();
    session.sign(&id(0x9A), ECDSA, b"m").unwrap();
    assert_eq!(card.headers().len(), 2, "the key's algorithm and the signature");
}

#[test]
fn other_programs_may_use_a_pause() {
    let card = piv::card(piv::yubikey());
    let mut token = with_key(&card, 0x9A);
    let mut other = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    session.pause();
    other.counters().unwrap();
    other.public_objects().unwrap();
    session.sign(&id(0x9A), ECDSA, b"m").unwrap();
    session.generate(&order(0x9C, KeyAlgorithm::P256)).unwrap();
}

#[test]
fn a_reader_that_others_hold_is_busy_and_the_login_stands() {
    let card = piv::card(piv::yubikey());
    card.set_patience(std::time::Duration::ZERO);
    let mut token = with_key(&card, 0x9A);
    let mut session = log_in(&mut token).unwrap();
    session.pause();
    let mut other = Card::new(card.channel());
    other.begin().unwrap();
    assert!(matches!(session.sign(&id(0x9A), ECDSA, b"m"), Err(Error::Busy)));
    assert!(matches!(PivToken::open(Card::new(card.channel())), Err(Error::Busy)));
    other.end(EndWith::Leave).unwrap();
    session.sign(&id(0x9A), ECDSA, b"m").unwrap();
}

#[test]
fn a_reset_in_a_pause_ends_the_login_for_good() {
    let meanwhile: [fn(&SharedCard); 3] = [
        SharedCard::reset,
        |card| drop(log_in(&mut piv::open(card)).unwrap()),
        |card| piv::open(card).change_pin(&pin(PIN), &pin(PIN), LastTry::Keep).unwrap(),
    ];
    for meanwhile in meanwhile {
        let card = piv::card(piv::yubikey());
        let mut token = with_key(&card, 0x9A);
        let mut session = log_in(&mut token).unwrap();
        session.pause();
        meanwhile(&card);
        card.forget_headers();
        assert!(matches!(session.sign(&id(0x9A), ECDSA, b"m"), Err(Error::Reset)));
        assert!(matches!(session.generate(&order(0x9C, KeyAlgorithm::P256)), Err(Error::Reset)));
        assert!(matches!(session.list(), Err(Error::Reset)));
        assert_eq!(card.headers().len(), 0, "nothing was sent, least of all the PIN");
        drop(session);
        drop(log_in(&mut token).unwrap());
        assert_eq!(token.counters().unwrap().user, Tries::Left(3));
    }
}

#[test]
fn a_card_pulled_in_a_pause_is_removed_and_another_is_never_taken_for_it() {
    let card = piv::card(piv::yubikey());
    let mut token = with_key(&card, 0x9A);
    let mut session = log_in(&mut token).unwrap();
    session.pause();
    card.remove();
    assert!(matches!(session.sign(&id(0x9A), ECDSA, b"m"), Err(Error::Removed)));
    card.insert_again();
    assert!(matches!(session.sign(&id(0x9A), ECDSA, b"m"), Err(Error::Reset)));
    drop(session);
    drop(log_in(&mut token).unwrap());

    // A swap that the reader did not see.
    let another = cardwright::virtual_card::PivOptions { serial: 7, ..piv::yubikey() };
    card.insert(Box::new(cardwright::virtual_card::PivCard::new(another).unwrap()));
    card.forget_headers();
    assert!(matches!(log_in(&mut token).err(), Some(Error::Removed)));
    assert_eq!(card.headers().len(), 2, "it was selected and asked for its serial");
    assert!(matches!(token.counters(), Ok(_) | Err(Error::Removed)));
}

#[test]
fn a_session_that_ends_in_a_pause_logs_out() {
    let card = piv::card(piv::plain());
    let mut token = piv::open(&card);
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    session.pause();
    // The plain card has no metadata: VERIFY says that the PIN is verified.
    assert_eq!(piv::open(&card).counters().unwrap().user, Tries::Full);
    drop(session);
    assert_eq!(piv::open(&card).counters().unwrap().user, Tries::Left(3));
}

/// What the standard's cards keep, others lose: YubiKeys forget the login when the application is selected again.
#[test]
fn a_login_that_others_cost_is_told_as_lost() {
    let open = include_str!("../../data/piv/yubikey-open.txt");
    let user = "> 00F7008000\n< 0101FF050101060203039000\n> 0020008008313233343536FFFF\n< 9000\n";
    let lost = "> 00200080\n< 63C3\n";
    let script = Script::read(SHORT, &[open, user, lost].join("\n"));
    script.set_continuity(Continuity::Unbroken);
    let mut token = PivToken::open(Card::new(script.channel())).unwrap();
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    session.pause();
    script.set_continuity(Continuity::Shared);
    assert!(matches!(session.list(), Err(Error::Reset)));
    assert!(matches!(session.list(), Err(Error::Reset)));
    drop(session);
    script.finish();
    assert_eq!(script.ends(), [EndWith::Leave, EndWith::Leave, EndWith::Reset]);
}

/// The PIN's status stands, and the administrator's does not.
#[test]
fn a_refusal_after_a_shared_pause_is_a_lost_login() {
    let open = include_str!("../../data/piv/yubikey-open.txt");
    let admin = include_str!("../../data/piv/management-3des.txt");
    let rest =
        "> 00200080\n< 63C3\n> 00F7009A00\n< 6A88\n> 00CB3FFF055C035FC10500\n< 6A82\n> 0047009A05AC0380011100\n< 6982";
    let script = Script::read(SHORT, &[open, admin, rest].join("\n"));
    script.set_continuity(Continuity::Unbroken);
    let mut token = PivToken::open(Card::new(script.channel())).unwrap();
    let zeros = super::admin_key(&"00".repeat(24));
    let credentials = Credentials { user: None, admin: Some(cardwright::token::Admin::Key(&zeros)) };
    let mut session = token.log_in(credentials).unwrap();
    session.pause();
    script.set_continuity(Continuity::Shared);
    assert!(matches!(session.generate(&order(0x9A, KeyAlgorithm::P256)), Err(Error::Reset)));
    drop(session);
    script.finish();
}

#[test]
fn the_signature_key_gets_the_pin_before_each_use() {
    let card = piv::card(piv::yubikey());
    let mut token = with_key(&card, 0x9C);
    let key = {
        let mut session = log_in(&mut token).unwrap();
        card.forget_headers();
        // The algorithm is asked in between, so that the login's own VERIFY was not immediately before.
        for uses in 1..=3 {
            let signature = session.sign(&id(0x9C), ECDSA, b"m").unwrap();
            assert_eq!((verifies(&card), signature.is_empty()), (uses, false));
        }
        session.find(&id(0x9C)).unwrap().unwrap().public_key.unwrap()
    };
    // Without metadata the login's VERIFY may be the one: nothing comes between.
    let plain = piv::card(piv::plain());
    let mut token = piv::open(&plain);
    let mut session = log_in(&mut token).unwrap();
    session.generate(&order(0x9C, KeyAlgorithm::P256)).unwrap();
    session.sign(&id(0x9C), ECDSA, b"m").unwrap();
    session.sign(&id(0x9C), ECDSA, b"m").unwrap();
    assert!(!session.holds(&id(0x9C), &key).unwrap());
}

#[test]
fn a_pin_that_became_wrong_is_not_sent_twice() {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let point = hex::encode(key.public_key().subject_public_key());
    let conversation = [
        include_str!("../../data/piv/yubikey-open.txt"),
        "> 00F7008000\n< 0101FF050101060203039000\n> 0020008008313233343536FFFF\n< 9000",
        &format!("> 00F7009C00\n< 010111 02020301 030101 04438641{point} 9000"),
        "> 0020008008313233343536FFFF\n< 63C2",
    ]
    .join("\n");
    let script = Script::read(SHORT, &conversation);
    script.set_continuity(Continuity::Unbroken);
    let mut token = PivToken::open(Card::new(script.channel())).unwrap();
    let mut session = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)).unwrap();
    let refused = session.sign(&id(0x9C), ECDSA, b"m");
    assert!(matches!(refused, Err(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(2) })));
    assert!(matches!(session.sign(&id(0x9C), ECDSA, b"m"), Err(Error::UserNeeded)));
    drop(session);
    script.finish();
}

fn by_pad(token: &mut PivToken, last_try: LastTry) -> Result<Box<dyn Session + '_>, Error> {
    token.log_in(Credentials { user: Some(User::PinPad(last_try)), admin: None })
}

#[test]
fn a_pin_may_be_typed_at_the_reader() {
    let card = piv::card(piv::yubikey());
    let mut token = with_key(&card, 0x9C);
    assert!(!token.has_pin_pad());
    assert!(matches!(by_pad(&mut token, LastTry::Keep).err(), Some(Error::NotOffered("a PIN pad"))));
    let card = card.with_pin_pad(PIN);
    assert!(token.has_pin_pad());
    let mut session = by_pad(&mut token, LastTry::Keep).unwrap();
    session.sign(&id(0x9C), ECDSA, b"m").unwrap();
    session.sign(&id(0x9C), ECDSA, b"m").unwrap();
    card.set_at_the_pad(Some(AtThePad::Cancels));
    assert!(matches!(session.sign(&id(0x9C), ECDSA, b"m"), Err(Error::PinPadCancelled)));
    drop(session);
    assert!(matches!(by_pad(&mut token, LastTry::Keep).err(), Some(Error::PinPadCancelled)));
    let card = card.with_pin_pad("99999999");
    for left in [2, 1] {
        let refused = by_pad(&mut token, LastTry::Keep).err();
        assert!(
            matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(told) }) if told == left)
        );
    }
    assert!(matches!(by_pad(&mut token, LastTry::Keep).err(), Some(Error::LastTryKept { secret: SecretKind::Pin })));
    let card = card.with_pin_pad(PIN);
    drop(by_pad(&mut token, LastTry::Spend).unwrap());
    assert_eq!(piv::open(&card).counters().unwrap().user, Tries::Left(3));
}
