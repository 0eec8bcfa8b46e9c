//! Against the virtual GIDS card, which reads the specification on its own.

use crate::support::certificates::certificate_for;
use crate::support::gids::{
    ADMIN_KEY, KEY, PIN, SERIAL, admin_key, blank, id, log_in, object, open, order, pin, ready,
};
use cardwright::gids::GidsToken;
use cardwright::iso7816::{Card, Protocol};
use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm, Signer};
use cardwright::token::{Error, KeyId, KeyOrder, KeyWish, Session, Token, Tries};
use cardwright::virtual_card::{Dial, GidsOptions, SharedCard};

/// The counters of containers and files in `cardcf`.
fn freshness(card: &SharedCard) -> (u16, u16) {
    let bytes = object(card, 0xA010, 0xDF22);
    let [.., c0, c1, f0, f1] = bytes.as_slice() else { panic!("{bytes:?}") };
    (u16::from_le_bytes([*c0, *c1]), u16::from_le_bytes([*f0, *f1]))
}

#[test]
fn a_blank_card_is_given_its_first_use() {
    let card = blank(GidsOptions::default());
    assert_eq!(open(&card).identity().serial, "");
    let mut token = GidsToken::initialise(Card::new(card.channel()), &admin_key(ADMIN_KEY), &pin(PIN), SERIAL).unwrap();
    assert_eq!(token.identity().serial, hex::encode(SERIAL));
    assert_eq!(token.counters().unwrap().user, Tries::Left(3));
    assert!(token.public_objects().unwrap().is_empty());
    assert!(log_in(&mut token).list().unwrap().is_empty());
    let again = GidsToken::initialise(Card::new(card.channel()), &admin_key(ADMIN_KEY), &pin(PIN), SERIAL);
    assert!(matches!(again.err(), Some(Error::Device { operation: "initialisation", .. })));
}

#[test]
fn a_first_use_that_was_cut_off_anywhere_is_completed() {
    let first_use =
        |card: &SharedCard| GidsToken::initialise(Card::new(card.channel()), &admin_key(ADMIN_KEY), &pin(PIN), SERIAL);
    let card = blank(GidsOptions::default());
    first_use(&card).unwrap();
    let commands = u32::try_from(card.headers().len()).unwrap();
    assert!(commands < 40, "{commands}");
    for fault in ["remove", "remove-after"] {
        for at in 1..=commands {
            let card = blank(GidsOptions::default());
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            let cut = first_use(&card).err().unwrap();
            assert!(matches!(cut, Error::Removed), "{fault}@{at}: {cut:?}");
            card.set_dial(Dial::default());
            card.insert_again();
            match first_use(&card) {
                Ok(_) => {}
                // It was the last command that was cut off, or the look at what it made.
                Err(error) => assert!(matches!(error, Error::Device { operation: "initialisation", .. }), "{error:?}"),
            }
            log_in(&mut open(&card));
        }
    }
}

fn keys_and_certificates(card: &SharedCard) {
    let token = &mut open(card);
    let mut session = log_in(token);
    assert!(session.find(&id(1)).unwrap().is_none());
    assert!(matches!(session.sign(&id(1), SignatureAlgorithm::RsaPkcs1Sha256, b"m"), Err(Error::NoSuchKey(_))));
    let made = session.generate(&order(1, false)).unwrap();
    assert_eq!(made.algorithm(), Some(KeyAlgorithm::Rsa2048));
    assert!(matches!(session.generate(&order(1, false)), Err(Error::KeyIdTaken(taken)) if taken == id(1)));
    assert!(session.holds(&id(1), &made).unwrap() && !session.holds(&id(1), KEY.public_key()).unwrap());
    assert!(!session.holds(&id(2), &made).unwrap());
    assert!(session.read_certificate(&id(1)).unwrap().is_none());
    let first = certificate_for(&made, "first");
    session.reserve(&id(1), first.len()).unwrap();
    assert!(session.read_certificate(&id(1)).unwrap().is_none());
    session.write_certificate(&id(1), "", &first).unwrap();
    assert!(session.read_certificate(&id(1)).unwrap() == Some(first.clone()));
    drop(session);

    // Everything is found again by a session that has seen nothing of it.
    let mut session = log_in(token);
    assert!(matches!(session.generate(&order(1, false)), Err(Error::KeyIdTaken(_))));
    let found = session.find(&id(1)).unwrap().unwrap();
    assert!(found.has_private_key && found.public_key.as_ref() == Some(&made));
    assert_eq!(found.label, "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01");
    assert!(found.certificate == Some(first.clone()));
    use SignatureAlgorithm as S;
    for algorithm in [S::RsaPkcs1Sha1, S::RsaPkcs1Sha256, S::RsaPkcs1Sha384, S::RsaPkcs1Sha512] {
        let signature = session.sign(&id(1), algorithm, b"message").unwrap();
        made.verify(algorithm, b"message", &signature).unwrap();
    }

    // Writing again is harmless; another certificate takes the first one's place.
    session.write_certificate(&id(1), "", &first).unwrap();
    let second = certificate_for(&made, "second");
    session.reserve(&id(1), second.len()).unwrap();
    assert!(session.read_certificate(&id(1)).unwrap() == Some(first.clone()));
    session.write_certificate(&id(1), "", &second).unwrap();
    assert!(session.read_certificate(&id(1)).unwrap() == Some(second.clone()));
    assert!(matches!(session.write_certificate(&id(9), "", &first), Err(Error::NoSuchKey(_))));

    session.import(&order(2, true), &KEY).unwrap();
    assert!(matches!(session.import(&order(2, true), &KEY), Err(Error::KeyIdTaken(_))));
    let signature = session.sign(&id(2), S::RsaPkcs1Sha256, b"message").unwrap();
    KEY.public_key().verify(S::RsaPkcs1Sha256, b"message", &signature).unwrap();
    let listed = session.list().unwrap();
    assert_eq!(listed.iter().map(|stored| stored.id.clone()).collect::<Vec<_>>(), [id(1), id(2)]);
    assert!(listed[0].certificate == Some(second) && listed[0].public_key.as_ref() == Some(&made));
    assert!(listed[1].certificate.is_none() && listed[1].has_private_key);
    drop(session);
    assert_eq!(token.public_objects().unwrap().len(), 2);

    let mut session = log_in(token);
    assert_eq!(session.delete(&id(1)).unwrap(), 2);
    assert!(session.find(&id(1)).unwrap().is_none());
    assert_eq!(session.delete(&id(1)).unwrap(), 0);
    assert_eq!(session.delete(&id(2)).unwrap(), 1);
    assert!(session.list().unwrap().is_empty());
}

#[test]
fn keys_and_certificates_are_kept() {
    keys_and_certificates(&ready(GidsOptions::default()));
}

#[test]
fn every_way_of_carrying_commands_will_do() {
    let short = GidsOptions { extended: false, ..GidsOptions::default() };
    keys_and_certificates(&ready(short));
    let t0 = GidsOptions { protocol: Protocol::T0, extended: false, ..GidsOptions::default() };
    keys_and_certificates(&ready(t0));
    let card = ready(GidsOptions::default());
    card.set_dial("blocks=100".parse().unwrap());
    keys_and_certificates(&card);
}

#[test]
fn a_card_that_wants_exact_lengths_is_asked_again_only_where_that_is_harmless() {
    let card = ready(GidsOptions::default());
    card.set_dial("exact-le".parse().unwrap());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    session.import(&order(1, false), &KEY).unwrap();
    session.sign(&id(1), SignatureAlgorithm::RsaPkcs1Sha256, b"message").unwrap();
    let der = certificate_for(KEY.public_key(), "someone");
    session.write_certificate(&id(1), "", &der).unwrap();
    assert!(session.list().unwrap()[0].certificate == Some(der));
    assert_eq!(session.delete(&id(1)).unwrap(), 2);
    drop(session);
    let sent = card.headers();
    assert_eq!(sent.iter().filter(|header| header[1] == 0x2A).count(), 1);
    assert!(sent.windows(2).all(|pair| pair[0] != pair[1] || [0xCB, 0xA4, 0xC0, 0xDB].contains(&pair[0][1])));
}

#[test]
fn a_card_that_takes_no_long_commands_says_so_and_stays_as_it_was() {
    let card = ready(GidsOptions { extended: false, ..GidsOptions::default() });
    card.set_dial("no-chaining".parse().unwrap());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    assert!(session.import(&order(1, false), &KEY).is_err());
    assert!(session.list().unwrap().is_empty());
}

#[test]
fn a_container_is_named_by_its_request_and_its_index() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let name = [id(1).0, vec![0x0A]].concat();
    let wish = KeyWish { name: name.clone(), index: 10, decrypts_only: true, supersedes: vec![] };
    let placement = token.place(&wish).unwrap();
    assert_eq!((&placement.id, placement.replaces, placement.occupied), (&KeyId(name), None, false));
    let mut session = log_in(&mut token);
    session.import(&KeyOrder { id: placement.id.clone(), ..order(0, true) }, &KEY).unwrap();
    let found = session.find(&placement.id).unwrap().unwrap();
    assert_eq!((found.id, found.label.as_str()), (placement.id, "5a5a5a5a-5a5a-5a5a-5a5a-5a5a5a5a5a01-0a"));
    assert!(session.find(&id(1)).unwrap().is_none());
}

#[test]
fn windows_is_told_of_every_change() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut at = |change: &dyn Fn(&mut dyn Session)| {
        let before = freshness(&card);
        change(&mut *log_in(&mut token));
        let after = freshness(&card);
        (after.0 - before.0, after.1 - before.1)
    };
    let der = certificate_for(KEY.public_key(), "someone");
    assert_eq!(at(&|session| session.import(&order(1, true), &KEY).unwrap()), (1, 1));
    // The container becomes the default.
    assert_eq!(at(&|session| session.write_certificate(&id(1), "", &der).unwrap()), (1, 1));
    assert_eq!(at(&|session| session.write_certificate(&id(1), "", &der).unwrap()), (0, 1));
    assert_eq!(at(&|session| session.reserve(&id(1), 1_000).unwrap()), (0, 0));
    assert_eq!(at(&|session| drop(session.list().unwrap())), (0, 0));
    assert_eq!(at(&|session| assert_eq!(session.delete(&id(1)).unwrap(), 2)), (1, 1));
}

#[test]
fn a_certificate_is_packed_as_the_minidriver_packs_it() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let der = certificate_for(KEY.public_key(), "someone");
    let mut session = log_in(&mut token);
    session.import(&order(1, true), &KEY).unwrap();
    session.write_certificate(&id(1), "", &der).unwrap();
    drop(session);
    let master = object(&card, 0xA000, 0xDF1F);
    let row = master.windows(14).find(|window| window.starts_with(b"mscp\0\0\0\0\0kxc00")).unwrap();
    assert_eq!(row.len(), 14);
    let file = object(&card, 0xA010, 0xDF24);
    let packed =
        &file[file.windows(4).position(|w| w[..2] == [1, 0] && w[2..] == (der.len() as u16).to_le_bytes()).unwrap()..];
    let mut unpacked = Vec::new();
    std::io::Read::read_to_end(&mut flate2::read::ZlibDecoder::new(&packed[4..]), &mut unpacked).unwrap();
    assert_eq!(unpacked, der);
}
