//! The slot: transactions, continuity, removal, swaps, the pin pad.

use super::Echo;
use cardwright::iso7816::{ChannelError, Continuity, EndWith, PinPadError, PinPadVerify, Protocol, StatusWord};
use cardwright::virtual_card::{AtThePad, SharedCard};
use std::time::Duration;

const READ: [u8; 5] = [0x00, 0xB0, 0x00, 0x00, 0x00];

fn echo() -> SharedCard {
    SharedCard::new(Box::new(Echo::default()))
}

#[test]
fn a_channel_alone_finds_all_as_it_left_it() {
    let slot = echo();
    let mut channel = slot.channel();
    assert_eq!(channel.begin().unwrap(), Continuity::Shared, "nothing is known of a card that was never spoken to");
    channel.transmit(&READ).unwrap();
    channel.end(EndWith::Leave).unwrap();
    assert_eq!(channel.begin().unwrap(), Continuity::Unbroken);
    channel.end(EndWith::Reset).unwrap();
    assert_eq!(channel.begin().unwrap(), Continuity::Reset, "its own reset is one, too");
}

#[test]
fn another_channels_commands_and_resets_are_told() {
    let slot = echo();
    let (mut one, mut other) = (slot.channel(), slot.channel());
    one.begin().unwrap();
    one.end(EndWith::Leave).unwrap();
    other.begin().unwrap();
    other.end(EndWith::Leave).unwrap();
    assert_eq!(one.begin().unwrap(), Continuity::Unbroken, "a transaction without a command changes nothing");
    one.end(EndWith::Leave).unwrap();
    other.begin().unwrap();
    other.transmit(&READ).unwrap();
    other.end(EndWith::Leave).unwrap();
    assert_eq!(one.begin().unwrap(), Continuity::Shared);
    one.end(EndWith::Leave).unwrap();
    other.begin().unwrap();
    other.end(EndWith::Reset).unwrap();
    assert_eq!(one.begin().unwrap(), Continuity::Reset);
}

#[test]
fn a_transaction_keeps_others_out_for_a_bounded_time() {
    let slot = echo();
    slot.set_patience(Duration::from_millis(20));
    let (mut one, mut other) = (slot.channel(), slot.channel());
    one.begin().unwrap();
    let refused = other.begin().unwrap_err();
    assert!(matches!(refused, ChannelError::Busy { waited } if waited == Duration::from_millis(20)), "{refused}");
    drop(one);
    other.begin().unwrap();
}

#[test]
fn a_waiting_channel_goes_on_when_the_other_ends() {
    let slot = echo();
    slot.set_patience(Duration::from_secs(60));
    let (mut one, mut other) = (slot.channel(), slot.channel());
    one.begin().unwrap();
    let waiting = std::thread::spawn(move || other.begin());
    one.end(EndWith::Leave).unwrap();
    waiting.join().unwrap().unwrap();
}

#[test]
fn a_command_outside_a_transaction_never_reaches_the_card() {
    let slot = echo();
    let mut channel = slot.channel();
    assert!(matches!(channel.transmit(&READ), Err(ChannelError::Reader(_))));
    assert_eq!(slot.headers(), [[0; 4]; 0]);
}

#[test]
fn a_pulled_card_is_told_once_and_one_that_is_back_was_reset() {
    let slot = echo();
    let mut channel = slot.channel();
    channel.begin().unwrap();
    slot.remove();
    assert!(matches!(channel.transmit(&READ), Err(ChannelError::Removed)));
    assert!(matches!(channel.begin(), Err(ChannelError::Removed)), "there is no card");
    slot.insert_again();
    assert!(matches!(channel.transmit(&READ), Err(ChannelError::Removed)), "the transaction ended with the card");
    assert_eq!(channel.begin().unwrap(), Continuity::Reset);
    channel.transmit(&READ).unwrap();
    channel.end(EndWith::Leave).unwrap();

    slot.remove();
    slot.insert_again();
    assert!(matches!(channel.begin(), Err(ChannelError::Removed)), "it went and came while nobody looked");
    assert_eq!(channel.begin().unwrap(), Continuity::Reset);
}

#[test]
fn a_swap_that_nobody_saw_shows_as_a_reset_and_ends_the_transaction() {
    let slot = echo();
    let mut channel = slot.channel();
    channel.begin().unwrap();
    channel.transmit(&READ).unwrap();
    slot.insert(Box::new(Echo { carried_out: 40, ..Echo::default() }));
    assert!(matches!(channel.transmit(&READ), Err(ChannelError::Reset)));
    assert_eq!(channel.begin().unwrap(), Continuity::Reset);
    channel.transmit(&READ).unwrap();
    let told = slot.with_card(|card| String::from_utf8(card.state().to_vec()).unwrap()).unwrap();
    assert!(told.starts_with("41 1 "), "{told}");
}

#[test]
fn headers_are_remembered_until_they_are_forgotten() {
    let slot = echo();
    let mut channel = slot.channel();
    channel.begin().unwrap();
    channel.transmit(&[0x00, 0x20, 0x00, 0x80, 0x01, 0x31]).unwrap();
    assert_eq!(slot.headers(), [[0x00, 0x20, 0x00, 0x80]]);
    slot.forget_headers();
    assert!(slot.headers().is_empty());
}

#[test]
fn limits_are_those_of_card_and_dial() {
    let slot = echo();
    let channel = slot.channel();
    let limits = channel.limits();
    assert_eq!((limits.protocol, limits.extended, limits.chaining), (Protocol::T1, true, Some(true)));
    slot.set_dial("short,no-chaining".parse().unwrap());
    let limits = channel.limits();
    assert_eq!((limits.protocol, limits.extended, limits.chaining), (Protocol::T1, false, Some(false)));
    slot.set_dial("t0".parse().unwrap());
    let limits = channel.limits();
    assert_eq!((limits.protocol, limits.extended, limits.chaining), (Protocol::T0, false, Some(true)));
}

#[test]
fn slow_key_generation_takes_its_time_and_ends_with_the_card() {
    let slot = echo();
    slot.set_dial("slow=3600s".parse().unwrap());
    let mut channel = slot.channel();
    channel.begin().unwrap();
    channel.transmit(&READ).unwrap();
    let generating = std::thread::spawn(move || channel.transmit(&[0x00, 0x47, 0x00, 0x9A, 0x00]));
    while slot.headers().len() < 2 {
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    slot.remove();
    assert!(matches!(generating.join().unwrap(), Err(ChannelError::Removed)));
    slot.insert_again();
    let told = slot.with_card(|card| card.state()).unwrap();
    assert!(told.starts_with(b"1 "), "the key was never made");
}

fn verify() -> PinPadVerify {
    let template = [&[0x00, 0x20, 0x00, 0x80, 0x08][..], &[0xFF; 8]].concat();
    PinPadVerify { template, minimum: 6, maximum: 8, block: 8 }
}

#[test]
fn a_pin_pad_fills_the_template() {
    let slot = echo().with_pin_pad("123456");
    let mut channel = slot.channel();
    channel.begin().unwrap();
    assert_eq!(channel.pin_pad().unwrap().verify(&verify()).unwrap(), StatusWord::OK);
    assert_eq!(slot.headers(), [[0x00, 0x20, 0x00, 0x80]]);
}

#[test]
fn nobody_types_too_little_and_nobody_is_forced_to_type() {
    let slot = echo();
    let mut channel = slot.channel();
    assert!(channel.pin_pad().is_none());
    channel.begin().unwrap();
    for (who, cancelled) in [(AtThePad::Cancels, true), (AtThePad::IsAway, false)] {
        slot.set_at_the_pad(Some(who));
        let refused = channel.pin_pad().unwrap().verify(&verify()).unwrap_err();
        assert_eq!(matches!(refused, PinPadError::Cancelled), cancelled);
    }
    for digits in ["12345", "123456789"] {
        let slot = slot.clone().with_pin_pad(digits);
        assert!(matches!(channel.pin_pad().unwrap().verify(&verify()), Err(PinPadError::Timeout)));
        assert!(slot.headers().is_empty(), "no try was spent");
    }
}

#[test]
fn a_pin_pad_tells_of_a_pulled_card_as_such() {
    let slot = echo().with_pin_pad("123456");
    let mut channel = slot.channel();
    channel.begin().unwrap();
    slot.remove();
    let refused = channel.pin_pad().unwrap().verify(&verify()).unwrap_err();
    assert!(matches!(refused, PinPadError::Channel(ChannelError::Removed)));
}
