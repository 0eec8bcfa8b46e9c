//! A key that was removed signs no more, whatever the card has for that.

use cardwright::pkix::{KeyAlgorithm, PublicKey};
use cardwright::token::{Error, Session};
use cardwright::virtual_card::PivOptions;

use super::{id, log_in, order};
use crate::malice::cards::Forged;
use crate::support::certificates::certificate_for;
use crate::support::piv;

const GUID: [u8; 16] = *b"a guid of a card";
const PLACES: [u8; 3] = [0x9A, 0x9C, 0x9D];

fn kinds() -> [PivOptions; 4] {
    [piv::plain(), PivOptions { version: [5, 2, 7], ..PivOptions::yubikey() }, PivOptions::yubikey(), piv::yubikey()]
}

fn certified(session: &mut dyn Session, reference: u8, algorithm: KeyAlgorithm) -> PublicKey {
    let key = session.generate(&order(reference, algorithm)).unwrap();
    session.write_certificate(&id(reference), "", &certificate_for(&key, "x")).unwrap();
    key
}

#[test]
fn a_removed_key_signs_no_more_on_any_card() {
    for options in kinds() {
        for algorithm in [KeyAlgorithm::P256, KeyAlgorithm::Rsa2048] {
            let card = piv::card(PivOptions { guid: Some(GUID), ..clone(&options) });
            let mut token = piv::open(&card);
            let mut session = log_in(&mut token).unwrap();
            let keys = PLACES.map(|place| certified(session.as_mut(), place, algorithm));
            for place in PLACES {
                assert_eq!(session.delete(&id(place)).unwrap(), 2, "certificate and key");
            }
            drop(session);
            // Another session trusts nothing that the first one knew.
            let mut session = log_in(&mut token).unwrap();
            for (place, key) in PLACES.into_iter().zip(&keys) {
                assert!(session.read_certificate(&id(place)).unwrap().is_none());
                assert!(!session.holds(&id(place), key).unwrap(), "{place:02X} still signs");
            }
        }
    }
}

fn clone(options: &PivOptions) -> PivOptions {
    let PivOptions { yubikey, version, .. } = *options;
    PivOptions { yubikey, version, ..PivOptions::default() }
}

#[test]
fn a_key_whose_removal_was_cut_off_is_found_again_and_removed() {
    for fault in ["remove", "remove-after"] {
        for options in kinds() {
            let card = piv::card(PivOptions { guid: Some(GUID), ..options });
            let key = certified(log_in(&mut piv::open(&card)).unwrap().as_mut(), 0x9A, KeyAlgorithm::P256);
            let state = card.with_card(|card| card.state()).unwrap();
            let restored = || Box::new(cardwright::virtual_card::PivCard::from_state(&state).unwrap());
            card.insert(restored());
            card.forget_headers();
            log_in(&mut piv::open(&card)).unwrap().delete(&id(0x9A)).unwrap();
            for at in 1..=card.headers().len() {
                card.insert(restored());
                card.set_dial(format!("{fault}@{at}").parse().unwrap());
                let cut = || log_in(&mut open(&card)?)?.delete(&id(0x9A));
                let _ = cut();
                card.set_dial("".parse().unwrap());
                card.insert_again();
                let mut token = piv::open(&card);
                let mut session = log_in(&mut token).unwrap();
                // As a retirement does it: by what the card shows.
                for stored in session.list().unwrap().into_iter().filter(|stored| stored.certificate.is_some()) {
                    session.delete(&stored.id).unwrap();
                }
                assert!(session.read_certificate(&id(0x9A)).unwrap().is_none(), "{fault}@{at}");
                assert!(!session.holds(&id(0x9A), &key).unwrap(), "{fault}@{at}: the key still signs");
            }
        }
    }
}

fn open(card: &cardwright::virtual_card::SharedCard) -> Result<cardwright::piv::PivToken, Error> {
    cardwright::piv::PivToken::open(cardwright::iso7816::Card::new(card.channel()))
}

#[test]
fn a_key_that_can_neither_be_deleted_nor_overwritten_is_told() {
    let mut made = 0;
    let card =
        Forged::slot(Box::new(cardwright::virtual_card::PivCard::new(piv::plain()).unwrap()), move |command, _| {
            if command[1] != 0x47 {
                return None;
            }
            made += 1;
            (made > 1).then(|| vec![0x6A, 0x86])
        });
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    let key = certified(session.as_mut(), 0x9A, KeyAlgorithm::P256);
    assert!(matches!(session.delete(&id(0x9A)), Err(Error::KeyStays(stays)) if stays == id(0x9A)));
    assert!(session.read_certificate(&id(0x9A)).unwrap().is_none());
    assert!(session.holds(&id(0x9A), &key).unwrap());
}
