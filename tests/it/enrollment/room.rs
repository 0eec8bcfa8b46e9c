//! A card without room is refused while everything is as it was: its secrets, what is on it, and the server.

use super::bench::{Bench, End, Face, PIN};
use super::keys::lab;
use super::ways::{enroll, retire};
use crate::support::{gids, piv, site};
use cardwright::enrollment::{EnrollOrder, Need, Order};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::piv::PivToken;
use cardwright::token::{self, Admin, Credentials, KeyId, LastTry, Oddity, Room, Token};
use cardwright::virtual_card::{Dial, GidsCard, GidsOptions, PivCard, SharedCard};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    YubiKey,
    Plain,
    Gids,
}

impl Kind {
    /// A card as its user gets it: on PIV with the PIN that everybody knows.
    fn card(self) -> SharedCard {
        match self {
            Kind::YubiKey => piv::card(piv::yubikey()),
            Kind::Plain => piv::card(piv::plain()),
            Kind::Gids => {
                let card = gids::ready(GidsOptions::default());
                let (old, new) = (gids::pin(gids::PIN), gids::pin(PIN));
                gids::open(&card).change_pin(&old, &new, LastTry::Keep).unwrap();
                card
            }
        }
    }

    fn open(self, card: &SharedCard) -> Box<dyn Token> {
        match self {
            Kind::Gids => Box::new(GidsToken::open(Card::new(card.channel())).unwrap()),
            Kind::YubiKey | Kind::Plain => Box::new(PivToken::open(Card::new(card.channel())).unwrap()),
        }
    }

    fn copy(self, state: &[u8]) -> SharedCard {
        match self {
            Kind::Gids => SharedCard::new(Box::new(GidsCard::from_state(state).unwrap())),
            Kind::YubiKey | Kind::Plain => SharedCard::new(Box::new(PivCard::from_state(state).unwrap())),
        }
    }

    fn algorithm(self) -> &'static str {
        if self == Kind::Gids { "RSA-2048" } else { "P-256" }
    }
}

fn state(card: &SharedCard) -> Vec<u8> {
    card.with_card(|card| card.state().to_vec()).unwrap()
}

/// The card is what it was. On GIDS, what was emptied stays until it is written again, and belongs to no file.
fn untouched(kind: Kind, card: &SharedCard, before: &[u8]) {
    if kind != Kind::Gids {
        assert!(state(card) == before, "{kind:?}: the card was changed");
        return;
    }
    let was = kind.copy(before);
    for (file, tag) in [(0xA000, 0xDF1F), (0xA000, 0xDF20), (0xA010, 0xDF22), (0xA010, 0xDF23)] {
        assert!(gids::object(card, file, tag) == gids::object(&was, file, tag));
    }
    let mut token = kind.open(card);
    token.prove_admin(Admin::Key(&gids::admin_key(gids::ADMIN_KEY)), LastTry::Keep).unwrap();
    token.log_in(Credentials::user(&gids::pin(PIN), LastTry::Keep)).unwrap();
}

/// Has a person reset the PIN, so that PIN, PUK and admin key are all to change.
fn all_anew() -> Order {
    Order::Enroll(EnrollOrder { reset_pin: true, ..EnrollOrder::default() })
}

#[test]
fn a_full_card_is_refused_with_everything_as_it_was() {
    for kind in [Kind::YubiKey, Kind::Plain, Kind::Gids] {
        let lab = lab(|template| site::keys(template, kind.algorithm()));
        let client = lab.client("alice", &[], None);
        let before = state(&kind.card());
        let (mut refused, mut done) = (0, 0);
        // From a card that takes no byte more to one that takes everything.
        for room in (0..8_000).step_by(250) {
            let card = kind.copy(&before);
            let mut token = kind.open(&card);
            card.set_dial(format!("full={room}").parse().unwrap());
            let enrolled = lab.run(&client, token.as_mut(), all_anew(), &mut Face::default());
            card.set_dial(Dial::default());
            let requests = client.requests(None).unwrap().len();
            match enrolled {
                Err(error) => {
                    refused += 1;
                    assert_eq!(error.code(), "token-full", "{kind:?} {room}: {error:?}");
                    untouched(kind, &card, &before);
                    assert_eq!((requests, lab.unfinished()), (0, 0), "{kind:?} {room}");
                }
                Ok(end) => {
                    end.done();
                    done += 1;
                    break;
                }
            }
        }
        assert!(refused >= 4 && done == 1, "{kind:?}: {refused} {done}");
    }
}

/// Every command of a whole enrollment, and the PUT DATA among them: the trial is made once, and not again in the session.
#[test]
fn a_whole_enrollment_makes_the_trial_once() {
    for (kind, short, most) in [
        (Kind::YubiKey, false, 50),
        (Kind::YubiKey, true, 59),
        (Kind::Plain, false, 49),
        (Kind::Plain, true, 58),
        (Kind::Gids, false, 48),
        (Kind::Gids, true, 67),
    ] {
        let lab = lab(|template| site::keys(template, kind.algorithm()));
        let client = lab.client("alice", &[], None);
        let card = kind.card();
        card.set_dial(if short { "short".parse().unwrap() } else { Dial::default() });
        card.forget_headers();
        let mut token = kind.open(&card);
        lab.run(&client, token.as_mut(), enroll(), &mut Face::default()).unwrap().done();
        let headers = card.headers();
        assert!(headers.len() <= most, "{kind:?} {short}: {}", headers.len());
        if kind == Kind::YubiKey && !short {
            // What is tried, its removal, the CHUID, the certificate.
            assert_eq!(headers.iter().filter(|header| header[1] == 0xDB).count(), 4, "{headers:02X?}");
        }
    }
}

#[test]
fn a_card_with_another_admin_key_is_asked_for_it_after_one_try() {
    let lab = lab(|template| {
        let other = format!("{:?}", "ab".repeat(24));
        site::keys(site::set(template, "[smartcard]", "default_admin_key_hex", &other), "RSA-2048")
    });
    let client = lab.client("alice", &[], None);
    let card = Kind::Gids.card();
    let mut token = Kind::Gids.open(&card);
    card.forget_headers();
    let end = lab.run(&client, token.as_mut(), enroll(), &mut Face::default()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{end:?}");
    // A challenge, and one answer.
    assert_eq!(card.headers().iter().filter(|header| header[1] == 0x87).count(), 2);
    let mut face = Face { so_pin: Some(gids::ADMIN_KEY), ..Face::default() };
    lab.run(&client, token.as_mut(), enroll(), &mut face).unwrap().done();
}

#[test]
fn a_trial_that_was_cut_off_anywhere_hinders_nobody() {
    for kind in [Kind::YubiKey, Kind::Plain, Kind::Gids] {
        let before = state(&kind.card());
        let key = gids::admin_key(gids::ADMIN_KEY);
        let id = if kind == Kind::Gids { gids::id(1) } else { KeyId(vec![0x9A]) };
        let rooms = [Room { id, certificate: 1600, key: 200 }];
        let trial = |token: &mut dyn Token| token.try_room(Admin::Key(&key), &rooms, LastTry::Keep);
        let whole = kind.copy(&before);
        let mut token = kind.open(&whole);
        whole.forget_headers();
        trial(token.as_mut()).unwrap();
        for at in 1..=whole.headers().len() {
            let card = kind.copy(&before);
            let mut token = kind.open(&card);
            card.set_dial(format!("remove-after@{at}").parse().unwrap());
            assert!(matches!(trial(token.as_mut()), Err(token::Error::Removed)), "{kind:?} {at}");
            card.set_dial(Dial::default());
            card.insert_again();
            let mut token = kind.open(&card);
            let left = token.public_objects().unwrap();
            assert!(left.iter().all(|left| left.odd == Some(Oddity::Reserved)), "{kind:?} {at}");
            trial(token.as_mut()).unwrap();
            assert!(token.public_objects().unwrap().is_empty(), "{kind:?} {at}");
        }
    }
}

/// A MIM CM keeps no record of the key of a card that was retired, so that the trial waits until the key changes.
#[test]
fn a_card_that_comes_back_is_tried_before_its_admin_key_changes() {
    let bench = Bench::new();
    {
        let mut state = bench.fake.state();
        (state.extension, state.algorithm) = (false, ("RSA", 2048));
        state.default_key = hex::decode(gids::ADMIN_KEY).unwrap().try_into().unwrap();
    }
    let card = Kind::Gids.card();
    for order in [enroll(), retire()] {
        bench.run(&mut *Kind::Gids.open(&card), order).unwrap().done();
    }
    let before = state(&card);
    let card = Kind::Gids.copy(&before);
    card.set_dial("full=500".parse().unwrap());
    let error = bench.run(&mut *Kind::Gids.open(&card), enroll()).unwrap_err();
    card.set_dial(Dial::default());
    assert_eq!(error.code(), "token-full", "{error:?}");
    untouched(Kind::Gids, &card, &before);
    bench.run(&mut *Kind::Gids.open(&card), enroll()).unwrap().done();
}
