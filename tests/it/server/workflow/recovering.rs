//! Archived keys that come back: by which request, as what, under which password, after whose approval; openssl reads
//! with them what was once written to their owner.

use super::course::*;
use super::keyed::*;
use crate::server::support::{API, Lab, Person, last_segment, new_csr};
use serde_json::{Value, json};

fn archiving(kind: &str) -> Lab {
    lab(kind, &[ARCHIVED, LOSSES].concat(), |text| text)
}

/// How each request carries on an encryption key: the letters of its answer, and which of them is the key before.
const CARRIED: [(&str, &str, &str, char); 6] = [
    ("Duplicate", "", "cr", 'r'),
    ("TemporaryCards", "", "cr", 'r'),
    ("Recover", "damaged", "cr", 'r'),
    ("Recover", "lost", "csh", 'h'),
    ("Renew", "", "csh", 'h'),
    ("OnlineUpdate", "", "csh", 'h'),
];

/// What the log says of keys that have left: made, recovered, history.
fn given(lab: &Lab) -> Vec<[String; 3]> {
    let log = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    let mut records = log.prepare("SELECT record FROM audit WHERE record LIKE '%keys-given%' ORDER BY number").unwrap();
    let records = records.query_map([], |row| row.get::<_, String>(0)).unwrap();
    let read = |record: rusqlite::Result<String>| {
        let record: Value = serde_json::from_str(&record.unwrap()).unwrap();
        ["made", "recovered", "history"].map(|name| record["evidence"][name].as_str().unwrap().to_owned())
    };
    records.map(read).collect()
}

#[test]
fn what_was_written_to_a_person_stays_readable() {
    let stranger = Stranger::new();
    for kind in PLACES {
        let mut lab = archiving(kind);
        let alice = lab.user("alice", &[]);
        let agent = lab.user("agent", &["agents"]);
        let mut expected = Vec::new();
        for (workflow, reason, letters, old) in CARRIED {
            if kind == "software" && workflow == "TemporaryCards" {
                continue;
            }
            let before = began(&lab, &alice);
            assert_eq!(before.letters(), "cs", "{kind}");
            let (key, certificate) = before.key('s');
            let message = stranger.writes_to(&certificate);
            let body =
                if reason.is_empty() { before.held.body(workflow) } else { because(&before.held, workflow, reason) };
            let after = asked(&lab, if workflow == "TemporaryCards" { &agent } else { &alice }, body);
            assert_eq!(after.letters(), letters, "{kind} {workflow} {reason}");
            assert_eq!(after.key(old).0.expose_pkcs8(), key.expose_pkcs8(), "{kind} {workflow}");
            assert_eq!(after.key(old).1, certificate);
            let reads = |letter, password| stranger.reads(&message, &after.pfx(letter), password);
            assert_eq!(reads(old, PASSWORD).as_deref(), Some(WORDS), "{kind} {workflow}");
            assert_eq!(reads(old, "another password"), None);
            let (own, history) = serials(&lab, &alice, &after.held);
            let was = before.serial('s');
            let [made, recovered, brought] = if old == 'h' {
                assert_eq!(reads('s', PASSWORD), None, "a new key opens nothing old");
                assert_eq!(history.join(" "), was, "{kind} {workflow}");
                [after.serial('s'), String::new(), was.clone()]
            } else {
                assert!(own.contains(&was) && history.is_empty(), "{kind} {workflow}");
                [String::new(), was.clone(), String::new()]
            };
            expected.extend([[was, String::new(), String::new()], [made, recovered, brought]]);
        }
        lab.stop();
        assert_eq!(given(&lab), expected, "{kind}: an act for each answer with keys");
    }
}

#[test]
fn history_grows_with_every_renewal_and_comes_along_to_the_next_card() {
    let lab = archiving("smartcard");
    let alice = lab.user("alice", &[]);
    let first = began(&lab, &alice);
    let second = asked(&lab, &alice, first.held.body("Renew"));
    let third = asked(&lab, &alice, second.held.body("OnlineUpdate"));
    assert_eq!((second.letters(), third.letters()), ("csh".into(), "cshh".into()));
    let recovered = asked(&lab, &alice, because(&third.held, "Recover", "damaged"));
    assert_eq!(recovered.letters(), "crhh");
    assert_eq!(recovered.serial('r'), third.serial('s'));
    let (_, history) = serials(&lab, &alice, &recovered.held);
    assert_eq!(history, [second.serial('s'), first.serial('s')]);
    // The card's own list has them, too, so that they go with the card.
    let card = recovered.held.card.as_ref().unwrap();
    let on_card = lab.get(&alice, &format!("{API}/smartcards/{card}/certificates")).ok();
    let brought = on_card.as_array().unwrap().iter().filter(|entry| entry["IsKeyHistory"] == true);
    let brought: Vec<_> = brought.map(|entry| entry["SerialNumber"].clone()).collect();
    assert_eq!(brought, [third.serial('s'), second.serial('s'), first.serial('s')]);
    let in_use = lab.get(&alice, &format!("{API}/certificates")).ok();
    let in_use: Vec<_> = in_use.as_array().unwrap().iter().map(|entry| entry["SerialNumber"].clone()).collect();
    assert!(in_use.contains(&json!(third.serial('s'))), "what was taken over is in use");
    // A copy of a copy, and a key that was brought back twice.
    let duplicate = asked(&lab, &alice, recovered.held.body("Duplicate"));
    assert_eq!((duplicate.letters(), duplicate.serial('r')), ("cr".into(), third.serial('s')));
    assert_eq!(asked(&lab, &alice, duplicate.held.body("Duplicate")).serial('r'), third.serial('s'));
    assert!(listed(&lab).is_empty());
}

#[test]
fn another_person_reads_what_was_written_to_who_has_left() {
    let stranger = Stranger::new();
    for kind in PLACES {
        let lab = archiving(kind);
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let agent = lab.user("agent", &["agents"]);
        let approver = lab.user("approver", &["approvers"]);
        let first = began(&lab, &alice);
        let message = stranger.writes_to(&first.key('s').1);
        let left = asked(&lab, &alice, first.held.body("Renew"));
        done(&lab, &alice, &left.held, "Revoke");
        if kind != "software" {
            retired(&lab, &alice, &left.held);
        }
        let body = with(left.held.body("RecoverOnBehalf"), "target", json!(bob.uuid));
        let request = last_segment(&create(&lab, &agent, body).ok());
        approved(&lab, &approver, &request);
        let got = carried_out(&lab, &bob, &request);
        assert_eq!(got.letters(), "rh", "{kind}: nothing that signs");
        assert_eq!((got.serial('r'), got.serial('h')), (left.serial('s'), first.serial('s')));
        assert_eq!(stranger.reads(&message, &got.pfx('h'), PASSWORD).as_deref(), Some(WORDS));
        assert_eq!(stranger.reads(&message, &got.pfx('r'), PASSWORD), None);
    }
}

#[test]
fn the_same_call_gives_the_same_keys_under_the_password_of_the_call() {
    let stranger = Stranger::new();
    let lab = archiving("smartcard");
    let alice = lab.user("alice", &[]);
    let before = began(&lab, &alice);
    let message = stranger.writes_to(&before.key('s').1);
    let request = last_segment(&create(&lab, &alice, before.held.body("Renew")).ok());
    let csr = [new_csr()];
    let hand_in = |password: &str| with_password(&lab, &alice, &request, &csr, json!(password)).ok();
    let brought = |answers: Value| Brought { held: before.held.clone(), answers: answers.as_array().unwrap().clone() };
    let [first, second] = [PASSWORD, "words of another call"].map(|password| brought(hand_in(password)));
    assert_eq!((first.letters(), second.letters()), ("csh".into(), "csh".into()));
    assert_eq!(stranger.reads(&message, &second.pfx('h'), PASSWORD), None);
    assert_eq!(stranger.reads(&message, &second.pfx('h'), "words of another call").as_deref(), Some(WORDS));
    assert_eq!(serials(&lab, &alice, &Held::of(&shown(&lab, &alice, &request))).0.len(), 2, "nothing is issued twice");
}

/// Each request that brings keys back, after an approval where its table demands one.
#[test]
fn keys_come_back_only_after_the_approvals_that_are_needed() {
    let workflows = ["Duplicate", "TemporaryCards", "Recover", "Renew", "OnlineUpdate"];
    let tables = ["duplicate", "temporary_cards", "recover", "renew", "online_update"];
    let needs = "approvals_needed = 2\napprovers = [\"group:approvers\", \"group:agents\"]";
    let lab =
        lab("smartcard", ARCHIVED, |text| tables.iter().fold(text, |text, table| in_workflow(&text, table, needs)));
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let approvers = ["ann", "ben"].map(|name| lab.user(name, &["approvers"]));
    for workflow in workflows {
        let before = began(&lab, &alice);
        let ask = || last_segment(&create(&lab, &agent, before.held.body(workflow)).ok());
        let refused = |person: &Person, request: &str| {
            with_password(&lab, person, request, &[new_csr()], json!(PASSWORD)).refusal()
        };
        let decide = |person: &Person, request: &str, verb: &str| {
            let path = format!("{}/requests/{request}/{verb}", crate::server::support::EXTENSION);
            lab.post(person, &path, json!({"Comment": ""}))
        };
        let denied = ask();
        decide(&approvers[0], &denied, "deny").ok();
        assert_eq!(refused(&agent, &denied), (409, "request-denied".into()), "{workflow}");
        let request = ask();
        assert_eq!(refused(&agent, &request), (409, "request-pending".into()), "{workflow}");
        assert_eq!(decide(&agent, &request, "approve").refusal(), (403, "self-approval".into()));
        approved(&lab, &approvers[0], &request);
        assert_eq!(decide(&approvers[0], &request, "approve").refusal().0, 409, "one approver is not two");
        assert_eq!(refused(&agent, &request), (409, "request-pending".into()), "{workflow}");
        approved(&lab, &approvers[1], &request);
        // An approver is not one who executes.
        assert_eq!(refused(&approvers[0], &request), (403, "forbidden".into()), "{workflow}");
        let after = carried_out(&lab, &agent, &request);
        let old = if after.letters().contains('r') { 'r' } else { 'h' };
        assert_eq!(after.serial(old), before.serial('s'), "{workflow}");
    }
}
