//! What was told last, and what forms have the desk do.

use crate::desk::{Act, Asks, Book, Command, Desk, Error, Happened, Run, Signed, Signer, Told, Trouble, View};
use crate::pages::form::Form;
use crate::pages::texts::Language;
use crate::secret::Pin;
use crate::web::events::END;
use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use uuid::Uuid;

/// Bounds what is shown of what has happened.
const MOST_NOTICES: usize = 20;

/// Holds what the page shows, and the desk that it commands.
pub struct Board {
    shown: Mutex<Shown>,
    changes: watch::Sender<u64>,
    desk: Desk,
    signer: Signer,
    directory: PathBuf,
    run: Uuid,
}

/// Says how it stands with the server's signature.
pub enum Signing {
    /// Nobody has asked for it.
    Not,
    UnderWay,
    /// What was signed, of the run as it stood.
    Done(Box<(Run, Signed)>),
    Failed(Trouble),
}

/// Holds what the page shows.
pub struct Shown {
    pub view: View,
    pub since: Instant,
    /// What has happened, the latest first, each with its number.
    pub notices: VecDeque<(u64, Happened)>,
    /// The reader, and the turn there, at which the same was not typed twice.
    pub differs: Option<(String, u64)>,
    pub is_over: bool,
    pub signing: Signing,
    pub language: Option<Language>,
    told: u64,
}

impl Board {
    /// Makes the board of a run that the desk works through; its file is in this directory.
    pub fn new(desk: Desk, signer: Signer, directory: PathBuf, run: Uuid) -> Self {
        let shown = Shown {
            view: View { run, ..View::default() },
            since: Instant::now(),
            notices: VecDeque::new(),
            differs: None,
            is_over: false,
            signing: Signing::Not,
            language: None,
            told: 0,
        };
        Self { shown: Mutex::new(shown), changes: watch::channel(0).0, desk, signer, directory, run }
    }

    /// Takes what the desk tells.
    pub fn tell(&self, told: &Told) {
        let mut shown = self.shown();
        shown.told += 1;
        (shown.view, shown.since) = (told.view.clone(), Instant::now());
        shown.is_over |= matches!(told.happened, Happened::Over { .. });
        let number = shown.told;
        shown.notices.push_front((number, told.happened.clone()));
        shown.notices.truncate(MOST_NOTICES);
        self.changes.send_if_modified(|change| change_to(change, number));
    }

    /// Says that the desk tells nothing more.
    pub fn end(&self) {
        self.shown().is_over = true;
        self.changed();
    }

    fn changed(&self) {
        self.changes.send_modify(|change| *change = change.saturating_add(u64::from(*change < END - 1)));
    }

    /// Has the run end once the cards under way are done.
    pub fn stop(&self) {
        self.desk.command(Command::Stop);
    }

    /// Waits until the run is over.
    pub async fn over(&self) {
        let mut changes = self.changes();
        while !self.shown().is_over && changes.changed().await.is_ok() {}
    }

    /// Waits until the run is over and the page was closed, or nobody has come to close it for so long.
    pub async fn closed(&self, idle: Duration) {
        self.over().await;
        let mut changes = self.changes();
        let closed = async { while *changes.borrow_and_update() != END && changes.changed().await.is_ok() {} };
        let _ = tokio::time::timeout(idle, closed).await;
    }

    /// Ends the streams that follow the board.
    pub fn close(&self) {
        self.changes.send_modify(|change| *change = END);
    }

    /// Returns the number of the last change, and all that come.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    /// Reads how the rows of the run stand.
    pub fn rows(&self) -> Result<Option<Run>, Error> {
        Book::look(&self.directory, self.run)
    }

    pub fn shown(&self) -> MutexGuard<'_, Shown> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what a form asks for. What it asks for another card than the one that is there now is not done.
    pub fn act(&self, form: &Form) {
        let reader = form.one("reader").to_owned();
        let command = match form.one("act") {
            "pin" => self.typed(reader, form),
            act @ ("skip" | "retry" | "judge") => {
                let act = match act {
                    "skip" => Act::Skip,
                    "retry" => Act::Retry,
                    _ => Act::Judge,
                };
                form.one("turn").parse().ok().map(|turn| Command::At { reader, turn, act })
            }
            "pause" => self.pause(reader, form.one("paused") == "yes"),
            "print" => Some(Command::Print),
            "stop" => Some(Command::Stop),
            "language" => {
                self.shown().language = Language::from_tag(form.one("language"));
                None
            }
            "sign" => {
                self.sign();
                None
            }
            "close" if self.shown().is_over => {
                self.close();
                None
            }
            _ => None,
        };
        if let Some(command) = command {
            self.desk.command(command);
        }
    }

    /// Has the server sign what the run has come to, once it is over; what is signed already is not signed twice.
    fn sign(&self) {
        let run = self.rows();
        {
            let mut shown = self.shown();
            let is_signed = match (&shown.signing, &run) {
                (Signing::UnderWay, _) => true,
                (Signing::Done(signed), Ok(Some(run))) => signed.0 == *run,
                _ => false,
            };
            if !shown.is_over || is_signed {
                return;
            }
            shown.signing = Signing::UnderWay;
        }
        let signed = run.and_then(|run| {
            let run = run.ok_or(Error::RunUnknown { run: self.run })?;
            let signed = self.signer.sign(&run)?;
            Ok(Signing::Done(Box::new((run, signed))))
        });
        self.shown().signing = signed.unwrap_or_else(|error| Signing::Failed(error.into()));
        self.changed();
    }

    /// Takes a PIN to the card that asked for it.
    fn typed(&self, reader: String, form: &Form) -> Option<Command> {
        let turn = form.one("turn").parse().ok()?;
        let mut shown = self.shown();
        let asks = shown.view.readers.iter().find(|it| it.reader == reader && it.turn == turn)?.asks.as_ref();
        let Asks { chooses, .. } = asks?;
        let [pin, again] = ["pin", "again"].map(|name| form.exact(name));
        if pin.is_empty() || *chooses && pin != again {
            shown.differs = Some((reader, turn));
            return None;
        }
        shown.differs = None;
        Some(Command::At { reader, turn, act: Act::Pin(Pin::new(pin.to_owned())) })
    }

    /// Pauses a reader, or all where none is named, or has them go on: a form that is sent twice does so once.
    fn pause(&self, reader: String, wanted: bool) -> Option<Command> {
        let shown = self.shown();
        let (reader, paused) = match reader.is_empty() {
            true => (None, shown.view.paused),
            false => {
                let paused = shown.view.readers.iter().find(|it| it.reader == reader)?.paused;
                (Some(reader), paused)
            }
        };
        (paused != wanted).then_some(Command::Pause { reader })
    }
}

fn change_to(change: &mut u64, number: u64) -> bool {
    let is_open = *change != END;
    if is_open {
        *change = number;
    }
    is_open
}
