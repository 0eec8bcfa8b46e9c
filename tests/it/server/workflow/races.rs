//! Many at once: one of them does it, the others are refused or told the same.

use super::course::*;
use crate::server::support::{API, Answer, Lab, last_segment, new_csr};
use serde_json::json;
use uuid::Uuid;

const AT_ONCE: usize = 16;

fn at_once(work: impl Fn(usize) -> Answer + Sync) -> Vec<Answer> {
    std::thread::scope(|scope| {
        let work = &work;
        let tasks: Vec<_> = (0..AT_ONCE).map(|number| scope.spawn(move || work(number))).collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    })
}

fn won(answers: Vec<Answer>) -> usize {
    let (won, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status < 400);
    for answer in refused {
        assert_eq!(answer.status, 409, "{}", String::from_utf8_lossy(&answer.bytes));
    }
    won.len()
}

#[test]
fn one_request_of_a_type_is_open_at_a_time() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let held = enrolled(&lab, &alice);
        for workflow in ["Renew", "Recover", "Revoke"] {
            let answers = at_once(|_| create(&lab, &alice, held.body(workflow)));
            let first = answers.iter().find(|answer| answer.status == 201).map(|answer| last_segment(&answer.json()));
            let first = first.unwrap();
            for answer in answers.iter().filter(|answer| answer.status != 201) {
                assert_eq!(answer.code(), "request-open");
                assert!(answer.json()["Message"].as_str().unwrap().contains(&first), "the first is named");
            }
            assert_eq!(won(answers), 1, "{kind} {workflow}");
        }
    }
}

#[test]
fn limits_hold_when_everybody_asks_at_once() {
    let lab = lab("smartcard", "\n[limits]\ncards = 3\n", |text| text);
    let alice = lab.user("alice", &[]);
    let body = json!({"profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": ""});
    assert_eq!(won(at_once(|_| create(&lab, &alice, body.clone()))), 3);
}

#[test]
fn one_card_is_assigned_once_and_one_request_has_one_card() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let assign = |lab: &Lab, request: &str, card_id: Uuid| {
        lab.post(&alice, &format!("{API}/smartcards"), json!({"requestid": request, "cardid": card_id}))
    };
    let card_id = Uuid::new_v4();
    let requests: Vec<_> = (0..AT_ONCE).map(|_| lab.enroll_request(&alice)).collect();
    assert_eq!(won(at_once(|number| assign(&lab, &requests[number], card_id))), 1);
    let request = lab.enroll_request(&alice);
    assert_eq!(won(at_once(|_| assign(&lab, &request, Uuid::new_v4()))), 1);
}

#[test]
fn completing_and_canceling_at_once_ends_in_one_of_both() {
    for kind in KINDS {
        let lab = plain(kind);
        let alice = lab.user("alice", &[]);
        let old = enrolled(&lab, &alice);
        let request = last_segment(&create(&lab, &alice, old.body("Renew")).ok());
        lab.certificatedata(&alice, &request, &new_csr()).ok();
        let path = format!("{API}/requests/{request}");
        let close = |number| if number % 2 == 0 { "Completed" } else { "Canceled" };
        let answers = at_once(|number| lab.put(&alice, &path, json!({"status": close(number)})));
        assert_eq!(won(answers), AT_ONCE / 2, "{kind}");
        let read = shown(&lab, &alice, &request);
        let new = Held::of(&read);
        let expected = if read["Status"] == 8 { (6, 2) } else { (2, 6) };
        let statuses = |held| profile(&lab, &alice, held)["Status"].as_i64().unwrap();
        assert_eq!((statuses(&old), statuses(&new)), expected, "{kind}");
        assert_eq!(listed(&lab).len(), if read["Status"] == 8 { 0 } else { 1 });
    }
}

#[test]
fn suspending_revoking_and_retiring_at_once_leaves_one_state() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &alice);
    let requests = ["Reinstate", "Revoke", "Recover", "Renew"]
        .map(|kind| last_segment(&create(&lab, &agent, held.body(kind)).ok()));
    lab.assign(&agent, &requests[2], Uuid::new_v4());
    at_once(|number| match number % 4 {
        kind @ (0 | 1) => lab.complete(&agent, &requests[kind]),
        kind => {
            let answer = lab.certificatedata(&agent, &requests[kind], &new_csr());
            if answer.status < 400 { lab.complete(&agent, &requests[kind]) } else { answer }
        }
    });
    let (card, _) = statuses(&lab, &alice, &held);
    assert_eq!(card, 3, "revoked, or recovered, whatever came first");
    let listed = listed(&lab);
    assert!(listed.values().all(|reason| *reason != 6), "nothing stays on hold: {listed:?}");
}
