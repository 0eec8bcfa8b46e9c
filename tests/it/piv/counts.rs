//! How many APDUs a job takes, counted at the channel.

use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::token::{KeyOrder, Session, Token};
use cardwright::virtual_card::SharedCard;

use super::{certificate_of, id, log_in, order};
use crate::support::piv;

/// CHUID, 700 bytes of certificate and what stands around it: three short APDUs, or one.
const CERTIFICATE: usize = 700;

/// A YubiKey that takes short APDUs only.
pub fn short_yubikey() -> SharedCard {
    short(piv::card(piv::yubikey()))
}

fn short(card: SharedCard) -> SharedCard {
    card.set_dial("short".parse().unwrap());
    card
}

/// What an enrollment takes, and the certificate read back after it.
#[derive(Debug, PartialEq, Eq)]
pub struct Counted {
    pub enrolled: usize,
    pub read_back: usize,
}

fn counted(enrolled: usize, read_back: usize) -> Counted {
    Counted { enrolled, read_back }
}

/// A whole enrollment in one login; what is awaited between request and certificate may be done in a pause.
pub fn enroll(card: &SharedCard, algorithm: KeyAlgorithm, pause: impl FnOnce(&mut dyn Session)) -> Counted {
    card.forget_headers();
    let mut token = piv::open(card);
    let mut session = log_in(&mut token).unwrap();
    let key = session.generate(&KeyOrder { replace: true, ..order(0x9A, algorithm) }).unwrap();
    let signed = session.sign(&id(0x9A), SignatureAlgorithm::default_for(algorithm), b"a request").unwrap();
    key.verify(SignatureAlgorithm::default_for(algorithm), b"a request", &signed).unwrap();
    pause(session.as_mut());
    let certificate = certificate_of(&key, CERTIFICATE);
    // Signatures differ in length by a few bytes.
    assert!((CERTIFICATE - 8..=CERTIFICATE).contains(&certificate.len()), "{}", certificate.len());
    session.write_certificate(&id(0x9A), "", &certificate).unwrap();
    let enrolled = card.headers().len();
    assert!(session.read_certificate(&id(0x9A)).unwrap() == Some(certificate));
    counted(enrolled, card.headers().len() - enrolled)
}

pub fn no_pause(_: &mut dyn Session) {}

#[test]
fn an_enrollment_takes_so_many_apdus() {
    let yubikey = || piv::card(piv::yubikey());
    assert_eq!(enroll(&short_yubikey(), KeyAlgorithm::P256, no_pause), counted(13, 3));
    assert_eq!(enroll(&short_yubikey(), KeyAlgorithm::Rsa2048, no_pause), counted(16, 3));
    assert_eq!(enroll(&yubikey(), KeyAlgorithm::P256, no_pause), counted(11, 1));
    assert_eq!(enroll(&yubikey(), KeyAlgorithm::Rsa2048, no_pause), counted(11, 1));
}

#[test]
fn a_pause_that_others_use_takes_one_more() {
    assert_eq!(enroll(&short_yubikey(), KeyAlgorithm::P256, |session| session.pause()), counted(13, 3));
    let card = short_yubikey();
    let mut others = piv::open(&card);
    let mut theirs = 0;
    let count = enroll(&card, KeyAlgorithm::P256, |session| {
        session.pause();
        let before = card.headers().len();
        others.counters().unwrap();
        theirs = card.headers().len() - before;
    });
    assert_eq!((theirs, count.enrolled - theirs), (2, 14));
}

#[test]
fn a_look_at_a_card_with_one_certificate_takes_eleven_and_one_for_each_place_without() {
    let card = short_yubikey();
    enroll(&card, KeyAlgorithm::P256, no_pause);
    card.forget_headers();
    let mut token = piv::open(&card);
    token.counters().unwrap();
    let objects = token.public_objects().unwrap();
    assert_eq!((objects.len(), &objects[0].id), (1, &id(0x9A)));
    // One asks whether the certificate's key is there, as anybody can write a certificate; counted beside: three ask
    // whether the other places have a key without one.
    assert_eq!(card.headers().len(), 11 + 3, "{:02X?}", card.headers());
}

#[test]
fn opening_takes_two() {
    let card = piv::card(piv::yubikey());
    drop(piv::open(&card));
    assert_eq!(card.headers(), [[0x00, 0xA4, 0x04, 0x00], [0x00, 0xF8, 0x00, 0x00]]);
}
