//! What a card must still show when it is retired, and that whoever must type a PIN for it does so before there is a request.

use super::bench::{Bench, Face, PIN};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::MemoryToken;
use super::ways::{enroll, renew, retire};
use cardwright::enrollment::{Enrollment, Event, Input, Need, Step};
use cardwright::token::Token;

fn enrolled(rules: Rules, diversify: bool) -> (Bench, MemoryToken) {
    let bench = Bench::new();
    bench.fake.state().diversify = diversify;
    let mut token = MemoryToken::of(rules);
    if rules.has_puk && !rules.tells_defaults {
        token.set_pin_to(PIN);
    }
    bench.run(&mut token, enroll()).unwrap().done();
    (bench, token)
}

#[test]
fn a_pin_is_asked_for_before_there_is_a_request_or_not_at_all() {
    // The kind of card, whether it has an admin key of its own, and whether its PIN is needed: where the user removes
    // keys, and where a card has shown a certificate alone and no key of its own tells it from others.
    for (rules, diversify, needed) in [
        (Rules::pkcs11(), true, true),
        (Rules::gids(), true, true),
        (Rules::gids(), false, true),
        (Rules::piv(Cipher::Aes), true, false),
        (Rules::piv(Cipher::Aes), false, false),
        (Rules::bare_piv(Cipher::Aes), true, false),
        (Rules::bare_piv(Cipher::Aes), false, true),
    ] {
        let (bench, mut token) = enrolled(rules, diversify);
        let journal = bench.journal();
        let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), retire()).unwrap();
        match work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap() {
            Step::Need(Need::Pin { .. }) => assert!(needed, "{rules:?} {diversify}"),
            Step::Done(_) => assert!(!needed, "{rules:?} {diversify}"),
            Step::Need(_) | Step::Pending { .. } => panic!("{rules:?} {diversify}"),
        }
        assert_eq!(bench.fake.requests().len(), if needed { 1 } else { 2 }, "{rules:?} {diversify}");
        drop(work);
        bench.run(&mut token, retire()).map(drop).unwrap_or_else(|error| assert_eq!(error.code(), "card-not-active"));
        assert_eq!(bench.fake.card_status(), 6);
    }
}

#[test]
fn a_card_that_can_show_nothing_more_is_refused_before_there_is_a_request() {
    for (rules, diversify, proven) in [
        (Rules::bare_piv(Cipher::Aes), false, false),
        (Rules::bare_piv(Cipher::Aes), true, true),
        (Rules::piv(Cipher::Aes), false, true),
    ] {
        let (bench, mut token) = enrolled(rules, diversify);
        token.forget_pin();
        match bench.run(&mut token, retire()) {
            Ok(end) => drop(end.done()),
            Err(error) => assert_eq!((error.code(), proven), ("card-unproven", false), "{rules:?} {diversify}"),
        }
        assert_eq!(bench.fake.requests().len(), if proven { 2 } else { 1 }, "{rules:?} {diversify}");
    }
}

#[test]
fn whoever_resets_a_card_needs_no_pin_of_its_user_and_whoever_renews_it_types_it_first() {
    let bench = Bench::new();
    bench.fake.state().reset_on_retire = true;
    let mut token = MemoryToken::of(Rules { resets: true, ..Rules::gids() });
    bench.run(&mut token, enroll()).unwrap().done();
    let journal = bench.journal();
    let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), renew()).unwrap();
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(Need::Pin { .. })), "{step:?}");
    assert_eq!(bench.fake.requests(), [(1, 8)], "nothing was asked for");
    drop(work);
    let mut face = Face::default();
    bench.run_with(&mut token, retire(), &mut face).unwrap().done();
    assert!(face.needs.is_empty() && face.events.contains(&Event::TokenReset), "{:?}", face.needs);
}
