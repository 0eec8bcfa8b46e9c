//! People are kept as the directory has them while the server runs.

use super::{RULES, account, import, site, table};
use crate::support::site::{API, EXTENSION, Site};
use crate::support::slapd::{BASE, Slapd};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// Waits until something is so; the time is stated in the settings and bounded here.
#[track_caller]
pub fn until<T>(what: &str, look: impl Fn() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "{what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// Says whether the server tells that the directory is away, for how long already.
fn away(site: &Site) -> bool {
    site.call(None, "GET", "/healthz", None).unwrap().json()["failing_since"]["directory"].is_string()
}

/// Returns what is told of the directory to who oversees the server.
fn directory(site: &Site) -> Value {
    let health = site.get("audrey", &format!("{EXTENSION}/health")).ok();
    health["Checks"].as_array().unwrap().iter().find(|check| check["Name"] == "directory").unwrap().clone()
}

#[test]
fn a_change_of_the_directory_takes_rights_and_requests_away_and_its_absence_stops_nothing() {
    let mut slapd = Slapd::new();
    slapd.person("alice", "");
    slapd.person("bob", "");
    slapd.group("all", &["uid=alice,ou=people", "uid=bob,ou=people"]);
    let mut site = site(&table(&slapd.url(), &format!("plain = true\nrefresh_seconds = 1\nadd = false\n{RULES}")));
    import(&site, &["--apply"]).done();
    let alice = super::server(&site, &["token", "add", "alice", "--show-token"]).done();
    let bearer = alice["bearer"].as_str().unwrap().to_owned();
    site.start();
    site.person("audrey", &["auditors"]);
    let whoami = |site: &Site| site.call(Some(&bearer), "GET", &format!("{EXTENSION}/whoami"), None).unwrap();
    assert!(whoami(&site).text().contains("staff"));
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "",
    });
    let made = site.call(Some(&bearer), "POST", &format!("{API}/requests"), Some(order.to_string().as_bytes()));
    let request = made.unwrap().ok().to_string();
    let request = request.trim_matches('"').rsplit('/').next().unwrap().to_owned();

    slapd.modify(&format!(
        "dn: cn=all,{BASE}\nchangetype: modify\ndelete: member\nmember: uid=alice,ou=people,{BASE}\n\n"
    ));
    until("the group's right is gone", || (!whoami(&site).text().contains("staff")).then_some(()));
    assert!(account(&site, "bob")["groups"] == json!(["staff"]));

    // A directory that is away takes nothing away, and is told.
    slapd.stop();
    until("it is told", || away(&site).then_some(()));
    let stands = |code: &str| directory(&site)["Code"] == code;
    let told = directory(&site);
    assert!(stands("away") && told["State"] == "Bad" && told["Since"].as_str().unwrap() > "2026", "{told}");
    assert_eq!(site.call(None, "GET", "/healthz", None).unwrap().status, 200);
    assert_eq!(whoami(&site).status, 200);
    slapd.start();
    until("it is back", || (!away(&site)).then_some(()));
    let told = directory(&site);
    // One of the groups that the settings name is not there.
    assert!(stands("groups-missing") && told["State"] == "Soon", "{told}");
    assert!(told["Count"] == 2 && told["Failed"] == 1 && told["Since"].as_str().unwrap() > "2026", "{told}");

    // A person who is gone is disabled, and what the person has begun ends. Nobody new comes in unasked.
    slapd.person("carol", "");
    slapd.delete(&format!("uid=alice,ou=people,{BASE}"));
    slapd.modify(&format!("dn: cn=all,{BASE}\nchangetype: modify\nreplace: description\ndescription: changed\n\n"));
    until("who is gone is disabled", || (whoami(&site).status == 403).then_some(()));
    site.person("auditor", &["auditors"]);
    let status = site.get("auditor", &format!("{API}/requests/{request}")).text();
    assert!(status.contains("\"Status\":17"), "canceled: {status}");
    assert_eq!(account(&site, "carol"), Value::Null);
    assert!(!site.log().contains(crate::support::slapd::PASSWORD));
    site.stop_server();
}

#[test]
fn whoever_is_renamed_after_asking_gets_a_certificate_for_the_new_names_and_everybody_is_told_which() {
    let slapd = Slapd::new();
    slapd.person("alice", "");
    let mut site = site(&table(&slapd.url(), "plain = true\nrefresh_seconds = 1\nadd = false"));
    import(&site, &["--apply"]).done();
    site.admit("alice");
    site.start();
    let request = site.executing_request("alice");
    slapd.modify(&format!(
        "dn: uid=alice,ou=people,{BASE}\nchangetype: modrdn\nnewrdn: uid=alicia\ndeleteoldrdn: 1\n\n\
         dn: uid=alicia,ou=people,{BASE}\nchangetype: modify\nreplace: userPrincipalName\n\
         userPrincipalName: alicia@cards.test\n-\nreplace: mail\nmail: alicia@cards.test\n\n"
    ));
    let is_known = || account(&site, "alicia")["upn"] == "alicia@cards.test";
    until("the new names are known", || is_known().then_some(()));
    // She goes on with what she has begun, by the login that she has.
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata("alice", &request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    site.send("alice", "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    let database = rusqlite::Connection::open(site.program.path("server/cardwright.db")).unwrap();
    let der: Vec<u8> = database.query_row("SELECT der FROM certificates", [], |row| row.get(0)).unwrap();
    let text = String::from_utf8_lossy(&der);
    assert!(text.contains("alicia") && !text.contains("alice"), "the names at the time of issue alone: {text}");
    let run = |arguments: &[&str]| site.run("alice", "", arguments);
    let shown = run(&["request", "show", &request]).done();
    assert_eq!(shown["target_name"], "alicia", "{shown}");
    let card = run(&["card", "show", "alicia@cards.test"]).done();
    assert_eq!((&card["owner_name"], &card["assigned_as"]), (&json!("alicia"), &json!("alice")), "{card}");
    let gone = run(&["person", "show", "alice"]).refused(2, "not-found");
    assert!(gone.remedy.contains("cardwright person find"), "{gone:?}");
    site.stop_server();
}
