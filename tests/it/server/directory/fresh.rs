//! People are kept as the directory has them while the server runs.

use super::{RULES, account, import, site, table};
use crate::support::site::{API, EXTENSION, Site};
use crate::support::slapd::{BASE, Slapd};
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
    assert_eq!(site.call(None, "GET", "/healthz", None).unwrap().status, 200);
    assert_eq!(whoami(&site).status, 200);
    slapd.start();
    until("it is back", || (!away(&site)).then_some(()));

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
