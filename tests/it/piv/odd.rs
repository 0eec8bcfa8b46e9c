//! Objects and answers that are odd but legal, broken, or half written: each is what it is, and nothing else stops.

use cardwright::iso7816::tlv::write;
use cardwright::pkix::{KeyAlgorithm, PublicKey, SignatureAlgorithm};
use cardwright::token::{CardIdentifier, Credentials, Error, KeyId, KeyWish, LastTry, Oddity, Session, Token, Tries};
use cardwright::virtual_card::{PivOptions, SharedCard, VirtualCard};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;

use super::{id, log_in, order, pin};
use crate::malice::cards::Forged;
use crate::support::certificates::certificate_for;
use crate::support::piv;

const GARBAGE: &[u8] = include_bytes!("../../data/piv/obj-garbage.bin");
const GZIP: &[u8] = include_bytes!("../../data/piv/obj-gz01.bin");
const NO_LRC: &[u8] = include_bytes!("../../data/piv/obj-nolrc.bin");

/// The objects of 9A, 9C, 9D, 9E and 82.
const AUTHENTICATION: u32 = 0x5FC105;
const SIGNATURE: u32 = 0x5FC10A;
const MANAGEMENT: u32 = 0x5FC10B;
const CARD: u32 = 0x5FC101;
const RETIRED: u32 = 0x5FC10D;
const CHUID: u32 = 0x5FC102;
const CAPABILITIES: u32 = 0x5FC107;
const HISTORY: u32 = 0x5FC10C;

fn slot(card: impl VirtualCard + 'static) -> SharedCard {
    SharedCard::new(Box::new(card))
}

/// What is listed: place, whether a certificate is shown, what is odd.
fn listed(card: &SharedCard) -> Vec<(u8, bool, Option<Oddity>)> {
    let stored = piv::open(card).public_objects().unwrap();
    stored.iter().map(|it| (it.id.0[0], it.certificate.is_some(), it.odd)).collect()
}

/// A card that gives `answer` to commands beginning with `command`.
fn answering(options: PivOptions, command: &'static str, answer: Vec<u8>) -> SharedCard {
    let command = hex::decode(command).unwrap();
    let card = Box::new(cardwright::virtual_card::PivCard::new(options).unwrap());
    Forged::slot(card, move |asked, card| {
        asked.starts_with(&command).then(|| {
            // It does what it is asked, and answers as it likes.
            card.transmit(asked);
            answer.clone()
        })
    })
}

fn ok(data: &[u8]) -> Vec<u8> {
    [data, &[0x90, 0x00]].concat()
}

fn wish(decrypts_only: bool) -> KeyWish {
    KeyWish { name: vec![1], index: 0, decrypts_only, supersedes: vec![] }
}

#[test]
fn each_object_is_listed_as_what_it_is() {
    // A card that tells metadata tells as well that there is no key beside a certificate.
    for (options, bare) in [(piv::yubikey(), Some(Oddity::NoKey)), (piv::plain(), None)] {
        let half = &NO_LRC[..200];
        let objects =
            [(AUTHENTICATION, GARBAGE), (SIGNATURE, NO_LRC), (MANAGEMENT, GZIP), (CARD, half), (RETIRED, GARBAGE)];
        let card = slot(piv::holding(options, &objects));
        let cut = Some(Oddity::CutOff);
        assert_eq!(
            listed(&card)[..5],
            [(0x9A, false, cut), (0x9C, true, bare), (0x9D, true, bare), (0x9E, false, cut), (0x82, false, cut)]
        );
        let mut token = piv::open(&card);
        token.condition().unwrap();
        let mut session = log_in(&mut token).unwrap();
        let found = session.list().unwrap();
        assert_eq!(found.len(), 5);
        assert!(session.find(&id(0x9A)).unwrap().is_some_and(|it| it.certificate.is_none()));
        assert_eq!(session.read_certificate(&id(0x9A)).unwrap(), None);
    }
}

/// What is there is not overwritten unasked, and can be replaced.
#[test]
fn an_unreadable_object_holds_its_place_until_it_is_replaced() {
    for options in [piv::yubikey(), piv::plain()] {
        let card = slot(piv::holding(options, &[(AUTHENTICATION, GARBAGE)]));
        let mut token = piv::open(&card);
        let placed = token.place(&wish(false)).unwrap();
        assert!(placed.occupied && placed.id == id(0x9A));
        let mut session = log_in(&mut token).unwrap();
        let taken = session.generate(&order(0x9A, KeyAlgorithm::P256));
        assert!(matches!(taken, Err(Error::KeyIdTaken(_))), "{taken:?}");
        enroll_in_place(session.as_mut());
        drop(session);
        assert_eq!(listed(&card), [(0x9A, true, None)]);
    }
    let card = slot(piv::holding(piv::yubikey(), &[(AUTHENTICATION, GARBAGE)]));
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    assert_eq!(session.delete(&id(0x9A)).unwrap(), 1);
    drop(session);
    assert_eq!(listed(&card), []);
}

fn enroll_in_place(session: &mut dyn Session) -> PublicKey {
    let replacing = cardwright::token::KeyOrder { replace: true, ..order(0x9A, KeyAlgorithm::P256) };
    session.reserve(&id(0x9A), 900).unwrap();
    let key = session.generate(&replacing).unwrap();
    let certificate = certificate_for(&key, "somebody");
    session.write_certificate(&id(0x9A), "", &certificate).unwrap();
    assert_eq!(session.read_certificate(&id(0x9A)).unwrap(), Some(certificate));
    key
}

#[test]
fn room_that_was_reserved_and_never_used_is_free() {
    for options in [piv::yubikey(), piv::plain()] {
        let left = [write(0x70, &[0; 1100]), write(0x71, &[0]), write(0xFE, &[])].concat();
        let card = slot(piv::holding(options, &[(AUTHENTICATION, &left)]));
        assert_eq!(listed(&card), [(0x9A, false, Some(Oddity::Reserved))]);
        let mut token = piv::open(&card);
        assert!(!token.place(&wish(false)).unwrap().occupied);
        let mut session = log_in(&mut token).unwrap();
        session.reserve(&id(0x9A), 900).unwrap();
        assert!(session.find(&id(0x9A)).unwrap().is_none());
        session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
    }
}

/// A card pulled while it wrote may keep the beginning of the object.
#[test]
fn a_certificate_that_was_half_written_is_written_again() {
    for options in [piv::yubikey(), piv::plain()] {
        let card = piv::card(options);
        let mut token = piv::open(&card);
        let key = log_in(&mut token).unwrap().generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
        let certificate = certificate_for(&key, "somebody");
        let half = [write(0x70, &certificate), write(0x71, &[0])].concat()[..150].to_vec();
        let state = card.with_card(|card| card.state()).unwrap();
        let mut state: serde_json::Value = serde_json::from_slice(&state).unwrap();
        state["content"]["objects"][AUTHENTICATION.to_string()] = hex::encode(half).into();
        let card = slot(cardwright::virtual_card::PivCard::from_state(state.to_string().as_bytes()).unwrap());
        assert_eq!(listed(&card), [(0x9A, false, Some(Oddity::CutOff))]);
        let mut token = piv::open(&card);
        let mut session = log_in(&mut token).unwrap();
        assert!(session.holds(&id(0x9A), &key).unwrap());
        assert_eq!(session.read_certificate(&id(0x9A)).unwrap(), None);
        session.write_certificate(&id(0x9A), "", &certificate).unwrap();
        assert_eq!(session.read_certificate(&id(0x9A)).unwrap(), Some(certificate));
    }
}

/// Whoever knows the card by its CHUID must look again, even if the write was cut off in the middle.
#[test]
fn a_cut_between_chuid_and_certificate_leaves_no_new_certificate_under_an_old_chuid() {
    let read = |card: &SharedCard, object: &str| {
        card.with_card(|card| {
            card.reset();
            card.transmit(&hex::decode("00A4040005A000000308").unwrap());
            card.transmit(&hex::decode(format!("00CB3FFF055C035FC1{object}00")).unwrap())
        })
        .unwrap()
    };
    for fault in ["remove", "remove-after"] {
        for at in 1..12 {
            let card = piv::card(piv::plain());
            let mut token = piv::open(&card);
            let mut session = log_in(&mut token).unwrap();
            let key = session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
            session.pause();
            let before = read(&card, "02");
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            let done = session.write_certificate(&id(0x9A), "", &certificate_for(&key, "somebody"));
            drop(session);
            card.set_dial(cardwright::virtual_card::Dial::default());
            card.insert_again();
            let written = read(&card, "05").len() > 2;
            assert!(done.is_err() || written, "{fault}@{at}");
            assert!(!written || read(&card, "02") != before, "{fault}@{at}: nobody would look again");
        }
    }
}

#[test]
fn what_names_the_card_and_cannot_be_read_names_nothing() {
    let broken: [&[u8]; 4] = [&[0xAA; 40], &[0x30, 0x80, 0, 0], &[0xF0, 0x03, 1, 2, 3], &[0x34, 0x10, 1]];
    for object in broken {
        let options = PivOptions { guid: Some(*b"no number in row"), ..PivOptions::default() };
        let card = slot(piv::holding(options, &[(CAPABILITIES, object), (HISTORY, object)]));
        assert!(piv::open(&card).identity().is_named(), "by the CHUID");
        assert_eq!(listed(&card), []);
        let card = slot(piv::holding(PivOptions::default(), &[(CHUID, object), (SIGNATURE, NO_LRC)]));
        let mut token = piv::open(&card);
        assert_eq!(token.identity().serial, "");
        assert_eq!(token.condition().unwrap().card_identifier, CardIdentifier::Broken);
        assert_eq!(listed(&card), [(0x9C, true, None)]);
    }
}

/// What a card of another make answers, and tells nothing by.
#[test]
fn answers_in_a_way_of_their_own_tell_nothing_and_stop_nothing() {
    let answers = [
        ("00CB3FFF055C035FC105", ok(&[])),
        ("00CB3FFF055C035FC105", vec![0x69, 0x82]),
        ("00CB3FFF055C035FC107", ok(&[])),
        ("00CB3FFF055C035FC102", vec![0x6A, 0x80]),
        ("00F80000", ok(&[1])),
        ("00F80000", vec![0x67, 0x00]),
        ("00FD0000", ok(&[5, 7])),
        ("00FD0000", ok(&[5, 7, 1, 0])),
        ("00FD0000", vec![0x6A, 0x86]),
        ("00F70080", ok(&[0x05, 0x01, 0x01])),
        ("00F70081", ok(&[0x01, 0x01])),
        ("00F7009B", ok(&[0x02, 0x01, 0x01])),
        ("00F7009B", ok(&[0x05, 0x81, 0x01, 0x01])),
        ("00F7009A", ok(&[0x01, 0x01, 0x11])),
        ("00A404", ok(&[0x61, 0x7F, 0x4F])),
        ("00A404", ok(&[0x6F, 0x00])),
    ];
    for (command, answer) in answers {
        let shown = format!("{command}: {}", hex::encode(&answer));
        // The CHUID names the card where the serial does not.
        let card = answering(PivOptions { guid: Some(*b"no number in row"), ..piv::yubikey() }, command, answer);
        let mut token = piv::open(&card);
        assert!(token.counters().is_ok_and(|it| it.user == Tries::Left(3)), "{shown}");
        token.public_objects().unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        token.condition().unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        token.place(&wish(false)).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
        if !command.starts_with("00CB3FFF055C035FC102") {
            let mut session = log_in(&mut token).unwrap_or_else(|error| panic!("{shown}: {error:?}"));
            assert!(session.list().is_ok(), "{shown}");
        }
    }
}

#[test]
fn five_templates_of_algorithms_tell_five_algorithms() {
    let one = |algorithm: u8| write(0xAC, &[write(0x80, &[algorithm]), write(0x06, &[0])].concat());
    let select =
        write(0x61, &[write(0x4F, &[0, 0, 0x10, 0]), [0x07, 0x11, 0x14, 0x0A, 0x0C].map(one).concat()].concat());
    let card = answering(piv::plain(), "00A404", ok(&select));
    let algorithms = piv::open(&card).condition().unwrap().algorithms.unwrap();
    assert_eq!(algorithms, [KeyAlgorithm::Rsa2048, KeyAlgorithm::P256, KeyAlgorithm::P384]);
}

/// What decides about a secret is not guessed: with a PUK whose counter is garbled, no try is spent.
#[test]
fn a_garbled_counter_is_shown_as_untold_and_spends_no_try() {
    for garbled in [&[0x01, 0x01, 0xFF, 0x06, 0x01, 0x03][..], &[0x01, 0x01, 0xFF, 0x06, 0x03, 3, 3, 3], &[0x06]] {
        let card = answering(piv::yubikey(), "00F70081", ok(garbled));
        let mut token = piv::open(&card);
        assert_eq!(token.counters().unwrap().puk, Some(Tries::Untold));
        card.forget_headers();
        let changed = token.change_puk(&piv::puk(piv::PUK), &piv::puk("87654321"), LastTry::Keep);
        assert!(matches!(changed, Err(Error::Device { operation: "GET METADATA", .. })), "{changed:?}");
        assert!(card.headers().iter().all(|header| header[1] != 0x24));
        // The PIN's own counter is asked of the card in the standard's way.
        let card = answering(piv::yubikey(), "00F70080", ok(garbled));
        let mut token = piv::open(&card);
        assert_eq!(token.counters().unwrap().user, Tries::Left(3));
        token.log_in(Credentials::user(&pin(piv::PIN), LastTry::Keep)).map(drop).unwrap();
    }
}

/// A key or signature with lengths longer than need be is one all the same.
#[test]
fn long_lengths_and_padding_are_read_in_keys_and_signatures() {
    let card =
        Forged::slot(Box::new(cardwright::virtual_card::PivCard::new(piv::yubikey()).unwrap()), |asked, card| {
            let generates = asked.starts_with(&[0x00, 0x47]);
            (generates || asked.starts_with(&[0x00, 0x87, 0x11])).then(|| {
                let answer = card.transmit(asked);
                let value = |data: &[u8]| data[if generates { 3 } else { 2 }..data.len() - 2].to_vec();
                let inner = value(&answer);
                let tag: &[u8] = if generates { &[0x7F, 0x49] } else { &[0x7C] };
                ok(&[tag, &[0x82, 0x00, inner.len() as u8], &inner, &[0x00, 0x00]].concat())
            })
        });
    let mut token = piv::open(&card);
    let mut session = log_in(&mut token).unwrap();
    let key = session.generate(&order(0x9A, KeyAlgorithm::P256)).unwrap();
    let signature = session.sign(&KeyId(vec![0x9A]), SignatureAlgorithm::EcdsaSha256, b"m").unwrap();
    key.verify(SignatureAlgorithm::EcdsaSha256, b"m", &signature).unwrap();
}

#[test]
fn certificates_are_read_through_whatever_packs_them() {
    let der = &NO_LRC[4..392];
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(der).unwrap();
    let packed = packer.finish().unwrap();
    let object = |value: &[u8], info: u8| [write(0x70, value), write(0x71, &[info]), write(0xFE, &[])].concat();
    for (content, odd) in [
        (object(&packed, 0x01), None),
        (object(&packed, 0x80), None),
        (object(&packed, 0x00), Some(Oddity::CompressionMistold)),
        (object(der, 0x01), Some(Oddity::CompressionMistold)),
        (object(&[der, &[0; 20]].concat(), 0x00), Some(Oddity::BytesAfterEnd)),
        ([&[0x00, 0xFF][..], &object(der, 0x00), &[0x00]].concat(), None),
    ] {
        let card = slot(piv::holding(piv::plain(), &[(AUTHENTICATION, &content), (SIGNATURE, NO_LRC)]));
        assert_eq!(listed(&card), [(0x9A, true, odd), (0x9C, true, None)]);
        assert_eq!(piv::open(&card).public_objects().unwrap()[0].certificate.as_deref(), Some(der));
    }
}
