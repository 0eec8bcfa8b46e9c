//! `card lost`, `found`, `replace`, `lend`, `return` and `person leave` at the command line.

use super::PIN;
use super::found::card_of;
use crate::support::program::Ended;
use crate::support::site::{Site, set};
use serde_json::{Value, json};
use std::process::Stdio;
use std::time::Duration;

const ROLES: &str = "\n[roles]\nadmin = [\"group:admins\"]\n";

/// Ursula with a card, Olga of the desk, and an administrator.
fn site(edit: impl FnOnce(String) -> String) -> (Site, String) {
    let mut site = Site::with_settings(ROLES, edit);
    site.person("ursula", &[]);
    site.person("olga", &["operators"]);
    site.person("ada", &["admins"]);
    let card = card_of(&site, "ursula");
    (site, card)
}

fn run(site: &Site, who: &str, arguments: &[&str]) -> Ended {
    site.run(who, PIN, arguments)
}

/// Why the certificates of a card were revoked, the latest first.
fn reasons(site: &Site, card: &str) -> Vec<String> {
    let told = run(site, "olga", &["card", "history", card]).done();
    let revoked = told.as_array().unwrap().iter().filter(|entry| entry["what"] == "Revoked");
    revoked.map(|entry| entry["why"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_lost_card_is_reported_by_its_owners_name_and_replaced() {
    let (site, card) = site(|template| template);
    let unsure = run(&site, "olga", &["card", "lost", "ursula"]).refused(2, "not-confirmed");
    assert!(unsure.remedy.contains("--yes"), "{unsure:?}");
    assert_eq!(reasons(&site, &card), [""; 0]);
    let unknown = run(&site, "olga", &["card", "lost", "ursula", "--reason", "eaten", "--yes"]).refused(6, "bad-field");
    assert!(unknown.message.contains("forgotten"), "{unknown:?}");
    // Her own report is enough.
    let done = run(&site, "ursula", &["card", "lost", "ursula", "--comment", "on the train", "--yes"]).done();
    assert_eq!((&done["card"], &done["effect"], &done["revoked"]), (&json!(card), &json!("Revoked"), &json!(1)));
    assert_eq!(done["next"], json!(format!("cardwright card replace {card}")));
    assert_eq!(reasons(&site, &card), ["keyCompromise"]);
    let found = run(&site, "olga", &["card", "found", "ursula"]).refused(6, "card-status");
    assert!(found.remedy.contains("card replace"), "{found:?}");
    let again = run(&site, "olga", &["card", "lost", &card, "--yes"]).done();
    assert_eq!((&again["effect"], &again["revoked"]), (&json!("Ended"), &json!(0)));

    let asked = run(&site, "olga", &["card", "replace", "ursula", "--reason", "lost"]).done();
    let request = asked["request"].as_str().unwrap();
    assert_eq!((&asked["type"], &asked["status"]), (&json!("Recover"), &json!("Approved")));
    assert_eq!(asked["next"], json!(format!("cardwright enroll --request {request}")));
    let again = run(&site, "olga", &["card", "replace", "ursula", "--reason", "lost"]).done();
    assert_eq!(again["request"], asked["request"], "the open one is taken up");
}

#[test]
fn a_forgotten_card_is_suspended_and_found_again() {
    let (site, card) = site(|template| template);
    let done = run(&site, "ursula", &["card", "lost", "ursula", "--reason", "forgotten", "--yes"]).done();
    assert_eq!((&done["effect"], &done["held"], &done["state"]), (&json!("Suspended"), &json!(1), &json!("Suspended")));
    // The template gives her no way to lift it; the desk has one.
    run(&site, "ursula", &["card", "found", "ursula"]).refused(6, "forbidden");
    let done = run(&site, "olga", &["card", "found", "ursula"]).done();
    assert_eq!((&done["lifted"], &done["state"]), (&json!(true), &json!("Active")));
    assert_eq!(reasons(&site, &card), [""; 0]);
    let again = run(&site, "olga", &["card", "found", "ursula"]).done();
    assert_eq!((&again["lifted"], &again["state"]), (&json!(false), &json!("Active")));
    // For people it is said in a sentence.
    let mut command = site.program.command(["card", "lost", &card, "--reason", "forgotten", "--yes"]);
    command.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    let text = crate::support::program::end(command.env("CARDWRIGHT_BEARER", site.bearer("olga")));
    assert!(text.stdout.starts_with("suspended: 1 certificate on hold\n"), "{text:?}");
    assert!(text.stdout.contains(&format!("cardwright card found {card}")), "{text:?}");
}

#[test]
fn a_revocation_that_waits_is_told_and_canceled_when_the_card_turns_up() {
    let waits = "[workflows.revoke]\napprovals_needed = 1\napprovers = [\"group:approvers\"]\n";
    let retire = "[workflows.retire]";
    let edit = |template: String| {
        let template = template.replace("[workflows.revoke]\n", waits);
        let template = set(template, retire, "initiators", "[\"group:storekeepers\"]");
        set(set(template, retire, "enrollment_agents", "[]"), retire, "self_service", "false")
    };
    let (site, _) = site(edit);
    let done = run(&site, "olga", &["card", "lost", "ursula", "--yes"]).done();
    assert_eq!((&done["effect"], done["waiting_request"].is_string()), (&json!("Suspended"), true), "{done}");
    let found = run(&site, "olga", &["card", "found", "ursula"]).done();
    assert_eq!((&found["lifted"], &found["canceled_requests"]), (&json!(true), &json!([done["waiting_request"]])));
}

#[test]
fn what_is_retired_as_lost_is_compromised_and_not_in_good_order() {
    let (site, card) = site(|template| template);
    let unknown = run(&site, "ursula", &["retire", "--lost", &card, "--reason", "eaten", "--yes"]);
    assert_eq!(unknown.told().code, "bad-field");
    run(&site, "ursula", &["retire", "--lost", &card, "--yes"]).done();
    assert_eq!(reasons(&site, &card), ["keyCompromise"]);
}

#[test]
fn a_card_is_lent_by_name_and_taken_back() {
    let (site, card) = site(|template| template);
    run(&site, "ursula", &["card", "lend", "ursula"]).refused(6, "forbidden");
    let lent = run(&site, "olga", &["card", "lend", "ursula", "--suspend"]).done();
    assert_eq!((&lent["type"], &lent["status"]), (&json!("TemporaryCards"), &json!("Approved")));
    let request = lent["request"].as_str().unwrap();
    let temporary = super::found::carried_out(&site, "olga", request);
    assert_eq!(run(&site, "olga", &["card", "show", &card]).done()["state"], "Suspended");
    // By her name the lent one is meant.
    let back = run(&site, "olga", &["card", "return", "ursula", "--yes"]).done();
    assert_eq!((&back["card"], &back["state"], &back["lifted"]), (&json!(temporary), &json!("Retired"), &json!(true)));
    assert_eq!((&back["permanent"], &back["permanent_state"]), (&json!(card), &json!("Active")));
    assert_eq!(back["keys_removed"], false);
    assert_eq!(reasons(&site, &temporary), ["cessationOfOperation"]);
    let nothing = run(&site, "olga", &["card", "return", "ursula", "--yes"]).refused(6, "card-status");
    assert!(nothing.message.contains("not on loan"), "{nothing:?}");
}

#[test]
fn a_person_leaves_as_was_seen() {
    let (site, card) = site(|template| template);
    let ada = |arguments: &[&str]| run(&site, "ada", &[&["person", "leave", "ursula"], arguments].concat());
    run(&site, "olga", &["person", "leave", "ursula", "--preview"]).refused(6, "forbidden");
    let told = ada(&["--preview"]).done();
    let kinds: Vec<&str> =
        told["items"].as_array().unwrap().iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["Account", "Smartcard", "Certificate", "Token"]);
    let seen = told["seen"].as_str().unwrap();
    ada(&[]).refused(2, "not-confirmed");
    run(&site, "ursula", &["card", "lost", "ursula", "--reason", "forgotten", "--yes"]).done();
    let changed = ada(&["--seen", seen]).refused(6, "leaving-changed");
    assert!(changed.remedy.contains("--preview"), "{changed:?}");
    let told = ada(&["--preview"]).done();
    let done = ada(&["--seen", told["seen"].as_str().unwrap(), "--comment", "graduated"]).done();
    assert_eq!(done["left"], true);
    assert_eq!(reasons(&site, &card), ["affiliationChanged"]);
    let shown = run(&site, "olga", &["person", "show", "ursula"]).done();
    assert_eq!((&shown["disabled"], &shown["cards"][0]["state"]), (&json!(true), &json!("Disabled")));
    let again = ada(&["--yes"]).done();
    assert_eq!(again["left"], true, "{again}");
    run(&site, "ursula", &["card", "list"]).refused(6, "not-authenticated");
    run(&site, "ada", &["person", "leave", "ada", "--yes"]).refused(6, "forbidden");
}

/// The mark of what a person has, and whether the person has left.
fn standing(site: &Site, person: &str) -> (Value, bool) {
    let told = run(site, "ada", &["person", "leave", person, "--preview"]).done();
    (told["seen"].clone(), told["left"] == true)
}

#[test]
fn a_server_that_is_killed_while_a_person_leaves_has_done_all_of_it_or_nothing() {
    let (mut site, _) = site(|template| template);
    let people = ["paul", "petra", "pit", "pia", "pam"];
    for name in people {
        site.person(name, &[]);
        card_of(&site, name);
        card_of(&site, name);
    }
    for (name, delay) in people.into_iter().zip([0, 20, 50, 120, 600]) {
        let (before, _) = standing(&site, name);
        let mut command = site.command("ada", PIN, &["person", "leave", name, "--yes"]);
        let mut leaving = command.stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        site.kill_server();
        leaving.wait().unwrap();
        site.start();
        let (after, has_left) = standing(&site, name);
        assert!(has_left || after == before, "{name}: half of it was done");
        run(&site, "ada", &["person", "leave", name, "--yes"]).done();
        let shown = run(&site, "ada", &["person", "show", name]).done();
        let states: Vec<_> = shown["cards"].as_array().unwrap().iter().map(|card| card["state"].clone()).collect();
        assert_eq!((states, &shown["disabled"]), (vec![json!("Disabled"); 2], &json!(true)), "{name}");
    }
    site.stop_server();
    let directory = site.program.path("server").display().to_string();
    site.program.json(["audit", "verify", &directory]).done();
}
