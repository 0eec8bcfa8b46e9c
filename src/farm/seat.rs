//! A place in a virtual reader, empty or with a card in it.
//!
//! Its link stays open while it is empty: the driver that asks for an ATR is kept waiting for a card, and only then told
//! that there is none. So a card is seen at once most times, not when pcscd next looks, and nobody else gets in. When
//! pcscd ends and comes back (the system's does when nobody needs it), the card is in its reader again.

use super::{peer, vpcd};
use crate::virtual_card::SharedCard;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the driver is kept waiting for a card.
const HOLD: Duration = Duration::from_secs(3);
/// pcscd looks at a reader more than twice a second; it may be busy with others, or another card may be in this one.
const ASKING: Duration = Duration::from_secs(10);
const CONNECTING: Duration = Duration::from_secs(2);
/// The pause after a link that could not be made: pcscd may be gone, or this process out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

/// Who runs the pcscd behind a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// This user: nobody else who listens at its port gets the card.
    Own,
    /// The system.
    System,
}

/// A virtual reader as seen from the card's side; dropping it takes the card out.
pub struct Seat {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    daemon: Daemon,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    card: Option<SharedCard>,
    /// Counts the cards that were put in or taken out.
    turn: u64,
    /// The link to the driver, whether a card is lent on it or not.
    link: Option<TcpStream>,
    /// pcscd has taken up a link.
    asked: bool,
    closing: bool,
}

impl Seat {
    /// Takes possession of the reader whose driver listens at `address`.
    pub fn take(address: SocketAddr, daemon: Daemon) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { address, daemon, state: Mutex::default(), changed: Condvar::new() });
        let link = shared.connect()?;
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || of_thread.run(link));
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Puts a card in, in the place of one that may be there; pcscd sees it within a second, most times at once.
    pub fn insert(&self, card: SharedCard) {
        self.shared.change(Some(card));
    }

    /// Takes the card out; pcscd sees it within half a second. Without one it does nothing.
    pub fn remove(&self) {
        self.shared.change(None);
    }

    /// Waits until pcscd has asked for a card for the first time; `false`: it has not within this time, so another
    /// card may be in the reader.
    pub fn is_asked_within(&self, time: Duration) -> bool {
        let waits = |state: &mut State| !state.asked;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), time, waits);
        waited.unwrap_or_else(PoisonError::into_inner).0.asked
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let link = {
            let mut state = self.shared.lock();
            state.closing = true;
            state.card = None;
            state.link.take()
        };
        self.shared.changed.notify_all();
        if let Some(link) = link {
            let _ = link.shutdown(Shutdown::Both);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn change(&self, card: Option<SharedCard>) {
        let mut state = self.lock();
        state.card = card;
        state.turn += 1;
        self.changed.notify_all();
    }

    fn run(&self, first: TcpStream) {
        let mut link = Some(first);
        let mut last = vpcd::Ended::Known;
        while !self.lock().closing {
            match link.take().map_or_else(|| self.connect(), Ok) {
                // A link that broke is over like any other, and the next one follows.
                Ok(stream) => last = self.answer(stream, last).unwrap_or(vpcd::Ended::Known),
                Err(_) => std::thread::sleep(PAUSE),
            }
        }
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, CONNECTING)?;
        let mut state = self.lock();
        if state.closing {
            return Err(std::io::ErrorKind::NotConnected.into());
        }
        state.link = Some(stream.try_clone()?);
        Ok(stream)
    }

    /// Serves one link to its end.
    fn answer(&self, stream: TcpStream, last: vpcd::Ended) -> Result<vpcd::Ended, vpcd::LinkError> {
        if !vpcd::is_asked(&stream, ASKING)? || (self.daemon == Daemon::Own && !peer::is_own(&stream)) {
            return Ok(last);
        }
        self.lock().asked = true;
        self.changed.notify_all();
        let card = match last {
            vpcd::Ended::Known => self.wait_for_card(),
            vpcd::Ended::Unknown => None,
        };
        match card {
            Some((card, turn)) => vpcd::serve(stream, &card, || self.lock().turn == turn),
            None => vpcd::say_empty(stream).map(|()| vpcd::Ended::Known),
        }
    }

    /// Waits for a card while there is none; one that was pulled is not waited for, as programs may still hold on to it
    /// and would wait, too.
    fn wait_for_card(&self) -> Option<(SharedCard, u64)> {
        let is_empty = |state: &mut State| state.card.is_none() && !state.closing;
        let waited = self.changed.wait_timeout_while(self.lock(), HOLD, is_empty);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.card.clone().map(|card| (card, state.turn))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
