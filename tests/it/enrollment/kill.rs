//! Power cuts: at every call to the server and every change of the token, before it and after it.

use super::bench::{Bench, Face, PIN};
use super::fake::{Mischief, OWN_KEY};
use super::fake_secrets::own_puk;
use super::memory_rules::{Cipher, FACTORY_PUK, Rules};
use super::memory_token::{Cut, MemoryToken, Slot, TRIES};
use super::ways::{enroll, renew, retire, unblock};
use crate::support::certificates::certificate_for;
use crate::support::torture;
use cardwright::enrollment::{Milestone, Order};
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};

/// More cuts than any way has steps.
const MOST: usize = 80;

#[derive(Clone, Copy, Debug)]
enum Kill {
    Server(Mischief),
    Token(Cut),
}

/// What is cut, on which kind of token, and what must hold afterwards.
#[derive(Clone, Copy)]
struct Trial {
    rules: fn() -> Rules,
    /// Brings server and token to where the workflow begins.
    before: fn(&Bench, &mut MemoryToken),
    order: fn() -> Order,
    check: fn(&Bench, &MemoryToken),
    /// How many keys may be made: a card that does not tell its keys may have to make one again.
    most_keys: usize,
}

fn set_up(trial: Trial) -> (Bench, MemoryToken) {
    let bench = Bench::new();
    let mut token = MemoryToken::of((trial.rules)());
    token.plant(b"somebody else's");
    if token.rules.has_puk && !token.rules.tells_defaults {
        token.set_pin_to(PIN);
    }
    (trial.before)(&bench, &mut token);
    (bench, token)
}

fn enrolled(bench: &Bench, token: &mut MemoryToken) {
    bench.run(token, enroll()).unwrap().done();
}

fn spoken(bench: &Bench, token: &mut MemoryToken) {
    enrolled(bench, token);
    bench.fake.secrets(|secrets| secrets.puk = "Spoken");
}

/// Cuts a workflow at one point and has a new process take it up; false once the point lies beyond the end.
fn survives(kill: Kill, trial: Trial) -> bool {
    let Trial { order, .. } = trial;
    let (bench, mut token) = set_up(trial);
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
    assert!(token.generated - generated <= trial.most_keys, "{kill:?}: {} keys", token.generated - generated);
    assert_eq!(token.pin(), Some(PIN), "{kill:?}");
    assert_eq!(token.left(), (TRIES, TRIES, TRIES), "{kill:?}: no try is lost by a cut");
    (trial.check)(&bench, &token);
    cut
}

fn everywhere(was_enrolled: bool, order: fn() -> Order, check: fn(&Bench, &MemoryToken)) {
    let before = if was_enrolled { enrolled } else { |_: &Bench, _: &mut MemoryToken| {} };
    try_everywhere(Trial { rules: Rules::pkcs11, before, order, check, most_keys: 1 });
}

fn try_everywhere(trial: Trial) {
    let points: [fn(usize) -> Kill; 4] = [
        |at| Kill::Server(Mischief::AwayBefore(at)),
        |at| Kill::Server(Mischief::AwayAfter(at)),
        |at| Kill::Token(Cut::Before(at)),
        |at| Kill::Token(Cut::After(at)),
    ];
    for point in points {
        let cuts = torture::points(0..MOST).take_while(|at| survives(point(*at), trial)).count();
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
        assert_eq!((token.so_pin(), bench.fake.admin_key_state()), (hex::encode([0; 24]).as_str(), "Default"));
    });
}

fn piv() -> Rules {
    Rules::piv(Cipher::Aes)
}

fn bare_piv() -> Rules {
    Rules::bare_piv(Cipher::Des)
}

fn gids() -> Rules {
    Rules::gids()
}

const KINDS: [(fn() -> Rules, usize); 3] = [(piv, 1), (bare_piv, 2), (gids, 1)];

/// The card holds its own secrets, and the server knows.
fn holds_its_own(bench: &Bench, token: &MemoryToken) {
    assert_eq!((token.so_pin(), bench.fake.admin_key_state()), (hex::encode(OWN_KEY).as_str(), "Active"));
    if token.rules.has_puk {
        let (puk, version) = bench.fake.secrets(|secrets| (secrets.puk, secrets.version));
        assert_eq!((token.puk(), puk), (own_puk(version).as_str(), "Active"));
    }
}

#[test]
fn a_cards_enrollment_survives_a_cut_anywhere() {
    for (rules, most_keys) in KINDS {
        let check = |bench: &Bench, token: &MemoryToken| {
            assert_eq!(bench.fake.requests(), [(1, 8)]);
            assert_eq!((token.keys().len(), token.certificates()), (2, bench.fake.issued()));
            holds_its_own(bench, token);
        };
        try_everywhere(Trial { rules, before: |_, _| {}, order: enroll, check, most_keys });
    }
}

#[test]
fn a_cards_renewal_survives_a_cut_anywhere() {
    for (rules, most_keys) in KINDS {
        let check = |bench: &Bench, token: &MemoryToken| {
            assert_eq!(bench.fake.requests(), [(1, 8), (3, 8)]);
            assert_eq!(token.keys().len(), 2);
            assert_eq!(token.certificates(), bench.fake.issued()[1..]);
            holds_its_own(bench, token);
            assert_eq!(bench.fake.secrets(|secrets| secrets.version), if token.rules.has_puk { 2 } else { 0 });
        };
        let before = if rules().has_puk { spoken } else { enrolled };
        try_everywhere(Trial { rules, before, order: renew, check, most_keys });
    }
}

#[test]
fn a_cards_unblock_survives_a_cut_anywhere() {
    for (rules, most_keys) in KINDS {
        let check = |bench: &Bench, token: &MemoryToken| {
            assert_eq!(bench.fake.requests(), [(1, 8), (5, 8)]);
            holds_its_own(bench, token);
        };
        let before = if rules().has_puk { spoken } else { enrolled };
        try_everywhere(Trial { rules, before, order: unblock, check, most_keys });
    }
}

#[test]
fn a_cards_retirement_survives_a_cut_anywhere() {
    for (rules, most_keys) in KINDS {
        let check = |bench: &Bench, token: &MemoryToken| {
            assert_eq!(bench.fake.requests(), [(1, 8), (7, 8)]);
            assert_eq!((token.keys().len(), bench.fake.card_status()), (1, 6));
            assert_eq!((token.so_pin(), token.puk()), (token.rules.default_key().as_str(), FACTORY_PUK));
            assert_eq!(bench.fake.secrets(|secrets| (secrets.admin_key, secrets.puk)), ("Default", "Default"));
        };
        try_everywhere(Trial { rules, before: enrolled, order: retire, check, most_keys });
    }
}

#[test]
fn without_our_extension_the_journal_alone_knows_how_far_the_admin_key_came() {
    for after in 0..40 {
        let (bench, mut token) = (Bench::new(), MemoryToken::fresh());
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

/// A workflow on a PKCS#11 token that was cut where this is so.
fn cut_where(
    before: fn(&Bench, &mut MemoryToken),
    order: fn() -> Order,
    is_so: impl Fn(&Milestone, &MemoryToken) -> bool,
) -> (Bench, MemoryToken) {
    for cut in (0..MOST).flat_map(|at| [Cut::Before(at), Cut::After(at)]) {
        let (bench, mut token) = (Bench::new(), MemoryToken::fresh());
        before(&bench, &mut token);
        token.repair(Some(cut));
        let _ = bench.run(&mut token, order());
        token.repair(None);
        if bench.journal().unfinished().unwrap().iter().any(|record| is_so(&record.milestone, &token)) {
            return (bench, token);
        }
    }
    panic!("that is never so")
}

/// Somebody else has completed the renewal.
#[test]
fn an_old_key_goes_also_where_the_renewal_was_completed_elsewhere() {
    let (bench, mut token) = cut_where(enrolled, renew, |milestone, token| {
        matches!(milestone, Milestone::Superseding { .. }) && token.keys().len() == 2
    });
    bench.fake.set_status(8);
    bench.run(&mut token, renew()).unwrap().done();
    assert_eq!((token.keys().len(), bench.unfinished()), (1, 0));
}

#[test]
fn somebody_elses_certificate_beside_the_new_key_is_not_written_over() {
    let (bench, mut token) = cut_where(
        |_, _| {},
        enroll,
        |milestone, token| matches!(milestone, Milestone::Issued { .. }) && token.certificates().is_empty(),
    );
    let id = token.keys().remove(0).0;
    let key = token.slots[&id].key.as_ref().unwrap().public_key().clone();
    token.slots.get_mut(&id).unwrap().certificate = Some(certificate_for(&key, "theirs"));
    assert_eq!(bench.run(&mut token, enroll()).unwrap_err().code(), "read-back-differs");
    token.slots.get_mut(&id).unwrap().certificate = None;
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!(token.certificates(), bench.fake.issued());
}

#[test]
fn a_key_that_the_token_named_is_found_by_that_name() {
    let renames: fn(&Bench, &mut MemoryToken) = |_, token| token.rules.renames = true;
    let (bench, mut token) = cut_where(
        renames,
        enroll,
        |milestone, token| matches!(milestone, Milestone::KeysChosen { keys, .. } if token.slots.contains_key(&keys[0].id.0)),
    );
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.generated, token.certificates()), (1, bench.fake.issued()));
}

#[test]
fn half_a_key_pair_gives_way_to_a_whole_one() {
    let (bench, mut token) = cut_where(
        |_, _| {},
        enroll,
        |milestone, token| matches!(milestone, Milestone::KeysChosen { .. }) && token.keys().is_empty(),
    );
    let unfinished = bench.journal().unfinished().unwrap();
    let Milestone::KeysChosen { keys, .. } = &unfinished[0].milestone else { panic!("{unfinished:?}") };
    token.slots.insert(keys[0].id.0.clone(), Slot::default());
    bench.run(&mut token, enroll()).unwrap().done();
    assert_eq!((token.keys().len(), token.certificates()), (1, bench.fake.issued()));
}

/// What is beside the place of a key that is not made yet: only a bare key of the ordered name whose id is no shape of ours
/// is taken for one that the token named.
#[test]
fn a_key_of_the_same_name_is_only_ours_where_it_can_be() {
    let rows: [(&[u8], bool, usize); 5] = [
        (b"short", false, 0),
        (b"short", true, 1),
        (&[7; 16], false, 1),
        (&[7; 17], false, 1),
        // As long as a hash of the key.
        (&[7; 20], false, 0),
    ];
    for (id, certified, made) in rows {
        let (bench, mut token) = cut_where(
            |_, _| {},
            enroll,
            |milestone, token| matches!(milestone, Milestone::KeysChosen { .. }) && token.keys().is_empty(),
        );
        let unfinished = bench.journal().unfinished().unwrap();
        let Milestone::KeysChosen { keys, .. } = &unfinished[0].milestone else { panic!("{unfinished:?}") };
        let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
        let certificate = certified.then(|| certificate_for(key.public_key(), "theirs"));
        token.slots.insert(id.to_vec(), Slot { label: keys[0].label.clone(), key: Some(key), certificate });
        bench.run(&mut token, enroll()).unwrap().done();
        assert_eq!(token.generated, made, "{id:?} {certified}");
    }
}

/// The token has lost the old key and kept its certificate, which stays until the new one takes its place.
#[test]
fn an_old_certificate_without_its_key_stays_until_it_is_replaced() {
    for at in 0..MOST {
        let (bench, mut token) = (Bench::new(), MemoryToken::of(Rules::piv(Cipher::Aes)));
        enrolled(&bench, &mut token);
        bench.fake.behave(Some(Mischief::Refuse("authenticationresponse", 500)));
        bench.run(&mut token, renew()).unwrap_err();
        bench.fake.behave(None);
        let unfinished = bench.journal().unfinished().unwrap();
        assert!(matches!(unfinished[0].milestone, Milestone::KeysChosen { .. }), "{unfinished:?}");
        token.slots.values_mut().for_each(|slot| slot.key = None);
        token.repair(Some(Cut::Before(at)));
        let ended = bench.run(&mut token, renew());
        token.repair(None);
        assert_eq!(token.certificates().len(), 1, "{at}");
        if ended.is_ok() {
            return;
        }
    }
    panic!("it does not end");
}

/// The renewal was cut when the new key had taken the old one's place: nothing is left to do on the card.
#[test]
fn a_renewal_whose_old_key_is_gone_asks_the_card_for_nothing_more() {
    let mut seen = 0;
    for at in 0..MOST {
        let (bench, mut token) = (Bench::new(), MemoryToken::of(Rules::piv(Cipher::Aes)));
        enrolled(&bench, &mut token);
        bench.fake.behave(Some(Mischief::AwayBefore(at)));
        if bench.run(&mut token, renew()).is_ok() {
            break;
        }
        bench.fake.behave(None);
        let unfinished = bench.journal().unfinished().unwrap();
        if unfinished.iter().any(|it| matches!(it.milestone, Milestone::Superseding { .. })) {
            seen += 1;
            let (answered, mut face) = (bench.fake.asked("authenticationresponse/True"), Face::default());
            bench.run_with(&mut token, renew(), &mut face).unwrap().done();
            assert_eq!((bench.fake.asked("authenticationresponse/True"), face.needs), (answered, vec![]), "{at}");
        }
    }
    assert!(seen > 0);
}
