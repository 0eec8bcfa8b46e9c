//! One reader of a private pcscd, empty or with a card in it.
//!
//! Its link stays open while it is empty: the driver that asks for an ATR is kept waiting for a card, and only then told
//! that there is none. So a card is seen at once most times, not when pcscd next looks, and nobody else gets in.

use super::{SharedCard, peer, vpcd};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// How long the driver is kept waiting for a card.
const HOLD: Duration = Duration::from_secs(3);
/// pcscd looks at a reader more than twice a second; it may be busy with others.
const ASKING: Duration = Duration::from_secs(10);
const CONNECTING: Duration = Duration::from_secs(2);
/// The pause after a link that could not be made: pcscd may be gone, or this process out of file descriptors.
const PAUSE: Duration = Duration::from_millis(100);

pub struct Seat {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

struct Shared {
    address: SocketAddr,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    card: Option<SharedCard>,
    /// The link to the driver, whether a card is lent on it or not.
    link: Option<TcpStream>,
    closing: bool,
}

impl Seat {
    /// Takes possession of the reader whose driver listens at `address`.
    pub fn take(address: SocketAddr) -> std::io::Result<Self> {
        let shared = Arc::new(Shared { address, state: Mutex::default(), changed: Condvar::new() });
        let mut link = Some(shared.connect()?);
        let of_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            while !of_thread.lock().closing {
                match link.take().map_or_else(|| of_thread.connect(), Ok) {
                    // A link that broke is over like any other, and the next one follows.
                    Ok(stream) => drop(of_thread.answer(stream)),
                    Err(_) => std::thread::sleep(PAUSE),
                }
            }
        });
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Puts a card in, in the place of one that may be there.
    pub fn insert(&self, card: SharedCard) {
        self.shared.change(|state| state.card = Some(card));
    }

    /// Takes the card out; without one it does nothing.
    pub fn remove(&self) {
        self.shared.change(|state| state.card = None);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.change(|state| {
            state.card = None;
            state.closing = true;
        });
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    /// Changes what is in the reader; a card that was there goes with its link.
    fn change(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.lock();
        let was_lent = state.card.is_some();
        change(&mut state);
        if (was_lent || state.closing)
            && let Some(link) = state.link.take()
        {
            let _ = link.shutdown(Shutdown::Both);
        }
        self.changed.notify_all();
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
    fn answer(&self, stream: TcpStream) -> Result<(), vpcd::LinkError> {
        if !vpcd::is_asked(&stream, ASKING)? || !peer::is_own(&stream) {
            return Ok(());
        }
        match self.wait_for_card() {
            Some(card) => vpcd::serve(stream, &card),
            None => vpcd::say_empty(stream),
        }
    }

    fn wait_for_card(&self) -> Option<SharedCard> {
        let is_empty = |state: &mut State| state.card.is_none() && !state.closing;
        let waited = self.changed.wait_timeout_while(self.lock(), HOLD, is_empty);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.card.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
