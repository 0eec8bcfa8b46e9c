//! Power cuts: at every call to the server and every change of the token, before it and after it.

use super::bench::{Bench, Face, PIN};
use super::fake::Mischief;
use super::memory_token::{Cut, MemoryToken};
use super::ways::{enroll, renew, retire, unblock};
use cardwright::enrollment::Order;

/// More cuts than any way has steps.
const MOST: usize = 60;

#[derive(Clone, Copy, Debug)]
enum Kill {
    Server(Mischief),
    Token(Cut),
}

/// A server and an enrolled token, or a fresh one.
fn set_up(enrolled: bool) -> (Bench, MemoryToken) {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    token.plant(b"somebody else's");
    if enrolled {
        bench.run(&mut token, enroll()).unwrap().done();
    }
    (bench, token)
}

/// Cuts a workflow at one point and has a new process take it up; false once the point lies beyond the end.
fn survives(kill: Kill, enrolled: bool, order: fn() -> Order, check: fn(&Bench, &MemoryToken)) -> bool {
    let (bench, mut token) = set_up(enrolled);
    let generated = token.generated;
    bench.fake.behave(match kill {
        Kill::Server(mischief) => Some(mischief),
        Kill::Token(_) => None,
    });
    token.repair(match kill {
        Kill::Token(cut) => Some(cut),
        Kill::Server(_) => None,
    });
    let mut face = Face { new_pin: PIN, ..Face::default() };
    let cut = bench.run_with(&mut token, order(), &mut face).is_err();
    bench.fake.behave(None);
    token.repair(None);
    if cut {
        let end = bench.run_with(&mut token, order(), &mut Face::default());
        end.unwrap_or_else(|error| panic!("{kill:?}: {error:?}")).done();
    }
    assert_eq!(bench.unfinished(), 0, "{kill:?}");
    assert!(token.generated - generated <= 1, "{kill:?}: {} keys", token.generated - generated);
    assert_eq!(token.pin(), Some(PIN), "{kill:?}");
    check(&bench, &token);
    cut
}

fn everywhere(enrolled: bool, order: fn() -> Order, check: fn(&Bench, &MemoryToken)) {
    let points: [fn(usize) -> Kill; 4] = [
        |at| Kill::Server(Mischief::AwayBefore(at)),
        |at| Kill::Server(Mischief::AwayAfter(at)),
        |at| Kill::Token(Cut::Before(at)),
        |at| Kill::Token(Cut::After(at)),
    ];
    for point in points {
        let cuts = (0..MOST).take_while(|at| survives(point(*at), enrolled, order, check)).count();
        assert!((1..MOST).contains(&cuts), "{cuts} cuts of {:?}", point(0));
    }
}

#[test]
fn an_enrollment_survives_a_cut_anywhere() {
    everywhere(false, enroll, |bench, token| {
        assert_eq!(bench.fake.requests(), [(1, 8)]);
        assert_eq!((token.generated, token.keys().len()), (1, 2));
        assert_eq!(token.certificates(), bench.fake.issued());
        assert_eq!(bench.fake.issued().len(), 1);
        assert_eq!(bench.fake.admin_key_state(), "Active");
    });
}

#[test]
fn a_renewal_survives_a_cut_anywhere() {
    everywhere(true, renew, |bench, token| {
        assert_eq!(bench.fake.requests(), [(1, 8), (3, 8)]);
        assert_eq!((token.generated, token.keys().len()), (2, 2));
        assert_eq!(token.certificates(), bench.fake.issued()[1..]);
    });
}

#[test]
fn an_unblock_survives_a_cut_anywhere() {
    everywhere(true, unblock, |bench, _| assert_eq!(bench.fake.requests(), [(1, 8), (5, 8)]));
}

#[test]
fn a_retirement_survives_a_cut_anywhere() {
    everywhere(true, retire, |bench, token| {
        assert_eq!(bench.fake.requests(), [(1, 8), (7, 8)]);
        assert_eq!((token.keys().len(), bench.fake.card_status()), (1, 6));
    });
}

#[test]
fn without_our_extension_the_journal_alone_knows_how_far_the_admin_key_came() {
    for after in 0..40 {
        let (bench, mut token) = set_up(false);
        bench.fake.state().extension = false;
        token.repair(Some(Cut::After(after)));
        let cut = bench.run(&mut token, enroll()).is_err();
        token.repair(None);
        if !cut {
            return;
        }
        bench.run(&mut token, enroll()).unwrap().done();
        assert_eq!(token.so_pin(), hex::encode(super::fake::OWN_KEY));
    }
    panic!("never came to an end");
}
