//! People who are not here yet are found in the directory by a part of a name, and by nothing else that is typed.

use super::{RULES, account, import, server, set, site, table};
use crate::support::program::{Ended, end};
use crate::support::site::{EXTENSION, Site};
use crate::support::slapd::{BASE, PASSWORD, Slapd};
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

#[test]
fn whoever_asks_for_others_takes_over_who_is_needed_as_a_pass_would_and_nobody_else_does() {
    let slapd = Slapd::new();
    for name in ["alice", "bob", "carl", "dora", "erna", "outside"] {
        slapd.person(name, "");
    }
    slapd.group("inner", &["uid=alice,ou=people", "uid=bob,ou=people"]);
    slapd.group("all", &["cn=inner"]);
    let person = |name: &str, change: &str| {
        slapd.modify(&format!("dn: uid={name},ou=people,{BASE}\nchangetype: modify\n{change}\n\n"));
    };
    person("dora", "replace: userPrincipalName\nuserPrincipalName: ERNA@cards.test");
    let narrow = "plain = true\nrefresh_seconds = 3600\nfilter = \"(&(objectClass=inetOrgPerson)(!(uid=outside)))\"\n";
    let settings = |more: &str| table(&slapd.url(), &format!("{narrow}{more}{RULES}"));
    let mut site = site(&settings(""));
    site.person("olga", &["operators"]);
    site.person("ursula", &[]);
    server(&site, &["user", "add", "carlotta", "--upn", "carl@cards.test"]).done();
    site.start();
    let add = |site: &Site, who: &str, name: &str| site.run(who, "", &["person", "add", name]);
    let told = add(&site, "olga", "alice").refused(6, "forbidden");
    assert!(told.all().contains("on_use"), "{told:?}");
    site.stop_server();
    set(&site, &settings("on_use = true\n"));
    site.start();
    add(&site, "ursula", "alice").refused(6, "forbidden");
    assert_eq!(account(&site, "alice"), Value::Null);

    let alice = add(&site, "olga", "ALICE@cards.test").done();
    assert_eq!((&alice["name"], &alice["groups"]), (&json!("alice"), &json!(["staff"])), "groups within groups, too");
    assert_eq!(account(&site, "alice")["uuid"], alice["person"]);
    assert_eq!(account(&site, "bob"), Value::Null, "and nobody besides");
    assert_eq!(add(&site, "olga", "alice").done()["person"], alice["person"], "again is the same");
    for (name, word) in [("carl", "carlotta"), ("dora", "another person's too"), ("erna", "another person's too")] {
        let id = found(&site, name).people.into_iter().find(|person| person.name == name).unwrap().id.unwrap();
        let answer = site.send("olga", "POST", &format!("{EXTENSION}/people/elsewhere"), &json!({ "Id": id }));
        assert!(answer.text().contains(word), "{}", answer.text());
        assert_eq!(answer.refusal(&site), (409, "not-taken-over".into()), "{name}");
        assert_eq!(account(&site, name), Value::Null);
    }
    add(&site, "olga", "outside").refused(2, "not-found");
    let post = |body: Value| site.send("olga", "POST", &format!("{EXTENSION}/people/elsewhere"), &body).refusal(&site);
    assert_eq!(post(json!({ "Id": uuid::Uuid::new_v4() })), (404, "not-found".into()));
    assert_eq!(post(json!({ "Id": "*" })), (400, "malformed-body".into()));
    site.stop_server();
    let mut export =
        site.program.command(["--json", "audit", "export", &site.program.path("server").display().to_string()]);
    let export = end(export.env("CARDWRIGHT_PASSPHRASE", crate::support::site::PASSPHRASE));
    let of_alice = |line: &&str| line.contains("alice") && line.contains("user-added");
    let acts: Vec<&str> = export.stdout.lines().filter(of_alice).collect();
    assert!(acts.len() == 1 && acts[0].contains("olga"), "one act, of who has asked: {}", export.stdout);
}
