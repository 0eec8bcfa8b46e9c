//! One enrollment, cut off or refused at each of its commands: what is told, what it costs, and what is sent twice.

use cardwright::gids::GidsToken;
use cardwright::piv::PivToken;
use cardwright::pkix::{PublicKey, SignatureAlgorithm, Signer};
use cardwright::token::{Admin, Credentials, Error, KeyWish, LastTry, Token, User};
use cardwright::virtual_card::SharedCard;

use super::cards::{KINDS, Kind, PIN, RSA, Said, admin_key, counters};
use crate::support::certificates::certificate_for;
use crate::support::piv::pin;

/// What an enrollment asks of a card.
fn enroll(kind: Kind, said: &Said, slot: &SharedCard) -> Result<(), Error> {
    let card = said.card(slot);
    let mut token: Box<dyn Token> = match kind {
        Kind::Gids => Box::new(GidsToken::open(card)?),
        Kind::YubiKey | Kind::PlainPiv => Box::new(PivToken::open(card)?),
    };
    let order = kind.order();
    token.counters()?;
    token.place(&KeyWish { name: order.id.0.clone(), index: 0, decrypts_only: false, supersedes: vec![] })?;
    let key = admin_key();
    let user = Some(User::Pin(&pin(PIN), LastTry::Keep));
    let mut session = token.log_in(Credentials { user, admin: Some(Admin::Key(&key)) })?;
    session.reserve(&order.id, 900)?;
    let public_key: PublicKey = match kind {
        // Making an RSA key takes seconds.
        Kind::Gids => session.import(&order, &RSA).map(|()| RSA.public_key().clone())?,
        Kind::YubiKey | Kind::PlainPiv => session.generate(&order)?,
    };
    session.sign(&order.id, SignatureAlgorithm::default_for(order.algorithm), b"a request")?;
    session.pause();
    let certificate = certificate_for(&public_key, "somebody");
    session.write_certificate(&order.id, "", &certificate)?;
    // A card may say that it has none.
    let read = session.read_certificate(&order.id)?.ok_or(Error::NoSuchKey(order.id))?;
    assert!(read == certificate);
    Ok(())
}

/// Whether a command changes the card, spends a try or uses a key. GET RESPONSE and what reads do not.
fn changes(command: &[u8]) -> bool {
    match command {
        // VERIFY without data asks for the counter.
        [_, 0x20, ..] => command.len() > 4,
        // A challenge is asked for with an empty 81.
        [_, 0x87, _, _, _, 0x7C, 0x02, 0x81, 0x00, ..] => false,
        [_, 0xA4 | 0xC0 | 0xCB | 0xF7 | 0xF8 | 0xFD, ..] => false,
        _ => true,
    }
}

/// A command whose data are the same is the same, wherever it stands in its chain.
fn never_twice(said: &Said, what: &str) {
    let changing: Vec<_> = said.all().into_iter().filter(|command| changes(command)).collect();
    assert!(changing.windows(2).all(|two| two[0] != two[1]), "{what}: a command was sent twice");
}

fn run(kind: Kind, state: &[u8], dial: &str) -> (SharedCard, Said, Result<(), Error>) {
    let slot = SharedCard::new(kind.restored(state));
    slot.set_dial(dial.parse().unwrap());
    let said = Said::default();
    let ended = enroll(kind, &said, &slot);
    never_twice(&said, &format!("{kind:?}, {dial}"));
    (slot, said, ended)
}

/// Runs an enrollment with the fault at each of its commands, and hands each end to `look`.
fn at_each(fault: &str, look: impl Fn(Kind, &str, Result<(), Error>)) {
    for kind in KINDS {
        let state = kind.card().state();
        let (slot, said, honest) = run(kind, &state, "");
        honest.unwrap();
        let before = counters(kind, &slot);
        assert!(before.0 == 3 && before.1.is_none_or(|puk| puk == 3));
        for at in 1..=said.len() {
            let (name, word) = fault.split_once('=').map_or((fault, String::new()), |(n, w)| (n, format!("={w}")));
            let dial = format!("{name}@{at}{word}");
            let (slot, _, ended) = run(kind, &state, &dial);
            look(kind, &dial, ended);
            // Right secrets were sent, if any: nothing is missing.
            assert_eq!(counters(kind, &slot), before, "{kind:?}, {dial}");
        }
    }
}

#[test]
fn a_card_that_is_pulled_anywhere_is_removed_and_nothing_else() {
    for fault in ["remove", "remove-after"] {
        at_each(fault, |kind, dial, ended| {
            assert!(matches!(ended, Err(Error::Removed)), "{kind:?}, {dial}: {ended:?}");
        });
    }
}

#[test]
fn a_card_that_is_reset_anywhere_is_reset_and_nothing_else() {
    for fault in ["reset", "reset-after"] {
        at_each(fault, |kind, dial, ended| {
            assert!(matches!(ended, Err(Error::Reset)), "{kind:?}, {dial}: {ended:?}");
        });
    }
}

/// Some refusals are lived with: what a card does not offer is done without. 6A80 is not among the words: Nitrokeys
/// answer a wrong response by it.
#[test]
fn a_word_that_says_nothing_is_never_a_wrong_secret() {
    for word in ["6F00", "6581", "6D00", "6A81", "6A86", "6985"] {
        at_each(&format!("status={word}"), |kind, dial, ended| {
            let wrong = matches!(ended, Err(Error::SecretRefused { .. } | Error::Locked { .. } | Error::Removed));
            assert!(!wrong, "{kind:?}, {dial}: {ended:?}");
            if word == "6F00" {
                let told = matches!(ended, Ok(()) | Err(Error::Device { .. } | Error::NotOffered(_)));
                assert!(told, "{kind:?}, {dial}: {ended:?}");
            }
        });
    }
}

#[test]
fn a_full_card_is_full_at_whatever_command() {
    at_each("status=6A84", |kind, dial, ended| {
        let told = matches!(ended, Ok(()) | Err(Error::Full | Error::Device { .. } | Error::NotOffered(_)));
        assert!(told, "{kind:?}, {dial}: {ended:?}");
    });
}
