//! Cards pulled or reset at every command: what is left is what was there before or what should be there after.

use crate::support::certificates::certificate_for;
use crate::support::gids::{KEY, id, log_in, open, order, ready};
use cardwright::pkix::{SignatureAlgorithm, Signer};
use cardwright::token::{Error, Session, StoredKey, Token};
use cardwright::virtual_card::{Dial, GidsCard, GidsOptions, SharedCard};

type Work<'a> = dyn Fn(&mut dyn Session) -> Result<(), Error> + 'a;

fn import(session: &mut dyn Session) -> Result<(), Error> {
    session.import(&order(1, true), &KEY)
}

fn delete(session: &mut dyn Session) -> Result<(), Error> {
    session.delete(&id(1)).map(drop)
}

/// A copy of the card as it is now.
fn copy(card: &SharedCard) -> SharedCard {
    let state = card.with_card(|card| card.state()).unwrap();
    SharedCard::new(Box::new(GidsCard::from_state(&state).unwrap()))
}

/// Does `work` in a session, and says how many commands that took.
fn done(card: &SharedCard, work: &Work<'_>) -> u32 {
    let mut token = open(card);
    let mut session = log_in(&mut token);
    card.forget_headers();
    work(&mut *session).unwrap();
    u32::try_from(card.headers().len()).unwrap()
}

fn held(card: &SharedCard) -> Vec<StoredKey> {
    open(card).public_objects().unwrap()
}

/// Cuts `work` off at every command, holds what is left against `left` or `after`, does `work` again and holds that against `after`.
fn cut_off_everywhere(
    before: &SharedCard,
    work: &Work<'_>,
    left: &dyn Fn(&[StoredKey]) -> bool,
    after: &dyn Fn(&[StoredKey]) -> bool,
) {
    let whole = copy(before);
    let commands = done(&whole, work);
    assert!(after(&held(&whole)));
    for fault in ["remove", "remove-after", "reset", "reset-after"] {
        for at in 1..=commands {
            let card = copy(before);
            let mut token = open(&card);
            let mut session = log_in(&mut token);
            card.set_dial(format!("{fault}@{at}").parse().unwrap());
            let cut = work(&mut *session).unwrap_err();
            let wanted = if fault.starts_with("remove") { "Removed" } else { "Reset" };
            assert_eq!(format!("{cut:?}"), wanted, "{fault}@{at}");
            drop(session);
            card.set_dial(Dial::default());
            card.insert_again();
            let there = held(&card);
            assert!(left(&there) || after(&there), "{fault}@{at}");
            let mut session = log_in(&mut token);
            match work(&mut *session) {
                Ok(()) => {}
                // All but its answer was there already.
                Err(Error::KeyIdTaken(_)) => {}
                Err(error) => panic!("{fault}@{at}: {error:?}"),
            }
            drop(session);
            assert!(after(&held(&card)), "{fault}@{at}, again");
        }
    }
}

fn one_key(keys: &[StoredKey]) -> Option<&StoredKey> {
    match keys {
        [key] if key.has_private_key && key.public_key.as_ref() == Some(KEY.public_key()) => Some(key),
        _ => None,
    }
}

#[test]
fn an_import_leaves_no_half_of_a_key() {
    let card = ready(GidsOptions::default());
    cut_off_everywhere(&card, &import, &|keys| keys.is_empty(), &|keys| one_key(keys).is_some());
}

#[test]
fn a_certificate_is_the_old_one_or_the_new_one() {
    let card = ready(GidsOptions::default());
    done(&card, &import);
    let without = |keys: &[StoredKey]| one_key(keys).is_some_and(|key| key.certificate.is_none());
    let one = certificate_for(KEY.public_key(), "one");
    let another = certificate_for(KEY.public_key(), "another");
    let has = |wanted: &[u8]| {
        let wanted = wanted.to_vec();
        move |keys: &[StoredKey]| one_key(keys).is_some_and(|key| key.certificate.as_ref() == Some(&wanted))
    };
    let write_one = |session: &mut dyn Session| session.write_certificate(&id(1), "", &one);
    let write_another = |session: &mut dyn Session| session.write_certificate(&id(1), "", &another);
    cut_off_everywhere(&card, &write_one, &without, &has(&one));
    done(&card, &write_one);
    cut_off_everywhere(&card, &write_another, &has(&one), &has(&another));
}

#[test]
fn a_deletion_goes_on_where_it_was_cut_off() {
    let card = ready(GidsOptions::default());
    done(&card, &import);
    let one = certificate_for(KEY.public_key(), "one");
    done(&card, &|session: &mut dyn Session| session.write_certificate(&id(1), "", &one));
    // Something may be gone already; the container's name goes last.
    let some = |keys: &[StoredKey]| matches!(keys, [key] if key.id == id(1));
    cut_off_everywhere(&card, &delete, &some, &|keys| keys.is_empty());
}

#[test]
fn a_key_that_was_cut_off_while_it_was_made_gives_way_to_the_next() {
    let card = ready(GidsOptions::default());
    let mut token = open(&card);
    let mut session = log_in(&mut token);
    session.list().unwrap();
    // CREATE FILE, ACTIVATE FILE, GENERATE: the key is there, its container is not.
    card.set_dial("remove-after@3".parse().unwrap());
    assert!(matches!(session.generate(&order(1, false)), Err(Error::Removed)));
    drop(session);
    card.set_dial(Dial::default());
    card.insert_again();
    assert!(token.public_objects().unwrap().is_empty());
    let mut session = log_in(&mut token);
    session.import(&order(2, false), &KEY).unwrap();
    assert!(session.holds(&id(2), KEY.public_key()).unwrap());
    let signature = session.sign(&id(2), SignatureAlgorithm::RsaPkcs1Sha256, b"message").unwrap();
    KEY.public_key().verify(SignatureAlgorithm::RsaPkcs1Sha256, b"message", &signature).unwrap();
}
