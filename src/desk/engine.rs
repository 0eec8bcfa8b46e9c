//! Works through a run on a thread of its own: takes what happens at the readers, what works need and come to, and what a face
//! commands, one after the other.

use super::PinMode;
use super::card::Card;
use super::errand::{self, Errand, Fetched};
use super::error::Error;
use super::learnt::Learnt;
use super::letter::Letters;
use super::run::{Book, PinFate, Run, Stand, Trouble};
use super::station::Station;
use super::trouble::of_reader;
use super::view::{At, Happened, Told, View};
use super::work::Means;
use crate::client::{self, CmClient};
use crate::doctor::logon::Finding;
use crate::enrollment::{Journal, Outcome};
use crate::reader::{self, Event};
use crate::secret::Pin;
use crate::workstation::{Ended, News, Stopped, Watch};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, sync_channel};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Bounds the messages that wait; who has one more waits with it.
const MOST_MESSAGES: usize = 256;
/// Sets how long the engine sleeps at most.
const TICK: Duration = Duration::from_secs(1);

/// Holds what a run needs.
pub struct Setup {
    pub client: Arc<CmClient>,
    pub journal: Journal,
    pub learnt: Learnt,
    pub pins: PinMode,
    pub letters: Option<Letters>,
    /// Tells the time.
    pub clock: fn() -> OffsetDateTime,
    /// Somebody is there who can have a row retried or set aside. Otherwise a row that fails is left to another run.
    pub attended: bool,
    /// Ends the run if nothing happens for so long.
    pub idle: Duration,
}

/// Is what a face can have done.
pub enum Command {
    /// Has this done for the card that was in this reader at this turn of it; nothing, where it is there no more.
    At { reader: String, turn: u64, act: Act },
    /// Begins no card at this reader, or at any, or does so again.
    Pause { reader: Option<String> },
    /// Tries to print again what could not be printed.
    Print,
    /// Begins nothing more, and ends once the cards under way are done.
    Stop,
}

/// Is what a face can have done for one card.
pub enum Act {
    /// Its holder has typed the PIN that was asked for.
    Pin(Pin),
    /// Sets its row aside, so that the reader is free for the next.
    Skip,
    /// Looks at it once more.
    Retry,
    /// Tells whether somebody will log on with it.
    Judge,
}

/// Holds what comes to the engine.
pub(super) enum Message {
    Reader(Event),
    Blind(reader::Error),
    Seen { reader: String, turn: u64, seen: Seen },
    News { reader: String, turn: u64, row: usize, news: News },
    Ended { reader: String, turn: u64, row: usize, ended: Box<Result<Outcome, Ended<Stopped>>> },
    Judged { reader: String, turn: u64, judged: Result<Vec<Finding>, Trouble> },
    Fetched(Fetched),
    Command(Command),
}

/// Says who the card in a reader is, or why that cannot be told.
pub(super) enum Seen {
    Card(Card),
    Unusable(reader::Error),
    ServerFailed(client::Error),
}

/// Is a run under way. Dropped, it has the run stop; cards under way are finished.
pub struct Desk(SyncSender<Message>);

/// Tells a face.
type Tell = Box<dyn FnMut(Told) + Send>;

/// Holds all that is known while a run goes on.
pub(super) struct Engine {
    pub setup: Setup,
    pub means: Means,
    pub book: Book,
    pub sender: SyncSender<Message>,
    pub tell: Tell,
    pub stations: Vec<Station>,
    /// The number of the last turn: each card that comes to a reader begins another.
    pub turns: u64,
    /// The rows whose cards are worked on; a card that was pulled may be among them until its work has ended.
    pub working: HashSet<usize>,
    /// PINs that nobody typed, by row.
    pub pins: HashMap<usize, Pin>,
    /// The rows whose PIN goes into a letter.
    pub lettered: HashSet<usize>,
    /// The rows that are left to another run.
    pub left: HashSet<usize>,
    pub errands: Sender<Errand>,
    /// How many errands have not come back, and the letters among them, by row.
    pub out: usize,
    pub printing: HashSet<usize>,
    pub paused: bool,
    pub stopping: bool,
    pub full_told: bool,
}

impl Desk {
    /// Begins to work through the run. `tell` is called, on the engine's thread, with all that happens; last with
    /// [`Happened::Over`].
    ///
    /// # Errors
    /// The PC/SC service cannot be reached; the system gives no thread.
    pub fn begin(setup: Setup, book: Book, tell: impl FnMut(Told) + Send + 'static) -> Result<Self, Error> {
        let (sender, messages) = sync_channel(MOST_MESSAGES);
        let told = sender.clone();
        let watch = Watch::begin(move |event| {
            // An engine that is gone needs no news.
            let _ = told.send(event.map_or_else(Message::Blind, Message::Reader));
        })?;
        let thread = |source| Error::Reader(reader::Error::Thread(source));
        let told = sender.clone();
        let back = move |fetched| drop(told.send(Message::Fetched(fetched)));
        let errands = errand::begin(Arc::clone(&setup.client), setup.letters.clone(), back).map_err(thread)?;
        let means = Means { client: Arc::clone(&setup.client), journal: setup.journal.clone() };
        let engine = Engine::new((setup, means, book), sender.clone(), Box::new(tell), errands);
        std::thread::Builder::new().name("desk".into()).spawn(move || engine.run(&messages, watch)).map_err(thread)?;
        Ok(Self(sender))
    }

    /// Has the engine do this; nothing where the run has ended.
    pub fn command(&self, command: Command) {
        let _ = self.0.send(Message::Command(command));
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = self.0.try_send(Message::Command(Command::Stop));
    }
}

impl Engine {
    /// Returns one that has seen no reader yet.
    pub(super) fn new(
        (setup, means, book): (Setup, Means, Book),
        sender: SyncSender<Message>,
        tell: Tell,
        errands: Sender<Errand>,
    ) -> Self {
        Self {
            setup,
            means,
            book,
            sender,
            tell,
            stations: Vec::new(),
            turns: 0,
            working: HashSet::new(),
            pins: HashMap::new(),
            lettered: HashSet::new(),
            left: HashSet::new(),
            errands,
            out: 0,
            printing: HashSet::new(),
            paused: false,
            stopping: false,
            full_told: false,
        }
    }

    /// Takes one message after the other until nothing is left to do.
    fn run(mut self, messages: &Receiver<Message>, _watch: Watch) {
        self.open_what_is_owed();
        let mut last = Instant::now();
        while !self.is_over() {
            match messages.recv_timeout(self.rest()) {
                Ok(message) => {
                    last = Instant::now();
                    self.take(message);
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
            self.try_again();
            self.catch_up();
            // Works and errands are bounded by themselves; a person who does not come is not.
            if self.working.is_empty() && self.out == 0 && last.elapsed() > self.setup.idle {
                self.stopping = true;
            }
        }
        self.end();
    }

    fn take(&mut self, message: Message) {
        match message {
            Message::Reader(event) => self.at_reader(event),
            Message::Blind(error) => {
                self.stopping = true;
                self.stop_what_waits();
                self.happened(Happened::Blind { trouble: of_reader(&error) });
            }
            Message::Seen { reader, turn, seen } => self.seen(&reader, turn, seen),
            Message::News { reader, turn, row, news } => self.news(&reader, turn, row, news),
            Message::Ended { reader, turn, row, ended } => self.ended(&reader, turn, row, *ended),
            Message::Judged { reader, turn, judged } => self.judged(&reader, turn, judged),
            Message::Fetched(fetched) => self.fetched(fetched),
            Message::Command(command) => self.obey(command),
        }
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::At { reader, turn, act } => {
                let at = self.at(&reader).filter(|at| self.stations[*at].turn == turn);
                match (at, act) {
                    (Some(at), Act::Pin(pin)) => self.typed(at, pin),
                    (Some(at), Act::Skip) => self.skip(at),
                    (Some(at), Act::Judge) => self.judge(at),
                    (Some(at), Act::Retry) if !self.stations[at].is_at_work() => self.look_again(at),
                    _ => {}
                }
            }
            Command::Pause { reader: None } => {
                self.paused = !self.paused;
                self.happened(Happened::Paused { paused: self.paused });
                self.offer_all();
            }
            Command::Pause { reader: Some(reader) } => {
                if let Some(station) = self.stations.iter_mut().find(|station| station.reader == reader) {
                    station.paused = !station.paused;
                    let paused = station.paused;
                    self.happened(Happened::Paused { paused });
                    self.offer_all();
                }
            }
            Command::Print => self.print_what_is_owed(),
            Command::Stop => {
                self.stopping = true;
                self.stop_what_waits();
            }
        }
    }

    /// Says whether nothing is left to do.
    fn is_over(&self) -> bool {
        if !self.working.is_empty() || self.out > 0 {
            return false;
        }
        let over = |(index, row): (usize, &super::run::Entry)| {
            row.is_over() || row.stand == Stand::Pending || self.left.contains(&index)
        };
        let done = self.book.run().rows.iter().enumerate().all(over);
        // A letter that is not printed is printed again, or given up, by somebody; without anybody it was tried often enough.
        self.stopping || done && (self.lettered.is_empty() || !self.setup.attended)
    }

    /// Returns how long the engine may sleep.
    fn rest(&self) -> Duration {
        let now = Instant::now();
        let due = self.stations.iter().filter_map(|station| station.again_at);
        due.map(|due| due.saturating_duration_since(now)).min().unwrap_or(TICK).min(TICK)
    }

    /// Takes up what was to be tried again by now.
    fn try_again(&mut self) {
        for at in 0..self.stations.len() {
            if self.stations[at].again_at.is_some_and(|due| due <= Instant::now()) {
                self.stations[at].again_at = None;
                self.look_again(at);
            }
        }
    }

    /// Gives up the letters that are not printed, and says how the run has ended.
    fn end(mut self) {
        let owed: Vec<usize> = self.lettered.iter().copied().collect();
        for row in owed {
            let entry = self.book.run().rows[row].clone();
            if entry.stand == Stand::Done {
                self.learn(|run| run.rows[row].pin = PinFate::Lost);
                self.happened(Happened::PinLost { person: entry.name, serial: entry.serial });
            }
        }
        let View { done, refused, pending, rows, .. } = self.view();
        self.happened(Happened::Over { done, refused, waiting: pending, rows });
    }

    /// Tells the face what has happened.
    pub(super) fn happened(&mut self, happened: Happened) {
        let view = self.view();
        (self.tell)(Told { happened, view });
    }

    /// Changes the file of the run. Where it cannot be written no further card is begun; returns whether it was.
    pub(super) fn note(&mut self, change: impl FnOnce(&mut Run)) -> bool {
        match self.book.change(change) {
            Ok(()) => true,
            Err(error) => {
                self.not_written(error);
                false
            }
        }
    }

    /// Takes into the run what has happened already, whether or not it can be written now.
    pub(super) fn learn(&mut self, happened: impl FnOnce(&mut Run)) {
        if let Err(error) = self.book.learn(happened) {
            self.not_written(error);
        }
    }

    /// Writes what could not be written when it happened; where it still cannot, that was told.
    fn catch_up(&mut self) {
        if self.book.owes() && self.book.catch_up().is_ok() {
            self.happened(Happened::Written);
        }
    }

    /// Begins no further card, and says why.
    fn not_written(&mut self, error: Error) {
        (self.paused, self.stopping) = (true, self.stopping || !self.setup.attended);
        let Trouble { code, message, remedy } = Trouble::from(error);
        let trouble = Trouble { code, message: format!("{message}; no further card is begun"), remedy };
        self.happened(Happened::NotWritten { trouble });
    }

    /// Tells the time as RFC 3339.
    pub(super) fn now(&self) -> String {
        (self.setup.clock)().format(&Rfc3339).unwrap_or_default()
    }

    fn view(&self) -> View {
        let rows = &self.book.run().rows;
        let count = |stands: &[Stand]| rows.iter().filter(|row| stands.contains(&row.stand)).count();
        View {
            run: self.book.run().id,
            rows: rows.len(),
            done: count(&[Stand::Done]),
            refused: count(&[Stand::Refused, Stand::SetAside, Stand::Dropped]),
            pending: count(&[Stand::Pending, Stand::Unasked]),
            letters: self.lettered.len(),
            paused: self.paused,
            readers: self.stations.iter().map(Station::view).collect(),
        }
    }

    /// Ends the works that wait for somebody.
    fn stop_what_waits(&mut self) {
        for station in self.stations.iter_mut().filter(|station| station.at == At::AsksPin) {
            // Without a line nothing waits.
            station.line = None;
            station.come_to(At::Working, "stop");
        }
    }
}
