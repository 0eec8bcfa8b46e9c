//! How often secrets are given out, and wrong credentials taken.

use super::super::support::{API, EXTENSION, Lab};
use super::{lab, whoami};
use uuid::Uuid;

fn limits(which: &str) -> String {
    format!("[limits]\n{which} = {{ burst = 3, per_minute = 1 }}\n")
}

#[test]
fn a_card_and_a_caller_are_told_secrets_so_often_and_told_when_again() {
    for (which, other_card) in [("secrets_per_card", 200), ("secrets_per_caller", 429)] {
        let lab = lab(true, &limits(which));
        let alice = lab.user("alice", &[]);
        let path = |lab: &Lab| {
            let (request, card_id) = (lab.enroll_request(&alice), Uuid::new_v4());
            let smartcard = lab.assign(&alice, &request, card_id);
            format!("{API}/requests/{request}/smartcards/{smartcard}/diversifiedkey?cardid={card_id}")
        };
        let (first, second) = (path(&lab), path(&lab));
        for _ in 0..3 {
            lab.get(&alice, &first).ok();
        }
        let refused = lab.get(&alice, &first);
        let wait: u64 = refused.headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!((1..=61).contains(&wait), "{wait}");
        assert_eq!(refused.refusal(), (429, "too-many-requests".into()));
        assert_eq!(lab.get(&alice, &second).status, other_card, "{which}");
        whoami(&lab, &alice.token).ok();
    }
}

#[test]
fn a_hundred_cards_in_a_row_are_not_slowed() {
    let lab = Lab::plain(|template| template);
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    let card_id = Uuid::new_v4();
    let smartcard = lab.assign(&alice, &request, card_id);
    let card = format!("{API}/requests/{request}/smartcards/{smartcard}");
    // One card stands for ten here: so many calls no single one needs.
    for _ in 0..100 {
        lab.get(&alice, &format!("{card}/diversifiedkey?cardid={card_id}")).ok();
        lab.get(&alice, &format!("{EXTENSION}/requests/{request}/smartcards/{smartcard}/puk?cardid={card_id}")).ok();
    }
}

#[test]
fn wrong_credentials_are_counted_and_right_ones_are_not_held_up_by_them() {
    let lab = lab(true, &limits("failures_per_address"));
    let alice = lab.user("alice", &[]);
    for _ in 0..10 {
        assert_eq!(lab.call(None, "GET", &format!("{EXTENSION}/whoami"), None).status, 401, "nothing shown is no try");
    }
    for _ in 0..3 {
        assert_eq!(whoami(&lab, "wrong").refusal(), (401, "not-authenticated".into()));
    }
    let refused = whoami(&lab, "wrong");
    assert!(refused.headers.contains_key("retry-after"));
    assert_eq!(refused.refusal(), (429, "too-many-requests".into()));
    whoami(&lab, &alice.token).ok();
}

#[test]
fn wrong_credentials_in_one_name_are_counted_too() {
    let lab = lab(true, &limits("failures_per_name"));
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &[]));
    for name in ["alice", "bob"] {
        let change = cardwright::server::UserChange { disabled: Some(true), ..Default::default() };
        cardwright::server::user_change(&lab.data(), name, change).unwrap();
    }
    for _ in 0..3 {
        assert_eq!(whoami(&lab, &alice.token).refusal(), (403, "user-disabled".into()));
    }
    assert_eq!(whoami(&lab, &alice.token).refusal(), (429, "too-many-requests".into()));
    assert_eq!(whoami(&lab, &bob.token).refusal(), (403, "user-disabled".into()), "another name");
}
