//! Virtual cards in virtual readers: the vpcd link, a private pcscd, sealed cards.

use cardwright::virtual_card::VirtualCard;

mod link;
mod readers;
mod shelf;
mod stranger;
mod tpm;
mod vcard;

/// Answers every command with its own header and 9000.
struct Echo;

impl VirtualCard for Echo {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x80, 0x01, 0x81]
    }

    fn reset(&mut self) {}

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        [&command[..4], &[0x90, 0x00]].concat()
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        Default::default()
    }
}
