//! Cards without room, cards that refuse at any command, and cards that answer nonsense.

use crate::support::certificates::certificate_for;
use crate::support::gids::{ADMIN_KEY, KEY, PIN, admin_key, id, log_in, open, order, pin, ready};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm, Signer};
use cardwright::token::{Admin, Credentials, Error, KeyOrder, LastTry, Session, Token};
use cardwright::virtual_card::{Dial, GidsCard, GidsOptions, SharedCard};

/// Everything a session can be asked for.
fn everything(session: &mut dyn Session) -> Result<(), Error> {
    session.list()?;
    session.import(&order(1, true), &KEY)?;
    session.holds(&id(1), KEY.public_key())?;
    session.reserve(&id(1), 700)?;
    session.write_certificate(&id(1), "", &certificate_for(KEY.public_key(), "someone"))?;
    session.read_certificate(&id(1))?;
    session.sign(&id(1), SignatureAlgorithm::RsaPkcs1Sha256, b"message")?;
    session.find(&id(1))?;
    session.delete(&id(1)).map(drop)
}

#[test]
fn what_does_not_fit_is_found_before_and_leaves_nothing() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    log_in(&mut token).import(&order(1, true), &KEY).unwrap();
    let before = card.with_card(|card| card.state()).unwrap();
    let der = certificate_for(KEY.public_key(), "someone");
    let mut fitted = 0;
    for room in (0..6_000).step_by(100) {
        let card = SharedCard::new(Box::new(GidsCard::from_state(&before).unwrap()));
        let mut token = open(&card);
        let mut session = log_in(&mut token);
        session.list().unwrap();
        card.set_dial(format!("full={room}").parse().unwrap());
        match session.reserve(&id(1), der.len()) {
            Err(Error::Full) => {
                assert_eq!(fitted, 0, "{room} bytes are too few, and fewer were enough");
                drop(session);
                card.set_dial(Dial::default());
                assert!(token.public_objects().unwrap()[0].certificate.is_none());
            }
            Err(error) => panic!("{room}: {error:?}"),
            Ok(()) => {
                fitted += 1;
                // What was promised is kept.
                session.write_certificate(&id(1), "", &der).unwrap();
                assert!(session.read_certificate(&id(1)).unwrap().as_ref() == Some(&der));
            }
        }
    }
    assert!((1..55).contains(&fitted), "{fitted}");
}

#[test]
fn a_key_that_does_not_fit_leaves_nothing() {
    let card = ready(GidsOptions::default());
    let empty = card.with_card(|card| card.state()).unwrap();
    let mut full = 0;
    for room in (0..8_000).step_by(100) {
        let card = SharedCard::new(Box::new(GidsCard::from_state(&empty).unwrap()));
        let mut token = open(&card);
        let mut session = log_in(&mut token);
        card.set_dial(format!("full={room}").parse().unwrap());
        let imported = session.import(&order(1, true), &KEY);
        let there = session.list().unwrap().len();
        match imported {
            Ok(()) => assert_eq!(there, 1),
            Err(Error::Full) => {
                full += 1;
                assert_eq!(there, 0);
                card.set_dial("full=65536".parse().unwrap());
                session.import(&order(1, true), &KEY).unwrap();
            }
            Err(error) => panic!("{room}: {error:?}"),
        }
    }
    assert!((1..80).contains(&full), "{full}");
}

#[test]
fn a_longer_key_is_made_where_the_card_can() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    let order = KeyOrder { algorithm: KeyAlgorithm::Rsa3072, ..order(1, false) };
    match session.generate(&order) {
        Ok(made) => {
            let signature = session.sign(&id(1), SignatureAlgorithm::RsaPkcs1Sha256, b"message").unwrap();
            made.verify(SignatureAlgorithm::RsaPkcs1Sha256, b"message", &signature).unwrap();
        }
        Err(Error::Algorithm(KeyAlgorithm::Rsa3072)) => assert!(session.list().unwrap().is_empty()),
        Err(error) => panic!("{error:?}"),
    }
}

#[test]
fn a_refused_algorithm_leaves_nothing() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    session.list().unwrap();
    // CREATE FILE, ACTIVATE FILE, GENERATE.
    card.set_dial("status@3=6A81".parse().unwrap());
    assert!(matches!(session.generate(&order(1, true)), Err(Error::Algorithm(KeyAlgorithm::Rsa2048))));
    session.list().unwrap();
    card.set_dial("status@3=6A81".parse().unwrap());
    assert!(matches!(session.import(&order(1, true), &KEY), Err(Error::NotOffered(_))));
    card.set_dial(Dial::default());
    assert!(session.list().unwrap().is_empty());
    session.import(&order(1, true), &KEY).unwrap();
}

#[test]
fn a_refusal_at_any_command_is_told_and_the_card_can_be_used_again() {
    let card = ready(GidsOptions::default());
    let state = card.with_card(|card| card.state()).unwrap();
    for word in ["6F00", "6982", "6A84"] {
        for at in (1..60).step_by(3) {
            let card = SharedCard::new(Box::new(GidsCard::from_state(&state).unwrap()));
            let mut token = open(&card);
            let mut session = log_in(&mut token);
            card.set_dial(format!("status@{at}={word}").parse().unwrap());
            let first = everything(&mut *session);
            drop(session);
            card.set_dial(Dial::default());
            let mut session = log_in(&mut token);
            session.delete(&id(1)).unwrap();
            everything(&mut *session).unwrap_or_else(|error| panic!("{word} at {at}: {first:?}, then {error:?}"));
        }
    }
}

/// Every call there is, on a card that may answer anything.
fn every_call(card: &SharedCard) {
    let key = admin_key(ADMIN_KEY);
    let Ok(mut token) = GidsToken::open(Card::new(card.channel())) else { return };
    let _ = token.counters();
    let _ = token.condition();
    let _ = token.public_objects();
    if let Ok(mut session) = token.log_in(Credentials::user(&pin(PIN), LastTry::Keep)) {
        let _ = everything(&mut *session);
        session.pause();
        let _ = session.list();
    }
    let _ = token.change_pin(&pin(PIN), &pin("654321"), LastTry::Keep);
    let _ = token.set_pin(Admin::Key(&key), &pin(PIN), LastTry::Keep);
    let _ = token.change_admin_key(Admin::Key(&key), &key, LastTry::Keep);
}

#[test]
fn a_card_that_answers_nonsense_is_refused_and_left() {
    let card = ready(GidsOptions::default());
    log_in(&mut open(&card)).import(&order(3, true), &KEY).unwrap();
    let state = card.with_card(|card| card.state()).unwrap();
    for seed in 0..100 {
        let card = SharedCard::new(Box::new(GidsCard::from_state(&state).unwrap()));
        card.set_dial(format!("noise={seed}").parse().unwrap());
        every_call(&card);
        assert!(card.headers().len() < 5_000, "noise={seed}: {} commands", card.headers().len());
    }
    for fault in ["truncate", "oversize"] {
        for at in 1..60 {
            let card = SharedCard::new(Box::new(GidsCard::from_state(&state).unwrap()));
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            every_call(&card);
            assert!(card.headers().len() < 1_000, "{fault}@{at}: {} commands", card.headers().len());
        }
    }
}
