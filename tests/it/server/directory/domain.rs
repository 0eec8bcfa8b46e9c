//! People of Active Directory: Samba's domain controller, imported, followed while the server runs, and let in by tickets.

use super::fresh::until;
use super::{account, import, set, states};
use crate::support::domain::{BASE, Domain, PASSWORD, REALM};
use crate::support::program::end;
use crate::support::site::{API, EXTENSION, Site, last_segment};
use serde_json::{Value, json};

/// The table for people below `unit`, with more keys.
pub fn table(domain: &Domain, unit: &str, more: &str) -> String {
    format!(
        "\n[directory]\nkind = \"active-directory\"\nurl = {:?}\ntrust = {:?}\nbind_dn = {:?}\npassword_file = \
         \"directory.password\"\nbase = {unit:?}\n{more}\n",
        domain.secure_url(),
        domain.path("ca.pem"),
        domain.reader()
    )
}

fn rule(unit: &str, theirs: &str, ours: &str) -> String {
    format!("[[directory.groups]]\ndn = \"CN={theirs},{unit}\"\ngroup = \"{ours}\"\n")
}

/// A site whose server is stopped.
pub fn site(settings: &str) -> Site {
    let site = super::site(settings);
    site.program.write("server/directory.password", format!("{PASSWORD}\n"));
    site
}

/// What Samba's own tool tells of an attribute.
fn told(domain: &Domain, name: &str, attribute: &str) -> String {
    let mut tool = std::process::Command::new("samba-tool");
    tool.args(["user", "show", name, "--attributes", attribute, "-s"]).arg(domain.path("smb.conf"));
    let shown = end(&mut tool);
    let line = shown.stdout.lines().find_map(|line| line.strip_prefix(&format!("{attribute}: "))).map(str::to_owned);
    line.unwrap_or_else(|| panic!("{shown:?}"))
}

#[test]
fn people_of_active_directory_are_taken_over_renamed_moved_disabled_and_gone() {
    let domain = Domain::shared();
    let unit = domain.unit("import");
    domain.person(&unit, "anna", "mail: anna@cards.test\ndisplayName:: w4RubmE=\ndepartment: Wing 7");
    for name in ["bert", "carl", "dora", "emil"] {
        domain.person(&unit, name, "");
    }
    domain.change(&format!(
        "dn: CN=import-pc,{unit}\nchangetype: add\nobjectClass: computer\nsAMAccountName: import-pc$\nuserAccountControl: \
         4096\n\n"
    ));
    domain.group(&unit, "import-inner", &[&format!("CN=anna,{unit}")]);
    domain.group(&unit, "import-outer", &[&format!("CN=import-inner,{unit}"), &format!("CN=bert,{unit}")]);
    let rules = rule(&unit, "import-outer", "staff") + &rule(&unit, "import-none", "nobody");
    let site = site(&table(domain, &unit, &format!("page = 2\n{rules}")));
    let preview = import(&site, &[]).done();
    assert_eq!((&preview["new"], &preview["refused"]), (&json!(5), &json!(0)), "{preview}");
    assert_eq!(preview["missing_groups"], json!([format!("CN=import-none,{unit}")]));
    import(&site, &["--apply"]).done();
    let anna = account(&site, "anna");
    assert_eq!(anna["uuid"], told(domain, "anna", "objectGUID"));
    assert_eq!(anna["sid"], told(domain, "anna", "objectSid"));
    assert_eq!((&anna["groups"], &anna["upn"]), (&json!(["staff"]), &json!("anna@cards.test")), "{anna}");
    assert_eq!(anna["attributes"], json!({"department": "Wing 7", "display-name": "Änna"}), "{anna}");
    assert_eq!(account(&site, "bert")["groups"], json!(["staff"]));
    // TLS begun in the connection is as good.
    set(&site, &table(domain, &unit, &rules).replace("ldaps://", "ldap://"));
    assert_eq!(import(&site, &[]).done()["same"], 5);

    domain.change(&format!("dn: OU=moved,{unit}\nchangetype: add\nobjectClass: organizationalUnit\n\n"));
    domain.change(&format!(
        "dn: CN=anna,{unit}\nchangetype: modrdn\nnewrdn: CN=anne\ndeleteoldrdn: 1\nnewsuperior: OU=moved,{unit}\n\n"
    ));
    domain.set(&format!("CN=anne,OU=moved,{unit}"), "sAMAccountName", "anne");
    domain.set(&format!("CN=bert,{unit}"), "userAccountControl", "514");
    domain.change(&format!("dn: CN=carl,{unit}\nchangetype: delete\n\n"));
    domain.change(&format!(
        "dn: CN=dora,{unit}\nchangetype: modrdn\nnewrdn: CN=dora\ndeleteoldrdn: 1\nnewsuperior: CN=Users,{BASE}\n\n"
    ));
    domain.set(&format!("CN=emil,{unit}"), "accountExpires", "130000000000000000");
    let report = import(&site, &["--apply"]).done();
    let expected = [("anne", "changed"), ("bert", "changed"), ("carl", "gone"), ("dora", "gone"), ("emil", "changed")];
    assert_eq!(states(&report), super::of(&expected), "{report}");
    let anne = account(&site, "anne");
    assert_eq!((&anne["uuid"], &anne["groups"]), (&anna["uuid"], &json!(["staff"])), "the same person, and her groups");
    for name in ["bert", "carl", "dora", "emil"] {
        assert_eq!(account(&site, name)["disabled"], true, "{name}");
    }
    // What ended is taken back there, and here.
    domain.set(&format!("CN=emil,{unit}"), "accountExpires", "0");
    domain.set(&format!("CN=bert,{unit}"), "userAccountControl", "512");
    import(&site, &["--apply"]).done();
    assert_eq!([account(&site, "emil")["disabled"] == false, account(&site, "bert")["disabled"] == false], [true; 2]);
}

#[test]
fn people_of_active_directory_are_found_by_a_part_of_a_name() {
    let domain = Domain::shared();
    let unit = domain.unit("found");
    domain.person(&unit, "wilhelmine", "mail: wilhelmine@cards.test\ndisplayName:: w4RubmE=\ndepartment: Wing 7");
    domain.person(&unit, "wilhelm", "");
    domain.set(&format!("CN=wilhelm,{unit}"), "userAccountControl", "514");
    let mut site = site(&table(domain, &unit, "on_use = true"));
    site.person("olga", &["operators"]);
    site.start();
    let found = |text: &str| {
        let mut people = site.client("olga").people_elsewhere(text).unwrap().people;
        people.sort_by(|one, other| one.name.cmp(&other.name));
        people
    };
    let people = found("ilhel");
    let told: Vec<_> = people.iter().map(|person| (person.name.as_str(), person.disabled)).collect();
    assert_eq!(told, [("wilhelm", true), ("wilhelmine", false)]);
    let person = &people[1];
    assert_eq!([&person.display_name, &person.department], ["Änna", "Wing 7"]);
    assert_eq!(person.id.map(|id| id.to_string()), Some(self::told(domain, "wilhelmine", "objectGUID")));
    assert_eq!(found("änn").len(), 1);
    assert_eq!((found("**").len(), found("*)(sAMAccountName=*").len()), (0, 0));
    assert_eq!(found("administrator").len(), 0, "below the base alone");
    let taken = site.client("olga").take_over(person.id.unwrap()).unwrap();
    assert_eq!((taken.name.as_str(), Some(taken.uuid)), ("wilhelmine", person.id));
    assert!(site.client("olga").take_over(people[0].id.unwrap()).is_err(), "who is disabled there is not taken over");
    assert_eq!(account(&site, "wilhelm"), Value::Null);
    site.stop_server();
}

#[test]
fn a_running_server_takes_away_what_active_directory_takes_away() {
    let domain = Domain::shared();
    let unit = domain.unit("followed");
    for name in ["frida", "georg", "hanna"] {
        domain.person(&unit, name, "");
    }
    let dn = |name: &str| format!("CN={name},{unit}");
    domain.group(&unit, "followed-inner", &[&dn("frida")]);
    domain.group(&unit, "followed-outer", &[&dn("followed-inner")]);
    let settings = table(domain, &unit, &format!("refresh_seconds = 1\n{}", rule(&unit, "followed-outer", "staff")));
    let mut site = site(&settings);
    import(&site, &["--apply"]).done();
    ["frida", "georg", "hanna"].into_iter().for_each(|name| site.admit(name));
    site.start();
    let whoami = |name: &str| site.get(name, &format!("{EXTENSION}/whoami"));
    let order = json!({
        "profiletemplateuuid": site.template_uuid, "datacollection": "[]", "type": "Enroll", "comment": "",
    });
    let begun =
        ["georg", "hanna"].map(|name| last_segment(&site.send(name, "POST", &format!("{API}/requests"), &order).ok()));
    assert!(whoami("frida").text().contains("staff"));
    domain.change(&format!(
        "dn: {}\nchangetype: modify\ndelete: member\nmember: {}\n\n",
        dn("followed-inner"),
        dn("frida")
    ));
    until("the right by a group within a group is gone", || (!whoami("frida").text().contains("staff")).then_some(()));

    domain.set(&dn("georg"), "userAccountControl", "514");
    until("who is disabled there is so here", || (whoami("georg").status == 403).then_some(()));
    // Nothing there changes at the moment at which an account ends.
    let soon = (time::OffsetDateTime::now_utc().unix_timestamp() + 3 + 11_644_473_600) * 10_000_000;
    domain.set(&dn("hanna"), "accountExpires", &soon.to_string());
    until("an account that has ended is disabled", || (whoami("hanna").status == 403).then_some(()));
    site.person("auditor", &["auditors"]);
    for request in begun {
        let shown = site.get("auditor", &format!("{API}/requests/{request}")).ok();
        assert_eq!(shown["Status"], 17, "canceled: {shown}");
    }
    assert!(!site.log().contains(PASSWORD));
    site.stop_server();
}

#[test]
fn the_directory_is_asked_by_tickets_of_a_keytab_and_no_password_stands_anywhere() {
    let domain = Domain::shared();
    let unit = domain.unit("keytab");
    domain.person(&unit, "klara", "");
    domain.change(&format!(
        "dn: CN=DC1,OU=Domain Controllers,{BASE}\nchangetype: modify\nadd: servicePrincipalName\nservicePrincipalName: \
         ldap/{}\n\n",
        domain.address()
    ));
    let by_password = table(domain, &unit, "");
    let by_keytab = |keytab: &str| {
        let (before, after) = by_password.split_once("bind_dn").unwrap();
        let after = after.split_once("base = ").unwrap().1;
        format!("{before}keytab = {keytab:?}\nbase = {after}")
    };
    let keytab = domain.keytab("reader");
    let mut site = site(&by_keytab(&keytab.display().to_string()));
    let path = site.program.path("server/directory.password");
    std::fs::remove_file(path).unwrap();
    let refused = |site: &Site, code: &str, word: &str| {
        let told = import(site, &[]).told();
        assert!(told.code == code && told.all().contains(word), "{told:?}");
    };
    // Nobody has said where tickets come from.
    refused(&site, "directory", "no ticket for the directory");
    site.program.set("KRB5_CONFIG", domain.path("krb5.conf").display().to_string());
    assert_eq!(import(&site, &["--apply"]).done()["new"], 1);
    set(&site, &by_keytab(&keytab.display().to_string()).replace("ldaps://", "ldap://"));
    assert_eq!(import(&site, &[]).done()["same"], 1, "TLS begun in the connection");
    set(&site, &by_keytab("nobody.keytab"));
    refused(&site, "directory", "no ticket for the directory");
    set(&site, &(by_keytab("a.keytab") + "bind_dn = \"cn=reader\"\n"));
    refused(&site, "directory-settings", "by keytab alone");
}

#[test]
fn a_ticket_of_the_domain_lets_its_person_in_and_nobody_else() {
    let domain = Domain::shared();
    let unit = domain.unit("tickets");
    for name in ["ida", "jakob", "tickets-web"] {
        domain.person(&unit, name, "");
    }
    let keytab = domain.keytab_of_service(&format!("CN=tickets-web,{unit}"), "HTTP/localhost");
    let negotiate =
        format!("[identity.negotiate]\nkeytab = {keytab:?}\nrealms = [{REALM:?}]\nuser_by = \"local-part\"\n");
    let mut site = site(&(table(domain, &unit, "filter = \"(sAMAccountName=ida)\"") + &negotiate));
    import(&site, &["--apply"]).done();
    site.start();
    let tickets = site.program.path("tickets");
    let list = |name: &str| {
        let done = domain.log_in(&tickets, name, &[], PASSWORD).output().unwrap();
        assert!(done.status.success(), "{done:?}");
        let named = site.origin.replace("127.0.0.1", "localhost");
        let mut list = site.program.command(["--json", "request", "list", "--negotiate", "--server", &named]);
        end(list.env("CARDWRIGHT_CA_FILE", site.ca_file()).envs(domain.variables(&tickets)))
    };
    assert_eq!(list("ida").done(), json!([]));
    list("jakob").refused(6, "user-unknown");
    assert_eq!(account(&site, "jakob"), Value::Null, "a ticket makes no account");
    site.stop_server();
}
