//! Work in the journal is taken up by its own card alone, and does not outlive its request.

use super::bench::Bench;
use super::fake::Mischief;
use super::memory_identity::Keeps;
use super::memory_token::{MemoryToken, TRIES};
use super::ways::{enroll, retire};
use cardwright::enrollment::{EnrollOrder, Order};
use cardwright::token::Token;
use uuid::Uuid;

/// A nameless token of an earlier version, with an enrollment that was broken off: before anything was on it, or after
/// its key was made.
fn broken_off(bench: &Bench, touched: bool) -> MemoryToken {
    let mut token = MemoryToken::nameless(Keeps::Always);
    token.as_it_was_named();
    bench.fake.state().approval = !touched;
    if touched {
        bench.fake.behave(Some(Mischief::OtherKey));
        bench.run(&mut token, enroll()).unwrap_err();
        bench.fake.behave(None);
    } else {
        bench.run(&mut token, enroll()).unwrap();
        bench.fake.decide(true);
    }
    token.named_by_nothing();
    token
}

fn stranger(keeps: Keeps) -> MemoryToken {
    MemoryToken::nameless(keeps)
}

#[test]
fn work_is_not_taken_up_by_a_token_that_cannot_be_told_from_its_own() {
    for touched in [false, true] {
        let bench = Bench::new();
        let mut token = broken_off(&bench, touched);
        let mut other = stranger(Keeps::Nothing);
        let error = bench.run(&mut other, enroll()).unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), ("work-unproven", 10), "{error:?}");
        assert!(error.remedy().contains("cardwright request cancel"));
        assert_eq!((other.left(), other.keys().len(), bench.unfinished()), ((TRIES, TRIES, TRIES), 0, 1));
        if touched {
            bench.run(&mut token, enroll()).unwrap().done();
            assert_eq!((token.generated, bench.fake.requests()), (1, vec![(1, 8)]));
        } else {
            // Once the request is over, the token is enrolled under a name of its own.
            bench.fake.set_status(17);
            assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "request-canceled");
            bench.fake.state().approval = false;
            bench.run(&mut token, enroll()).unwrap().done();
        }
        assert_eq!(bench.unfinished(), 0);
    }
}

#[test]
fn a_token_with_an_id_of_ours_leaves_the_work_of_another_alone() {
    let bench = Bench::new();
    let mut token = broken_off(&bench, true);
    let mut other = stranger(Keeps::Always);
    other.write_card_id(Uuid::new_v4(), None).unwrap();
    bench.run(&mut other, enroll()).unwrap().done();
    assert_eq!((other.generated, bench.unfinished()), (1, 1));
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.generated, bench.unfinished()), (1, 0));
}

fn for_another() -> Order {
    let template = Some("Loopback".into());
    Order::Enroll(EnrollOrder { template, target: Some(Uuid::new_v4()), ..EnrollOrder::default() })
}

fn by_template(name: &str) -> Order {
    Order::Enroll(EnrollOrder { template: Some(name.into()), ..EnrollOrder::default() })
}

#[test]
fn an_open_request_is_offered_before_another_is_begun() {
    let bench = Bench::new();
    bench.fake.state().second_template = true;
    let mut token = MemoryToken::fresh();
    bench.fake.state().approval = true;
    bench.run(&mut token, by_template("Loopback")).unwrap();
    let request = bench.fake.last_request();
    let given = || Order::Enroll(EnrollOrder { request: Some(Uuid::new_v4()), ..EnrollOrder::default() });
    for order in [for_another(), by_template("Second"), given()] {
        let error = bench.run(&mut token, order).unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), ("request-open", 10));
        assert_eq!(error.to_string(), "could not make the request");
        for command in ["cardwright enroll --request", "cardwright request cancel"] {
            assert!(error.kept().contains(&format!("{command} {request}")), "{}", error.kept());
        }
        assert_eq!((bench.unfinished(), bench.fake.requests().len()), (1, 1));
    }
    // What it names goes on with the request.
    bench.fake.decide(true);
    let same = Order::Enroll(EnrollOrder { request: Some(request), ..EnrollOrder::default() });
    bench.run(&mut token, same).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
}

#[test]
fn a_request_that_is_over_does_not_stand_in_the_way_of_another() {
    // Denied, completed by somebody else, canceled, failed.
    for status in [4, 8, 17, 9] {
        for order in [for_another(), by_template("Second")] {
            let bench = Bench::new();
            bench.fake.state().second_template = true;
            let mut token = MemoryToken::fresh();
            bench.fake.state().approval = true;
            bench.run(&mut token, by_template("Loopback")).unwrap();
            bench.fake.set_status(status);
            bench.fake.state().approval = false;
            bench.run(&mut token, order).unwrap_or_else(|error| panic!("{status}: {error:?}")).done();
            assert_eq!(bench.fake.requests(), [(1, status), (1, 8)]);
            assert_eq!((token.generated, bench.unfinished()), (1, 0));
        }
    }
}

#[test]
fn keys_of_a_request_that_is_over_are_taken_off_before_another_is_begun() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.fake.behave(Some(Mischief::OtherKey));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.behave(None);
    bench.fake.set_status(17);
    assert_eq!(token.keys().len(), 1);
    assert_eq!(bench.run(&mut token, for_another()).unwrap_err().code(), "request-canceled");
    assert_eq!((token.keys().len(), bench.unfinished()), (0, 0));
    // The server knows the card, which proves itself by its admin key.
    bench.run(&mut token, retire()).unwrap().done();
    bench.run(&mut token, for_another()).unwrap().done();
}

#[test]
fn an_order_that_was_never_made_gives_way_to_another() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.fake.behave(Some(Mischief::AwayBefore(5)));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.behave(None);
    assert_eq!((bench.unfinished(), bench.fake.requests().len()), (1, 0));
    bench.run(&mut token, for_another()).unwrap().done();
    assert_eq!((bench.unfinished(), bench.fake.requests()), (0, vec![(1, 8)]));
}
