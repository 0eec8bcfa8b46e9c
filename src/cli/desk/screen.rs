//! The desk on one screen: a line a reader, and keys.

use super::lines::{line, rings};
use super::prepare;
use crate::cli::output::{Live, Output, Shade, counted};
use crate::desk::{Act, At, Command, Desk, Happened, ReaderView, Told, View};
use crate::platform::terminal::Keys;
use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, TryRecvError};
use std::time::{Duration, Instant};

/// Sets how often the screen is drawn.
const DRAWN: Duration = Duration::from_millis(200);
/// Is what Ctrl-C sends where it raises no signal.
const CTRL_C: u8 = 3;
/// Bounds the columns of a reader's name, and of a person's.
const READER: usize = 24;
const PERSON: usize = 24;

/// Holds what is on the screen.
struct Screen<'a> {
    desk: &'a Desk,
    output: &'a Output,
    sound: bool,
    live: Live,
    /// `None` while a PIN is typed, or where the terminal gives no keys.
    keys: Option<Keys>,
    view: View,
    /// When the view was told; clocks run on since.
    since: Instant,
    chosen: usize,
    /// The readers whose cards' holders are to type a PIN, in the order in which they asked; whether it is a new one, and whether one
    /// was refused.
    asks: VecDeque<(String, bool, bool)>,
    stopping: bool,
    /// It was told what an end now would lose.
    loss_told: bool,
}

/// Shows the run, and does what keys say, until it is over; false: somebody left before the cards under way were done.
pub fn watch(desk: &Desk, told: &Receiver<Told>, sound: bool, output: &Output) -> bool {
    let mut screen = Screen {
        desk,
        output,
        sound,
        live: Live::default(),
        keys: Keys::take().ok(),
        view: View::default(),
        since: Instant::now(),
        chosen: 0,
        asks: VecDeque::new(),
        stopping: false,
        loss_told: false,
    };
    loop {
        loop {
            match told.try_recv() {
                Ok(told) => screen.take(told),
                Err(TryRecvError::Empty) => break,
                Err(TryRecvError::Disconnected) => return true,
            }
        }
        screen.ask();
        screen.draw();
        match screen.key() {
            Some(key) if !screen.obey(key) => return false,
            Some(_) | None => {}
        }
    }
}

impl Screen<'_> {
    fn take(&mut self, Told { happened, view }: Told) {
        (self.view, self.since) = (view, Instant::now());
        if let Some(line) = line(&happened, &self.view) {
            self.live.tell(&line);
        }
        if self.sound && rings(&happened) {
            self.output.ring();
        }
        if let Happened::AsksPin { reader, chooses, refused, .. } = happened {
            self.asks.push_back((reader, chooses, refused.is_some()));
        }
    }

    /// Has the next holder type a PIN, if one is waited for still.
    fn ask(&mut self) {
        let Some((reader, chooses, refused)) = self.asks.pop_front() else { return };
        let waits = |it: &&ReaderView| it.reader == reader && it.at == At::AsksPin;
        let Some(view) = self.view.readers.iter().find(waits) else { return };
        let person = view.person.clone().unwrap_or_default();
        self.live.hide();
        self.keys = None;
        self.output.tell(&format!("{reader}: {person}"));
        let turn = view.turn;
        let act = prepare::typed(chooses, refused).map(Act::Pin).unwrap_or_else(|failure| {
            self.output.failure(&failure);
            Act::Skip
        });
        self.desk.command(Command::At { reader, turn, act });
        self.keys = Keys::take().ok();
    }

    fn draw(&mut self) {
        let passed = self.since.elapsed().as_secs();
        let readers = self.view.readers.iter().enumerate();
        let mut lines: Vec<_> = readers.map(|(number, it)| row(number, it, number == self.chosen, passed)).collect();
        let View { done, rows, pending, refused, letters, paused, .. } = self.view;
        let counts =
            [(pending, "wait for approval"), (refused, "refused or set aside"), (letters, "letters not printed")];
        let mut foot = format!("{done} of {rows} done");
        for (count, what) in counts.into_iter().filter(|(count, _)| *count > 0) {
            foot += &format!(", {count} {what}");
        }
        lines.push((Shade::Plain, foot));
        let keys = match (self.stopping, paused) {
            (true, _) => "stopping: cards under way are finished; q again leaves them to be gone on with",
            (false, true) => {
                "PAUSED  keys: P go on  1-9 n reader  s skip  r retry  w will it log on  p pause it  l letters  q stop"
            }
            (false, false) => {
                "keys: 1-9 n reader  s skip  r retry  w will it log on  p pause it  P pause all  l letters  q stop"
            }
        };
        lines.push((Shade::Faint, keys.to_owned()));
        self.live.show(&lines);
    }

    fn key(&mut self) -> Option<u8> {
        match self.keys.as_ref().map(|keys| keys.next(DRAWN)) {
            Some(Ok(key)) => key,
            // Without a terminal the run goes on as it can.
            Some(Err(_)) | None => {
                self.keys = None;
                std::thread::sleep(DRAWN);
                None
            }
        }
    }

    /// Does what a key says; false where somebody leaves.
    fn obey(&mut self, key: u8) -> bool {
        let chosen = self.view.readers.get(self.chosen).map(|it| (it.reader.clone(), it.turn));
        match (key, chosen) {
            (b'1'..=b'9', _) => self.choose(usize::from(key - b'1')),
            (b'n' | b'\t', _) => self.choose(self.chosen + 1),
            (b's', Some((reader, turn))) => self.desk.command(Command::At { reader, turn, act: Act::Skip }),
            (b'r', Some((reader, turn))) => self.desk.command(Command::At { reader, turn, act: Act::Retry }),
            (b'w', Some((reader, turn))) => self.desk.command(Command::At { reader, turn, act: Act::Judge }),
            (b'p', Some((reader, _))) => self.desk.command(Command::Pause { reader: Some(reader) }),
            (b'P', _) => self.desk.command(Command::Pause { reader: None }),
            (b'l', _) => self.desk.command(Command::Print),
            (b'q' | CTRL_C, _) if self.stopping => return false,
            (b'q' | CTRL_C, _) if self.view.letters > 0 && !self.loss_told => {
                self.loss_told = true;
                let letters = counted(self.view.letters as u64, "letter");
                self.live.tell(&format!(
                    "{letters} not printed yet: l tries again; q once more ends the run, and a PIN whose letter is not printed by then is lost"
                ));
            }
            (b'q' | CTRL_C, _) => {
                self.stopping = true;
                self.desk.command(Command::Stop);
            }
            _ => {}
        }
        true
    }

    fn choose(&mut self, number: usize) {
        let readers = self.view.readers.len();
        self.chosen = if number < readers { number } else { 0 };
    }
}

/// Writes the line of a reader.
fn row(number: usize, view: &ReaderView, chosen: bool, passed: u64) -> (Shade, String) {
    let at_work = matches!(view.at, At::Working | At::AsksPin);
    let shade = match view.at {
        At::Done => Shade::Good,
        At::Refused | At::Failed => Shade::Bad,
        At::AsksPin | At::Waits => Shade::Attention,
        At::Empty => Shade::Faint,
        At::Reading | At::Idle | At::Working => Shade::Plain,
    };
    let clock = match (at_work, view.seconds_left) {
        (true, Some(left)) => format!("  {} s, about {} s left", view.seconds + passed, left.saturating_sub(passed)),
        (true, None) => format!("  {} s, how long is not known yet", view.seconds + passed),
        (false, _) => String::new(),
    };
    let text = if view.at == At::Empty { "put a card in" } else { &view.text };
    let person = cut(view.person.as_deref().unwrap_or_default(), PERSON);
    let mark = if chosen { '>' } else { ' ' };
    (shade, format!("{mark}{:2} {:READER$} {person:PERSON$} {text}{clock}", number + 1, cut(&view.reader, READER)))
}

/// Cuts a text to so many characters.
fn cut(text: &str, most: usize) -> String {
    text.chars().take(most).collect()
}
