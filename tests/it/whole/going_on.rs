//! Work that was broken off is told and gone on with; the readers are shown, and watched.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard};
use rexpect::session::spawn_command;
use serde_json::Value;

use super::PIN;
use crate::support::program::{Ended, PATH};
use crate::support::site::{Site, set};

const SEEN: Duration = Duration::from_secs(120);
/// The commands before which a card is pulled, until the server has a request for the work.
const PULLS: [usize; 6] = [18, 26, 34, 42, 50, 58];

/// A workstation with two readers and no other card.
struct Place {
    site: Site,
    pcscd: PrivatePcscd,
}

fn yubikey(serial: u32) -> SharedCard {
    SharedCard::new(Box::new(PivCard::new(PivOptions { serial, ..PivOptions::yubikey() }).unwrap()))
}

impl Place {
    fn new(window: &str) -> Self {
        let pcscd = PrivatePcscd::start(&["Desk"]).unwrap();
        let mut site = Site::with(|template| set(template, "[workflows.renew]", "window_days", window));
        site.program.unset("CARDWRIGHT_MODULE");
        site.program.set(CLIENTS_VARIABLE, pcscd.socket().display().to_string());
        site.person("alice", &[]);
        site.person("bob", &[]);
        Self { site, pcscd }
    }

    fn run(&self, who: &str, arguments: &[&str]) -> Ended {
        self.site.run(who, PIN, arguments)
    }

    /// What `status` tells of a reader.
    #[track_caller]
    fn status(&self, reader: usize) -> Value {
        self.run("alice", &["status"]).done()["readers"][reader].clone()
    }

    /// Puts a card into a reader and waits until it is seen.
    #[track_caller]
    fn insert(&self, reader: usize, card: &SharedCard) {
        self.pcscd.readers()[reader].seat().insert(card.clone());
        self.waits(reader, |state| state != "empty");
    }

    #[track_caller]
    fn insert_again(&self, reader: usize, card: &SharedCard) {
        card.set_dial("".parse().unwrap());
        card.insert_again();
        self.waits(reader, |state| state != "empty");
    }

    #[track_caller]
    fn waits(&self, reader: usize, is_so: impl Fn(&str) -> bool) {
        let since = Instant::now();
        while !is_so(self.run("alice", &["status", "--offline"]).done()["readers"][reader]["state"].as_str().unwrap()) {
            assert!(since.elapsed() < SEEN, "reader {reader}");
        }
    }

    /// Runs a command during which the card is pulled once the server has the request, and puts the card back.
    #[track_caller]
    fn broken_off(&self, who: &str, reader: usize, card: &SharedCard, arguments: &[&str]) {
        let name = self.pcscd.readers()[reader].name();
        let unfinished = || self.journal()["unfinished"].as_array().unwrap().len();
        let before = unfinished();
        for at in PULLS {
            card.set_dial(format!("remove@{at}").parse().unwrap());
            self.run(who, &[arguments, &["--reader", name]].concat()).refused(8, "token-removed");
            self.waits(reader, |state| state == "empty");
            self.insert_again(reader, card);
            if unfinished() > before {
                return;
            }
        }
        panic!("nothing was begun");
    }

    fn journal(&self) -> Value {
        self.run("alice", &["journal", "list"]).done()
    }
}

/// The commands that a status names for a reader.
fn next(status: &Value) -> Vec<&str> {
    status["next"].as_array().unwrap().iter().map(|next| next.as_str().unwrap()).collect()
}

#[test]
fn work_that_was_broken_off_is_told_and_gone_on_with() {
    let mut place = Place::new("0");
    for reader in [0, 1] {
        assert_eq!(place.status(reader)["state"], "empty");
    }
    let nothing = place.run("alice", &["resume"]).refused(3, "no-token");
    assert!(nothing.remedy.contains("journal list"), "{nothing:?}");
    let (first, second) = (yubikey(11), yubikey(22));
    place.insert(0, &first);
    assert_eq!(next(&place.status(0)), ["cardwright enroll --serial 11"]);
    place.run("alice", &["resume"]).refused(3, "nothing-unfinished");

    place.broken_off("alice", 0, &first, &["enroll"]);
    let listed = place.journal();
    let [work] = listed["unfinished"].as_array().unwrap().as_slice() else { panic!("{listed}") };
    let request = work["request"].as_str().unwrap();
    assert_eq!((work["workflow"].as_str(), work["keys"].as_array().unwrap().len() <= 1), (Some("enroll"), true));
    let resume = format!("cardwright resume {request}");
    assert_eq!(work["next"], *resume);
    assert_eq!(next(&place.status(0)), [resume.as_str()]);
    for named in [request, work["card_id"].as_str().unwrap()] {
        let shown = place.run("alice", &["journal", "show", named]).done();
        assert_eq!(shown[0]["request"], request);
    }
    place.run("alice", &["journal", "show", "somebody"]).refused(3, "nothing-unfinished");
    let told = place.site.program.text(["journal", "list"]);
    assert!(told.stdout.contains(&resume) && told.stdout.contains("then  "), "{told:?}");

    // Two pieces of work, both cards at hand: neither is guessed.
    place.insert(1, &second);
    place.broken_off("bob", 1, &second, &["enroll"]);
    let several = place.run("alice", &["resume"]).refused(2, "ambiguous");
    assert!(several.remedy.contains(&resume), "{several:?}");
    let elsewhere = place.run("alice", &["resume", "22"]);
    elsewhere.refused(3, "nothing-unfinished");
    place.run("bob", &["resume", "--reader", place.pcscd.readers()[1].name()]).done();
    place.run("alice", &["resume"]).done();
    for (reader, who) in [(0, "alice"), (1, "bob")] {
        let status = place.run(who, &["status"]).done()["readers"][reader].clone();
        assert_eq!((&status["holder"], &status["card_state"]), (&Value::from(who), &Value::from("Active")), "{status}");
        assert_eq!((&status["renewal_due"], &status["tries_left"]["pin"]), (&Value::from(false), &Value::from(3)));
        assert_eq!(next(&status), Vec::<&str>::new(), "{status}");
    }
    assert_eq!(place.journal()["unfinished"], serde_json::json!([]));

    // What is at the server alone: begun at another workstation.
    place.broken_off("alice", 0, &first, &["renew"]);
    let there = place.site.program.path("state").display().to_string();
    place.site.program.set("CARDWRIGHT_STATE", place.site.program.path("another").display().to_string());
    let status = place.status(0);
    let waits = status["waits"][0].clone();
    assert_eq!((&waits["type"], &waits["status"]), (&Value::from("Renew"), &Value::from("Executing")), "{status}");
    let ambiguous = place.run("alice", &["resume"]).refused(3, "ambiguous-token");
    assert!(ambiguous.remedy.contains("--serial"));
    let renewed = place.run("alice", &["resume", "--serial", "11"]).done();
    assert_eq!(renewed["request"], waits["request"]);
    // Where it was begun, the work is found to be done.
    place.site.program.set("CARDWRIGHT_STATE", there);
    let done = place.run("alice", &["resume", waits["request"].as_str().unwrap()]).done();
    assert_eq!(done["certificates"], renewed["certificates"]);
    assert_eq!(place.journal()["unfinished"], serde_json::json!([]));
}

#[test]
fn whatever_is_in_the_journals_directory_is_explained_and_left() {
    let place = Place::new("0");
    place.journal();
    let id = uuid::Uuid::new_v4();
    let file = |name: &str, content: &str| {
        let path = place.site.program.path("state/journal").join(name);
        std::fs::write(&path, content).unwrap();
        path
    };
    let damaged = file("odd.json", "{ no record");
    file(&format!("{}.json", uuid::Uuid::new_v4()), r#"{ "version": 7 }"#);
    file("before.json.damaged", "");
    file(&format!("{id}.left"), r#"["00ff"]"#);
    file(&format!("{id}.lock"), "");
    file(&format!("{id}.new"), "{");
    file("notes.txt", "mine");
    let listed = place.journal();
    let mut told: Vec<&str> =
        listed["other"].as_array().unwrap().iter().map(|other| other["is"].as_str().unwrap()).collect();
    told.sort_unstable();
    let expected = ["damaged", "foreign", "half-written", "keys-left", "lock-left", "other-version", "set-aside"];
    assert_eq!((told.as_slice(), listed["unfinished"].as_array().unwrap().len()), (&expected[..], 0), "{listed}");
    let text = place.site.program.text(["journal", "list"]);
    assert!(text.stdout.contains("nothing is unfinished") && text.stdout.contains("format 7"), "{text:?}");
    assert!(!text.stdout.contains(".lock"), "{text:?}");
    assert!(damaged.exists(), "it was only looked at");
}

/// `status --watch` for scripts: a document for each thing that happens.
struct Watching {
    child: Child,
    lines: Receiver<Value>,
}

impl Watching {
    fn begin(place: &Place) -> Self {
        let mut child =
            place.site.command("alice", PIN, &["status", "--watch"]).stdout(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let _ = sender.send(serde_json::from_str(&line).unwrap());
            }
        });
        Self { child, lines }
    }

    /// The next thing that happens in a reader.
    #[track_caller]
    fn next(&self, event: &str, reader: &str) -> Value {
        let line = self.lines.recv_timeout(SEEN).unwrap();
        assert_eq!((&line["event"], &line["reader"]), (&Value::from(event), &Value::from(reader)), "{line}");
        line
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

#[test]
fn cards_are_shown_as_they_come_and_none_ends_the_watch() {
    let place = Place::new("0");
    let [left, right] = [0, 1].map(|reader| place.pcscd.readers()[reader].name());
    let watching = Watching::begin(&place);
    watching.next("reader-added", left);
    watching.next("reader-added", right);
    let (card, odd) = (yubikey(11), SharedCard::new(Box::new(crate::cli::cards::Stranger)));
    place.pcscd.readers()[0].seat().insert(card.clone());
    assert_eq!(watching.next("inserted", left)["serial"], "11");
    place.pcscd.readers()[1].seat().insert(odd.clone());
    assert_eq!(watching.next("inserted", right)["state"], "unreadable");
    odd.remove();
    watching.next("removed", right);
    card.remove();
    watching.next("removed", left);
    card.insert_again();
    assert_eq!(watching.next("inserted", left)["serial"], "11");
}

#[test]
fn a_card_whose_renewal_is_due_is_renewed_when_it_is_put_in() {
    let place = Place::new("365");
    let (first, second) = (yubikey(11), yubikey(22));
    place.insert(0, &first);
    let before = place.run("alice", &["enroll", "--serial", "11"]).done();
    place.insert(1, &second);
    place.run("bob", &["enroll", "--serial", "22"]).done();
    assert_eq!(next(&place.status(0)), ["cardwright renew --serial 11"]);
    assert_eq!(place.status(0)["renewal_due"], true);
    first.remove();
    second.remove();
    place.waits(0, |state| state == "empty");
    place.waits(1, |state| state == "empty");

    // Whoever runs the tests in the background may ignore Ctrl-C, and children would do so too; a terminal does not.
    let mut command = place.site.program.interactive("env");
    command.args(["--default-signal=INT", PATH, "status", "--watch", "--rule", "renew-when-due"]);
    command.env("CARDWRIGHT_SERVER", &place.site.origin).env("CARDWRIGHT_CA_FILE", place.site.ca_file());
    command.env("CARDWRIGHT_BEARER", place.site.bearer("alice"));
    let mut session = spawn_command(command, Some(30_000)).unwrap();
    session.exp_string("Ctrl-C ends it").unwrap();
    first.insert_again();
    session.exp_string("to be renewed now").unwrap();
    session.exp_string(" PIN:").unwrap();
    second.insert_again();
    session.exp_string("please wait").unwrap();
    session.send_line(PIN).unwrap();
    session.exp_string("renewed").unwrap();
    // It is somebody else's, whose card the server does not show to her: nothing is done with it.
    session.exp_string("serial 22").unwrap();
    session.send_control('c').unwrap();
    session.exp_eof().unwrap();
    assert!(place.status(0)["unfinished"].as_array().unwrap().is_empty());
    let info = place.run("alice", &["token", "info", "--serial", "11"]).done();
    assert_ne!(info["certificates"][0]["serial_number"], before["certificates"][0]["serial_number"]);
    assert_eq!((info["certificates"].as_array().unwrap().len(), &info["tries_left"]["pin"]), (1, &Value::from(3)));
}
