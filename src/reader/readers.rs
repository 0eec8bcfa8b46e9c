//! The readers of this computer, what is in them, and what happens to them.

use super::channel::{Patience, PcscChannel};
use super::error::Error;
use super::facts::CardFacts;
use super::hold::Hold;
use crate::iso7816::Card;
use pcsc::{Context, PNP_NOTIFICATION, Scope, State};
use std::ffi::CString;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Bounds the wait for the service's first answer.
const SERVICE_ANSWERS: Duration = Duration::from_secs(10);
/// Counts the readers that PC/SC lite has at most (PCSCLITE_MAX_READERS_CONTEXTS); no more can be watched at once.
pub const MOST_READERS: usize = 16;
/// Bounds one wait for a change. Before version 2.3, PC/SC lite announces no reader that is plugged in just before it
/// begins to listen, so the list is read again after this time.
const LONGEST_LISTENING: Duration = Duration::from_secs(10);
/// Sets the pause before the next wait for a change.
const LISTEN_AGAIN: Duration = Duration::from_millis(20);
/// Sets the pause before a wait is cancelled again; a cancellation that comes before the wait is lost.
const CANCEL_AGAIN: Duration = Duration::from_millis(20);
/// Limits how often a wait is cancelled again.
const MOST_CANCELS: usize = 100;
/// Limits how often the list of readers is read again because it changed meanwhile.
const MOST_READINGS: usize = 16;

/// Holds the readers of this computer's PC/SC service.
pub struct Readers {
    context: Context,
    pub(super) patience: Patience,
    known: Vec<Slot>,
    bell: Arc<Bell>,
    _hold: Hold,
}

/// Describes a reader and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReaderState {
    pub name: String,
    pub card: CardPresence,
    /// The card's answer to reset; empty if there is none.
    pub atr: Vec<u8>,
    pub in_use: InUse,
}

/// Says whether there is a card in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardPresence {
    Absent,
    Present,
    /// It does not answer to power.
    Mute,
    /// The reader itself is out of order.
    Unknown,
}

/// Says whether a program is connected to the card in a reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InUse {
    No,
    Shared,
    Exclusively,
}

/// Says what happened to readers and cards.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    ReaderAdded { reader: String },
    ReaderRemoved { reader: String },
    Inserted { reader: String, atr: Vec<u8> },
    Removed { reader: String },
}

/// Holds a reader as PC/SC last described it.
#[derive(Clone)]
struct Slot {
    name: CString,
    state: State,
    /// Counts insertions and removals.
    events: u32,
    atr: Vec<u8>,
}

impl Readers {
    /// Connects to the PC/SC service.
    ///
    /// # Errors
    /// [`Error::NoService`], [`Error::SocketClosed`], [`Error::NotPermitted`], [`Error::ServiceSilent`].
    pub fn open() -> Result<Self, Error> {
        Self::open_with(Patience::default())
    }

    /// Connects like [`Readers::open`]; `patience` says how long to wait for cards.
    pub fn open_with(patience: Patience) -> Result<Self, Error> {
        let (reply, answer) = sync_channel(0);
        let hold = Hold::new();
        let establish = move || {
            let _hold = hold;
            // If nobody waits any more, the context is released again.
            let _ = reply.send(Context::establish(Scope::User));
        };
        std::thread::Builder::new().name("pcsc".into()).spawn(establish).map_err(Error::Thread)?;
        let context = match answer.recv_timeout(SERVICE_ANSWERS) {
            Ok(context) => context.map_err(|error| Error::of_call("SCardEstablishContext", error)),
            Err(RecvTimeoutError::Timeout) => Err(Error::ServiceSilent { waited: SERVICE_ANSWERS }),
            Err(RecvTimeoutError::Disconnected) => Err(Error::ThreadEnded),
        }?;
        let known = slots(&context)?;
        Ok(Self { context, patience, known, bell: Arc::default(), _hold: Hold::new() })
    }

    /// Lists every reader, and what is in it now.
    pub fn list(&self) -> Result<Vec<ReaderState>, Error> {
        Ok(slots(&self.context)?.iter().map(Slot::told).collect())
    }

    /// Returns every reader as it was when the last wait ended, or the readers were opened.
    pub fn seen(&self) -> Vec<ReaderState> {
        self.known.iter().map(Slot::told).collect()
    }

    /// Waits until something happens, and returns what; nothing after `timeout`. What happened since the last wait (or
    /// since the readers were opened) is returned at once.
    ///
    /// # Errors
    /// [`Error::Cancelled`] if [`Canceller::cancel`] was called, also before the wait.
    pub fn wait(&mut self, timeout: Duration) -> Result<Vec<Event>, Error> {
        let since = Instant::now();
        let bell = self.bell.clone();
        let _listening = bell.listen();
        let mut pause = Duration::ZERO;
        loop {
            if bell.called_off.swap(false, Ordering::SeqCst) {
                return Err(Error::Cancelled);
            }
            let now = slots(&self.context)?;
            let events = events(&self.known, &now);
            self.known = now;
            let left = timeout.saturating_sub(since.elapsed());
            if !events.is_empty() || left.is_zero() {
                return Ok(events);
            }
            // What was reported last was nothing new: Wine does not wait for anything, and reports at once.
            std::thread::sleep(pause);
            self.listen(left.min(LONGEST_LISTENING))?;
            pause = LISTEN_AGAIN.min(left);
        }
    }

    /// Sleeps until PC/SC reports something, or the time is over.
    fn listen(&self, timeout: Duration) -> Result<(), Error> {
        let mut states: Vec<_> = self.known.iter().map(Slot::watched).collect();
        // With as many readers as PC/SC lite can have, none can be added, and watching for one more would be refused.
        if states.len() < MOST_READERS {
            states.push(pcsc::ReaderState::new(PNP_NOTIFICATION(), State::UNAWARE));
        }
        match self.context.get_status_change(timeout, &mut states) {
            Ok(()) => Ok(()),
            Err(pcsc::Error::Timeout | pcsc::Error::UnknownReader | pcsc::Error::Cancelled) => Ok(()),
            Err(error) => Err(Error::of_call("SCardGetStatusChange", error)),
        }
    }

    /// Returns what cancels a wait from another thread.
    pub fn canceller(&self) -> Canceller {
        Canceller { context: self.context.clone(), bell: self.bell.clone(), _hold: Hold::new() }
    }

    /// Returns the card in `reader`, of whatever kind; no application is selected yet.
    pub fn card(&self, reader: &str) -> Result<Card, Error> {
        Ok(Card::new(Box::new(self.channel(reader)?)))
    }

    /// Returns what is known of the card in `reader` without selecting an application.
    pub fn card_facts(&self, reader: &str) -> Result<CardFacts, Error> {
        Ok(self.channel(reader)?.facts().clone())
    }

    fn channel(&self, reader: &str) -> Result<PcscChannel, Error> {
        PcscChannel::connect(reader, self.patience)
    }
}

/// Cancels a [`Readers::wait`].
#[derive(Clone)]
pub struct Canceller {
    context: Context,
    bell: Arc<Bell>,
    _hold: Hold,
}

impl Canceller {
    /// Ends the wait that is going on, or else the next one.
    pub fn cancel(&self) {
        self.bell.called_off.store(true, Ordering::SeqCst);
        let mut listening = self.bell.lock();
        for _ in 0..MOST_CANCELS {
            if !*listening {
                return;
            }
            // PC/SC forgets a cancellation that comes before the wait.
            self.context.cancel().ok();
            let waited = self.bell.left.wait_timeout(listening, CANCEL_AGAIN);
            listening = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Tells a canceller whether anybody waits.
#[derive(Default)]
struct Bell {
    called_off: AtomicBool,
    listening: Mutex<bool>,
    left: Condvar,
}

impl Bell {
    fn lock(&self) -> MutexGuard<'_, bool> {
        self.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn listen(&self) -> Listening<'_> {
        *self.lock() = true;
        Listening(self)
    }
}

/// Marks that somebody waits, until it is dropped.
struct Listening<'a>(&'a Bell);

impl Drop for Listening<'_> {
    fn drop(&mut self) {
        *self.0.lock() = false;
        self.0.left.notify_all();
    }
}

/// Reads every reader there is now.
fn slots(context: &Context) -> Result<Vec<Slot>, Error> {
    for _ in 0..MOST_READINGS {
        let names = match context.list_readers_owned() {
            Ok(names) => names,
            // The list grew between two calls.
            Err(pcsc::Error::InsufficientBuffer) => continue,
            Err(error) => return Err(Error::of_call("SCardListReaders", error)),
        };
        if names.is_empty() {
            return Ok(Vec::new());
        }
        let mut states: Vec<_> = names.into_iter().map(|name| pcsc::ReaderState::new(name, State::UNAWARE)).collect();
        match context.get_status_change(Duration::ZERO, &mut states) {
            Ok(()) => return Ok(states.iter().map(Slot::of).collect()),
            // One of them was unplugged in between.
            Err(pcsc::Error::UnknownReader) => {}
            Err(error) => return Err(Error::of_call("SCardGetStatusChange", error)),
        }
    }
    Err(Error::Unsteady)
}

impl Slot {
    fn of(state: &pcsc::ReaderState) -> Self {
        let (name, atr) = (state.name().to_owned(), state.atr().to_vec());
        Self { name, state: state.event_state(), events: state.event_count(), atr }
    }

    /// Returns the state with which the next wait compares. Who uses the card is left out, so that it does not end the
    /// wait.
    fn watched(&self) -> pcsc::ReaderState {
        let seen = self.state - State::CHANGED - State::INUSE - State::EXCLUSIVE;
        let counted = State::from_bits_retain(seen.bits() | pcsc::ffi::DWORD::from(self.events) << 16);
        pcsc::ReaderState::new(self.name.clone(), counted)
    }

    fn has_card(&self) -> bool {
        self.state.contains(State::PRESENT)
    }

    fn name(&self) -> String {
        self.name.to_string_lossy().into_owned()
    }

    fn told(&self) -> ReaderState {
        let card = match self.state {
            state if state.contains(State::MUTE) => CardPresence::Mute,
            state if state.contains(State::PRESENT) => CardPresence::Present,
            state if state.contains(State::EMPTY) => CardPresence::Absent,
            _ => CardPresence::Unknown,
        };
        let in_use = match self.state {
            state if state.contains(State::EXCLUSIVE) => InUse::Exclusively,
            state if state.contains(State::INUSE) => InUse::Shared,
            _ => InUse::No,
        };
        ReaderState { name: self.name(), card, atr: self.atr.clone(), in_use }
    }
}

/// Returns what happened between two readings of the list.
fn events(before: &[Slot], now: &[Slot]) -> Vec<Event> {
    let mut events = Vec::new();
    for slot in before.iter().filter(|slot| !now.iter().any(|other| other.name == slot.name)) {
        if slot.has_card() {
            events.push(Event::Removed { reader: slot.name() });
        }
        events.push(Event::ReaderRemoved { reader: slot.name() });
    }
    for slot in now {
        let old = before.iter().find(|other| other.name == slot.name);
        if old.is_none() {
            events.push(Event::ReaderAdded { reader: slot.name() });
        }
        let (had, has) = (old.is_some_and(Slot::has_card), slot.has_card());
        // A card may have been swapped for another between the readings.
        let swapped = had && has && old.is_some_and(|old| old.events != slot.events);
        if had && (!has || swapped) {
            events.push(Event::Removed { reader: slot.name() });
        }
        if has && (!had || swapped) {
            events.push(Event::Inserted { reader: slot.name(), atr: slot.atr.clone() });
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slot(name: &str, state: State, events: u32) -> Slot {
        Slot { name: CString::new(name).unwrap(), state, events, atr: vec![0x3B, 0x00] }
    }

    #[test]
    fn a_swap_that_nobody_saw_is_a_removal_and_an_insertion() {
        let before = [slot("a", State::PRESENT, 1), slot("b", State::EMPTY, 0), slot("c", State::PRESENT, 1)];
        let now = [slot("a", State::PRESENT, 3), slot("b", State::EMPTY, 2), slot("d", State::PRESENT, 1)];
        let (a, c, d) = ("a".to_owned(), "c".to_owned(), "d".to_owned());
        let atr = vec![0x3B, 0x00];
        let expected = [
            Event::Removed { reader: c.clone() },
            Event::ReaderRemoved { reader: c },
            Event::Removed { reader: a.clone() },
            Event::Inserted { reader: a, atr: atr.clone() },
            Event::ReaderAdded { reader: d.clone() },
            Event::Inserted { reader: d, atr },
        ];
        assert_eq!(events(&before, &now), expected);
        assert_eq!(events(&now, &now), []);
    }

    #[test]
    fn who_uses_a_card_is_told_and_does_not_wake() {
        let used = slot("a", State::PRESENT | State::INUSE | State::CHANGED, 7);
        assert_eq!((used.told().card, used.told().in_use), (CardPresence::Present, InUse::Shared));
        let watched = used.watched().current_state();
        assert!(watched.contains(State::PRESENT) && !watched.intersects(State::INUSE | State::CHANGED));
        assert_eq!(slot("a", State::PRESENT | State::MUTE, 7).told().card, CardPresence::Mute);
        assert_eq!(slot("a", State::UNAVAILABLE, 0).told().card, CardPresence::Unknown);
        assert_eq!(slot("a", State::PRESENT | State::EXCLUSIVE, 7).told().in_use, InUse::Exclusively);
    }
}
