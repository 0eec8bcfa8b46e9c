//! The admin key that follows a card's own: what the card makes of it, and what a card that has another key costs.

use super::bench::{Bench, End, Face};
use super::fake::OWN_KEY;
use super::memory_rules::Rules;
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::ways::{enroll, renew, retire};
use cardwright::enrollment::{Event, Input, Need};
use cardwright::secret::Pin;
use cardwright::token::LastTry;

const NEXT: [u8; 24] = [0x2f; 24];
const OTHER: [u8; 24] = [0xab; 24];

/// A card with its own key, which another is to follow.
fn due() -> (Bench, MemoryToken) {
    let (bench, mut token) = (Bench::new(), MemoryToken::of(Rules::gids()));
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.state().next_key = Some(NEXT);
    bench.fake.behave(None);
    token.repair(None);
    (bench, token)
}

fn renewed(bench: &Bench, token: &mut MemoryToken) -> Face {
    let mut face = Face::default();
    bench.run_with(token, renew(), &mut face).unwrap().done();
    face
}

#[test]
fn a_renewal_gives_the_card_the_key_that_follows() {
    let (bench, mut token) = due();
    let face = renewed(&bench, &mut token);
    assert!(face.events.contains(&Event::AdminKeyChanged));
    assert_eq!((token.so_pin(), bench.fake.state().own_key), (&*hex::encode(NEXT), NEXT));
}

#[test]
fn a_card_that_may_have_it_already_is_asked() {
    let (bench, mut token) = due();
    bench.fake.state().next_proposed = true;
    token.set_so_pin(&hex::encode(NEXT));
    renewed(&bench, &mut token);
    assert_eq!((token.left(), bench.fake.state().own_key), ((TRIES, TRIES, TRIES), NEXT));
}

#[test]
fn a_card_with_another_key_keeps_it_and_loses_one_try() {
    let (bench, mut token) = due();
    token.set_so_pin(&hex::encode(OTHER));
    let face = renewed(&bench, &mut token);
    assert!(face.events.contains(&Event::AdminKeyKept));
    assert_eq!((token.so_pin(), token.admin_left()), (&*hex::encode(OTHER), TRIES - 1));
    assert_eq!(bench.fake.state().own_key, OWN_KEY);
}

#[test]
fn a_key_that_somebody_typed_and_that_is_refused_is_told_after_one_try() {
    for proposed in [false, true] {
        let (bench, mut token) = due();
        bench.fake.state().next_proposed = proposed;
        let typed = Input::SoPin(Pin::new(hex::encode(OTHER)), LastTry::Keep);
        let error = bench.run_given(&mut token, renew(), typed, &mut Face::default()).unwrap_err();
        assert_eq!((error.code(), token.admin_left()), ("wrong-so-pin", TRIES - 1), "{proposed}");
        // The right one is taken, and is then the one before.
        let typed = Input::SoPin(Pin::new(hex::encode(OWN_KEY)), LastTry::Keep);
        bench.run_given(&mut token, renew(), typed, &mut Face::default()).unwrap().done();
        assert_eq!(token.so_pin(), hex::encode(NEXT));
    }
}

#[test]
fn another_program_is_told_of_and_the_key_follows_later() {
    for at in 0.. {
        let (bench, mut token) = due();
        token.repair(Some(Cut::Busy(at)));
        let end = bench.run(&mut token, renew());
        if token.operations() <= at {
            end.unwrap().done();
            assert!(at > 4);
            break;
        }
        assert_eq!(end.unwrap_err().code(), "reader-busy", "{at}");
        token.repair(None);
        renewed(&bench, &mut token);
        assert_eq!(token.so_pin(), hex::encode(NEXT), "{at}");
    }
}

#[test]
fn at_a_retirement_it_follows_only_where_it_is_certain_which_key_holds() {
    for (in_doubt, asked) in [(false, 1), (true, 0)] {
        let (bench, mut token) = due();
        if in_doubt {
            bench.fake.propose_admin_key();
        }
        bench.run(&mut token, retire()).unwrap().done();
        assert_eq!((bench.fake.asked("/adminkey/next"), token.so_pin()), (asked, &*token.rules.default_key()));
    }
}

/// An enrollment of a card that has its own key by the server's record; it is broken off before anything is done to it.
fn own_by_record(rules: Rules) -> (Bench, MemoryToken) {
    let (bench, mut token) = (Bench::new(), MemoryToken::of(rules));
    bench.fake.state().approval = true;
    bench.run(&mut token, enroll()).unwrap();
    bench.fake.decide(true);
    let mut face = Face { new_pin: "123", ..Face::default() };
    assert_eq!(bench.run_with(&mut token, enroll(), &mut face).unwrap_err().code(), "pin-length");
    bench.fake.secrets(|secrets| secrets.admin_key = "Active");
    (bench, token)
}

#[test]
fn a_card_that_was_made_anew_meanwhile_is_found_out_before_its_pin_is_set() {
    for follows in [false, true] {
        let next = follows.then_some(NEXT);
        // It has the key that it came with, and says how many tries are left: none is spent to find that out.
        let (bench, mut token) = own_by_record(Rules::gids());
        bench.fake.state().next_key = next;
        let end = bench.run(&mut token, enroll()).unwrap();
        assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{follows} {end:?}");
        assert_eq!((token.admin_left(), token.pin()), (TRIES - 1, None), "{follows}");
        // It does not say: then that costs nothing that anybody could lose.
        let (bench, mut token) = own_by_record(Rules { tells_tries: false, ..Rules::gids() });
        bench.fake.state().next_key = next;
        bench.run(&mut token, enroll()).unwrap().done();
        assert_ne!(token.so_pin(), token.rules.default_key());
        // It has the one of the record.
        let (bench, mut token) = own_by_record(Rules::gids());
        token.set_so_pin(&hex::encode(OWN_KEY));
        bench.fake.state().next_key = next;
        bench.run(&mut token, enroll()).unwrap().done();
        assert_eq!((token.so_pin(), token.admin_left()), (&*hex::encode(next.unwrap_or(OWN_KEY)), TRIES));
    }
}

#[test]
fn a_card_that_cannot_take_the_key_that_follows_is_not_given_to_another_holder() {
    let (bench, mut token) = own_by_record(Rules { fixed_admin_key: true, ..Rules::gids() });
    token.set_so_pin(&hex::encode(OWN_KEY));
    bench.fake.state().next_key = Some(NEXT);
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "not-offered");
}
