//! Retire, Revoke, and Reinstate both ways.

use super::course::*;
use crate::server::support::{API, EXTENSION, last_segment};
use serde_json::json;
use uuid::Uuid;

#[test]
fn a_suspension_is_on_the_list_until_it_is_lifted() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let held = enrolled(&lab, &alice);
        let certificate = serial(&lab, &alice, &held);
        for _ in 0..2 {
            done(&lab, &agent, &held, "Reinstate");
            assert_eq!(statuses(&lab, &alice, &held), (4, 4), "{kind}");
            assert_eq!(listed(&lab), [(certificate.clone(), 6)].into());
            done(&lab, &agent, &held, "Reinstate");
            assert_eq!(statuses(&lab, &alice, &held), (2, 2), "{kind}");
            assert!(listed(&lab).is_empty());
        }
        done(&lab, &agent, &held, "Reinstate");
        done(&lab, &alice, &held, "Revoke");
        assert_eq!(statuses(&lab, &alice, &held), (3, 3), "{kind}");
        assert_eq!(listed(&lab), [(certificate, 0)].into(), "a hold becomes a revocation");
        assert!(create(&lab, &agent, held.body("Reinstate")).refusal().1.ends_with("-status"));
        assert!(create(&lab, &agent, held.body("Revoke")).refusal().1.ends_with("-status"));
    }
}

#[test]
fn whoever_says_suspend_does_not_reinstate() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &alice);
    let ask =
        |effect: &str| create(&lab, &agent, with(held.body("Reinstate"), "cardwright", json!({"effect": effect})));
    assert_eq!(ask("reinstate").refusal(), (409, "card-status".into()));
    assert_eq!(ask("whatever").refusal(), (400, "bad-field".into()));
    let request = last_segment(&ask("suspend").ok());
    assert_eq!(ask("suspend").refusal(), (409, "request-open".into()));
    let before = lab.complete(&agent, &request).ok();
    assert_eq!(lab.complete(&agent, &request).ok(), before, "completed twice, suspended once");
    assert_eq!(statuses(&lab, &alice, &held), (4, 4));
    assert_eq!(ask("suspend").refusal(), (409, "card-status".into()));
    ask("reinstate").ok();
    let misplaced = with(held.body("Revoke"), "cardwright", json!({"effect": "suspend"}));
    assert_eq!(create(&lab, &alice, misplaced).refusal(), (400, "bad-field".into()));
}

#[test]
fn a_retired_card_takes_everything_on_it_along() {
    for kind in ["smartcard", "virtual-smartcard"] {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let held = enrolled(&lab, &alice);
        let certificate = serial(&lab, &alice, &held);
        let request = last_segment(&create(&lab, &alice, held.body("Retire")).ok());
        let path = format!("{API}/requests/{request}/smartcards/{}", held.card.as_ref().unwrap());
        assert_eq!(lab.complete(&alice, &request).refusal().0, 409, "nothing was retired");
        let card_id = card(&lab, &alice, &held)["SerialNumber"].as_str().unwrap().to_owned();
        let of_card = format!("{API}/requests/{request}/smartcards/{}", held.card.as_ref().unwrap());
        let query = format!("cardid={card_id}&challenge=D61143F9CCFFD2CA&diversified=False");
        lab.get(&alice, &format!("{of_card}/authenticationresponse?{query}")).ok();
        assert_eq!(lab.complete(&alice, &request).refusal(), (409, "card-status".into()), "nor was it by a response");
        assert_eq!(lab.put(&alice, &path, json!({"status": "Disabled"})).refusal(), (400, "bad-field".into()));
        let other = enrolled(&lab, &alice);
        let wrong = format!("{API}/requests/{request}/smartcards/{}", other.card.unwrap());
        assert_eq!(lab.put(&alice, &wrong, json!({"status": "Retired"})).refusal(), (404, "not-found".into()));
        lab.put(&alice, &path, json!({"status": "Retired"})).ok();
        assert_eq!(statuses(&lab, &alice, &held), (6, 6), "{kind}");
        assert_eq!(listed(&lab), [(certificate, 5)].into());
        let told = crate::attacks::site::read(&lab, "SELECT record FROM audit WHERE record LIKE '%card-retired%'");
        assert!(told.contains(r#""revoked":"1""#), "the log tells how many certificates went with it: {told}");
        lab.complete(&alice, &request).ok();
        for workflow in ["Renew", "Retire", "Revoke", "Recover", "Unblock", "Duplicate"] {
            assert_eq!(create(&lab, &alice, held.body(workflow)).refusal(), (409, "card-status".into()), "{workflow}");
        }
    }
}

#[test]
fn who_is_not_asked_ends_nothing() {
    for kind in KINDS {
        let lab = plain(kind);
        let [alice, eve] = ["alice", "eve"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let approver = lab.user("approver", &["approvers"]);
        let held = enrolled(&lab, &alice);
        let request = last_segment(&create(&lab, &agent, held.body("Revoke")).ok());
        for nobody in [&eve, &approver] {
            assert_eq!(lab.complete(nobody, &request).refusal(), (404, "not-found".into()), "{kind}");
            let canceled = lab.put(nobody, &format!("{API}/requests/{request}"), json!({"status": "Canceled"}));
            assert_eq!(canceled.refusal(), (404, "not-found".into()));
            let operations = match &held.card {
                Some(card) => format!("{API}/smartcards/{card}/operations"),
                None => format!("{API}/profiles/{}/operations", held.profile),
            };
            assert_eq!(lab.get(nobody, &operations).refusal(), (404, "not-found".into()));
        }
        assert_eq!(statuses(&lab, &alice, &held), (2, 2));
        lab.complete(&alice, &request).ok();
        assert_eq!(statuses(&lab, &alice, &held), (3, 3), "{kind}");
    }
}

#[test]
fn operations_are_what_may_be_asked_now_by_this_caller() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &alice);
    let card = held.card.clone().unwrap();
    let offered = |person| lab.get(person, &format!("{API}/smartcards/{card}/operations")).json();
    let own = json!(["renew", "unblock", "retire", "revoke", "recover", "onlineupdate"]);
    assert_eq!(offered(&alice), own);
    let all = json!(["renew", "unblock", "retire", "revoke", "recover", "recoveronbehalf", "onlineupdate"]);
    assert_eq!(offered(&agent), all);
    let types = |person| {
        let listed = lab.get(person, &format!("{EXTENSION}/smartcards/{card}/requesttypes")).json();
        listed.as_array().unwrap().clone()
    };
    assert!(types(&agent).contains(&json!({"Type": "Reinstate", "Effect": "suspend"})));
    assert!(!types(&alice).iter().any(|entry| entry["Type"] == "Reinstate"));
    // What is listed can be asked for, and nothing else can.
    for state in ["active", "suspended", "disabled"] {
        for kind in ["Renew", "Unblock", "Retire", "Revoke", "Recover", "OnlineUpdate", "Duplicate", "Reinstate"] {
            let listed = types(&agent).iter().any(|entry| entry["Type"] == kind);
            let answer = create(&lab, &agent, held.body(kind));
            assert_eq!(answer.status == 201, listed, "{state} {kind}");
            if listed {
                let request = last_segment(&answer.ok());
                lab.put(&agent, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
            }
        }
        match state {
            "active" => drop(done(&lab, &agent, &held, "Reinstate")),
            "suspended" => {
                assert!(types(&agent).contains(&json!({"Type": "Reinstate", "Effect": "reinstate"})));
                assert_eq!(offered(&agent), json!(["retire", "revoke", "recover", "recoveronbehalf"]));
                drop(done(&lab, &agent, &held, "Revoke"));
            }
            _ => assert_eq!(offered(&agent), json!(["retire", "recover", "recoveronbehalf"])),
        }
    }
    let software = plain("software");
    let agent = software.user("agent", &["agents"]);
    let held = enrolled(&software, &agent);
    let offered = software.get(&agent, &format!("{API}/profiles/{}/operations", held.profile)).json();
    assert_eq!(offered, json!(["renew", "disable", "recover", "recoveronbehalf", "onlineupdate"]));
    assert_eq!(profile(&software, &agent, &held)["ProfileOperations"], offered);
    let nobody = format!("{EXTENSION}/profiles/{}/requesttypes", Uuid::new_v4());
    assert_eq!(software.get(&agent, &nobody).refusal(), (404, "not-found".into()));
}

#[test]
fn a_profile_on_a_card_is_asked_for_with_its_card() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let held = enrolled(&lab, &alice);
    let by_profile = Held { card: None, ..held.clone() };
    let request = last_segment(&create(&lab, &alice, by_profile.body("Revoke")).ok());
    assert_eq!(shown(&lab, &alice, &request)["OldSmartcardUuid"], json!(held.card));
    assert_eq!(create(&lab, &alice, held.body("Revoke")).refusal(), (409, "request-open".into()));
    lab.complete(&alice, &request).ok();
    assert_eq!(statuses(&lab, &alice, &held), (3, 3));
}
