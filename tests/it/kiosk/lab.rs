//! A workstation in the corridor: two readers of its own, the kiosk as a child process, a server, and a browser.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cardwright::farm::Seat;
use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::{PivCard, PivOptions, SharedCard, VirtualCard};
use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::gate::was_killed;
use crate::support::program::{bounded, end};
use crate::support::site::{API, Site, set};

pub const PIN: &str = "271828";
pub const NEW_PIN: &str = "314159";
pub const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
/// What people enroll by at the desk, and what they need a one-time password for.
pub const PLAIN: &str = "Plain";
pub const GUARDED: &str = "Guarded";
const NUMBER: &str = "0800 2273";
const BOUND: &str = "240";
const GONE: Duration = Duration::from_secs(120);
/// Few people have many cards.
const SETTINGS: &str = "\n[roles]\nkiosk = [\"group:kiosks\"]\noperator = [\"group:operators\"]\nsecond_administrator = false\n\
                        [people]\ncertificates_per_day = 0\n";

/// What the screens are called in pictures' names.
pub const SCREENS: &[&str] = &[
    "kiosk-at-pad",
    "kiosk-card",
    "kiosk-card-due",
    "kiosk-cut",
    "kiosk-done",
    "kiosk-empty",
    "kiosk-insert",
    "kiosk-last-try",
    "kiosk-logon",
    "kiosk-logon-asked",
    "kiosk-new-card",
    "kiosk-new-pin",
    "kiosk-no-reader",
    "kiosk-old-card",
    "kiosk-old-pin",
    "kiosk-old-pin-wrong",
    "kiosk-pages",
    "kiosk-several",
    "kiosk-take",
    "kiosk-telephone",
    "kiosk-temporary",
    "kiosk-trouble",
    "kiosk-warning",
    "kiosk-waiting",
    "kiosk-who",
    "kiosk-who-wrong",
];

/// A workstation.
pub struct Corridor {
    pub site: Site,
    pcscd: Option<PrivatePcscd>,
    /// Where clients find it; what it names changes.
    socket: std::path::PathBuf,
    kiosk: Option<Child>,
    /// What the kiosk's next start has in its environment besides.
    pub environment: Vec<(&'static str, String)>,
    /// With a slash at its end.
    pub address: String,
    pub link: String,
}

/// A site with one template that enrolls at once, and one whose requests are approved and opened by a one-time password.
fn site(edit: impl Fn(String) -> String) -> Site {
    let mut site = Site::with_settings_and_templates(SETTINGS, |template| {
        let template = edit(set(template, "[smartcard]", "default_admin_key_hex", &format!("{ADMIN_KEY:?}")));
        let named = |name: &str, text: &str| {
            let uuid = uuid::Uuid::new_v4().to_string();
            let lines = text.lines().map(|line| match line.split(" = ").next() {
                Some("name") if line.contains("Smart card logon") => format!("name = {name:?}"),
                Some("uuid") => format!("uuid = {uuid:?}"),
                _ => line.to_owned(),
            });
            lines.collect::<Vec<_>>().join("\n")
        };
        let guarded = by_password(template.clone(), "enroll");
        vec![named(PLAIN, &template), named(GUARDED, &guarded)]
    });
    site.program.unset("CARDWRIGHT_MODULE");
    for (name, groups) in [
        ("kiosk-1", &["kiosks"][..]),
        ("otto", &["operators"]),
        ("vera", &["approvers"]),
        ("ursula", &[]),
        ("ulf", &[]),
    ] {
        site.person(name, groups);
    }
    site
}

/// Has requests of a workflow opened by a one-time password, which whoever approves them hands over.
pub fn by_password(template: String, workflow: &str) -> String {
    let (before, after) = template.split_once(&format!("[workflows.{workflow}]\n")).unwrap();
    let (own, others) = after.split_once("\n[").unwrap();
    let own: Vec<&str> = own.lines().filter(|line| !line.starts_with("approv")).collect();
    let approval = "approvals_needed = 1\napprovers = [\"group:approvers\"]";
    let table = format!("[workflows.{workflow}.one_time_password]\ndeliver = [\"display\"]\n");
    format!("{before}[workflows.{workflow}]\n{}\n{approval}\n\n{table}\n[{others}", own.join("\n"))
}

impl Corridor {
    /// A workstation whose kiosk is started with these options.
    pub fn new(options: &[&str]) -> Self {
        Self::with(options, |template| template)
    }

    /// Likewise, where both templates are edited.
    pub fn with(options: &[&str], edit: impl Fn(String) -> String) -> Self {
        let mut site = site(edit);
        let pcscd = PrivatePcscd::start(&["Corridor"]).unwrap();
        let socket = site.program.path("pcscd.comm");
        site.program.set(CLIENTS_VARIABLE, socket.display().to_string());
        let (address, link, environment) = (String::new(), String::new(), Vec::new());
        let mut corridor = Self { site, pcscd: None, socket, kiosk: None, environment, address, link };
        corridor.lead_to(pcscd);
        corridor.start(options);
        corridor
    }

    fn lead_to(&mut self, pcscd: PrivatePcscd) {
        let _ = std::fs::remove_file(&self.socket);
        std::os::unix::fs::symlink(pcscd.socket(), &self.socket).unwrap();
        self.pcscd = Some(pcscd);
    }

    /// Takes the readers away, and with them the service.
    pub fn unplug(&mut self) {
        self.pcscd = None;
    }

    /// Brings other readers.
    pub fn plug_in(&mut self) {
        self.lead_to(PrivatePcscd::start(&["Corridor"]).unwrap());
    }

    fn seat(&self, reader: usize) -> &Seat {
        self.pcscd.as_ref().unwrap().readers()[reader].seat()
    }

    /// Starts the kiosk, and waits until it serves.
    pub fn start(&mut self, options: &[&str]) {
        // Nobody is called away for a slow machine's sake, unless a test is about that.
        let patience: &[_] = if options.contains(&"--idle") { &[] } else { &["--idle", "3600"] };
        let fixed = [&["kiosk", "--port", "0", "--help-desk", NUMBER], patience].concat();
        let link = self.site.program.path("LINK").display().to_string();
        let options: Vec<&str> = options.iter().map(|it| if *it == "LINK" { link.as_str() } else { it }).collect();
        let mut command = self.site.command("kiosk-1", PIN, &[fixed, options].concat());
        command.env_remove("CARDWRIGHT_PIN").env_remove("CARDWRIGHT_NEW_PIN").envs(self.environment.iter().cloned());
        let log = std::fs::File::create(self.site.program.path("kiosk.log")).unwrap();
        let mut kiosk = command.stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(kiosk.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.kiosk = Some(kiosk);
        let told: Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("{line:?} {}", self.log()));
        self.address = told["address"].as_str().unwrap().to_owned();
        self.link = told["start_link"].as_str().unwrap_or_default().to_owned();
    }

    /// The kiosk's process.
    pub fn process(&self) -> &Child {
        self.kiosk.as_ref().unwrap()
    }

    /// Starts the kiosk anew where it was killed.
    pub fn start_again(&mut self, options: &[&str]) {
        let killed = self.kiosk.take().map(|mut kiosk| kiosk.wait().unwrap());
        assert!(killed.is_some_and(was_killed), "{killed:?} {}", self.log());
        self.start(options);
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.site.program.path("kiosk.log")).unwrap()
    }

    /// Asks the kiosk to end; it does so in good order.
    pub fn stop(&mut self) {
        let Some(mut kiosk) = self.kiosk.take() else { return };
        let id = rustix::process::Pid::from_raw(i32::try_from(kiosk.id()).unwrap()).unwrap();
        rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
        let since = Instant::now();
        while kiosk.try_wait().unwrap().is_none() {
            if since.elapsed() > GONE {
                let _ = kiosk.kill().and_then(|()| kiosk.wait());
                panic!("the kiosk did not end");
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(kiosk.wait().unwrap().success(), "{}", self.log());
    }

    /// The browser of the workstation, at its page.
    pub fn browser(&self) -> Browser {
        let browser = Browser::new();
        browser.open(&self.link);
        browser
    }

    /// Puts a card into a reader, the first or the second.
    pub fn insert(&self, reader: usize, card: &SharedCard) {
        card.insert_again();
        self.seat(reader).insert(card.clone());
    }

    /// Waits until the service of the readers has seen the card that was put in.
    pub fn wait_until_seen(&self, reader: usize) {
        self.seat(reader).wait_until_taken_up(GONE).unwrap();
    }

    /// Takes the card out of a reader.
    pub fn remove(&self, reader: usize) {
        self.seat(reader).remove();
    }

    /// Runs the program as somebody, with the card in the first reader.
    #[track_caller]
    pub fn run(&self, who: &str, card: &SharedCard, arguments: &[&str]) -> Value {
        self.insert(0, card);
        let reader = self.pcscd.as_ref().unwrap().readers()[0].name().to_owned();
        self.wait_until_seen(0);
        let command = self.site.command(who, PIN, &[arguments, &["--reader", &reader]].concat());
        let mut command = bounded(&command, BOUND);
        command.env("CARDWRIGHT_STATE", self.site.program.path("desk-state"));
        // The service may show the card a moment after it was put in.
        let since = Instant::now();
        let mut ended = end(&mut command);
        while ended.stdout.contains("\"no-token\"") && since.elapsed() < GONE {
            ended = end(&mut command);
        }
        self.remove(0);
        ended.done()
    }

    /// A YubiKey that somebody has enrolled at the desk.
    #[track_caller]
    pub fn enrolled(&self, who: &str, options: PivOptions) -> SharedCard {
        let card = SharedCard::new(Box::new(PivCard::new(options).unwrap()));
        self.run(who, &card, &["enroll", "--template", PLAIN]);
        card
    }

    /// The card as the server knows it, by the server's own id.
    #[track_caller]
    pub fn smartcard_of(&self, who: &str) -> String {
        let cards = self.site.get(who, &format!("{API}/smartcards")).ok();
        cards[0]["Uuid"].as_str().unwrap().to_owned()
    }

    /// A request of somebody's for a card, of a template.
    #[track_caller]
    pub fn asked(&self, who: &str, template: &str) -> String {
        let templates = self.site.get(who, &format!("{API}/profiletemplates")).ok();
        let template = templates.as_array().unwrap().iter().find(|it| it["Name"] == template).unwrap()["Uuid"].clone();
        let order = json!({"profiletemplateuuid": template, "datacollection": "[]", "type": "Enroll", "comment": ""});
        let made = self.site.send(who, "POST", &format!("{API}/requests"), &order).ok();
        crate::support::site::last_segment(&made)
    }

    /// How many certificates somebody has at the server.
    pub fn certificates(&self, who: &str) -> usize {
        let answer = self.site.get(who, &format!("{API}/certificates"));
        if answer.status == 204 { 0 } else { answer.ok().as_array().unwrap().len() }
    }

    /// Changes the server's records by hand.
    #[track_caller]
    pub fn alter(&self, statement: &str) {
        let records = rusqlite::Connection::open(self.site.program.path("server/cardwright.db")).unwrap();
        assert!(records.execute(statement, []).unwrap() > 0, "{statement}");
    }

    /// A request of somebody's for a card, approved; its id and its one-time password.
    #[track_caller]
    pub fn password_for(&self, who: &str) -> (String, String) {
        let request = self.asked(who, GUARDED);
        let password = self.approved(&request)["OneTimePassword"].as_str().unwrap().to_owned();
        (request, password)
    }

    /// Has a request approved.
    #[track_caller]
    pub fn approved(&self, request: &str) -> Value {
        self.site.run("vera", PIN, &["request", "approve", request, "--comment", "seen"]).done()
    }
}

impl Drop for Corridor {
    fn drop(&mut self) {
        if let Some(mut kiosk) = self.kiosk.take() {
            let _ = kiosk.kill().and_then(|()| kiosk.wait());
        }
    }
}

/// A YubiKey of its own, as it leaves the factory.
pub fn yubikey() -> PivOptions {
    static SERIAL: AtomicU32 = AtomicU32::new(71_000_000);
    PivOptions { serial: SERIAL.fetch_add(1, Ordering::Relaxed), ..PivOptions::yubikey() }
}

/// Likewise, in no reader yet.
pub fn card(options: PivOptions) -> SharedCard {
    SharedCard::new(Box::new(PivCard::new(options).unwrap()))
}

/// Chooses a PIN.
pub fn chooses(browser: &Browser, pin: &str) {
    browser.fill("New PIN", pin);
    browser.fill("New PIN, once more", pin);
    browser.click("Set this PIN");
}

/// Types the PIN that the card has.
pub fn types(browser: &Browser, pin: &str) {
    browser.fill("PIN", pin);
    browser.click("Go on");
}

/// How often the card was asked to compare the PIN (VERIFY with data, or CHANGE REFERENCE DATA) since it was forgotten.
pub fn tries(card: &SharedCard) -> usize {
    card.headers().iter().filter(|header| matches!(header, [_, 0x20, _, 0x80] | [_, 0x24, _, 0x80])).count()
}

/// Says whether the card takes a PIN; asked of the card itself, where nobody else is.
pub fn takes(card: &SharedCard, pin: &str) -> bool {
    let mut verify = vec![0x00, 0x20, 0x00, 0x80, 0x08];
    verify.extend(pin.bytes().chain(std::iter::repeat(0xFF)).take(8));
    let answer = card.with_card(|card: &mut dyn VirtualCard| {
        card.reset();
        let selected = card.transmit(b"\x00\xA4\x04\x00\x05\xA0\x00\x00\x03\x08\x00");
        assert!(selected.ends_with(&[0x90, 0x00]));
        let answer = card.transmit(&verify);
        card.reset();
        answer
    });
    answer.unwrap() == [0x90, 0x00]
}

/// Looks at a screen: sound to axe, in the dark and in forced colours, no wider than a small page, with targets of 44 pixels.
#[track_caller]
pub fn judged(browser: &Browser, name: &str) {
    assert!(SCREENS.contains(&&*format!("kiosk-{name}")), "{name} is not among the screens");
    let small = browser.run(
        "return Array.from(document.querySelectorAll('button, input:not([type=hidden], [type=checkbox], [hidden]), .choice label'))\
         .map(one => one.getBoundingClientRect()).filter(box => box.width < 44 || box.height < 44).length",
        &[],
    );
    assert_eq!(small, json!(0), "{name}: targets of less than 44 pixels");
    browser.sound_in_every_way(&format!("kiosk-{name}"), 1024);
}
