//! Cards in PC/SC readers, as the command line finds, shows and prepares them.

use std::time::{Duration, Instant};

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::pkix::KeyAlgorithm;
use cardwright::virtual_card::{GidsCard, GidsOptions, PivCard, PivOptions, SharedCard, VirtualCard};

use super::{PIN, WRONG_PIN};
use crate::piv::counts;
use crate::support::program::Program;

const LEFT: &str = "Desk 00 00";
const RIGHT: &str = "Desk 00 01";
const FACTORY_PIN: &str = "123456";

/// A program without a PKCS#11 module, and readers of its own.
pub(super) struct Workplace {
    pub program: Program,
    pub pcscd: PrivatePcscd,
}

impl Workplace {
    pub fn new() -> Self {
        let pcscd = PrivatePcscd::start(&["Desk"]).unwrap();
        let mut program = Program::new();
        program.unset("CARDWRIGHT_MODULE");
        program.set(CLIENTS_VARIABLE, pcscd.socket().to_str().unwrap());
        Self { program, pcscd }
    }

    /// Puts a card into the left (0) or right (1) reader and waits until the program sees it.
    pub fn insert(&self, slot: usize, card: Box<dyn VirtualCard>) -> SharedCard {
        let card = SharedCard::new(card);
        self.insert_shared(slot, &card);
        card
    }

    /// Likewise, a card that a test knows already.
    fn insert_shared(&self, slot: usize, card: &SharedCard) {
        self.pcscd.readers()[slot].seat().insert(card.clone());
        let (name, since) = (self.pcscd.readers()[slot].name(), Instant::now());
        while !self.program.json(["token", "list"]).stdout.contains(name) {
            assert!(since.elapsed() < Duration::from_secs(120), "{name}: no card was seen");
        }
    }

    fn source(&self, secret: &str) -> String {
        format!("file:{}", self.program.write(secret, secret))
    }
}

pub(super) fn piv(options: PivOptions) -> Box<dyn VirtualCard> {
    Box::new(PivCard::new(options).unwrap())
}

fn yubikey(serial: u32) -> Box<dyn VirtualCard> {
    piv(PivOptions { serial, ..PivOptions::yubikey() })
}

pub(super) fn gids() -> Box<dyn VirtualCard> {
    Box::new(GidsCard::new(GidsOptions::default()).unwrap())
}

/// A card of no known kind.
pub struct Stranger;

impl VirtualCard for Stranger {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x80, 0x01, 0x81]
    }

    fn reset(&mut self) {}

    fn transmit(&mut self, _command: &[u8]) -> Vec<u8> {
        vec![0x6A, 0x82]
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        zeroize::Zeroizing::default()
    }
}

#[test]
fn a_piv_card_is_shown_with_what_it_tells() {
    let place = Workplace::new();
    place.insert(0, yubikey(4711));
    let listed = place.program.json(["token", "list"]).done();
    let card = &listed[0];
    assert_eq!((card["kind"].as_str(), card["reader"].as_str()), (Some("PIV"), Some(LEFT)));
    assert_eq!((card["serial"].as_str(), card["state"].as_str()), (Some("4711"), Some("initialised")));
    let info = place.program.json(["token", "info"]).done();
    assert_eq!((info["pin"].as_str(), info["puk"].as_str()), (Some("counted"), Some("counted")));
    assert_eq!((info["tries_left"]["pin"].as_u64(), info["tries_left"]["puk"].as_u64()), (Some(3), Some(3)));
    assert!(info["card_id"].as_str().unwrap().len() == 36 && info["certificates"].as_array().unwrap().is_empty());
    let text = place.program.text(["token", "info", "--serial", "4711"]);
    assert!(text.success() && text.stdout.contains("PUK         3 tries"), "{text:?}");
    let text = place.program.text(["token", "list"]);
    assert!(text.stdout.contains(LEFT) && text.stdout.contains("3 tries"), "{text:?}");
}

/// Counted by the card itself, from the start of the program to its end.
#[test]
fn a_card_with_a_certificate_is_shown_with_eleven_short_apdus() {
    let place = Workplace::new();
    let card = counts::short_yubikey();
    counts::enroll(&card, KeyAlgorithm::P256, counts::no_pause);
    place.insert_shared(0, &card);
    card.forget_headers();
    let info = place.program.json(["token", "info"]).done();
    assert_eq!(info["certificates"].as_array().unwrap().len(), 1);
    // One asks for the metadata of the certificate's key; counted beside: three ask for those of the places without one.
    assert_eq!(card.headers().len(), 11 + 3, "{:02X?}", card.headers());
}

#[test]
fn a_pin_on_a_card_is_changed_and_a_wrong_one_costs_a_try() {
    let place = Workplace::new();
    place.insert(0, yubikey(4711));
    let change = |current: &str, new: &str| {
        let (current, new) = (place.source(current), place.source(new));
        place.program.json(["token", "change-pin", "--pin-from", &current, "--new-pin-from", &new])
    };
    // The card tells that it has the one it came with, and later that it has not: no try is spent on another.
    change(WRONG_PIN, PIN).refused(4, "secret-contradicted");
    let left = || place.program.json(["token", "info"]).done()["tries_left"]["pin"].as_u64();
    assert_eq!(left(), Some(3));
    assert_eq!(change(FACTORY_PIN, PIN).done()["serial"], "4711");
    assert_eq!(left(), Some(3));
    change(FACTORY_PIN, PIN).refused(4, "secret-contradicted");
    assert_eq!(left(), Some(3));
    change(WRONG_PIN, PIN).refused(4, "wrong-pin");
    change(WRONG_PIN, PIN).refused(4, "wrong-pin");
    change(WRONG_PIN, PIN).refused(4, "last-try-kept");
    assert_eq!(left(), Some(1));
}

#[test]
fn a_plain_piv_card_gets_an_identity_of_its_own() {
    let place = Workplace::new();
    place.insert(0, piv(PivOptions::default()));
    let blank = place.program.json(["token", "info"]).done();
    assert_eq!((blank["state"].as_str(), blank["serial"].as_str()), (Some("blank"), Some("")));
    let wrong = place.source("11".repeat(24).as_str());
    let told = place.program.json(["token", "init", "--so-pin-from", &wrong]).told();
    assert_eq!((told.exit, told.code.as_str()), (4, "wrong-so-pin"), "{told:?}");
    let nonsense = place.source("no digits");
    place.program.json(["token", "init", "--so-pin-from", &nonsense]).refused(2, "admin-key");
    place.program.json(["token", "init", "--label", "x", "--default-admin-key"]).refused(2, "label-rules");
    let made = place.program.json(["token", "init", "--default-admin-key"]).done();
    let serial = made["serial"].as_str().unwrap();
    assert!(!serial.is_empty() && made["state"] == "initialised");
    assert_eq!(place.program.json(["token", "info", "--serial", serial]).done()["serial"], serial);
    place.program.json(["token", "attest", "9a"]).refused(8, "not-offered");
}

#[test]
fn a_gids_card_gets_its_secrets_and_files_once() {
    let place = Workplace::new();
    place.insert(1, gids());
    let blank = place.program.json(["token", "info"]).done();
    assert_eq!((blank["kind"].as_str(), blank["state"].as_str()), (Some("GIDS"), Some("blank")));
    let pin = place.source(PIN);
    let init = ["token", "init", "--default-admin-key", "--pin-from", &pin];
    let made = place.program.json(init).done();
    assert_eq!((made["reader"].as_str(), made["state"].as_str()), (Some(RIGHT), Some("initialised")));
    let info = place.program.json(["token", "info"]).done();
    assert_eq!((&info["serial"], info["puk"].is_null()), (&made["serial"], true));
    place.program.json(init).refused(2, "token-initialised");
    place.program.json(["token", "attest", "9a"]).refused(8, "not-offered");
    let new = place.source("314159");
    place.program.json(["token", "change-pin", "--pin-from", &pin, "--new-pin-from", &new]).done();
}

#[test]
fn a_key_is_attested_or_it_is_said_why_not() {
    let place = Workplace::new();
    place.insert(0, yubikey(4711));
    for key in ["9b", "9A9C", "", "slot 1", "96"] {
        place.program.json(["token", "attest", key]).refused(2, "key-reference");
    }
    place.program.json(["token", "attest", "9a"]).refused(8, "key-gone");
}

#[test]
fn which_card_is_meant_is_never_guessed() {
    let place = Workplace::new();
    place.program.json(["token", "info"]).refused(3, "no-token");
    assert!(place.program.json(["token", "list"]).done().as_array().unwrap().is_empty());
    place.insert(0, Box::new(Stranger));
    let told = place.program.json(["token", "info"]).refused(3, "unknown-card");
    assert!(told.message.contains("3B800181"), "{told:?}");
    let listed = place.program.json(["token", "list"]).done();
    assert!(listed[0]["state"] == "unreadable" && listed[0]["error"].as_str().unwrap().contains(LEFT), "{listed}");

    place.insert(0, yubikey(4711));
    place.insert(1, yubikey(4712));
    let told = place.program.json(["token", "info"]).refused(3, "ambiguous-token");
    assert!(told.message.contains("4711") && told.message.contains(RIGHT), "{told:?}");
    assert_eq!(place.program.json(["token", "info", "--reader", "00 01"]).done()["serial"], "4712");
    assert_eq!(place.program.json(["token", "info", "--serial", "4711"]).done()["serial"], "4711");
    place.program.json(["token", "info", "--reader", "Shelf"]).refused(3, "no-reader");
    place.program.json(["token", "info", "--reader", RIGHT, "--serial", "4711"]).refused(3, "no-token");
    assert_eq!(place.program.json(["token", "list", "--reader", RIGHT]).done().as_array().unwrap().len(), 1);
    place.insert(1, yubikey(4711));
    let told = place.program.json(["token", "info"]).told();
    // pcscd may show the card that was there before for a moment.
    assert!(["same-serial", "ambiguous-token"].contains(&told.code.as_str()), "{told:?}");
}

#[test]
fn a_module_that_is_configured_comes_first_unless_a_reader_is_meant() {
    let mut place = Workplace::new();
    place.insert(0, yubikey(4711));
    place.program.set("CARDWRIGHT_MODULE", crate::support::softhsm::MODULE);
    place.program.factory_token("card");
    assert_eq!(place.program.json(["token", "info", "--label", "card"]).done()["kind"], "PKCS#11");
    for narrowed in [&["--pcsc"][..], &["--reader", LEFT]] {
        let info = place.program.json([&["token", "info"][..], narrowed].concat()).done();
        assert_eq!(info["kind"], "PIV");
    }
    let listed = place.program.json(["token", "list"]).done();
    let kinds: Vec<_> = listed.as_array().unwrap().iter().map(|token| token["kind"].as_str().unwrap()).collect();
    assert!(kinds.contains(&"PIV") && kinds.contains(&"PKCS#11"), "{kinds:?}");
    place.program.json(["token", "init", "--default-admin-key"]).refused(2, "label-missing");
}

#[test]
fn a_service_that_does_not_run_is_told_with_what_to_do() {
    let mut program = Program::new();
    // Who uses a module need not have PC/SC.
    program.json(["token", "list"]).done();
    program.unset("CARDWRIGHT_MODULE");
    for command in [&["token", "list"][..], &["token", "info"], &["token", "init", "--default-admin-key"]] {
        let told = program.json(command).refused(8, "pcsc-not-running");
        assert!(told.remedy.contains("pcscd") && told.message.contains("nobody.comm"), "{told:?}");
    }
}
