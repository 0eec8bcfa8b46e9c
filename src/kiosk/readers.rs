//! What happens at the readers: cards that are put in, taken out, or in two readers at once.

use super::engine::{Engine, State};
use super::scene::{Scene, Trouble};
use crate::reader::{Error, Event};
use crate::workstation::{Watch, Worker};
use std::sync::{Arc, PoisonError};

impl Engine {
    /// Watches the readers, unless that is done already. Where they cannot be reached, it is shown why; it is to be called again
    /// after a while.
    pub fn watch_readers(self: &Arc<Self>) {
        let mut watch = self.watch.lock().unwrap_or_else(PoisonError::into_inner);
        if watch.is_some() && !self.with(|state| std::mem::take(&mut state.watch_is_over)) {
            return;
        }
        let engine = Arc::downgrade(self);
        let begun = Watch::begin(move |told| {
            let Some(engine) = engine.upgrade() else { return };
            match told {
                Ok(event) => engine.happened(event),
                Err(error) => engine.with(|state| {
                    state.watch_is_over = true;
                    state.no_readers(&error);
                }),
            }
        });
        *watch = match begun {
            Ok(watch) => Some(watch),
            Err(error) => {
                self.with(|state| state.no_readers(&error));
                None
            }
        };
    }

    /// Takes an event of a reader that the kiosk serves.
    fn happened(self: &Arc<Self>, event: Event) {
        let serves = |reader: &str| self.settings.reader.as_ref().is_none_or(|wanted| reader.contains(wanted.as_str()));
        let (reader, filled) = match event {
            Event::ReaderAdded { reader } | Event::Removed { reader } => (reader, Some(false)),
            Event::Inserted { reader, .. } => (reader, Some(true)),
            Event::ReaderRemoved { reader } => (reader, None),
        };
        if serves(&reader) {
            self.with(|state| self.settle(state, reader, filled));
        }
    }

    /// Notes what is in a reader, and shows what follows from it; `None`: the reader is gone.
    fn settle(self: &Arc<Self>, state: &mut State, reader: String, filled: Option<bool>) {
        let was_held = state.worker.as_ref().is_some_and(|worker| worker.reader() == reader);
        let had = state.filled.get(&reader) == Some(&true);
        match filled {
            Some(filled) => drop(state.filled.insert(reader.clone(), filled)),
            None => drop(state.filled.remove(&reader)),
        }
        if self.settle_within(state, &reader, filled == Some(true)) {
            return;
        }
        let full: Vec<String> =
            state.filled.iter().filter(|(_, filled)| **filled).map(|(reader, _)| reader.clone()).collect();
        if was_held && filled != Some(true) {
            // The work may have noticed first.
            let noticed = matches!(&state.scene, Scene::Trouble(trouble) if trouble.code == "token-removed");
            let cut = noticed || state.scene.is_busy() || state.switchboard.is_some();
            state.leave(false);
            if cut && let Scene::Insert { cut } = &mut state.scene {
                *cut = true;
            }
        }
        match (full.as_slice(), &state.scene) {
            // What is under way is not broken off by a second card.
            _ if state.worker.is_some() && state.scene.is_busy() => {}
            ([], Scene::NoReader { .. } | Scene::Take { .. }) => state.rest(),
            ([], _) if had && !was_held => state.leave(false),
            ([], Scene::Insert { .. }) if state.filled.is_empty() => state.rest(),
            ([], _) => {}
            ([_, _, ..], Scene::Several) => {}
            ([_, _, ..], _) => {
                state.end_turn();
                state.show(Scene::Several);
            }
            // Who has stopped, or was away, takes the card out first.
            ([_], Scene::Take { .. }) => {}
            ([reader], _) if state.worker.is_none() => self.begin(state, reader),
            ([_], _) => {}
        }
    }

    /// Begins a turn with the card in this reader.
    fn begin(self: &Arc<Self>, state: &mut State, reader: &str) {
        state.end_turn();
        self.open(state, reader);
    }

    /// Opens the card in this reader, and reads it.
    pub(super) fn open(self: &Arc<Self>, state: &mut State, reader: &str) {
        state.touch(std::time::Instant::now());
        state.show(Scene::Reading);
        let (engine, turn) = (Arc::clone(self), state.turn);
        let begun = Worker::begin(reader, move |opened| {
            let read = opened
                .map_err(|error| code_of(&error))
                .and_then(|token| engine.read(token).map_err(|_| "card-unreadable"));
            engine.news(turn, |state| match read {
                Ok(card) => engine.meet(state, card),
                Err(code) => state.give_up(code),
            });
        });
        match begun {
            Ok(worker) => state.worker = Some(worker),
            Err(_) => state.show(Scene::Trouble(Trouble::of("no-thread"))),
        }
    }
}

impl State {
    /// Shows that the readers cannot be reached, and why.
    fn no_readers(&mut self, error: &Error) {
        self.filled.clear();
        let code = code_of(error);
        if !matches!(self.scene, Scene::NoReader { code: shown } if shown == code) {
            self.end_turn();
            self.show(Scene::NoReader { code });
        }
    }
}

/// Returns the stable code for why readers cannot be reached, or a card cannot be used.
fn code_of(error: &Error) -> &'static str {
    match error {
        Error::NoService { .. } | Error::ServiceStopped => "pcsc-not-running",
        Error::ServiceSilent { .. } => "pcsc-silent",
        Error::SocketClosed { .. } | Error::NotPermitted => "pcsc-not-permitted",
        Error::UnknownCard { .. } => "unknown-card",
        Error::Mute { .. } => "card-mute",
        Error::Busy { .. } => "reader-busy",
        _ => "reader-failed",
    }
}
