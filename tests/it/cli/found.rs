//! `card`, `person` and `search` at the command line, of a server with cards on it.

use super::PIN;
use crate::support::program::Ended;
use crate::support::site::{API, Site};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::json;

fn card_of(site: &Site, name: &str) -> String {
    let request = site.executing_request(name);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata(name, &request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    let done = site.send(name, "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    done["NewSmartcardUuid"].as_str().unwrap().to_owned()
}

fn site() -> Site {
    let mut site = Site::new();
    site.person("ursula", &[]);
    site.person("ulrich", &[]);
    site.person("olga", &["operators"]);
    site
}

fn run(site: &Site, who: &str, arguments: &[&str]) -> Ended {
    site.run(who, PIN, arguments)
}

#[test]
fn the_questions_of_a_desk_are_answered() {
    let site = site();
    let first = card_of(&site, "ursula");
    let olga = |arguments: &[&str]| run(&site, "olga", arguments);

    let shown = olga(&["person", "show", "ursula"]).done();
    assert_eq!((&shown["cards"][0]["card"], &shown["cards"][0]["state"]), (&json!(first), &json!("Active")));
    assert!(shown["history"].as_array().unwrap().iter().any(|entry| entry["what"] == "Issued"), "{shown}");
    let card = olga(&["card", "show", "ursula"]).done();
    assert_eq!((&card["card"], &card["owner_name"]), (&json!(first), &json!("ursula")));
    let serial = card["certificates"][0].as_str().unwrap().to_owned();
    for named in [&serial, &first, card["card_id"].as_str().unwrap()] {
        assert_eq!(olga(&["card", "show", named]).done()["card"], json!(first), "{named}");
    }
    let found = olga(&["search", &serial]).done();
    assert_eq!((&found[0]["kind"], &found[0]["owner_name"]), (&json!("certificate"), &json!("ursula")));
    let told = olga(&["card", "history", &serial]).done();
    assert!(
        told.as_array().unwrap().iter().any(|entry| entry["what"] == "Requested" && entry["by"] == "ursula"),
        "{told}"
    );

    assert_eq!(olga(&["card", "list", "--owner", "ursula"]).done().as_array().unwrap().len(), 1);
    assert_eq!(olga(&["card", "list", "--state", "retired"]).done(), json!([]));
    assert_eq!(olga(&["card", "list", "--expiring-within", "400"]).done()[0]["serial"], json!(serial));
    assert_eq!(olga(&["card", "list", "--expiring-within", "1"]).done(), json!([]));
}

#[test]
fn what_names_several_or_nothing_is_refused_with_what_to_do() {
    let site = site();
    let (first, second) = (card_of(&site, "ursula"), card_of(&site, "ursula"));
    let olga = |arguments: &[&str]| run(&site, "olga", arguments);
    let several = olga(&["card", "show", "ursula"]).refused(2, "ambiguous");
    assert!(several.remedy.contains(&first) && several.remedy.contains(&second), "{several:?}");
    let people = olga(&["person", "show", "u"]).refused(2, "ambiguous");
    assert!(people.remedy.contains("ursula") && people.remedy.contains("ulrich"), "{people:?}");
    let nobody = olga(&["person", "show", "xaver"]).refused(2, "not-found");
    assert!(nobody.remedy.contains("cardwright person find"), "{nobody:?}");
    let nothing = olga(&["card", "show", "0A0B0C"]).refused(2, "not-found");
    assert!(nothing.remedy.contains("cardwright search"), "{nothing:?}");
    olga(&["card", "show", "ulrich"]).refused(2, "not-found");
    olga(&["card", "list", "--state", "lost"]).refused(2, "usage");
    // Whoever is nobody's operator finds what is his alone.
    run(&site, "ulrich", &["person", "show", "ursula"]).refused(2, "not-found");
    assert_eq!(run(&site, "ulrich", &["card", "list"]).done(), json!([]));
    assert_eq!(run(&site, "ursula", &["card", "list"]).done().as_array().unwrap().len(), 2);
}

#[test]
fn a_person_whose_name_looks_like_a_guid_is_found_by_his_own() {
    let mut site = site();
    let name = "7b0c4d6e-0f3a-4c55-9d0e-2a6f1b8c9d10";
    site.person(name, &[]);
    let found = run(&site, "olga", &["person", "find", "7b0c4d6e"]).done();
    let guid = found[0]["person"].as_str().unwrap();
    assert_ne!(guid, name);
    assert_eq!(run(&site, "olga", &["person", "show", guid]).done()["name"], json!(name));
}
