//! The PIN that a card leaves its enrollment with: whose choice it is, by whose right it is set, what is refused, and
//! which one holds when the work is taken up again.

use super::bench::{Bench, End, Face, PIN};
use super::fake::{Mischief, OWN_KEY, PROPOSED_PIN};
use super::fake_secrets::own_puk;
use super::memory_rules::{Cipher, FACTORY_PIN, FACTORY_PUK, Rules};
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::ways::{enroll, renew, retire, unblock};
use cardwright::enrollment::{Enrollment, Event, Input, Need, WhichPin};
use cardwright::secret::Pin;
use cardwright::token::{LastTry, Token};
use serde_json::{Value, json};

const FULL: (u8, u8, u8) = (TRIES, TRIES, TRIES);
/// A PIN of somebody's, which the card had before.
const BEFORE: &str = "864209";

/// Every kind of token, with a PIN that somebody chose.
fn used() -> [MemoryToken; 4] {
    [Rules::piv(Cipher::Aes), Rules::bare_piv(Cipher::Des), Rules::gids(), Rules::pkcs11()].map(|rules| {
        let mut token = MemoryToken::of(rules);
        token.set_pin_to(BEFORE);
        token
    })
}

fn new_pin(text: &str) -> Input {
    Input::NewPin(Pin::new(text.to_owned()))
}

fn proposing(bench: &Bench, random: bool) {
    bench.fake.state().configure = if random {
        |config: &mut Value| config["UserPinOption"] = json!(1)
    } else {
        |config: &mut Value| config["UserPinOption"] = json!(2)
    };
}

#[test]
fn a_new_pin_that_was_given_is_set_on_every_kind_of_token() {
    for mut token in used() {
        let bench = Bench::new();
        let mut face = Face::default();
        bench.run_given(&mut token, enroll(), new_pin(PIN), &mut face).unwrap().done();
        assert_eq!((token.pin(), token.left(), &*face.needs), (Some(PIN), FULL, [].as_slice()));
        assert!(face.events.contains(&Event::PinSet));
    }
}

#[test]
fn a_pin_that_the_server_chooses_is_set_even_where_the_token_has_one() {
    for (mut token, random) in used().into_iter().flat_map(|token| [token]).zip([true, false, true, false]) {
        let bench = Bench::new();
        proposing(&bench, random);
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert_eq!((token.pin(), token.left(), &*face.needs), (Some(PROPOSED_PIN), FULL, [].as_slice()));
    }
}

#[test]
fn a_new_pin_is_refused_aloud_where_the_server_chooses_it() {
    for order in [enroll, unblock] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(Rules::gids());
        bench.run(&mut token, enroll()).unwrap().done();
        let mut token = if order().workflow() == enroll().workflow() { MemoryToken::of(Rules::gids()) } else { token };
        let before = (token.so_pin().to_owned(), token.pin().map(str::to_owned));
        proposing(&bench, false);
        let error = bench.run_given(&mut token, order(), new_pin(PIN), &mut Face::default()).unwrap_err();
        assert_eq!((error.code(), error.exit_class() as u8), ("pin-is-proposed", 4));
        assert_eq!((bench.unfinished(), error.request), (0, None), "nothing was begun");
        assert_eq!((token.so_pin().to_owned(), token.pin().map(str::to_owned)), before);
    }
}

#[test]
fn a_pin_that_everybody_would_guess_is_refused_before_anything_is_changed() {
    for rules in [Rules::piv(Cipher::Aes), Rules::bare_piv(Cipher::Aes), Rules::gids(), Rules::pkcs11()] {
        let bench = Bench::new();
        bench.fake.state().configure = |config| config["UserPinPolicy"]["RefusedPins"] = json!(["190719"]);
        let mut token = MemoryToken::of(rules);
        let before = (token.so_pin().to_owned(), token.pin().map(str::to_owned));
        for refused in [FACTORY_PIN, FACTORY_PUK, "11111111", "654321", "121212", "190719"] {
            let mut face = Face { new_pin: refused, ..Face::default() };
            let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
            assert_eq!((error.code(), error.exit_class() as u8), ("pin-trivial", 4), "{refused}");
            assert_eq!((token.so_pin().to_owned(), token.pin().map(str::to_owned)), before);
        }
        bench.run(&mut token, enroll()).unwrap().done();
        let mut face = Face { new_pin: "987654", ..Face::default() };
        let error = bench.run_with(&mut token, unblock(), &mut face).unwrap_err();
        assert_eq!((error.code(), token.pin(), token.left()), ("pin-trivial", Some(PIN), FULL));
    }
}

/// The server is lost as soon as the PIN is set; what is known then is in the journal alone.
fn broken_off(bench: &Bench, token: &mut MemoryToken, given: Input) {
    bench.fake.behave(Some(Mischief::Refuse("certificatedata", 503)));
    let mut face = Face { pins: [BEFORE].into(), ..Face::default() };
    bench.run_given(token, enroll(), given, &mut face).unwrap_err();
    assert!(face.events.contains(&Event::PinSet), "{:?}", face.events);
    bench.fake.behave(None);
}

#[test]
fn what_was_set_holds_when_the_work_is_taken_up_again() {
    for mut token in used() {
        let bench = Bench::new();
        broken_off(&bench, &mut token, new_pin(PIN));
        // Who is asked is told which PIN is meant.
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert!(matches!(face.needs[..], [Need::Pin { which: WhichPin::JustSet, .. }]), "{:?}", face.needs);
        assert_eq!((token.pin(), token.left()), (Some(PIN), FULL));
    }
    for mut token in used() {
        let bench = Bench::new();
        broken_off(&bench, &mut token, new_pin(PIN));
        // The same command again: no try is spent on the PIN before, and none is asked for.
        let mut face = Face { pins: [BEFORE].into(), ..Face::default() };
        bench.run_given(&mut token, enroll(), new_pin(PIN), &mut face).unwrap().done();
        assert_eq!((&*face.needs, token.left()), ([].as_slice(), FULL));
    }
}

#[test]
fn a_pin_that_nobody_knows_is_fetched_again_when_the_work_is_taken_up() {
    for random in [true, false] {
        for mut token in used() {
            let bench = Bench::new();
            proposing(&bench, random);
            broken_off(&bench, &mut token, Input::Nothing);
            let mut face = Face { pins: [BEFORE].into(), ..Face::default() };
            bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
            assert_eq!((token.pin(), token.left(), &*face.needs), (Some(PROPOSED_PIN), FULL, [].as_slice()));
        }
    }
}

#[test]
fn a_pin_that_locks_during_the_enrollment_is_replaced_by_the_right_that_the_work_has() {
    for random in [true, false] {
        for mut token in used() {
            let bench = Bench::new();
            if random {
                proposing(&bench, true);
            }
            broken_off(&bench, &mut token, if random { Input::Nothing } else { new_pin(PIN) });
            token.forget_pin();
            let mut face = Face { pins: [BEFORE].into(), new_pin: "975310", ..Face::default() };
            bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
            let set = if random { PROPOSED_PIN } else { "975310" };
            assert_eq!((token.pin(), token.left(), bench.unfinished()), (Some(set), FULL, 0));
            assert!(random || matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
            if token.rules.has_puk {
                assert_eq!(token.puk(), own_puk(1));
            }
            // Nothing in its later life is the worse for it.
            let mut face = Face { pins: [set].into(), ..Face::default() };
            for order in [renew(), retire()] {
                bench.run_with(&mut token, order, &mut face).unwrap().done();
            }
            assert_eq!(token.so_pin(), token.rules.default_key());
        }
    }
}

#[test]
fn a_pin_that_a_stranger_locked_or_nobody_set_is_no_dead_end() {
    for mut token in used() {
        token.forget_pin();
        let bench = Bench::new();
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
        assert_eq!((token.pin(), token.left()), (Some(PIN), FULL));
    }
    // Where the PUK is locked as well, nobody can set another.
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    (token.user_left, token.puk_left) = (0, 0);
    let bench = Bench::new();
    for order in [enroll(), unblock()] {
        let error = bench.run(&mut token, order).unwrap_err();
        assert_eq!((error.code(), bench.fake.calls()), ("puk-locked", 0));
        assert_eq!(error.to_string(), "could not set the PIN");
        assert!(error.cause.to_string().contains("PIN and PUK are both locked"), "{}", error.cause);
        assert!(error.remedy().contains("factory"), "{}", error.remedy());
    }
}

#[test]
fn a_locked_puk_leaves_the_present_pin_to_change_from() {
    // The card tells that it has the factory's PIN.
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    token.puk_left = 0;
    let bench = Bench::new();
    let mut face = Face::default();
    let outcome = bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
    assert!(face.events.contains(&Event::PukLocked) && outcome.puk_is_locked());
    assert_eq!((token.pin(), token.left()), (Some(PIN), (TRIES, TRIES, 0)));
    assert!(bench.run(&mut token, renew()).unwrap().done().puk_is_locked());
    // Also where the work was taken up after the PUK was found to be locked.
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    token.puk_left = 0;
    let bench = Bench::new();
    bench.fake.behave(Some(Mischief::Refuse("certificatedata", 503)));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.behave(None);
    assert!(bench.run(&mut token, enroll()).unwrap().done().puk_is_locked());
    assert!(!bench.run(&mut MemoryToken::of(Rules::piv(Cipher::Aes)), enroll()).unwrap().done().puk_is_locked());
    // The card tells nothing: its user must know the PIN.
    let mut token = MemoryToken::of(Rules::bare_piv(Cipher::Aes));
    token.set_pin_to(BEFORE);
    token.puk_left = 0;
    let bench = Bench::new();
    let mut face = Face { pins: [BEFORE].into(), ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    let [Need::NewPin { .. }, Need::Pin { which, .. }] = face.needs[..] else { panic!("{:?}", face.needs) };
    assert_eq!((which, token.pin(), token.left()), (WhichPin::ToChange, Some(PIN), (TRIES, TRIES, 0)));
}

#[test]
fn a_puk_out_of_a_template_is_not_tried_on_a_card_that_has_the_factorys() {
    let named = |config: &mut Value| config["AdminPinPolicy"]["DefaultValue"] = json!("11111111");
    for (rules, puk, left) in [
        (Rules::piv(Cipher::Aes), FACTORY_PUK, TRIES),
        (Rules::piv(Cipher::Aes), "11111111", TRIES),
        (Rules::bare_piv(Cipher::Aes), "11111111", TRIES),
    ] {
        let bench = Bench::new();
        bench.fake.state().configure = named;
        let mut token = MemoryToken::of(rules);
        token.set_puk(puk);
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert_eq!((token.puk(), token.left()), (&*own_puk(1), (TRIES, TRIES, left)), "{puk}");
        assert_eq!(token.puk_refused, 0, "{puk}");
        // It gets back what the template says that cards come with.
        bench.run(&mut token, retire()).unwrap().done();
        assert_eq!(token.puk(), "11111111");
    }
}

#[test]
fn a_card_that_tells_it_has_the_factorys_puk_again_is_believed_before_the_server() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    bench.run(&mut token, enroll()).unwrap().done();
    token.set_puk(FACTORY_PUK);
    let mut face = Face { new_pin: "975310", ..Face::default() };
    bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
    assert_eq!((token.pin(), token.puk(), token.puk_refused), (Some("975310"), &*own_puk(1), 0));
}

#[test]
fn an_admin_key_that_the_card_keeps_for_its_user_is_read_with_the_pin() {
    let kept = hex::encode([0x33; 24]);
    for (diversifies, rules) in
        [(true, Rules::piv(Cipher::Aes)), (true, Rules::bare_piv(Cipher::Des)), (false, Rules::piv(Cipher::Aes))]
    {
        let bench = Bench::new();
        bench.fake.state().diversify = diversifies;
        let mut token = MemoryToken::of(Rules { keeps_admin_key: true, ..rules });
        token.set_pin_to(BEFORE);
        token.set_so_pin(&kept);
        let mut face = Face { pins: [BEFORE].into(), new_pin: BEFORE, ..Face::default() };
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        let asked = |need: &Need| matches!(need, Need::Pin { which: WhichPin::Users, .. } | Need::NewPin { .. });
        assert!(face.needs.iter().all(asked), "{:?}", face.needs);
        assert_eq!((token.so_pin() == kept, token.rules.keeps_admin_key), (!diversifies, !diversifies));
    }
    // A card that keeps none asks for the key itself.
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    token.set_so_pin(&kept);
    let mut face = Face { so_pin: None, last_try: LastTry::Keep, ..Face::default() };
    let end = bench.run_with(&mut token, enroll(), &mut face).unwrap();
    assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{end:?}");
}

#[test]
fn an_so_pin_that_was_given_is_used_where_the_card_keeps_its_admin_key() {
    let other = hex::encode([0x33; 24]);
    for rules in [Rules::piv(Cipher::Aes), Rules::bare_piv(Cipher::Aes)] {
        let bench = Bench::new();
        bench.fake.state().diversify = false;
        let mut token = MemoryToken::of(rules);
        token.set_so_pin(&other);
        let typed = Input::SoPin(Pin::new(other.clone()), LastTry::Keep);
        bench.run_given(&mut token, enroll(), typed, &mut Face::default()).unwrap().done();
        assert_eq!((token.so_pin(), token.left()), (&*other, FULL));
    }
}

/// A card that keeps its admin key for its user and does not tell whether that is the one it came with.
fn keeping(copy: Option<&str>) -> MemoryToken {
    let rules = Rules { keeps_admin_key: true, tells_defaults: false, ..Rules::piv(Cipher::Aes) };
    let mut token = MemoryToken::of(rules);
    token.set_pin_to(BEFORE);
    token.set_so_pin(KEPT);
    token.stale_copy = copy.map(str::to_owned);
    token
}

const KEPT: &str = "333333333333333333333333333333333333333333333333";
const MISTYPED: &str = "555555555555555555555555555555555555555555555555";
/// More tries than are made.
const MANY: u8 = 9;

/// Another program has changed the admin key and not the copy.
#[test]
fn a_copy_of_the_admin_key_that_is_out_of_date_is_tried_once_and_somebody_is_asked() {
    for given in [false, true] {
        let (bench, mut token) = (Bench::new(), keeping(Some(&"44".repeat(24))));
        token.set_admin_left(MANY);
        let journal = bench.journal();
        let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
        if given {
            work.give(Input::Pin(Pin::new(BEFORE.into()), LastTry::Keep));
        }
        let mut face = Face { pins: [BEFORE].into(), ..Face::default() };
        let end = face.pump(&mut work, &mut token).unwrap();
        assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{given}: {end:?}");
        assert_eq!(token.left(), (TRIES, MANY - 2, TRIES), "the key it came with, and the copy");
        face.so_pin = Some(MISTYPED);
        assert_eq!(face.pump(&mut work, &mut token).unwrap_err().code(), "wrong-so-pin");
        face.so_pin = None;
        let end = face.pump(&mut work, &mut token).unwrap();
        assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{given}: {end:?}");
        face.so_pin = Some(KEPT);
        face.pump(&mut work, &mut token).unwrap().done();
        assert_eq!((token.so_pin(), token.copies_read), (&*hex::encode(OWN_KEY), 1));
    }
}

/// Another program holds the card, at whatever step: it is said, and nobody is asked for another key.
#[test]
fn a_copy_that_cannot_be_tried_just_now_is_not_taken_for_a_wrong_one() {
    for at in 0.. {
        let (bench, mut token) = (Bench::new(), keeping(None));
        token.repair(Some(Cut::Busy(at)));
        let mut face = Face { pins: [BEFORE].into(), ..Face::default() };
        let given = Input::Pin(Pin::new(BEFORE.into()), LastTry::Keep);
        let end = bench.run_given(&mut token, enroll(), given, &mut face);
        if token.operations() <= at {
            end.unwrap().done();
            assert_eq!(token.so_pin(), hex::encode(OWN_KEY));
            return;
        }
        assert_eq!(end.unwrap_err().code(), "reader-busy", "{at}");
    }
}
