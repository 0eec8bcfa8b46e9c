//! What is asked for a card or profile is closed with it, whatever ends or replaces it; what can still be done stays open.

use super::course::*;
use crate::attacks::site::read;
use crate::server::support::{API, Lab, Person, last_segment, new_csr};
use serde_json::{Value, json};
use uuid::Uuid;

const CANCELED: i64 = 17;
const COMPLETED: i64 = 8;

const ALL: [&str; 10] = [
    "Renew",
    "OnlineUpdate",
    "Duplicate",
    "Recover",
    "RecoverOnBehalf",
    "Reinstate",
    "Revoke",
    "Retire",
    "Unblock",
    "TemporaryCards",
];
const OF_CARDS: [&str; 3] = ["Retire", "Unblock", "TemporaryCards"];

/// By what a card, or a profile on none, ends or is replaced, and what can be done about it then.
const ENDINGS: [(&str, &[&str], &[&str]); 5] = [
    ("Revoke", &["Recover", "RecoverOnBehalf", "Retire"], &["Recover", "RecoverOnBehalf"]),
    ("Retire", &["RecoverOnBehalf"], &[]),
    ("Recover", &["RecoverOnBehalf", "Retire"], &["RecoverOnBehalf"]),
    ("Renew", &["RecoverOnBehalf", "Reinstate", "Revoke", "Retire", "Unblock"], &["RecoverOnBehalf"]),
    ("OnlineUpdate", &["RecoverOnBehalf", "Reinstate", "Revoke", "Retire", "Unblock"], &["RecoverOnBehalf"]),
];

fn status(lab: &Lab, agent: &Person, request: &str) -> i64 {
    shown(lab, agent, request)["Status"].as_i64().unwrap()
}

/// The act by which a request was closed along with something, as the log has it.
fn closing(lab: &Lab, request: &str) -> Value {
    let ask =
        format!("SELECT record FROM audit WHERE record LIKE '%request-withdrawn%' AND record LIKE '%\"{request}\"%'");
    let found: Value = serde_json::from_str(&read(lab, &ask)).unwrap();
    assert_eq!(found["request"], request, "{found}");
    found
}

/// Carries out a request of any of these types.
fn carried_out(lab: &Lab, agent: &Person, held: &Held, kind: &str, request: &str) {
    match kind {
        "Retire" => {
            let path = format!("{API}/requests/{request}/smartcards/{}", held.card.as_ref().unwrap());
            lab.put(agent, &path, json!({"status": "Retired"})).ok();
            assert_eq!(status(lab, agent, request), 18, "what has retired the card stays to be completed");
            drop(lab.complete(agent, request).ok());
        }
        "Revoke" => drop(lab.complete(agent, request).ok()),
        _ => drop(issued(lab, agent, request)),
    }
}

#[test]
fn what_cannot_be_done_any_more_is_closed_with_the_card_or_profile() {
    for kind in ["smartcard", "software"] {
        let lab = plain(kind);
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let is_card = kind == "smartcard";
        for (ending, of_card, of_profile) in ENDINGS.iter().filter(|(ending, ..)| is_card || *ending != "Retire") {
            let (held, untouched) = (enrolled(&lab, &alice), enrolled(&lab, &alice));
            let other = last_segment(&create(&lab, &agent, untouched.body("Renew")).ok());
            let asked = ALL.iter().filter(|asked| is_card || !OF_CARDS.contains(asked)).map(|asked| {
                let mut body = held.body(asked);
                if *asked == "RecoverOnBehalf" {
                    body["target"] = json!(bob.uuid);
                }
                (*asked, last_segment(&create(&lab, &agent, body).ok()))
            });
            let asked: Vec<_> = asked.collect();
            let ends = asked.iter().find(|(asked, _)| asked == ending).unwrap().1.clone();
            carried_out(&lab, &agent, &held, ending, &ends);
            assert_eq!(status(&lab, &agent, &ends), COMPLETED, "{kind} {ending}");
            let open = if is_card { of_card } else { of_profile };
            for (asked, request) in asked.iter().filter(|(asked, _)| asked != ending) {
                let is_closed = status(&lab, &agent, request) == CANCELED;
                assert_eq!(is_closed, !open.contains(asked), "{kind}: {asked} after {ending}");
                if is_closed {
                    let act = closing(&lab, request);
                    assert_eq!((&act["evidence"]["ended_with"], &act["actor_name"]), (&json!(ends), &json!("agent")));
                }
            }
            assert_ne!(status(&lab, &agent, &other), CANCELED, "{kind} {ending}: that of another card or profile");
        }
    }
}

/// An enrollment that has begun, and the card that it has brought.
fn begun(lab: &Lab, alice: &Person) -> (String, Held) {
    let request = lab.enroll_request(alice);
    let card = lab.assign(alice, &request, Uuid::new_v4());
    lab.certificatedata(alice, &request, &new_csr()).ok();
    (request, Held { card: Some(card), profile: String::new() })
}

#[test]
fn a_card_that_goes_with_its_unfinished_request_takes_what_was_asked_for_it_along() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let (enroll, held) = begun(&lab, &alice);
    let asked = ["Retire", "Revoke"].map(|kind| last_segment(&create(&lab, &agent, held.body(kind)).ok()));
    lab.put(&alice, &format!("{API}/requests/{enroll}"), json!({"status": "Canceled"})).ok();
    assert_eq!(card(&lab, &agent, &held)["Status"], 6);
    for request in &asked {
        assert_eq!(status(&lab, &agent, request), CANCELED);
        assert_eq!(closing(&lab, request)["evidence"]["ended_with"], json!(enroll));
    }
}

#[test]
fn a_card_that_is_ended_before_its_use_ends_the_request_that_has_brought_it() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    for kind in ["Retire", "Revoke"] {
        let (enroll, held) = begun(&lab, &alice);
        let before = listed(&lab).len();
        let ends = last_segment(&create(&lab, &agent, held.body(kind)).ok());
        carried_out(&lab, &agent, &held, kind, &ends);
        assert_eq!(status(&lab, &agent, &enroll), CANCELED, "{kind}");
        assert_eq!(card(&lab, &agent, &held)["Status"], 6, "{kind}");
        assert_eq!(listed(&lab).len(), before + 1, "{kind}: what was issued for it is revoked");
        assert_eq!(lab.complete(&alice, &enroll).refusal().0, 409, "{kind}");
        assert_eq!(status(&lab, &agent, &ends), COMPLETED, "{kind}");
    }
}
