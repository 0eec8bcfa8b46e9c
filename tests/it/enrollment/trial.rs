//! Whether the keys will fit is tried as early as a key allows that is likely to hold, and once.

use super::bench::{Bench, End, Face, PIN};
use super::fake::Mischief;
use super::memory_rules::Rules;
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::ways::{enroll, retire};
use cardwright::cm::problem::ProblemCode;
use cardwright::enrollment::{Event, Need, Order};

/// What a key on P-256 and its certificate are taken to need, in bytes.
const WANTED: usize = 91 + 512 + 1024 + 256;

fn tried() -> Rules {
    Rules { tries_room: true, ..Rules::gids() }
}

/// Has a request made and approved.
fn approved(bench: &Bench, token: &mut MemoryToken) {
    bench.fake.state().approval = true;
    let end = bench.run(token, enroll()).unwrap();
    assert!(matches!(end, End::Pending { .. }), "{end:?}");
    bench.fake.decide(true);
    bench.fake.state().approval = false;
}

/// Breaks an enrollment off once the card is assigned and nothing is on it.
fn assigned(bench: &Bench, token: &mut MemoryToken) {
    approved(bench, token);
    let mut face = Face { new_pin: "123", ..Face::default() };
    assert_eq!(bench.run_with(token, enroll(), &mut face).unwrap_err().code(), "pin-length");
    assert_eq!((token.room_trials, token.admin_left()), (1, TRIES));
    token.repair(None);
}

#[test]
fn a_token_that_tells_what_it_still_takes_is_believed_to_the_byte() {
    for (free, fits) in [(WANTED - 1, false), (WANTED, true), (WANTED + 1, true)] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(Rules { free: Some(free), ..Rules::pkcs11() });
        match bench.run(&mut token, enroll()) {
            Ok(end) => drop(end.done()),
            Err(error) => assert_eq!((error.code(), fits), ("token-full", false), "{free}"),
        }
        assert_eq!(token.generated, usize::from(fits), "{free}");
    }
}

#[test]
fn a_new_process_makes_the_trial_again_and_none_makes_it_twice() {
    for diversify in [true, false] {
        let bench = Bench::new();
        bench.fake.state().diversify = diversify;
        let mut token = MemoryToken::of(tried());
        assigned(&bench, &mut token);
        bench.run(&mut token, enroll()).unwrap().done();
        assert_eq!(token.room_trials, 2, "{diversify}");
        let mut other = MemoryToken::of(tried());
        bench.run(&mut other, enroll()).unwrap().done();
        assert_eq!(other.room_trials, 1, "{diversify}");
    }
}

#[test]
fn a_card_that_has_filled_up_meanwhile_keeps_the_admin_key_that_it_has() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(tried());
    assigned(&bench, &mut token);
    token.full = true;
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "token-full");
    assert_eq!(token.so_pin(), token.rules.default_key());
    token.full = false;
    bench.run(&mut token, enroll()).unwrap().done();
}

#[test]
fn a_trial_by_a_key_that_does_not_hold_costs_the_only_try_of_it() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::of(tried());
    assigned(&bench, &mut token);
    token.set_so_pin(&"ab".repeat(24));
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{end:?}");
    assert_eq!(token.admin_left(), TRIES - 1);
}

#[test]
fn a_trial_that_another_program_keeps_from_being_made_is_not_passed_over() {
    let mut at = 0;
    loop {
        let bench = Bench::new();
        bench.fake.state().diversify = false;
        let mut token = MemoryToken::of(tried());
        assigned(&bench, &mut token);
        token.repair(Some(Cut::Busy(at)));
        let end = bench.run(&mut token, enroll());
        if token.operations() <= at {
            end.unwrap().done();
            break;
        }
        assert_eq!(end.unwrap_err().code(), "reader-busy", "{at}");
        token.repair(None);
        bench.run(&mut token, enroll()).unwrap().done();
        assert_eq!((token.pin(), token.admin_left()), (Some(PIN), TRIES));
        at += 1;
    }
    assert!(at > 3);
}

#[test]
fn a_card_that_was_retired_is_tried_by_the_key_it_came_with_only_where_it_got_that_back() {
    let lost = || Order::RetireLost { comment: String::new(), reason: String::new() };
    for (order, trials) in [(retire as fn() -> Order, 1), (lost, 0)] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(tried());
        bench.run(&mut token, enroll()).unwrap().done();
        bench.run(&mut token, order()).unwrap().done();
        approved(&bench, &mut token);
        let before = token.room_trials;
        bench.fake.behave(Some(Mischief::RefuseAs("POST", "/smartcards", ProblemCode::Forbidden)));
        assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "forbidden");
        assert_eq!((token.room_trials - before, token.admin_left()), (trials, TRIES), "{:?}", order());
    }
}

/// What the server knows of another card, which has the name that this one had in earlier versions, says nothing of the
/// admin key of this one.
#[test]
fn a_card_whose_earlier_name_is_that_of_a_card_in_use_is_tried_before_it_is_assigned() {
    let bench = Bench::new();
    let mut enrolled = MemoryToken::fresh();
    bench.run(&mut enrolled, enroll()).unwrap().done();
    let mut token = MemoryToken::of(tried());
    token.identity = enrolled.identity.clone();
    token.named_in_full();
    token.full = true;
    let mut face = Face::default();
    assert_eq!(bench.run_with(&mut token, enroll(), &mut face).unwrap_err().code(), "token-full");
    assert!(!face.events.iter().any(|event| matches!(event, Event::CardAssigned { .. })), "{:?}", face.events);
    token.full = false;
    bench.run(&mut token, enroll()).unwrap().done();
}
