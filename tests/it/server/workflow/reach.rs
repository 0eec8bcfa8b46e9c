//! How far the end of a card goes: which certificates it takes along of those whose keys it shared with others.

use super::course::*;
use super::keyed::*;
use crate::server::support::{API, Lab, Person, last_segment};
use serde_json::json;
use std::collections::BTreeMap;

fn archiving(kind: &str) -> Lab {
    lab(kind, &[ARCHIVED, LOSSES].concat(), |text| text)
}

fn on_list<const N: usize>(entries: [(String, u8); N]) -> BTreeMap<String, u8> {
    entries.into()
}

#[track_caller]
fn lost(lab: &Lab, person: &Person, held: &Held) {
    let request = last_segment(&create(lab, person, because(held, "Revoke", "lost")).ok());
    lab.complete(person, &request).ok();
}

#[test]
fn a_lost_duplicate_compromises_the_key_it_shares() {
    for kind in PLACES {
        let lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let first = began(&lab, &alice);
        let second = asked(&lab, &alice, first.held.body("Duplicate"));
        lost(&lab, &alice, &second.held);
        let shared = first.serial('s');
        let expected = on_list([(shared.clone(), 1), (signing(&lab, &alice, &second.held), 1)]);
        assert_eq!(listed(&lab), expected, "{kind}: not what only the first can sign with");
        assert_eq!(statuses(&lab, &alice, &first.held), (2, 2));
        // Nobody is to write to that key any more: it is not copied again, but what was written to it stays readable.
        let third = asked(&lab, &alice, first.held.body("Duplicate"));
        assert_eq!((third.letters(), third.serial('h')), ("csh".into(), shared.clone()), "{kind}");
        let renewed = asked(&lab, &alice, first.held.body("Renew"));
        assert_eq!((renewed.letters(), renewed.serial('h')), ("csh".into(), shared), "{kind}");
        assert!(!listed(&lab).contains_key(&renewed.serial('s')));
    }
}

#[test]
fn what_is_replaced_as_lost_takes_its_keys_along_and_as_damaged_does_not() {
    for kind in PLACES {
        let lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let first = began(&lab, &alice);
        let second = asked(&lab, &alice, because(&first.held, "Recover", "damaged"));
        let shared = first.serial('s');
        assert_eq!((second.letters(), second.serial('r')), ("cr".into(), shared.clone()), "{kind}");
        assert!(listed(&lab).is_empty());
        let third = asked(&lab, &alice, second.held.body("Renew"));
        assert!(listed(&lab).is_empty(), "{kind}: the old one ends by itself");
        // The key that came from the damaged card is history on this one, and no less in strangers' hands.
        let signs = [&second, &third].map(|it| signing(&lab, &alice, &it.held));
        let fourth = asked(&lab, &alice, because(&third.held, "Recover", "lost"));
        let [was, is] = signs;
        let mut expected = on_list([(shared, 1), (third.serial('s'), 1), (is, 1)]);
        if kind != "software" {
            // Both profiles were on the card.
            expected.insert(was, 1);
        }
        assert_eq!(listed(&lab), expected, "{kind}");
        assert_eq!(fourth.letters(), "cshh");
    }
}

#[test]
fn a_recovery_without_a_reason_replaces_keys_that_a_duplicate_shares() {
    for kind in PLACES {
        let lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let first = began(&lab, &alice);
        let second = asked(&lab, &alice, first.held.body("Duplicate"));
        let new = asked(&lab, &alice, first.held.body("Recover"));
        assert_eq!((new.letters(), new.serial('h')), ("csh".into(), first.serial('s')), "{kind}");
        let expected = on_list([(first.serial('s'), 4), (signing(&lab, &alice, &first.held), 4)]);
        assert_eq!(listed(&lab), expected, "{kind}");
        assert_eq!(statuses(&lab, &alice, &second.held), (2, 2), "{kind}");
    }
}

#[test]
fn a_card_that_ends_in_good_order_leaves_others_what_they_use() {
    let lab = archiving("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let first = began(&lab, &alice);
    let lent = asked(&lab, &agent, first.held.body("TemporaryCards"));
    let second = asked(&lab, &alice, first.held.body("Duplicate"));
    let signs = [&first, &lent, &second].map(|it| signing(&lab, &alice, &it.held));
    let [of_first, of_lent, of_second] = signs;
    retired(&lab, &agent, &lent.held);
    let mut expected = on_list([(of_lent, 5)]);
    assert_eq!(listed(&lab), expected);
    // The card that it was made for goes first: the duplicate has it still.
    retired(&lab, &alice, &first.held);
    expected.insert(of_first, 5);
    assert_eq!(listed(&lab), expected);
    retired(&lab, &alice, &second.held);
    expected.extend([(of_second, 5), (first.serial('s'), 5)]);
    assert_eq!(listed(&lab), expected, "with the last that has it");
}

#[test]
fn a_lent_card_that_is_lost_compromises_what_it_was_lent_with() {
    let lab = archiving("virtual-smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let first = began(&lab, &alice);
    let lent = asked(&lab, &agent, first.held.body("TemporaryCards"));
    let request = last_segment(&create(&lab, &agent, because(&lent.held, "Retire", "lost")).ok());
    let card = lent.held.card.as_ref().unwrap();
    lab.put(&agent, &format!("{API}/requests/{request}/smartcards/{card}"), json!({"status": "Retired"})).ok();
    let expected = on_list([(first.serial('s'), 1), (signing(&lab, &alice, &lent.held), 1)]);
    assert_eq!(listed(&lab), expected);
}

#[test]
fn a_hold_lasts_while_a_card_that_holds_the_key_is_suspended() {
    let lab = archiving("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let first = began(&lab, &alice);
    let second = asked(&lab, &alice, first.held.body("Duplicate"));
    let shared = first.serial('s');
    let [of_first, of_second] = [&first, &second].map(|it| signing(&lab, &alice, &it.held));
    done(&lab, &agent, &second.held, "Reinstate");
    assert_eq!(listed(&lab), on_list([(shared.clone(), 6), (of_second.clone(), 6)]));
    done(&lab, &agent, &first.held, "Reinstate");
    assert_eq!(listed(&lab).len(), 3);
    done(&lab, &agent, &second.held, "Reinstate");
    assert_eq!(listed(&lab), on_list([(shared.clone(), 6), (of_first, 6)]));
    // A key that is on hold is lent all the same: it opens what was written to its owner.
    let lent = asked(&lab, &agent, first.held.body("TemporaryCards"));
    assert_eq!((lent.letters(), lent.serial('r')), ("cr".into(), shared));
    done(&lab, &agent, &first.held, "Reinstate");
    assert!(listed(&lab).is_empty());
}

#[test]
fn who_gives_back_anothers_keys_does_not_take_them_from_her() {
    for kind in PLACES {
        let lab = archiving(kind);
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let approver = lab.user("approver", &["approvers"]);
        let hers = began(&lab, &alice);
        let lend = || {
            let body = with(hers.held.body("RecoverOnBehalf"), "target", json!(bob.uuid));
            let request = last_segment(&create(&lab, &agent, body).ok());
            approved(&lab, &approver, &request);
            carried_out(&lab, &bob, &request).held
        };
        let [suspended, given_back, lost_by_him] = [lend(), lend(), lend()];
        done(&lab, &agent, &suspended, "Reinstate");
        done(&lab, &bob, &given_back, "Revoke");
        assert!(listed(&lab).is_empty(), "{kind}");
        lost(&lab, &bob, &lost_by_him);
        assert_eq!(listed(&lab), on_list([(hers.serial('s'), 1)]), "{kind}");
        assert_eq!(statuses(&lab, &alice, &hers.held), (2, 2));
    }
}
