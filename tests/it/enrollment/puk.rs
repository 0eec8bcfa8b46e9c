//! The PUK: whose it is, what a wrong one costs, and what happens where the server keeps none.

use super::bench::{Bench, End, Face, PIN};
use super::fake::Mischief;
use super::fake_secrets::{own_puk, own_puk_of_digits};
use super::memory_rules::{Cipher, FACTORY_PUK, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::ways::{enroll, renew, retire, unblock};
use cardwright::cm::problem::ProblemCode;
use cardwright::enrollment::{Event, Need};
use cardwright::token::LastTry;

const OWN: &str = "SECRET77";

fn one_puk_less() -> (u8, u8, u8) {
    (TRIES, TRIES, TRIES - 1)
}

/// A card whose PUK somebody has changed.
fn changed(rules: Rules) -> MemoryToken {
    let mut token = MemoryToken::of(rules);
    token.set_puk(OWN);
    token.set_pin_to(PIN);
    token
}

/// A card that tells its tries and not its defaults, with a PIN of the user's.
fn ready() -> MemoryToken {
    let mut token = MemoryToken::of(told());
    token.set_pin_to(PIN);
    token
}

fn told() -> Rules {
    Rules { tells_defaults: false, ..Rules::piv(Cipher::Aes) }
}

#[test]
fn a_puk_of_somebodys_is_asked_for_after_one_try_and_taken_over() {
    let bench = Bench::new();
    let mut token = changed(told());
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::Puk { refused: true, .. })), "{end:?}");
    assert_eq!(token.left(), one_puk_less());
    // The journal knows that the factory's does not hold: it is not tried again.
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::Puk { refused: true, .. })), "{end:?}");
    assert_eq!(token.left(), one_puk_less());
    let mut face = Face { puk: Some(OWN), ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert_eq!((token.puk(), bench.fake.secrets(|secrets| secrets.puk)), (&*own_puk(1), "Active"));
    assert!(face.events.contains(&Event::PukChanged));
}

#[test]
fn a_card_that_tells_its_puk_was_changed_is_spared_the_try() {
    let bench = Bench::new();
    let mut token = changed(Rules::piv(Cipher::Aes));
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::Puk { refused: false, .. })), "{end:?}");
    assert_eq!(token.left(), (TRIES, TRIES, TRIES));
}

#[test]
fn where_no_tries_are_told_a_second_puk_waits_for_another_run() {
    let bench = Bench::new();
    let mut token = changed(Rules::bare_piv(Cipher::Aes));
    let mut face = Face { puk: Some(OWN), ..Face::default() };
    let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("second-try-kept", 4));
    assert_eq!(token.left(), one_puk_less());
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert_eq!(token.puk(), own_puk(1));
}

#[test]
fn where_no_tries_are_told_a_second_puk_is_tried_if_that_was_allowed() {
    let bench = Bench::new();
    let mut token = changed(Rules::bare_piv(Cipher::Aes));
    let mut face = Face { puk: Some(OWN), last_try: LastTry::Spend, ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert_eq!((token.puk(), token.left()), (&*own_puk(1), (TRIES, TRIES, TRIES)));
}

#[test]
fn a_mistyped_puk_costs_one_try_and_the_last_one_is_kept() {
    let bench = Bench::new();
    let mut token = changed(told());
    let mut face = Face { puk: Some("WRONG123"), ..Face::default() };
    let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8, token.puk_left), ("wrong-puk", 4, 1));
    let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), token.puk_left), ("last-try-kept", 1));
    let mut face = Face { puk: Some(OWN), last_try: LastTry::Spend, ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert_eq!(token.left(), (TRIES, TRIES, TRIES));
}

#[test]
fn a_locked_puk_is_told_before_the_server_is_asked() {
    let bench = Bench::new();
    let mut token = ready();
    bench.run(&mut token, enroll()).unwrap().done();
    token.puk_left = 0;
    let calls = bench.fake.calls();
    let error = bench.run(&mut token, unblock()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8, bench.fake.calls()), ("puk-locked", 4, calls));
}

#[test]
fn a_server_that_keeps_no_puks_leaves_it_alone_and_unblock_asks_for_it() {
    let bench = Bench::new();
    bench.fake.state().extension = false;
    let mut token = MemoryToken::of(Rules::piv(Cipher::Des));
    bench.run(&mut token, enroll()).unwrap().done();
    // The first PIN was set by the PUK it came with.
    assert_eq!((token.pin(), token.puk()), (Some(PIN), FACTORY_PUK));
    token.forget_pin();
    let end = bench.run(&mut token, unblock()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::Puk { refused: false, .. })), "{end:?}");
    let mut face = Face { puk: Some(FACTORY_PUK), ..Face::default() };
    bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
    bench.run(&mut token, retire()).unwrap().done();
    assert_eq!((token.left(), token.puk()), ((TRIES, TRIES, TRIES), FACTORY_PUK));
}

#[test]
fn a_mistyped_puk_is_told_where_the_server_keeps_none() {
    let bench = Bench::new();
    bench.fake.state().extension = false;
    let mut token = MemoryToken::of(Rules::piv(Cipher::Des));
    bench.run(&mut token, enroll()).unwrap().done();
    token.forget_pin();
    let mut face = Face { puk: Some("WRONG123"), ..Face::default() };
    let error = bench.run_with(&mut token, unblock(), &mut face).unwrap_err();
    assert_eq!((error.code(), token.puk_left), ("wrong-puk", TRIES - 1));
}

#[test]
fn the_factorys_puk_is_tried_once_for_a_first_pin_where_the_server_keeps_none() {
    let bench = Bench::new();
    bench.fake.state().extension = false;
    let mut token = MemoryToken::of(Rules { tells_tries: false, ..told() });
    token.set_puk(OWN);
    let order = || {
        let order = cardwright::enrollment::EnrollOrder { reset_pin: true, ..Default::default() };
        cardwright::enrollment::Order::Enroll(order)
    };
    for _ in 0..2 {
        let end = bench.run(&mut token, order()).unwrap();
        assert!(matches!(end, End::Unanswered(Need::Puk { .. })), "{end:?}");
        assert_eq!(token.left(), one_puk_less());
    }
    let mut face = Face { puk: Some(OWN), ..Face::default() };
    bench.run_with(&mut token, order(), &mut face).unwrap().done();
    assert_eq!((token.pin(), token.puk()), (Some(PIN), OWN));
}

#[test]
fn a_puk_that_was_told_to_a_person_gives_way_at_the_next_work() {
    for order in [renew, unblock] {
        let bench = Bench::new();
        let mut token = ready();
        bench.run(&mut token, enroll()).unwrap().done();
        bench.fake.secrets(|secrets| secrets.puk = "Spoken");
        bench.run(&mut token, order()).unwrap().done();
        assert_eq!((token.puk(), bench.fake.secrets(|secrets| secrets.puk)), (&*own_puk(2), "Active"));
        assert_eq!(token.left(), (TRIES, TRIES, TRIES));
    }
}

#[test]
fn a_renewal_does_not_end_at_a_puk_nobody_knows() {
    let bench = Bench::new();
    let mut token = ready();
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.secrets(|secrets| secrets.puk = "Spoken");
    token.set_puk(OWN);
    let mut face = Face::default();
    bench.run_with(&mut token, renew(), &mut face).unwrap().done();
    assert!(face.events.contains(&Event::PukKept));
    assert_eq!(token.left(), one_puk_less());
}

#[test]
fn a_retirement_does_not_end_at_a_puk_nobody_knows() {
    let bench = Bench::new();
    let mut token = ready();
    bench.run(&mut token, enroll()).unwrap().done();
    token.set_puk(OWN);
    let mut face = Face::default();
    bench.run_with(&mut token, retire(), &mut face).unwrap().done();
    assert!(face.events.contains(&Event::PukKept));
    assert_eq!((token.left(), bench.fake.card_status()), (one_puk_less(), 6));
    assert_eq!(bench.fake.secrets(|secrets| secrets.puk), "Active", "the server is not told what is not so");
}

#[test]
fn an_unblock_whose_puk_was_changed_by_somebody_asks_for_it() {
    let bench = Bench::new();
    let mut token = ready();
    bench.run(&mut token, enroll()).unwrap().done();
    token.set_puk(OWN);
    let end = bench.run(&mut token, unblock()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::Puk { refused: true, .. })), "{end:?}");
    assert_eq!(token.left(), one_puk_less());
    let mut face = Face { puk: Some(OWN), ..Face::default() };
    bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
    assert_eq!((token.puk(), token.pin()), (&*own_puk(1), Some(PIN)), "the card has the server's PUK again");
}

#[test]
fn a_card_that_takes_no_letters_gets_a_puk_of_digits_before_anything_is_changed() {
    for rules in [Rules::piv(Cipher::Aes), Rules::bare_piv(Cipher::Aes)] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(Rules { puk_digits: true, ..rules });
        bench.run(&mut token, enroll()).unwrap().done();
        assert_eq!((token.puk(), token.puk_refused), (&*own_puk_of_digits(1), 0));
        assert_eq!(bench.fake.secrets(|secrets| secrets.puk), "Active");
        let mut face = Face { new_pin: "975310", ..Face::default() };
        bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
        assert_eq!((token.pin(), token.left()), (Some("975310"), (TRIES, TRIES, TRIES)));
    }
}

#[test]
fn a_puk_that_the_card_has_taken_is_confirmed_and_the_one_before_not_tried_again() {
    let bench = Bench::new();
    let mut token = ready();
    bench.fake.behave(Some(Mischief::RefuseAs("PUT", "/puk", ProblemCode::Forbidden)));
    bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((token.puk(), bench.fake.secrets(|secrets| secrets.puk)), (&*own_puk(1), "Proposed"));
    bench.fake.behave(None);
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.puk_refused, bench.fake.secrets(|secrets| secrets.puk)), (0, "Active"));
}

/// Somebody has changed the PUK that the server has, on a card that does not count: three runs would lock it.
#[test]
fn a_puk_of_the_servers_that_the_card_has_refused_is_not_tried_again() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::bare_piv(Cipher::Aes));
    bench.fake.behave(Some(Mischief::RefuseAs("PUT", "/puk", ProblemCode::Forbidden)));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.behave(None);
    bench.fake.secrets(|secrets| secrets.puk = "Active");
    token.set_puk(OWN);
    for order in [enroll, unblock] {
        for _ in 0..3 {
            let end = bench.run(&mut token, order()).unwrap();
            assert!(matches!(end, End::Unanswered(Need::Puk { refused: true, .. })), "{end:?}");
        }
        let mut face = Face { puk: Some(OWN), ..Face::default() };
        bench.run_with(&mut token, order(), &mut face).unwrap().done();
        let asked = face.needs.iter().filter(|need| matches!(need, Need::Puk { .. })).count();
        assert_eq!((token.puk(), token.puk_refused, asked), (&*own_puk(1), 1, 1), "{:?}", order());
        (token.puk_refused, token.puk_left) = (0, TRIES);
        token.set_puk(OWN);
    }
}
