//! One card as a channel: transactions, other programs, removal, reset, cards that hang.

use std::time::{Duration, Instant};

use cardwright::iso7816::{CardChannel, ChannelError, Continuity, EndWith, Limits, Protocol};
use cardwright::reader::{Error, Patience, PcscChannel};
use cardwright::virtual_card::{Dial, Fault};

use super::{Blank, PATIENCE, until};
use crate::support::pcscd::{self, Inserted};

const READ: [u8; 5] = [0x00, 0xCA, 0x01, 0x02, 0x00];
/// The command that a slow card takes long for.
const GENERATE: [u8; 4] = [0x00, 0x47, 0x00, 0x00];
/// Short enough for a test to wait for, long enough for a busy machine to answer in.
const SHORT: Duration = Duration::from_millis(1500);

fn patience(busy: Duration, answer: Duration) -> Patience {
    Patience { busy, answer }
}

fn connect(inserted: &Inserted) -> PcscChannel {
    PcscChannel::connect(inserted.reader(), Patience::default()).unwrap()
}

/// Another program, which uses PC/SC as it likes.
fn other(inserted: &Inserted, share: pcsc::ShareMode) -> pcsc::Card {
    pcscd::context().connect(inserted.reader_c(), share, pcsc::Protocols::ANY).unwrap()
}

#[test]
fn a_card_is_spoken_to_within_transactions() {
    let card = Blank::default();
    let inserted = pcscd::insert(Box::new(card.clone()));
    let mut channel = connect(&inserted);
    assert_eq!(hex::encode(&channel.facts().atr), super::ATR);
    assert_eq!(channel.limits(), Limits { protocol: Protocol::T1, extended: true, chaining: Some(true) });
    assert!(channel.pin_pad().is_none());

    let outside = channel.transmit(&READ).err();
    assert!(matches!(outside, Some(ChannelError::Reader(_))) && card.commands() == 0, "{outside:?}");
    assert_eq!(channel.begin().unwrap(), Continuity::Shared);
    assert_eq!(**channel.transmit(&READ).unwrap(), [0x00, 0xCA, 0x01, 0x02, 0x90, 0x00]);
    assert_eq!(channel.begin().unwrap(), Continuity::Unbroken);
    channel.end(EndWith::Leave).unwrap();
    channel.end(EndWith::Leave).unwrap();
    assert_eq!(channel.begin().unwrap(), Continuity::Shared);
    assert_eq!(card.commands(), 1);
}

#[test]
fn a_card_is_reset_when_that_is_asked_for_and_when_a_transaction_is_left_open() {
    let card = Blank::default();
    let inserted = pcscd::insert(Box::new(card.clone()));
    let mut channel = connect(&inserted);
    channel.begin().unwrap();
    let before = card.resets();
    channel.end(EndWith::Reset).unwrap();
    until(|| card.resets() == before + 1);
    assert_eq!(channel.begin().unwrap(), Continuity::Reset);
    channel.end(EndWith::Leave).unwrap();
    drop(channel);
    let mut channel = connect(&inserted);
    assert_eq!(channel.begin().unwrap(), Continuity::Shared);
    assert_eq!(card.resets(), before + 1);
    drop(channel);
    until(|| card.resets() == before + 2);
}

#[test]
fn a_reset_by_another_program_is_told_once() {
    let inserted = pcscd::insert(Box::new(Blank::default()));
    let mut channel = connect(&inserted);
    channel.begin().unwrap();
    channel.end(EndWith::Leave).unwrap();
    other(&inserted, pcsc::ShareMode::Shared).disconnect(pcsc::Disposition::ResetCard).ok().unwrap();
    assert_eq!(channel.begin().unwrap(), Continuity::Reset);
    channel.transmit(&READ).unwrap();
    channel.end(EndWith::Leave).unwrap();
    assert_eq!(channel.begin().unwrap(), Continuity::Shared);
}

#[test]
fn a_card_that_another_program_holds_is_waited_for_within_bounds() {
    let card = Blank::default();
    let inserted = pcscd::insert(Box::new(card.clone()));
    let mut channel = PcscChannel::connect(inserted.reader(), patience(SHORT, PATIENCE)).unwrap();
    let mut other = other(&inserted, pcsc::ShareMode::Shared);
    let held = other.transaction().unwrap();
    let since = Instant::now();
    for _ in 0..2 {
        let busy = channel.begin().err();
        assert!(matches!(busy, Some(ChannelError::Busy { waited }) if waited == SHORT), "{busy:?}");
    }
    let refused = PcscChannel::connect(inserted.reader(), patience(SHORT, PATIENCE)).err();
    assert!(matches!(&refused, Some(Error::Busy { reader, .. }) if reader == inserted.reader()), "{refused:?}");
    assert!((SHORT * 3..PATIENCE).contains(&since.elapsed()), "{:?}", since.elapsed());

    held.end(pcsc::Disposition::LeaveCard).ok().unwrap();
    // The transactions nobody waited for are not left open.
    let mut third = PcscChannel::connect(inserted.reader(), Patience::default()).unwrap();
    assert_eq!(third.begin().unwrap(), Continuity::Shared);
    third.end(EndWith::Leave).unwrap();
    let resets = card.resets();
    assert_eq!(channel.begin().unwrap(), Continuity::Shared);
    channel.transmit(&READ).unwrap();
    assert_eq!((card.resets(), card.commands()), (resets, 1));
    channel.end(EndWith::Leave).unwrap();
}

#[test]
fn a_card_that_another_program_has_for_itself_alone_is_busy_until_it_lets_go() {
    let inserted = pcscd::insert(Box::new(Blank::default()));
    let alone = other(&inserted, pcsc::ShareMode::Exclusive);
    let refused = PcscChannel::connect(inserted.reader(), patience(SHORT, PATIENCE)).err();
    assert!(matches!(refused, Some(Error::Busy { .. })), "{refused:?}");
    let reader = inserted.reader();
    let waiting = std::thread::spawn(move || PcscChannel::connect(reader, Patience::default()));
    drop(alone);
    assert!(waiting.join().unwrap().is_ok());
}

#[test]
fn a_removed_card_is_removed_for_good() {
    let inserted = pcscd::insert(Box::new(Blank::default()));
    let mut idle = connect(&inserted);
    let mut busy = connect(&inserted);
    busy.begin().unwrap();
    inserted.remove();
    assert!(matches!(busy.transmit(&READ).err(), Some(ChannelError::Removed)));
    assert!(matches!(idle.begin().err(), Some(ChannelError::Removed)));
    assert!(matches!(PcscChannel::connect(inserted.reader(), Patience::default()).err(), Some(Error::NoCard { .. })));
    inserted.insert_again();
    // It may be another card now: only a new connection reaches it, and nothing of the old ones is in its way.
    assert!(matches!(busy.transmit(&READ).err(), Some(ChannelError::Removed)));
    assert!(matches!(idle.begin().err(), Some(ChannelError::Removed)));
    assert_eq!(connect(&inserted).begin().unwrap(), Continuity::Shared);
}

/// Has the card work on the next key for so long.
fn slow(inserted: &Inserted, delay: Duration) {
    inserted.card().set_dial(Dial::from_iter([Fault::Slow(delay)]));
}

#[test]
fn a_card_pulled_in_the_middle_of_a_command_is_removed_and_did_not_refuse() {
    let inserted = pcscd::insert(Box::new(Blank::default()));
    let mut channel = connect(&inserted);
    channel.begin().unwrap();
    slow(&inserted, PATIENCE);
    let answer = std::thread::scope(|scope| {
        let sent = scope.spawn(|| channel.transmit(&GENERATE).err());
        until(|| inserted.card().headers().contains(&GENERATE));
        inserted.remove();
        sent.join().unwrap()
    });
    assert!(matches!(answer, Some(ChannelError::Removed)), "{answer:?}");
}

#[test]
fn a_card_that_hangs_is_given_up_in_time() {
    let card = Blank::default();
    let inserted = pcscd::insert(Box::new(card.clone()));
    let mut channel = PcscChannel::connect(inserted.reader(), patience(PATIENCE, SHORT)).unwrap();
    channel.begin().unwrap();
    slow(&inserted, SHORT * 10);
    let since = Instant::now();
    let answer = channel.transmit(&GENERATE).err();
    assert!(matches!(answer, Some(ChannelError::Timeout { waited }) if waited == SHORT), "{answer:?}");
    assert!(matches!(channel.begin().err(), Some(ChannelError::Timeout { .. })));
    assert!(matches!(channel.transmit(&READ).err(), Some(ChannelError::Timeout { .. })));
    let refused = PcscChannel::connect(inserted.reader(), patience(SHORT / 2, SHORT)).err();
    assert!(matches!(refused, Some(Error::Busy { .. })), "{refused:?}");
    let resets = card.resets();
    drop(channel);
    assert!(since.elapsed() < SHORT * 9 && card.commands() == 0, "{:?}", since.elapsed());

    // Once the card comes to itself, the answer nobody waited for is thrown away, and with it what was proven.
    until(|| card.resets() > resets);
    let mut channel = connect(&inserted);
    channel.begin().unwrap();
    channel.transmit(&READ).unwrap();
    assert_eq!(card.commands(), 2);
}
