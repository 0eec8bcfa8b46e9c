//! Cards that answer oddly, and cards that lie.

use cardwright::iso7816::Card;
use cardwright::piv::PivToken;
use cardwright::pkix::{KeyAlgorithm, SignatureAlgorithm};
use cardwright::token::{Error, KeyWish, Token};
use cardwright::virtual_card::SharedCard;

use super::{certificate_of, id, log_in, order};
use crate::support::piv;

/// Everything an enrollment does; the answers of an RSA key are long ones.
fn enroll(card: &SharedCard, algorithm: KeyAlgorithm) -> Result<(), Error> {
    let mut token = PivToken::open(Card::new(card.channel()))?;
    let wish = KeyWish { name: vec![1], index: 0, decrypts_only: false, supersedes: vec![] };
    assert_eq!(token.place(&wish)?.id, id(0x9A));
    let mut session = log_in(&mut token)?;
    let key = session.generate(&order(0x9A, algorithm))?;
    session.sign(&id(0x9A), SignatureAlgorithm::default_for(algorithm), b"a request")?;
    let certificate = certificate_of(&key, 1200);
    session.reserve(&id(0x9A), certificate.len())?;
    session.write_certificate(&id(0x9A), "", &certificate)?;
    if session.read_certificate(&id(0x9A))? != Some(certificate) {
        return Err(Error::NoSuchKey(id(0x9A)));
    }
    drop(session);
    token.condition()?;
    assert_eq!(token.public_objects()?.len(), 1);
    Ok(())
}

#[test]
fn odd_ways_to_answer_change_nothing() {
    for dial in ["t0", "blocks=16", "short", "no-chaining"] {
        let card = piv::card(piv::yubikey());
        card.set_dial(dial.parse().unwrap());
        enroll(&card, KeyAlgorithm::Rsa2048).unwrap_or_else(|error| panic!("{dial}: {error:?}"));
    }
}

/// The card may have made a key when it asks for another Le; it is not asked to make one again.
#[test]
fn a_key_is_not_made_twice_for_another_le() {
    let card = piv::card(piv::yubikey());
    card.set_dial("exact-le".parse().unwrap());
    let refused = enroll(&card, KeyAlgorithm::P256);
    assert!(matches!(refused, Err(Error::Device { operation: "GENERATE ASYMMETRIC KEY PAIR", .. })), "{refused:?}");
    assert_eq!(card.headers().iter().filter(|header| header[1] == 0x47).count(), 1);
}

#[test]
fn what_the_card_cannot_carry_is_told_before_it_is_sent() {
    let card = piv::card(piv::yubikey());
    card.set_dial("short,no-chaining".parse().unwrap());
    let Err(Error::Device { operation, source }) = enroll(&card, KeyAlgorithm::Rsa2048) else {
        panic!("it was carried")
    };
    assert_eq!(operation, "GENERAL AUTHENTICATE", "{source}");
}

#[test]
fn a_status_word_that_says_nothing_keeps_its_command() {
    let card = piv::card(piv::yubikey());
    for (at, wanted) in [(1, "SELECT"), (2, "GET SERIAL")] {
        card.set_dial(format!("status@{at}=6F00").parse().unwrap());
        let Err(Error::Device { operation, source }) = PivToken::open(Card::new(card.channel())) else { panic!() };
        assert_eq!(operation, wanted);
        assert!(source.to_string().contains("6F00"), "{source}");
    }
}

#[test]
fn cut_and_swollen_answers_are_refused() {
    for fault in ["truncate", "oversize"] {
        for at in 1..=20 {
            let card = piv::card(piv::yubikey());
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            // Some commands answer nothing that could be missed; none may be taken for a wrong secret.
            if let Err(error) = enroll(&card, KeyAlgorithm::P256) {
                // A serial that is cut is none, and nothing else names this card; a certificate that is cut is none.
                let told = matches!(error, Error::Device { .. } | Error::NoSerial | Error::NoSuchKey(_));
                assert!(told, "{fault}@{at}: {error:?}");
            }
        }
    }
}

#[test]
fn a_lying_card_is_refused_and_never_believed_to_hold_a_key() {
    for seed in 0..300 {
        let card = piv::card(piv::yubikey());
        card.set_dial(format!("noise={seed}").parse().unwrap());
        let _ = enroll(&card, KeyAlgorithm::P256);
        if let Ok(mut token) = PivToken::open(Card::new(card.channel())) {
            let _ = (token.counters(), token.condition(), token.public_objects());
            let _ = token.attest(cardwright::piv::KeyReference::AUTHENTICATION);
        }
    }
}
