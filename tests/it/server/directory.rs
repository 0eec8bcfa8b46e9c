//! People who come from a directory: a real slapd, and directories that misbehave.

mod bad;
pub mod domain;
mod elsewhere;
mod fresh;

use crate::support::program::{Ended, end};
use crate::support::site::Site;
use crate::support::slapd::{BASE, PASSWORD, ROOT, Slapd};
use serde_json::{Value, json};

/// The table for a directory, with more keys.
pub fn table(url: &str, more: &str) -> String {
    format!(
        "\n[directory]\nkind = \"ldap\"\nurl = \"{url}\"\nbind_dn = \"{ROOT}\"\npassword_file = \"directory.password\"\n\
         base = \"{BASE}\"\n{more}\n"
    )
}

/// Which group of the directory stands for which here.
pub const RULES: &str = "[[directory.groups]]\ndn = \"cn=all, DC=cards,DC=test\"\ngroup = \"staff\"\n\
                         [[directory.groups]]\ndn = \"cn=gone,dc=cards,dc=test\"\ngroup = \"nobody\"\n";

/// A site whose server is stopped, and its `[directory]` table written.
pub fn site(settings: &str) -> Site {
    let mut site = Site::new();
    site.stop_server();
    site.program.write("server/directory.password", format!("{PASSWORD}\n"));
    set(&site, settings);
    site
}

/// Writes another `[directory]` table.
pub fn set(site: &Site, settings: &str) {
    let path = site.program.path("server/server.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    let before = text.split("\n[directory]").next().unwrap().to_owned();
    std::fs::write(path, before + settings).unwrap();
}

pub fn server(site: &Site, arguments: &[&str]) -> Ended {
    let directory = site.program.path("server").display().to_string();
    let (command, more) = arguments.split_at(2);
    end(&mut site.program.command([&["--json", "server"], command, &[directory.as_str()], more].concat()))
}

pub fn import(site: &Site, more: &[&str]) -> Ended {
    server(site, &[&["user", "import", "--directory"], more].concat())
}

/// The account of a name, as `server user list` shows it.
pub fn account(site: &Site, name: &str) -> Value {
    let users = server(site, &["user", "list"]).done()["users"].as_array().unwrap().clone();
    users.into_iter().find(|user| user["name"] == name).unwrap_or(Value::Null)
}

/// What a report says of the entries that are not as before.
fn states(report: &Value) -> Vec<(String, String)> {
    let text = |row: &Value, key: &str| row[key].as_str().unwrap().to_owned();
    let mut rows: Vec<_> =
        report["rows"].as_array().unwrap().iter().map(|row| (text(row, "name"), text(row, "state"))).collect();
    rows.sort();
    rows
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, state)| ((*name).to_owned(), (*state).to_owned())).collect()
}

#[test]
fn people_are_shown_first_and_then_taken_over_with_groups_within_groups() {
    let slapd = Slapd::new();
    slapd.person("alice", "departmentNumber: Wing 7\ndisplayName: Älice");
    slapd.person("bob", "");
    slapd.person("mallory", "mail: other@cards.test");
    slapd.group("inner", &["uid=alice,ou=people", "cn=all"]);
    slapd.group("all", &["cn=inner"]);
    let site = site(&table(&slapd.url(), &format!("plain = true\n{RULES}")));
    let preview = import(&site, &[]).done();
    assert_eq!((&preview["applied"], &preview["new"], &preview["refused"]), (&json!(false), &json!(2), &json!(1)));
    assert_eq!(states(&preview), of(&[("", "refused"), ("alice", "new"), ("bob", "new")]));
    assert!(preview.to_string().contains("2 values of mail"), "{preview}");
    assert_eq!(preview["missing_groups"], json!(["cn=gone,dc=cards,dc=test"]));
    assert_eq!(account(&site, "alice"), Value::Null, "a preview does nothing");
    let applied = import(&site, &["--apply"]);
    assert!(!applied.success(), "one is refused, and a script sees it");
    let alice = account(&site, "alice");
    assert_eq!((&alice["groups"], &alice["upn"]), (&json!(["staff"]), &json!("alice@cards.test")));
    assert_eq!(account(&site, "bob")["groups"], json!([]));
    let id = alice["uuid"].as_str().unwrap().to_owned();
    let checked = server(&site, &["directory", "check", "ALICE@cards.test"]).done();
    assert_eq!(checked["groups"][0]["members"], 3, "alice, and each group in the other: {checked}");
    assert_eq!((&checked["groups"][1]["members"], &checked["people"][0]["state"]), (&Value::Null, &json!("same")));

    // Another name, another place: the same person. One who is gone is disabled, and keeps no group.
    slapd.add(&format!("dn: ou=moved,{BASE}\nobjectClass: organizationalUnit\nou: moved\n\n"));
    slapd.modify(&format!(
        "dn: uid=alice,ou=people,{BASE}\nchangetype: modrdn\nnewrdn: uid=alicia\ndeleteoldrdn: 1\nnewsuperior: \
         ou=moved,{BASE}\n\n"
    ));
    slapd.modify(&format!("dn: cn=inner,{BASE}\nchangetype: modify\nreplace: member\nmember: cn=all,{BASE}\n\n"));
    slapd.delete(&format!("uid=bob,ou=people,{BASE}"));
    let report = import(&site, &[]).done();
    assert_eq!(states(&report), of(&[("", "refused"), ("alicia", "changed"), ("bob", "gone")]));
    import(&site, &["--apply"]);
    let alicia = account(&site, "alicia");
    assert_eq!((&alicia["uuid"], &alicia["groups"]), (&json!(id), &json!([])));
    assert_eq!((&account(&site, "bob")["disabled"], account(&site, "alice")), (&json!(true), Value::Null));
    let export = end(site
        .program
        .command(["--json", "audit", "export", &site.program.path("server").display().to_string()])
        .env("CARDWRIGHT_PASSPHRASE", crate::support::site::PASSPHRASE));
    assert!(export.stdout.contains("gone") && export.stdout.contains("user-added"), "{}", export.stdout);
}

#[test]
fn two_of_the_directory_who_share_a_name_are_both_refused_and_named() {
    let slapd = Slapd::new();
    slapd.person("alice", "");
    slapd.person("other", "");
    slapd.modify(&format!(
        "dn: uid=other,ou=people,{BASE}\nchangetype: modify\nreplace: userPrincipalName\nuserPrincipalName: \
         ALICE@cards.test\n\n"
    ));
    let site = site(&table(&slapd.url(), "plain = true"));
    assert_eq!(import(&site, &["--apply"]).code, Some(2), "a script sees it");
    let report = import(&site, &[]).done();
    assert_eq!(states(&report), of(&[("alice", "refused"), ("other", "refused")]));
    assert!(report["rows"][1]["reason"].as_str().unwrap().contains("UPN"), "{report}");
    assert_eq!(account(&site, "alice"), Value::Null);
}

#[test]
fn an_account_that_is_there_already_is_handed_over_only_when_that_is_said() {
    let slapd = Slapd::new();
    slapd.person("alice", "");
    let site = site(&table(&slapd.url(), "plain = true"));
    let added = server(&site, &["user", "add", "ally", "--upn", "alice@cards.test", "--group", "admins"]).done();
    let report = import(&site, &["--apply"]);
    assert!(report.all().contains("--adopt hands it over"), "{report:?}");
    assert_eq!(account(&site, "ally")["groups"], json!(["admins"]));
    import(&site, &["--apply", "--adopt"]).done();
    let alice = account(&site, "alice");
    assert_eq!((&alice["uuid"], &alice["groups"]), (&added["uuid"], &json!([])), "one account, and the directory's");
    assert_eq!(import(&site, &[]).done()["same"], 1);
    // From now on the directory alone changes it, but for being disabled.
    server(&site, &["user", "change", "alice", "--group", "admins"]).refused(2, "from-directory");
    server(&site, &["user", "disable", "alice"]).done();
    import(&site, &["--apply"]).done();
    assert_eq!(account(&site, "alice")["disabled"], true, "who is disabled here stays so");
    server(&site, &["user", "enable", "alice"]).done();
    slapd.delete(&format!("uid=alice,ou=people,{BASE}"));
    import(&site, &["--apply"]).done();
    server(&site, &["user", "enable", "alice"]).refused(2, "from-directory");
}

#[test]
fn many_who_are_gone_at_once_are_disabled_only_when_that_is_said() {
    let slapd = Slapd::new();
    for index in 0..12 {
        slapd.person(&format!("p{index}"), "");
    }
    let site = site(&table(&slapd.url(), "plain = true\npage = 5"));
    let before = slapd.searches();
    assert_eq!(import(&site, &["--apply"]).done()["new"], 12, "in three pages");
    assert_eq!(slapd.searches() - before, 6, "everybody is read twice, and nobody by himself");
    set(&site, &table(&slapd.url(), "plain = true\nfilter = \"(uid=nobody)\""));
    let refused = import(&site, &["--apply"]);
    assert!(refused.all().contains("12 of 12 would be disabled"), "{refused:?}");
    assert_eq!(account(&site, "p3")["disabled"], false);
    assert_eq!(import(&site, &["--apply", "--many-gone"]).done()["gone"], 12);
    assert_eq!(account(&site, "p3")["disabled"], true);
}
