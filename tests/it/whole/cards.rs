//! The whole job through the program and a server process, with cards in PC/SC readers: PIV and GIDS, ours and others'.
//!
//! One site serves all tests that run at the same time; each has a person, a card, a reader and a journal of its own.

mod back;
mod between;
mod cuts;
mod found;
mod judge;
pub mod kind;
mod life;
mod refusals;
mod service;
mod unblock;

use std::process::Command;
use std::sync::{Arc, Mutex, Weak};

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use serde_json::Value;

use crate::support::pcscd::{self, Inserted};
use crate::support::program::{self, Ended, end};
use crate::support::site::{self, API, EXTENSION, Site, set};
use crate::support::{directory, journal};

use kind::{ADMIN_KEY, Kind};

/// The longest a child may take, in seconds.
const BOUND: &str = "240";
const CURVE: &str = "Curve";
const RSA: &str = "RSA";
const PIN: &str = "271828";
const NEW_PIN: &str = "314159";
const THIRD_PIN: &str = "161803";
const WRONG_PIN: &str = "999999";

/// The people: one to approve, one at the help desk, one who has no card; all others have a card each.
const APPROVER: &str = "oscar";
const HELP_DESK: &str = "olga";
const STRANGER: &str = "mallory";
const HOLDERS: [&str; 28] = [
    "yuki", "yara", "petra", "nils", "gita", "cora", "kilian", "fulvia", "gunda", "ovid", "paul", "paula", "paola",
    "tim", "gudrun", "carla", "sven", "xenia", "frida", "fritz", "hedda", "wanda", "wera", "wilma", "willa", "walter",
    "wolf", "wim",
];

fn made() -> Site {
    let mut site = Site::with_templates(|template| {
        let template = set(site::approval(template), "[smartcard]", "allow_smartcard_reuse", "true");
        let template = set(template, "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}"));
        let template = template.replace("[workflows.reinstate]\n", "[workflows.reinstate]\nself_service = true\n");
        let named = |name: &str, algorithm: &str| {
            let uuid = uuid::Uuid::new_v4().to_string();
            let lines = template.lines().map(|line| match line.split(" = ").next() {
                Some("name") if line.contains("Smart card logon") => format!("name = {name:?}"),
                Some("uuid") => format!("uuid = {uuid:?}"),
                _ => line.to_owned(),
            });
            site::keys(lines.collect::<Vec<_>>().join("\n"), algorithm)
        };
        // A key that can decrypt would outlive its renewal.
        let signing = set(named(RSA, "RSA-2048"), "[certificate]", "key_usages", r#"["digitalSignature"]"#);
        vec![named(CURVE, "P-256"), signing]
    });
    site.program.unset("CARDWRIGHT_MODULE");
    site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
    site.person(APPROVER, &["approvers"]);
    site.person(HELP_DESK, &["operators"]);
    for name in HOLDERS.into_iter().chain([STRANGER]) {
        site.person(name, &[]);
    }
    site
}

/// The site that others use just now, or a new one: it ends with the last that uses it.
fn shared() -> Arc<Site> {
    static SITE: Mutex<Weak<Site>> = Mutex::new(Weak::new());
    let mut known = SITE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    known.upgrade().unwrap_or_else(|| {
        let site = Arc::new(made());
        *known = Arc::downgrade(&site);
        site
    })
}

/// The command, ended after [`BOUND`].
fn bounded(command: &Command) -> Command {
    program::bounded(command, BOUND)
}

/// A person with a card in a reader.
struct Desk {
    site: Arc<Site>,
    person: &'static str,
    kind: Kind,
    card: Inserted,
    state: String,
}

impl Desk {
    /// A card as it leaves the factory, made ready where its kind must be.
    fn new(person: &'static str, kind: Kind) -> Self {
        let card = pcscd::insert((kind.make)());
        let state = directory::fresh("cards").display().to_string();
        let desk = Self { site: shared(), person, kind, card, state };
        if desk.run(PIN, &["token", "info"]).done()["state"] == "blank" {
            let admin_key = desk.file("admin.key", ADMIN_KEY);
            let pin = desk.file("first.pin", PIN);
            desk.run(PIN, &["token", "init", "--so-pin-from", &admin_key, "--pin-from", &pin]).done();
        }
        desk
    }

    /// The source of a secret.
    fn file(&self, name: &str, content: &str) -> String {
        let path = format!("{}/{name}", self.state);
        std::fs::write(&path, content).unwrap();
        format!("file:{path}")
    }

    /// The program as somebody, on this card.
    fn command_of(&self, who: &str, pin: &str, arguments: &[&str]) -> Command {
        let mut command = self.site.command(who, pin, &[arguments, &["--reader", self.card.reader()]].concat());
        command.env("CARDWRIGHT_STATE", &self.state);
        command
    }

    /// Runs the program as the card's holder, on this card.
    fn run(&self, pin: &str, arguments: &[&str]) -> Ended {
        end(&mut bounded(&self.command_of(self.person, pin, arguments)))
    }

    fn info(&self) -> Value {
        self.run(PIN, &["token", "info"]).done()
    }

    /// The tries that the card tells, of its PIN and of its PUK.
    fn tries(&self) -> (Option<u64>, Option<u64>) {
        let left = &self.info()["tries_left"];
        (left["pin"].as_u64(), left["puk"].as_u64())
    }

    fn journal(&self) -> Vec<String> {
        journal::texts(format!("{}/journal", self.state).as_ref())
    }

    fn enroll(&self, pin: &str) -> Ended {
        self.run(pin, &["enroll", "--template", self.kind.template])
    }

    /// Has the request approved.
    #[track_caller]
    fn approve(&self, request: &str) {
        self.site.run(APPROVER, PIN, &["request", "approve", request, "--comment", "badge seen"]).done();
    }

    /// Enrolls, with the approval in between.
    #[track_caller]
    fn enrolled(&self) -> Value {
        let request = self.enroll(self.kind.first_pin).refused(7, "request-pending").request.unwrap();
        self.approve(&request);
        let done = self.enroll(self.kind.first_pin).done();
        assert_eq!(done["request"], *request);
        done
    }

    /// How the server knows the card.
    fn at_server(&self) -> Value {
        let card_id = self.info()["card_id"].as_str().unwrap().to_owned();
        self.site.get(self.person, &format!("{API}/smartcards?cardid={card_id}")).ok()
    }

    /// The person's requests and certificates at the server.
    fn counted(&self) -> (usize, usize) {
        (count(&self.site, self.person, "requests"), count(&self.site, self.person, "certificates"))
    }

    /// How far the admin key of a document's card has come, as the server knows.
    fn admin_key_state(&self, document: &Value) -> String {
        let path = format!("{EXTENSION}/smartcards/{}/adminkey", document["smartcard"].as_str().unwrap());
        self.site.get(self.person, &path).ok()["State"].as_str().unwrap().to_owned()
    }

    /// How often the card's admin key itself was let out for a request.
    fn admin_key_given_out(&self, request: &Value) -> usize {
        let request = request.as_str().unwrap();
        let log = self.site.log();
        log.lines().filter(|line| line.contains(request) && line.contains("admin key given out")).count()
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

/// How many of these somebody has at the server, which answers without a body where there are none.
#[track_caller]
fn count(site: &Site, who: &str, what: &str) -> usize {
    let answer = site.get(who, &format!("{API}/{what}"));
    if answer.status == 204 { 0 } else { answer.ok().as_array().unwrap().len() }
}

/// The one certificate of a document.
#[track_caller]
fn only(document: &Value) -> &Value {
    let [certificate] = document["certificates"].as_array().unwrap().as_slice() else { panic!("{document}") };
    certificate
}
