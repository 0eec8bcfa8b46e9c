//! A place in a virtual reader. While a card is in it, there is a connection to the reader's driver; otherwise there is
//! none.
//!
//! If pcscd ends and comes back (the system's ends when nobody needs it), the card is in its reader again.

use super::vpcd;
use crate::platform::peer;
use crate::virtual_card::SharedCard;
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Bounds the wait for pcscd to ask for the card. It looks at a reader more than twice a second, but may be busy with
/// others, or another card may be in this one.
const ASKING: Duration = Duration::from_secs(10);
const CONNECTING: Duration = Duration::from_secs(2);
/// Sets the pause after a connection that failed, and between looks at a slot whose card was pulled.
const PAUSE: Duration = Duration::from_millis(50);

/// Says who runs the pcscd behind a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Daemon {
    /// This user: nobody else who listens at its port gets the card.
    Own,
    /// The system.
    System,
}

/// Says why a card is not in its reader.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SeatError {
    #[error("no virtual reader listens at {address}")]
    NoReader {
        address: SocketAddr,
        #[source]
        source: std::io::Error,
    },
    #[error("the virtual reader at {address} did not take the card within {} seconds; is another one in it?", waited.as_secs())]
    Occupied { address: SocketAddr, waited: Duration },
}

/// Holds a virtual reader as seen from the card's side. Dropping it takes the card out.
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
    link: Option<TcpStream>,
    /// pcscd has asked for the card of this turn.
    taken_up: bool,
    trouble: Option<std::io::Error>,
    closing: bool,
}

impl Seat {
    /// Makes an empty seat in the reader whose driver listens at `address`.
    pub fn at(address: SocketAddr, daemon: Daemon) -> Self {
        let shared = Arc::new(Shared { address, daemon, state: Mutex::default(), changed: Condvar::new() });
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || of_thread.run());
        Self { shared, thread: Some(thread) }
    }

    /// Puts a card in, replacing one that may be there; pcscd sees it within half a second.
    pub fn insert(&self, card: SharedCard) {
        self.shared.change(Some(card));
    }

    /// Takes the card out; pcscd sees it within half a second. Does nothing without a card.
    pub fn remove(&self) {
        self.shared.change(None);
    }

    /// Waits until pcscd has asked for the card that was put in last.
    pub fn wait_until_taken_up(&self, patience: Duration) -> Result<(), SeatError> {
        let waits = |state: &mut State| !state.taken_up;
        let waited = self.shared.changed.wait_timeout_while(self.shared.lock(), patience, waits);
        let (mut state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        let address = self.shared.address;
        match state.trouble.take() {
            _ if state.taken_up => Ok(()),
            Some(source) => Err(SeatError::NoReader { address, source }),
            None => Err(SeatError::Occupied { address, waited: patience }),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let link = {
            let mut state = self.shared.lock();
            state.closing = true;
            state.link.take()
        };
        self.shared.changed.notify_all();
        if let Some(link) = link {
            // Fails if the connection is closed already.
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
        state.taken_up = false;
        drop(state);
        self.changed.notify_all();
    }

    fn run(&self) {
        let mut last = vpcd::Ended::Known;
        while let Some((card, turn)) = self.wait_for_card() {
            // Until pcscd knows that the last card is gone, the next one would be taken for it.
            if last == vpcd::Ended::Known && card.atr().is_none() {
                std::thread::sleep(PAUSE);
                continue;
            }
            match self.connect() {
                Ok(stream) => {
                    // A connection that broke is over like any other, and the next one follows.
                    last = self.lend(stream, last, &card, turn).unwrap_or(vpcd::Ended::Known);
                    self.lock().link = None;
                }
                Err(trouble) => {
                    self.lock().trouble = Some(trouble);
                    std::thread::sleep(PAUSE);
                }
            }
        }
    }

    /// Waits for a card to be put in; `None` if the seat is being dropped.
    fn wait_for_card(&self) -> Option<(SharedCard, u64)> {
        let is_empty = |state: &mut State| state.card.is_none() && !state.closing;
        let state = self.changed.wait_while(self.lock(), is_empty).unwrap_or_else(PoisonError::into_inner);
        state.card.clone().filter(|_| !state.closing).map(|card| (card, state.turn))
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, CONNECTING)?;
        let mut state = self.lock();
        if state.closing {
            return Err(std::io::ErrorKind::NotConnected.into());
        }
        state.link = Some(stream.try_clone()?);
        state.trouble = None;
        Ok(stream)
    }

    /// Serves one connection to its end.
    fn lend(
        &self,
        stream: TcpStream,
        last: vpcd::Ended,
        card: &SharedCard,
        turn: u64,
    ) -> Result<vpcd::Ended, vpcd::LinkError> {
        if !vpcd::is_asked(&stream, ASKING)? || (self.daemon == Daemon::Own && !peer::is_own(&stream)) {
            return Ok(last);
        }
        if last == vpcd::Ended::Unknown {
            return vpcd::say_empty(stream).map(|()| vpcd::Ended::Known);
        }
        self.take_up(turn);
        vpcd::serve(stream, card, || self.lock().turn == turn)
    }

    fn take_up(&self, turn: u64) {
        let mut state = self.lock();
        state.taken_up = state.turn == turn;
        drop(state);
        self.changed.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
