//! PIV-like and GIDS-like cards from their factory to their retirement.

use super::bench::{Bench, End, Face, PIN};
use super::fake::{Mischief, OWN_KEY};
use super::fake_secrets::own_puk;
use super::memory_rules::{Cipher, FACTORY_PUK, Rules};
use super::memory_token::{MemoryToken, TRIES};
use super::ways::{enroll, renew, retire, unblock};
use crate::support::certificates::certificate_for;
use cardwright::enrollment::{EnrollOrder, Enrollment, Event, Input, Need, OldKey, Order, Outcome, Step};
use cardwright::pkix::Signer;
use cardwright::secret::Pin;
use cardwright::token::{KeyId, LastTry, Token};

const FULL: (u8, u8, u8) = (TRIES, TRIES, TRIES);

/// A server that counts the calls made while a session holds the card.
fn watching(token: &MemoryToken) -> Bench {
    let bench = Bench::new();
    bench.fake.state().watched = Some(token.in_hand.clone());
    bench
}

fn piv() -> MemoryToken {
    MemoryToken::of(Rules::piv(Cipher::Aes))
}

fn enrolled(rules: Rules) -> (Bench, MemoryToken) {
    let mut token = MemoryToken::of(rules);
    let bench = watching(&token);
    bench.run(&mut token, enroll()).unwrap().done();
    (bench, token)
}

#[test]
fn a_piv_card_lives_from_its_factory_to_its_retirement() {
    for cipher in [Cipher::Des, Cipher::Aes] {
        let mut token = MemoryToken::of(Rules::piv(cipher));
        let bench = watching(&token);
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
        assert_eq!((token.pin(), token.puk(), token.so_pin()), (Some(PIN), &*own_puk(1), &*hex::encode(OWN_KEY)));
        assert_eq!(token.keys(), [KeyId(vec![0x9A])]);
        assert_eq!(bench.fake.secrets(|secrets| (secrets.admin_key, secrets.puk)), ("Active", "Active"));

        let Outcome::Renewed { old, .. } = bench.run(&mut token, renew()).unwrap().done() else { panic!() };
        assert_eq!(old, [OldKey::Replaced(KeyId(vec![0x9A]))]);
        assert_eq!((token.keys().len(), token.certificates()), (1, bench.fake.issued()[1..].to_vec()));

        token.forget_pin();
        let mut face = Face { new_pin: "975310", ..Face::default() };
        bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
        assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
        assert_eq!((token.pin(), token.puk()), (Some("975310"), &*own_puk(1)));
        // The key itself is let out once, to be written into the card.
        assert_eq!((bench.fake.asked("diversifiedkey"), bench.fake.asked("adminkey") > 0), (1, true));

        let mut face = Face::default();
        bench.run_with(&mut token, retire(), &mut face).unwrap().done();
        assert_eq!(face.needs, [], "no PIN is needed where only the administrator deletes");
        assert!(face.events.contains(&Event::AdminKeyReturned) && face.events.contains(&Event::PukReturned));
        assert_eq!((token.puk(), token.so_pin()), (FACTORY_PUK, &*token.rules.default_key()));
        assert_eq!(bench.fake.secrets(|secrets| (secrets.admin_key, secrets.puk)), ("Default", "Default"));
        assert_eq!((token.keys(), token.left()), (Vec::new(), FULL));
        assert_eq!(bench.fake.state().in_hand, 0, "nobody is waited for while a session holds the card");
    }
}

#[test]
fn a_card_that_tells_nothing_but_its_pins_tries_lives_as_well() {
    let mut token = MemoryToken::of(Rules::bare_piv(Cipher::Des));
    let bench = watching(&token);
    let mut face = Face::default();
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    // It may have had the PIN that everybody knows, and does not say.
    assert!(matches!(face.needs[..], [Need::NewPin { .. }]), "{:?}", face.needs);
    assert_eq!((token.pin(), token.puk()), (Some(PIN), &*own_puk(1)));
    bench.run_with(&mut token, renew(), &mut face).unwrap().done();
    assert_eq!((token.generated, token.keys().len(), token.left()), (2, 1, FULL));
    bench.run(&mut token, unblock()).unwrap().done();
    bench.run(&mut token, retire()).unwrap().done();
    assert_eq!((token.puk(), token.so_pin(), token.left()), (FACTORY_PUK, &*token.rules.default_key(), FULL));
}

#[test]
fn a_new_pin_is_asked_for_and_set_by_the_puk_where_it_is_ordered() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::bare_piv(Cipher::Aes));
    token.forget_pin();
    let order = Order::Enroll(EnrollOrder { reset_pin: true, ..Default::default() });
    bench.run(&mut token, order).unwrap().done();
    assert_eq!((token.pin(), token.left()), (Some(PIN), FULL));
}

#[test]
fn a_gids_card_is_opened_by_responses_and_never_by_the_key() {
    let (bench, mut token) = enrolled(Rules::gids());
    assert_eq!((token.so_pin(), token.pin()), (&*hex::encode(OWN_KEY), Some(PIN)));
    // In the order of MIM's walkthrough, with the confirmation of our own; the default key is public.
    let walked = ["diversifiedkey", "adminkey", "authenticationresponse/True"];
    assert_eq!(bench.fake.asked_of_the_card(), walked);
    bench.run(&mut token, renew()).unwrap().done();
    token.forget_pin();
    bench.run(&mut token, unblock()).unwrap().done();
    assert_eq!((bench.fake.asked("diversifiedkey"), bench.fake.asked("/puk")), (1, 0));
    bench.run(&mut token, retire()).unwrap().done();
    assert_eq!((token.so_pin(), token.left()), (&*token.rules.default_key(), FULL));
    assert_eq!(bench.fake.state().in_hand, 0);
}

#[test]
fn what_is_in_the_place_is_only_replaced_where_that_is_ordered() {
    let (bench, mut token) = enrolled(Rules::piv(Cipher::Aes));
    let (keys, certificates) = (token.keys(), token.certificates());
    let other = Bench::new();
    token.set_so_pin(&token.rules.default_key());
    token.set_puk(FACTORY_PUK);
    let error = other.run(&mut token, enroll()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("key-id-taken", 2));
    assert_eq!((token.keys(), token.certificates(), token.generated), (keys, certificates, 1));
    let order = Order::Enroll(EnrollOrder { replace: true, ..Default::default() });
    other.run(&mut token, order).unwrap().done();
    assert_eq!((token.certificates(), token.generated), (other.fake.issued(), 2));
    drop(bench);
}

#[test]
fn a_certificate_that_cannot_fit_is_found_before_the_ca_is_asked() {
    let (bench, mut token) = enrolled(Rules::piv(Cipher::Aes));
    let certificates = token.certificates();
    token.rules.room = 1000;
    let error = bench.run(&mut token, renew()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8), ("certificate-too-large", 8));
    assert_eq!((token.generated, token.certificates(), bench.fake.asked("certificatedata")), (1, certificates, 1));
    token.rules.room = 2000;
    bench.run(&mut token, renew()).unwrap().done();
}

#[test]
fn a_card_whose_admin_key_is_fixed_goes_on_with_it() {
    let rules = Rules { fixed_admin_key: true, ..Rules::piv(Cipher::Des) };
    let mut token = MemoryToken::of(rules);
    let bench = Bench::new();
    let mut face = Face::default();
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    assert!(face.events.contains(&Event::AdminKeyKept));
    assert_eq!((bench.fake.admin_key_state(), token.so_pin()), ("Default", &*token.rules.default_key()));
    for order in [renew(), unblock(), retire()] {
        bench.run(&mut token, order).unwrap().done();
    }
    assert_eq!((token.left(), token.puk()), (FULL, FACTORY_PUK));
}

#[test]
fn a_template_may_have_retired_cards_reset() {
    for resets in [true, false] {
        let (bench, mut token) = enrolled(Rules { resets, ..Rules::piv(Cipher::Aes) });
        token.plant(&[0x9E]);
        bench.fake.state().reset_on_retire = true;
        let mut face = Face::default();
        bench.run_with(&mut token, retire(), &mut face).unwrap().done();
        let told = if resets { Event::TokenReset } else { Event::ResetNotOffered };
        assert!(face.events.contains(&told));
        assert_eq!(token.keys().is_empty(), resets, "somebody else's key goes with the reset alone");
        assert_eq!((token.puk(), token.so_pin()), (FACTORY_PUK, &*token.rules.default_key()));
        assert_eq!(bench.fake.secrets(|secrets| (secrets.admin_key, secrets.puk)), ("Default", "Default"));
    }
}

#[test]
fn a_card_in_the_other_ones_place_is_refused() {
    let (bench, mut token) = enrolled(Rules::piv(Cipher::Aes));
    let journal = bench.journal();
    let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), renew()).unwrap();
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(Need::Pin { .. })));
    let mut other = piv();
    let pin = || Input::Pin(Pin::new(PIN.into()), LastTry::Keep);
    let error = work.advance(Some(&mut other), pin(), &mut |_| {}).unwrap_err();
    assert_eq!((error.code(), other.operations()), ("request-of-other-card", 0));
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Done(Outcome::Renewed { .. })));
}

#[test]
fn a_typed_pin_is_forgotten_with_the_card_it_was_sent_to() {
    let (bench, mut token) = enrolled(Rules::piv(Cipher::Aes));
    let journal = bench.journal();
    let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), renew()).unwrap();
    work.give(Input::Pin(Pin::new(PIN.into()), LastTry::Keep));
    token.repair(Some(super::memory_token::Cut::Before(3)));
    let error = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap_err();
    assert_eq!(error.code(), "token-removed");
    token.repair(None);
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(Need::Pin { .. })), "{step:?}");
    assert_eq!(token.left(), FULL);
}

#[test]
fn the_readers_own_keys_serve_for_the_pin() {
    let (bench, mut token) = enrolled(Rules { pin_pad: true, ..Rules::piv(Cipher::Aes) });
    let journal = bench.journal();
    let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), renew()).unwrap();
    let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Need(Need::Pin { pin_pad: true, .. })));
    let step = work.advance(Some(&mut token), Input::PinPad(LastTry::Keep), &mut |_| {}).unwrap();
    assert!(matches!(step, Step::Done(Outcome::Renewed { .. })));
}

#[test]
fn what_the_server_says_to_a_challenge_is_told_as_its_word() {
    let (bench, mut token) = enrolled(Rules::piv(Cipher::Aes));
    bench.fake.behave(Some(Mischief::Refuse("authenticationresponse", 403)));
    let error = bench.run(&mut token, renew()).unwrap_err();
    assert_eq!((error.code(), error.exit_class() as u8, token.left()), ("server-refused", 6, FULL));
}

#[test]
fn a_wrong_admin_key_costs_one_try_and_stops() {
    for rules in [Rules::piv(Cipher::Aes), Rules::bare_piv(Cipher::Des), Rules::gids()] {
        let bench = Bench::new();
        let mut token = MemoryToken::of(rules);
        token.set_so_pin(&hex::encode([7; 24]));
        // A card that tells of it is spared even that.
        let left = (TRIES, TRIES - u8::from(!rules.tells_defaults), TRIES);
        // The journal knows the second time, so that it is not tried again.
        for _ in 0..2 {
            let end = bench.run(&mut token, enroll()).unwrap();
            assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{end:?}");
            assert_eq!(token.left(), left);
        }
    }
}

#[test]
fn a_card_that_forgot_its_own_admin_key_can_still_be_retired() {
    let (bench, mut token) = enrolled(Rules::gids());
    token.set_so_pin(&hex::encode([7; 24]));
    let mut face = Face::default();
    bench.run_with(&mut token, retire(), &mut face).unwrap().done();
    assert!(face.events.contains(&Event::AdminKeyKept));
    assert_eq!((token.left(), bench.fake.card_status()), ((TRIES, TRIES - 1, TRIES), 6));
}

/// Admin key and PUK are those it came with.
fn made_anew(token: &mut MemoryToken) {
    token.set_so_pin(&token.rules.default_key());
    token.set_puk(FACTORY_PUK);
}

/// Has another computer know what is left on the card.
fn noted(bench: &Bench, other: &Bench, token: &MemoryToken) {
    let note = format!("journal/{}.left", cardwright::enrollment::card_id(token.identity()));
    let _ = other.journal();
    std::fs::copy(bench.directory.join(&note), other.directory.join(&note)).unwrap();
}

#[test]
fn a_key_whose_request_was_canceled_stays_bare_and_is_taken_for_ours_where_it_was_made() {
    let (bench, mut token) = (Bench::new(), piv());
    bench.fake.behave(Some(Mischief::OtherKey));
    bench.run(&mut token, enroll()).unwrap_err();
    bench.fake.behave(None);
    bench.fake.set_status(17);
    let mut face = Face::default();
    let error = bench.run_with(&mut token, enroll(), &mut face).unwrap_err();
    assert_eq!((error.code(), bench.unfinished()), ("request-canceled", 0));
    assert!(face.events.contains(&Event::KeyLeft { key: KeyId(vec![0x9A]) }));
    let other = Bench::new();
    made_anew(&mut token);
    // Another computer does not know whose it is.
    assert!(token.rules.tells_keys);
    assert_eq!(other.run(&mut token, enroll()).unwrap_err().code(), "key-id-taken");
    noted(&bench, &other, &token);
    // Nor is it ours any more once somebody has put a certificate beside it.
    let slot = token.slots.get_mut(&[0x9A][..]).unwrap();
    let key = slot.key.as_ref().unwrap().public_key();
    slot.certificate = Some(certificate_for(key, "theirs"));
    assert_eq!(other.run(&mut token, enroll()).unwrap_err().code(), "key-id-taken");
    token.slots.get_mut(&[0x9A][..]).unwrap().certificate = None;
    other.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.keys().len(), token.certificates()), (1, other.fake.issued()));
}

/// What somebody else has put on the card meanwhile is his, and what was there before stays it.
#[test]
fn of_what_is_on_the_card_only_what_was_made_for_a_canceled_request_is_taken_for_ours() {
    for before in [false, true] {
        let (bench, mut token) = (Bench::new(), piv());
        let over = || Order::Enroll(EnrollOrder { replace: before, ..EnrollOrder::default() });
        if before {
            // It was to be replaced, and is there still.
            token.plant(&[0x9A]);
            bench.fake.behave(Some(Mischief::Refuse("authenticationresponse", 503)));
        } else {
            bench.fake.behave(Some(Mischief::OtherKey));
        }
        bench.run(&mut token, over()).unwrap_err();
        bench.fake.behave(None);
        if !before {
            token.plant(&[0x9D]);
        }
        let theirs = token.slots[&[if before { 0x9A } else { 0x9D }][..]].key.as_ref().unwrap().public_key().clone();
        bench.fake.set_status(17);
        assert_eq!(bench.run(&mut token, over()).unwrap_err().code(), "request-canceled");
        let other = Bench::new();
        other.fake.state().keys = 2;
        made_anew(&mut token);
        noted(&bench, &other, &token);
        assert_eq!(other.run(&mut token, enroll()).unwrap_err().code(), "key-id-taken", "{before}");
        assert!(token.slots.values().any(|slot| slot.key.as_ref().is_some_and(|key| *key.public_key() == theirs)));
    }
}
