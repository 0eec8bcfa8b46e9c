//! Cards that are not what was meant, through a whole enrollment where there is one: a clear error, a remedy, and
//! nothing lost. Unknown cards, and one card in two readers, are [`crate::reader`]'s.

use cardwright::enrollment::{EnrollOrder, Enrollment, Error, Input, Need, Order, Step};
use cardwright::gids::GidsToken;
use cardwright::iso7816::Card;
use cardwright::pkix::SignatureAlgorithm;
use cardwright::secret::{AdminKey, Pin};
use cardwright::token::{self, Admin, Credentials, LastTry, Session, Token, User};
use cardwright::virtual_card::{Dial, GidsOptions, ManagementAlgorithm, PivCard, PivOptions, SharedCard, VirtualCard};

use super::cards::{KINDS, Kind, PIN, RSA, WRONG, admin_key, counters, gids_named};
use crate::enrollment::bench::{Bench, End, Face};
use crate::enrollment::fake::OWN_KEY;
use crate::support::certificates::certificate_for;
use crate::support::piv::{self, PUK, pin, puk};

/// A YubiKey from its factory.
fn options() -> PivOptions {
    PivOptions { management_algorithm: Some(ManagementAlgorithm::TripleDes), ..piv::yubikey() }
}

fn enroll() -> Order {
    Order::Enroll(EnrollOrder::default())
}

/// Code and text, which must both be there with what was kept and what to do.
#[track_caller]
fn told(error: &Error) -> (&'static str, String) {
    assert!(!error.remedy().is_empty() && !error.kept().is_empty(), "{error:?}");
    (error.code(), format!("{error}: {} {}", error.cause, error.remedy()))
}

#[test]
fn a_locked_card_is_told_before_anything_is_asked_of_the_server() {
    let slot = piv::card(options());
    let mut token = piv::open(&slot);
    for _ in 0..3 {
        token.log_in(Credentials::user(&pin(WRONG), LastTry::Spend)).map(drop).unwrap_err();
        token.change_puk(&puk(WRONG), &puk(WRONG), LastTry::Spend).unwrap_err();
    }
    let bench = Bench::new();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    let (code, text) = told(&error);
    assert_eq!((code, bench.fake.calls()), ("puk-locked", 0));
    assert!(text.contains("PIN and PUK are both locked") && text.contains("back to its factory's state"), "{text}");
    assert_eq!(counters(Kind::YubiKey, &slot), (0, Some(0)));
}

#[test]
fn a_card_that_is_enrolled_to_another_is_left_as_it_is() {
    let slot = piv::card(options());
    let mut token = piv::open(&slot);
    Bench::new().run(&mut token, enroll()).unwrap().done();
    let certificate = |token: &mut dyn Token| token.public_objects().unwrap()[0].certificate.clone();
    let before = certificate(&mut token);
    // Another server, which does not have this card's secrets: whoever has them is asked for them.
    let other = Bench::new();
    assert_eq!(other.run(&mut token, enroll()).unwrap_err().code(), "key-id-taken");
    let replacing = Order::Enroll(EnrollOrder { replace: true, ..EnrollOrder::default() });
    let ended = other.run(&mut token, replacing).unwrap();
    assert!(matches!(ended, End::Unanswered(Need::SoPin { .. })), "{ended:?}");
    assert!(certificate(&mut token) == before);
    // The secrets are the factory's again, and the key is still there.
    let (own, factory) = (AdminKey::new(OWN_KEY.into()), piv::admin_key());
    token.change_admin_key(Admin::Key(&own), &factory, LastTry::Keep).unwrap();
    token.change_puk(&puk("PUK00001"), &puk(PUK), LastTry::Keep).unwrap();
    let error = Bench::new().run(&mut piv::open(&slot), enroll()).unwrap_err();
    let (code, text) = told(&error);
    assert_eq!(code, "key-id-taken", "{error:?}");
    assert!(text.contains("key id 9a is taken") && text.contains("--replace"), "{text}");
    assert!(certificate(&mut token) == before);
    assert_eq!(counters(Kind::YubiKey, &slot), (3, Some(3)));
}

#[test]
fn an_occupied_place_is_named_with_what_to_do() {
    for kind in KINDS {
        let slot = kind.slot();
        let mut token = open(kind, &slot);
        let order = kind.order();
        let mut session = log_in(token.as_mut());
        let make = |session: &mut dyn Session| match kind {
            Kind::Gids => session.import(&order, &RSA),
            _ => session.generate(&order).map(drop),
        };
        make(session.as_mut()).unwrap();
        let key = session.find(&order.id).unwrap().map(|found| found.public_key);
        if let (Kind::PlainPiv, None) = (kind, &key) {
            // A bare key does not show on a card of the standard alone; its certificate does.
            continue;
        }
        let taken = make(session.as_mut()).unwrap_err();
        assert!(matches!(&taken, token::Error::KeyIdTaken(id) if *id == order.id), "{taken:?}");
        assert!(taken.to_string().contains("is taken; delete"), "{taken}");
        assert_eq!(session.find(&order.id).unwrap().map(|found| found.public_key), key);
    }
}

fn open(kind: Kind, slot: &SharedCard) -> Box<dyn Token> {
    match kind {
        Kind::Gids => Box::new(GidsToken::open(Card::new(slot.channel())).unwrap()),
        Kind::YubiKey | Kind::PlainPiv => Box::new(piv::open(slot)),
    }
}

fn log_in(token: &mut dyn Token) -> Box<dyn Session + '_> {
    let key = admin_key();
    let user = Some(User::Pin(&pin(PIN), LastTry::Keep));
    token.log_in(Credentials { user, admin: Some(Admin::Key(&key)) }).unwrap()
}

#[test]
fn a_wrong_management_key_stops_an_enrollment_before_its_counter_is_in_danger() {
    const TRIES: u8 = 5;
    // An older card does not tell that its key is no longer the factory's.
    for (version, cost) in [([5, 7, 1], 0), ([5, 2, 7], 1)] {
        let management_key = Some(AdminKey::new(vec![7; 24]));
        let management_tries = Some(TRIES);
        let slot = piv::card(PivOptions { management_tries, management_key, version, ..options() });
        stops_in_time(&slot, cost, TRIES);
    }
}

fn stops_in_time(slot: &SharedCard, cost: usize, tries: u8) {
    let bench = Bench::new();
    // However often it is begun again: the server's keys cost what they cost once.
    let mut responses = Vec::new();
    for _ in 0..2 * tries {
        slot.forget_headers();
        let ended = bench.run(&mut piv::open(slot), enroll());
        assert!(matches!(ended, Ok(End::Unanswered(Need::SoPin { .. }))), "{ended:?}");
        // Of a challenge and its response.
        responses.push(slot.headers().iter().filter(|header| header[1] == 0x87).count() / 2);
    }
    assert_eq!((responses[0], responses[1..].iter().sum::<usize>()), (cost, 0), "{responses:?}");
    let right = AdminKey::new(vec![7; 24]);
    let admin = Some(Admin::Key(&right));
    piv::open(slot).log_in(Credentials { user: None, admin }).map(drop).unwrap();
}

#[test]
fn a_card_swapped_in_a_pause_gets_nothing_that_was_meant_for_the_first() {
    for kind in KINDS {
        let slot = kind.slot();
        let mut token = open(kind, &slot);
        let order = kind.order();
        let mut session = log_in(token.as_mut());
        let key = match kind {
            Kind::Gids => {
                session.import(&order, &RSA).map(|()| session.find(&order.id).unwrap().unwrap().public_key.unwrap())
            }
            _ => session.generate(&order),
        };
        let certificate = certificate_for(&key.unwrap(), "somebody");
        session.pause();
        let other: Box<dyn VirtualCard> = match kind {
            Kind::Gids => gids_named(GidsOptions::default(), [9; 16]),
            Kind::YubiKey => Box::new(PivCard::new(PivOptions { serial: 7, ..piv::yubikey() }).unwrap()),
            Kind::PlainPiv => Box::new(PivCard::new(piv::plain()).unwrap()),
        };
        slot.insert(other);
        let before = slot.with_card(|card| card.state()).unwrap();
        slot.forget_headers();
        let errors = [
            session.write_certificate(&order.id, "", &certificate).unwrap_err(),
            session.sign(&order.id, SignatureAlgorithm::default_for(order.algorithm), b"m").map(drop).unwrap_err(),
            session.delete(&order.id).map(drop).unwrap_err(),
        ];
        for error in errors {
            assert!(matches!(error, token::Error::Reset | token::Error::Removed), "{kind:?}: {error:?}");
            assert!(error.to_string().contains("reset") || error.to_string().contains("removed"), "{error}");
        }
        drop(session);
        // Neither is a PIN sent to it by who had the first card.
        let refused = token.log_in(Credentials::user(&pin(WRONG), LastTry::Spend)).map(drop);
        assert!(matches!(refused, Err(token::Error::Removed)), "{kind:?}: {refused:?}");
        let refused = token.change_pin(&pin(WRONG), &pin(PIN), LastTry::Spend);
        assert!(matches!(refused, Err(token::Error::Removed)), "{kind:?}: {refused:?}");
        assert!(slot.headers().iter().all(|header| matches!(header[1], 0xA4 | 0xCB | 0xF8 | 0x20)), "{kind:?}");
        assert_eq!(*slot.with_card(|card| card.state()).unwrap(), *before, "{kind:?}");
        assert_eq!(counters(kind, &slot).0, 3, "{kind:?}");
    }
}

#[test]
fn a_card_swapped_between_two_steps_of_an_enrollment_stops_it() {
    let slot = piv::card(options());
    let mut token = piv::open(&slot);
    let bench = Bench::new();
    let journal = bench.journal();
    let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(Need::NewPin { .. } | Need::Pin { .. })), "{step:?}");
    // The reader saw nothing of it.
    slot.insert(Box::new(PivCard::new(PivOptions { serial: 7, ..options() }).unwrap()));
    let before = slot.with_card(|card| card.state()).unwrap();
    let input = match step {
        Step::Need(Need::NewPin { .. }) => Input::NewPin(Pin::new("975310".into())),
        _ => Input::Pin(Pin::new(WRONG.into()), LastTry::Spend),
    };
    let error = work.advance(Some(&mut token), input, &mut |_| {}).unwrap_err();
    let (code, text) = told(&error);
    assert_eq!(code, "token-removed", "{error:?}");
    assert!(text.contains("Plug the token in again"), "{text}");
    assert_eq!(*slot.with_card(|card| card.state()).unwrap(), *before);
    // A token that was opened anew is known for another by its serial.
    let error = work.advance(Some(&mut piv::open(&slot)), Input::Nothing, &mut |_| {}).unwrap_err();
    assert_eq!(told(&error).0, "request-of-other-card", "{error:?}");
    assert_eq!(*slot.with_card(|card| card.state()).unwrap(), *before);
}

#[test]
fn a_certificate_that_does_not_fit_is_found_before_the_ca_is_asked() {
    let slot = piv::card(options());
    let bench = Bench::new();
    let mut token = piv::open(&slot);
    // Room for a key and for the objects a card is given at first, and none for a certificate.
    slot.set_dial("full=1000".parse().unwrap());
    let error = bench.run_with(&mut token, enroll(), &mut Face::default()).unwrap_err();
    let (code, text) = told(&error);
    assert_eq!((code, bench.fake.asked("certificatedata")), ("token-full", 0), "{error:?}");
    assert!(text.contains("full") && text.contains("Remove what is no longer needed"), "{text}");
    assert!(token.public_objects().unwrap().is_empty());
    slot.set_dial(Dial::default());
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
}

#[test]
fn a_certificate_longer_than_the_place_is_named_with_both_lengths() {
    for (kind, length, largest) in
        [(Kind::YubiKey, 3044, 3043), (Kind::PlainPiv, 1857, 1856), (Kind::Gids, 65_536, 65_535)]
    {
        let slot = kind.slot();
        let mut token = open(kind, &slot);
        let mut session = log_in(token.as_mut());
        slot.forget_headers();
        let error = session.reserve(&kind.order().id, length).unwrap_err();
        assert!(matches!(error, token::Error::CertificateTooLarge { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.contains(&length.to_string()) && text.contains(&largest.to_string()), "{text}");
        assert_eq!(slot.headers().len(), 0);
    }
}
