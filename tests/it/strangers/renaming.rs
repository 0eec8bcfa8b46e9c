//! OpenSC's module on a GIDS card gives keys ids of its own, whatever id is ordered: one that was made before an
//! enrollment broke off is found again, and nothing is left after the card's life.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use cardwright::farm::pcscd::CLIENTS_VARIABLE;
use cardwright::secret::{AdminKey, Pin};
use cardwright::virtual_card::{GidsCard, GidsOptions, Initialised, VirtualCard};

use crate::support::pcscd::{self, Inserted};
use crate::support::program::{Ended, end};
use crate::support::site::{Site, keys, set};

const MODULE: &str = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so";
const PIN: &str = "271828";
const ADMIN_KEY: &str = "010203040506070801020304050607080102030405060708";
const GENERATE: u8 = 0x47;
/// PERFORM SECURITY OPERATION, by which the card signs.
const PERFORM: u8 = 0x2A;

const PUT_DATA: u8 = 0xDB;

/// A card that fails at a command (INS) once it has carried out another, while it is told to.
struct Failing {
    card: GidsCard,
    after: u8,
    /// Any, where there is none.
    at: Option<u8>,
    reached: bool,
    armed: Arc<AtomicBool>,
}

impl VirtualCard for Failing {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let hit = self.at.is_none_or(|at| at == command[1]);
        if self.reached && hit && self.armed.load(Ordering::SeqCst) {
            return vec![0x6F, 0x00];
        }
        self.reached |= self.after == command[1];
        self.card.transmit(command)
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.card.state()
    }
}

/// A person whose card is used through OpenSC's module.
struct Desk {
    site: Site,
    armed: Arc<AtomicBool>,
    _card: Inserted,
}

impl Desk {
    fn new(after: u8, at: Option<u8>) -> Self {
        let mut site = Site::with(|template| {
            let template = set(keys(template, "RSA-2048"), "[smartcard]", "diversify_admin_key", "false");
            set(template, "[certificate]", "key_usages", r#"["digitalSignature"]"#)
        });
        site.person("alice", &[]);
        let admin_key = AdminKey::from_hex(ADMIN_KEY).unwrap();
        let initialised = Initialised { pin: Pin::new(PIN.into()), admin_key, card_id: *b"opensc names it!" };
        let card = GidsCard::new(GidsOptions { initialised: Some(initialised), ..Default::default() }).unwrap();
        let armed = Arc::new(AtomicBool::new(true));
        let card = Failing { card, after, at, reached: false, armed: Arc::clone(&armed) };
        let card = pcscd::insert(Box::new(card));
        let configuration = card.opensc_configuration(&site.program.path(""));
        let only = b"app opensc-pkcs11 { card_drivers = gids; }\n";
        let opened = std::fs::OpenOptions::new().append(true).open(&configuration);
        opened.and_then(|mut file| file.write_all(only)).unwrap();
        site.program.set("OPENSC_CONF", configuration.display().to_string());
        site.program.set(CLIENTS_VARIABLE, pcscd::socket().display().to_string());
        site.program.use_module(MODULE);
        Self { site, armed, _card: card }
    }

    fn run(&self, arguments: &[&str]) -> Ended {
        // Nobody asks for another PIN, which only the administrator could set.
        end(self.site.command("alice", PIN, arguments).env_remove("CARDWRIGHT_NEW_PIN"))
    }

    /// Begins an enrollment that the card breaks off; gives the request.
    #[track_caller]
    fn breaks_off(&self) -> String {
        let broken = self.run(&["enroll"]).told();
        assert!(self.armed.swap(false, Ordering::SeqCst) && broken.exit == 8, "{broken:?}");
        assert_eq!(self.objects(), [1, 0], "{broken:?}");
        broken.request.unwrap()
    }

    /// Private keys and certificates that OpenSC's own tool finds. It shows a container that was emptied as a private key
    /// without any use.
    #[track_caller]
    fn objects(&self) -> [usize; 2] {
        let mut tool = self.site.program.other("timeout");
        tool.args(["--kill-after=5", "60", "pkcs11-tool", "--module", MODULE, "--login", "--pin", PIN]);
        let listed = end(tool.arg("--list-objects"));
        assert!(listed.success(), "{listed:?}");
        let usages = listed.stdout.lines().filter_map(|line| line.trim().strip_prefix("Usage:"));
        let keys = usages.filter(|usage| usage.contains("sign")).count();
        [keys, listed.stdout.matches("Certificate Object").count()]
    }

    /// Goes on to the end of the card's life; gives the enrollment's request.
    #[track_caller]
    fn enrolls_and_retires(&self) -> String {
        let done = self.run(&["enroll"]).done();
        assert_eq!(self.objects(), [1, 1], "another key is there");
        assert!(self.site.program.journal().is_empty());
        let retired = self.run(&["retire", "--yes"]).done();
        assert_eq!(retired["removed_keys"].as_array().unwrap().len(), 1);
        assert_eq!(self.objects(), [0, 0]);
        done["request"].as_str().unwrap().to_owned()
    }
}

#[test]
fn an_enrollment_that_broke_off_takes_up_the_key_that_opensc_named() {
    // While the key is made, when it signs, and when its certificate is written.
    for (after, at) in [(GENERATE, None), (GENERATE, Some(PERFORM)), (PERFORM, Some(PUT_DATA))] {
        let desk = Desk::new(after, at);
        let request = desk.breaks_off();
        assert_eq!(desk.enrolls_and_retires(), request);
    }
}

#[test]
fn a_canceled_enrollment_leaves_no_key_that_opensc_named() {
    let desk = Desk::new(GENERATE, Some(PERFORM));
    let request = desk.breaks_off();
    desk.run(&["request", "cancel", &request]).done();
    desk.run(&["enroll"]).refused(6, "request-canceled");
    assert_eq!(desk.objects(), [0, 0]);
    assert!(desk.site.program.journal().is_empty());
    // OpenSC takes the emptied container for the new key in it, until it is loaded anew.
    desk.run(&["enroll"]).refused(8, "token-failed");
    assert_ne!(desk.enrolls_and_retires(), request);
}

#[test]
fn a_card_retired_amid_its_enrollment_keeps_no_key_that_opensc_named() {
    let desk = Desk::new(GENERATE, Some(PERFORM));
    desk.breaks_off();
    desk.run(&["retire", "--yes"]).done();
    assert_eq!(desk.objects(), [0, 0]);
}
