//! Nitrokey's PIV card as one of our virtual cards: by itself, and before Yubico's tool.

use crate::support::pcscd;
use crate::support::piv_authenticator::{PIN, PivAuthenticator};
use cardwright::virtual_card::VirtualCard;

const SELECT: [u8; 11] = [0x00, 0xA4, 0x04, 0x00, 0x05, 0xA0, 0x00, 0x00, 0x03, 0x08, 0x00];

fn verify(pin: &str) -> Vec<u8> {
    let mut command = vec![0x00, 0x20, 0x00, 0x80, 0x08];
    command.extend_from_slice(pin.as_bytes());
    command.resize(13, 0xFF);
    command
}

const ASK_VERIFIED: [u8; 4] = [0x00, 0x20, 0x00, 0x80];

#[test]
fn it_selects_verifies_and_forgets_on_reset() {
    let mut card = PivAuthenticator::new();
    assert_eq!(card.transmit(&verify(PIN)), [0x6D, 0x00], "nothing is selected yet");
    assert!(card.transmit(&SELECT).ends_with(&[0x90, 0x00]));
    assert_eq!(card.transmit(&ASK_VERIFIED), [0x63, 0xC3]);
    assert_eq!(card.transmit(&verify("654321")), [0x63, 0xC2]);
    assert_eq!(card.transmit(&verify(PIN)), [0x90, 0x00]);
    assert_eq!(card.transmit(&ASK_VERIFIED), [0x90, 0x00]);
    card.reset();
    assert!(card.transmit(&SELECT).ends_with(&[0x90, 0x00]));
    assert_eq!(card.transmit(&ASK_VERIFIED), [0x63, 0xC3]);
}

#[test]
fn yubicos_tool_reads_its_status_and_generates() {
    let inserted = pcscd::insert(Box::new(PivAuthenticator::new()));
    let piv_tool = |arguments: &[&str]| {
        let mut command = pcscd::program("yubico-piv-tool", 60);
        let ended = command.args(["--reader", inserted.reader()]).args(arguments).output().unwrap();
        assert!(ended.status.success(), "{arguments:?}: {ended:?}");
        String::from_utf8(ended.stdout).unwrap()
    };
    let status = piv_tool(&["-a", "status"]);
    assert!(status.contains("PIN tries left:\t3"), "{status}");
    for (algorithm, reference) in [("ECCP256", "9a"), ("RSA2048", "9c")] {
        let key = piv_tool(&["-a", "generate", "-s", reference, "-A", algorithm]);
        assert!(key.starts_with("-----BEGIN PUBLIC KEY-----"), "{key}");
    }
}
