//! What is settled before the first change: which cards a request is for, how many keys there are, and what they are called.

use super::bench::{Bench, End, Face, PIN};
use super::fake::{Mischief, OWN_KEY};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::ways::{enroll, renew, retire, unblock};
use cardwright::enrollment::{EnrollOrder, Input, Need, Order, Outcome};
use cardwright::secret::Pin;
use cardwright::token::{LastTry, SecretForm};
use serde_json::{Value, json};

type Edit = fn(&mut Value);

fn labels(bench: &Bench, token: &mut MemoryToken) -> Vec<String> {
    let Outcome::Enrolled { installed, .. } = bench.run(token, enroll()).unwrap().done() else { panic!() };
    installed.into_iter().map(|it| it.label).collect()
}

#[test]
fn a_certificate_is_called_as_the_template_says_as_far_as_that_can_be_followed() {
    let rows: [(Edit, &str); 5] = [
        (|config| config["CertificateLabel"] = json!("{Template!cn}"), "Loopback"),
        (|config| config["CertificateLabel"] = json!("Card of {Template!cn}"), "Card of Loopback"),
        (|config| config["CertificateLabel"] = json!("Work"), "Work"),
        (|config| config["CertificateLabel"] = json!(" "), "Loopback"),
        (|config| config["CertificateLabel"] = json!("{User!cn}"), "Loopback"),
    ];
    for (configure, label) in rows {
        let bench = Bench::new();
        bench.fake.state().configure = configure;
        assert_eq!(labels(&bench, &mut MemoryToken::fresh()), [label]);
    }
    // Whoever takes a request up was not told the template's name.
    let bench = Bench::new();
    (bench.fake.state().approval, bench.fake.state().second_template) = (true, true);
    let mut token = MemoryToken::fresh();
    let order = Order::Enroll(EnrollOrder { template: Some("Loopback".into()), ..EnrollOrder::default() });
    assert!(matches!(bench.run(&mut token, order).unwrap(), End::Pending { .. }));
    bench.fake.decide(true);
    assert_eq!(labels(&bench, &mut token), ["Loopback"]);
}

#[test]
fn a_certificate_is_asked_for_in_the_ordered_name() {
    let bench = Bench::new();
    bench.fake.state().subject = "CN=Somebody of the house";
    bench.run(&mut MemoryToken::fresh(), enroll()).unwrap().done();
}

#[test]
fn as_many_keys_are_made_as_a_card_may_hold_and_not_one_more() {
    let bench = Bench::new();
    bench.fake.state().keys = 17;
    let mut token = MemoryToken::fresh();
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "key-order-unusable");
    assert_eq!(token.generated, 0);
    bench.fake.state().keys = 16;
    assert_eq!(labels(&bench, &mut token).len(), 16);
}

#[test]
fn a_card_that_the_template_is_not_for_is_told_before_there_is_a_request() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let pin = Some(SecretForm { shortest: 13, longest: 20, digits_only: true });
    let so_pin = Some(SecretForm { shortest: 4, longest: 32, digits_only: false });
    for (rules, code) in [
        (Rules { pin, ..Rules::piv(Cipher::Aes) }, "pin-bounds"),
        (Rules { so_pin, ..Rules::pkcs11() }, "admin-key-length"),
    ] {
        assert_eq!(bench.run(&mut MemoryToken::of(rules), enroll()).unwrap_err().code(), code);
        assert_eq!(bench.fake.requests(), []);
    }
    // What a card has got stays its own.
    (bench.fake.state().approval, bench.fake.state().diversify) = (false, false);
    let mut token = MemoryToken::of(Rules { so_pin, ..Rules::pkcs11() });
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.state().diversify = true;
    bench.run(&mut token, renew()).unwrap().done();
}

#[test]
fn a_card_that_was_locked_while_its_request_waited_is_not_assigned() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    bench.run(&mut token, enroll()).unwrap();
    (token.user_left, token.puk_left) = (0, 0);
    bench.fake.decide(true);
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "puk-locked");
    assert_eq!((bench.fake.requests(), bench.fake.asked("v1.0/smartcards")), (vec![(1, 3)], 1));
    (token.user_left, token.puk_left) = (TRIES, TRIES);
    bench.run(&mut token, enroll()).unwrap().done();
}

#[test]
fn a_token_without_so_pin_and_puk_is_used_until_its_pin_is_forgotten() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::of(Rules { has_helper: false, ..Rules::pkcs11() });
    token.set_pin_to(PIN);
    bench.run(&mut token, enroll()).unwrap().done();
    let calls = bench.fake.calls();
    let error = bench.run(&mut token, unblock()).unwrap_err();
    assert_eq!((error.code(), bench.fake.calls()), ("not-offered", calls));
    bench.run(&mut token, retire()).unwrap().done();
}

#[test]
fn a_card_that_is_not_as_its_factory_made_it_takes_the_key_that_the_template_names() {
    let bench = Bench::new();
    bench.fake.state().default_key = [0x5A; 24];
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    token.set_so_pin(&hex::encode([0x5A; 24]));
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.so_pin(), token.left()), (&*hex::encode(OWN_KEY), (TRIES, TRIES, TRIES)));
}

#[test]
fn a_wrong_so_pin_says_nothing_of_the_key_that_the_card_came_with() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    let wrong = Input::SoPin(Pin::new(hex::encode([0x44; 24])), LastTry::Keep);
    let error = bench.run_given(&mut token, enroll(), wrong, &mut Face::default()).unwrap_err();
    assert_eq!(error.code(), "wrong-so-pin");
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.so_pin(), token.admin_left()), (&*hex::encode(OWN_KEY), TRIES));
}

#[test]
fn a_server_that_cannot_say_which_key_follows_is_asked_again() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.fake.behave(Some(Mischief::Refuse("diversifiedkey", 500)));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.propose_admin_key();
    bench.fake.behave(Some(Mischief::Refuse("adminkey/next", 500)));
    let error = bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("server-refused", 6), "{error:?}");
    assert_eq!(token.so_pin(), token.rules.default_key());
    bench.fake.behave(None);
    bench.run(&mut token, enroll()).unwrap().done();
}

#[test]
fn a_pin_may_be_typed_at_the_reader_where_that_has_keys() {
    for pin_pad in [true, false] {
        let bench = Bench::new();
        bench.fake.state().diversify = false;
        let mut token = MemoryToken::of(Rules { pin_pad, ..Rules::pkcs11() });
        token.set_pin_to(PIN);
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert!(matches!(face.needs[..], [Need::Pin { pin_pad: told, .. }] if told == pin_pad), "{:?}", face.needs);
    }
}
