//! What works need and come to: PINs, the end of a row, letters and requests afterwards.

use super::PinMode;
use super::arrivals::is_for_absence;
use super::engine::Engine;
use super::errand::{Errand, Fetched};
use super::letter::Letter;
use super::pin::{copied, random};
use super::run::{PinFate, Stand, Trouble};
use super::trouble::of_workflow;
use super::view::{Asks, At, Happened, in_words};
use crate::enrollment::{Event, Input, Need, Outcome, WhichPin};
use crate::secret::Pin;
use crate::token::{LastTry, SecretForm};
use crate::workstation::{Answer, Ended, News, Stopped};

impl Engine {
    /// Takes what a work tells or needs. What a card has come to that was pulled meanwhile is told by its end.
    pub(super) fn news(&mut self, reader: &str, turn: u64, row: usize, news: News) {
        if let News::Proposed(pin) = news {
            self.pins.insert(row, pin);
            self.lettered.insert(row);
            return;
        }
        let Some(at) = self.at(reader).filter(|at| self.stations[*at].turn == turn) else { return };
        match news {
            News::Did(event) => self.came_further(at, &event),
            News::Needs { need, request: _ } => self.meet(at, row, need),
            News::Refused(text) => self.stations[at].refused = Some(text),
            News::Waits { .. } => self.stop(
                at,
                "request-pending",
                "the request waits for another approval",
                "Have it approved, then retry.",
            ),
            News::Proposed(_) => {}
        }
    }

    fn came_further(&mut self, at: usize, event: &Event) {
        let stage = match event {
            Event::Doing(stage) => stage.words().to_owned(),
            Event::Generating { algorithm } => format!("make a {} key", algorithm.name()),
            _ => return,
        };
        let station = &mut self.stations[at];
        station.text.clone_from(&stage);
        if let Event::Generating { .. } = event
            && let Some(person) = station.person.clone()
        {
            let reader = station.reader.clone();
            self.happened(Happened::Stage { reader, person, stage });
        }
    }

    /// Supplies what a work needs, asks its holder for it, or ends the work.
    fn meet(&mut self, at: usize, row: usize, need: Need) {
        match need {
            Need::NewPin { form, .. } if self.setup.pins == PinMode::Now => self.ask(at, true, form),
            Need::NewPin { form, .. } => match random(form) {
                Some(pin) => {
                    self.answer(at, Input::NewPin(copied(&pin)));
                    self.pins.insert(row, pin);
                    if self.setup.pins == PinMode::Letter {
                        self.lettered.insert(row);
                    }
                }
                None => self.stop(at, "no-random", "this computer gives no random bytes", "Restart it, then retry."),
            },
            Need::Pin { which: WhichPin::JustSet, .. } if self.pins.contains_key(&row) => {
                if let Some(pin) = self.pins.get(&row).map(copied) {
                    self.answer(at, Input::Pin(pin, LastTry::Keep));
                }
            }
            Need::Pin { .. } if self.setup.pins == PinMode::Now => self.ask(at, false, None),
            Need::Pin { .. } => {
                let remedy = "Have its holder at the desk, and go on with --pin now.";
                self.stop(at, "pin-needed", "the card has a PIN that nobody here knows", remedy);
            }
            Need::SoPin { .. } => {
                let remedy = "Enroll this card by itself (cardwright enroll --request), which asks for that key.";
                self.stop(at, "so-pin-needed", "the card has an admin key other than the template's default", remedy);
            }
            Need::Puk { .. } => {
                let remedy = "Enroll this card by itself (cardwright enroll --request), which asks for that PUK.";
                self.stop(at, "puk-needed", "the card has a PUK that neither the server nor its maker gave it", remedy);
            }
        }
    }

    /// Has the holder type a PIN.
    fn ask(&mut self, at: usize, chooses: bool, form: Option<SecretForm>) {
        let station = &mut self.stations[at];
        station.come_to(At::AsksPin, "its holder types a PIN");
        let (form, refused) = (in_words(form), station.refused.take());
        station.asks = Some(Asks { chooses, form: form.clone(), refused: refused.clone() });
        let (reader, person) = (station.reader.clone(), station.person.clone().unwrap_or_default());
        self.happened(Happened::AsksPin { reader, person, chooses, form, refused });
    }

    pub(super) fn typed(&mut self, at: usize, pin: Pin) {
        let Some(asks) = self.stations[at].asks.take() else { return };
        let input = if asks.chooses { Input::NewPin(pin) } else { Input::Pin(pin, LastTry::Keep) };
        self.stations[at].at = At::Working;
        self.answer(at, input);
    }

    fn answer(&mut self, at: usize, input: Input) {
        if let Some(line) = &self.stations[at].line {
            // A work that is over says so by its end.
            line.answer(Answer::Input(input));
        }
    }

    /// Ends the work at a reader, which waits, for this reason.
    fn stop(&mut self, at: usize, code: &str, message: &str, remedy: &str) {
        let trouble = Trouble { code: code.into(), message: message.into(), remedy: remedy.into() };
        let station = &mut self.stations[at];
        station.why = Some(trouble);
        if let Some(line) = station.line.take() {
            line.answer(Answer::Stop);
        }
    }

    /// Takes what a work has come to.
    pub(super) fn ended(&mut self, reader: &str, turn: u64, row: usize, ended: Result<Outcome, Ended<Stopped>>) {
        self.working.remove(&row);
        let at = self.at(reader).filter(|at| self.stations[*at].turn == turn);
        let (trouble, is_passing) = match ended {
            Ok(outcome) => return self.done(at, reader, row, &outcome),
            Err(Ended::Failed(error)) => (of_workflow(&error), is_for_absence(&error)),
            Err(Ended::Stopped(Stopped)) => {
                let why = at.and_then(|at| self.stations[at].why.take());
                let stopped = || Trouble {
                    code: "stopped".into(),
                    message: "the work was stopped; what was done is kept".into(),
                    remedy: "Retry goes on with it.".into(),
                };
                (why.unwrap_or_else(stopped), false)
            }
            Err(Ended::NoProgress) => {
                let (message, remedy) =
                    ("the driver asks again and again for the same", "Retry, or set the row aside.");
                (Trouble { code: "no-progress".into(), message: message.into(), remedy: remedy.into() }, false)
            }
        };
        let is_over = matches!(trouble.code.as_str(), "request-denied" | "request-canceled" | "request-failed");
        // Another workstation works through the same run, and has another card for this row.
        let is_elsewhere = matches!(trouble.code.as_str(), "request-of-other-card" | "request-completed-elsewhere");
        self.learn(|run| {
            let entry = &mut run.rows[row];
            entry.trouble = Some(trouble.clone());
            if is_over {
                (entry.stand, entry.request) = (Stand::Refused, None);
            }
            if is_elsewhere {
                (entry.stand, entry.card_id) = (Stand::SetAside, None);
                entry.serial.clear();
                entry.begun.clear();
            }
        });
        // What becomes of a card that was pulled shows when it is put in again.
        let Some(at) = at else { return };
        if is_elsewhere {
            let reader = self.stations[at].reader.clone();
            self.stations[at].come_to(At::Idle, trouble.message.clone());
            let person = self.stations[at].person.take().unwrap_or_default();
            self.stations[at].row = None;
            self.happened(Happened::Failed { reader, person, trouble });
            return self.offer(at);
        }
        if is_passing && !self.stopping {
            return self.wait_for_server(at, trouble);
        }
        if !self.setup.attended && trouble.code != "token-removed" {
            self.left.insert(row);
        }
        let station = &mut self.stations[at];
        station.come_to(At::Failed, trouble.message.clone());
        let (reader, person) = (station.reader.clone(), station.person.clone().unwrap_or_default());
        self.happened(Happened::Failed { reader, person, trouble });
    }

    /// Closes a row whose card is finished, and sends out what is to be done afterwards.
    fn done(&mut self, at: Option<usize>, reader: &str, row: usize, outcome: &Outcome) {
        let fate = match self.setup.pins {
            _ if self.lettered.contains(&row) => PinFate::LetterOwed,
            PinMode::HandOver => PinFate::OpeningOwed,
            PinMode::Now | PinMode::Letter => PinFate::None,
        };
        let ended = self.now();
        self.learn(|run| {
            let entry = &mut run.rows[row];
            (entry.stand, entry.pin, entry.ended, entry.trouble) = (Stand::Done, fate, ended, None);
            entry.data.clear();
        });
        let entry = self.book.run().rows[row].clone();
        if let Some(at) = at {
            let station = &mut self.stations[at];
            station.come_to(At::Done, "done: take the card out");
            if let (Some(card), Some(since)) = (&station.card, station.since) {
                // What could not be learnt is learnt from the next card.
                let _ = self.setup.learnt.learn(&card.model(), since.elapsed());
            }
        }
        let (Outcome::Enrolled { request, .. } | Outcome::Renewed { request, .. }) = outcome else { return };
        self.happened(Happened::Done {
            reader: reader.to_owned(),
            person: entry.name,
            card_id: entry.card_id.unwrap_or_default(),
            serial: entry.serial,
            request: *request,
        });
        match fate {
            PinFate::LetterOwed => self.print(row),
            PinFate::OpeningOwed => {
                self.pins.remove(&row);
                self.open(row);
            }
            _ => {}
        }
    }

    /// Makes the requests that earlier runs owe to holders.
    pub(super) fn open_what_is_owed(&mut self) {
        for row in 0..self.book.run().rows.len() {
            let entry = self.book.run().rows[row].clone();
            match entry.pin {
                PinFate::OpeningOwed => self.open(row),
                PinFate::Lost => self.happened(Happened::PinLost { person: entry.name, serial: entry.serial }),
                _ => {}
            }
        }
    }

    fn open(&mut self, row: usize) {
        let Some(card_id) = self.book.run().rows[row].card_id else { return };
        let comment = self.book.run().tag();
        self.out += usize::from(self.errands.send(Errand::Open { row, card_id, comment }).is_ok());
    }

    pub(super) fn print_what_is_owed(&mut self) {
        let owed: Vec<usize> = self.lettered.iter().copied().collect();
        for row in owed {
            if self.book.run().rows[row].stand == Stand::Done && !self.printing.contains(&row) {
                self.print(row);
            }
        }
    }

    /// Sends a letter out; its PIN stays here until it is printed.
    fn print(&mut self, row: usize) {
        let entry = &self.book.run().rows[row];
        let Some(pin) = self.pins.get(&row).map(copied) else { return };
        let letter = Letter {
            person: entry.name.clone(),
            serial: entry.serial.clone(),
            card_id: entry.card_id.unwrap_or_default(),
            run: self.book.run().id,
            pin,
        };
        if self.errands.send(Errand::Print { row, letter }).is_ok() {
            self.out += 1;
            self.printing.insert(row);
        }
    }

    /// Takes what an errand has come to.
    pub(super) fn fetched(&mut self, fetched: Fetched) {
        self.out = self.out.saturating_sub(1);
        match fetched {
            Fetched::Opened { row, outcome } => {
                let person = self.book.run().rows[row].name.clone();
                match outcome {
                    Ok(request) => {
                        self.learn(|run| run.rows[row].pin = PinFate::Opening(request));
                        self.happened(Happened::Opening { person, request });
                    }
                    Err(trouble) => self.happened(Happened::OpeningFailed { person, trouble }),
                }
            }
            Fetched::Printed { row, outcome } => {
                self.printing.remove(&row);
                let person = self.book.run().rows[row].name.clone();
                match outcome {
                    Ok(()) => {
                        self.learn(|run| run.rows[row].pin = PinFate::LetterPrinted);
                        self.lettered.remove(&row);
                        self.pins.remove(&row);
                        self.happened(Happened::Letter { person });
                    }
                    Err(trouble) => self.happened(Happened::LetterFailed { person, trouble }),
                }
            }
        }
    }

    /// Sets the row at a reader aside. A card that is at work is not interrupted.
    pub(super) fn skip(&mut self, at: usize) {
        if self.stations[at].at == At::AsksPin {
            self.stop(at, "set-aside", "the row was set aside", "Retry goes on with it, as does another run.");
            return;
        }
        let Some(row) = self.stations[at].row.filter(|_| matches!(self.stations[at].at, At::Failed | At::Waits)) else {
            return;
        };
        if self.note(|run| run.rows[row].stand = Stand::SetAside) {
            let station = &mut self.stations[at];
            (station.again_at, station.row) = (None, None);
            station.come_to(At::Refused, "set aside: take the card out");
            let (reader, person) = (station.reader.clone(), station.person.clone().unwrap_or_default());
            self.happened(Happened::SetAside { reader, person });
        }
    }
}
