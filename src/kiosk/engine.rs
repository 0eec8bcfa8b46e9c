//! The one state of the workstation: what is in the readers, what is shown, what is under way.
//!
//! Readers and works tell it from their own threads. Each card that is put in, and each end, begins a new *turn*: what a work
//! of an earlier turn tells is dropped, so that nothing of one person reaches the next.

use super::card::CardFacts;
use super::idle::{Idle, Presence};
use super::marks::Marks;
use super::pauses::Pauses;
use super::scene::{Doing, Done, NewPinWhy, Scene, Trouble};
use super::settings::Settings;
use super::swap::Swap;
use crate::cm::offline::CODE_BYTES;
use crate::enrollment::Journal;
use crate::pages::texts::Language;
use crate::secret::Pin;
use crate::token::{self, LastTry, Token};
use crate::workstation::{Switchboard, Watch, Worker};
use std::collections::{BTreeMap, HashMap};
use std::sync::mpsc::SyncSender;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use zeroize::Zeroizing;

/// Bounds how many kinds of work are remembered with the time that they took.
const MOST_TIMES: usize = 200;

/// Sets how long somebody may be at the server's pages, where no warning of ours is seen.
const ELSEWHERE: Duration = Duration::from_secs(600);

/// Holds the state, and tells those who show it of each change.
pub struct Engine {
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    pub(super) watch: Mutex<Option<Watch>>,
    pub(super) settings: Settings,
    /// At which the browser reaches the pages.
    pub(super) port: u16,
    pub(super) journal: Journal,
    pub(super) marks: Marks,
}

/// Is what the workstation is about now.
pub struct State {
    pub scene: Scene,
    /// Counts the scenes; a form says for which it was filled in.
    pub number: u64,
    /// Counts what changes within a scene.
    progress: u64,
    pub(super) turn: u64,
    /// The readers, and whether a card is in each.
    pub(super) filled: BTreeMap<String, bool>,
    /// The readers are watched no more, and it is to be begun anew.
    pub(super) watch_is_over: bool,
    pub card: Option<CardFacts>,
    pub(super) worker: Option<Worker>,
    pub(super) switchboard: Option<Switchboard>,
    pub(super) telephone: Option<SyncSender<Zeroizing<[u8; CODE_BYTES]>>>,
    /// A PIN that was typed, until it is used; and whether the last try may be spent on it.
    pub(super) pin: Option<(Pin, LastTry)>,
    pub(super) task: Option<Task>,
    /// An old card gives way to a new one.
    pub(super) swap: Option<Swap>,
    /// A PIN that the server has chosen and the card has, until the person has chosen another.
    pub(super) proposed: Option<Pin>,
    /// What was done before a PIN was to be chosen.
    pub(super) after: Option<Done>,
    /// What was typed for a work was refused, and is asked for again.
    pub(super) refused: bool,
    /// A work needs what nobody at a kiosk has.
    pub(super) hopeless: bool,
    /// Somebody was sent to the server's pages in this browser; and has left since.
    pub(super) signed_in: bool,
    was_signed_in: bool,
    pub comfort: Comfort,
    pub(super) idle: Idle,
    pub warned: bool,
    pub(super) pauses: Pauses,
    /// How long each kind of work took the last time, by the kind of card.
    times: HashMap<(String, Doing), Duration>,
    begun: Option<Instant>,
}

/// Says what a person has chosen to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Task {
    ChangePin,
    Telephone,
    Password,
    Renew,
    /// Show by this card who they are, and have a new one made ready.
    NewCard,
    /// Have the server asked too whether this card logs on.
    Logon,
}

/// Is how somebody wants pages to be, until the workstation is left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Comfort {
    pub language: Option<Language>,
    pub larger: bool,
}

impl Engine {
    /// Makes the engine of a workstation at which nobody is.
    pub fn new((settings, port): (Settings, u16), journal: Journal, marks: Marks, now: Instant) -> Arc<Self> {
        let state = State {
            scene: Scene::NoReader { code: "starting" },
            number: 0,
            progress: 0,
            turn: 0,
            filled: BTreeMap::new(),
            watch_is_over: false,
            card: None,
            worker: None,
            switchboard: None,
            telephone: None,
            pin: None,
            task: None,
            swap: None,
            proposed: None,
            after: None,
            refused: false,
            hopeless: false,
            signed_in: false,
            was_signed_in: false,
            comfort: Comfort::default(),
            idle: Idle::new(settings.idle, settings.warned, now),
            warned: false,
            pauses: Pauses::default(),
            times: HashMap::new(),
            begun: None,
        };
        let (changed, _) = watch::channel(0);
        let (state, watch) = (Mutex::new(state), Mutex::new(None));
        Arc::new(Self { state, changed, watch, settings, port, journal, marks })
    }

    /// Looks at the state, or changes it, and tells of a change.
    pub fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        let (done, after) = {
            let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            (work(&mut state), state.progress)
        };
        self.changed.send_if_modified(|told| std::mem::replace(told, after) != after);
        done
    }

    /// Takes what a work of a turn tells; what one of an earlier turn tells is dropped.
    pub(super) fn news(&self, turn: u64, take: impl FnOnce(&mut State)) {
        self.with(|state| {
            if state.turn == turn {
                take(state);
            }
        });
    }

    /// Reads a card, and what is kept here of it.
    pub(super) fn read(&self, token: &mut dyn Token) -> Result<CardFacts, token::Error> {
        let card = CardFacts::read(token)?;
        // A journal that cannot be read is told by the work that needs it.
        let unfinished = self.journal.unfinished().unwrap_or_default();
        let unfinished = unfinished.iter().find(|record| record.card_id == card.id).map(|record| record.workflow);
        Ok(CardFacts { marked: self.marks.has(card.id), unfinished, ..card })
    }

    /// Returns what tells of changes.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Ends all that is open, for good: the last change that is told is [`u64::MAX`].
    pub fn end(&self) {
        self.with(|state| state.end_turn());
        self.changed.send_replace(u64::MAX);
    }

    /// Says whether somebody has left who was sent to the server's pages in the browser that is shown.
    pub fn was_signed_in(&self) -> bool {
        self.with(|state| state.was_signed_in)
    }

    /// Notes that another browser is shown, in which nobody was sent anywhere yet.
    pub fn has_another_browser(&self) {
        self.with(|state| state.was_signed_in = false);
    }

    /// Looks whether somebody is still there, and ends what is open where nobody is.
    pub fn tick(&self, now: Instant) {
        self.with(|state| {
            // Nobody is asked to be quicker than the card.
            if state.scene.is_busy() || matches!(state.scene, Scene::Reading | Scene::Take { .. }) {
                return state.idle.touch(now);
            }
            if state.scene.is_rest() && state.comfort == Comfort::default() {
                return state.idle.touch(now);
            }
            if matches!(state.scene, Scene::Pages { .. }) && state.idle.is_within(ELSEWHERE, now) {
                return;
            }
            match state.idle.presence(now) {
                Presence::There => {}
                Presence::Warned if !state.warned => {
                    state.warned = true;
                    state.progress += 1;
                }
                Presence::Warned => {}
                Presence::Gone => state.leave(true),
            }
        });
    }
}

impl State {
    /// Shows a scene.
    pub(super) fn show(&mut self, scene: Scene) {
        self.note_time();
        self.scene = scene;
        self.number += 1;
        self.progress += 1;
    }

    /// Shows what is being done with the card.
    pub(super) fn doing(&mut self, doing: Doing) {
        match &mut self.scene {
            Scene::Working { doing: shown } if *shown == doing => return,
            Scene::Working { .. } => {
                self.note_time();
                self.scene = Scene::Working { doing };
                self.progress += 1;
            }
            _ => self.show(Scene::Working { doing }),
        }
        self.begun = Some(Instant::now());
    }

    /// Remembers how long took what is done now.
    fn note_time(&mut self) {
        let (Scene::Working { doing }, Some(begun), Some(card)) = (&self.scene, self.begun.take(), &self.card) else {
            return;
        };
        let key = (card.kind.clone(), *doing);
        if self.times.len() < MOST_TIMES || self.times.contains_key(&key) {
            self.times.insert(key, begun.elapsed());
        }
    }

    /// Returns how many seconds this took the last time, on a card of this kind.
    pub fn usual(&self, doing: Doing) -> Option<u64> {
        let kind = self.card.as_ref()?.kind.clone();
        self.times.get(&(kind, doing)).map(|time| time.as_secs() + 1)
    }

    /// Returns the serial of the card; empty where none is in.
    pub fn serial(&self) -> &str {
        self.card.as_ref().map_or("", |card| &card.serial)
    }

    /// Notes that somebody did something.
    pub(super) fn touch(&mut self, now: Instant) {
        self.idle.touch(now);
        if std::mem::take(&mut self.warned) {
            self.progress += 1;
        }
    }

    /// Returns after how long without an act all that is open ends.
    pub fn ends_after(&self) -> Duration {
        match self.scene {
            Scene::Pages { .. } => ELSEWHERE,
            _ => self.idle.bound(),
        }
    }

    /// Ends the turn: works end at the next thing that they wait for, and all that was typed is dropped.
    pub(super) fn end_turn(&mut self) {
        self.turn += 1;
        (self.worker, self.card) = (None, None);
        self.was_signed_in |= std::mem::take(&mut self.signed_in);
        self.drop_typed();
        self.warned = false;
    }

    /// Drops what was typed, and ends what waits for an answer.
    pub(super) fn drop_typed(&mut self) {
        (self.switchboard, self.telephone, self.pin, self.proposed) = (None, None, None, None);
        (self.task, self.after, self.refused, self.hopeless, self.swap) = (None, None, false, false, None);
    }

    /// Ends all that is open; `away`: nobody is there any more. The next person finds the pages as they are for everybody.
    pub(super) fn leave(&mut self, away: bool) {
        self.end_turn();
        self.comfort = Comfort::default();
        if self.filled.values().any(|filled| *filled) {
            self.show(Scene::Take { away });
        } else {
            self.rest();
        }
    }

    /// Shows what a workstation shows without a card.
    pub(super) fn rest(&mut self) {
        let is_there = !self.filled.is_empty();
        self.show(if is_there { Scene::Insert { cut: false } } else { Scene::NoReader { code: "no-reader" } });
    }

    /// Shows what can be done with the card, or first has a PIN chosen where it has one that everybody knows.
    pub(super) fn show_card(&mut self, card: CardFacts) {
        let temporary = card.makers_pin.filter(|_| card.holder.is_some() && card.has_usable_pin());
        let form = card.form;
        self.card = Some(card);
        match temporary {
            Some(pin) => {
                let pin = Pin::new(pin.to_owned());
                (self.pin, self.task) = (Some((pin, LastTry::Keep)), Some(Task::ChangePin));
                self.show(Scene::NewPin { form, why: NewPinWhy::Temporary, fault: None });
            }
            None => self.show(Scene::Card),
        }
    }

    /// Has the worker do something with the card.
    pub(super) fn give(&mut self, job: impl FnOnce(&mut dyn Token) + Send + 'static) {
        let given = self.worker.as_ref().is_some_and(|worker| worker.give(job).is_ok());
        if !given {
            self.show(Scene::Trouble(Trouble::of("token-removed")));
        }
    }
}
