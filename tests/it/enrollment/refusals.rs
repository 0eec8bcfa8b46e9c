//! What is refused, by whom, what is kept, and what it is called.

use super::bench::{Bench, End, Face, PIN};
use super::fake::Mischief;
use super::memory_rules::Rules;
use super::memory_token::MemoryToken;
use super::ways::{enroll, renew, retire, unblock};
use cardwright::enrollment::{Cause, EnrollOrder, Error, Event, Input, Need, Order};
use cardwright::secret::Pin;
use cardwright::token::{LastTry, Token};
use std::collections::VecDeque;

fn facts(error: &Error) -> (&'static str, u8) {
    assert!(!error.remedy().is_empty() && !error.kept().is_empty());
    (error.code(), error.exit_class() as u8)
}

/// Goes wrong once; then all is as it should be and the same request is carried out.
fn once_wrong(bench: &Bench, token: &mut MemoryToken, expected: (&str, u8)) {
    let error = bench.run(token, enroll()).unwrap_err();
    assert_eq!(facts(&error), expected, "{error:?}");
    assert_eq!(token.certificates(), Vec::<Vec<u8>>::new());
    bench.fake.behave(None);
    bench.run(token, enroll()).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
    assert_eq!((token.generated, token.certificates().len()), (1, 1));
}

#[test]
fn a_certificate_for_another_key_is_not_written() {
    let bench = Bench::new();
    bench.fake.behave(Some(Mischief::OtherKey));
    once_wrong(&bench, &mut MemoryToken::fresh(), ("certificate-for-another-key", 9));
}

#[test]
fn nonsense_is_called_nonsense_wherever_it_comes() {
    for end in ["certificatedata", "certificaterequestgenerationoptions", "configuration/smartcards", "/smartcards"] {
        let bench = Bench::new();
        bench.fake.behave(Some(Mischief::Nonsense(end)));
        once_wrong(&bench, &mut MemoryToken::fresh(), ("server-nonsense", 5));
    }
}

#[test]
fn a_nonsensical_key_is_not_quoted() {
    let bench = Bench::new();
    bench.fake.behave(Some(Mischief::Nonsense("diversifiedkey")));
    let mut token = MemoryToken::fresh();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert!(!format!("{error:?}").contains("html"), "{error:?}");
    assert_eq!(token.so_pin(), hex::encode([0; 24]));
}

#[test]
fn a_server_that_is_away_is_told_apart_from_one_that_refuses() {
    let bench = Bench::new();
    bench.fake.behave(Some(Mischief::AwayBefore(0)));
    let mut token = MemoryToken::fresh();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(facts(&error), ("server-unreachable", 5));
    assert_eq!(bench.unfinished(), 0);
    bench.fake.behave(Some(Mischief::Refuse("requests", 403)));
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(facts(&error), ("server-refused", 6));
    assert_eq!(bench.unfinished(), 0, "a request that was refused is not taken up");
    bench.fake.behave(Some(Mischief::Refuse("profiletemplates", 401)));
    assert_eq!(facts(&bench.run(&mut token, enroll()).unwrap_err()), ("not-authenticated", 6));
}

#[test]
fn a_key_that_the_server_keeps_to_itself_is_said_plainly() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.behave(Some(Mischief::Refuse("diversifiedkey", 403)));
    let error = bench.run(&mut token, unblock()).unwrap_err();
    assert_eq!(facts(&error), ("admin-key-withheld", 6));
    assert_eq!(token.pin(), Some(PIN));
}

#[test]
fn a_denied_request_is_over_and_the_next_one_is_new() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap();
    bench.fake.decide(false);
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(facts(&error), ("request-denied", 6));
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Pending { .. }));
    assert_eq!(bench.fake.requests(), [(1, 4), (1, 16)]);
}

#[test]
fn keys_of_a_request_that_was_canceled_meanwhile_are_taken_off() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.fake.behave(Some(Mischief::OtherKey));
    bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(token.keys().len(), 1);
    bench.fake.behave(None);
    bench.fake.set_status(17);
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(facts(&error), ("request-canceled", 6));
    assert_eq!((token.keys().len(), bench.unfinished()), (0, 0));
}

#[test]
fn a_wrong_pin_costs_one_try_and_keeps_the_request() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::prepared("12345678", PIN);
    let mut wrong = Face { pins: VecDeque::from(["1111"]), ..Face::default() };
    let error = bench.run_with(&mut token, enroll(), &mut wrong).unwrap_err();
    assert_eq!(facts(&error), ("wrong-pin", 4));
    assert!(error.kept().contains(&bench.fake.last_request().to_string()));
    let error = bench.run_with(&mut token, enroll(), &mut wrong).unwrap_err();
    assert_eq!(facts(&error), ("wrong-pin", 4));
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(facts(&error), ("last-try-kept", 4));
    let mut face = Face { last_try: LastTry::Spend, ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert_eq!((bench.fake.requests(), token.generated), (vec![(1, 8)], 1));
}

#[test]
fn the_same_driver_goes_on_after_a_wrong_pin() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::prepared("12345678", PIN);
    let journal = bench.journal();
    let identity = token.identity().clone();
    let mut enrollment =
        cardwright::enrollment::Enrollment::begin(&bench.client, &journal, &identity, enroll()).unwrap();
    let mut face = Face { pins: VecDeque::from(["1111", PIN]), ..Face::default() };
    assert_eq!(face.pump(&mut enrollment, &mut token).unwrap_err().code(), "wrong-pin");
    face.pump(&mut enrollment, &mut token).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
}

#[test]
fn what_was_typed_is_asked_for_again_where_the_card_was_lost_at_the_login() {
    use cardwright::token::Error as Lost;
    for (lost, code) in [
        (Lost::Removed, "token-removed"),
        (Lost::Reset, "card-reset"),
        (Lost::ServiceStopped, "pcsc-not-running"),
        (Lost::Timeout, "card-timeout"),
    ] {
        let bench = Bench::new();
        bench.fake.state().diversify = false;
        let mut token = MemoryToken::prepared("12345678", PIN);
        let (journal, identity) = (bench.journal(), token.identity().clone());
        let mut enrollment =
            cardwright::enrollment::Enrollment::begin(&bench.client, &journal, &identity, enroll()).unwrap();
        token.lost = Some(lost);
        let mut face = Face::default();
        let asked = |face: &Face| face.needs.iter().filter(|need| matches!(need, Need::Pin { .. })).count();
        let error = face.pump(&mut enrollment, &mut token).unwrap_err();
        assert_eq!((facts(&error), asked(&face)), ((code, 8), 1));
        // The card may have got it, and another one could be there now.
        face.pump(&mut enrollment, &mut token).unwrap().done();
        assert_eq!(asked(&face), 2, "{code}");
        assert_eq!(bench.fake.requests(), [(1, 8)]);
    }
}

#[test]
fn a_locked_pin_is_told_before_the_server_is_asked_where_nobody_can_set_another() {
    let bench = Bench::new();
    let mut token = MemoryToken::prepared("12345678", PIN);
    token.forget_pin();
    token.set_admin_left(0);
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((facts(&error), bench.fake.calls()), (("so-pin-locked", 4), 0));
    token.set_admin_left(3);
    let error = bench.run(&mut token, renew()).unwrap_err();
    assert_eq!((facts(&error), bench.fake.calls()), (("pin-locked", 4), 0));
}

#[test]
fn the_last_try_of_the_admin_key_is_kept_unless_it_may_go() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    token.set_admin_left(1);
    let error = bench.run(&mut token, unblock()).unwrap_err();
    assert_eq!((facts(&error), token.admin_left()), (("last-try-kept", 4), 1));
    let order = Order::Unblock { comment: String::new(), last_try: LastTry::Spend };
    bench.run(&mut token, order).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8), (5, 8)]);
    token.set_admin_left(0);
    let calls = bench.fake.calls();
    let error = bench.run(&mut token, unblock()).unwrap_err();
    assert_eq!((facts(&error), bench.fake.calls()), (("so-pin-locked", 4), calls));
}

#[test]
fn a_full_or_removed_token_keeps_the_request() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    token.full = true;
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(facts(&error), ("token-full", 8));
    token.full = false;
    token.removed = true;
    assert_eq!(facts(&bench.run(&mut token, enroll()).unwrap_err()), ("token-removed", 8));
    token.removed = false;
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
}

#[test]
fn a_pin_that_breaks_the_policy_changes_nothing() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    let mut face = Face { new_pin: "123", ..Face::default() };
    let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
    assert_eq!(facts(&error), ("pin-length", 4));
    assert!(matches!(error.cause, Cause::PinLength { minimum: 4, maximum: 12 }));
    assert_eq!(token.so_pin(), hex::encode([0; 24]));
}

#[test]
fn a_template_nobody_knows_is_named_with_those_there_are() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    let order = Order::Enroll(EnrollOrder { template: Some("Loopbakc".into()), ..Default::default() });
    let error = bench.run(&mut token, order).unwrap_err();
    assert_eq!(facts(&error), ("template-unknown", 2));
    assert!(error.cause.to_string().contains("Loopback"));
    let order = Order::Enroll(EnrollOrder { template: Some("loopback".into()), ..Default::default() });
    bench.run(&mut token, order).unwrap().done();
}

#[test]
fn an_order_for_a_key_nobody_knows_is_refused_before_a_key_is_made() {
    let bench = Bench::new();
    bench.fake.state().algorithm = ("DSA", 1024);
    let mut token = MemoryToken::fresh();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((facts(&error), token.generated), (("key-order-unusable", 9), 0));
}

#[test]
fn a_card_the_server_does_not_know_cannot_be_renewed() {
    let bench = Bench::new();
    let mut token = MemoryToken::prepared("12345678", PIN);
    let error = bench.run(&mut token, renew()).unwrap_err();
    assert_eq!(facts(&error), ("card-unknown", 6));
    assert_eq!(bench.fake.requests(), []);
}

#[test]
fn a_card_in_use_is_not_enrolled_again() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((facts(&error), bench.fake.requests()), (("card-in-use", 6), vec![(1, 8)]));
}

#[test]
fn an_order_for_something_else_does_not_take_up_what_is_open() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap();
    let order = Order::Enroll(EnrollOrder { request: Some(uuid::Uuid::new_v4()), ..Default::default() });
    assert_eq!(facts(&bench.run(&mut token, order).unwrap_err()), ("request-open", 10));
    let order = Order::Enroll(EnrollOrder { target: Some(uuid::Uuid::new_v4()), ..Default::default() });
    assert_eq!(facts(&bench.run(&mut token, order).unwrap_err()), ("request-open", 10));
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Pending { .. }));
    assert_eq!(bench.fake.requests(), [(1, 16)]);
}

#[test]
fn a_request_tied_to_another_card_is_refused() {
    let bench = Bench::new();
    let mut first = MemoryToken::fresh();
    bench.fake.behave(Some(Mischief::OtherKey));
    bench.run(&mut first, enroll()).unwrap_err();
    bench.fake.behave(None);
    let mut second = MemoryToken::fresh();
    let request = Some(bench.fake.last_request());
    let order = Order::Enroll(EnrollOrder { request, ..Default::default() });
    let error = bench.run(&mut second, order).unwrap_err();
    assert_eq!((facts(&error), second.generated), (("request-of-other-card", 2), 0));
}

#[test]
fn an_so_pin_that_was_given_and_is_refused_is_told_when_a_card_is_retired() {
    let (wrong, other) = (hex::encode([0x44; 24]), hex::encode([0x33; 24]));
    let given = |digits: &str| Input::SoPin(Pin::new(digits.to_owned()), LastTry::Keep);
    for rules in [Rules::gids(), Rules::pkcs11()] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(rules);
        bench.run(&mut token, enroll()).unwrap().done();
        // Somebody has changed it, and says to what.
        token.set_so_pin(&other);
        let mut face = Face::default();
        let error = bench.run_given(&mut token, retire(), given(&wrong), &mut face).unwrap_err();
        assert_eq!(facts(&error), ("wrong-so-pin", 4));
        assert!(!face.events.contains(&Event::AdminKeyKept), "{:?}", face.events);
        assert_eq!(token.admin_left(), 2, "one try");
        bench.run_given(&mut token, retire(), given(&other), &mut face).unwrap().done();
        assert_eq!(token.so_pin(), token.rules.default_key());
    }
}
