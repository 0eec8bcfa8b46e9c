//! Virtual cards in virtual readers: the vpcd link, a private pcscd, sealed cards.

use crate::support::pcscd;
use cardwright::virtual_card::VirtualCard;
use std::time::{Duration, Instant};

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

#[test]
fn a_card_is_seen_spoken_to_removed_and_seen_again() {
    let context = pcscd::context();
    let inserted = pcscd::insert(Box::new(Echo));
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

#[test]
fn other_programs_see_the_card() {
    let inserted = pcscd::insert(Box::new(Echo));
    let seen = pcscd::program("opensc-tool", 20).args(["--reader", inserted.reader(), "--atr"]).output().unwrap();
    assert!(String::from_utf8_lossy(&seen.stdout).contains("3b:80:01:81"), "{seen:?}");
}

/// No answer came. vpcd passes a link that was closed on as an answer of no bytes.
fn is_lost(answer: Result<&[u8], pcsc::Error>) -> bool {
    answer.map_or(true, <[u8]>::is_empty)
}

#[test]
fn a_card_that_a_fault_pulls_is_missed_and_one_that_a_fault_resets_is_back() {
    let context = pcscd::context();
    let inserted = pcscd::insert(Box::new(Echo));
    let connect = || context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; 16];
    for fault in ["remove@2", "remove-after@2"] {
        let card = connect();
        inserted.card().set_dial(fault.parse().unwrap());
        card.transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap();
        assert!(is_lost(card.transmit(&[0, 0xA4, 4, 0], &mut buffer)));
        inserted.wait_until_missed();
        drop(card);
        inserted.insert_again();
    }
    let card = connect();
    inserted.card().set_dial("reset@2".parse().unwrap());
    card.transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap();
    assert!(is_lost(card.transmit(&[0, 0xA4, 4, 0], &mut buffer)));
    inserted.wait_until_missed();
    inserted.wait_until_seen();
    drop(card);
    connect().transmit(&[0, 0xA4, 4, 0], &mut buffer).unwrap();
    assert_eq!(inserted.card().headers().len(), 7);
}

#[test]
fn no_command_waits_for_an_acknowledgement() {
    let inserted = pcscd::insert(Box::new(Echo));
    let context = pcscd::context();
    let card = context.connect(inserted.reader_c(), pcsc::ShareMode::Exclusive, pcsc::Protocols::ANY).unwrap();
    let mut buffer = [0; 300];
    let times = (0..20).map(|_| {
        let since = Instant::now();
        card.transmit(&[0; 260], &mut buffer).unwrap();
        since.elapsed()
    });
    // A delayed acknowledgement would cost every one of them 40 ms.
    assert!(times.min().unwrap() < Duration::from_millis(20));
}

mod stranger;
