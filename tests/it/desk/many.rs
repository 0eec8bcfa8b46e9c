//! Sixteen cards through eight readers, with the server killed half-way.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use cardwright::client::CardChoice;
use cardwright::cm::smartcard::SmartcardStatus;
use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{GidsCard, GidsOptions, PivCard, PivOptions, SharedCard, VirtualCard};
use serde_json::Value;

use super::{GENERATE, OLGA, PIN, Run};
use crate::support::program::end;
use crate::support::site::{self, Site, set};
use crate::whole::cards::kind::{ADMIN_KEY, yubikey};

const READERS: usize = 8;
const CARDS: usize = 16;
const NAMES: [&str; READERS] = ["Desk A", "Desk B", "Desk C", "Desk D", "Desk E", "Desk F", "Desk G", "Desk H"];

/// Counts who is at a place at one time, and lets nobody go on before so many have been there together.
struct Gate {
    wanted: usize,
    inside: Mutex<usize>,
    opened: Condvar,
}

impl Gate {
    fn pass(&self) {
        let mut inside = self.inside.lock().unwrap();
        *inside += 1;
        self.opened.notify_all();
        // Without the others it goes on in the end, and the test tells that they were not together.
        let waiting = |inside: &mut usize| *inside < self.wanted;
        drop(self.opened.wait_timeout_while(inside, Duration::from_secs(60), waiting).unwrap());
    }
}

/// A card that waits with its key for those of the other readers.
struct Gated {
    card: Box<dyn VirtualCard>,
    gate: Option<Arc<Gate>>,
}

impl VirtualCard for Gated {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        if command[1] == GENERATE
            && command[0] & 0x10 == 0
            && let Some(gate) = self.gate.take()
        {
            gate.pass();
        }
        self.card.transmit(command)
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.card.state()
    }
}

/// A card of every kind in turn.
fn card(number: usize, gate: Option<Arc<Gate>>) -> SharedCard {
    let card: Box<dyn VirtualCard> = match number % 4 {
        3 => Box::new(GidsCard::new(GidsOptions::default()).unwrap()),
        1 => Box::new(PivCard::new(PivOptions::default()).unwrap()),
        _ => Box::new(PivCard::new(yubikey()).unwrap()),
    };
    SharedCard::new(Box::new(Gated { card, gate }))
}

/// Whether the card has no name before it is made ready.
fn is_nameless(number: usize) -> bool {
    number % 2 == 1
}

fn made() -> Site {
    Site::with_templates(|template| {
        let template = set(template, "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}"));
        let named = |name: &str, algorithm: &str| {
            let uuid = uuid::Uuid::new_v4().to_string();
            let lines = template.lines().map(|line| match line.split(" = ").next() {
                Some("name") if line.contains("Smart card logon") => format!("name = {name:?}"),
                Some("uuid") => format!("uuid = {uuid:?}"),
                _ => line.to_owned(),
            });
            site::keys(lines.collect::<Vec<_>>().join("\n"), algorithm)
        };
        vec![named("Curve", "P-256"), named("RSA", "RSA-2048")]
    })
}

#[test]
fn sixteen_cards_through_eight_readers_with_the_server_killed_half_way() {
    let mut site = made();
    let pcscd = PrivatePcscd::start(&NAMES).unwrap();
    site.program.unset("CARDWRIGHT_MODULE");
    site.program.set(CLIENTS_VARIABLE, pcscd.socket().display().to_string());
    site.person(OLGA, &["operators"]);
    let people: Vec<String> = (0..CARDS).map(|number| format!("person{number:02}")).collect();
    people.iter().for_each(|person| site.person(person, &[]));
    let seats: Vec<_> = (0..READERS).map(|number| &pcscd.readers()[2 * number]).collect();

    let gate = Arc::new(Gate { wanted: READERS, inside: Mutex::new(0), opened: Condvar::new() });
    let cards: Vec<SharedCard> =
        (0..CARDS).map(|number| card(number, (number < READERS).then(|| gate.clone()))).collect();
    // Cards without a name are made ready one by one, and the list names them.
    let mut list = "person,template,card-id\n".to_owned();
    let (admin_key, pin) = (site.program.write("admin.key", ADMIN_KEY), site.program.write("first.pin", "999999"));
    for (number, person) in people.iter().enumerate() {
        if !is_nameless(number) {
            list += &format!("{person},Curve,\n");
            continue;
        }
        let seat = seats[number % READERS];
        seat.seat().insert(cards[number].clone());
        seat.seat().wait_until_taken_up(Duration::from_secs(20)).unwrap();
        let sources = [format!("file:{admin_key}"), format!("file:{pin}")];
        let init = ["token", "init", "--reader", seat.name(), "--so-pin-from", &sources[0], "--pin-from", &sources[1]];
        let made = (0..50).find_map(|_| {
            std::thread::sleep(Duration::from_millis(100));
            let ended = end(&mut site.command(OLGA, PIN, &init));
            ended.success().then_some(())
        });
        made.unwrap_or_else(|| panic!("{:?}", end(&mut site.command(OLGA, PIN, &init))));
        let info = site.run(OLGA, PIN, &["token", "info", "--reader", seat.name()]).done();
        let template = if number % 4 == 3 { "RSA" } else { "Curve" };
        list += &format!("{person},{template},{}\n", info["card_id"].as_str().unwrap());
        seat.seat().remove();
    }
    let list = site.program.write("people.csv", list);

    cards.iter().for_each(SharedCard::forget_headers);
    for (seat, card) in seats.iter().zip(&cards) {
        seat.seat().insert(card.clone());
    }
    let arguments = ["desk", "run", &list, "--template", "Curve", "--pin", "now"];
    let run = Run::of(site.command(OLGA, PIN, &arguments));
    let mut waiting = READERS..CARDS;
    let (mut done, mut full, mut waits, mut killed) = (HashMap::new(), 0, 0, false);
    while done.len() < CARDS {
        let told = run.next();
        let at = told["reader"].as_str().and_then(|reader| seats.iter().position(|seat| seat.name() == reader));
        match told["event"].as_str().unwrap() {
            "readers-full" => full += 1,
            "waits" => {
                waits += 1;
                // The server is back once more than one card has missed it.
                if waits == 2 {
                    site.start();
                }
            }
            "done" => {
                let person = told["person"].as_str().unwrap().to_owned();
                let card = told["card_id"].as_str().unwrap().to_owned();
                assert_eq!(done.insert(person, card), None, "{told}");
                if done.len() == 3 && !killed {
                    killed = true;
                    site.kill_server();
                }
                seats[at.unwrap()].seat().remove();
            }
            "empty" => {
                if let Some(next) = waiting.next() {
                    seats[at.unwrap()].seat().insert(cards[next].clone());
                }
            }
            "failed" | "card-refused" | "not-written" | "blind" => panic!("{told}"),
            _ => {}
        }
    }
    let (code, last) = run.ended();
    assert_eq!(code, Some(0), "{last:?}");
    assert!(killed && waits >= 2, "the server was missed {waits} times");
    assert_eq!(
        (full, *gate.inside.lock().unwrap()),
        (1, READERS),
        "16 readers are told of, and 8 made keys at one time"
    );
    let results = last.last().unwrap();
    assert_eq!((&results["done"], results["rows"].as_array().unwrap().len()), (&CARDS.into(), CARDS));

    is_right(&site, &people, &done);
    for (number, card) in cards.iter().enumerate() {
        let keys = card.headers().iter().filter(|header| header[1] == GENERATE && header[0] & 0x10 == 0).count();
        assert_eq!(keys, 1, "card {number} made so many keys");
    }
    again(&site, &list, &arguments);
}

/// Every person has one card, the one that the desk has told, and one request and certificate.
#[track_caller]
fn is_right(site: &Site, people: &[String], done: &HashMap<String, String>) {
    let client = site.client(OLGA);
    let queue = client.queue(None, None, None).unwrap();
    let names: HashSet<_> = queue.iter().map(|it| it.target_name.clone()).collect();
    assert_eq!((queue.len(), names.len()), (CARDS, CARDS));
    assert!(queue.iter().all(|it| it.request.status.name() == "Completed"), "{queue:?}");
    for person in people {
        let owner = client.find_user(person).unwrap().unwrap().uuid;
        let cards = client.cards(CardChoice { owner: Some(owner), ..CardChoice::default() }, None, 10).unwrap();
        let [card] = cards.as_slice() else { panic!("{person}: {cards:?}") };
        assert_eq!((card.card_id.to_string(), card.status), (done[person].clone(), SmartcardStatus::Active));
        let certificates = site.client(person).certificates().unwrap();
        assert_eq!(certificates.len(), 1, "{person}");
    }
}

/// The same list makes nothing a second time, not even at a workstation that knows nothing of it.
fn again(site: &Site, list: &str, arguments: &[&str]) {
    for state in ["state", "another"] {
        let before = site.log().len();
        let mut command = site.command(OLGA, PIN, arguments);
        command.env("CARDWRIGHT_STATE", site.program.path(state));
        let done: Value = end(&mut command).done();
        assert_eq!(done["done"], CARDS, "{state}: {list}");
        // What was made elsewhere is read by the page, and not one by one.
        let log = site.log();
        let answered = log[before..].lines().filter(|line| line.contains("answered") && line.contains("GET"));
        let asked = |route: &str| answered.clone().filter(|line| line.contains(&format!("{route:?}"))).count();
        let pages = asked("api/cardwright/v1/requests/queue");
        assert_eq!((asked("api/v1.0/requests/{request}"), pages), (0, if state == "state" { 0 } else { 2 }), "{state}");
    }
    assert_eq!(site.client(OLGA).queue(None, None, None).unwrap().len(), CARDS);
}
