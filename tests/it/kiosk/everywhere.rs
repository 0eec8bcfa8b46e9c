//! What somebody does at the kiosk, with the card pulled at each of its commands, or the kiosk killed there; it is put in or
//! started again, and comes to the undisturbed end. The pages are answered by hand: they work without a script.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use cardwright::client::CmClient;
use cardwright::cm::beyond_mim::Decision;
use cardwright::cm::offline::OfflineChallenge;
use cardwright::cm::request::{CreateRequest, CreateTerms, RequestType};
use cardwright::cm::route::Holder;
use cardwright::enrollment::{EnrollOrder, Enrollment, Journal, Order, card_id};
use cardwright::pkix::Certificate;
use cardwright::token::{Counters, Token};
use cardwright::virtual_card::{PivOptions, SharedCard};
use uuid::Uuid;

use super::lab::{Corridor, NEW_PIN, PIN, PLAIN, by_password, card, takes};
use crate::enrollment::bench::Face;
use crate::support::by_hand::by_hand;
use crate::support::gate::Gate;
use crate::support::{piv, torture};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(300);
/// One point of so many is tried where not all are.
const PULLED: usize = 53;
const KILLED: usize = 97;

/// What somebody does, and what they are told at its end.
#[derive(Clone, Copy)]
struct Task {
    name: &'static str,
    done: &'static str,
    /// What has the desk done before.
    before: fn(&mut Visitor, &Lobby),
}

const RENEW: Task = Task { name: "renew", done: "Your card is renewed.", before: |_, _| {} };
const CHANGE: Task = Task { name: "new-pin", done: "The card has the new PIN.", before: |_, _| {} };
const CALL: Task = Task { name: "telephone", done: "The card has the new PIN.", before: |_, _| {} };
const UNBLOCK: Task = Task { name: "password", done: "The card has the new PIN.", before: Visitor::lock };

/// The codes where a renewal was cut when the new key had taken the old one's place: what lets its owner in is not there,
/// or not completed. The owner signs in with the account.
const MUTE: [&str; 2] = ["key-gone", "certificate-no-login"];

/// What is there at the end.
#[derive(Debug, PartialEq)]
struct Portrait {
    counters: Counters,
    /// Which of the two PINs the card takes.
    takes: [bool; 2],
    /// Whether the server lists the certificate of each key.
    listed: Vec<bool>,
    issued: usize,
    requests: Vec<String>,
}

/// A workstation, and the operator who helps.
struct Lobby {
    corridor: Corridor,
    operator: CmClient,
    /// The browser's cookie; a kiosk that is started again gives another.
    cookie: String,
}

const OPTIONS: [&str; 2] = ["--renew-days", "3650"];

impl Lobby {
    fn new() -> Self {
        let corridor = Corridor::with(&OPTIONS, |template| by_password(template, "unblock"));
        let operator = corridor.site.client("otto");
        let cookie = opened(&corridor);
        Self { corridor, operator, cookie }
    }

    fn start_again(&mut self) {
        self.corridor.start_again(&OPTIONS);
        self.cookie = opened(&self.corridor);
    }

    /// The card is taken out, and the next one may come.
    fn leave(&self) {
        self.corridor.remove(0);
        let since = Instant::now();
        while !self.ask("GET", "/", &[], "").is_some_and(|page| page.contains("Put in your card")) {
            assert!(since.elapsed() < PATIENCE);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Asks the kiosk; `None` where it answers no more.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Option<String> {
        let authority = authority(&self.corridor);
        let headers = [&[("cookie", &*self.cookie)], headers].concat();
        std::net::TcpStream::connect(authority).ok()?;
        // It may be killed while it answers.
        let asked = || by_hand(authority, method, path, &headers, body);
        std::panic::catch_unwind(std::panic::AssertUnwindSafe(asked)).ok().map(|(_, answer)| answer)
    }
}

fn authority(corridor: &Corridor) -> &str {
    corridor.address.strip_prefix("http://").unwrap().trim_end_matches('/')
}

/// Opens the start link; gives the cookie.
fn opened(corridor: &Corridor) -> String {
    let path = corridor.link.strip_prefix(corridor.address.trim_end_matches('/')).unwrap();
    let (_, answer) = by_hand(authority(corridor), "GET", path, &[], "");
    let cookie = answer.lines().find_map(|line| line.strip_prefix("set-cookie: "));
    cookie.unwrap_or_else(|| panic!("{answer}")).split(';').next().unwrap().to_owned()
}

/// Somebody with a card at the kiosk.
struct Visitor {
    card: SharedCard,
    smartcard: Uuid,
    /// The one-time password that the desk has handed over.
    password: String,
}

/// How a visit ended.
#[derive(Debug, PartialEq)]
enum End {
    Done,
    Pulled,
    /// The kiosk answers no more.
    Killed,
}

impl Visitor {
    /// Somebody who was enrolled before.
    fn new(lobby: &Lobby) -> Self {
        let client = lobby.corridor.site.client("ursula");
        let serial = Uuid::new_v4().as_fields().0 >> 1;
        let card = card(PivOptions { serial, ..super::lab::yubikey() });
        let journal = Journal::open(lobby.corridor.site.program.path("desk-state")).unwrap();
        let mut token = piv::open(&card);
        let order = Order::Enroll(EnrollOrder { template: Some(PLAIN.to_owned()), ..EnrollOrder::default() });
        let mut work = Enrollment::begin(&client, &journal, token.identity(), order).unwrap();
        let mut face = Face { pins: [PIN].into(), new_pin: PIN, ..Face::default() };
        face.pump(&mut work, &mut token).unwrap().done();
        let smartcard = client.find_smartcard(card_id(token.identity())).unwrap().unwrap().uuid;
        drop(token);
        card.forget_headers();
        Self { card, smartcard, password: String::new() }
    }

    /// Makes a request as the operator.
    fn asked(&self, lobby: &Lobby, request_type: RequestType) -> Uuid {
        let order = CreateRequest::of_card(request_type, Some(self.smartcard), "", CreateTerms::default());
        lobby.operator.create_request(&order).unwrap()
    }

    /// The PIN is locked, and the desk hands a one-time password over.
    fn lock(&mut self, lobby: &Lobby) {
        (0..3).for_each(|_| assert!(!takes(&self.card, "999999")));
        let request = self.asked(lobby, RequestType::Unblock);
        let decided = lobby.corridor.site.client("vera").approve(request, &Decision::default()).unwrap();
        self.password = decided.passwords.first.unwrap().expose().to_owned();
    }

    /// Answers each scene until the task is done, the card is out or the kiosk is gone.
    fn goes_on(&self, lobby: &Lobby, task: Task) -> End {
        let since = Instant::now();
        let (mut answered, mut wrong, mut troubles) = (String::new(), false, BTreeSet::new());
        while since.elapsed() < PATIENCE {
            let Some(page) = lobby.ask("GET", "/", &[], "") else { return End::Killed };
            // Whoever was refused the old PIN finds that the new one is right, which gives the try back.
            let has_new = wrong && task.name == CHANGE.name && page.contains("name=\"act\" value=\"new-pin\"");
            if has_new {
                assert!(takes(&self.card, NEW_PIN));
            }
            if page.contains(task.done) || has_new {
                return End::Done;
            }
            if self.card.with_card(|_| ()).is_none() && page.contains("Put in your card") {
                return End::Pulled;
            }
            let scene = after(&page, "data-scene=\"").split('"').next().unwrap_or_default().to_owned();
            wrong |= page.contains("The PIN is wrong.");
            if scene != answered
                && let Some(fields) =
                    self.answer(lobby, task, &page, (wrong, MUTE.iter().any(|code| troubles.contains(*code))))
            {
                send(lobby, &scene, &fields);
                answered = scene;
            }
            if let Some((_, code)) = page.split_once("Code: ") {
                troubles.insert(code.split(['<', ' ']).next().unwrap_or_default().to_owned());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        panic!("{} does not end: {troubles:?} {}", task.name, lobby.corridor.log())
    }

    /// What somebody answers to what is shown; nothing where nothing is asked.
    /// `mute`: the card does not let its owner in.
    fn answer(
        &self,
        lobby: &Lobby,
        task: Task,
        page: &str,
        (wrong, mute): (bool, bool),
    ) -> Option<Vec<(&'static str, String)>> {
        let shows = |act: &str| page.contains(&format!("name=\"act\" value=\"{act}\""));
        let answer = |act: &str, fields: &[(&'static str, &str)]| {
            let fields = fields.iter().map(|(name, value)| (*name, (*value).to_owned()));
            Some([("act", act.to_owned())].into_iter().chain(fields).collect())
        };
        // It was changed before the card was pulled.
        let changed = wrong && task.name == CHANGE.name;
        match () {
            () if shows("pin") => {
                if wrong {
                    // After a wrong one the next waits.
                    std::thread::sleep(Duration::from_secs(4));
                }
                answer("pin", &[("pin", if changed { NEW_PIN } else { PIN })])
            }
            () if shows("new-pin") => answer("new-pin", &[("new-pin", NEW_PIN), ("again", NEW_PIN)]),
            () if shows("who") => answer("who", &[("user", "ursula"), ("password", &self.password)]),
            () if shows("answer") => {
                let groups = after(page, "groups\">").split("</p>").next()?;
                let code: Vec<_> = groups.split("<span>").skip(1).filter_map(|group| group.split('<').next()).collect();
                let request = self.asked(lobby, RequestType::OfflineUnblock);
                let told = lobby.operator.offline_unblock(request, &OfflineChallenge { challenge: code.join("-") });
                lobby.operator.complete(request).unwrap();
                answer("answer", &[("answer", &told.unwrap().response)])
            }
            () if page.contains("value=\"choose\"") => {
                answer("choose", &[("task", if mute { "pages" } else { task.name })])
            }
            () if page.contains("/kiosk?kiosk=") => {
                self.sign_in(lobby, page);
                None
            }
            () if shows("again") => answer("again", &[]),
            () => None,
        }
    }

    /// Signs in at the server's pages, which lead back with a code.
    fn sign_in(&self, lobby: &Lobby, page: &str) {
        let address = after(page, "/kiosk?kiosk=");
        let kiosk = address.split('&').next().unwrap().parse().unwrap();
        let state = after(address, "state=").split('"').next().unwrap();
        let handed = lobby.corridor.site.client("ursula").hand_over_visit(kiosk).unwrap();
        lobby.ask("GET", &format!("/returned?state={state}&code={}", *handed.code), &[], "");
    }

    fn portrait(&self, lobby: &Lobby) -> Portrait {
        let client = lobby.corridor.site.client("ursula");
        let mut token = piv::open(&self.card);
        let counters = token.counters().unwrap();
        let stored = token.public_objects().unwrap();
        drop(token);
        let certificates = client.certificates_of(Holder::Smartcard(self.smartcard)).unwrap();
        let is_listed = |der: &Vec<u8>| {
            let thumbprint = Certificate::from_der(der).unwrap().thumbprint_sha1();
            certificates.iter().any(|row| row.thumbprint == thumbprint)
        };
        let listed = stored.iter().map(|stored| stored.certificate.as_ref().is_some_and(is_listed)).collect();
        let requests = client.requests(None).unwrap();
        // Each call by telephone is a request of its own.
        let of_card = requests.iter().filter(|it| {
            [it.new_smartcard, it.old_smartcard].contains(&Some(self.smartcard))
                && it.request_type != RequestType::OfflineUnblock
        });
        let mut requests: Vec<_> = of_card.map(|it| format!("{:?} {:?}", it.request_type, it.status)).collect();
        requests.sort_unstable();
        let takes = [PIN, NEW_PIN].map(|pin| takes(&self.card, pin));
        Portrait { counters, takes, listed, issued: certificates.len(), requests }
    }
}

/// What comes after a text, up to the end.
fn after<'t>(page: &'t str, text: &str) -> &'t str {
    page.split_once(text).map_or("", |(_, rest)| rest)
}

fn send(lobby: &Lobby, scene: &str, fields: &[(&str, String)]) {
    let mut body = format!("scene={scene}");
    fields.iter().for_each(|(name, value)| body += &format!("&{name}={value}"));
    let origin = format!("http://{}", authority(&lobby.corridor));
    let typed = ("content-type", "application/x-www-form-urlencoded");
    lobby.ask("POST", "/act", &[("origin", &*origin), ("sec-fetch-site", "same-origin"), typed], &body);
}

/// Somebody for whom the desk has done what comes before.
fn visitor(lobby: &Lobby, task: Task) -> Visitor {
    let mut visitor = Visitor::new(lobby);
    (task.before)(&mut visitor, lobby);
    visitor.card.forget_headers();
    visitor
}

/// Pulls the card at each command of the task, and kills the kiosk there.
fn everywhere(task: Task) {
    let mut lobby = Lobby::new();
    let undisturbed = visitor(&lobby, task);
    lobby.corridor.insert(0, &undisturbed.card);
    assert_eq!(undisturbed.goes_on(&lobby, task), End::Done);
    lobby.leave();
    let commands = undisturbed.card.headers().len();
    let expected = undisturbed.portrait(&lobby);

    for point in torture::points_in(PULLED, 0..2 * commands) {
        let told = format!("{}, pulled at {}, after: {}", task.name, point / 2, point % 2 == 1);
        let visitor = visitor(&lobby, task);
        let fault = ["remove", "remove-after"][point % 2];
        visitor.card.set_dial(format!("{fault}@{}", point / 2 + 1).parse().unwrap());
        lobby.corridor.insert(0, &visitor.card);
        if visitor.goes_on(&lobby, task) == End::Pulled {
            visitor.card.set_dial("".parse().unwrap());
            visitor.card.insert_again();
            assert_eq!(visitor.goes_on(&lobby, task), End::Done, "{told}");
        }
        lobby.leave();
        // Some are pulled when all is done.
        visitor.card.set_dial("".parse().unwrap());
        visitor.card.insert_again();
        assert_eq!(visitor.portrait(&lobby), expected, "{told}");
    }
    for point in torture::points_in(KILLED, 0..2 * commands) {
        let told = format!("{}, killed at {}, after: {}", task.name, point / 2, point % 2 == 1);
        let visitor = visitor(&lobby, task);
        let (gate, victim) = Gate::before(&visitor.card, Some(point / 2), point % 2 == 1);
        victim.is(lobby.corridor.process());
        lobby.corridor.insert(0, &SharedCard::new(gate));
        if visitor.goes_on(&lobby, task) == End::Killed {
            lobby.start_again();
            assert_eq!(visitor.goes_on(&lobby, task), End::Done, "{told}");
        }
        lobby.leave();
        assert_eq!(visitor.portrait(&lobby), expected, "{told}");
    }
}

#[test]
fn a_renewal_comes_to_its_end_wherever_it_is_cut() {
    everywhere(RENEW);
}

#[test]
fn a_new_pin_is_there_wherever_its_choice_is_cut() {
    everywhere(CHANGE);
}

#[test]
fn a_pin_set_over_the_telephone_is_there_wherever_that_is_cut() {
    everywhere(CALL);
}

#[test]
fn a_locked_card_is_opened_wherever_that_is_cut() {
    everywhere(UNBLOCK);
}
