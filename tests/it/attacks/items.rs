//! Data items become others between the look at them and the approval, or after it.

use crate::server::support::{API, Answer, EXTENSION, Lab, Person, last_segment};
use crate::support::program::PATH;
use crate::support::site::Site;
use rexpect::session::spawn_command;
use serde_json::{Value, json};

const ITEMS: &str = r#"data_items = [
    { name = "Room", required = false },
    { name = "Department", from = "subscriber" },
    { name = "Phone", from = "subscriber", required = false },
    { name = "Badge", from = "manager", required = false },
    { name = "Locker", from = "subscriber", required = false, after_approval = true },
]"#;

fn lab(approvals: u32) -> Lab {
    Lab::plain(|template| {
        let template = template.replacen("data_items = []", ITEMS, 1);
        template.replacen("approvals_needed = 0", &format!("approvals_needed = {approvals}"), 1)
    })
}

fn asked(lab: &Lab, person: &Person, items: Value) -> String {
    let body =
        json!({"profiletemplateuuid": lab.template, "datacollection": items, "type": "Enroll", "comment": "mine"});
    last_segment(&lab.post(person, &format!("{API}/requests"), body).ok())
}

fn collect(lab: &Lab, person: &Person, request: &str, items: Value) -> Answer {
    lab.put(person, &format!("{EXTENSION}/requests/{request}/datacollection"), json!({ "DataCollection": items }))
}

fn approve(lab: &Lab, person: &Person, request: &str, body: Value) -> Answer {
    lab.post(person, &format!("{EXTENSION}/requests/{request}/approve"), body)
}

fn items(lab: &Lab, person: &Person, request: &str) -> Value {
    lab.get(person, &format!("{API}/requests/{request}")).ok()["DataCollection"].clone()
}

#[test]
fn what_was_approved_is_neither_changed_nor_added_to() {
    let lab = lab(1);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = asked(&lab, &alice, json!([{"Department": "IT"}]));
    approve(&lab, &bob, &request, json!({})).ok();
    let before = items(&lab, &alice, &request);
    let changed = collect(&lab, &alice, &request, json!([{"Department": "Board"}]));
    assert_eq!(changed.refusal(), (409, "data-item-given".into()));
    let added = collect(&lab, &alice, &request, json!([{"Phone": "110"}]));
    assert_eq!(added.refusal(), (409, "data-collection-closed".into()));
    assert_eq!(items(&lab, &alice, &request), before);
    // The template may let one come later, once.
    collect(&lab, &alice, &request, json!([{"Locker": "7"}])).ok();
    let again = collect(&lab, &alice, &request, json!([{"Locker": "8"}]));
    assert_eq!(again.refusal(), (409, "data-item-given".into()));
}

#[test]
fn an_approval_is_of_what_the_approver_has_seen() {
    let lab = lab(1);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let request = asked(&lab, &alice, json!([{"Department": "IT"}]));
    let seen = items(&lab, &bob, &request);
    collect(&lab, &alice, &request, json!([{"Department": "Board"}])).ok();
    let stale = approve(&lab, &bob, &request, json!({ "Seen": seen }));
    assert_eq!(stale.refusal(), (409, "data-changed".into()));
    assert_eq!(lab.get(&alice, &format!("{API}/requests/{request}")).ok()["Status"], 16, "it goes on waiting");
    let seen = items(&lab, &bob, &request);
    approve(&lab, &bob, &request, json!({ "Seen": seen })).ok();
}

/// The program sends what it has shown: at a terminal, where it waits for an answer, and by the mark of an earlier look.
#[test]
fn what_changes_between_the_look_and_the_approval_is_refused_at_the_command_line() {
    let mut site = Site::with(|template| {
        let template = template.replacen("data_items = []", ITEMS, 1);
        template.replacen("approvals_needed = 0", "approvals_needed = 1", 1)
    });
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": [{"Department": "IT"}], "type": "Enroll", "comment": "",
    });
    let request = last_segment(&site.send("alice", "POST", &format!("{API}/requests"), &order).ok());
    let give = |department: &str| {
        let data = format!("Department={department}");
        site.run("alice", "", &["request", "collect", &request, "--data", &data]).done();
    };
    let show = || site.run("oscar", "", &["request", "show", &request]).done();
    let approve = |seen: &str| site.run("oscar", "", &["request", "approve", &request, "--seen", seen]);

    let seen = show()["seen"].as_str().unwrap().to_owned();
    give("Board");
    let refused = approve(&seen).refused(6, "data-changed");
    assert!(refused.remedy.contains("request show"), "{refused:?}");

    let mut at_a_terminal = site.program.interactive(PATH);
    at_a_terminal.args(["request", "approve", &request]).env("CARDWRIGHT_BEARER", site.bearer("oscar"));
    at_a_terminal.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    let mut session = spawn_command(at_a_terminal, Some(20_000)).unwrap();
    let told = session.exp_string("Approve this request?").unwrap();
    assert!(told.contains("Board"), "{told}");
    give("Cleaning");
    session.send_line("y").unwrap();
    let told = session.exp_eof().unwrap();
    assert!(told.contains("others than those you have seen"), "{told}");

    let waits = show();
    assert_eq!(waits["status"], "Pending");
    assert_eq!(approve(waits["seen"].as_str().unwrap()).done()["status"], "Approved");
}

#[test]
fn nor_is_an_approval_in_place_of_an_old_key_of_anything_else() {
    let lab = Lab::plain(|template| {
        let renew = "[workflows.renew]\napprovals_needed = 0\napprovers = [\"group:officers\"]\n";
        template.replacen("[workflows.renew]\n", renew, 1)
    });
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let smartcard = lab.enrolled(&alice).smartcard;
    let body = json!({"datacollection": [], "type": "Renew", "smartcard": smartcard, "comment": ""});
    let request = lab.request(&alice, body);
    let stale = approve(&lab, &bob, &request, json!({"Seen": [{"Name": "Department", "Value": "IT"}]}));
    assert_eq!(stale.refusal(), (409, "data-changed".into()));
    approve(&lab, &bob, &request, json!({"Seen": []})).ok();
}

#[test]
fn nothing_is_approved_that_is_yet_to_be_given() {
    let lab = lab(1);
    let (alice, bob) = (lab.user("alice", &[]), lab.user("bob", &["officers"]));
    let olga = lab.user("olga", &["officers"]);
    let body = json!({
        "profiletemplateuuid": lab.template, "datacollection": [], "type": "Enroll", "comment": "", "target": alice.uuid,
    });
    let request = last_segment(&lab.post(&olga, &format!("{API}/requests"), body).ok());
    assert_eq!(approve(&lab, &bob, &request, json!({})).refusal(), (409, "data-collection-incomplete".into()));
    collect(&lab, &alice, &request, json!([{"Department": "IT"}])).ok();
    approve(&lab, &bob, &request, json!({})).ok();
}

#[test]
fn the_second_approver_changes_nothing_that_the_first_has_approved() {
    let lab = lab(2);
    let (alice, bob, carol) =
        (lab.user("alice", &[]), lab.user("bob", &["officers"]), lab.user("carol", &["officers"]));
    let request = asked(&lab, &alice, json!([{"Department": "IT"}]));
    approve(&lab, &bob, &request, json!({"DataCollection": [{"Badge": "1"}]})).ok();
    let other = approve(&lab, &carol, &request, json!({"DataCollection": [{"Badge": "2"}]}));
    assert_eq!(other.refusal(), (409, "data-collection-closed".into()));
    approve(&lab, &carol, &request, json!({"DataCollection": [{"Badge": "1"}]})).ok();
    let badge = json!({"Name": "Badge", "Value": "1"});
    assert!(items(&lab, &alice, &request).as_array().unwrap().contains(&badge));
}
