//! How a server stands, as it tells those who oversee it; and what a template says, in facts. On both databases.

use super::identity::restart;
use super::support::{EXTENSION, Lab, Person};
use crate::support::postgres::Database;
use crate::support::program::{Program, end};
use serde_json::{Value, json};

const ROLES: &str = "[roles]\nadmin = [\"group:officers\"]\noperator = [\"group:operators\"]\n";

fn health(lab: &Lab, person: &Person) -> Value {
    lab.get(person, &format!("{EXTENSION}/health")).ok()
}

fn check(health: &Value, name: &str) -> Value {
    let checks = health["Checks"].as_array().unwrap();
    checks.iter().find(|check| check["Name"] == name).unwrap_or_else(|| panic!("{name} is not in {health}")).clone()
}

/// Writes into the store from beside the server.
fn sql(lab: &Lab, statement: &str) {
    match &lab.database {
        Some(database) => drop(database.sql(statement)),
        None => {
            let database = rusqlite::Connection::open(lab.data().join("cardwright.db")).unwrap();
            database.busy_timeout(std::time::Duration::from_secs(10)).unwrap();
            database.execute(statement, []).unwrap();
        }
    }
}

fn everything_is_told(database: Option<Database>) {
    let kind = if database.is_some() { "PostgreSQL" } else { "SQLite" };
    let mut lab = Lab::with_template(|template| template, database);
    restart(&mut lab, ROLES);
    let [alice, olga] = [lab.user("alice", &[]), lab.user("olga", &["operators"])];
    lab.enrolled(&alice);
    sql(&lab, "UPDATE smartcards SET admin_key = 'active', master_key_version = 1");
    let told = health(&lab, &olga);
    let names: Vec<&str> =
        told["Checks"].as_array().unwrap().iter().map(|check| check["Name"].as_str().unwrap()).collect();
    let expected = [
        "ca-certificate",
        "issuing-chain",
        "revocation-list",
        "tls-certificate",
        "master-keys",
        "recovery-key",
        "database",
        "log",
        "clock",
        "outbox",
    ];
    assert_eq!(names, expected, "no directory is set, and no task fails");
    assert_eq!((&told["State"], &told["Database"]), (&json!("Good"), &json!(kind)), "{told}");
    assert_eq!(told["Version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(told["MasterKeys"], json!([{"Version": 1, "Cards": 1, "IsCurrent": true, "IsHeld": true}]));
    assert_eq!((&check(&told, "master-keys")["Count"], &check(&told, "outbox")["Code"]), (&json!(1), &json!("no-way")));
    let ca = check(&told, "ca-certificate");
    assert!(ca["What"].as_str().unwrap().starts_with("CN=") && ca["Until"].as_str().unwrap() > "2027", "{ca}");
    assert!(told["Checks"].as_array().unwrap().iter().all(|check| check["Text"].as_str().unwrap().ends_with('.')));
}

#[test]
fn all_that_a_server_needs_is_told() {
    everything_is_told(None);
}

#[test]
fn all_that_a_server_needs_is_told_with_postgresql() {
    everything_is_told(Some(Database::new()));
}

#[test]
fn what_is_bad_is_told_with_its_remedy_and_ends_the_command_so() {
    let mut lab = Lab::plain(|template| template);
    restart(&mut lab, ROLES);
    let [alice, olga] = [lab.user("alice", &[]), lab.user("olga", &["operators"])];
    lab.enrolled(&alice);
    let asked = |program: &mut Program| {
        program.set("CARDWRIGHT_BEARER", &olga.token);
        let server = lab.base();
        end(&mut program.command(["--json", "server", "health", "--server", &server]))
    };
    let well = asked(&mut Program::new());
    let document: Value = serde_json::from_str(&well.stdout).unwrap();
    assert_eq!((well.code, &document["state"]), (Some(0), &json!("good")), "{well:?}");
    // It is not made anew at once, and whoever reads it believes it no more.
    sql(&lab, "UPDATE crls SET next_update = 1000000, this_update = 1000000 WHERE kind = 'base'");
    let told = health(&lab, &olga);
    let list = check(&told, "revocation-list");
    assert_eq!(
        (&list["State"], &list["Code"], &told["State"]),
        (&json!("Bad"), &json!("ended"), &json!("Bad")),
        "{told}"
    );
    let unwell = asked(&mut Program::new());
    let document: Value = serde_json::from_str(&unwell.stdout).unwrap();
    assert_eq!((unwell.code, &document["state"]), (Some(11), &json!("bad")), "{unwell:?}");
    let list = document["checks"].as_array().unwrap().iter().find(|check| check["name"] == "revocation-list").unwrap();
    assert!(list["code"] == "ended" && list["until"].is_string(), "{list}");
    let mut program = Program::new();
    program.set("CARDWRIGHT_BEARER", &olga.token);
    let shown = end(&mut program.command(["server", "health", "--server", &lab.base()]));
    assert!(shown.stdout.lines().any(|line| line.starts_with("bad") && line.contains("revocation list")), "{shown:?}");
    // What a template says besides MIM's policies is told by the command too.
    let shown = end(&mut program.command(["template", "show", "Smart card logon", "--server", &lab.base()]));
    for line in [
        "  SmartcardLogon: for 365 days, on a key (P-256) that the client makes.",
        "  \"lost\": the certificates are revoked (keyCompromise), and it may be replaced.",
        "  A request that nobody finishes ends after 90 days.",
        "  Version 1 has 1 in state Active.",
    ] {
        assert!(shown.stdout.lines().any(|shown| shown == line), "{line}: {shown:?}");
    }
}

fn a_template_is_told(database: Option<Database>) {
    let mut lab = Lab::with_template(|template| template, database);
    restart(&mut lab, ROLES);
    let [alice, olga] = [lab.user("alice", &[]), lab.user("olga", &["operators"])];
    lab.enrolled(&alice);
    let path = format!("{EXTENSION}/profiletemplates/{}", lab.template);
    let told = lab.get(&olga, &path).ok();
    assert_eq!(told["Cards"], json!([{"Version": 1, "Status": "Active", "Cards": 1}]), "{told}");
    assert_eq!((&told["Version"], &told["Kind"]), (&json!(1), &json!("smartcard")));
    let own = lab.get(&alice, &path).ok();
    assert!(own["Cards"].is_null(), "how many cards others have is not for everybody: {own}");
    let enroll = |facts: &Value| {
        let workflows = facts["Workflows"].as_array().unwrap();
        workflows.iter().find(|workflow| workflow["Type"] == "Enroll").unwrap().clone()
    };
    assert_eq!(enroll(&own), enroll(&told));
    // Whom a policy names is told as MIM's own call tells it, and no default key is.
    let policy =
        lab.get(&alice, &format!("{}/profiletemplates/{}/policies/enroll", super::support::API, lab.template)).ok();
    let pairs = [("Approvers", "AuthorizedApprover"), ("EnrollmentAgents", "AuthorizedEnrollmentAgent")];
    assert!(pairs.iter().all(|(ours, theirs)| enroll(&own)[ours] == policy[theirs]), "{own} {policy}");
    assert!(!own.to_string().contains("DefaultAdminKey") && !own.to_string().contains("DefaultValue"));
}

#[test]
fn a_template_is_told_in_facts() {
    a_template_is_told(None);
}

#[test]
fn a_template_is_told_in_facts_with_postgresql() {
    a_template_is_told(Some(Database::new()));
}
