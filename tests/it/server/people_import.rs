//! A list of people at the API: shown, and then done as it was shown.

use super::identity::restart;
use super::support::{Answer, EXTENSION, Lab, Person};
use crate::support::postgres::Database;
use serde_json::{Value, json};

fn import(lab: &Lab, person: &Person, rows: &Value, seen: Option<&Value>) -> Answer {
    let mut list = json!({"Rows": rows});
    if let Some(mark) = seen {
        list["Seen"] = mark.clone();
    }
    lab.post(person, &format!("{EXTENSION}/people/import"), list)
}

fn account(lab: &Lab, person: &Person, name: &str) -> Value {
    let listed = lab.get(person, &format!("{EXTENSION}/accounts")).ok();
    listed.as_array().unwrap().iter().find(|account| account["Name"] == name).cloned().unwrap_or_default()
}

fn numbers(outcome: &Value) -> [u64; 4] {
    ["New", "Changed", "Same", "Refused"].map(|key| outcome[key].as_u64().unwrap())
}

fn what_is_done_is_what_was_shown(database: Option<Database>) {
    let mut lab = Lab::with_template(|template| template, database);
    restart(&mut lab, "[roles]\nadmin = [\"group:administrators\"]\n");
    let anna = lab.user("anna", &["administrators"]);
    lab.user("alice", &["staff"]);
    let rows = json!([
        {"Name": "alice", "Groups": ["staff", "field"], "Email": "alice@example.test"},
        {"Name": "bob", "DisplayName": "Bob B.", "Upn": "bob@example.test"},
        {"Name": "carol", "Upn": "BOB@example.test"},
        {"Name": "dora", "Sid": "no identifier"},
        {"Name": "e\u{202e}ve"},
        {"Name": " "},
        {"Name": "anna", "Groups": ["staff"]},
        {"Name": "fred"},
    ]);
    let shown = import(&lab, &anna, &rows, None).ok();
    // Bob and Carol share a UPN: neither is taken over.
    assert_eq!((numbers(&shown), &shown["Applied"]), ([1, 1, 0, 6], &json!(false)), "{shown}");
    let row = |number: u64| shown["Rows"].as_array().unwrap().iter().find(|row| row["Row"] == number).unwrap();
    let whys =
        [(2, "BOB@example.test"), (4, "security identifier"), (5, "not seen"), (6, "no account name"), (7, "himself")];
    for (number, why) in [(3, "bob@example.test")].into_iter().chain(whys.into_iter().skip(1)) {
        let told = row(number)["Why"].as_str().unwrap().to_lowercase();
        assert!(row(number)["Fate"] == "Refused" && told.contains(why), "{number}: {told}");
    }
    assert_eq!(
        row(1)["Changes"],
        json!(["groups: staff -> staff, field", "e-mail address: nothing -> alice@example.test"])
    );
    assert_eq!(account(&lab, &anna, "fred"), Value::Null, "it was only shown");
    // What was seen is not what there is any more.
    assert_eq!(import(&lab, &anna, &rows, Some(&json!("another"))).refusal(), (409, "people-changed".into()));
    let path = format!("{EXTENSION}/accounts/{}", account(&lab, &anna, "alice")["Uuid"].as_str().unwrap());
    lab.put(&anna, &path, json!({"Groups": ["others"]})).ok();
    assert_eq!(import(&lab, &anna, &rows, Some(&shown["Mark"])).refusal(), (409, "people-changed".into()));
    assert_eq!(account(&lab, &anna, "fred"), Value::Null, "nothing of it was done");
    let again = import(&lab, &anna, &rows, None).ok();
    let done = import(&lab, &anna, &rows, Some(&again["Mark"])).ok();
    assert_eq!((numbers(&done), &done["Applied"]), ([1, 1, 0, 6], &json!(true)), "{done}");
    assert_eq!(account(&lab, &anna, "alice")["Groups"], json!(["staff", "field"]));
    assert!(account(&lab, &anna, "fred")["Uuid"].is_string());
    let after = import(&lab, &anna, &json!([{"Name": "fred"}]), None).ok();
    assert_eq!(numbers(&after), [0, 0, 1, 0]);
    // Each account is an act, in the name of whoever has done it.
    let acts = lab.get(&anna, &format!("{EXTENSION}/audit?limit=500")).ok();
    let records: Vec<Value> = acts
        .as_array()
        .unwrap()
        .iter()
        .map(|act| serde_json::from_str(act["Record"].as_str().unwrap()).unwrap())
        .collect();
    let of_list = |act: &Value| act["evidence"]["file_sha256"] == again["Mark"] && act["actor_name"] == "anna";
    assert_eq!(records.iter().filter(|act| of_list(act)).count(), 2);
}

#[test]
fn what_is_done_of_a_list_is_what_was_shown() {
    what_is_done_is_what_was_shown(None);
}

#[test]
fn what_is_done_of_a_list_is_what_was_shown_with_postgresql() {
    what_is_done_is_what_was_shown(Some(Database::new()));
}

/// A list is no way past the second administrator.
#[test]
fn a_list_gives_nobody_a_part_that_two_must_give() {
    let mut lab = Lab::plain(|template| template);
    restart(&mut lab, "[roles]\nadmin = [\"group:administrators\"]\nauditor = [\"group:auditors\"]\n");
    let [anna, _bert] = ["anna", "bert"].map(|name| lab.user(name, &["administrators"]));
    lab.user("carl", &["auditors"]);
    let rows = json!([
        {"Name": "puppet", "Groups": ["auditors"]},
        {"Name": "carl", "Email": "anna@example.test"},
        {"Name": "alice", "Groups": ["staff"]},
    ]);
    let shown = import(&lab, &anna, &rows, None).ok();
    assert_eq!(numbers(&shown), [1, 0, 0, 2], "{shown}");
    assert!(shown["Rows"][0]["Why"].as_str().unwrap().contains("second administrator"), "{shown}");
    import(&lab, &anna, &rows, Some(&shown["Mark"])).ok();
    assert_eq!(account(&lab, &anna, "puppet"), Value::Null);
    assert_eq!(account(&lab, &anna, "carl")["Email"], Value::Null);
    assert!(account(&lab, &anna, "alice")["Uuid"].is_string());
}

#[test]
fn more_rows_than_a_call_takes_are_refused() {
    let mut lab = Lab::plain(|template| template);
    restart(&mut lab, "[roles]\nadmin = [\"group:administrators\"]\n");
    let anna = lab.user("anna", &["administrators"]);
    let rows = |count: usize| json!((0..count).map(|at| json!({"Name": format!("p{at}")})).collect::<Vec<_>>());
    assert_eq!(numbers(&import(&lab, &anna, &rows(2000), None).ok())[0], 2000);
    assert_eq!(import(&lab, &anna, &rows(2001), None).status, 400);
}
