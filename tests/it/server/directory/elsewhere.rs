//! People who are not here yet are found in the directory by a part of a name, and by nothing else that is typed.

use super::{account, import, set, site, table};
use crate::support::program::Ended;
use crate::support::site::{EXTENSION, Site};
use crate::support::slapd::{PASSWORD, Slapd};
use cardwright::cm::found::FoundElsewhere;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// A running server, with olga at the desk and ursula, who looks for nobody.
fn desk(settings: &str) -> Site {
    let mut site = site(settings);
    site.person("olga", &["operators"]);
    site.person("ursula", &[]);
    site.start();
    site
}

#[track_caller]
fn found(site: &Site, text: &str) -> FoundElsewhere {
    site.client("olga").people_elsewhere(text).unwrap()
}

#[track_caller]
fn names(site: &Site, text: &str) -> Vec<String> {
    let mut names: Vec<String> = found(site, text).people.into_iter().map(|person| person.name).collect();
    names.sort();
    names
}

fn command(site: &Site, who: &str, text: &str) -> Ended {
    site.run(who, "", &["person", "find", text, "--directory"])
}

#[test]
fn a_part_of_a_name_finds_people_of_the_directory_and_makes_nobody_an_account() {
    let slapd = Slapd::new();
    slapd.person("alice", "departmentNumber: Wing 7\ndisplayName: Älice Müller");
    slapd.person("alison", "");
    slapd.person("mallory", "mail: other@cards.test");
    slapd.person("malvolio", "");
    let settings = "plain = true\nfilter = \"(&(objectClass=inetOrgPerson)(!(uid=malvolio)))\"";
    let site = desk(&table(&slapd.url(), settings));
    let alice = found(&site, "LIC");
    assert!(!alice.more && alice.people.len() == 1, "{alice:?}");
    let alice = &alice.people[0];
    let told = [&alice.name, &alice.display_name, &alice.upn, &alice.email, &alice.department];
    assert_eq!(told, ["alice", "Älice Müller", "alice@cards.test", "alice@cards.test", "Wing 7"]);
    assert_eq!((alice.known, alice.disabled, alice.problem.as_str()), (None, false, ""));
    assert_eq!(names(&site, "ali"), ["alice", "alison"]);
    assert_eq!(names(&site, "müll ali"), ["alice"], "each word, in any of the names");
    assert_eq!(account(&site, "alice"), Value::Null, "who is found is not taken over");
    // The settings' own filter holds, and who cannot be taken over is told with the reason.
    let mal = found(&site, "mal").people;
    assert!(mal.len() == 1 && mal[0].name.is_empty() && mal[0].dn.starts_with("uid=mallory"), "{mal:?}");
    assert!(mal[0].problem.contains("2 values of mail"), "{mal:?}");
    // What is typed is a text, whatever it holds.
    for text in ["**", "*)(uid=*", "a*e", "(|", "\\2a\\2a", "alice)(uid=alice", ")(objectClass=*"] {
        assert_eq!(names(&site, text), Vec::<String>::new(), "{text}");
    }
    import(&site, &["--apply"]);
    let known = found(&site, "alice").people[0].known;
    assert_eq!(known.map(|uuid| json!(uuid)), Some(account(&site, "alice")["uuid"].clone()));

    let shown = command(&site, "olga", "lic").done();
    assert_eq!((&shown["people"][0]["name"], &shown["more"]), (&json!("alice"), &json!(false)), "{shown}");
    assert_eq!(command(&site, "olga", "zz").done()["people"], json!([]));
    command(&site, "ursula", "lic").refused(6, "forbidden");
    let get = |text: &str| site.get("olga", &format!("{EXTENSION}/people/elsewhere?text={text}")).refusal(&site);
    for text in ["", "a", "%20a%20", "%FF%FF%FF", "a%00b"] {
        assert_eq!(get(text), (400, "bad-parameter".into()), "{text}");
    }
    assert_eq!(get(&"a".repeat(300)), (400, "bad-parameter".into()));
}

#[test]
fn of_many_some_are_told_and_that_there_are_more() {
    let slapd = Slapd::new();
    (0..21).for_each(|index| slapd.person(&format!("many{index:02}"), ""));
    let site = desk(&table(&slapd.url(), "plain = true\npage = 3"));
    let many = found(&site, "many");
    assert!(many.more && many.people.len() == 20, "{many:?}");
    slapd.delete("uid=many20,ou=people,dc=cards,dc=test");
    let all = found(&site, "many");
    assert!(!all.more && all.people.len() == 20, "{all:?}");
}

#[test]
fn a_directory_that_is_away_slow_or_refuses_is_told_and_nothing_else_is_disturbed() {
    let mut slapd = Slapd::new();
    slapd.person("alice", "");
    let mut site = desk(&table(&slapd.url(), "plain = true"));
    let path = format!("{EXTENSION}/people/elsewhere?text=alice");
    let refused = |site: &Site| {
        let refusal = site.get("olga", &path).refusal(site);
        assert_eq!(site.get("olga", &format!("{EXTENSION}/people?begins=olga")).status, 200);
        assert!(!site.log().contains(PASSWORD));
        refusal
    };
    site.program.write("server/directory.password", "another\n");
    assert_eq!(refused(&site), (502, "directory-refused".into()));
    site.program.write("server/directory.password", "");
    assert_eq!(refused(&site), (500, "internal".into()));
    site.program.write("server/directory.password", format!("{PASSWORD}\n"));
    slapd.stop();
    assert_eq!(refused(&site), (503, "directory-away".into()));
    assert!(command(&site, "olga", "alice").all().contains("directory-away"));
    slapd.start();
    assert_eq!(names(&site, "alice"), ["alice"]);
    site.stop_server();
    // Takes every connection, and never says a word.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    set(&site, &table(&format!("ldap://{}", silent.local_addr().unwrap()), "plain = true\ntimeout_seconds = 600"));
    site.start();
    let asked = Instant::now();
    assert_eq!(refused(&site), (503, "directory-away".into()));
    assert!(asked.elapsed() < Duration::from_secs(60), "not as long as a pass would wait");
    site.stop_server();
}
