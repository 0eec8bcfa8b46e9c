//! Readers as they are listed and watched.

use std::path::Path;
use std::time::{Duration, Instant};

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::iso7816::{CardChannel, ChannelError};
use cardwright::reader::{
    CardPresence, Error, Event, InUse, Patience, PcscChannel, Readers, SocketState, holders, service,
};
use cardwright::virtual_card::SharedCard;

use super::{ATR, Blank, PATIENCE, alone, private_pcscd};

fn insert(pcscd: &PrivatePcscd, slot: usize) {
    pcscd.readers()[slot].seat().insert(SharedCard::new(Box::new(Blank::default())));
}

/// The next thing that happens.
#[track_caller]
fn next(readers: &mut Readers) -> Event {
    let mut events = readers.wait(PATIENCE).unwrap();
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

#[test]
fn insertions_and_removals_are_told_as_they_happen() {
    alone("reader::watch::insertions_and_removals_are_told_as_they_happen", || {
        let pcscd = private_pcscd();
        let mut readers = Readers::open().unwrap();
        let listed = readers.list().unwrap();
        let names: Vec<&str> = listed.iter().map(|state| state.name.as_str()).collect();
        assert_eq!(names, ["Desk 00 00", "Desk 00 01"]);
        assert!(listed.iter().all(|state| state.card == CardPresence::Absent && state.atr.is_empty()));
        assert_eq!(readers.wait(Duration::from_millis(50)).unwrap(), []);

        let reader = || "Desk 00 01".to_owned();
        insert(&pcscd, 1);
        assert_eq!(next(&mut readers), Event::Inserted { reader: reader(), atr: hex::decode(ATR).unwrap() });
        let state = readers.list().unwrap().remove(1);
        assert_eq!((state.card, state.in_use, hex::encode(&state.atr)), (CardPresence::Present, InUse::No, ATR.into()));
        let facts = readers.card_facts(&reader()).unwrap();
        assert!(facts.limits.extended && facts.max_apdu.is_none());

        // Who uses a card is listed, and wakes nobody.
        let channel = PcscChannel::connect(&reader(), Patience::default()).unwrap();
        assert_eq!(readers.list().unwrap()[1].in_use, InUse::Shared);
        assert_eq!(readers.wait(Duration::from_millis(50)).unwrap(), []);
        drop(channel);

        pcscd.readers()[1].seat().remove();
        assert_eq!(next(&mut readers), Event::Removed { reader: reader() });

        // What happened between two waits is told by the next.
        let mut second = Readers::open().unwrap();
        insert(&pcscd, 0);
        assert!(matches!(next(&mut second), Event::Inserted { .. }));
        pcscd.readers()[0].seat().remove();
        assert!(matches!(next(&mut second), Event::Removed { .. }));
        insert(&pcscd, 0);
        assert!(matches!(next(&mut second), Event::Inserted { .. }));
        assert!(matches!(next(&mut readers), Event::Inserted { reader, .. } if reader == "Desk 00 00"));
        pcscd.readers()[0].seat().remove();
        assert!(matches!(next(&mut second), Event::Removed { .. }));
        insert(&pcscd, 0);
        assert!(matches!(next(&mut second), Event::Inserted { .. }));
        let swapped = readers.wait(PATIENCE).unwrap();
        assert!(matches!(&swapped[..], [Event::Removed { .. }, Event::Inserted { .. }]), "{swapped:?}");
    });
}

#[test]
fn a_wait_is_called_off_from_another_thread() {
    alone("reader::watch::a_wait_is_called_off_from_another_thread", || {
        let _pcscd = private_pcscd();
        let mut readers = Readers::open().unwrap();
        let canceller = readers.canceller();
        // Before the wait, and while it goes on.
        canceller.cancel();
        assert!(matches!(readers.wait(PATIENCE), Err(Error::Cancelled)));
        for _ in 0..20 {
            let since = Instant::now();
            let waited = std::thread::scope(|scope| {
                let waiting = scope.spawn(|| readers.wait(PATIENCE));
                canceller.cancel();
                waiting.join().unwrap()
            });
            assert!(matches!(waited, Err(Error::Cancelled)), "{waited:?}");
            assert!(since.elapsed() < PATIENCE / 2);
        }
        assert_eq!(readers.wait(Duration::ZERO).unwrap(), []);
    });
}

#[test]
fn a_service_that_does_not_run_is_told() {
    alone("reader::watch::a_service_that_does_not_run_is_told", || {
        let nowhere = "/nonexistent/pcscd.comm";
        // SAFETY: nothing else runs in this process.
        unsafe { std::env::set_var(CLIENTS_VARIABLE, nowhere) };
        assert_eq!(service().state, SocketState::NobodyListens);
        let error = Readers::open().err().unwrap();
        assert!(
            matches!(&error, Error::NoService { socket } if socket.as_deref() == Some(Path::new(nowhere))),
            "{error:?}"
        );
        let error = PcscChannel::connect("any", Patience::default()).err().unwrap();
        assert!(matches!(error, Error::NoService { .. }), "{error:?}");
    });
}

#[test]
fn a_service_that_is_stopped_meanwhile_is_told() {
    alone("reader::watch::a_service_that_is_stopped_meanwhile_is_told", || {
        let pcscd = private_pcscd();
        let mut readers = Readers::open().unwrap();
        assert_eq!(service().state, SocketState::Reachable);
        assert!(holders().iter().all(|holder| holder.pid != std::process::id()));
        insert(&pcscd, 0);
        assert!(matches!(next(&mut readers), Event::Inserted { .. }));
        let mut channel = PcscChannel::connect("Desk 00 00", Patience::default()).unwrap();
        channel.begin().unwrap();
        drop(pcscd);
        let stopped = |error: &Error| matches!(error, Error::ServiceStopped | Error::NoService { .. });
        let error = readers.list().err().unwrap();
        assert!(stopped(&error), "{error:?}");
        let error = readers.wait(PATIENCE).err().unwrap();
        assert!(stopped(&error), "{error:?}");
        let error = channel.transmit(&[0x00, 0xCA, 0x00, 0x00]).err().unwrap();
        assert!(matches!(error, ChannelError::ServiceStopped), "{error:?}");
        let error = channel.begin().err().unwrap();
        assert!(matches!(error, ChannelError::ServiceStopped), "{error:?}");
    });
}
