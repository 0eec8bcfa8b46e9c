//! Cards that are pulled and clients that are killed in the middle of an enrollment.

use std::process::Stdio;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use cardwright::virtual_card::{PivCard, VirtualCard};
use serde_json::json;

use super::kind::{GIDS, Kind, YUBIKEY, yubikey};
use super::{Desk, PIN, only};

const PUT_DATA: u8 = 0xDB;
const GENERATE: u8 = 0x47;
/// GENERAL AUTHENTICATE by the P-256 key 9A.
const SIGN: [u8; 4] = [0x00, 0x87, 0x11, 0x9A];
const PATIENCE: Duration = Duration::from_secs(120);

/// Pulls the card at these commands, each time later in one enrollment, which goes on when the card is back.
fn pulled(person: &'static str, kind: Kind, faults: &[&str]) {
    let desk = Desk::new(person, kind);
    let request = desk.enroll(kind.first_pin).refused(7, "request-pending").request;
    desk.approve(request.as_ref().unwrap());
    for fault in faults {
        desk.card.card().set_dial(fault.parse().unwrap());
        desk.card.card().forget_headers();
        let told = desk.enroll(kind.first_pin).told();
        assert_eq!(
            (told.exit, told.code.as_str()),
            (8, "token-removed"),
            "{fault}: {told:?} {:02X?}",
            desk.card.card().headers()
        );
        assert!(told.message.contains("could not") && told.causes.contains("removed"), "{told:?}");
        assert_eq!(told.request, request, "{fault}");
        assert_eq!(desk.journal().len(), 1, "{fault}");
        desk.card.card().set_dial("".parse().unwrap());
        desk.card.insert_again();
        assert_eq!(desk.tries(), kind.tries, "{fault}");
    }
    let done = desk.enroll(kind.first_pin).done();
    assert_eq!((done["request"].as_str(), desk.counted()), (request.as_deref(), (1, 1)));
    assert_eq!(only(&desk.info())["serial_number"], only(&done)["serial_number"]);
    assert!(desk.journal().is_empty());
    desk.is_judged_good(&done, kind.first_pin);
}

#[test]
fn an_enrollment_whose_piv_card_is_pulled_goes_on_when_it_is_back() {
    pulled("cora", YUBIKEY, &["remove-after@9", "remove@14", "remove-after@20", "remove@22"]);
}

#[test]
fn an_enrollment_whose_gids_card_is_pulled_goes_on_when_it_is_back() {
    pulled("gunda", GIDS, &["remove-after@14", "remove@20", "remove-after@22"]);
}

/// A card that says when a certificate is to be written after its key has signed, and loses that command.
struct Gate {
    card: PivCard,
    signed: bool,
    reached: Sender<()>,
    released: Receiver<()>,
}

impl VirtualCard for Gate {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.signed |= command.starts_with(&SIGN);
        // Whoever waits at the other end is gone already when the card goes on.
        if self.signed && command[1] == PUT_DATA && self.reached.send(()).is_ok() {
            let _ = self.released.recv_timeout(PATIENCE);
            self.signed = false;
            return vec![0x6F, 0x00];
        }
        self.card.transmit(command)
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.card.state()
    }
}

#[test]
fn a_client_killed_between_signing_and_installing_goes_on_with_the_same_key_and_certificate() {
    let (reached, is_reached) = channel();
    let (release, released) = channel();
    let desk = Desk::new("kilian", YUBIKEY);
    let card = PivCard::new(yubikey()).unwrap();
    desk.card.remove();
    desk.card.card().insert(Box::new(Gate { card, signed: false, reached, released }));
    desk.card.wait_until_seen();

    let request = desk.enroll(PIN).refused(7, "request-pending").request.unwrap();
    desk.approve(&request);
    let mut client = desk.command_of(desk.person, PIN, &["enroll", "--template", desk.kind.template]);
    let mut client = client.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let at_the_gate = is_reached.recv_timeout(PATIENCE);
    let journal = desk.journal();
    client.kill().unwrap();
    client.wait().unwrap();
    drop(is_reached);
    release.send(()).unwrap();
    at_the_gate.unwrap();
    assert!(journal.len() == 1 && journal[0].contains("\"at\": \"issued\""), "{journal:?}");
    assert_eq!((desk.info()["certificates"].clone(), desk.counted()), (json!([]), (1, 1)));

    desk.card.card().forget_headers();
    let done = desk.enroll(PIN).done();
    assert_eq!((done["request"].as_str(), desk.counted()), (Some(request.as_str()), (1, 1)));
    assert!(desk.card.card().headers().iter().all(|header| header[1] != GENERATE), "a second key was made");
    assert!(desk.journal().is_empty());
    desk.is_judged_good(&done, PIN);
}
