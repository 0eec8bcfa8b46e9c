//! Revocation options, loss reasons, limits and windows.

use super::course::*;
use crate::server::support::{API, Lab, Person, last_segment};
use cardwright::store::Store;
use serde_json::{Value, json};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

fn lost(body: Value, reason: &str) -> Value {
    with(body, "cardwright", json!({"lossreason": reason}))
}

#[test]
fn what_is_lost_is_revoked_what_is_damaged_only_replaced_and_what_is_forgotten_neither() {
    for kind in KINDS {
        let lab = lab(kind, LOSSES, |text| text);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let ask = |held: &Held, workflow, reason| create(&lab, &agent, lost(held.body(workflow), reason));
        let [first, second] = [enrolled(&lab, &alice), enrolled(&lab, &alice)];
        let was = serial(&lab, &alice, &first);
        assert_eq!(ask(&first, "Recover", "forgotten").refusal(), (409, "loss-reason".into()), "{kind}");
        assert_eq!(ask(&first, "Revoke", "damaged").refusal(), (409, "loss-reason".into()));
        assert_eq!(ask(&first, "Recover", "stolen").refusal(), (400, "bad-field".into()));
        assert_eq!(ask(&first, "Renew", "lost").refusal(), (400, "bad-field".into()));
        let request = last_segment(&ask(&first, "Recover", "Lost").ok());
        issued(&lab, &alice, &request);
        assert_eq!((statuses(&lab, &alice, &first), listed(&lab)), ((3, 3), [(was.clone(), 1)].into()), "{kind}");
        let request = last_segment(&ask(&second, "Recover", "damaged").ok());
        issued(&lab, &alice, &request);
        assert_eq!((statuses(&lab, &alice, &second), listed(&lab)), ((3, 3), [(was, 1)].into()), "{kind}");
        if kind != "software" {
            let third = enrolled(&lab, &alice);
            assert_eq!(ask(&third, "TemporaryCards", "lost").refusal(), (409, "loss-reason".into()));
            let request = last_segment(&ask(&third, "TemporaryCards", "forgotten").ok());
            issued(&lab, &agent, &request);
            assert_eq!(statuses(&lab, &alice, &third), (2, 2));
        }
    }
}

#[test]
fn reason_and_delay_are_the_callers_only_where_the_policy_says_so() {
    let options = "\n[workflows.revoke.revocation]\nallow_specify_reason = true\nallow_specify_delay = true\n";
    for kind in KINDS {
        let lab = lab(kind, "", |text| text + options);
        let alice = lab.user("alice", &[]);
        let [first, second, third] = [(); 3].map(|()| enrolled(&lab, &alice));
        let terms =
            |held: &Held, workflow, terms: Value| create(&lab, &alice, with(held.body(workflow), "cardwright", terms));
        for said in [json!({"revocationreason": "keyCompromise"}), json!({"revocationdelayhours": 1})] {
            assert_eq!(terms(&first, "Recover", said.clone()).refusal(), (400, "bad-field".into()), "{kind} {said}");
            assert_eq!(terms(&first, "Duplicate", said).refusal(), (400, "bad-field".into()), "{kind}");
        }
        for said in ["certificateHold", "removeFromCRL", "7", "because"] {
            let refused = terms(&first, "Revoke", json!({"revocationreason": said})).refusal();
            assert_eq!(refused, (400, "bad-field".into()), "{said}");
        }
        let long = json!({"revocationdelayhours": 9000});
        assert_eq!(terms(&first, "Revoke", long).refusal(), (400, "bad-field".into()));
        let request = last_segment(&terms(&first, "Revoke", json!({"revocationreason": "affiliationChanged"})).ok());
        lab.complete(&alice, &request).ok();
        let now = [(serial(&lab, &alice, &first), 3)];
        assert_eq!(listed(&lab), now.clone().into());
        let later = json!({"revocationreason": "superseded", "revocationdelayhours": 48});
        let request = last_segment(&terms(&second, "Revoke", later).ok());
        lab.complete(&alice, &request).ok();
        assert_eq!(statuses(&lab, &alice, &second), (3, 3));
        assert_eq!(listed(&lab), now.into(), "{kind}: not before its time");
        done(&lab, &alice, &third, "Revoke");
        assert_eq!(listed(&lab).len(), 2);
        // Two days from now it is there.
        let path = lab.data().join("cardwright.db");
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let then = runtime.block_on(async {
            let store = Store::open(&path).await.unwrap();
            let then = OffsetDateTime::now_utc() + Duration::hours(49);
            store.revoked_page(0, then, OffsetDateTime::UNIX_EPOCH, then).await.unwrap()
        });
        let serials: Vec<_> = then.iter().map(|entry| hex::encode_upper(&entry.serial)).collect();
        assert!(then.len() == 3 && serials.contains(&serial(&lab, &alice, &second)), "{kind}");
    }
}

#[test]
fn an_overlap_ends_at_once_when_the_card_is_lost() {
    let options = "\n[workflows.renew.revocation]\nrevoke_old = true\ndelay_hours = 72\n";
    let lab = lab("smartcard", LOSSES, |text| text + options);
    let alice = lab.user("alice", &[]);
    let old = enrolled(&lab, &alice);
    let was = serial(&lab, &alice, &old);
    let request = last_segment(&create(&lab, &alice, old.body("Renew")).ok());
    let new = issued(&lab, &alice, &request);
    let is = serial(&lab, &alice, &new);
    assert!(listed(&lab).is_empty(), "the old certificate is good for three days more");
    let request = last_segment(&create(&lab, &alice, lost(new.body("Recover"), "lost")).ok());
    issued(&lab, &alice, &request);
    assert_eq!(listed(&lab), [(was, 1), (is, 1)].into());
}

#[test]
fn a_renewal_waits_for_its_window() {
    let window = |days| {
        move |text: String| text.replace("[workflows.renew]\n", &format!("[workflows.renew]\nwindow_days = {days}\n"))
    };
    for kind in KINDS {
        let early = lab(kind, "", window(30));
        let alice = early.user("alice", &[]);
        let held = enrolled(&early, &alice);
        let answer = create(&early, &alice, held.body("Renew"));
        assert!(answer.json()["Message"].as_str().unwrap().contains("may be asked for from"), "{kind}");
        assert_eq!(answer.refusal(), (409, "too-early".into()));
        create(&early, &alice, held.body("OnlineUpdate")).ok();
        let other = early.user("bob", &[]);
        let held = enrolled(&early, &other);
        crate::attacks::site::alter(&early, "UPDATE certificates SET superseded = TRUE");
        create(&early, &other, held.body("Renew")).ok();
        let late = lab(kind, "", window(400));
        let alice = late.user("alice", &[]);
        let held = enrolled(&late, &alice);
        create(&late, &alice, held.body("Renew")).ok();
    }
}

#[test]
fn nobody_has_more_than_the_template_lets_him() {
    for kind in KINDS {
        let lab =
            lab(kind, "\n[limits]\ncards = 2\nprofiles = 2\ntemporary_cards = 1\nopen_requests = 3\n", |text| text);
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let enroll = |person| {
            let body = json!({
                "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "",
            });
            create(&lab, person, body)
        };
        let first = enrolled(&lab, &alice);
        let open = last_segment(&enroll(&alice).ok());
        assert_eq!(enroll(&alice).refusal(), (409, "limit-reached".into()), "{kind}: what is asked for counts");
        assert_eq!(create(&lab, &alice, first.body("Duplicate")).refusal(), (409, "limit-reached".into()));
        enroll(&bob).ok();
        lab.put(&alice, &format!("{API}/requests/{open}"), json!({"status": "Canceled"})).ok();
        let request = last_segment(&create(&lab, &alice, first.body("Duplicate")).ok());
        issued(&lab, &alice, &request);
        assert_eq!(enroll(&alice).refusal(), (409, "limit-reached".into()), "{kind}");
        // What takes the place of another is no more than there was.
        let request = last_segment(&create(&lab, &alice, first.body("Recover")).ok());
        let second = issued(&lab, &alice, &request);
        if kind != "software" {
            let lend = || create(&lab, &agent, second.body("TemporaryCards"));
            let request = last_segment(&lend().ok());
            let lent = issued(&lab, &agent, &request);
            assert_eq!(lend().refusal(), (409, "limit-reached".into()));
            retired(&lab, &agent, &lent);
            lend().ok();
        }
        for workflow in ["Renew", "OnlineUpdate", "Recover"] {
            create(&lab, &agent, second.body(workflow));
        }
        assert_eq!(create(&lab, &agent, second.body("Reinstate")).refusal(), (409, "limit-reached".into()), "{kind}");
    }
}

#[test]
fn what_is_over_does_not_count_and_what_is_on_its_way_counts_once() {
    let reached = || (409, "limit-reached".to_owned());
    let enroll = |lab: &Lab, person: &Person| {
        let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
        create(lab, person, body)
    };
    for kind in KINDS {
        let lab = lab(kind, "\n[limits]\nprofiles = 1\n", |text| text);
        let alice = lab.user("alice", &[]);
        let over = enrolled(&lab, &alice);
        assert_eq!(enroll(&lab, &alice).refusal(), reached(), "{kind}");
        done(&lab, &alice, &over, "Revoke");
        enroll(&lab, &alice).ok();
        assert_eq!(enroll(&lab, &alice).refusal(), reached(), "{kind}");
    }
    let lab = lab("smartcard", "\n[limits]\ncards = 2\n", |text| text);
    let alice = lab.user("alice", &[]);
    let begun = lab.enroll_request(&alice);
    lab.assign(&alice, &begun, Uuid::new_v4());
    enroll(&lab, &alice).ok();
    assert_eq!(enroll(&lab, &alice).refusal(), reached());
    // What takes the place of another brings no more.
    let bob = lab.user("bob", &[]);
    create(&lab, &bob, enrolled(&lab, &bob).body("Recover")).ok();
    enroll(&lab, &bob).ok();
    assert_eq!(enroll(&lab, &bob).refusal(), reached());
}
