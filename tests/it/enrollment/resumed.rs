//! Work that was broken off anywhere: by what it is known again, and what must still hold before it is gone on with.

use super::arrivals::place;
use super::bench::{Bench, End, Face, PIN};
use super::fake::Mischief;
use super::memory_identity::Keeps;
use super::memory_rules::{Cipher, FACTORY_PIN, Rules};
use super::memory_token::{Cut, MemoryToken, TRIES};
use super::received::log_in;
use super::ways::{enroll, renew, retire, unblock};
use crate::support::journal::{files, record, write_alone};
use crate::support::piv;
use cardwright::cm::problem::ProblemCode;
use cardwright::enrollment::{EnrollOrder, Enrollment, Input, Milestone, Need, Order, Step, WhichPin};
use cardwright::token::Token;
use cardwright::virtual_card::{ManagementAlgorithm, PivOptions};
use uuid::Uuid;

/// More cuts than any way has steps.
const MOST: usize = 40;

fn cuts() -> impl Iterator<Item = (Option<Mischief>, Option<Cut>)> {
    (0..MOST).flat_map(|at| {
        let server = [Mischief::AwayBefore(at), Mischief::AwayAfter(at)].map(|mischief| (Some(mischief), None));
        server.into_iter().chain([Cut::Before(at), Cut::After(at)].map(|cut| (None, Some(cut))))
    })
}

/// Earlier versions took the serial that many tokens have for a name: their work is known again by what it has made or
/// found on the token.
#[test]
fn work_of_an_earlier_version_is_known_by_what_is_on_the_token() {
    for (enrolled, order) in [(false, enroll as fn() -> Order), (true, renew), (true, retire)] {
        let mut shown = 0;
        for (mischief, cut) in cuts() {
            let (bench, mut token) = (Bench::new(), MemoryToken::nameless(Keeps::Nothing));
            token.as_it_was_named();
            if enrolled {
                bench.run(&mut token, enroll()).unwrap().done();
            }
            bench.fake.behave(mischief);
            token.repair(cut);
            let broken = bench.run(&mut token, order()).is_err();
            bench.fake.behave(None);
            token.repair(None);
            let unfinished = bench.journal().unfinished().unwrap();
            let Some(record) = unfinished.first().filter(|_| broken) else { continue };
            // What was removed or never made shows nothing; and what was only asked for is begun anew.
            let untouched = matches!(record.milestone, Milestone::Asking | Milestone::Requested { .. });
            if untouched || token.keys().is_empty() {
                continue;
            }
            shown += 1;
            token.named_by_nothing();
            let mut other = MemoryToken::nameless(Keeps::Nothing);
            other.plant(b"somebody else's");
            let error = bench.run(&mut other, order()).unwrap_err();
            assert!(["work-unproven", "card-unknown"].contains(&error.code()), "{:?}: {error:?}", record.milestone);
            let end = bench.run(&mut token, order());
            end.unwrap_or_else(|error| panic!("{:?}: {error:?}", record.milestone)).done();
        }
        assert!(shown > 0, "{:?}", order());
    }
}

/// The card is gone, so that only an answer can have been lost.
#[test]
fn the_retirement_of_a_lost_card_survives_a_cut_anywhere() {
    let lost = || Order::RetireLost { comment: String::new(), reason: String::new() };
    let mut broken = 0;
    for (mischief, _) in cuts().filter(|(mischief, _)| mischief.is_some()) {
        let (bench, mut token) = (Bench::new(), MemoryToken::fresh());
        bench.run(&mut token, enroll()).unwrap().done();
        bench.fake.behave(mischief);
        let first = bench.run(&mut token, lost());
        bench.fake.behave(None);
        if first.is_err() {
            broken += 1;
            bench.run(&mut token, lost()).unwrap_or_else(|error| panic!("{mischief:?}: {error:?}")).done();
        }
        assert_eq!((bench.fake.requests(), bench.unfinished()), (vec![(1, 8), (7, 8)], 0), "{mischief:?}");
    }
    assert!(broken > 6, "{broken}");
}

#[test]
fn a_certificate_that_is_gone_again_is_missed_before_the_server_is_told() {
    let broken = (0..MOST).find_map(|at| {
        let (bench, mut token) = (Bench::new(), MemoryToken::fresh());
        bench.run(&mut token, enroll()).unwrap().done();
        bench.fake.behave(Some(Mischief::AwayBefore(at)));
        let _ = bench.run(&mut token, renew());
        let unfinished = bench.journal().unfinished().unwrap();
        let is_so = unfinished.iter().any(|record| matches!(record.milestone, Milestone::Superseding { .. }));
        is_so.then_some((bench, token))
    });
    let (bench, mut token) = broken.unwrap();
    bench.fake.behave(None);
    let slots = std::mem::take(&mut token.slots);
    assert_eq!(bench.run(&mut token, renew()).unwrap_err().code(), "key-gone");
    token.slots = slots;
    bench.run(&mut token, renew()).unwrap().done();
    assert_eq!(bench.fake.requests(), [(1, 8), (3, 8)]);
}

/// A person's own list has no request that is for somebody else, and none about a card that has been issued.
#[test]
fn a_request_whose_answer_was_lost_is_found_again_for_whomever_it_is() {
    let for_another = || {
        let template = Some("Loopback".into());
        Order::Enroll(EnrollOrder { template, target: Some(Uuid::from_u128(7)), ..EnrollOrder::default() })
    };
    for (enrolled, order) in [(false, enroll as fn() -> Order), (false, for_another), (true, unblock), (true, retire)] {
        for at in 0..MOST {
            let (bench, mut token) = (Bench::new(), MemoryToken::fresh());
            if enrolled {
                bench.run(&mut token, enroll()).unwrap().done();
            }
            let before = bench.fake.requests().len();
            bench.fake.state().lists_own_alone = true;
            bench.fake.behave(Some(Mischief::AwayAfter(at)));
            let broken = bench.run(&mut token, order()).is_err();
            bench.fake.behave(None);
            if bench.fake.requests().len() == before {
                continue;
            }
            assert!(broken);
            bench.run(&mut token, order()).unwrap().done();
            assert_eq!(bench.fake.requests().len(), before + 1, "{:?}", order());
            break;
        }
    }
}

/// Rewrites the only record in the journal, as one of the release before.
fn rewritten(bench: &Bench, from: &str, to: &str) {
    let [file] = files(&bench.directory.join("journal")).try_into().unwrap();
    write_alone(&file, &record(&file).unwrap());
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    std::fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

#[test]
fn a_pin_that_was_set_before_the_end_is_set_again_only_where_somebody_has_reset_the_card() {
    for (rules, reset) in [(Rules::piv(Cipher::Aes), false), (Rules::piv(Cipher::Aes), true), (Rules::gids(), false)] {
        let (bench, mut token) = (Bench::new(), MemoryToken::of(rules));
        let last = if rules.has_puk { "/puk" } else { "/adminkey" };
        bench.fake.behave(Some(Mischief::RefuseAs("PUT", last, ProblemCode::Forbidden)));
        bench.run(&mut token, enroll()).unwrap_err();
        bench.fake.behave(None);
        rewritten(&bench, "\"version\"", "\"pin\": \"set\", \"version\"");
        token.set_pin_to(if reset { FACTORY_PIN } else { PIN });
        let mut face = Face::default();
        bench.run_with(&mut token, enroll(), &mut face).unwrap().done();
        let asked_for_new = face.needs.iter().any(|need| matches!(need, Need::NewPin { .. }));
        assert_eq!((token.pin(), asked_for_new), (Some(PIN), reset), "{rules:?}");
    }
}

#[test]
fn a_card_that_says_it_has_another_admin_key_is_not_tried_by_the_one_it_came_with() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    token.set_so_pin(&"ab".repeat(24));
    let end = bench.run(&mut token, enroll()).unwrap();
    assert!(matches!(end, End::Unanswered(Need::SoPin { .. })), "{end:?}");
    assert_eq!(token.left(), (TRIES, TRIES, TRIES));
}

#[test]
fn a_card_that_keeps_the_key_it_came_with_is_unblocked_by_it() {
    let bench = Bench::new();
    bench.fake.state().diversify = false;
    let mut token = MemoryToken::of(Rules::gids());
    bench.run(&mut token, enroll()).unwrap().done();
    token.forget_pin();
    bench.run(&mut token, unblock()).unwrap().done();
    assert_eq!((token.pin(), token.left()), (Some(PIN), (TRIES, TRIES, TRIES)));
}

#[test]
fn a_card_in_doubt_gets_the_key_back_that_it_was_seen_to_have() {
    let bench = Bench::new();
    let mut token = MemoryToken::of(Rules::piv(Cipher::Aes));
    bench.run(&mut token, enroll()).unwrap().done();
    bench.fake.propose_admin_key();
    token.set_so_pin(&token.rules.default_key());
    bench.run(&mut token, retire()).unwrap().done();
    assert_eq!(token.left(), (TRIES, TRIES, TRIES));
    assert_eq!((token.so_pin(), bench.fake.admin_key_state()), (&*token.rules.default_key(), "Default"));
}

#[test]
fn a_server_of_ours_that_refuses_the_key_orders_is_believed() {
    let bench = Bench::new();
    bench.fake.behave(Some(Mischief::RefuseAs("GET", "generationoptions", ProblemCode::Forbidden)));
    let mut token = MemoryToken::fresh();
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "forbidden");
    assert_eq!(bench.fake.requests(), [(1, 3)], "the card was not assigned");
}

/// One process waits for the approval, and is told how the request ended.
#[test]
fn a_request_that_ends_while_it_is_waited_for_is_not_carried_out() {
    for (status, code) in
        [(4, "request-denied"), (17, "request-canceled"), (9, "request-failed"), (8, "request-completed-elsewhere")]
    {
        let bench = Bench::new();
        bench.fake.state().approval = true;
        let mut token = MemoryToken::fresh();
        let journal = bench.journal();
        let mut work = Enrollment::begin(&bench.client, &journal, token.identity(), enroll()).unwrap();
        let step = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap();
        assert!(matches!(step, Step::Pending { .. }));
        bench.fake.set_status(status);
        let error = work.advance(Some(&mut token), Input::Nothing, &mut |_| {}).unwrap_err();
        assert_eq!((error.code(), token.generated, bench.unfinished()), (code, 0, 0));
    }
}

/// Earlier versions did not note whether what is in a key's place may have to decrypt: it is taken for that where the key
/// that comes there does.
#[test]
fn work_of_a_version_that_did_not_look_moves_what_a_decrypting_key_takes_the_place_of() {
    for (usages, noted, places) in [(2, "false", vec![0x9A]), (3, "true", vec![0x9A, 0x82])] {
        let bench = Bench::new();
        bench.fake.state().key_usages = usages;
        let management_algorithm = Some(ManagementAlgorithm::TripleDes);
        let mut token = piv::open(&piv::card(PivOptions { management_algorithm, ..piv::yubikey() }));
        bench.run(&mut token, enroll()).unwrap().done();
        bench.fake.behave(Some(Mischief::Refuse("authenticationresponse", 503)));
        bench.run(&mut token, renew()).unwrap_err();
        bench.fake.behave(None);
        rewritten(&bench, &format!("\"keeps\": {noted}"), "\"keeps\": null");
        bench.run(&mut token, renew()).unwrap().done();
        let stored = log_in(&mut token).list().unwrap();
        let there: Vec<_> = stored.into_iter().map(|stored| stored.id).collect();
        assert_eq!(there, places.into_iter().map(place).collect::<Vec<_>>(), "{usages}");
    }
}

/// Only an enrollment sets a PIN. Whoever has locked it has it unblocked, which is a request of its own.
#[test]
fn a_renewal_sets_no_pin_in_place_of_one_that_was_locked_meanwhile() {
    for rules in [Rules::pkcs11(), Rules::gids()] {
        let (bench, mut token) = (Bench::new(), MemoryToken::of(rules));
        bench.run(&mut token, enroll()).unwrap().done();
        bench.fake.behave(Some(Mischief::Refuse("certificatedata", 503)));
        bench.run(&mut token, renew()).unwrap_err();
        bench.fake.behave(None);
        token.forget_pin();
        let mut face = Face { new_pin: "975310", ..Face::default() };
        assert_eq!(bench.run_with(&mut token, renew(), &mut face).unwrap_err().code(), "pin-locked");
        assert!(matches!(face.needs[..], [Need::Pin { which: WhichPin::Users, .. }]), "{:?}", face.needs);
        assert_eq!((token.pin(), token.user_left), (Some(PIN), 0));
        for order in [unblock(), renew()] {
            bench.run(&mut token, order).unwrap().done();
        }
        assert_eq!(bench.fake.requests(), [(1, 8), (3, 8), (5, 8)]);
    }
}
