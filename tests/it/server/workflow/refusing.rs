//! Whom archived keys are not given to, and when.

use super::course::*;
use super::keyed::*;
use crate::server::support::{API, Lab, Person, last_segment, new_csr};
use serde_json::{Value, json};
use uuid::Uuid;

fn archiving(kind: &str) -> Lab {
    lab(kind, &[ARCHIVED, LOSSES].concat(), |text| text)
}

/// How often private keys have left, by the log.
fn keys_given(lab: &mut Lab) -> usize {
    lab.stop();
    super::model::acts(lab).iter().filter(|act| *act == "keys-given").count()
}

/// Asks, and gives the request its card.
fn prepared(lab: &Lab, person: &Person, body: Value) -> String {
    let request = last_segment(&create(lab, person, body).ok());
    let read = shown(lab, person, &request);
    if read["IsSmartcard"] == true && read["NewSmartcardUuid"] == Uuid::nil().to_string() {
        lab.assign(person, &request, Uuid::new_v4());
    }
    request
}

const CARRYING: [&str; 4] = ["Duplicate", "Recover", "Renew", "OnlineUpdate"];

#[test]
fn a_password_that_protects_nothing_is_refused_and_nothing_is_issued() {
    for kind in PLACES {
        let mut lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let held = began(&lab, &alice).held;
        for workflow in CARRYING {
            let request = prepared(&lab, &alice, held.body(workflow));
            let hand_in = |password| with_password(&lab, &alice, &request, &[new_csr()], password);
            for password in [json!(null), json!(""), json!("seven77"), json!("keys for 😀 alone")] {
                assert_eq!(hand_in(password.clone()).refusal(), (400, "pfx-password".into()), "{workflow} {password}");
            }
            let body = json!({"certificaterequests": [], "comments": ""});
            let without = lab.post(&alice, &format!("{API}/requests/{request}/certificatedata"), body);
            assert_eq!(without.refusal().0, 400, "{workflow}");
            let read = shown(&lab, &alice, &request);
            assert_eq!(read["NewProfileUuid"], json!(Uuid::nil()), "{kind} {workflow}");
            lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
        }
        let message = hand_in_short(&lab, &alice, &held);
        assert!(message.contains("at least 8 characters"), "{message}");
        assert!(listed(&lab).is_empty());
        assert_eq!(keys_given(&mut lab), 1, "{kind}: those of the enrollment");
    }
}

fn hand_in_short(lab: &Lab, alice: &Person, held: &Held) -> String {
    let request = prepared(lab, alice, held.body("Duplicate"));
    let answer = with_password(lab, alice, &request, &[new_csr()], json!("short"));
    answer.json()["Message"].as_str().unwrap().to_owned()
}

#[test]
fn nobody_else_is_given_the_keys_of_a_request() {
    for kind in PLACES {
        let mut lab = archiving(kind);
        let [alice, eve] = ["alice", "eve"].map(|name| lab.user(name, &[]));
        let approver = lab.user("approver", &["approvers"]);
        let auditor = lab.user("auditor", &["auditors"]);
        let [hers, eves] = [&alice, &eve].map(|person| began(&lab, person).held);
        for workflow in CARRYING {
            let request = prepared(&lab, &alice, hers.body(workflow));
            // An auditor sees the request, and no more.
            for (person, status) in [(&eve, 404), (&approver, 404), (&auditor, 403)] {
                let answer = with_password(&lab, person, &request, &[new_csr()], json!(PASSWORD));
                assert_eq!(answer.refusal().0, status, "{kind} {workflow}");
            }
            // Nor is somebody else's card a way to them.
            let body = with(hers.body(workflow), "target", json!(eve.uuid));
            assert_eq!(create(&lab, &eve, body).refusal(), (404, "not-found".into()), "{kind} {workflow}");
            let mut both = eves.body(workflow);
            both["profile"] = json!(hers.profile);
            let other = create(&lab, &eve, both);
            if other.status < 300 {
                // The card wins over the profile: what comes back is her own.
                let request = last_segment(&other.json());
                assert_eq!(shown(&lab, &eve, &request)["OldProfileUuid"], json!(eves.profile), "{kind} {workflow}");
            }
        }
        assert_eq!(keys_given(&mut lab), 2, "{kind}: those of the enrollments");
    }
}

#[test]
fn what_was_never_archived_does_not_come_back() {
    let transient = ARCHIVED.replace(", archive = true", "");
    for kind in PLACES {
        for more in ["", transient.as_str()] {
            let lab = lab(kind, more, |text| text);
            let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
            let agent = lab.user("agent", &["agents"]);
            let approver = lab.user("approver", &["approvers"]);
            let before = began(&lab, &alice);
            let fresh = if more.is_empty() { "c" } else { "cs" };
            for workflow in ["Duplicate", "Recover"] {
                let held = if workflow == "Recover" { began(&lab, &alice).held } else { before.held.clone() };
                assert_eq!(asked(&lab, &alice, held.body(workflow)).letters(), fresh, "{kind} {workflow}");
            }
            let body = with(before.held.body("RecoverOnBehalf"), "target", json!(bob.uuid));
            let request = last_segment(&create(&lab, &agent, body).ok());
            approved(&lab, &approver, &request);
            if kind != "software" {
                lab.assign(&bob, &request, Uuid::new_v4());
            }
            let refused = with_password(&lab, &bob, &request, &[], json!(PASSWORD)).refusal();
            assert_eq!(refused, (409, "nothing-archived".into()), "{kind}");
            assert_eq!(lab.complete(&bob, &request).refusal().0, 409);
        }
    }
}

#[test]
fn a_card_or_profile_that_is_over_carries_no_keys_on() {
    for kind in PLACES {
        let mut lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let code = if kind == "software" { "profile-status" } else { "card-status" };
        let refused = |held: &Held, workflow| create(&lab, &agent, held.body(workflow)).refusal();
        // Replaced: the profile is retired and superseded.
        let old = began(&lab, &alice).held;
        asked(&lab, &alice, because(&old, "Recover", "lost"));
        for workflow in CARRYING {
            assert_eq!(refused(&old, workflow), (409, code.into()), "{kind} {workflow}");
        }
        let suspended = began(&lab, &alice).held;
        done(&lab, &agent, &suspended, "Reinstate");
        for workflow in ["Duplicate", "Renew", "OnlineUpdate"] {
            assert_eq!(refused(&suspended, workflow), (409, code.into()), "{kind} {workflow}");
        }
        if kind != "software" {
            let gone = began(&lab, &alice).held;
            retired(&lab, &alice, &gone);
            for workflow in CARRYING.into_iter().chain(["TemporaryCards"]) {
                assert_eq!(refused(&gone, workflow), (409, code.into()), "{kind} {workflow}");
            }
        }
        assert_eq!(keys_given(&mut lab), if kind == "software" { 3 } else { 4 }, "{kind}");
    }
}

#[test]
fn what_came_to_an_end_meanwhile_gives_no_keys() {
    for kind in PLACES {
        let mut lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let suspended = if kind == "software" { "profile-status" } else { "card-status" };
        // What is revoked closes what was asked for it; what is suspended may go on once it is reinstated.
        for (ending, code) in [("Revoke", "request-not-executable"), ("Reinstate", suspended)] {
            for workflow in ["Duplicate", "Renew", "OnlineUpdate"] {
                let held = began(&lab, &alice).held;
                let request = prepared(&lab, &alice, held.body(workflow));
                done(&lab, &agent, &held, ending);
                let refused = with_password(&lab, &alice, &request, &[new_csr()], json!(PASSWORD)).refusal();
                assert_eq!(refused, (409, code.into()), "{kind} {workflow} {ending}");
            }
        }
        assert_eq!(keys_given(&mut lab), 6, "{kind}: those of the enrollments");
    }
}

#[test]
fn a_request_that_is_closed_gives_no_keys_any_more() {
    for kind in PLACES {
        let mut lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let held = began(&lab, &alice).held;
        for (workflow, status) in [("Duplicate", "Completed"), ("Duplicate", "Canceled"), ("Duplicate", "Abandoned")] {
            let request = prepared(&lab, &alice, held.body(workflow));
            let csrs = [new_csr()];
            let hand_in = || with_password(&lab, &alice, &request, &csrs, json!(PASSWORD));
            hand_in().ok();
            lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": status})).ok();
            assert_eq!(hand_in().refusal(), (409, "request-not-executable".into()), "{kind} {status}");
        }
        assert_eq!(keys_given(&mut lab), 4, "{kind}");
    }
}
