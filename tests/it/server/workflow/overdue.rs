//! Requests that nobody finishes: they end by themselves, after the template's time, with what was made for them.

use super::course::*;
use super::model::acts;
use crate::server::support::{API, EXTENSION, Lab, Person, last_segment, new_csr};
use serde_json::{Value, json};
use uuid::Uuid;

const DAY: i64 = 24 * 3600;

/// Runs a statement on the database of a server that is stopped.
fn sql(lab: &Lab, statement: &str) {
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    database.execute_batch(statement).unwrap();
}

/// Has so many days pass for what is open, while no server runs.
fn days_pass(lab: &mut Lab, days: i64) {
    lab.stop();
    let micros = days * DAY * 1_000_000;
    sql(
        lab,
        &format!("UPDATE requests SET submitted = submitted - {micros}; UPDATE approvals SET at = at - {micros};"),
    );
    lab.start();
}

fn status(lab: &Lab, person: &Person, request: &str) -> i64 {
    shown(lab, person, request)["Status"].as_i64().unwrap()
}

/// Waits for the first look, which is at the start; how soon it is done depends on the machine.
#[track_caller]
fn becomes(lab: &Lab, person: &Person, request: &str, wanted: i64) {
    for _ in 0..600 {
        if status(lab, person, request) == wanted {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    panic!("{request} is {}", status(lab, person, request));
}

const CANCELED: i64 = 17;
const APPROVED: i64 = 3;

#[test]
fn what_nobody_finishes_ends_with_what_was_made_for_it() {
    let mut lab = lab("smartcard", "\n[lifecycle]\nrequest_days = 30\n", |template| template);
    let alice = lab.user("alice", &[]);
    let agent = lab.user("agent", &["agents"]);
    let own = enrolled(&lab, &alice);
    let untouched = lab.enroll_request(&alice);
    let begun = lab.enroll_request(&alice);
    let card = lab.assign(&alice, &begun, Uuid::new_v4());
    lab.certificatedata(&alice, &begun, &new_csr()).ok();
    let review = lab.get(&alice, &format!("{EXTENSION}/requests/{begun}/review")).ok();
    assert_ne!(review["Ends"], json!("0001-01-01T00:00:00"), "{review}");
    days_pass(&mut lab, 29);
    // What is younger is ended no sooner, and by the same look.
    assert_eq!((status(&lab, &alice, &untouched), status(&lab, &alice, &begun)), (APPROVED, 18));
    let about = Held { card: Some(card.clone()), profile: String::new() };
    let retire = last_segment(&create(&lab, &agent, about.body("Retire")).ok());
    days_pass(&mut lab, 2);
    let young = lab.enroll_request(&alice);
    becomes(&lab, &alice, &untouched, CANCELED);
    becomes(&lab, &alice, &begun, CANCELED);
    assert_eq!(status(&lab, &agent, &retire), CANCELED, "what was asked for its card is closed with it");
    assert_eq!(lab.get(&agent, &format!("{API}/smartcards/{card}")).ok()["Status"], 6);
    assert_eq!(listed(&lab).len(), 1, "what was issued for it is revoked, and nothing else");
    assert_eq!(statuses(&lab, &alice, &own), (2, 2));
    assert_eq!(status(&lab, &alice, &young), APPROVED);
    let refused = lab.certificatedata(&alice, &untouched, &new_csr()).refusal();
    assert_eq!(refused.0, 409, "a clear answer: {refused:?}");
    lab.stop();
    let expired = acts(&lab).iter().filter(|act| *act == "request-expired").count();
    assert_eq!(expired, 2);
    lab.start();
    assert_eq!(statuses(&lab, &alice, &own), (2, 2));
}

#[test]
fn a_decision_keeps_a_request_open_and_a_template_may_have_none_end() {
    for (days, ends) in [("0", false), ("10", true)] {
        let more = format!("\n[lifecycle]\nrequest_days = {days}\n");
        let mut lab = lab("smartcard", &more, |template| {
            let enroll = "[workflows.enroll]\napprovals_needed = 2\napprovers = [\"group:approvers\"]";
            template.replace("[workflows.enroll]", enroll)
        });
        let alice = lab.user("alice", &[]);
        let oscar = lab.user("oscar", &["approvers"]);
        let left = lab.enroll_request(&alice);
        let decided = lab.enroll_request(&alice);
        days_pass(&mut lab, 9);
        lab.post(&oscar, &format!("{EXTENSION}/requests/{decided}/approve"), json!({"Comment": ""})).ok();
        days_pass(&mut lab, 2);
        if ends {
            becomes(&lab, &alice, &left, CANCELED);
        }
        let review: Value = lab.get(&alice, &format!("{EXTENSION}/requests/{decided}/review")).ok();
        assert_eq!(review["Ends"] == json!("0001-01-01T00:00:00"), !ends, "{review}");
        assert_eq!(status(&lab, &alice, &decided), 16, "{days}");
        assert_eq!(status(&lab, &alice, &left) == CANCELED, ends, "{days}");
    }
}

#[test]
fn a_clock_that_was_set_while_no_server_ran_ends_nothing_for_an_hour() {
    let mut lab = lab("smartcard", "\n[lifecycle]\nrequest_days = 30\n", |template| template);
    let alice = lab.user("alice", &[]);
    let request = lab.enroll_request(&alice);
    let last = |lab: &Lab| {
        let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
        let ask = "SELECT coalesce(sum(mark), 0) FROM told WHERE name = 'requests-ended'";
        database.query_row(ask, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    for _ in 0..600 {
        if last(&lab) != 0 {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    // All that the server knows is a year old: or so says its clock.
    lab.stop();
    let year = 365 * DAY * 1_000_000;
    sql(&lab, &format!("UPDATE requests SET submitted = submitted - {year}; UPDATE told SET mark = mark - {year}"));
    let before = last(&lab);
    for _ in 0..2 {
        lab.start();
        // The first look is at the start; to see that nothing comes of it takes a while.
        std::thread::sleep(std::time::Duration::from_secs(4));
        assert_eq!(status(&lab, &alice, &request), APPROVED);
        lab.stop();
        assert_eq!(last(&lab), before, "what is not trusted is not noted");
    }
    // A clock that was set back is trusted no more, however long ago it says that the request was made.
    sql(&lab, &format!("UPDATE told SET mark = mark + 2 * {year}"));
    let before = last(&lab);
    lab.start();
    std::thread::sleep(std::time::Duration::from_secs(4));
    assert_eq!((status(&lab, &alice, &request), last(&lab)), (APPROVED, before));
    lab.stop();
    lab.start();
    sql(&lab, "DELETE FROM told WHERE name = 'requests-ended'");
    lab.stop();
    lab.start();
    becomes(&lab, &alice, &request, CANCELED);
    lab.stop();
}
