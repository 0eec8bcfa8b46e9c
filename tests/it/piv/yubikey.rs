//! What YubiKeys add to the standard, and what cards without it say.

use cardwright::piv::KeyReference;
use cardwright::pkix::{Certificate, KeyAlgorithm, MemoryKey, SignatureAlgorithm, Signer};
use cardwright::token::{Admin, CardIdentifier, Error, LastTry, SecretKind, Token, Tries};
use cardwright::virtual_card::{ManagementAlgorithm, PivOptions};

use super::{admin_key, administrate, id, log_in, order, pin, puk};
use crate::support::certificates::certificate_for;
use crate::support::piv::{self, PIN, PUK};

#[test]
fn default_secrets_are_told_until_they_are_changed() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let told = token.condition().unwrap();
    assert_eq!(
        (told.pin_is_default, told.puk_is_default, told.admin_key_is_default),
        (Some(true), Some(true), Some(true))
    );
    assert_eq!(told.version.as_deref(), Some("5.7.1"));
    token.change_pin(&pin(PIN), &pin("12345678"), LastTry::Keep).unwrap();
    token.change_puk(&puk(PUK), &puk("123456"), LastTry::Keep).unwrap();
    let new = admin_key(&"a5".repeat(24));
    token.change_admin_key(Admin::Key(&piv::admin_key()), &new, LastTry::Keep).unwrap();
    let told = token.condition().unwrap();
    assert_eq!(
        (told.pin_is_default, told.puk_is_default, told.admin_key_is_default),
        (Some(false), Some(false), Some(false))
    );

    let told = piv::open(&piv::card(piv::plain())).condition().unwrap();
    assert_eq!((told.pin_is_default, told.puk_is_default, told.admin_key_is_default), (None, None, None));
    assert_eq!(told.version, None);
}

#[test]
fn management_keys_of_every_algorithm_are_proven_and_replaced() {
    use ManagementAlgorithm as M;
    for algorithm in [M::TripleDes, M::Aes128, M::Aes192, M::Aes256] {
        for yubikey in [true, false] {
            let key = "3c".repeat(algorithm.key_length());
            let options = PivOptions {
                management_algorithm: Some(algorithm),
                management_key: Some(admin_key(&key)),
                ..if yubikey { piv::yubikey() } else { piv::plain() }
            };
            let card = piv::card(options);
            let mut token = piv::open(&card);
            let current = admin_key(&key);
            if !yubikey {
                token.initialise(Admin::Key(&current)).unwrap();
                let refused = token.change_admin_key(Admin::Key(&current), &current, LastTry::Keep);
                assert!(matches!(refused, Err(Error::NotOffered("a change of its management key"))));
                continue;
            }
            // A key of 24 bytes keeps the algorithm that takes 24 bytes; other lengths are those of AES.
            let mut proven = key;
            for length in [24, 16, 32, 24] {
                let next = "c3".repeat(length);
                token.change_admin_key(Admin::Key(&admin_key(&proven)), &admin_key(&next), LastTry::Keep).unwrap();
                proven = next;
            }
            token.initialise(Admin::Key(&admin_key(&proven))).unwrap();
            let odd = token.change_admin_key(Admin::Key(&admin_key(&proven)), &admin_key("00"), LastTry::Keep);
            assert!(matches!(odd, Err(Error::SecretLength { secret: SecretKind::Admin, minimum: 16, maximum: 32 })));
        }
    }
}

#[test]
fn keys_made_on_the_card_are_attested() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    assert!(matches!(token.attest(KeyReference::AUTHENTICATION), Err(Error::NoSuchKey(_))));
    let key = administrate(&mut token).unwrap().generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
    let statement = token.attest(KeyReference::AUTHENTICATION).unwrap();
    assert!(Certificate::from_der(&statement).unwrap().is_for(&key));
    let refused = piv::open(&piv::card(piv::plain())).attest(KeyReference::AUTHENTICATION);
    assert!(matches!(refused, Err(Error::NotOffered("attestation"))));
}

#[test]
fn keys_made_elsewhere_are_brought_in() {
    for algorithm in KeyAlgorithm::ALL.into_iter().filter(|it| *it != KeyAlgorithm::Rsa4096) {
        let card = piv::card(piv::yubikey());
        let mut token = piv::open(&card);
        let mut session = log_in(&mut token).unwrap();
        let key = MemoryKey::generate(algorithm).unwrap();
        session.import(&order(0x82, algorithm), &key).unwrap();
        assert!(session.holds(&id(0x82), key.public_key()).unwrap());
        session.write_certificate(&id(0x82), "", &certificate_for(key.public_key(), "x")).unwrap();
        let signing = SignatureAlgorithm::default_for(algorithm);
        let signature = session.sign(&id(0x82), signing, b"m").unwrap();
        key.public_key().verify(signing, b"m", &signature).unwrap();
        assert!(matches!(session.import(&order(0x82, algorithm), &key), Err(Error::KeyIdTaken(_))));
    }
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let wrong = log_in(&mut token).unwrap().import(&order(0x82, KeyAlgorithm::P384), &key);
    assert!(matches!(wrong, Err(Error::Algorithm(KeyAlgorithm::P384))));
    let plain = piv::card(piv::plain());
    let mut token = piv::open(&plain);
    let refused = log_in(&mut token).unwrap().import(&order(0x82, KeyAlgorithm::P256), &key);
    assert!(matches!(refused, Err(Error::NotOffered("the import of a private key"))));
}

#[test]
fn a_reset_leaves_nothing_but_the_serial() {
    let card = piv::card(PivOptions { pin_tries: 5, puk_tries: 7, ..piv::yubikey() });
    let mut token = piv::open(&card);
    token.change_admin_key(Admin::Key(&piv::admin_key()), &admin_key(&"77".repeat(24)), LastTry::Keep).unwrap();
    token.change_pin(&pin(PIN), &pin("654321"), LastTry::Keep).unwrap();
    let serial = token.identity().serial.clone();
    token.reset_to_factory().unwrap();
    assert_eq!(token.identity().serial, serial);
    let told = token.condition().unwrap();
    assert_eq!((told.pin_is_default, told.admin_key_is_default), (Some(true), Some(true)));
    assert_eq!(told.card_identifier, CardIdentifier::Absent);
    assert!(token.public_objects().unwrap().is_empty());
    drop(log_in(&mut token).unwrap());
}

#[test]
fn a_card_without_a_reset_is_not_blocked() {
    let card = piv::card(piv::plain());
    let mut token = piv::open(&card);
    assert!(matches!(token.reset_to_factory(), Err(Error::NotOffered(_))));
    assert_eq!(token.counters().unwrap().user, Tries::Left(3));
    drop(log_in(&mut token).unwrap());
}
