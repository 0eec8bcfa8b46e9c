//! Where keys go, what is taken, and what gives way.

use cardwright::pkix::{KeyAlgorithm, MemoryKey, SignatureAlgorithm, Signer};
use cardwright::token::{Error, KeyId, KeyOrder, KeyWish, Placement, Session, Token};
use cardwright::virtual_card::PivOptions;

use super::{administrate, id, log_in, order};
use crate::support::certificates::certificate_for;
use crate::support::piv;

fn wish(name: u8, index: u8, decrypts: bool, supersedes: &[u8]) -> KeyWish {
    KeyWish {
        name: vec![name],
        index,
        decrypts_only: decrypts,
        supersedes: supersedes.iter().map(|it| id(*it)).collect(),
    }
}

fn decrypting(reference: u8, replace: bool) -> KeyOrder {
    KeyOrder { decrypts: true, replace, ..order(reference, KeyAlgorithm::P256) }
}

fn enroll(session: &mut dyn Session, order: &KeyOrder) -> Vec<u8> {
    let key = session.generate(order).unwrap();
    let certificate = certificate_for(&key, "somebody");
    session.write_certificate(&order.id, "", &certificate).unwrap();
    certificate
}

#[test]
fn wishes_get_places_of_their_own() {
    for options in [piv::yubikey(), piv::plain()] {
        let card = piv::card(options);
        let mut token = piv::open(&card);
        let mut place = |wish| token.place(&wish).map(|placement: Placement| placement.id);
        assert_eq!(place(wish(1, 0, false, &[])).unwrap(), id(0x9A));
        assert_eq!(place(wish(2, 1, true, &[])).unwrap(), id(0x9D));
        assert_eq!(place(wish(3, 2, false, &[])).unwrap(), id(0x9C));
        assert_eq!(place(wish(4, 3, true, &[])).unwrap(), id(0x82));
        assert_eq!(place(wish(5, 4, true, &[])).unwrap(), id(0x83));
        assert_eq!(place(wish(2, 1, true, &[])).unwrap(), id(0x9D), "the same wish");
        assert!(matches!(place(wish(6, 5, false, &[])), Err(Error::Full)));
    }
}

#[test]
fn a_first_key_gets_its_place_though_it_be_occupied_and_a_further_one_a_free_one() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    enroll(session.as_mut(), &order(0x9A, KeyAlgorithm::P256));
    enroll(session.as_mut(), &decrypting(0x9D, false));
    let key = session.find(&id(0x9A)).unwrap().unwrap().public_key;
    drop(session);
    let first = token.place(&wish(1, 0, false, &[])).unwrap();
    assert_eq!(first, Placement { id: id(0x9A), replaces: key, occupied: true, keyed: true });
    assert_eq!(token.place(&wish(2, 1, false, &[])).unwrap().id, id(0x9C));
    assert_eq!(token.place(&wish(3, 1, true, &[])).unwrap().id, id(0x82));
    assert_eq!(token.place(&wish(4, 0, true, &[])).unwrap().id, id(0x9D));
    // What is superseded gives its place away, wherever it is, and to each request anew.
    let anew = token.place(&wish(7, 0, false, &[0x9A])).unwrap();
    assert_eq!(anew.id, id(0x9A));
    let mut token = piv::open(&card);
    let renewed = token.place(&wish(1, 1, true, &[0x9A, 0x9D])).unwrap();
    assert_eq!((renewed.id, renewed.occupied), (id(0x9D), true));
}

#[test]
fn what_is_taken_is_only_replaced_when_the_order_says_so() {
    for options in [piv::yubikey(), piv::plain()] {
        let tells_keys = options.yubikey;
        let card = piv::card(options);
        let mut token = piv::open(&card);
        let first = {
            let mut session = log_in(&mut token).unwrap();
            session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap()
        };
        let mut session = administrate(&mut token).unwrap();
        // A bare key shows on cards that tell of keys.
        let again = session.generate(&order(0x9A, KeyAlgorithm::P256));
        assert_eq!(again.is_err(), tells_keys);
        let key = again.unwrap_or(first);
        session.write_certificate(&id(0x9A), "", &certificate_for(&key, "x")).unwrap();
        drop(session);
        let mut session = log_in(&mut token).unwrap();
        let taken = session.generate(&order(0x9A, KeyAlgorithm::P384));
        assert!(matches!(taken, Err(Error::KeyIdTaken(id)) if id == KeyId(vec![0x9A])));
        assert!(session.holds(&id(0x9A), &key).unwrap());
        let new = session.generate(&KeyOrder { replace: true, ..order(0x9A, KeyAlgorithm::P384) }).unwrap();
        assert!(session.holds(&id(0x9A), &new).unwrap() && !session.holds(&id(0x9A), &key).unwrap());
    }
}

#[test]
fn another_session_proves_a_bare_key_by_a_trial_signature() {
    let card = piv::card(piv::plain());
    let mut token = piv::open(&card);
    let key = log_in(&mut token).unwrap().generate(&order(0x9A, KeyAlgorithm::Rsa2048)).unwrap();
    let other = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let mut session = log_in(&mut token).unwrap();
    assert!(!session.holds(&id(0x9A), other.public_key()).unwrap());
    assert!(!session.holds(&id(0x9C), &key).unwrap());
    assert!(!session.holds(&KeyId(vec![0xCA]), &key).unwrap());
    let foreign = certificate_for(other.public_key(), "x");
    assert!(matches!(session.write_certificate(&id(0x9A), "", &foreign), Err(Error::NoSuchKey(_))));
    assert!(session.holds(&id(0x9A), &key).unwrap());
    session.write_certificate(&id(0x9A), "", &certificate_for(&key, "x")).unwrap();
    drop(session);
    let mut session = administrate(&mut token).unwrap();
    assert!(matches!(session.holds(&id(0x9A), &key), Err(Error::UserNeeded)));
    // The card authentication key needs nobody.
    let free = session.generate(&order(0x9E, KeyAlgorithm::P256)).unwrap();
    let signature = session.sign(&id(0x9E), SignatureAlgorithm::EcdsaSha256, b"m").unwrap();
    free.verify(SignatureAlgorithm::EcdsaSha256, b"m", &signature).unwrap();
}

#[test]
fn ids_that_are_no_places_name_nothing() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    for odd in [vec![], vec![0x9B], vec![0x81], vec![0x96], vec![0x9A, 0x9A], vec![0xF9]] {
        let odd = KeyId(odd);
        assert!(session.find(&odd).unwrap().is_none());
        assert!(session.read_certificate(&odd).unwrap().is_none());
        assert_eq!(session.delete(&odd).unwrap(), 0);
        assert!(matches!(session.sign(&odd, SignatureAlgorithm::EcdsaSha256, b"m"), Err(Error::NoSuchKey(_))));
        assert!(matches!(session.reserve(&odd, 100), Err(Error::NoSuchKey(_))));
        let order = KeyOrder { id: odd, ..order(0x9A, KeyAlgorithm::P256) };
        assert!(matches!(session.generate(&order), Err(Error::Device { .. })));
    }
}

#[test]
fn algorithms_that_the_card_lacks_are_named() {
    for (options, lacking) in [(PivOptions::yubikey(), KeyAlgorithm::Rsa3072), (piv::plain(), KeyAlgorithm::Rsa4096)] {
        let card = piv::card(options);
        let mut token = piv::open(&card);
        let offered = token.condition().unwrap().algorithms.unwrap();
        assert!(!offered.contains(&lacking) && offered.contains(&KeyAlgorithm::P384), "{offered:?}");
        let refused = log_in(&mut token).unwrap().generate(&order(0x9A, lacking));
        assert!(matches!(refused, Err(Error::Algorithm(named)) if named == lacking));
    }
    let offered = piv::open(&piv::card(piv::yubikey())).condition().unwrap().algorithms.unwrap();
    assert_eq!(offered, KeyAlgorithm::ALL);
}

#[test]
fn a_renewed_decrypting_key_leaves_the_old_one_in_a_retired_place() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    let mut certificates = vec![enroll(session.as_mut(), &decrypting(0x9D, false))];
    for _ in 0..2 {
        assert!(session.keep(&id(0x9D)).unwrap());
        certificates.push(enroll(session.as_mut(), &decrypting(0x9D, true)));
    }
    let expected = [(id(0x9D), 2), (id(0x82), 0), (id(0x83), 1)];
    let listed = session.list().unwrap();
    drop(session);
    for objects in [listed, token.public_objects().unwrap()] {
        let found: Vec<_> = objects.iter().map(|it| (it.id.clone(), it.certificate.clone().unwrap())).collect();
        assert!(found == expected.clone().map(|(id, at)| (id, certificates[at].clone())));
        for stored in &objects {
            assert_eq!(stored.label.starts_with("Retired"), stored.id != id(0x9D));
        }
    }
    // The retired keys still are what their certificates say.
    let mut session = log_in(&mut token).unwrap();
    for (place, _) in expected {
        let stored = session.find(&place).unwrap().unwrap();
        assert!(stored.has_private_key);
        let signature = session.sign(&place, SignatureAlgorithm::EcdsaSha256, b"m").unwrap();
        stored.public_key.unwrap().verify(SignatureAlgorithm::EcdsaSha256, b"m", &signature).unwrap();
    }
}

#[test]
fn without_move_key_the_old_decrypting_key_gives_way() {
    for options in [PivOptions::yubikey(), piv::plain()] {
        let card = piv::card(options);
        let mut token = piv::open(&card);
        assert!(token.loses_replaced(&id(0x9D)).unwrap());
        let mut session = log_in(&mut token).unwrap();
        enroll(session.as_mut(), &decrypting(0x9D, false));
        assert!(!session.keep(&id(0x9D)).unwrap());
        let second = enroll(session.as_mut(), &decrypting(0x9D, true));
        let listed = session.list().unwrap();
        assert_eq!(listed.len(), 1);
        assert!(listed[0].certificate == Some(second));
    }
}
