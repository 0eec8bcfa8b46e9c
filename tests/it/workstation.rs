//! Works on cards in readers: events, the thread that holds a card, and the line to a face.
//!
//! A watch meets every reader there is, so these tests have a pcscd, and a process, of their own.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use cardwright::enrollment::{Input, Need};
use cardwright::farm::pcscd::PrivatePcscd;
use cardwright::reader::{self, Event};
use cardwright::secret::Pin;
use cardwright::token::{self, Token};
use cardwright::virtual_card::{PivCard, SharedCard, VirtualCard};
use cardwright::workstation::{Answer, Attendant, Gone, Line, News, Stopped, Watch, Worker};

use crate::reader::{PATIENCE, alone, private_pcscd, until};
use crate::whole::cards::kind::yubikey;

fn card() -> SharedCard {
    SharedCard::new(Box::new(PivCard::new(yubikey()).unwrap()))
}

fn insert(pcscd: &PrivatePcscd, card: &SharedCard) -> String {
    let reader = &pcscd.readers()[0];
    reader.seat().insert(card.clone());
    reader.name().to_owned()
}

/// Opens the card in a reader; gives the worker, and the serial that it has read or why it could not.
fn opened(reader: &str) -> (Worker, Result<String, reader::Error>) {
    let (sender, read) = channel();
    let tell = move |opened: Result<&mut dyn Token, _>| {
        sender.send(opened.map(|token| token.identity().serial.clone())).unwrap();
    };
    let worker = Worker::begin(reader, tell).unwrap();
    (worker, read.recv_timeout(PATIENCE).unwrap())
}

fn watch() -> (Watch, Receiver<Event>) {
    let (sender, events) = channel();
    let watch = Watch::begin(move |event| drop(sender.send(event.unwrap()))).unwrap();
    (watch, events)
}

#[test]
fn a_watch_tells_what_is_there_and_then_what_happens_until_it_is_dropped() {
    alone("workstation::a_watch_tells_what_is_there_and_then_what_happens_until_it_is_dropped", || {
        let pcscd = private_pcscd();
        let first = card();
        let reader = insert(&pcscd, &first);
        pcscd.readers()[0].seat().wait_until_taken_up(PATIENCE).unwrap();
        until(|| reader::Readers::open().unwrap().list().unwrap().iter().any(|it| !it.atr.is_empty()));

        let (watch, events) = watch();
        let next = || events.recv_timeout(PATIENCE).unwrap();
        assert_eq!(next(), Event::ReaderAdded { reader: reader.clone() });
        assert!(matches!(next(), Event::Inserted { reader: of, atr } if of == reader && !atr.is_empty()));
        assert!(matches!(next(), Event::ReaderAdded { reader: of } if of != reader));
        pcscd.readers()[0].seat().remove();
        assert_eq!(next(), Event::Removed { reader: reader.clone() });
        pcscd.readers()[0].seat().insert(card());
        assert!(matches!(next(), Event::Inserted { .. }));
        drop(watch);
        // The thread ends, and nothing more is told.
        assert_eq!(events.recv_timeout(PATIENCE), Err(RecvTimeoutError::Disconnected));
    });
}

#[test]
fn a_worker_does_one_job_after_another_and_lets_go() {
    alone("workstation::a_worker_does_one_job_after_another_and_lets_go", || {
        let pcscd = private_pcscd();
        let reader = insert(&pcscd, &card());
        until(|| reader::Readers::open().unwrap().list().unwrap().iter().any(|it| !it.atr.is_empty()));
        let (worker, serial) = opened(&reader);
        let serial = serial.unwrap();
        let (sender, done) = channel();
        for number in 0..3 {
            let sender = sender.clone();
            let read = move |token: &mut dyn Token| sender.send((number, token.identity().serial.clone())).unwrap();
            worker.give(read).unwrap();
        }
        drop(worker);
        let done: Vec<_> = (0..3).map(|_| done.recv_timeout(PATIENCE).unwrap()).collect();
        assert_eq!(done, [0, 1, 2].map(|number| (number, serial.clone())), "also what was given before it was let go");
        // Somebody else has the card for himself.
        let channel = reader::PcscChannel::connect(&reader, reader::Patience::default());
        assert!(channel.is_ok(), "{:?}", channel.err());

        let (worker, opened) = opened("Nobody's reader");
        assert!(matches!(opened, Err(reader::Error::NoReader { .. })), "{opened:?}");
        until(|| worker.give(|_| {}) == Err(Gone));
    });
}

#[test]
fn a_card_that_is_pulled_during_a_job_ends_that_and_not_the_worker() {
    alone("workstation::a_card_that_is_pulled_during_a_job_ends_that_and_not_the_worker", || {
        let pcscd = private_pcscd();
        let card = card();
        let reader = insert(&pcscd, &card);
        until(|| reader::Readers::open().unwrap().list().unwrap().iter().any(|it| !it.atr.is_empty()));
        let (worker, serial) = opened(&reader);
        serial.unwrap();
        card.set_dial("remove@1".parse().unwrap());
        let (sender, done) = channel();
        for _ in 0..2 {
            let sender = sender.clone();
            worker.give(move |token: &mut dyn Token| sender.send(token.counters().map(drop)).unwrap()).unwrap();
        }
        for _ in 0..2 {
            let read = done.recv_timeout(PATIENCE).unwrap();
            assert!(matches!(read, Err(token::Error::Removed)), "{read:?}");
        }
    });
}

/// A card whose driver hangs from some command on.
struct Hung {
    card: PivCard,
    hangs: Arc<(Mutex<bool>, Condvar)>,
}

impl VirtualCard for Hung {
    fn atr(&self) -> Vec<u8> {
        self.card.atr()
    }

    fn reset(&mut self) {
        self.card.reset();
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let (hangs, changed) = &*self.hangs;
        drop(changed.wait_while(hangs.lock().unwrap(), |hangs| *hangs).unwrap());
        self.card.transmit(command)
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        self.card.state()
    }
}

#[test]
fn nobody_waits_for_a_driver_that_hangs() {
    alone("workstation::nobody_waits_for_a_driver_that_hangs", || {
        let pcscd = private_pcscd();
        let hangs = Arc::new((Mutex::new(false), Condvar::new()));
        let card = SharedCard::new(Box::new(Hung { card: PivCard::new(yubikey()).unwrap(), hangs: hangs.clone() }));
        let reader = insert(&pcscd, &card);
        until(|| reader::Readers::open().unwrap().list().unwrap().iter().any(|it| !it.atr.is_empty()));
        let (worker, serial) = opened(&reader);
        serial.unwrap();
        *hangs.0.lock().unwrap() = true;
        let (sender, done) = channel();
        let told = sender.clone();
        worker.give(move |token: &mut dyn Token| told.send(token.counters().is_ok()).unwrap()).unwrap();
        assert!(done.recv_timeout(Duration::from_millis(200)).is_err(), "the card does not answer");
        // Letting go does not wait for the card either.
        drop(worker);
        *hangs.0.lock().unwrap() = false;
        hangs.1.notify_all();
        assert_eq!(done.recv_timeout(PATIENCE), Ok(true), "the job is done to its end");
    });
}

#[test]
fn a_line_takes_one_answer_at_a_time_and_ends_with_its_face() {
    let need = || Need::NewPin {
        form: None,
        counters: token::Counters { user: token::Tries::Full, admin: token::Tries::Full, puk: None },
    };
    let (sender, news) = channel();
    let (mut line, face) = Line::new(move |told| sender.send(told).unwrap());
    assert!(face.answer(Answer::Input(Input::NewPin(Pin::new("271828".into())))));
    assert!(!face.answer(Answer::GoOn), "there is one that was not read yet");
    assert!(matches!(line.meet(need(), None), Ok(Input::NewPin(pin)) if pin.expose() == "271828"));
    assert!(matches!(news.try_recv(), Ok(News::Needs { need: Need::NewPin { .. }, request: None })));

    let id = uuid::Uuid::from_u128(1);
    assert!(face.answer(Answer::GoOn));
    assert_eq!(line.wait_for_approval(id, Some(2)), Ok(()));
    assert!(matches!(news.try_recv(), Ok(News::Waits { request, approvals_needed: Some(2) }) if request == id));
    assert!(face.answer(Answer::Stop));
    assert!(matches!(line.meet(need(), None), Err(Stopped)));
    drop(face);
    assert!(matches!(line.meet(need(), None), Err(Stopped)));
    assert_eq!(line.wait_for_approval(id, None), Err(Stopped));
}
