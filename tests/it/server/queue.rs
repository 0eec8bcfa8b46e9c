//! What waits, a page at a time and counted, on both databases: for whom, in which order, and at what cost.

use super::support::{API, EXTENSION, Lab, Person};
use crate::attacks::site::{alter, uuid};
use crate::support::postgres::Database;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const PAGE: usize = 7;
/// The caller, the page, the names and the decisions on it.
const STATEMENTS: u64 = 6;

/// Two must approve; agents and approvers carry out, approvers only what they have not approved.
fn template(text: String) -> String {
    text.replacen("approvals_needed = 0", "approvals_needed = 2", 1)
        .replacen("collect_priority = false", "collect_priority = true", 1)
        .replacen("enrollment_agents = []", "enrollment_agents = [\"group:officers\", \"group:agents\"]", 1)
}

fn labs() -> [Lab; 2] {
    [None, Some(Database::new())].map(|database| Lab::with_template(template, database))
}

#[track_caller]
fn list(lab: &Lab, person: &Person, path: &str) -> Vec<Value> {
    let answer = lab.get(person, &format!("{EXTENSION}/{path}"));
    if answer.status == 204 { Vec::new() } else { answer.ok().as_array().unwrap().clone() }
}

fn asks(lab: &Lab, person: &Person, priority: u32) -> String {
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "priority": priority,
    });
    lab.request(person, body)
}

fn decides(lab: &Lab, person: &Person, request: &str, verb: &str) {
    lab.post(person, &format!("{EXTENSION}/requests/{request}/{verb}"), json!({"Comment": "seen"})).ok();
}

fn ids(list: &[Value]) -> Vec<String> {
    list.iter().map(|queued| queued["Request"]["Uuid"].as_str().unwrap().to_owned()).collect()
}

/// The answer of a call that costs no more than its share; what the server's upkeep does meanwhile is not the call's.
#[track_caller]
fn cheap<T>(lab: &Lab, call: impl Fn() -> T) -> T {
    let mut costs = Vec::new();
    for _ in 0..5 {
        let before = lab.server.as_ref().unwrap().counts().statements;
        let answer = call();
        costs.push(lab.server.as_ref().unwrap().counts().statements - before);
        if costs.last().is_some_and(|cost| *cost <= STATEMENTS) {
            return answer;
        }
    }
    panic!("{costs:?} statements");
}

/// Every page of a queue, one after the other; no page costs more than its share.
fn walked(lab: &Lab, person: &Person, query: &str) -> Vec<Value> {
    let (mut walked, mut after) = (Vec::new(), String::new());
    loop {
        let page = cheap(lab, || list(lab, person, &format!("requests/queue?limit={PAGE}{query}{after}")));
        assert!(page.len() <= PAGE, "{}", page.len());
        let Some(last) = page.last() else { return walked };
        after = format!("&after={}", last["Request"]["Uuid"].as_str().unwrap());
        walked.extend(page);
    }
}

#[test]
fn a_queue_is_walked_in_its_order_and_a_row_tells_what_its_review_tells() {
    for lab in labs() {
        let [alice, bob] = ["alice", "bob"].map(|name| lab.user(name, &[]));
        let [vera, viktor] = ["vera", "viktor"].map(|name| lab.user(name, &["officers"]));
        let audrey = lab.user("audrey", &["auditors"]);
        let mut asked: Vec<_> = (0..20_usize)
            .map(|n| {
                let (who, priority) = ([&alice, &bob, &vera][n % 3], [4, 1, 9][n / 2 % 3]);
                (priority, n, asks(&lab, who, priority))
            })
            .collect();
        decides(&lab, &viktor, &asked[3].2, "approve");
        for verb in ["approve", "deny"] {
            decides(&lab, [&vera, &viktor][usize::from(verb == "deny")], &asked[6].2, verb);
        }
        let denied = asked.remove(6);
        asked.sort_by_key(|(priority, n, _)| (*priority, std::cmp::Reverse(*n)));
        let urgent_first: Vec<_> = asked.iter().map(|(.., request)| request.clone()).collect();
        for person in [&vera, &viktor, &audrey] {
            let queue = walked(&lab, person, "&status=Pending");
            assert_eq!(ids(&queue), urgent_first, "{queue:?}");
            for queued in &queue {
                let request = queued["Request"]["Uuid"].as_str().unwrap();
                let review = lab.get(person, &format!("{EXTENSION}/requests/{request}/review")).ok();
                for (key, value) in queued.as_object().unwrap() {
                    assert_eq!(value, &review[key], "{key}");
                }
            }
        }
        // Everybody else's order: the newest first, and nobody's but one's own.
        asked.push(denied);
        asked.sort_by_key(|(_, n, _)| std::cmp::Reverse(*n));
        let newest_first = |own: &dyn Fn(usize) -> bool| {
            asked.iter().filter(|(_, n, _)| own(*n)).map(|(.., request)| request.clone()).collect::<Vec<_>>()
        };
        assert_eq!(ids(&walked(&lab, &vera, "")), newest_first(&|_| true));
        assert_eq!(ids(&walked(&lab, &vera, "&status=Denied")), newest_first(&|n| n == 6));
        assert_eq!(ids(&walked(&lab, &alice, "")), newest_first(&|n| n % 3 == 0));
        let own: BTreeSet<_> = ids(&walked(&lab, &bob, "&status=Pending")).into_iter().collect();
        assert_eq!(own, newest_first(&|n| n % 3 == 1).into_iter().collect());
        // One card's requests alone, for whoever sees them.
        let request = asks(&lab, &alice, 4);
        for approver in [&vera, &viktor] {
            decides(&lab, approver, &request, "approve");
        }
        let card = lab.assign(&alice, &request, uuid::Uuid::new_v4());
        let of_card = format!("&smartcard={card}");
        assert_eq!(ids(&walked(&lab, &vera, &of_card)), std::slice::from_ref(&request));
        assert_eq!(ids(&walked(&lab, &alice, &(of_card.clone() + "&status=Executing"))), [request]);
        assert!(
            walked(&lab, &bob, &of_card).is_empty() && walked(&lab, &vera, &(of_card + "&status=Pending")).is_empty()
        );
    }
}

#[test]
fn ones_own_requests_come_whole_as_mim_has_them_or_in_pages() {
    for lab in labs() {
        let alice = lab.user("alice", &[]);
        let mut asked: Vec<String> = (0..5).map(|_| asks(&lab, &alice, 4)).collect();
        asked.reverse();
        let own = |query: &str| {
            let answer = lab.get(&alice, &format!("{API}/requests{query}"));
            assert!([200, 204].contains(&answer.status), "{query}: {answer:?}");
            answer.json().as_array().cloned().unwrap_or_default()
        };
        let whole = own("");
        let ids: Vec<_> = whole.iter().map(|request| request["Uuid"].as_str().unwrap()).collect();
        assert_eq!(ids, asked, "the newest first");
        assert_eq!(
            (own("?limit=2"), own(&format!("?limit=2&before={}", asked[1]))),
            (whole[..2].into(), whole[2..4].into())
        );
        let last = format!("?targetuser=current&status=Pending&limit=2&before={}", asked[3]);
        assert_eq!((own(&last), own(&format!("?before={}", asked[4]))), (whole[4..].into(), Vec::new()));
        let refused = lab.get(&alice, &format!("{API}/requests?limit=two"));
        assert_eq!(refused.status, 400);
    }
}

#[test]
fn what_waits_is_counted_for_whom_it_waits() {
    for lab in labs() {
        let alice = lab.user("alice", &[]);
        let [vera, viktor] = ["vera", "viktor"].map(|name| lab.user(name, &["officers"]));
        let (agnes, audrey) = (lab.user("agnes", &["agents"]), lab.user("audrey", &["auditors"]));
        let path = format!("{EXTENSION}/requests/waiting");
        let told = |person: &Person| cheap(&lab, || lab.get(person, &path).ok());
        let counted = |person: &Person| {
            ["Waiting", "ToDecide", "ToExecute"].map(|key| told(person)[key].as_u64().unwrap_or_default())
        };
        let newest = |person: &Person| told(person)["Newest"].as_u64().unwrap_or_default();
        for person in [&alice, &vera, &agnes, &audrey] {
            assert_eq!((counted(person), newest(person)), ([0, 0, 0], 0));
        }
        let first = asks(&lab, &alice, 4);
        let seen = newest(&vera);
        let [second, own] = [&alice, &vera].map(|person| asks(&lab, person, 4));
        assert!(newest(&vera) > seen && newest(&agnes) > newest(&vera), "one's own is no news");
        let submitted =
            |request: &str| lab.get(&audrey, &format!("{API}/requests/{request}")).ok()["Submitted"].clone();
        let oldest = |person: &Person| [told(person)["Oldest"].clone(), told(person)["OldestToDecide"].clone()];
        assert_eq!(oldest(&vera), [submitted(&first), submitted(&first)]);
        assert_eq!(oldest(&audrey), [submitted(&first), json!("0001-01-01T00:00:00")]);
        assert_eq!(
            [&alice, &vera, &viktor, &agnes, &audrey].map(counted),
            [[0; 3], [2, 2, 0], [3, 3, 0], [3, 0, 0], [3, 0, 0]]
        );

        let seen = newest(&viktor);
        decides(&lab, &vera, &first, "approve");
        assert_eq!(oldest(&vera), [submitted(&first), submitted(&second)], "she has decided on the oldest");
        assert_eq!([&vera, &viktor].map(counted), [[2, 1, 0], [3, 3, 0]]);
        decides(&lab, &viktor, &own, "deny");
        decides(&lab, &viktor, &first, "approve");
        assert!(newest(&viktor) <= seen, "what is decided is no news");
        // Approvers do not carry out what they have approved.
        let other = lab.user("otis", &["officers"]);
        assert_eq!(
            [&vera, &viktor, &other, &agnes, &audrey].map(counted),
            [[1, 1, 0], [1, 1, 0], [1, 1, 1], [1, 0, 1], [1, 0, 0]]
        );
        lab.assign(&agnes, &first, uuid::Uuid::new_v4());
        assert_eq!(counted(&agnes), [1, 0, 0], "it has begun");
    }
}

/// So many more requests that wait, without the server; a tenth of them is urgent.
fn crowd(lab: &Lab, person: &Person, count: u64) {
    let (numbers, random) = match &lab.database {
        Some(_) => (format!("SELECT generate_series(1, {count}) AS n"), "gen_random_uuid()"),
        None => {
            let rows = format!("SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < {count}");
            (format!("WITH RECURSIVE r (n) AS ({rows}) SELECT n FROM r"), "randomblob(16)")
        }
    };
    let (user, template) = (uuid(lab, &person.uuid.to_string()), uuid(lab, &lab.template.to_string()));
    let now = cardwright::store::micros(time::OffsetDateTime::now_utc());
    let statement = format!(
        "INSERT INTO requests (uuid, request_type, status, originator, target, profile_template, template_version, \
         priority, comment, data, submitted, is_smartcard, is_enrollment_agent) SELECT {random}, 'enroll', 'pending', {user}, \
         {user}, {template}, 1, CASE WHEN n % 10 = 0 THEN 1 ELSE 4 END, '', '[]', {now} + n, TRUE, FALSE FROM ({numbers}) AS numbers"
    );
    alter(lab, &statement);
}

#[test]
fn on_sqlite_ten_thousand_that_wait_cost_what_two_thousand_do() {
    let lab = Lab::with_template(template, None);
    let (alice, vera) = (lab.user("alice", &[]), lab.user("vera", &["officers"]));
    let audrey = lab.user("audrey", &["auditors"]);
    let costs = |person: &Person| {
        // The server's upkeep may add to one of them.
        let cost = |path: &str| {
            let costs = [(); 3].map(|()| {
                let before = lab.server.as_ref().unwrap().counts().steps;
                lab.get(person, &format!("{EXTENSION}/{path}")).ok();
                lab.server.as_ref().unwrap().counts().steps - before
            });
            costs.into_iter().min().unwrap()
        };
        let page = list(&lab, person, "requests/queue?status=Pending&limit=100");
        let after = ids(&page).pop().unwrap();
        [
            cost("requests/waiting"),
            cost("requests/queue?status=Pending&limit=26"),
            cost(&format!("requests/queue?status=Pending&limit=26&after={after}")),
            cost("requests/queue?limit=26"),
            cost("search?text=alice"),
        ]
    };
    crowd(&lab, &alice, 2_000);
    let few = [&vera, &audrey].map(costs);
    crowd(&lab, &alice, 8_000);
    let many = [&vera, &audrey].map(costs);
    for (few, many) in few.iter().flatten().zip(many.iter().flatten()) {
        assert!(*many <= *few + few / 4 + 200, "{many:?} steps, {few:?} with a fifth of them");
    }
    let told = lab.get(&vera, &format!("{EXTENSION}/requests/waiting")).ok();
    assert_eq!((&told["Waiting"], &told["ToDecide"]), (&json!(1000), &json!(1000)), "no more are counted");
}

#[test]
fn on_postgresql_what_waits_is_found_by_indexes() {
    let mut lab = Lab::with_template(template, Some(Database::new()));
    let (alice, vera) = (lab.user("alice", &[]), lab.user("vera", &["officers"]));
    let audrey = lab.user("audrey", &["auditors"]);
    lab.stop();
    crowd(&lab, &alice, 10_000);
    lab.database.as_ref().unwrap().sql("ANALYZE");
    lab.database.as_ref().unwrap().note_plans();
    lab.start();
    for person in [&vera, &audrey] {
        let after = ids(&list(&lab, person, "requests/queue?status=Pending&limit=100")).pop().unwrap();
        for path in [
            "requests/waiting",
            "requests/queue?limit=26",
            &format!("requests/queue?status=Pending&limit=26&after={after}"),
        ] {
            lab.get(person, &format!("{EXTENSION}/{path}")).ok();
        }
    }
    // What the server's upkeep asks for is not meant.
    let mut plans = lab.database.as_ref().unwrap().plans_with("Seq Scan on requests");
    plans.retain(|plan| plan.contains("AS walk0") || plan.contains("AS counted"));
    assert!(plans.is_empty(), "{}", plans.join("\n"));
}
