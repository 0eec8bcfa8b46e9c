//! Each workflow from its beginning to its end.

use super::bench::{Bench, End, Face, PIN};
use super::fake::OWN_KEY;
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{Cut, MemoryToken};
use cardwright::cm::offline::CodeKind;
use cardwright::enrollment::{
    EnrollOrder, Enrollment, Event, HelpDesk, HelpDeskError, Input, Milestone, Need, OldKey, Order, Outcome, Record,
    RenewOrder, Step, card_id, unblock_offline,
};
use cardwright::pkix::{Certificate, KeyAlgorithm};
use cardwright::secret::Pin;
use cardwright::token::{self, Credentials, LastTry, Token};
use zeroize::Zeroizing;

pub fn enroll() -> Order {
    Order::Enroll(EnrollOrder::default())
}

pub fn renew() -> Order {
    Order::Renew(RenewOrder::default())
}

pub fn unblock() -> Order {
    Order::Unblock { comment: String::new(), last_try: LastTry::Keep }
}

pub fn retire() -> Order {
    Order::Retire { comment: "left".into() }
}

#[test]
fn a_fresh_token_gets_its_own_admin_key_a_pin_and_a_certificate() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    let mut face = Face::default();
    let outcome = bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    let Outcome::Enrolled { installed, request, .. } = outcome else { panic!("{outcome:?}") };
    assert_eq!(installed.len(), 1);
    assert_eq!(installed[0].key.0, request.as_bytes());
    assert_eq!(token.certificates(), [installed[0].certificate.clone()]);
    assert_eq!(bench.fake.issued(), token.certificates());
    assert_eq!(token.so_pin(), hex::encode(OWN_KEY));
    assert_eq!((bench.fake.admin_key_state(), token.pin()), ("Active", Some(PIN)));
    assert_eq!((token.generated, token.logins), (1, 1));
    assert_eq!(bench.fake.requests(), [(1, 8)]);
    assert_eq!(bench.unfinished(), 0);
    let made = face.events.iter().position(|event| matches!(event, Event::KeyMade { .. })).unwrap();
    assert_eq!(face.events[made - 1], Event::Generating { algorithm: KeyAlgorithm::P256 });
    assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
}

#[test]
fn a_prepared_token_needs_one_login_and_nothing_of_the_administrator() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::prepared("12345678", PIN);
    let mut face = Face::default();
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert!(matches!(face.needs[..], [Need::Pin { .. }]), "{:?}", face.needs);
    assert_eq!((token.logins, token.so_pin()), (1, "12345678"));
    // Counters, login, generate, sign, write, read back: nothing more is asked of the token.
    assert_eq!(token.operations(), 6);
}

#[test]
fn a_renewal_whose_new_key_takes_the_old_ones_place_asks_for_nothing_twice() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    bench.run(&mut token, enroll()).unwrap().done();
    token.repair(None);
    bench.fake.behave(None);
    bench.run(&mut token, renew()).unwrap().done();
    assert_eq!((token.operations(), bench.fake.calls()), (10, 18));
}

#[test]
fn several_keys_get_ids_of_their_own() {
    let bench = Bench::new();
    bench.fake.state().keys = 2;
    let mut token = MemoryToken::fresh();
    let Outcome::Enrolled { installed, .. } = bench.run(&mut token, enroll()).unwrap().done() else { panic!() };
    assert_eq!(installed.len(), 2);
    assert_ne!(installed[0].key, installed[1].key);
    assert_ne!(installed[0].label, installed[1].label);
    assert_eq!((token.keys().len(), token.certificates().len(), token.logins), (2, 2, 1));
}

#[test]
fn a_server_without_our_extension_serves_as_well() {
    let bench = Bench::new();
    bench.fake.state().extension = false;
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!(token.so_pin(), hex::encode(OWN_KEY));
    bench.run(&mut token, unblock()).unwrap().done();
    bench.run(&mut token, retire()).unwrap().done();
}

/// MIM answers challenges of eight bytes alone; to others the key itself answers, where it is given out.
#[test]
fn the_server_answers_the_challenges_that_it_can() {
    for (cipher, extension, answers) in
        [(Cipher::Des, true, true), (Cipher::Des, false, true), (Cipher::Aes, true, true), (Cipher::Aes, false, false)]
    {
        let bench = Bench::new();
        bench.fake.state().extension = extension;
        let mut token = MemoryToken::of(Rules::piv(cipher));
        bench.run(&mut token, enroll()).unwrap().done();
        let answered = bench.fake.asked("authenticationresponse/True") > 0;
        assert_eq!(answered, answers, "{cipher:?} {extension}");
    }
}

#[test]
fn an_operators_so_pin_is_asked_for_once_the_default_key_is_refused() {
    let bench = Bench::new();
    let mut token = MemoryToken::prepared("87654321", PIN);
    let before = token.admin_left();
    let mut face = Face::default();
    let end = bench.run_with(&mut token, enroll(), &mut face).unwrap();
    assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{end:?}");
    assert_eq!(token.admin_left(), before - 1, "one try of the default key, no more");
    let mut face = Face { so_pin: Some("87654321"), ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert_eq!(token.so_pin(), hex::encode(OWN_KEY));
    assert_eq!(bench.fake.requests(), [(1, 8)]);
}

#[test]
fn an_so_pin_that_is_given_at_once_spares_the_default_key_its_try() {
    let bench = Bench::new();
    let mut token = MemoryToken::prepared("87654321", PIN);
    token.set_admin_left(2);
    let journal = bench.journal();
    let mut enrollment = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
    let so_pin = Input::SoPin(Pin::new("87654321".into()), LastTry::Keep);
    let step = enrollment.advance(Some(&mut token), so_pin, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(Need::Pin { .. })));
    Face::default().pump(&mut enrollment, &mut token).unwrap().done();
    assert_eq!(token.so_pin(), hex::encode(OWN_KEY));
}

#[test]
fn a_pending_request_leaves_the_token_alone_and_is_taken_up_when_approved() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut token = MemoryToken::fresh();
    for _ in 0..2 {
        let end = bench.run(&mut token, enroll()).unwrap();
        assert!(matches!(end, End::Pending { approvals_needed: Some(1) }), "{end:?}");
    }
    assert_eq!((token.generated, token.pin()), (0, None));
    bench.fake.decide(true);
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
}

#[test]
fn one_driver_can_wait_for_the_approval() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut token = MemoryToken::fresh();
    let journal = bench.journal();
    let mut enrollment = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
    let step = enrollment.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Pending { .. }));
    bench.fake.decide(true);
    Face::default().pump(&mut enrollment, &mut token).unwrap().done();
}

#[test]
fn a_request_that_exists_is_taken_as_it_is() {
    let bench = Bench::new();
    bench.fake.state().approval = true;
    let mut other = MemoryToken::fresh();
    bench.run(&mut other, enroll()).unwrap();
    bench.fake.decide(true);
    let request = Some(bench.fake.last_request());
    let mut token = MemoryToken::fresh();
    let order = Order::Enroll(EnrollOrder { request, ..Default::default() });
    let mut face = Face::default();
    bench.run_with(&mut token, order, &mut face).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8)]);
    // A new PIN was asked for meanwhile.
    assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
    assert_eq!(face.events.iter().filter(|event| matches!(event, Event::CardAssigned { .. })).count(), 1);
}

#[test]
fn renewal_removes_a_key_that_only_signs_and_keeps_one_that_decrypts() {
    for (usages, removed) in [(2, true), (3, false)] {
        let bench = Bench::new();
        bench.fake.state().key_usages = usages;
        let mut token = MemoryToken::fresh();
        token.plant(b"somebody else's");
        bench.run(&mut token, enroll()).unwrap().done();
        let first = token.keys().into_iter().find(|id| id.0 != b"somebody else's").unwrap();
        let Outcome::Renewed { installed, old, .. } = bench.run(&mut token, renew()).unwrap().done() else { panic!() };
        assert_ne!(installed[0].key, first);
        let expected = if removed { OldKey::Removed(first.clone()) } else { OldKey::KeptForDecryption(first.clone()) };
        assert_eq!(old, [expected]);
        assert_eq!(token.keys().contains(&first), !removed);
        assert_eq!(token.keys().len(), if removed { 2 } else { 3 });
        assert_eq!(bench.fake.requests(), [(1, 8), (3, 8)]);
    }
}

#[test]
fn a_forgotten_pin_is_replaced_by_the_cards_own_key() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    token.forget_pin();
    let mut face = Face { new_pin: "97531", ..Face::default() };
    let outcome = bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
    assert!(matches!(outcome, Outcome::Unblocked { .. }));
    assert_eq!(token.pin(), Some("97531"));
    assert_eq!(bench.fake.requests(), [(1, 8), (5, 8)]);
}

#[test]
fn an_admin_key_that_was_never_confirmed_is_settled_before_a_pin_is_set_by_it() {
    for holds_own in [false, true] {
        let bench = Bench::new();
        let mut token = MemoryToken::fresh();
        bench.run(&mut token, enroll()).unwrap().done();
        bench.fake.propose_admin_key();
        if !holds_own {
            token.set_so_pin(&hex::encode([0; 24]));
        }
        bench.run(&mut token, unblock()).unwrap().done();
        assert_eq!((token.so_pin(), bench.fake.admin_key_state()), (hex::encode(OWN_KEY).as_str(), "Active"));
    }
}

#[test]
fn a_token_without_challenge_refuses_offline_unblock_before_anybody_is_asked() {
    struct Nobody;
    impl HelpDesk for Nobody {
        fn ask(&mut self, _: CodeKind, _: [u8; 8]) -> Result<Zeroizing<[u8; 8]>, HelpDeskError> {
            panic!("asked")
        }
    }
    let mut token = MemoryToken::prepared("12345678", PIN);
    let error = unblock_offline(&mut token, &mut Nobody, &Pin::new("1111".into()), LastTry::Keep).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("no-challenge", 6));
    assert_eq!(token.pin(), Some(PIN));
}

#[test]
fn retirement_takes_off_what_was_made_and_nothing_else() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    token.plant(b"somebody else's");
    bench.run(&mut token, enroll()).unwrap().done();
    let Outcome::Retired { removed, .. } = bench.run(&mut token, retire()).unwrap().done() else { panic!() };
    assert_eq!(removed.len(), 1);
    assert_eq!(token.keys(), [token::KeyId(b"somebody else's".to_vec())]);
    assert_eq!(bench.fake.card_status(), 6);
    assert_eq!(bench.fake.requests(), [(1, 8), (7, 8)]);
    let again = bench.run(&mut token, retire()).unwrap_err();
    assert!(["card-not-active", "card-unknown"].contains(&again.code()), "{}", again.code());
}

#[test]
fn retirement_takes_off_a_key_whose_enrollment_was_never_finished() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.behave(Some(super::fake::Mischief::OtherKey));
    bench.run(&mut token, renew()).unwrap_err();
    assert_eq!(token.keys().len(), 2);
    bench.fake.behave(None);
    bench.run(&mut token, retire()).unwrap().done();
    assert_eq!(token.keys(), []);
    assert_eq!(bench.unfinished(), 0);
}

/// The token chooses ids itself, and the work broke off before it could say which.
#[test]
fn retirement_takes_off_a_key_that_the_token_has_named() {
    let mut unnamed = 0;
    for at in 0..40 {
        let bench = Bench::new();
        let mut token = MemoryToken::of(Rules { renames: true, ..Rules::pkcs11() });
        token.plant(b"somebody else's");
        bench.run(&mut token, enroll()).unwrap().done();
        token.repair(Some(Cut::After(at)));
        if bench.run(&mut token, renew()).is_ok() {
            break;
        }
        token.repair(None);
        let (there, unfinished) = (token.keys(), bench.journal().unfinished().unwrap());
        let chosen = |record: &Record| match &record.milestone {
            Milestone::KeysChosen { keys, .. } => !there.contains(&token::KeyId(keys[0].id.0.clone())),
            _ => false,
        };
        unnamed += usize::from(there.len() == 3 && unfinished.iter().any(chosen));
        bench.run(&mut token, retire()).unwrap().done();
        assert_eq!(token.keys(), [token::KeyId(b"somebody else's".to_vec())], "{at}");
        assert_eq!(bench.unfinished(), 0, "{at}");
    }
    assert!(unnamed > 0);
}

#[test]
fn a_lost_card_is_retired_at_the_server_alone() {
    let bench = Bench::new();
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    let journal = bench.journal();
    let card_id = card_id(token.identity());
    let mut enrollment =
        Enrollment::begin_lost(&bench.client, &journal, card_id, "lost".into(), String::new()).unwrap();
    let step = enrollment.advance(None, Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Done(Outcome::Retired { .. })));
    assert_eq!((bench.fake.card_status(), token.keys().len()), (6, 1));
}

#[test]
fn the_certificate_on_the_token_is_for_the_key_on_the_token() {
    let bench = Bench::new();
    bench.fake.state().algorithm = ("RSA", 2048);
    let mut token = MemoryToken::fresh();
    bench.run(&mut token, enroll()).unwrap().done();
    let key = token.keys().remove(0);
    let mut session = token.log_in(Credentials::user(&Pin::new(PIN.into()), LastTry::Keep)).unwrap();
    let stored = session.find(&key).unwrap().unwrap();
    let certificate = Certificate::from_der(&stored.certificate.unwrap()).unwrap();
    assert_eq!(certificate.public_key().unwrap(), stored.public_key.unwrap());
}
