//! Renew, OnlineUpdate and Recover: something new takes the place of something old.

use super::course::*;
use crate::server::support::{API, Person, last_segment, new_csr};
use serde_json::{Value, json};
use uuid::Uuid;

#[test]
fn a_renewal_onto_the_same_card_retires_the_old_profile() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let old = enrolled(&lab, &alice);
        let request = last_segment(&create(&lab, &alice, old.body("Renew")).ok());
        let read = shown(&lab, &alice, &request);
        assert_eq!((&read["OldProfileUuid"], &read["NewProfileUuid"]), (&json!(old.profile), &json!(Uuid::nil())));
        assert_eq!(read["NewSmartcardUuid"], read["OldSmartcardUuid"], "{kind}");
        let new = issued(&lab, &alice, &request);
        assert_eq!((new.card.clone(), new.profile == old.profile), (old.card.clone(), false));
        assert_eq!(statuses(&lab, &alice, &new), (2, 2), "{kind}");
        let (was, is) = (profile(&lab, &alice, &old), profile(&lab, &alice, &new));
        assert_eq!((&was["Status"], &was["Flags"], &is["Flags"]), (&json!(6), &json!(8), &json!(1)), "{kind}");
        assert_eq!(is["ParentProfileUuid"], old.profile);
        if kind != "software" {
            assert_eq!(card(&lab, &alice, &new)["Flags"], 1 + 16, "primary, reused");
        }
        assert!(listed(&lab).is_empty(), "the old certificate expires by itself");
        assert_eq!(lab.get(&alice, &format!("{API}/certificates")).ok().as_array().unwrap().len(), 1);
        let told = "SELECT record FROM audit WHERE record LIKE '%request-completed%' ORDER BY number DESC LIMIT 1";
        let told: Value = serde_json::from_str(&crate::attacks::site::read(&lab, told)).unwrap();
        assert!(told.to_string().contains(r#""superseded":"1""#), "{told}");
    }
}

#[test]
fn a_renewal_without_reuse_needs_another_card() {
    let edit = |text: String| text.replace("[workflows.renew]\n", "[workflows.renew]\nreuse_card = false\n");
    let lab = lab("smartcard", "", |text| {
        edit(text) + "[workflows.renew.revocation]\nrevoke_old = true\ndisable_old = true\n"
    });
    let alice = lab.user("alice", &[]);
    let old = enrolled(&lab, &alice);
    let was = serial(&lab, &alice, &old);
    let request = last_segment(&create(&lab, &alice, old.body("Renew")).ok());
    assert_eq!(lab.certificatedata(&alice, &request, &new_csr()).refusal(), (409, "card-not-assigned".into()));
    let card_id = card(&lab, &alice, &old)["SerialNumber"].clone();
    let same = json!({"requestid": request, "cardid": card_id});
    assert_eq!(lab.post(&alice, &format!("{API}/smartcards"), same).refusal(), (409, "card-already-assigned".into()));
    let new = issued(&lab, &alice, &request);
    assert_ne!(new.card, old.card);
    let shown = card(&lab, &alice, &new);
    assert_eq!((&shown["Flags"], &shown["ParentSmartcardUuid"]), (&json!(1), &json!(old.card)));
    assert_eq!((statuses(&lab, &alice, &old), card(&lab, &alice, &old)["Flags"].clone()), ((3, 6), json!(8)));
    assert_eq!(listed(&lab), [(was, 4)].into());
    assert_eq!(create(&lab, &alice, old.body("Renew")).refusal(), (409, "card-status".into()));
}

#[test]
fn an_update_leaves_the_card_and_changes_its_certificates() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let old = enrolled(&lab, &alice);
        let request = last_segment(&create(&lab, &alice, old.body("OnlineUpdate")).ok());
        let new = issued(&lab, &alice, &request);
        assert_eq!((new.card.clone(), statuses(&lab, &alice, &new)), (old.card.clone(), (2, 2)), "{kind}");
        assert_eq!(profile(&lab, &alice, &old)["Status"], 6);
    }
}

#[test]
fn a_recovery_disables_the_old_and_revokes_its_certificates() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        for before in [None, Some("Reinstate"), Some("Revoke")] {
            let old = enrolled(&lab, &alice);
            let was = serial(&lab, &alice, &old);
            if let Some(before) = before {
                done(&lab, &agent, &old, before);
            }
            let request = last_segment(&create(&lab, &alice, old.body("Recover")).ok());
            let new = issued(&lab, &alice, &request);
            assert_eq!(statuses(&lab, &alice, &new), (2, 2), "{kind} {before:?}");
            assert_eq!(statuses(&lab, &alice, &old), (3, 3), "{kind} {before:?}");
            assert_eq!(profile(&lab, &alice, &old)["Flags"], 8);
            assert_eq!(profile(&lab, &alice, &new)["ParentProfileUuid"], old.profile);
            assert!(listed(&lab).contains_key(&was), "{kind} {before:?}");
            assert_ne!(listed(&lab)[&was], 6, "a hold becomes a revocation");
            assert!(!listed(&lab).contains_key(&serial(&lab, &alice, &new)));
            assert!(create(&lab, &alice, old.body("Recover")).refusal().1.ends_with("-status"));
        }
    }
}

#[test]
fn what_was_suspended_meanwhile_is_not_carried_on() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let old = enrolled(&lab, &alice);
        let renewal = last_segment(&create(&lab, &alice, old.body("Renew")).ok());
        let update = last_segment(&create(&lab, &alice, old.body("OnlineUpdate")).ok());
        lab.certificatedata(&alice, &renewal, &new_csr()).ok();
        done(&lab, &agent, &old, "Reinstate");
        let code = if kind == "software" { "profile-status" } else { "card-status" };
        assert_eq!(lab.certificatedata(&alice, &update, &new_csr()).refusal(), (409, code.into()), "{kind}");
        assert_eq!(lab.complete(&alice, &renewal).refusal(), (409, code.into()), "{kind}");
        for request in [&renewal, &update] {
            lab.put(&alice, &format!("{API}/requests/{request}"), json!({"status": "Canceled"})).ok();
        }
        assert_eq!(statuses(&lab, &alice, &old).0, 4);
        done(&lab, &agent, &old, "Reinstate");
        assert_eq!(statuses(&lab, &alice, &old), (2, 2));
        let on_list: Vec<u8> = listed(&lab).into_values().collect();
        assert_eq!(on_list, [5], "what the canceled renewal had brought");
    }
}

#[test]
fn strangers_see_nothing_to_renew() {
    for kind in KINDS {
        let lab = plain(kind);
        let [alice, eve] = ["alice", "eve"].map(|name| lab.user(name, &[]));
        let approver = lab.user("approver", &["approvers"]);
        let old = enrolled(&lab, &alice);
        let refused = |person: &Person, body| create(&lab, person, body).refusal();
        for workflow in ["Renew", "OnlineUpdate", "Recover", "Duplicate", "Revoke", "Reinstate"] {
            assert_eq!(refused(&eve, old.body(workflow)), (404, "not-found".into()), "{kind} {workflow}");
            assert_eq!(refused(&approver, old.body(workflow)), (404, "not-found".into()), "{kind} {workflow}");
            // A card of one person is not asked for in the name of another.
            let agent = lab.user(&format!("agent-{workflow}"), &["agents"]);
            let body = with(old.body(workflow), "target", json!(eve.uuid));
            assert_eq!(refused(&agent, body), (404, "not-found".into()), "{kind} {workflow}");
            let body = with(old.body(workflow), "profiletemplateuuid", json!(Uuid::new_v4()));
            assert_eq!(refused(&alice, body), (404, "not-found".into()), "{kind} {workflow}");
        }
        assert_eq!(refused(&alice, old.body("Reinstate")), (403, "forbidden".into()));
        assert!(listed(&lab).is_empty());
    }
}

#[test]
fn a_recovery_leaves_the_old_in_its_state_where_the_policy_says_so() {
    for kind in KINDS {
        let lab =
            lab(kind, "", |text| text + "\n[workflows.recover.revocation]\nrevoke_old = true\ndisable_old = false\n");
        let alice = lab.user("alice", &[]);
        let old = enrolled(&lab, &alice);
        let was = serial(&lab, &alice, &old);
        let request = last_segment(&create(&lab, &alice, old.body("Recover")).ok());
        issued(&lab, &alice, &request);
        assert_eq!(statuses(&lab, &alice, &old), (2, 2), "{kind}");
        assert_eq!(profile(&lab, &alice, &old)["Flags"], 8, "{kind}");
        assert!(listed(&lab).contains_key(&was), "{kind}");
    }
}
