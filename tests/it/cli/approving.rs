//! What an approver is shown and does, what the requester is told, and how somebody waits.

use super::{ENROLL as ENROLL_COMMAND, PIN};
use crate::support::program::end;
use crate::support::site::{API, ENROLL, Site, approval, set};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

const MORE: &str = r#"
[workflows.online_update]
approvals_needed = 1
approvers = ["group:approvers"]
self_service = true
[workflows.reinstate]
initiators = ["group:operators"]
enrollment_agents = ["group:operators"]
approvals_needed = 0
"#;

/// Enroll wants two approvals, and a data item.
fn site() -> Site {
    let mut site = Site::with(|template| {
        let kept = template.split("\n[workflows.renew]").next().unwrap().to_owned();
        let kept = set(approval(kept), ENROLL, "approvals_needed", "2");
        let item = r#"[{ name = "Department", kind = "choice", choices = ["IT", "HR"] }]"#;
        set(kept, ENROLL, "data_items", item) + MORE
    });
    for (name, groups) in [
        ("alice", &[][..]),
        ("bob", &[]),
        ("olga", &["operators"]),
        ("oscar", &["approvers"]),
        ("otto", &["approvers"]),
        ("omar", &["approvers"]),
    ] {
        site.person(name, groups);
    }
    site
}

#[track_caller]
fn asked(site: &Site, who: &str, more: &[&str]) -> String {
    let ask = ["request", "create", "--type", "enroll", "--template", "Smart card logon", "--data", "Department=IT"];
    let made = site.run(who, PIN, &[&ask[..], more].concat()).done();
    assert_eq!(made["status"], "Pending");
    made["request"].as_str().unwrap().to_owned()
}

fn show(site: &Site, who: &str, request: &str) -> Value {
    site.run(who, PIN, &["request", "show", request]).done()
}

#[test]
fn an_approver_sees_who_asks_for_whom_and_what_it_brings() {
    let site = site();
    let request = asked(&site, "olga", &["--for", "alice", "--comment", "new colleague"]);
    let shown = show(&site, "oscar", &request);
    for (key, value) in [
        ("originator_name", json!("olga")),
        ("target_name", json!("alice")),
        ("template_name", json!("Smart card logon")),
        ("comment", json!("new colleague")),
        ("data", json!([{ "name": "Department", "value": "IT" }])),
        ("cards", json!([])),
        ("approvals_needed", json!(2)),
        ("approvals_given", json!(0)),
        ("decisions", json!([])),
        ("approvers", json!(["omar", "oscar", "otto"])),
        ("may_decide", json!(true)),
        ("obstacle", Value::Null),
        ("next", json!(format!("cardwright request approve {request}"))),
    ] {
        assert_eq!(shown[key], value, "{key}: {shown}");
    }
    let brings: Vec<&str> = shown["brings"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(brings.iter().any(|sentence| sentence.contains("SmartcardLogon")), "{brings:?}");
    // Whom it is for sees how far it is, and by the policy who may approve; she looks nobody up.
    let own = show(&site, "alice", &request);
    assert_eq!((&own["approvers"], &own["may_decide"]), (&json!(["group:approvers"]), &json!(false)));
    assert_eq!(own["next"], format!("cardwright enroll --request {request} --wait"));

    site.run("oscar", PIN, &["request", "approve", &request, "--comment", "badge seen"]).done();
    let shown = show(&site, "otto", &request);
    assert_eq!((&shown["approvals_given"], &shown["approvers"]), (&json!(1), &json!(["omar", "otto"])));
    let decision = &shown["decisions"][0];
    assert_eq!((&decision["by"], &decision["approved"]), (&json!("oscar"), &json!(true)));
    assert_eq!(decision["comment"], "badge seen");
    assert_eq!(show(&site, "oscar", &request)["may_decide"], false, "nobody decides twice");
    site.run("bob", PIN, &["request", "show", &request]).refused(6, "not-found");
}

#[test]
fn an_approver_who_sees_no_cards_is_told_that_there_is_one_and_no_more() {
    let site = Site::with(|template| set(approval(template), ENROLL, "initiators", "[]"));
    let mut site = site;
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.program.factory_token("card");
    let first = site.run("alice", PIN, &ENROLL_COMMAND).refused(7, "request-pending").request.unwrap();
    site.run("oscar", PIN, &["request", "approve", &first]).done();
    let card = site.run("alice", PIN, &ENROLL_COMMAND).done()["smartcard"].clone();
    let ask = ["request", "create", "--type", "enroll", "--template", "Smart card logon"];
    let second = site.run("alice", PIN, &ask).done()["request"].as_str().unwrap().to_owned();
    let shown = show(&site, "oscar", &second);
    assert_eq!(shown["cards"].as_array().unwrap().len(), 1, "{shown}");
    assert_eq!(shown["cards"][0]["status"], "active");
    assert_eq!(shown["cards"][0]["smartcard"], Value::Null);
    assert_eq!(show(&site, "alice", &second)["cards"][0]["smartcard"], card);
    site.run("oscar", PIN, &["request", "approve", &second]).done();
    assert_eq!(show(&site, "oscar", &second)["cards"], Value::Null, "decided, he is told nothing of cards");
}

#[test]
fn the_requester_is_told_for_whom_it_waits_and_who_denied_it_and_why() {
    let site = site();
    site.program.factory_token("card");
    let enroll = [&ENROLL_COMMAND[..], &["--data", "Department=IT"]].concat();
    let waits = site.run("alice", PIN, &enroll).refused(7, "request-pending");
    assert!(waits.message.contains("for alice") && waits.message.contains("2 approvals"), "{waits:?}");
    assert!(waits.message.contains("group:approvers"), "{waits:?}");
    let request = waits.request.unwrap();
    assert_eq!(waits.next, Some(format!("cardwright enroll --request {request} --wait")));
    site.run("oscar", PIN, &["request", "approve", &request]).done();
    let waits = site.run("alice", PIN, &enroll).refused(7, "request-pending");
    assert!(waits.message.contains("one approval"), "one of two is given: {waits:?}");
    site.run("otto", PIN, &["request", "deny", &request, "--comment", "has one already"]).done();
    let denied = site.run("alice", PIN, &enroll).refused(6, "request-denied");
    assert!(denied.causes.contains("otto denied") && denied.causes.contains("has one already"), "{denied:?}");
    let decisions = show(&site, "alice", &request)["decisions"].clone();
    assert_eq!((&decisions[1]["by"], &decisions[1]["comment"]), (&json!("otto"), &json!("has one already")));
}

#[test]
fn several_are_approved_at_once_and_one_that_cannot_be_does_not_stop_the_others() {
    let site = site();
    let [first, second] = ["alice", "bob"].map(|who| asked(&site, who, &[]));
    site.run("otto", PIN, &["request", "deny", &first]).done();
    let both = site.run("oscar", PIN, &["request", "approve", &first, &second]);
    assert_eq!(both.code, Some(6), "{both:?}");
    let told: Value = serde_json::from_str(&both.stdout).unwrap();
    assert_eq!((&told[0]["request"], &told[1]["request"]), (&json!(first), &json!(second)));
    assert!(told[0]["error"]["code"].is_string() && told[1]["status"] == "Pending", "{told}");
    assert_eq!(show(&site, "oscar", &second)["approvals_given"], 1);

    let third = asked(&site, "olga", &["--for", "alice"]);
    // Everything of somebody is approved only by who says that he means it.
    let all = ["request", "approve", "--all-for", "alice"];
    site.run("oscar", PIN, &all).refused(2, "not-confirmed");
    let told = site.run("oscar", PIN, &[&all[..], &["--yes"]].concat()).done();
    assert_eq!((told.as_array().unwrap().len(), &told[0]["request"]), (1, &json!(third)));
    let of_template = ["request", "approve", "--all-for", "smart card LOGON", "--yes"];
    assert_eq!(site.run("otto", PIN, &of_template).done().as_array().unwrap().len(), 2);
    assert_eq!(site.run("otto", PIN, &of_template).done(), json!([]), "nothing is left that waits for him");
    assert_eq!(show(&site, "alice", &third)["status"], "Approved");
    site.run("otto", PIN, &["request", "approve", "--all-for", "nobody", "--yes"]).refused(6, "user-unknown");
}

#[test]
fn what_can_be_approved_no_more_is_refused_before_anybody_is_asked() {
    let site = site();
    site.program.factory_token("card");
    let request = asked(&site, "alice", &[]);
    for who in ["oscar", "otto"] {
        site.run(who, PIN, &["request", "approve", &request]).done();
    }
    let done = site.run("alice", PIN, &["enroll", "--request", &request]).done();
    let card = done["smartcard"].as_str().unwrap();
    let update = site.run("alice", PIN, &["request", "create", "--type", "online-update", "--smartcard", card]).done();
    let update = update["request"].as_str().unwrap();
    site.run("olga", PIN, &["request", "create", "--type", "suspend", "--smartcard", card, "--now"]).done();
    assert_eq!(site.get("alice", &format!("{API}/smartcards/{card}")).ok()["Status"], 4);
    let shown = show(&site, "oscar", update);
    assert_eq!(shown["obstacle"]["code"], "card-status", "{shown}");
    assert_eq!(shown["next"], Value::Null);
    site.run("oscar", PIN, &["request", "approve", update]).refused(6, "card-status");
    // The server refuses it too, whatever a client shows.
    let path = format!("{}/requests/{update}/approve", crate::support::site::EXTENSION);
    assert_eq!(site.send("oscar", "POST", &path, &json!({"Comment": ""})).refusal(&site).0, 409);
    assert_eq!(show(&site, "oscar", update)["decisions"], json!([]));
    site.run("oscar", PIN, &["request", "deny", update, "--comment", "suspended"]).done();
    // Nor is it asked for while the card is so.
    let again = ["request", "create", "--type", "online-update", "--smartcard", card];
    site.run("alice", PIN, &again).refused(6, "card-status");
}

#[test]
fn a_command_waits_for_the_approval_and_goes_on() {
    let mut site = Site::with_approval();
    site.person("alice", &[]);
    site.person("oscar", &["approvers"]);
    site.program.factory_token("card");
    let scripted = site.command("alice", PIN, &[&ENROLL_COMMAND[..], &["--wait"]].concat());
    let mut command = Command::new(scripted.get_program());
    command.args(scripted.get_args().filter(|argument| *argument != "--json"));
    command.env_clear().envs(scripted.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let mut waiting = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(waiting.stderr.take().unwrap()).lines();
    assert!(said.any(|line| line.unwrap().contains("waiting for approval")));
    let pending = site.run("oscar", PIN, &["request", "list", "--status", "pending"]).done();
    let request = pending[0]["request"].as_str().unwrap().to_owned();
    site.run("oscar", PIN, &["request", "approve", &request]).done();
    // It says how it goes on; unread, it would stand still.
    said.for_each(drop);
    assert!(waiting.wait().unwrap().success());
    let requests = site.run("alice", PIN, &["request", "list"]).done();
    assert_eq!((requests.as_array().unwrap().len(), &requests[0]["status"]), (1, &json!("Completed")));
    let wrong = end(&mut site.command("alice", PIN, &[&ENROLL_COMMAND[..], &["--wait=0"]].concat()));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}
