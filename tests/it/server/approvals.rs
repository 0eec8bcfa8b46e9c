//! N approvals, by different people, none of them concerned.

use super::support::{API, EXTENSION, Lab, Person};
use serde_json::{Value, json};

fn two_approvals(template: String) -> String {
    template.replacen("approvals_needed = 0", "approvals_needed = 2", 1)
}

fn decide(lab: &Lab, person: &Person, request: &str, verb: &str) -> super::support::Answer {
    lab.post(person, &format!("{EXTENSION}/requests/{request}/{verb}"), json!({"Comment": "seen the passport"}))
}

#[test]
fn the_last_of_two_approvals_lets_the_request_go() {
    let lab = Lab::plain(two_approvals);
    let alice = lab.user("alice", &[]);
    let [bob, carol, dave] = ["bob", "carol", "dave"].map(|name| lab.user(name, &["officers"]));
    let request = lab.enroll_request(&alice);
    let status = || lab.get(&alice, &format!("{API}/requests/{request}")).ok()["Status"].clone();
    assert_eq!(status(), 16);
    let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4()});
    assert_eq!(lab.post(&alice, &format!("{API}/smartcards"), card.clone()).refusal(), (409, "request-pending".into()));

    assert_eq!(decide(&lab, &alice, &request, "approve").refusal(), (403, "self-approval".into()));
    assert_eq!(decide(&lab, &bob, &request, "approve").ok()["Status"], 16);
    assert_eq!(decide(&lab, &bob, &request, "approve").refusal(), (409, "already-approved".into()));
    assert_eq!(decide(&lab, &carol, &request, "approve").ok()["Status"], 3);
    assert_eq!(decide(&lab, &dave, &request, "approve").refusal(), (409, "request-not-executable".into()));
    assert_eq!(status(), 3);
    lab.post(&alice, &format!("{API}/smartcards"), card).ok();
}

#[test]
fn one_denial_ends_it() {
    let lab = Lab::plain(two_approvals);
    let alice = lab.user("alice", &[]);
    let bob = lab.user("bob", &["officers"]);
    let carol = lab.user("carol", &["officers"]);
    let request = lab.enroll_request(&alice);
    decide(&lab, &bob, &request, "approve").ok();
    assert_eq!(decide(&lab, &carol, &request, "deny").ok()["Status"], 4);
    let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4()});
    assert_eq!(lab.post(&alice, &format!("{API}/smartcards"), card).refusal(), (409, "request-denied".into()));
    assert_eq!(decide(&lab, &lab.user("dave", &["officers"]), &request, "approve").refusal().0, 409);
}

#[test]
fn who_asks_for_another_does_not_approve_it() {
    let lab = Lab::plain(two_approvals);
    let alice = lab.user("alice", &[]);
    let bob = lab.user("bob", &["officers"]);
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": alice.uuid,
    });
    let request = lab.request(&bob, body.clone());
    assert_eq!(decide(&lab, &bob, &request, "approve").refusal(), (403, "self-approval".into()));
    let shown = lab.get(&alice, &format!("{API}/requests/{request}")).ok();
    assert_eq!((&shown["OriginatorUserUuid"], &shown["TargetUserUuid"]), (&json!(bob.uuid), &json!(alice.uuid)));
    let mut of_bob = body;
    of_bob["target"] = json!(bob.uuid);
    assert_eq!(lab.post(&alice, &format!("{API}/requests"), of_bob).refusal(), (403, "forbidden".into()));
}

#[test]
fn approvers_list_what_waits_for_them() {
    let lab = Lab::plain(two_approvals);
    let alice = lab.user("alice", &[]);
    let bob = lab.user("bob", &["officers"]);
    let eve = lab.user("eve", &[]);
    let request = lab.enroll_request(&alice);
    let listed = |person: &Person, path: &str| lab.get(person, path).json();
    let waiting = format!("{EXTENSION}/requests?status=Pending");
    assert_eq!(listed(&bob, &waiting)[0]["Uuid"], request);
    assert_eq!(listed(&eve, &waiting), Value::Null);
    assert_eq!(listed(&bob, &format!("{API}/requests")), Value::Null);
    assert_eq!(listed(&alice, &format!("{API}/requests?targetuser=current&status=Pending"))[0]["Uuid"], request);
    assert_eq!(lab.get(&alice, &format!("{API}/requests?status=Approved")).status, 204);
}
