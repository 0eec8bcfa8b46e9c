//! Whole lives against a MIM CM that has Microsoft's routes and nothing of ours, whatever it says of the others.

use super::bench::{Bench, End, Face, PIN};
use super::cards::signs;
use super::fake::{Absence, Mischief, OWN_KEY};
use super::memory_rules::{Cipher, Rules};
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::softhsm::{content, fresh};
use super::ways::{enroll, renew, retire, unblock};
use crate::support::{gids, piv};
use cardwright::enrollment::{Event, Milestone, Outcome, Record};
use cardwright::secret::AdminKey;
use cardwright::token::{Admin, Credentials, LastTry, Token};
use cardwright::virtual_card::{GidsOptions, PivOptions, SharedCard};

/// A MIM CM for cards that come with this admin key.
fn mim(absence: Absence, default_key: &str) -> Bench {
    let bench = Bench::new();
    {
        let mut state = bench.fake.state();
        (state.extension, state.absence) = (false, absence);
        // As IIS may answer a POST.
        state.located = absence == Absence::Empty200;
        state.default_key = hex::decode(default_key).unwrap().try_into().unwrap();
        // What Microsoft's sample orders, but for usages that would keep the old key.
        (state.algorithm, state.hash) = (("RSA", 2048), "SHA1");
    }
    bench
}

/// Enrolls, renews, unblocks and retires a PIV card; returns what was asked of its admin key.
fn piv_life(absence: Absence, card: &SharedCard, changes_key: bool) -> Vec<String> {
    let bench = mim(absence, piv::ADMIN_KEY);
    bench.fake.state().algorithm = ("ECDSA_P256", 256);
    bench.fake.state().hash = "SHA256";
    let run = |order, pin: &'static str, new_pin: &'static str| {
        let mut face = Face { pins: [pin].into(), new_pin, puk: Some(piv::PUK), ..Face::default() };
        let outcome = bench.run_with(&mut piv::open(card), order, &mut face).unwrap().done();
        (outcome, face)
    };
    let (outcome, face) = run(enroll(), piv::PIN, PIN);
    let Outcome::Enrolled { installed, .. } = outcome else { panic!("{outcome:?}") };
    assert!(face.events.contains(if changes_key { &Event::AdminKeyChanged } else { &Event::AdminKeyKept }));
    signs(&mut piv::open(card), PIN, &installed[0].key);
    let (outcome, _) = run(renew(), PIN, PIN);
    let Outcome::Renewed { installed, .. } = outcome else { panic!("{outcome:?}") };
    signs(&mut piv::open(card), PIN, &installed[0].key);
    // MIM keeps no PUKs: the person has the one that the card came with.
    run(unblock(), PIN, "864209");
    signs(&mut piv::open(card), "864209", &installed[0].key);
    let (_, face) = run(retire(), "864209", PIN);
    assert_eq!(face.events.contains(&Event::AdminKeyReturned), changes_key);
    let mut token = piv::open(card);
    assert!(token.public_objects().unwrap().is_empty());
    let key = piv::admin_key();
    token.log_in(Credentials { user: None, admin: Some(Admin::Key(&key)) }).unwrap();
    assert_eq!(bench.fake.requests(), [(1, 8), (3, 8), (5, 8), (7, 8)]);
    assert_eq!((bench.fake.card_status(), bench.unfinished()), (6, 0));
    bench.fake.asked_of_the_card()
}

#[test]
fn a_plain_piv_card_lives_with_a_mim_cm_by_the_key_it_came_with() {
    for absence in Absence::ALL {
        let asked = piv_life(absence, &piv::card(piv::plain()), false);
        // The card's own key never held, so no try of it is spent.
        assert!(!asked.contains(&"authenticationresponse/True".to_owned()), "{absence:?}: {asked:?}");
    }
}

#[test]
fn a_yubikey_whose_challenge_has_16_bytes_lives_with_a_mim_cm_that_answers_8() {
    for absence in Absence::ALL {
        let asked = piv_life(absence, &piv::card(piv::yubikey()), true);
        let through_server = asked.iter().any(|call| call.starts_with("authenticationresponse"));
        assert!(!through_server, "{absence:?}: {asked:?}");
        assert!(asked.contains(&"diversifiedkey".to_owned()), "{absence:?}: {asked:?}");
    }
}

#[test]
fn an_older_yubikey_lives_with_a_mim_cm() {
    let card = piv::card(PivOptions { version: [5, 2, 7], ..PivOptions::yubikey() });
    let asked = piv_life(Absence::Page404, &card, true);
    assert!(asked.contains(&"authenticationresponse/True".to_owned()), "{asked:?}");
}

#[test]
fn a_gids_card_lives_with_a_mim_cm() {
    for absence in Absence::ALL {
        let bench = mim(absence, gids::ADMIN_KEY);
        let card = gids::ready(GidsOptions::default());
        let run = |order, pin: &'static str| {
            let mut face = Face { pins: [pin].into(), new_pin: "864209", ..Face::default() };
            bench.run_with(&mut gids::open(&card), order, &mut face).unwrap().done()
        };
        let Outcome::Enrolled { installed, .. } = run(enroll(), gids::PIN) else { panic!() };
        signs(&mut gids::open(&card), gids::PIN, &installed[0].key);
        let Outcome::Renewed { installed, .. } = run(renew(), gids::PIN) else { panic!() };
        run(unblock(), gids::PIN);
        signs(&mut gids::open(&card), "864209", &installed[0].key);
        run(retire(), "864209");
        let mut token = gids::open(&card);
        assert!(token.public_objects().unwrap().is_empty());
        let default = gids::admin_key(gids::ADMIN_KEY);
        token.set_pin(Admin::Key(&default), &gids::pin(gids::PIN), LastTry::Keep).unwrap();
        assert_eq!(bench.fake.requests(), [(1, 8), (3, 8), (5, 8), (7, 8)]);
    }
}

#[test]
fn a_softhsm_token_lives_with_a_mim_cm_and_is_given_back_its_so_pin() {
    for absence in Absence::ALL {
        let bench = mim(absence, &hex::encode([0; 24]));
        let mut token = fresh(&format!("mim {absence:?}"));
        bench.run(&mut token, enroll()).unwrap().done();
        bench.run(&mut token, renew()).unwrap().done();
        let mut face = Face { new_pin: "8642097", ..Face::default() };
        bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
        let mut face = Face { pins: ["8642097"].into(), ..Face::default() };
        bench.run_with(&mut token, retire(), &mut face).unwrap().done();
        assert!(face.events.contains(&Event::AdminKeyReturned), "{absence:?}");
        assert!(content(&mut token, "8642097").is_empty());
        let default = AdminKey::new(vec![0; 24]);
        token.set_pin(Admin::Key(&default), &piv::pin("1357911"), LastTry::Keep).unwrap();
        assert_eq!(bench.fake.state().atrs, [], "a token of PKCS#11 has no answer to reset");
    }
}

#[test]
fn a_card_whose_answer_to_reset_is_known_tells_it() {
    let bench = mim(Absence::Page404, gids::ADMIN_KEY);
    let card = gids::ready(GidsOptions::default());
    let mut token = gids::open(&card);
    let atr = hex::encode(token.atr());
    assert!(atr.starts_with("3b"), "{atr}");
    let mut face = Face { pins: [gids::PIN].into(), ..Face::default() };
    bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
    bench.run_with(&mut token, unblock(), &mut face).unwrap().done();
    let told: Vec<_> = bench.fake.state().atrs.clone();
    let calls: Vec<&str> = told.iter().map(|(call, _)| call.as_str()).collect();
    assert_eq!(calls[..2], ["smartcards", "diversifiedkey"]);
    assert!(calls.contains(&"authenticationresponse"), "{calls:?}");
    assert!(told.iter().all(|(_, sent)| *sent == atr), "{told:?}");
}

#[test]
fn a_key_that_mim_does_not_give_out_is_missed_before_anything_changes() {
    let bench = mim(Absence::Page404, piv::ADMIN_KEY);
    bench.fake.state().algorithm = ("ECDSA_P256", 256);
    bench.fake.state().hash = "SHA256";
    let card = piv::card(piv::yubikey());
    bench.fake.behave(Some(Mischief::Refuse("diversifiedkey", 403)));
    let error = bench.run(&mut piv::open(&card), enroll()).unwrap_err();
    assert_eq!(error.code(), "admin-key-withheld");
    let condition = piv::open(&card).condition().unwrap();
    let untouched = (condition.pin_is_default, condition.puk_is_default, condition.admin_key_is_default);
    assert_eq!(untouched, (Some(true), Some(true), Some(true)));
    bench.fake.behave(None);
    bench.run(&mut piv::open(&card), enroll()).unwrap().done();
    let written = || -> Vec<_> {
        piv::open(&card).public_objects().unwrap().into_iter().map(|stored| stored.certificate).collect()
    };
    let before = written();
    for order in [renew(), retire()] {
        bench.fake.behave(Some(Mischief::Refuse("diversifiedkey", 403)));
        let error = bench.run(&mut piv::open(&card), order).unwrap_err();
        assert_eq!(error.code(), "admin-key-withheld");
        assert_eq!(written(), before);
    }
}

#[test]
fn a_fixed_admin_key_and_work_that_was_cut_are_known_without_a_try() {
    // A card that counts the tries of its admin key and cannot change it.
    let rules = Rules { fixed_admin_key: true, tells_tries: true, ..Rules::bare_piv(Cipher::Des) };
    let mut token = MemoryToken::of(rules);
    let bench = mim(Absence::Page404, &hex::encode([0; 24]));
    bench.fake.state().algorithm = ("ECDSA_P256", 256);
    bench.fake.state().hash = "SHA256";
    for order in [enroll(), renew(), retire()] {
        let mut face = Face { puk: Some("12345678"), ..Face::default() };
        bench.run_with(&mut token, order, &mut face).unwrap().done();
        assert_eq!(token.left(), (TRIES, TRIES, TRIES));
    }
    // The key was changed and the enrollment cut; the card is retired from where it stands.
    let mut token = MemoryToken::of(Rules::gids());
    let bench = mim(Absence::Page500, &hex::encode([0; 24]));
    bench.fake.state().hash = "SHA256";
    bench.fake.behave(Some(Mischief::Refuse("certificatedata", 500)));
    bench.run(&mut token, enroll()).unwrap_err();
    assert_eq!(token.so_pin(), hex::encode(OWN_KEY));
    bench.fake.behave(None);
    let end = bench.run(&mut token, retire()).unwrap();
    assert!(matches!(end, End::Done(Outcome::Retired { .. })), "{end:?}");
    assert_eq!((token.so_pin(), token.left()), (&*hex::encode([0; 24]), (TRIES, TRIES, TRIES)));
}

/// The enrollment is cut where the key changes, before it or after it; the journal alone knows that either may hold.
#[test]
fn a_card_that_was_cut_where_its_key_changes_is_retired_by_either() {
    for point in [Cut::Before as fn(usize) -> Cut, Cut::After] {
        let mut seen = 0;
        for at in 0..12 {
            let bench = mim(Absence::Page404, &hex::encode([0; 24]));
            bench.fake.state().hash = "SHA256";
            let mut token = MemoryToken::of(Rules::gids());
            token.repair(Some(point(at)));
            let cut = bench.run(&mut token, enroll());
            token.repair(None);
            let unfinished = bench.journal().unfinished().unwrap();
            let changing = |record: &&Record| matches!(record.milestone, Milestone::ChangingAdminKey { .. });
            if cut.is_ok() || unfinished.iter().find(changing).is_none() || token.pin().is_some() {
                continue;
            }
            seen += 1;
            let mut other = MemoryToken::of(Rules::gids());
            bench.run(&mut other, enroll()).unwrap().done();
            token.set_pin_to(PIN);
            let mut face = Face::default();
            bench.run_with(&mut token, retire(), &mut face).unwrap().done();
            assert!(face.events.contains(&Event::AdminKeyReturned), "{:?}: {:?}", point(at), face.events);
            assert_eq!(token.so_pin(), token.rules.default_key(), "{:?}", point(at));
        }
        assert!(seen > 0, "{:?}", point(0));
    }
}
