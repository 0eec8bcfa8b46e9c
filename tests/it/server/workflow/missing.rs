//! Cards that are missing, found again, lent and handed back; and who tries more than may be done with them.

use super::course::*;
use super::keyed::in_workflow;
use crate::server::support::{API, Answer, EXTENSION, Lab, Person, last_segment, new_csr};
use crate::support::postgres::Database;
use serde_json::{Value, json};
use std::slice::from_ref;
use uuid::Uuid;

const SUSPENDED: i64 = 4;
const ACTIVE: i64 = 2;
const CANCELED: i64 = 17;
const PENDING: i64 = 16;
const APPROVED: i64 = 3;

fn report(lab: &Lab, person: &Person, held: &Held, reason: &str) -> Answer {
    let card = held.card.as_ref().unwrap();
    let path = format!("{EXTENSION}/smartcards/{card}/lost");
    lab.post(person, &path, json!({"Reason": reason, "Comment": "on the train"}))
}

fn take_back(lab: &Lab, person: &Person, held: &Held) -> Answer {
    lab.post(person, &format!("{EXTENSION}/smartcards/{}/returned", held.card.as_ref().unwrap()), json!({}))
}

/// Asks that a suspension be lifted, and carries that out if it may be asked.
fn lift(lab: &Lab, person: &Person, held: &Held) -> Answer {
    let body = with(held.body("Reinstate"), "cardwright", json!({"effect": "reinstate"}));
    let asked = create(lab, person, body);
    if asked.status != 201 {
        return asked;
    }
    lab.complete(person, &last_segment(&asked.json()))
}

fn strings(value: &Value) -> Vec<String> {
    let mut texts: Vec<String> =
        value.as_array().into_iter().flatten().map(|text| text.as_str().unwrap().to_owned()).collect();
    texts.sort();
    texts
}

fn ends_as_its_reason_says(database: Option<Database>) {
    let lab = Lab::with_template(offering("smartcard", LOSSES, |text| text), database);
    let alice = lab.user("alice", &[]);
    let [first, second] = [(); 2].map(|()| enrolled(&lab, &alice));
    let [of_first, of_second] = [&first, &second].map(|held| serial(&lab, &alice, held));

    let done = report(&lab, &alice, &first, "").ok();
    assert_eq!(
        (&done["Effect"], &done["Status"], &done["Revoked"]),
        (&json!("Revoked"), &json!("Disabled"), &json!(1))
    );
    assert_eq!(listed(&lab), [(of_first.clone(), 1)].into(), "lost is compromised, not out of use");
    let again = report(&lab, &alice, &first, "lost").ok();
    assert_eq!((&again["Effect"], &again["Revoked"]), (&json!("Ended"), &json!(0)));

    let unknown = report(&lab, &alice, &second, "stolen by a magpie");
    assert!(unknown.json()["Message"].as_str().unwrap().contains("lost, damaged, forgotten"), "{}", unknown.json());
    assert_eq!(unknown.refusal(), (400, "bad-field".into()));
    assert_eq!(statuses(&lab, &alice, &second), (ACTIVE, ACTIVE));
    let done = report(&lab, &alice, &second, "FORGOTTEN").ok();
    assert_eq!(
        (&done["Effect"], &done["Status"], &done["Held"]),
        (&json!("Suspended"), &json!("Suspended"), &json!(1))
    );
    assert_eq!(listed(&lab), [(of_first, 1), (of_second.clone(), 6)].into());
    let again = report(&lab, &alice, &second, "forgotten").ok();
    assert_eq!((&again["Effect"], &again["Held"]), (&json!("Suspended"), &json!(0)), "and again");
    // What was only forgotten turns out to be lost.
    report(&lab, &alice, &second, "lost").ok();
    assert_eq!(listed(&lab)[&of_second], 1);
    let history = lab.get(&alice, &format!("{EXTENSION}/smartcards/{}/history", second.card.as_ref().unwrap())).ok();
    let asked = history.as_array().unwrap().iter().filter(|entry| entry["What"] == "Requested");
    let kinds: Vec<_> = asked.map(|entry| (entry["Type"].clone(), entry["By"].clone())).collect();
    assert!(kinds.contains(&(json!("Revoke"), json!("alice"))), "{kinds:?}");
}

#[test]
fn a_missing_card_ends_as_its_reason_says() {
    ends_as_its_reason_says(None);
}

#[test]
fn a_missing_card_ends_as_its_reason_says_on_postgresql() {
    ends_as_its_reason_says(Some(Database::new()));
}

#[test]
fn a_template_that_says_nothing_of_losses_has_what_is_lost_revoked_as_compromised() {
    let lab = plain("smartcard");
    let alice = lab.user("alice", &[]);
    let held = enrolled(&lab, &alice);
    let serial = serial(&lab, &alice, &held);
    report(&lab, &alice, &held, "").ok();
    assert_eq!(listed(&lab), [(serial, 1)].into());
}

#[test]
fn what_was_asked_for_a_missing_card_is_closed_unless_it_can_still_be_carried_out() {
    let lab = lab("smartcard", LOSSES, |text| text);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &alice);
    let ask = |kind: &str| last_segment(&create(&lab, &agent, held.body(kind)).ok());
    let [renew, unblock, recover, lent, duplicate] =
        ["Renew", "Unblock", "Recover", "TemporaryCards", "Duplicate"].map(ask);
    // One is being carried out, and has a certificate already.
    lab.certificatedata(&agent, &renew, &new_csr()).ok();
    let status = |request: &str| shown(&lab, &agent, request)["Status"].as_i64().unwrap();

    let done = report(&lab, &agent, &held, "forgotten").ok();
    let mut expected = [renew.clone(), unblock.clone(), duplicate.clone()];
    expected.sort();
    assert_eq!(strings(&done["ClosedRequests"]), expected);
    for closed in &expected {
        assert_eq!(status(closed), CANCELED);
    }
    assert_eq!(done["Revoked"], 1, "what the renewal had issued");
    assert_eq!(
        (status(&recover), status(&lent)),
        (APPROVED, APPROVED),
        "a suspended card is replaced, and another lent beside it"
    );
    let done = report(&lab, &agent, &held, "lost").ok();
    assert_eq!(strings(&done["ClosedRequests"]), from_ref(&lent), "beside a card that is gone none is lent");
    assert_eq!(status(&recover), APPROVED);
    issued(&lab, &agent, &recover);
}

#[test]
fn nobody_reports_anothers_card_without_a_right_and_a_right_to_ask_suspends_only() {
    let edit = |text: String| {
        let text = text.replace(
            "[workflows.revoke]\ninitiators",
            "[workflows.revoke]\napprovals_needed = 1\napprovers = [\"group:approvers\"]\ninitiators",
        );
        text.replace("[workflows.retire]\ninitiators = [\"group:agents\"]\nenrollment_agents = [\"group:agents\"]\nself_service = true", "[workflows.retire]\nenrollment_agents = [\"group:storekeepers\"]")
            .replace("[workflows.unblock]\ninitiators = [\"group:agents\"]", "[workflows.unblock]\ninitiators = [\"group:agents\", \"group:desk\"]")
    };
    let lab = lab("smartcard", LOSSES, edit);
    let administrator = lab.user("ada", &[]);
    let agent = lab.user("agent", &["agents"]);
    let desk = lab.user("dora", &["desk"]);
    let stranger = lab.user("eve", &[]);
    let approver = lab.user("approver", &["approvers"]);
    let hers = enrolled(&lab, &administrator);
    let of_hers = serial(&lab, &administrator, &hers);

    assert_eq!(report(&lab, &stranger, &hers, "").refusal(), (404, "not-found".into()));
    // The desk sees the card, and may unblock it; nothing else.
    assert_eq!(report(&lab, &desk, &hers, "").refusal(), (403, "forbidden".into()));
    assert!(listed(&lab).is_empty());
    assert_eq!(statuses(&lab, &administrator, &hers), (ACTIVE, ACTIVE));

    // Whoever may only ask for a revocation has the card suspended, which is taken back; the revocation waits.
    let done = report(&lab, &agent, &hers, "lost").ok();
    assert_eq!((&done["Effect"], &done["Revoked"]), (&json!("Suspended"), &json!(0)));
    assert_eq!(listed(&lab), [(of_hers.clone(), 6)].into());
    let waiting = done["WaitingRequestUuid"].as_str().unwrap().to_owned();
    assert_eq!(shown(&lab, &agent, &waiting)["Status"], PENDING);
    let again = report(&lab, &agent, &hers, "lost").ok();
    assert_eq!(again["WaitingRequestUuid"], json!(waiting), "one is enough");
    lab.post(&approver, &format!("{EXTENSION}/requests/{waiting}/deny"), json!({"Comment": "she has it"})).ok();
    lift(&lab, &agent, &hers).ok();
    assert!(listed(&lab).is_empty());
    assert_eq!(statuses(&lab, &administrator, &hers), (ACTIVE, ACTIVE));
    // By her own word it is suspended, whatever the template gives her.
    let done = report(&lab, &administrator, &hers, "").ok();
    assert_eq!((&done["Effect"], done.get("WaitingRequestUuid").is_some()), (&json!("Suspended"), true));
}

#[test]
fn a_holder_lifts_a_suspension_of_his_own_and_none_of_others() {
    let own = |text: String| in_workflow(&text, "reinstate", "self_service = true");
    let lab = lab("smartcard", LOSSES, own);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &alice);
    report(&lab, &alice, &held, "forgotten").ok();
    lift(&lab, &alice, &held).ok();
    assert_eq!(statuses(&lab, &alice, &held), (ACTIVE, ACTIVE));

    done(&lab, &agent, &held, "Reinstate");
    let refused = lift(&lab, &alice, &held);
    assert!(refused.json()["Message"].as_str().unwrap().starts_with("agent has suspended this"), "{}", refused.json());
    assert_eq!(refused.refusal(), (403, "held-by-others".into()));
    // To report it oneself makes it no suspension of one's own.
    report(&lab, &alice, &held, "forgotten").ok();
    assert_eq!(lift(&lab, &alice, &held).refusal(), (403, "held-by-others".into()));
    lift(&lab, &agent, &held).ok();

    // Who suspends his card first keeps nobody from holding it as well.
    report(&lab, &alice, &held, "forgotten").ok();
    let request = last_segment(
        &create(&lab, &alice, with(held.body("Reinstate"), "cardwright", json!({"effect": "reinstate"}))).ok(),
    );
    report(&lab, &agent, &held, "forgotten").ok();
    assert_eq!(lab.complete(&alice, &request).refusal(), (403, "held-by-others".into()), "asked before, and too late");
    assert_eq!(statuses(&lab, &alice, &held), (SUSPENDED, SUSPENDED));
    lab.complete(&agent, &request).ok();
    assert_eq!(statuses(&lab, &alice, &held), (ACTIVE, ACTIVE));
}

#[test]
fn a_holder_who_reports_his_card_does_away_with_no_suspension_that_another_has_asked_for() {
    let own = |text: String| in_workflow(&text, "reinstate", "self_service = true");
    let lab = lab("smartcard", LOSSES, own);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let held = enrolled(&lab, &alice);
    let body = with(held.body("Reinstate"), "cardwright", json!({"effect": "suspend"}));
    let asked = last_segment(&create(&lab, &agent, body.clone()).ok());
    let done = report(&lab, &alice, &held, "forgotten").ok();
    assert_eq!(strings(&done["ClosedRequests"]), Vec::<String>::new());
    assert_eq!(shown(&lab, &agent, &asked)["Status"], APPROVED);
    assert_eq!(lift(&lab, &alice, &held).refusal(), (409, "request-open".into()), "it is to be suspended");
    assert_eq!(statuses(&lab, &alice, &held), (SUSPENDED, SUSPENDED));
    // Whoever reports it for others holds it himself from then on.
    let done = report(&lab, &agent, &held, "forgotten").ok();
    assert_eq!(strings(&done["ClosedRequests"]), from_ref(&asked));
    assert_eq!(lift(&lab, &alice, &held).refusal(), (403, "held-by-others".into()));
    // One of his own is closed.
    lift(&lab, &agent, &held).ok();
    let asked = last_segment(&create(&lab, &alice, body).ok());
    let done = report(&lab, &alice, &held, "forgotten").ok();
    assert_eq!(strings(&done["ClosedRequests"]), from_ref(&asked));
}

#[test]
fn a_holders_login_alone_does_not_lift_a_suspension_without_the_card() {
    let own = |text: String| in_workflow(&text, "reinstate", "self_service = true");
    let lab = lab("smartcard", LOSSES, own);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let request = lab.enroll_request(&alice);
    let card_id = Uuid::new_v4();
    let body = json!({"requestid": request, "cardid": card_id, "atr": "3b8d0180"});
    let card = last_segment(&lab.post(&alice, &format!("{API}/smartcards"), body).ok());
    lab.get(&alice, &format!("{API}/requests/{request}/smartcards/{card}/diversifiedkey?cardid={card_id}")).ok();
    let held = issued(&lab, &alice, &request);
    report(&lab, &alice, &held, "forgotten").ok();
    assert_eq!(lift(&lab, &alice, &held).refusal(), (409, "presence-needed".into()));
    assert_eq!(statuses(&lab, &alice, &held), (SUSPENDED, SUSPENDED));
    // The desk goes by its own rules.
    let requests = lab.get(&alice, &format!("{API}/requests")).ok();
    let lifting = requests.as_array().unwrap().iter().find(|it| it["Status"] == APPROVED).unwrap();
    lab.complete(&agent, lifting["Uuid"].as_str().unwrap()).ok();
    assert_eq!(statuses(&lab, &alice, &held), (ACTIVE, ACTIVE));
}

fn lends_and_takes_back(database: Option<Database>) {
    let lab = Lab::with_template(
        offering("smartcard", LOSSES, |text| text.replace("temporary_cards = 1", "temporary_cards = 0")),
        database,
    );
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let own = enrolled(&lab, &alice);
    let lend = || {
        let body = with(own.body("TemporaryCards"), "cardwright", json!({"effect": "suspend"}));
        let request = last_segment(&create(&lab, &agent, body).ok());
        (request.clone(), issued(&lab, &agent, &request))
    };
    let body = with(own.body("TemporaryCards"), "cardwright", json!({"effect": "reinstate"}));
    assert_eq!(create(&lab, &agent, body).refusal(), (400, "bad-field".into()));
    let (_, lent) = lend();
    assert_eq!(statuses(&lab, &alice, &own), (SUSPENDED, SUSPENDED), "while the other is in use");
    assert_eq!(listed(&lab), [(serial(&lab, &alice, &own), 6)].into());
    let (_, second) = lend();

    assert_eq!(take_back(&lab, &agent, &own).refusal(), (409, "card-status".into()), "it is nobody's loan");
    assert_eq!(take_back(&lab, &lab.user("eve", &[]), &lent).refusal().0, 404);
    let back = take_back(&lab, &agent, &lent).ok();
    assert_eq!((&back["Status"], &back["Revoked"], &back["Lifted"]), (&json!("Retired"), &json!(1), &json!(false)));
    assert_eq!((&back["PermanentSmartcardUuid"], &back["PermanentStatus"]), (&json!(own.card), &json!("Suspended")));
    let back = take_back(&lab, &agent, &second).ok();
    assert_eq!((&back["Lifted"], &back["PermanentStatus"]), (&json!(true), &json!("Active")), "with the last loan");
    assert_eq!(statuses(&lab, &alice, &own), (ACTIVE, ACTIVE));
    let again = take_back(&lab, &agent, &second).ok();
    assert_eq!((&again["Revoked"], &again["Lifted"]), (&json!(0), &json!(false)), "nothing is done twice");

    // One that is held for another reason besides stays so.
    let (_, third) = lend();
    report(&lab, &agent, &own, "forgotten").ok();
    let back = take_back(&lab, &agent, &third).ok();
    assert_eq!((&back["Lifted"], &back["PermanentStatus"]), (&json!(false), &json!("Suspended")));
    lift(&lab, &agent, &own).ok();
    // Her own hands give the card back; the suspension is the desk's to lift.
    let (_, fourth) = lend();
    let back = take_back(&lab, &alice, &fourth).ok();
    assert_eq!((&back["Status"], &back["Lifted"]), (&json!("Retired"), &json!(false)));
    let back = take_back(&lab, &agent, &fourth).ok();
    assert_eq!(back["Lifted"], true, "what is left is done by who may");
}

#[test]
fn a_lent_card_comes_back_and_the_suspension_for_it_is_lifted() {
    lends_and_takes_back(None);
}

#[test]
fn a_lent_card_comes_back_and_the_suspension_for_it_is_lifted_on_postgresql() {
    lends_and_takes_back(Some(Database::new()));
}

#[test]
fn a_loan_suspends_only_for_who_may_suspend() {
    let edit = |text: String| {
        text.replace(
            "[workflows.reinstate]\ninitiators = [\"group:agents\"]\nenrollment_agents = [\"group:agents\"]",
            "[workflows.reinstate]\ninitiators = [\"group:officers\"]",
        )
    };
    let lab = lab("smartcard", "", edit);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let own = enrolled(&lab, &alice);
    let body = with(own.body("TemporaryCards"), "cardwright", json!({"effect": "suspend"}));
    assert_eq!(create(&lab, &agent, body).refusal(), (403, "forbidden".into()));
    create(&lab, &agent, own.body("TemporaryCards")).ok();
}
