//! Virtual cards in virtual readers: the vpcd link, a private pcscd, sealed cards.

use crate::support::pcscd;
use cardwright::virtual_card::VirtualCard;

/// Answers every command with its own header and 9000.
struct Echo;

impl VirtualCard for Echo {
    fn atr(&self) -> Vec<u8> {
        vec![0x3B, 0x80, 0x80, 0x01, 0x01]
    }

    fn reset(&mut self) {}

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        [&command[..4], &[0x90, 0x00]].concat()
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        Default::default()
    }
}

#[test]
fn a_card_is_seen_spoken_to_removed_and_seen_again() {
    let inserted = pcscd::insert(Box::new(Echo));
    let context = pcscd::context();
    let card = context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; 16];
    assert_eq!(card.transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap(), [0, 0xA4, 4, 0, 0x90, 0x00]);
    inserted.remove();
    assert_eq!(card.transmit(&[0, 0xA4, 4, 0], &mut buffer), Err(pcsc::Error::RemovedCard));
    drop(card);
    inserted.insert_again();
    let card = context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    assert_eq!(card.transmit(&[0, 0xCB, 0x3F, 0xFF], &mut buffer).unwrap(), [0, 0xCB, 0x3F, 0xFF, 0x90, 0x00]);
}
