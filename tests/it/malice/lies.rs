//! Cards that answer in form and lie in substance: bombs, keys that are none, counters and challenges of their own.

use cardwright::gids::GidsToken;
use cardwright::iso7816::tlv;
use cardwright::piv::PivToken;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, SignatureAlgorithm, Signer};
use cardwright::token::{
    Admin, CardIdentifier, Credentials, Error, KeyOrder, KeyWish, LastTry, Oddity, SecretKind, Session, Token, Tries,
    User,
};
use cardwright::virtual_card::{SharedCard, VirtualCard};
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::Write;

use super::cards::{Forged, Kind, PIN, RSA, Said, admin_key};
use crate::support::certificates::certificate_for;
use crate::support::errors::causes;
use crate::support::piv::pin;

/// Far more than any certificate, and next to nothing when packed.
const BOMB: usize = 8 << 20;

fn ok(data: &[u8]) -> Vec<u8> {
    [data, &[0x90, 0x00]].concat()
}

fn word(word: u16) -> Vec<u8> {
    word.to_be_bytes().to_vec()
}

/// A card that answers commands with this beginning in its own way; long answers come whole, as over T=1 with
/// extended length.
fn lying(kind: Kind, lies: Vec<(&'static str, Vec<u8>)>) -> SharedCard {
    let lies: Vec<_> = lies.into_iter().map(|(command, answer)| (hex::decode(command).unwrap(), answer)).collect();
    // Chained blocks are put together before they are looked at; what is looked for fits into the first.
    Forged::slot(kind.card(), move |command, _: &mut dyn VirtualCard| {
        let plain = shortened(command);
        lies.iter().find(|(beginning, _)| plain.starts_with(beginning)).map(|(_, answer)| answer.clone())
    })
}

/// The command with a length field of one byte, so that it is recognised at extended length too.
fn shortened(command: &[u8]) -> Vec<u8> {
    match command {
        [cla, ins, p1, p2, 0x00, _, short, data @ ..] if !data.is_empty() => {
            [&[*cla, *ins, *p1, *p2, *short], data].concat()
        }
        _ => command.to_vec(),
    }
}

fn open_piv(slot: &SharedCard) -> Result<PivToken, Error> {
    PivToken::open(Said::default().card(slot))
}

fn open_gids(slot: &SharedCard) -> Result<GidsToken, Error> {
    GidsToken::open(Said::default().card(slot))
}

fn log_in<'a>(token: &'a mut dyn Token) -> Result<Box<dyn Session + 'a>, Error> {
    let key = admin_key();
    let user = Some(User::Pin(&pin(PIN), LastTry::Keep));
    token.log_in(Credentials { user, admin: Some(Admin::Key(&key)) })
}

/// The operation that failed and everything that was said of it.
#[track_caller]
fn device<T>(result: Result<T, Error>) -> (&'static str, String) {
    match result.err() {
        Some(Error::Device { operation, source }) => (operation, causes(source.as_ref())),
        other => panic!("{other:?} is no failure of the card"),
    }
}

#[test]
fn a_gzip_bomb_in_a_certificate_object_does_not_go_off() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&vec![0; BOMB]).unwrap();
    let packed = packer.finish().unwrap();
    let content = [tlv::write(0x70, &packed), tlv::write(0x71, &[0x01]), tlv::write(0xFE, &[])].concat();
    let slot = lying(Kind::YubiKey, vec![("00CB3FFF055C035FC105", ok(&tlv::write(0x53, &content)))]);
    let listed = open_piv(&slot).unwrap().public_objects().unwrap();
    let odd: Vec<_> = listed.iter().map(|it| (it.certificate.is_some(), it.odd)).collect();
    assert_eq!(odd, [(false, Some(Oddity::BrokenCompression))]);
}

#[test]
fn a_zlib_bomb_in_a_certificate_file_does_not_go_off() {
    let honest = Kind::Gids.slot();
    let mut token = open_gids(&honest).unwrap();
    let order = Kind::Gids.order();
    let mut session = log_in(&mut token).unwrap();
    session.import(&order, &RSA).unwrap();
    session.write_certificate(&order.id, "", &certificate_for(RSA.public_key(), "somebody")).unwrap();
    drop(session);
    let mut packer = ZlibEncoder::new(vec![0x01, 0x00, 0xFF, 0xFF], Compression::best());
    packer.write_all(&vec![0x30; BOMB]).unwrap();
    let file = packer.finish().unwrap();
    let bomb = ok(&tlv::write(0xDF24, &file));
    let state = honest.with_card(|card| card.state()).unwrap();
    let slot = Forged::slot(Kind::Gids.restored(&state), move |command, _| {
        shortened(command).starts_with(&[0x00, 0xCB, 0xA0, 0x10, 0x04, 0x5C, 0x02, 0xDF, 0x24]).then(|| bomb.clone())
    });
    let listed = open_gids(&slot).unwrap().public_objects().unwrap();
    let odd: Vec<_> = listed.iter().map(|it| (it.certificate.is_some(), it.odd)).collect();
    assert_eq!(odd, [(false, Some(Oddity::BrokenCompression))]);
}

#[test]
fn a_container_map_of_absurd_size_is_read_within_bounds_and_not_written() {
    let valid = |flags: u8| [&[0x41, 0x00].repeat(39)[..], &[0, 0, flags, 0, 0, 8, 0, 0]].concat();
    for (records, odd) in [(128, 0), (750, 0), (0, 1), (1, 85)] {
        let map = [valid(3).repeat(records), vec![0; odd]].concat();
        let slot = lying(Kind::Gids, vec![("00CBA010045C02DF23", ok(&tlv::write(0xDF23, &map)))]);
        let mut token = open_gids(&slot).unwrap();
        slot.forget_headers();
        let listed = token.public_objects().unwrap();
        assert_eq!(listed.last().unwrap().odd, Some(Oddity::BrokenDirectory));
        assert!(listed.len() <= 128 && slot.headers().len() <= 260, "{records} records");
        // What was not understood whole is not written over.
        if records > 127 {
            let (operation, text) = device(log_in(&mut token).unwrap().import(&Kind::Gids.order(), &RSA));
            assert_eq!((operation, text.contains("cmapfile")), ("mscp\\cmapfile", true), "{text}");
        }
    }
    // As many as may be, each of a key that is not there: two commands for each at most.
    let map = valid(3).repeat(127);
    let slot = lying(Kind::Gids, vec![("00CBA010045C02DF23", ok(&tlv::write(0xDF23, &map)))]);
    let mut token = open_gids(&slot).unwrap();
    slot.forget_headers();
    let listed = token.public_objects().unwrap();
    assert_eq!((listed.len(), listed.iter().any(|key| key.has_private_key)), (127, false));
    assert!(slot.headers().len() <= 260, "{}", slot.headers().len());
    let mut session = log_in(&mut token).unwrap();
    assert!(matches!(session.import(&Kind::Gids.order(), &RSA), Err(Error::Full)));
}

#[test]
fn a_chuid_of_64_kib_names_nobody_and_breaks_nothing() {
    let filled = [
        tlv::write(0x30, &[0; 25]),
        tlv::write(0x34, &uuid::Uuid::new_v4().into_bytes()),
        tlv::write(0x35, b"20991231"),
    ]
    .concat();
    let endless = tlv::write(0x53, &[filled.clone(), tlv::write(0x3E, &vec![0xAA; 65_400])].concat());
    let nonsense = tlv::write(0x53, &vec![0x30; 65_500]);
    for (chuid, found) in [(endless, true), (nonsense, false)] {
        let slot = lying(Kind::PlainPiv, vec![("00CB3FFF055C035FC102", ok(&chuid))]);
        let mut token = open_piv(&slot).unwrap();
        assert_eq!(token.identity().serial.is_empty(), !found);
        let told = token.condition().unwrap().card_identifier;
        assert_eq!(matches!(told, CardIdentifier::Present { .. }), found, "{told:?}");
        assert_eq!(log_in(&mut token).err().is_none(), found);
    }
    // More than was asked for is no answer.
    let slot = lying(Kind::PlainPiv, vec![("00CB3FFF055C035FC102", vec![0x30; 70_000])]);
    device(open_piv(&slot));
}

/// GENERATE ASYMMETRIC KEY PAIR answers something that is no key, or not the key that was made.
#[test]
fn a_public_key_that_is_none_is_refused() {
    let point = |bytes: &[u8]| tlv::write(0x7F49, &tlv::write(0x86, bytes));
    let rsa = |modulus: &[u8], exponent: &[u8]| {
        tlv::write(0x7F49, &[tlv::write(0x81, modulus), tlv::write(0x82, exponent)].concat())
    };
    let other = MemoryKey::generate(KeyAlgorithm::P384).unwrap();
    let off_curve = [&[0x04][..], &[0x11; 64]].concat();
    let compressed = [&[0x02][..], &[0x11; 32]].concat();
    let curve = [
        vec![],
        point(&[]),
        point(&off_curve),
        point(&[&[0x04][..], &[0x00; 64]].concat()),
        point(&[&[0x04][..], &[0xFF; 64]].concat()),
        point(&compressed),
        point(&[0x00]),
        point(&vec![0x04; 60_000]),
        point(other.public_key().subject_public_key()),
        rsa(&[0x11; 256], &[1, 0, 1]),
        tlv::write(0x53, &off_curve),
    ];
    let modulus = [&[0xC1][..], &[0x11; 255]].concat();
    let moduli = [
        rsa(&[], &[]),
        rsa(&[0; 256], &[1, 0, 1]),
        rsa(&[0xC1; 256], &[1, 0, 1]),
        rsa(&modulus, &[]),
        rsa(&modulus, &[0]),
        rsa(&modulus, &[1]),
        rsa(&modulus, &[2]),
        rsa(&modulus[..128], &[1, 0, 1]),
        rsa(&vec![0xC1; 60_000], &[1, 0, 1]),
        rsa(&modulus, &vec![0xC1; 60_000]),
        point(&off_curve),
    ];
    let answers = curve.map(|it| (KeyAlgorithm::P256, it)).into_iter();
    for (algorithm, answer) in answers.chain(moduli.map(|it| (KeyAlgorithm::Rsa2048, it))) {
        let shown = hex::encode(&answer[..answer.len().min(12)]);
        let slot = lying(Kind::YubiKey, vec![("0047009A", ok(&answer))]);
        let mut token = open_piv(&slot).unwrap();
        let mut session = log_in(&mut token).unwrap();
        let order = KeyOrder { algorithm, ..Kind::YubiKey.order() };
        match session.generate(&order) {
            Err(error) => assert_eq!(device::<()>(Err(error)).0, "GENERATE ASYMMETRIC KEY PAIR", "{shown}"),
            // A number that could be a modulus is found out by the first signature.
            Ok(key) => {
                assert!(algorithm == KeyAlgorithm::Rsa2048 && key.kind().is_rsa(), "{shown} was taken");
                assert!(session.sign(&order.id, SignatureAlgorithm::RsaPkcs1Sha256, b"m").is_err(), "{shown}");
            }
        }
    }
}

/// The card tells the key of somebody else as the one it made: nothing is signed under it.
#[test]
fn a_key_of_somebody_else_is_found_out_by_its_first_signature() {
    let others = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    let answer = tlv::write(0x7F49, &tlv::write(0x86, others.public_key().subject_public_key()));
    let slot = Forged::slot(Kind::YubiKey.card(), move |command, card| {
        command.starts_with(&[0x00, 0x47]).then(|| {
            card.transmit(command);
            ok(&answer)
        })
    });
    let mut token = open_piv(&slot).unwrap();
    let mut session = log_in(&mut token).unwrap();
    let order = Kind::YubiKey.order();
    assert!(session.generate(&order).unwrap() == *others.public_key());
    let (operation, text) = device(session.sign(&order.id, SignatureAlgorithm::EcdsaSha256, b"m"));
    assert_eq!(operation, "GENERAL AUTHENTICATE");
    assert!(text.contains("does not verify"), "{text}");
}

#[test]
fn metadata_that_lies_is_told_or_lived_with() {
    let pin_of = |left: &[u8]| [&[0x01, 0x01, 0xFF, 0x05, 0x01, 0x00, 0x06, left.len() as u8][..], left].concat();
    let told = |metadata: Vec<u8>| {
        let slot = lying(Kind::YubiKey, vec![("00F70080", ok(&metadata))]);
        open_piv(&slot).unwrap().counters().map(|counters| counters.user)
    };
    assert_eq!(told(pin_of(&[0, 255])).unwrap(), Tries::Left(255));
    assert_eq!(told(pin_of(&[255, 0])).unwrap(), Tries::Locked);
    // What cannot be read tells nothing, and the card is asked in the standard's way.
    for odd in [&[][..], &[3], &[3, 3, 3]] {
        assert_eq!(told(pin_of(odd)).unwrap(), Tries::Left(3));
    }
    assert_eq!(told([pin_of(&[3, 3]), pin_of(&[0, 0])].concat()).unwrap(), Tries::Left(3));
    // Tries without end: a wrong PIN is sent once a call all the same.
    let slot = lying(Kind::YubiKey, vec![("00F70080", ok(&pin_of(&[3, 255])))]);
    let mut token = open_piv(&slot).unwrap();
    slot.forget_headers();
    let refused = token.log_in(Credentials::user(&pin(super::cards::WRONG), LastTry::Keep)).err();
    assert!(matches!(refused, Some(Error::SecretRefused { secret: SecretKind::Pin, left: Tries::Left(2) })));
    assert_eq!(slot.headers().iter().filter(|header| header[1] == 0x20).count(), 1);

    // Algorithms nobody has heard of: of the management key, and of a key.
    for metadata in ["010142", "0101FF", "010100"] {
        let slot = lying(Kind::YubiKey, vec![("00F7009B", ok(&hex::decode(metadata).unwrap()))]);
        let refused = log_in(&mut open_piv(&slot).unwrap()).map(drop);
        assert!(refused.is_err(), "{metadata}");
        assert!(!matches!(refused, Err(Error::Locked { .. } | Error::Removed)), "{metadata}: {refused:?}");
    }
    for metadata in ["010142 0402 8600", "010111 0402 8600", "010111 0400", "0101110443864104"] {
        let metadata = hex::decode(metadata.replace(' ', "")).unwrap();
        let slot = lying(Kind::YubiKey, vec![("00F7009A", ok(&metadata))]);
        let mut token = open_piv(&slot).unwrap();
        let placed = token.place(&KeyWish { name: vec![1], index: 0, decrypts_only: false, supersedes: vec![] });
        assert!(placed.is_ok_and(|it| it.replaces.is_none()) || metadata[2] == 0x11);
    }
}

/// Nothing is encrypted under the admin key but one block of the card's own cipher.
#[test]
fn a_challenge_of_another_length_is_not_answered() {
    let challenge = |length: usize| ok(&tlv::write(0x7C, &tlv::write(0x81, &vec![0x5A; length])));
    for length in [0, 1, 7, 8, 9, 15, 17, 24, 32, 256, 65_000] {
        let slot = lying(Kind::YubiKey, vec![("00870A9B047C028100", challenge(length))]);
        let mut token = open_piv(&slot).unwrap();
        assert_eq!(device(log_in(&mut token).map(drop)).0, "GENERAL AUTHENTICATE", "{length}");
        assert_eq!(slot.headers().iter().filter(|header| header[1] == 0x87).count(), 1, "{length}");
    }
    for length in [0, 1, 7, 9, 15, 17, 24, 32, 256, 65_000] {
        let slot = lying(Kind::Gids, vec![("00870000047C028100", challenge(length))]);
        let mut token = open_gids(&slot).unwrap();
        let key = admin_key();
        let set = token.set_pin(Admin::Key(&key), &pin(PIN), LastTry::Keep);
        assert_eq!(device(set).0, "GENERAL AUTHENTICATE", "{length}");
        assert_eq!(slot.headers().iter().filter(|header| header[1] == 0x87).count(), 1, "{length}");
    }
    for kind in [Kind::YubiKey, Kind::Gids] {
        let beginning = if kind == Kind::Gids { "00870000047C028100" } else { "00870A9B047C028100" };
        for answer in [vec![0x41; 65_535 + 2], word(0x6100), ok(&[0x7C, 0x82, 0xFF, 0xFF]), ok(&[])] {
            let slot = lying(kind, vec![(beginning, answer)]);
            let key = admin_key();
            let refused = match kind {
                Kind::Gids => open_gids(&slot).unwrap().set_pin(Admin::Key(&key), &pin(PIN), LastTry::Keep),
                _ => log_in(&mut open_piv(&slot).unwrap()).map(drop),
            };
            assert_eq!(device(refused).0, "GENERAL AUTHENTICATE");
        }
    }
}
