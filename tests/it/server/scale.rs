//! What calls cost the database: how many statements and commits, and that a full store costs no more than an empty one.
//!
//! Cost is counted, not timed: steps of SQLite's virtual machine, rows and index entries that PostgreSQL read.

use super::crowd::Crowd;
use super::support::{API, EXTENSION, Lab, Person, csr};
use crate::support::postgres::Database;
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use cardwright::store::CountsSeen;
use serde_json::json;
use uuid::Uuid;

const CARDS: u64 = 4_000;
const REQUESTS: u64 = 40_000;
/// More than a list may read, far less than there is.
const LIST_ROWS: u64 = 8_000;

/// Does what people do in a day: enrollments, looks, a retirement.
fn day(lab: &Lab, name: &str) {
    let alice = lab.user(name, &[]);
    for _ in 0..2 {
        let card = lab.enrolled(&alice);
        for path in [
            format!("requests/{}", card.request),
            "requests".into(),
            "smartcards".into(),
            "profiles".into(),
            "certificates".into(),
            format!("smartcards/{}", card.smartcard),
            format!("smartcards/{}/certificates", card.smartcard),
            format!("smartcards/{}/profiles", card.smartcard),
            format!("smartcards?cardid={}", card.card_id),
        ] {
            let answer = lab.get(&alice, &format!("{API}/{path}"));
            assert!(answer.status < 500, "{path}: {}", String::from_utf8_lossy(&answer.bytes));
        }
    }
}

fn crowd(lab: &Lab) -> Crowd {
    Crowd { cards: CARDS, requests: REQUESTS, template: lab.template }
}

#[test]
fn on_sqlite_a_full_store_costs_what_an_empty_one_does() {
    let mut lab = Lab::with_database(None);
    let steps = |lab: &Lab, name: &str| {
        let before = lab.server.as_ref().unwrap().counts().steps;
        day(lab, name);
        lab.server.as_ref().unwrap().counts().steps - before
    };
    steps(&lab, "warm");
    let empty = steps(&lab, "alice");
    lab.stop();
    let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
    database.execute_batch(&format!("BEGIN; {} COMMIT;", crowd(&lab).sqlite())).unwrap();
    drop(database);
    lab.start();
    let full = steps(&lab, "bob");
    assert!(full * 2 <= empty * 3, "{full} steps with {REQUESTS} requests, {empty} with a handful");

    // An officer looks at what was made on the template, which is everybody's.
    let before = lab.server.as_ref().unwrap().counts().steps;
    let officer = lab.user("officer", &["officers"]);
    for query in ["", "?status=Pending", "?status=Completed"] {
        let seen = lab.get(&officer, &format!("{EXTENSION}/requests{query}")).ok();
        assert!(seen.as_array().unwrap().len() >= 40, "{query}");
    }
    let list = lab.server.as_ref().unwrap().counts().steps - before;
    assert!(list < 60 * LIST_ROWS, "{list} steps for three lists");

    // A late page of a walk begins where the page before ended, not at the beginning.
    let auditor = lab.user("audrey", &["auditors"]);
    let last = format!("{:032x}", CARDS - 100);
    let before = lab.server.as_ref().unwrap().counts().steps;
    let page = lab.get(&auditor, &format!("{EXTENSION}/reports/issued?limit=1&after={last}")).ok();
    assert_eq!(page["Rows"].as_array().unwrap().len(), 1);
    let steps = lab.server.as_ref().unwrap().counts().steps - before;
    assert!(steps < CARDS, "{steps} steps for one row");
}

/// Rows and index entries read since the database was made; the server has stopped, so all is counted.
fn read(database: &Database) -> (u64, u64) {
    // The log has a handful of records here, which whoever signs it reads from end to end, by no index.
    let growing = "relname IN ('users', 'requests', 'approvals', 'smartcards', 'profiles', 'certificates', \
                   'responses', 'offline_answers')";
    let counted = database.sql(&format!(
        "SELECT coalesce(sum(seq_tup_read), 0) FROM pg_stat_user_tables WHERE {growing}; \
         SELECT coalesce(sum(idx_tup_read), 0) FROM pg_stat_user_indexes WHERE {growing}"
    ));
    let (scanned, entries) = counted.split_once('\n').unwrap();
    (scanned.parse().unwrap(), entries.parse().unwrap())
}

#[test]
fn on_postgresql_a_full_store_is_read_by_its_indexes() {
    let database = Database::new();
    let mut lab = Lab::with_database(Some(database));
    lab.stop();
    let statements = crowd(&lab).postgres();
    lab.database.as_ref().unwrap().sql(&statements);
    lab.database.as_ref().unwrap().note_plans();
    let before = read(lab.database.as_ref().unwrap());
    lab.start();
    day(&lab, "alice");
    let officer = lab.user("officer", &["officers"]);
    for query in ["", "?status=Pending", "?status=Completed"] {
        let seen = lab.get(&officer, &format!("{EXTENSION}/requests{query}")).ok();
        assert!(seen.as_array().unwrap().len() >= 40, "{query}");
    }
    lab.stop();
    let after = read(lab.database.as_ref().unwrap());
    let (scanned, entries) = (after.0 - before.0, after.1 - before.1);
    let plans = lab.database.as_ref().unwrap().plans_with("Seq Scan on requests");
    assert_eq!(scanned, 0, "rows of growing tables that no index led to: {}", plans.join("\n"));
    assert!(entries < LIST_ROWS, "{entries} index entries for a handful of calls");
}

/// What a step costs: statements, answers of PostgreSQL that are waited for one after the other, commits.
type Cost = (u64, u64, u64);

/// What each step of an enrollment costs. The server's own upkeep may do something at any moment, and on a busy machine in every
/// step: the least counts of a few times, and of many where it is too much.
fn enrollment(lab: &Lab, is_little: impl Fn(&[(&'static str, Cost)]) -> bool) -> Vec<(&'static str, Cost)> {
    let alice = lab.user("alice", &[]);
    lab.enrolled(&alice);
    let mut least = enrollment_of(lab, &alice);
    for time in 2..=40 {
        for ((_, least), (_, cost)) in least.iter_mut().zip(enrollment_of(lab, &alice)) {
            *least = (least.0.min(cost.0), least.1.min(cost.1), least.2.min(cost.2));
        }
        if time >= 4 && is_little(&least) {
            break;
        }
    }
    least
}

fn enrollment_of(lab: &Lab, alice: &Person) -> Vec<(&'static str, Cost)> {
    let server = lab.server.as_ref().unwrap();
    let mut last = server.counts();
    let mut costs = Vec::new();
    let mut cost = |step: &'static str| {
        let now = server.counts();
        let CountsSeen { statements, round_trips, commits, .. } = std::mem::replace(&mut last, now);
        costs.push((step, (now.statements - statements, now.round_trips - round_trips, now.commits - commits)));
    };
    let request = lab.enroll_request(alice);
    cost("create");
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    lab.assign(alice, &request, Uuid::new_v4());
    cost("assign");
    lab.certificatedata(alice, &request, &csr(&key)).ok();
    cost("certify");
    lab.complete(alice, &request).ok();
    cost("complete");
    lab.get(alice, &format!("{API}/requests/{request}")).ok();
    cost("look");
    lab.post(alice, &format!("{API}/requests"), json!({})).refusal();
    cost("refused");
    costs
}

#[test]
fn each_step_of_an_enrollment_is_one_commit_and_few_statements_and_waits() {
    // With a little room for what a step may come to need; one fsync each is the rule.
    let most = [
        ("create", (6, 4, 1)),
        ("assign", (12, 11, 1)),
        // Whether the person is disabled, has changed, shares a name, and how much was issued, before and in the job.
        ("certify", (19, 12, 1)),
        ("complete", (13, 6, 1)),
        ("look", (2, 2, 0)),
        ("refused", (1, 1, 0)),
    ];
    for (lab, waits) in [(Lab::with_database(None), false), (Lab::with_database(Some(Database::new())), true)] {
        let is_little = |costs: &[(&str, Cost)]| {
            costs.iter().zip(most).all(|((step, (statements, round_trips, commits)), (name, most))| {
                let answers = if waits { most.1 } else { 0 };
                *step == name && *commits == most.2 && *statements <= most.0 && *round_trips <= answers
            })
        };
        let costs = enrollment(&lab, is_little);
        assert!(is_little(&costs), "{costs:?}");
    }
}
