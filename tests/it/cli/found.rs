//! `card`, `person` and `search` at the command line, of a server with cards on it.

use super::PIN;
use crate::support::program::Ended;
use crate::support::site::{API, Site};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::json;

pub fn card_of(site: &Site, name: &str) -> String {
    let request = site.executing_request(name);
    completed(site, name, &request)
}

/// Has a request certified and completed; gives the card that it has brought.
fn completed(site: &Site, who: &str, request: &str) -> String {
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata(who, request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    let done = site.send(who, "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    done["NewSmartcardUuid"].as_str().unwrap().to_owned()
}

/// Carries a request out on a card of its own.
pub fn carried_out(site: &Site, who: &str, request: &str) -> String {
    let card = json!({"requestid": request, "cardid": uuid::Uuid::new_v4()});
    site.send(who, "POST", &format!("{API}/smartcards"), &card).ok();
    completed(site, who, request)
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
fn what_a_token_says_of_itself_is_kept_when_it_is_enrolled() {
    let site = site();
    site.program.factory_token("card");
    let info = site.program.json(["token", "info", "--label", "card"]).done();
    run(&site, "ursula", &super::ENROLL).done();
    let card = run(&site, "olga", &["card", "show", "ursula"]).done();
    let (model, serial) = (card["model"].as_str().unwrap(), &card["printed_serial"]);
    assert!(model.contains(info["model"].as_str().unwrap()), "{card}");
    assert_eq!((serial, &card["printed_serial_by"]), (&info["serial"], &json!("client")), "{card}");
    assert_eq!((&card["attested"], &card["assigned_as"]), (&json!(false), &json!("ursula")), "{card}");
    let found = run(&site, "olga", &["search", serial.as_str().unwrap()]).done();
    assert_eq!(found[0]["uuid"], card["card"]);
}

#[test]
fn a_report_is_a_table_for_spreadsheets_that_computes_nothing() {
    let mut site = site();
    site.person("audrey", &["auditors"]);
    site.person("=HYPERLINK(1)", &[]);
    let card = card_of(&site, "=HYPERLINK(1)");
    let report = |arguments: &[&str]| run(&site, "audrey", &[&["report"], arguments].concat());
    let told = report(&["issued"]).done();
    assert_eq!((&told["report"], &told["rows"][0]["card"]), (&json!("issued"), &json!(card)));
    assert!(told["as_of"].as_str().unwrap().ends_with('Z'), "{told}");
    let mut command = site.program.command(["report", "issued", "--csv"]);
    command.env("CARDWRIGHT_SERVER", &site.origin).env("CARDWRIGHT_CA_FILE", site.ca_file());
    let csv = crate::support::program::end(command.env("CARDWRIGHT_BEARER", site.bearer("audrey")));
    let lines: Vec<&str> = csv.stdout.split("\r\n").collect();
    assert_eq!(lines[0], "at,what,for,by,template,type,request,card,serial,why,count,as of");
    assert!(lines[1].contains(",Issued,'=HYPERLINK(1),") && lines[1].ends_with('Z'), "{csv:?}");
    assert!(csv.stderr.contains("1 row, as of "), "{csv:?}");
    assert_eq!(report(&["cards"]).done()["rows"][0]["count"], 1);
    assert_eq!(report(&["issued", "--to", "2001-01-31"]).done()["rows"], json!([]));
    assert_eq!(report(&["issued", "--from", "2001-01-31"]).done()["rows"].as_array().unwrap().len(), 1);
    report(&["issued", "--from", "yesterday"]).refused(2, "usage");
    report(&["issued", "--from", "2002-01-01", "--to", "2001-01-01"]).refused(2, "usage");
    let refused = run(&site, "olga", &["report", "issued"]).told();
    assert_eq!(refused.exit, 6, "{refused:?}");
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

#[test]
fn every_command_that_asks_for_a_person_lists_whom_a_name_could_mean_and_asks_for_nobody() {
    let site = site();
    card_of(&site, "ursula");
    // What is one person's UPN is another's e-mail address.
    let directory = site.program.path("server").display().to_string();
    let email = ["--email", "ursula@example.test"];
    let added = ["server", "user", "add", &directory, "zoe", "--days", "1", "--upn", "zoe@example.test"];
    site.program.json(added.into_iter().chain(email)).done();
    let olga = |arguments: &[&str]| run(&site, "olga", arguments);
    let before = olga(&["request", "list"]).done();
    let asking: [&[&str]; 3] = [
        &["enroll", "--template", "Smart card logon", "--target"],
        &["request", "create", "--type", "enroll", "--template", "Smart card logon", "--for"],
        &["request", "approve", "--yes", "--all-for"],
    ];
    let looking: [&[&str]; 5] =
        [&["person", "show"], &["card", "list", "--owner"], &["card", "lend"], &["card", "show"], &["person", "leave"]];
    for command in asking.iter().chain(&looking) {
        let told = olga(&[command, &["ursula@example.test"][..]].concat()).refused(2, "ambiguous");
        assert!(told.remedy.contains("ursula (ursula@") && told.remedy.contains("zoe (zoe@"), "{command:?}: {told:?}");
    }
    // Nothing is asked for somebody whose name only begins so.
    for command in asking {
        let told = olga(&[command, &["u"][..]].concat()).refused(6, "user-unknown");
        assert!(told.remedy.contains("ursula (") && told.remedy.contains("ulrich ("), "{command:?}: {told:?}");
        let told = olga(&[command, &["ulri"][..]].concat()).refused(6, "user-unknown");
        assert!(told.remedy.ends_with("Name one of these: ulrich (ulrich@example.test)."), "{command:?}: {told:?}");
        let told = olga(&[command, &["xaver"][..]].concat()).refused(6, "user-unknown");
        assert!(told.remedy.contains("spelling"), "{command:?}: {told:?}");
    }
    assert_eq!(olga(&["request", "list"]).done(), before, "nothing was asked for");
    // An e-mail address or UPN of one person alone is as good as the name.
    let create = ["request", "create", "--type", "enroll", "--template", "Smart card logon", "--for"];
    let made = olga(&[&create[..], &["Ulrich@example.test"]].concat()).done();
    let ulrich = olga(&["person", "show", "ulrich"]).done();
    assert_eq!(made["target"], ulrich["person"]);
}
