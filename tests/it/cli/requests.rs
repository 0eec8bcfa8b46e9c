//! `request create` and `request complete`: every type by its word, what needs no card at once, and what is refused.

use super::PIN;
use crate::support::program::{Ended, Told};
use crate::support::site::{API, ENROLL, Site, set};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};

const TYPES: &str = r#"
[workflows.revoke]
initiators = ["group:officers"]
enrollment_agents = ["group:officers"]
[workflows.reinstate]
initiators = ["group:officers"]
enrollment_agents = ["group:officers"]
[workflows.recover]
initiators = ["group:officers"]
enrollment_agents = ["group:officers"]
"#;

fn site() -> Site {
    let mut site = Site::with(|template| {
        let head = template.split(ENROLL).next().unwrap().to_owned();
        let rest = template[head.len()..].split("\n[workflows.").next().unwrap().to_owned();
        let kept = set(head + &rest, ENROLL, "approvals_needed", "0");
        let more = "\n[workflows.unblock]\nself_service = true\n[workflows.retire]\nself_service = true\n";
        kept + more + TYPES
    });
    site.person("alice", &[]);
    site.person("olga", &["officers"]);
    site
}

/// A card of alice's, by hand: its UUID.
fn card(site: &Site) -> String {
    let request = site.executing_request("alice");
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata("alice", &request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    let done = site.send("alice", "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    done["NewSmartcardUuid"].as_str().unwrap().to_owned()
}

fn create(site: &Site, who: &str, arguments: &[&str]) -> Ended {
    site.run(who, PIN, &[&["request", "create"], arguments].concat())
}

#[test]
fn requests_are_made_for_oneself_and_for_others() {
    let site = site();
    let own =
        create(&site, "alice", &["--type", "enroll", "--template", &site.template_uuid, "--comment", "new"]).done();
    assert_eq!((&own["type"], &own["status"]), (&json!("Enroll"), &json!("Approved")));
    assert_eq!((&own["comment"], &own["originator"]), (&json!("new"), &own["target"]));
    let told = site.run("alice", PIN, &["request", "show", own["request"].as_str().unwrap()]).done();
    assert_eq!(told, own, "what is made is what is shown");
    site.run("alice", PIN, &["request", "cancel", own["request"].as_str().unwrap()]).done();

    let named = create(&site, "alice", &["--type", "enroll", "--template", "smart card LOGON"]).done();
    assert_eq!(named["profile_template"], own["profile_template"]);
    site.run("alice", PIN, &["request", "cancel", named["request"].as_str().unwrap()]).done();
    let told = create(&site, "alice", &["--type", "enroll", "--template", "nowhere"]).refused(2, "template-unknown");
    assert!(told.message.contains("Smart card logon"), "{told:?}");

    let card = card(&site);
    let unblock = create(&site, "alice", &["--type", "unblock", "--smartcard", &card]).done();
    assert_eq!((&unblock["type"], &unblock["old_smartcard"]), (&json!("Unblock"), &json!(card)));
    let others = create(&site, "olga", &["--type", "revoke", "--smartcard", &card, "--for", "alice"]).done();
    assert_eq!(others["target"], own["target"]);
    assert_ne!(others["originator"], others["target"]);
}

#[test]
fn what_needs_no_card_is_carried_out_at_once() {
    let site = site();
    let card = card(&site);
    let status = || site.get("alice", &format!("{API}/smartcards/{card}")).ok()["Status"].clone();
    let active = status();
    let done = create(&site, "olga", &["--type", "suspend", "--smartcard", &card, "--now"]).done();
    assert_eq!((&done["type"], &done["status"]), (&json!("Reinstate"), &json!("Completed")));
    let suspended = status();
    assert_ne!(suspended, active);
    create(&site, "olga", &["--type", "reinstate", "--smartcard", &card, "--now"]).done();
    assert_eq!(status(), active);
    create(&site, "olga", &["--type", "revoke", "--smartcard", &card, "--now"]).done();
    assert!(status() != active && status() != suspended);
}

#[test]
fn a_request_is_completed_by_its_own_command() {
    let site = site();
    let card = card(&site);
    let made = create(&site, "olga", &["--type", "revoke", "--smartcard", &card]).done();
    let request = made["request"].as_str().unwrap();
    let done = site.run("olga", PIN, &["request", "complete", request]).done();
    assert_eq!((&done["request"], &done["status"]), (&made["request"], &json!("Completed")));
    assert_eq!(site.run("olga", PIN, &["request", "complete", request]).done(), done, "once more changes nothing");
    let enroll = create(&site, "alice", &["--type", "enroll", "--template", &site.template_uuid]).done();
    let enroll = enroll["request"].as_str().unwrap();
    let early = site.run("alice", PIN, &["request", "complete", enroll]).told();
    assert_eq!(early.exit, 6, "{early:?}");
    site.run("alice", PIN, &["request", "complete", "6f6f6f6f-0000-4000-8000-000000000000"]).refused(6, "not-found");
    let others = create(&site, "olga", &["--type", "enroll", "--template", &site.template_uuid]).done();
    site.run("alice", PIN, &["request", "complete", others["request"].as_str().unwrap()]).refused(6, "not-found");
    let text = site.command("olga", PIN, &[]).args(["request", "complete", "no-uuid"]).output().unwrap();
    assert_eq!(text.status.code(), Some(2));
}

#[test]
fn what_cannot_be_asked_for_is_refused_and_nothing_is_made() {
    let site = site();
    let card = card(&site);
    let before = site.run("alice", PIN, &["request", "list"]).done();
    let refused = |who: &str, arguments: &[&str]| -> Told { create(&site, who, arguments).told() };
    let nil = "00000000-0000-4000-8000-000000000000";
    for (who, arguments, exit, code) in [
        ("alice", &["--type", "enroll", "--template", &*site.template_uuid, "--now"][..], 2, "not-at-once"),
        ("alice", &["--type", "enroll"], 6, "bad-field"),
        ("alice", &["--type", "unblock"], 6, "bad-field"),
        ("alice", &["--type", "enroll", "--template", nil], 6, "not-found"),
        ("alice", &["--type", "unblock", "--smartcard", nil], 6, "not-found"),
        ("alice", &["--type", "duplicate", "--smartcard", &card], 6, "workflow-disabled"),
        ("alice", &["--type", "unblock", "--smartcard", &card, "--revocation-delay-hours", "2"], 6, "bad-field"),
        ("alice", &["--type", "revoke", "--smartcard", &card], 6, "forbidden"),
        ("alice", &["--type", "unblock", "--smartcard", &card, "--for", "nobody"], 6, "user-unknown"),
        ("olga", &["--type", "recover", "--smartcard", &card, "--loss-reason", "bored"], 6, "bad-field"),
    ] {
        let told = refused(who, arguments);
        assert_eq!((told.exit, told.code.as_str()), (exit, code), "{arguments:?}: {told:?}");
    }
    for wrong in [
        &["--type", "explode"][..],
        &["--smartcard", &card],
        &["--type", "revoke", "--smartcard", "x"],
        &["--type", "revoke", "--smartcard", &card, "--profile", nil],
    ] {
        assert_eq!(create(&site, "olga", wrong).code, Some(2), "{wrong:?}");
    }
    assert_eq!(site.run("alice", PIN, &["request", "list"]).done(), before);
    assert_ne!(before, Value::Array(Vec::new()));
}

#[test]
fn people_read_lines() {
    let site = site();
    let mut command = site.program.command(["request", "create", "--type", "enroll", "--template"]);
    command.arg(&site.template_uuid).env("CARDWRIGHT_SERVER", &site.origin);
    command.env("CARDWRIGHT_CA_FILE", site.ca_file()).env("CARDWRIGHT_BEARER", site.bearer("alice"));
    let told = crate::support::program::end(&mut command);
    assert!(told.success() && told.stdout.contains("what              Enroll (Approved)\n"), "{told:?}");
    assert!(told.stdout.contains("for               alice\n") && told.stderr.is_empty(), "{told:?}");
    assert!(told.stdout.contains("next              cardwright enroll --request "), "{told:?}");
}
