//! Where a server's records are: made in PostgreSQL at once, or moved there from the file in the directory.

use super::PIN;
use crate::support::postgres::Database;
use crate::support::program::{Ended, Program, end};
use crate::support::site::{API, PASSPHRASE, Site};
use cardwright::pkix::csr::{RequestContent, build};
use cardwright::pkix::{KeyAlgorithm, MemoryKey};
use serde_json::{Value, json};

fn server(program: &Program, arguments: &[&str]) -> Ended {
    let mut command = program.command([&["--json", "server"], arguments].concat());
    end(command.env("CARDWRIGHT_PASSPHRASE", PASSPHRASE))
}

fn card_of(site: &Site, name: &str) -> String {
    let request = site.executing_request(name);
    let key = MemoryKey::generate(KeyAlgorithm::P256).unwrap();
    site.certificatedata(name, &request, build(&RequestContent::default(), &key).unwrap().der()).ok();
    let done = site.send(name, "PUT", &format!("{API}/requests/{request}"), &json!({"status": "Completed"})).ok();
    done["NewSmartcardUuid"].as_str().unwrap().to_owned()
}

#[test]
fn a_server_is_made_with_its_records_in_postgresql() {
    let (program, database) = (Program::new(), Database::new());
    let directory = program.path("made").display().to_string();
    server(&program, &["init", &directory, "--database", &database.url()]).done();
    let settings = std::fs::read_to_string(program.path("made/server.toml")).unwrap();
    assert!(settings.contains("\n[database]\nurl = "), "{settings}");
    server(&program, &["user", "add", &directory, "ursula"]).done();
    assert!(!program.path("made/cardwright.db").exists(), "there is no file besides");
    assert_eq!(database.sql("SELECT name FROM users"), "ursula");
    // Another server's records are not its own, and what cannot be reached is told before anything is made.
    let other = program.path("other").display().to_string();
    server(&program, &["init", &other, "--database", &database.url()]).refused(2, "database-full");
    let nowhere = "postgresql:///nothing?host=/nowhere";
    server(&program, &["init", &other, "--database", nowhere]).refused(2, "server-database");
    assert!(!program.path("other").exists());
}

/// How many rows each table has.
fn counts(database: &Database, tables: &Value) -> Vec<u64> {
    let tables = tables.as_array().unwrap().iter().map(|table| table["table"].as_str().unwrap());
    tables.map(|table| database.sql(&format!("SELECT count(*) FROM {table}")).parse().unwrap()).collect()
}

#[test]
fn all_records_move_to_postgresql_or_none() {
    let mut site = Site::new();
    let database = Database::new();
    site.person("ursula", &[]);
    site.person("olga", &["operators"]);
    let card = card_of(&site, "ursula");
    let shown = site.run("olga", PIN, &["person", "show", "ursula"]).done();
    let directory = site.program.path("server").display().to_string();
    let (url, toml) = (database.url(), site.program.path("server/server.toml"));
    let order = |more: &[&'static str]| [&["database", "move", &directory, "--to", &url], more].concat();
    server(&site.program, &order(&[])).refused(2, "server-database");
    site.stop_server();
    let settings = std::fs::read_to_string(&toml).unwrap();

    // What somebody else has put there is not written over.
    let full = Database::new();
    let made = site.program.path("made").display().to_string();
    server(&site.program, &["init", &made, "--database", &full.url()]).done();
    server(&site.program, &["user", "add", &made, "otto"]).done();
    server(&site.program, &["database", "move", &directory, "--to", &full.url()]).refused(2, "database-full");

    // Killed in the midst of it: the other database is as empty as before.
    let made = site.program.path("empty").display().to_string();
    server(&site.program, &["init", &made, "--database", &url]).done();
    let held = database.held("certificates");
    let mut child = site.program.command([&["server"], &*order(&[])].concat()).spawn().unwrap();
    database.await_waiting(1);
    child.kill().unwrap();
    child.wait().unwrap();
    drop(held);
    database.cut();
    for table in ["users", "audit", "smartcards", "certificates"] {
        assert_eq!(database.sql(&format!("SELECT count(*) FROM {table}")), "0", "{table}");
    }

    let moved = server(&site.program, &order(&[])).done();
    assert_eq!((&moved["applied"], &moved["goes_on"]), (&json!(false), &json!(false)));
    let told: Vec<u64> = moved["tables"].as_array().unwrap().iter().map(|it| it["rows"].as_u64().unwrap()).collect();
    assert_eq!(counts(&database, &moved["tables"]), told);
    assert!(moved["acts_checked"].as_u64().unwrap() > 5, "{moved}");
    assert_eq!(std::fs::read_to_string(&toml).unwrap(), settings, "nothing was switched");
    // Asked again it is not written twice, and goes on with the check: also after a while in which a server would have signed.
    std::thread::sleep(std::time::Duration::from_secs(16));
    let again = server(&site.program, &order(&["--apply"])).done();
    assert_eq!((&again["goes_on"], &again["tables"]), (&json!(true), &moved["tables"]));
    let now = std::fs::read_to_string(&toml).unwrap();
    assert!(now.starts_with(settings.trim_end()) && now.ends_with(again["settings"].as_str().unwrap()), "{now}");
    server(&site.program, &order(&[])).refused(2, "database-moved");

    site.start();
    assert_eq!(site.run("olga", PIN, &["person", "show", "ursula"]).done(), shown);
    assert_eq!(site.run("olga", PIN, &["card", "show", "ursula"]).done()["card"], json!(card));
    // Numbers go on, and so does the log.
    card_of(&site, "ursula");
    site.stop_server();
    assert_eq!(site.program.json(["audit", "verify", &directory]).done()["whole"], true);
    assert!(database.sql("SELECT record FROM audit").contains("database-moved"));
}
