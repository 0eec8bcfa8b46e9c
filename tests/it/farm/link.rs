//! The vpcd protocol, spoken by a driver of the test's own.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

use cardwright::farm::{Daemon, Seat, SeatError};
use cardwright::virtual_card::{SharedCard, VirtualCard};

use super::Echo;

const POWER_OFF: &[u8] = &[0];
const POWER_ON: &[u8] = &[1];
const RESET: &[u8] = &[2];
const ATR: &[u8] = &[4];
const PATIENCE: Duration = Duration::from_secs(120);

/// What pcscd has between itself and the card.
struct Driver {
    listener: TcpListener,
    link: TcpStream,
}

/// A seat with the card in it, and the driver that has taken it up.
fn lend(card: &SharedCard, daemon: Daemon) -> (Seat, Driver) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let seat = Seat::at(listener.local_addr().unwrap(), daemon);
    seat.insert(card.clone());
    let link = listener.accept().unwrap().0;
    link.set_read_timeout(Some(PATIENCE)).unwrap();
    (seat, Driver { listener, link })
}

impl Driver {
    fn say(&mut self, message: &[u8]) {
        let length = u16::try_from(message.len()).unwrap().to_be_bytes();
        self.link.write_all(&[&length, message].concat()).unwrap();
    }

    fn hear(&mut self) -> Vec<u8> {
        let mut length = [0; 2];
        self.link.read_exact(&mut length).unwrap();
        let mut message = vec![0; usize::from(u16::from_be_bytes(length))];
        self.link.read_exact(&mut message).unwrap();
        message
    }

    fn ask(&mut self, message: &[u8]) -> Vec<u8> {
        self.say(message);
        self.hear()
    }

    fn is_closed(&mut self) -> bool {
        matches!(self.link.read(&mut [0; 1]), Ok(0)) || self.link.read(&mut [0; 1]).is_err()
    }

    fn accept_again(&mut self) {
        self.link = self.listener.accept().unwrap().0;
        self.link.set_read_timeout(Some(PATIENCE)).unwrap();
    }
}

#[test]
fn orders_are_carried_out_and_commands_answered() {
    let card = SharedCard::new(Box::new(Echo));
    let (seat, mut driver) = lend(&card, Daemon::Own);
    assert_eq!(driver.ask(ATR), Echo.atr());
    seat.wait_until_taken_up(PATIENCE).unwrap();
    for order in [POWER_ON, RESET, POWER_OFF] {
        driver.say(order);
    }
    assert_eq!(driver.ask(&[0, 0xA4, 4, 0]), [0, 0xA4, 4, 0, 0x90, 0]);
    assert_eq!(driver.ask(&[0x5A; 65_535])[..4], [0x5A; 4]);
    assert_eq!(card.headers().len(), 2);
}

#[test]
fn a_card_that_is_taken_out_answers_with_an_empty_atr() {
    let card = SharedCard::new(Box::new(Echo));
    let (seat, mut driver) = lend(&card, Daemon::Own);
    assert_eq!(driver.ask(ATR), Echo.atr());
    seat.remove();
    assert!(driver.ask(ATR).is_empty());
    assert!(driver.is_closed());
    seat.insert(SharedCard::new(Box::new(Echo)));
    driver.accept_again();
    assert_eq!(driver.ask(ATR), Echo.atr());
}

#[test]
fn a_card_that_was_taken_out_unseen_is_missed_before_the_next_one() {
    let card = SharedCard::new(Box::new(Echo));
    let (seat, mut driver) = lend(&card, Daemon::Own);
    assert_eq!(driver.ask(ATR), Echo.atr());
    seat.insert(SharedCard::new(Box::new(Echo)));
    driver.say(&[0, 0xA4, 4, 0]);
    assert!(driver.is_closed(), "the command was for the card before");
    driver.accept_again();
    assert!(driver.ask(ATR).is_empty());
    driver.accept_again();
    assert_eq!(driver.ask(ATR), Echo.atr());
    assert_eq!(card.headers().len(), 0);
}

#[test]
fn nonsense_closes_the_link_and_the_card_comes_back() {
    let card = SharedCard::new(Box::new(Echo));
    let (_seat, mut driver) = lend(&card, Daemon::System);
    for nonsense in [&[3][..], &[0xFF], &[]] {
        assert_eq!(driver.ask(ATR), Echo.atr());
        driver.say(nonsense);
        assert!(driver.is_closed(), "{nonsense:?}");
        driver.accept_again();
    }
    assert_eq!(driver.ask(ATR), Echo.atr());
}

#[test]
fn a_reader_that_is_away_and_one_that_is_taken_are_told_apart() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let seat = Seat::at(address, Daemon::System);
    seat.insert(SharedCard::new(Box::new(Echo)));
    let taken = seat.wait_until_taken_up(Duration::from_millis(300));
    assert!(matches!(taken, Err(SeatError::Occupied { .. })), "{taken:?}");
    drop((seat, listener));
    let seat = Seat::at(address, Daemon::System);
    seat.insert(SharedCard::new(Box::new(Echo)));
    let away = seat.wait_until_taken_up(Duration::from_millis(300));
    assert!(matches!(away, Err(SeatError::NoReader { .. })), "{away:?}");
}
