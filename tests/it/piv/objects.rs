//! CHUID, Card Capability Container and certificates, as another program reads them.

use cardwright::enrollment::card_id;
use cardwright::iso7816::{Card, CommandApdu, EndWith, Expect, StatusWord};
use cardwright::pkix::KeyAlgorithm;
use cardwright::token::{Admin, CardIdentifier, Error, Identity, KeyId, LastTry, Origin, Session, Token};
use cardwright::virtual_card::{PivOptions, SharedCard};

use super::{administrate, certificate_of, id, log_in, order, pin};
use crate::support::certificates::certificate_for;
use crate::support::piv;

/// GET DATA by another program; `None` where there is no such object.
fn object(card: &SharedCard, tag: [u8; 3]) -> Option<Vec<u8>> {
    let mut other = Card::new(card.channel());
    other.begin().unwrap();
    let select = CommandApdu::new(0xA4, 0x04, 0x00).with_data(cardwright::piv::AID).expecting(Expect::All).reading();
    assert!(other.exchange(&select).unwrap().status.is_ok());
    let data = [[0x5C, 0x03].as_slice(), &tag].concat();
    let get_data = CommandApdu::new(0xCB, 0x3F, 0xFF).with_data(data).expecting(Expect::All).reading();
    let answer = other.exchange(&get_data).unwrap();
    other.end(EndWith::Leave).unwrap();
    match answer.status {
        StatusWord::OK => Some(answer.data.to_vec()),
        StatusWord::FILE_NOT_FOUND => None,
        word => panic!("{word}"),
    }
}

const CHUID: [u8; 3] = [0x5F, 0xC1, 0x02];
const CAPABILITIES: [u8; 3] = [0x5F, 0xC1, 0x07];

/// The GUID in a CHUID of the usual form: 53 3B 30 19 ... 34 10.
fn guid(card: &SharedCard) -> [u8; 16] {
    let chuid = object(card, CHUID).unwrap();
    assert_eq!((chuid.len(), &chuid[29..31]), (61, [0x34, 0x10].as_slice()), "{}", hex::encode(&chuid));
    chuid[31..47].try_into().unwrap()
}

fn enroll(session: &mut dyn Session, reference: u8) -> KeyId {
    let key = session.generate(&order(reference, KeyAlgorithm::P256)).unwrap();
    session.write_certificate(&id(reference), "", &certificate_for(&key, "somebody")).unwrap();
    id(reference)
}

#[test]
fn the_chuid_changes_with_every_certificate_and_the_serial_stays() {
    for options in [piv::yubikey(), piv::plain()] {
        let hardware = options.yubikey;
        let card = piv::card(options);
        let mut token = piv::open(&card);
        let identity = token.identity().clone();
        assert_eq!(object(&card, CHUID).is_none(), hardware);
        let mut session = log_in(&mut token).unwrap();
        let first = enroll(session.as_mut(), 0x9A);
        let guids = [
            guid_after(session.as_mut(), &card, |_| {}),
            guid_after(session.as_mut(), &card, |session| drop(enroll(session, 0x9C))),
            guid_after(session.as_mut(), &card, |session| assert!(session.delete(&first).unwrap() > 0)),
        ];
        assert!(guids[0] != guids[1] && guids[1] != guids[2]);
        let same = guid_after(session.as_mut(), &card, |session| assert_eq!(session.delete(&first).unwrap(), 0));
        assert_eq!(same, guids[2], "nothing was deleted");
        drop(session);
        // Only the name of earlier versions went with the GUID.
        assert_eq!(*piv::open(&card).identity(), Identity { earlier_serial: None, ..identity });
        assert_eq!(object(&card, CAPABILITIES).is_some(), !hardware, "what named the card is kept elsewhere");
        token.counters().unwrap();
    }
}

/// Lets another program look, between two calls, what the GUID is after `work`.
fn guid_after(session: &mut dyn Session, card: &SharedCard, work: impl FnOnce(&mut dyn Session)) -> [u8; 16] {
    work(session);
    session.pause();
    guid(card)
}

#[test]
fn a_renewed_chuid_keeps_its_number_and_its_date() {
    let card = piv::card(piv::plain());
    let before = object(&card, CHUID).unwrap();
    let mut token = piv::open(&card);
    drop(enroll(log_in(&mut token).unwrap().as_mut(), 0x9A));
    let after = object(&card, CHUID).unwrap();
    assert_eq!((&before[2..29], &before[47..57]), (&after[2..29], &after[47..57]));
    assert_ne!(before[31..47], after[31..47]);
}

#[test]
fn a_card_without_a_name_is_given_one() {
    for guid_before in [None, Some([0; 16])] {
        let card = piv::card(PivOptions { guid: guid_before, ..PivOptions::default() });
        let mut token = piv::open(&card);
        assert!(matches!(log_in(&mut token).err(), Some(Error::NoSerial)));
        let wrong = super::admin_key(&"00".repeat(24));
        assert!(matches!(token.initialise(Admin::Key(&wrong)), Err(Error::SecretRefused { .. })));
        assert_eq!(token.identity().serial, "");
        let key = piv::admin_key();
        token.initialise(Admin::Key(&key)).unwrap();
        let serial = token.identity().serial.clone();
        assert_eq!((serial.len(), token.identity().label.clone()), (28, format!("PIV {serial}")));
        assert_ne!(guid(&card), [0; 16]);
        // Again is harmless, and the card keeps its name.
        token.initialise(Admin::Key(&key)).unwrap();
        assert_eq!(token.identity().serial, serial);
        drop(enroll(log_in(&mut token).unwrap().as_mut(), 0x9A));
        assert_eq!(piv::open(&card).identity().serial, serial);
    }
}

#[test]
fn cards_whose_guids_differ_in_one_byte_are_two_cards() {
    let cards = piv::numbered().map(piv::card);
    let [one, other] = cards.each_ref().map(|card| piv::open(card).identity().clone());
    assert_ne!((one.serial.as_str(), card_id(&one)), (other.serial.as_str(), card_id(&other)));
    assert_eq!(one.earlier_serial, other.earlier_serial, "fourteen bytes were read once");
    let ids: std::collections::BTreeSet<String> = (0..16)
        .map(|at| {
            let guid: [u8; 16] = std::array::from_fn(|byte| 0xA0 + u8::from(byte == at));
            piv::open(&piv::card(PivOptions { guid: Some(guid), ..piv::plain() })).identity().serial.clone()
        })
        .collect();
    assert_eq!(ids.len(), 16, "every byte counts");
    // What we write names them as before.
    for (card, before) in cards.iter().zip([one, other]) {
        drop(enroll(log_in(&mut piv::open(card)).unwrap().as_mut(), 0x9A));
        let after = piv::open(card).identity().clone();
        assert_eq!(
            (&after.serial, card_id(&after), after.earlier_serial.clone()),
            (&before.serial, card_id(&before), None)
        );
    }
}

#[test]
fn a_card_that_goes_by_its_earlier_name_keeps_that() {
    let [card, _] = piv::numbered().map(piv::card);
    let mut token = piv::open(&card);
    let earlier = token.identity().earlier_serial.clone().unwrap();
    assert_ne!(token.identity().serial, earlier);
    token.go_by_earlier_serial();
    assert_eq!((&token.identity().serial, token.identity().earlier_serial.as_ref()), (&earlier, None));
    card.reset();
    token.counters().unwrap();
    drop(enroll(log_in(&mut token).unwrap().as_mut(), 0x9A));
    assert_eq!(piv::open(&card).identity().serial, earlier);
}

#[test]
fn an_id_that_we_drew_is_told_from_one_that_others_may_have() {
    let fresh = piv::card(PivOptions { guid: None, ..PivOptions::default() });
    piv::open(&fresh).initialise(Admin::Key(&piv::admin_key())).unwrap();
    assert_eq!(piv::open(&fresh).identity().origin, Origin::Written);
    let named = piv::card(piv::plain());
    assert_eq!(piv::open(&named).identity().origin, Origin::Maker);
    piv::open(&named).initialise(Admin::Key(&piv::admin_key())).unwrap();
    assert_eq!(piv::open(&named).identity().origin, Origin::Maker, "its name stems from its GUID");
    let options = |serial| PivOptions { serial, ..piv::yubikey() };
    let origins = [1, 0, u32::MAX].map(|serial| piv::open(&piv::card(options(serial))).identity().origin);
    assert_eq!(origins, [Origin::Maker, Origin::Nothing, Origin::Nothing]);
    let repeated = piv::card(PivOptions { guid: Some([0xFF; 16]), ..PivOptions::default() });
    assert!(!piv::open(&repeated).identity().is_named());
}

#[test]
fn a_new_card_with_a_chuid_keeps_the_serial_it_had() {
    let card = piv::card(piv::plain());
    let mut token = piv::open(&card);
    let serial = token.identity().serial.clone();
    token.initialise(Admin::Key(&piv::admin_key())).unwrap();
    assert_eq!((token.identity().serial.as_str(), piv::open(&card).identity().serial.as_str()), (&*serial, &*serial));
}

#[test]
fn large_certificates_are_compressed_and_larger_ones_refused_in_time() {
    for (options, largest) in [(piv::plain(), 1856), (piv::yubikey(), 3043)] {
        let card = piv::card(options);
        let mut token = piv::open(&card);
        assert_eq!(token.condition().unwrap().largest_certificate, Some(largest));
        let mut session = log_in(&mut token).unwrap();
        let key = session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
        session.reserve(&id(0x9A), largest).unwrap();
        let refused = session.reserve(&id(0x9A), largest + 1);
        assert!(
            matches!(refused, Err(Error::CertificateTooLarge { length, largest: told }) if length == largest + 1 && told == largest)
        );
        let compressible = certificate_of(&key, largest + 500);
        assert!(compressible.len() > largest);
        session.write_certificate(&id(0x9A), "", &compressible).unwrap();
        assert!(session.read_certificate(&id(0x9A)).unwrap() == Some(compressible.clone()));
        // What is there is as long as the one that is to come, or nobody can tell.
        session.reserve(&id(0x9A), 100).unwrap();
        drop(session);
        assert!(token.public_objects().unwrap()[0].certificate == Some(compressible));
    }
}

#[test]
fn a_full_card_is_found_full_before_anybody_is_asked() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    let key = session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
    session.pause();
    card.set_dial("full=600".parse().unwrap());
    assert!(matches!(session.reserve(&id(0x9A), 1500), Err(Error::Full)));
    let certificate = certificate_of(&key, 1500);
    assert!(matches!(session.write_certificate(&id(0x9A), "", &certificate), Err(Error::Full)));
    assert!(session.read_certificate(&id(0x9A)).unwrap().is_none());
    assert!(session.holds(&id(0x9A), &key).unwrap());
}

#[test]
fn the_doctor_is_told_of_the_chuid() {
    let expires = |options| piv::open(&piv::card(options)).condition().unwrap().card_identifier;
    assert_eq!(expires(piv::yubikey()), CardIdentifier::Absent);
    assert!(matches!(expires(piv::plain()), CardIdentifier::Present { expires: Some(_) }));
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    token.initialise(Admin::Key(&piv::admin_key())).unwrap();
    let CardIdentifier::Present { expires: Some(date) } = token.condition().unwrap().card_identifier else { panic!() };
    assert_eq!(date.to_string(), "2099-12-31");
}

#[test]
fn what_needs_the_administrator_says_so() {
    let card = piv::card(piv::yubikey());
    let mut token = piv::open(&card);
    let key = {
        let mut session = log_in(&mut token).unwrap();
        let key = session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
        session.write_certificate(&id(0x9A), "", &certificate_for(&key, "x")).unwrap();
        key
    };
    card.forget_headers();
    let pin = pin(piv::PIN);
    let mut session = token.log_in(cardwright::token::Credentials::user(&pin, LastTry::Keep)).unwrap();
    card.forget_headers();
    assert!(matches!(session.generate(&order(0x9C, KeyAlgorithm::P256)), Err(Error::AdminNeeded)));
    assert!(matches!(session.write_certificate(&id(0x9A), "", &certificate_for(&key, "y")), Err(Error::AdminNeeded)));
    assert!(matches!(session.delete(&id(0x9A)), Err(Error::AdminNeeded)));
    assert!(matches!(session.reserve(&id(0x9A), 100), Err(Error::AdminNeeded)));
    assert_eq!(card.headers().len(), 0, "nothing was sent");
    drop(session);
    let mut session = administrate(&mut token).unwrap();
    let refused = session.sign(&id(0x9A), cardwright::pkix::SignatureAlgorithm::EcdsaSha256, b"m");
    assert!(matches!(refused, Err(Error::UserNeeded)));
    assert!(session.holds(&id(0x9A), &key).unwrap(), "metadata tell without the PIN");
    session.write_certificate(&id(0x9A), "", &certificate_for(&key, "y")).unwrap();
    assert!(session.delete(&id(0x9A)).unwrap() > 0);
}
