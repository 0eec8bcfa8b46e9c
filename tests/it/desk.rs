//! The desk: a list of people through many readers, by the program itself, with a private pcscd of the test's own, because a
//! desk takes every card that it sees.

mod cuts;
mod ending;
mod everywhere;
mod full;
mod lists;
mod many;
mod page;
mod pins;
mod queue;
mod terminal;

pub use page::SCREENS;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd, Reader};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard, VirtualCard};
use serde_json::Value;

use crate::support::program::{Ended, end};
use crate::support::site::{self, Site, set};
use crate::whole::cards::kind::{ADMIN_KEY, yubikey};

const PIN: &str = "271828";
/// The person at the desk, and one who approves.
const OLGA: &str = "olga";
const ADAM: &str = "adam";
/// What makes a key on a PIV card.
const GENERATE: u8 = 0x47;
/// What changes a PIV card: generate, put data, change and reset PIN or PUK, set the management key.
const CHANGES: [u8; 5] = [GENERATE, 0xDB, 0x24, 0x2C, 0xFF];
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(120);

/// A site with somebody at the desk, and a pcscd with readers of its own.
struct Bench {
    site: Site,
    pcscd: PrivatePcscd,
}

impl Bench {
    fn new(people: &[&str], edit: impl FnOnce(String) -> Vec<String>) -> Self {
        let mut site = Site::with_templates(|template| {
            edit(set(template, "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}")))
        });
        let pcscd = PrivatePcscd::start(&["Desk A", "Desk B", "Desk C", "Desk D"]).unwrap();
        site.program.unset("CARDWRIGHT_MODULE");
        site.program.set(CLIENTS_VARIABLE, pcscd.socket().display().to_string());
        site.person(OLGA, &["operators"]);
        for person in people {
            site.person(person, &[]);
        }
        Self { site, pcscd }
    }

    /// The first reader of an entry of pcscd's configuration: each entry has a driver of its own, so that none waits for
    /// another.
    fn reader(&self, number: usize) -> &Reader {
        &self.pcscd.readers()[2 * number]
    }

    /// Puts a new card into a reader.
    fn insert(&self, number: usize) -> SharedCard {
        let card = SharedCard::new(Box::new(PivCard::new(yubikey()).unwrap()));
        self.reader(number).seat().insert(card.clone());
        card
    }

    /// Writes a list of these people.
    fn list(&self, people: &[&str]) -> String {
        self.site.program.write("people.csv", format!("person\n{}\n", people.join("\n")))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        self.site.command(OLGA, PIN, &[&["desk"], arguments].concat())
    }

    /// Runs a command of the desk to its end.
    fn end(&self, arguments: &[&str]) -> Ended {
        end(&mut self.command(arguments))
    }

    fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments))
    }

    /// The request of this person, approved.
    fn approve(&self, whom: &str) -> String {
        let queue = self.site.client(ADAM).queue(None, None, None).unwrap();
        let request = queue.iter().find(|it| it.target_name == whom).unwrap().request.uuid.to_string();
        self.site.run(ADAM, PIN, &["request", "approve", &request, "--yes"]).done();
        request
    }

    /// The requests at the server: whose, and how they stand.
    fn requests(&self) -> Vec<(String, String)> {
        let queue = self.site.client(OLGA).queue(None, None, None).unwrap();
        let mut told: Vec<_> =
            queue.iter().map(|it| (it.target_name.clone(), it.request.status.name().to_owned())).collect();
        told.sort();
        told
    }
}

/// How often a card was changed.
fn changes(card: &SharedCard) -> usize {
    card.headers().iter().filter(|header| CHANGES.contains(&header[1])).count()
}

/// A card that says when its key is made, or when it is written to after that, and then waits.
struct Held {
    card: PivCard,
    at: u8,
    is_made: bool,
    reached: Sender<()>,
    released: Receiver<()>,
}

impl Held {
    /// The card; what it says; what lets it go on.
    fn card(options: PivOptions) -> (SharedCard, Receiver<()>, Sender<()>) {
        Self::card_at(GENERATE, options)
    }

    /// The same, which waits at this instruction once its key is made.
    fn card_at(at: u8, options: PivOptions) -> (SharedCard, Receiver<()>, Sender<()>) {
        let (reached, is_reached) = channel();
        let (release, released) = channel();
        let held = Self { card: PivCard::new(options).unwrap(), at, is_made: false, reached, released };
        (SharedCard::new(Box::new(held)), is_reached, release)
    }
}

impl VirtualCard for Held {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let answer = self.card.transmit(command);
        self.is_made |= command[1] == GENERATE;
        if self.is_made && command[1] == self.at && self.reached.send(()).is_ok() {
            let _ = self.released.recv_timeout(PATIENCE);
        }
        answer
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.card.state()
    }
}

/// A desk at work, and what it tells.
struct Run {
    child: Child,
    told: Receiver<Value>,
}

impl Run {
    fn of(mut command: Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = child.stdout.take().unwrap();
        let (sender, told) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                let told = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
                if sender.send(told).is_err() {
                    break;
                }
            }
        });
        Self { child, told }
    }

    /// The next thing that is told.
    #[track_caller]
    fn next(&self) -> Value {
        self.told.recv_timeout(PATIENCE).expect("the desk tells nothing more")
    }

    /// Reads on until this is told; that is given.
    #[track_caller]
    fn until(&self, event: &str) -> Value {
        let mut passed = Vec::new();
        loop {
            let Ok(told) = self.told.recv_timeout(PATIENCE) else { panic!("no {event}: {passed:#?}") };
            if told["event"] == event {
                return told;
            }
            passed.push(told);
        }
    }

    /// Waits for the end; the exit code, and all that was told last.
    #[track_caller]
    fn ended(mut self) -> (Option<i32>, Vec<Value>) {
        let told: Vec<Value> = self.told.iter().collect();
        (self.child.wait().unwrap().code(), told)
    }

    fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        let _ = self.child.kill().and_then(|()| self.child.wait());
    }
}

/// The template, with no more than it has.
fn plain(template: String) -> Vec<String> {
    vec![template]
}

/// The template with an approval.
fn approved(template: String) -> Vec<String> {
    vec![site::approval(template)]
}
