//! Enroll, Duplicate and RecoverOnBehalf: one more, and what was there stays as it is.

use super::course::*;
use crate::server::support::{API, EXTENSION, last_segment, new_csr};
use serde_json::json;
use uuid::Uuid;

#[test]
fn a_duplicate_stands_beside_the_primary() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let first = enrolled(&lab, &alice);
        let request = last_segment(&create(&lab, &alice, first.body("Duplicate")).ok());
        let second = issued(&lab, &alice, &request);
        let made = profile(&lab, &alice, &second);
        assert_eq!((&made["Flags"], &made["PrimaryProfileUuid"]), (&json!(2), &json!(first.profile)), "{kind}");
        assert_eq!((statuses(&lab, &alice, &first), statuses(&lab, &alice, &second)), ((2, 2), (2, 2)));
        if kind != "software" {
            let made = card(&lab, &alice, &second);
            assert_eq!((&made["Flags"], &made["PrimarySmartcardUuid"]), (&json!(2), &json!(first.card)));
            assert_eq!(made["ParentSmartcardUuid"], json!(first.card));
        }
        // The duplicate of a duplicate is one of the same primary.
        let request = last_segment(&create(&lab, &alice, second.body("Duplicate")).ok());
        let third = profile(&lab, &alice, &issued(&lab, &alice, &request));
        assert_eq!(
            (&third["PrimaryProfileUuid"], &third["ParentProfileUuid"]),
            (&json!(first.profile), &json!(second.profile))
        );
        assert!(listed(&lab).is_empty());
    }
}

#[test]
fn a_duplicate_that_is_renewed_stays_one() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let first = enrolled(&lab, &alice);
    let request = last_segment(&create(&lab, &alice, first.body("Duplicate")).ok());
    let second = issued(&lab, &alice, &request);
    let request = last_segment(&create(&lab, &alice, second.body("Renew")).ok());
    let renewed = profile(&lab, &alice, &issued(&lab, &alice, &request));
    assert_eq!((&renewed["Flags"], &renewed["PrimaryProfileUuid"]), (&json!(2), &json!(first.profile)));
}

#[test]
fn keys_of_somebody_else_need_an_agent_and_an_approval() {
    for kind in KINDS {
        let lab = lab(kind, ARCHIVED, |text| text);
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let approver = lab.user("approver", &["approvers"]);
        let lost = enrolled(&lab, &alice);
        let body = |target| with(lost.body("RecoverOnBehalf"), "target", json!(target));
        let without_target = lost.body("RecoverOnBehalf");
        assert_eq!(create(&lab, &agent, without_target).refusal(), (400, "bad-field".into()));
        assert_eq!(create(&lab, &agent, body(alice.uuid)).refusal(), (400, "bad-field".into()), "her own keys");
        assert_eq!(create(&lab, &alice, body(bob.uuid)).refusal(), (403, "forbidden".into()));
        assert_eq!(create(&lab, &bob, body(bob.uuid)).refusal(), (404, "not-found".into()));
        assert_eq!(create(&lab, &agent, body(Uuid::new_v4())).refusal(), (404, "not-found".into()));

        let request = last_segment(&create(&lab, &agent, body(bob.uuid)).ok());
        assert_eq!(create(&lab, &agent, body(bob.uuid)).refusal(), (409, "request-open".into()));
        let early = lab.certificatedata(&bob, &request, &new_csr()).refusal();
        assert_eq!(early, (409, "request-pending".into()), "{kind}");
        let path = format!("{EXTENSION}/requests/{request}/approve");
        assert_eq!(lab.post(&agent, &path, json!({"Comment": ""})).refusal(), (403, "self-approval".into()));
        approved(&lab, &approver, &request);
        let got = brought(&lab, &bob, &request, &[]);
        let made = profile(&lab, &bob, &got);
        assert_eq!((&made["Flags"], &made["AssignedUserUuid"]), (&json!(32), &json!(bob.uuid)), "{kind}");
        assert_eq!(made["ParentProfileUuid"], lost.profile);
        assert_eq!(statuses(&lab, &alice, &lost), (2, 2), "the owner keeps what is hers");
        // Another person's keys are not renewed, copied or lent; they are given back.
        for workflow in ["Renew", "Duplicate", "Recover"] {
            assert!(create(&lab, &bob, got.body(workflow)).refusal().1.ends_with("-status"), "{workflow}");
        }
        done(&lab, &bob, &got, "Revoke");
    }
}

#[test]
fn types_that_issue_nothing_take_no_certification_request() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let held = enrolled(&lab, &alice);
        let mut types = vec!["Revoke", "Reinstate"];
        if kind != "software" {
            types.extend(["Retire", "Unblock", "OfflineUnblock"]);
        }
        for workflow in types {
            let request = last_segment(&create(&lab, &agent, held.body(workflow)).ok());
            let refused = lab.certificatedata(&agent, &request, &new_csr()).refusal();
            assert_eq!(refused, (409, "wrong-request-type".into()), "{kind} {workflow}");
            let options = format!("{API}/requests/{request}/certificaterequestgenerationoptions");
            assert_eq!(lab.get(&agent, &options).refusal(), (409, "wrong-request-type".into()));
            let assigned = json!({"requestid": request, "cardid": Uuid::new_v4()});
            assert_eq!(lab.post(&agent, &format!("{API}/smartcards"), assigned).status, 409);
        }
    }
}

#[test]
fn a_software_template_has_no_card_to_retire_unblock_or_lend() {
    let lab = plain("software");
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &agent);
    for workflow in ["Retire", "Unblock", "OfflineUnblock", "TemporaryCards"] {
        assert_eq!(create(&lab, &agent, held.body(workflow)).refusal(), (400, "bad-field".into()), "{workflow}");
    }
}

#[test]
fn a_canceled_request_takes_back_what_it_brought_and_nothing_else() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let held = enrolled(&lab, &alice);
        for workflow in ["Renew", "OnlineUpdate", "Recover", "Duplicate"] {
            let request = last_segment(&create(&lab, &alice, held.body(workflow)).ok());
            if kind != "software" && ["Recover", "Duplicate"].contains(&workflow) {
                lab.assign(&alice, &request, Uuid::new_v4());
            }
            lab.certificatedata(&alice, &request, &new_csr()).ok();
            let path = format!("{API}/requests/{request}");
            let canceled = lab.put(&alice, &path, json!({"status": "Abandoned"})).ok();
            assert_eq!(lab.put(&alice, &path, json!({"status": "Canceled"})).ok(), canceled, "again, the same");
            assert_eq!(lab.complete(&alice, &request).refusal(), (409, "request-not-executable".into()));
            assert_eq!(statuses(&lab, &alice, &held), (2, 2), "{kind} {workflow}");
            let brought = Held::of(&canceled);
            assert_eq!(profile(&lab, &alice, &brought)["Status"], 6, "{kind} {workflow}");
        }
        assert_eq!(listed(&lab).into_values().collect::<Vec<_>>(), [5; 4]);
        assert_eq!(lab.get(&alice, &format!("{API}/certificates")).ok().as_array().unwrap().len(), 1);
    }
}

/// A card that goes round: enrolled, retired, offered again.
#[test]
fn a_card_that_was_in_use_is_taken_again_where_the_template_lets_it_and_is_said_to_be_used() {
    for reuse in [false, true] {
        let edit =
            |text: String| text.replace("allow_smartcard_reuse = false", &format!("allow_smartcard_reuse = {reuse}"));
        let lab = lab("smartcard", "", edit);
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let held = enrolled(&lab, &alice);
        let card_id = card(&lab, &alice, &held)["SerialNumber"].clone();
        let offer = |card_id: &serde_json::Value| {
            let request = lab.enroll_request(&bob);
            (lab.post(&bob, &format!("{API}/smartcards"), json!({"requestid": request, "cardid": card_id})), request)
        };
        assert_eq!(offer(&card_id).0.refusal(), (409, "card-already-assigned".into()), "it is somebody's");
        retired(&lab, &alice, &held);
        let (offered, request) = offer(&card_id);
        if reuse {
            offered.ok();
            let again = issued(&lab, &bob, &request);
            assert_eq!(card(&lab, &bob, &again)["Flags"], 1 + 16, "primary, reused");
        } else {
            assert_eq!(offered.refusal(), (409, "card-status".into()));
        }
        // One whose enrollment was given up was never in use.
        let begun = lab.enroll_request(&alice);
        let fresh = json!(Uuid::new_v4());
        lab.post(&alice, &format!("{API}/smartcards"), json!({"requestid": begun, "cardid": fresh})).ok();
        lab.put(&alice, &format!("{API}/requests/{begun}"), json!({"status": "Abandoned"})).ok();
        let (offered, request) = offer(&fresh);
        offered.ok();
        assert_eq!(card(&lab, &bob, &issued(&lab, &bob, &request))["Flags"], 1, "primary");
    }
}
