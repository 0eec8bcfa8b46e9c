//! What happens at the readers: cards come, are recognised, get a row, and go.

use super::PinMode;
use super::card::Card;
use super::choice::{Choice, choose};
use super::engine::{Engine, Message, Seen};
use super::run::{Stand, Trouble};
use super::station::Station;
use super::trouble::{of_reader, of_server};
use super::view::{At, Happened};
use super::work::{WorkOrder, enroll};
use crate::client;
use crate::enrollment::{ExitClass, Stage};
use crate::reader::{Event, MOST_READERS};
use crate::token::Token;
use crate::workstation::{Gone, Line, Worker};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Sets the pause before the server is asked again, and bounds the pauses, each longer by half.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// Bounds how often that is done for one card: about ten minutes.
const MOST_AGAIN: u32 = 25;

impl Engine {
    pub(super) fn at_reader(&mut self, event: Event) {
        match event {
            Event::ReaderAdded { reader } => {
                if !self.stations.iter().any(|station| station.reader == reader) {
                    self.stations.push(Station::new(reader.clone()));
                }
                self.happened(Happened::Reader { reader });
                if self.stations.len() >= MOST_READERS && !self.full_told {
                    self.full_told = true;
                    self.happened(Happened::ReadersFull { most: MOST_READERS });
                }
            }
            Event::ReaderRemoved { reader } => {
                self.stations.retain(|station| station.reader != reader);
                self.happened(Happened::ReaderGone { reader });
            }
            Event::Inserted { reader, atr: _ } => self.inserted(&reader),
            Event::Removed { reader } => self.removed(&reader),
        }
    }

    /// Has a worker open the card, and ask the server who it is.
    fn inserted(&mut self, reader: &str) {
        let Some(at) = self.at(reader) else { return };
        let turn = self.next_turn();
        let station = &mut self.stations[at];
        station.clear(turn);
        station.come_to(At::Reading, "reading the card");
        let (client, sender) = (Arc::clone(&self.means.client), self.sender.clone());
        let reader = reader.to_owned();
        let named = reader.clone();
        let opened = move |opened: Result<&mut dyn Token, _>| {
            let seen = match opened {
                Ok(token) => looked_up(&client, token),
                Err(error) => Seen::Unusable(error),
            };
            // An engine that is gone needs no news, here and below.
            let _ = sender.send(Message::Seen { reader, turn, seen });
        };
        match Worker::begin(&named, opened) {
            Ok(worker) => self.stations[at].worker = Some(worker),
            Err(source) => self.refuse_card(at, of_reader(&crate::reader::Error::Thread(source))),
        }
    }

    fn removed(&mut self, reader: &str) {
        let Some(at) = self.at(reader) else { return };
        let turn = self.next_turn();
        let station = &mut self.stations[at];
        let pulled = station.person.clone().filter(|_| station.is_at_work());
        let serial = station.card.as_ref().map(|card| card.identity.serial.clone()).unwrap_or_default();
        station.clear(turn);
        let reader = reader.to_owned();
        match pulled {
            Some(person) => {
                let trouble = Trouble {
                    code: "token-removed".into(),
                    message: format!("card {serial} was pulled; what was done is kept"),
                    remedy: "Put the same card in again, in any reader: it goes on.".into(),
                };
                self.happened(Happened::Failed { reader, person, trouble });
            }
            None => self.happened(Happened::Empty { reader }),
        }
    }

    pub(super) fn seen(&mut self, reader: &str, turn: u64, seen: Seen) {
        let Some(at) = self.at(reader).filter(|at| self.stations[*at].turn == turn) else { return };
        match seen {
            Seen::Card(card) => {
                let station = &mut self.stations[at];
                if !card.identity.is_named() {
                    return self.refuse_card(at, nameless());
                }
                station.expected = self.setup.learnt.expected(&card.model());
                station.card = Some(card);
                self.offer(at);
            }
            // It was pulled meanwhile, which is told by itself.
            Seen::Unusable(crate::reader::Error::NoCard { .. }) => {}
            Seen::Unusable(error) => self.refuse_card(at, of_reader(&error)),
            Seen::ServerFailed(error) if error.is_passing() => {
                self.wait_for_server(at, of_server(Stage::FindCard, error));
            }
            Seen::ServerFailed(error) => self.refuse_card(at, of_server(Stage::FindCard, error)),
        }
    }

    /// Asks the server once more about the card in a reader, and goes on from there.
    pub(super) fn look_again(&mut self, at: usize) {
        let station = &mut self.stations[at];
        let (client, sender) = (Arc::clone(&self.means.client), self.sender.clone());
        let (reader, turn) = (station.reader.clone(), station.turn);
        let look = move |token: &mut dyn Token| {
            let seen = looked_up(&client, token);
            let _ = sender.send(Message::Seen { reader, turn, seen });
        };
        match station.worker.as_ref().map(|worker| worker.give(look)) {
            Some(Ok(())) => station.come_to(At::Reading, "reading the card"),
            // The card could not be opened before; it may be now.
            Some(Err(Gone)) => self.inserted(&self.stations[at].reader.clone()),
            None => {}
        }
    }

    /// Offers every card that waits for a row to the rows there are.
    pub(super) fn offer_all(&mut self) {
        for at in 0..self.stations.len() {
            if self.stations[at].at == At::Idle {
                self.offer(at);
            }
        }
    }

    /// Gives the card in a reader its row, or says why it has none.
    pub(super) fn offer(&mut self, at: usize) {
        let station = &mut self.stations[at];
        if self.paused || self.stopping || station.paused {
            return self.rest_card(at, "paused");
        }
        let Some(card) = &station.card else { return };
        match choose(self.book.run(), card) {
            Choice::Refused(trouble) => self.refuse_card(at, trouble),
            Choice::NoRow => self.rest_card(at, "no row is left for this card"),
            Choice::Row(row) if !self.working.contains(&row) => self.begin(at, row),
            Choice::Row(row) => match self.elsewhere(at, row) {
                Some(other) => {
                    let trouble = Trouble {
                        code: "same-serial".into(),
                        message: format!("the card in reader {other:?} has the same card id, and is worked on"),
                        remedy: "Take this one out; two cards of one id are no good sign.".into(),
                    };
                    self.refuse_card(at, trouble);
                }
                None => {
                    let station = &mut self.stations[at];
                    station.come_to(At::Waits, "the work before has not let go of the card");
                    station.again_at = Some(Instant::now() + FIRST_PAUSE);
                }
            },
        }
    }

    /// Returns the other reader whose card is worked on for this row, if that is there still.
    fn elsewhere(&self, at: usize, row: usize) -> Option<String> {
        let others = self.stations.iter().enumerate().filter(|(index, _)| *index != at);
        let same = |(_, station): (usize, &Station)| (station.row == Some(row)).then(|| station.reader.clone());
        others.filter(|(_, station)| station.is_at_work()).find_map(same)
    }

    /// Binds the card to its row, durably, and has the work begin.
    fn begin(&mut self, at: usize, row: usize) {
        let (Some(card), Some(request)) = (self.stations[at].card.clone(), self.book.run().rows[row].request) else {
            return;
        };
        let entry = &self.book.run().rows[row];
        let (person, was_begun) = (entry.name.clone(), entry.card_id.is_some());
        let began = if entry.begun.is_empty() { self.now() } else { entry.begun.clone() };
        let serial = card.identity.serial.clone();
        let bound = self.note(|run| {
            let entry = &mut run.rows[row];
            (entry.stand, entry.card_id, entry.serial) = (Stand::Begun, Some(card.id), serial.clone());
            (entry.begun, entry.trouble) = (began, None);
        });
        if !bound {
            return self.stations[at].come_to(At::Idle, "the file of the run cannot be written");
        }
        let known = self.pins.contains_key(&row);
        let pin_is_lost = was_begun && !known && self.setup.pins != PinMode::Now;
        let station = &mut self.stations[at];
        let (reader, turn) = (station.reader.clone(), station.turn);
        let (sender, named) = (self.sender.clone(), reader.clone());
        let (mut line, switchboard) = Line::new(move |news| {
            let _ = sender.send(Message::News { reader: named.clone(), turn, row, news });
        });
        let (means, sender, named) = (self.means.clone(), self.sender.clone(), reader.clone());
        let order = WorkOrder { request, pin_is_lost };
        let job = move |token: &mut dyn Token| {
            let ended = Box::new(enroll(&means, &order, token, &mut line));
            let _ = sender.send(Message::Ended { reader: named, turn, row, ended });
        };
        station.person = Some(person.clone());
        station.row = Some(row);
        (station.why, station.logon) = (None, None);
        station.since = Some(Instant::now());
        station.come_to(At::Working, "begins");
        match station.worker.as_ref().map(|worker| worker.give(job)) {
            Some(Ok(())) => {
                station.line = Some(switchboard);
                self.working.insert(row);
                self.left.remove(&row);
                self.happened(Happened::Begun { reader, person, card_id: card.id, serial });
            }
            Some(Err(Gone)) | None => station.come_to(At::Failed, "the card is gone"),
        }
    }

    /// Lets a card wait in its reader, and tells it the first time.
    fn rest_card(&mut self, at: usize, why: &str) {
        let station = &mut self.stations[at];
        let rested = station.at == At::Idle && station.text == why;
        station.come_to(At::Idle, why);
        if !rested {
            let (reader, why) = (station.reader.clone(), why.to_owned());
            self.happened(Happened::Rests { reader, why });
        }
    }

    /// Has a card taken out.
    pub(super) fn refuse_card(&mut self, at: usize, trouble: Trouble) {
        let station = &mut self.stations[at];
        station.come_to(At::Refused, trouble.message.clone());
        let reader = station.reader.clone();
        self.happened(Happened::CardRefused { reader, trouble });
    }

    /// Tries again later what failed for want of the server, or gives it up.
    pub(super) fn wait_for_server(&mut self, at: usize, trouble: Trouble) {
        let station = &mut self.stations[at];
        if station.again >= MOST_AGAIN {
            station.again = 0;
            if !self.setup.attended {
                self.left.extend(station.row);
            }
            return self.refuse_card(at, trouble);
        }
        let pause = FIRST_PAUSE * 3_u32.pow(station.again.min(9)) / 2_u32.pow(station.again.min(9));
        station.again_at = Some(Instant::now() + pause.min(LONGEST_PAUSE));
        station.again += 1;
        station.come_to(At::Waits, trouble.message.clone());
        let reader = station.reader.clone();
        self.happened(Happened::Waits { reader, trouble });
    }

    /// Returns a number that no card had before: a reader that is plugged in anew begins no turn that was there.
    fn next_turn(&mut self) -> u64 {
        self.turns += 1;
        self.turns
    }

    pub(super) fn at(&self, reader: &str) -> Option<usize> {
        self.stations.iter().position(|station| station.reader == reader)
    }
}

/// Makes the trouble of a card that nothing tells from others, so that it can be bound to no row.
fn nameless() -> Trouble {
    Trouble {
        code: "card-without-serial".into(),
        message: "the card has no serial of its own yet, so nothing tells it from others".into(),
        remedy: "Take it out, and initialise it first (cardwright token init).".into(),
    }
}

fn looked_up(client: &client::CmClient, token: &dyn Token) -> Seen {
    Card::look_up(client, token).map_or_else(Seen::ServerFailed, Seen::Card)
}

/// Says whether what has ended a workflow may be over later: the server may answer then, or somebody has decided.
pub(super) fn is_for_absence(error: &crate::enrollment::Error) -> bool {
    match &error.cause {
        crate::enrollment::Cause::Server(source) => source.is_passing(),
        _ => error.exit_class() == ExitClass::Pending,
    }
}

#[cfg(test)]
mod tests {
    use super::super::engine::Setup;
    use super::super::learnt::Learnt;
    use super::super::prepare::entry;
    use super::super::run::{Book, Entry, Run};
    use super::super::work::Means;
    use super::*;
    use crate::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
    use crate::enrollment::Journal;
    use crate::secret::BearerToken;
    use crate::workstation::{Ended, Stopped};
    use std::path::Path;
    use std::sync::mpsc::{channel, sync_channel};
    use time::OffsetDateTime;
    use uuid::Uuid;

    const READER: &str = "a reader that is nowhere";

    /// An engine with one row, whose readers are told of by hand.
    fn engine(directory: &Path) -> Engine {
        let base_url = "https://127.0.0.1:1".parse().unwrap();
        let login = Login::Bearer(BearerToken::new("nobody's".to_owned()));
        let config = ClientConfig { base_url, trust: Trust::Platform, login, timeouts: Timeouts::default() };
        let client = Arc::new(CmClient::new(config).unwrap());
        let journal = Journal::open(directory.join("journal")).unwrap();
        let row = Entry { stand: Stand::Ready, ..entry(Uuid::new_v4(), "ursula".to_owned(), Uuid::new_v4()) };
        let run = Run::new(client.base_url().to_string(), None, vec![row], true);
        let setup = Setup {
            client: Arc::clone(&client),
            journal: journal.clone(),
            learnt: Learnt::load(directory.join("times")),
            pins: PinMode::Now,
            letters: None,
            clock: || OffsetDateTime::UNIX_EPOCH,
            attended: true,
            idle: Duration::ZERO,
        };
        let book = Book::begin(directory, run).unwrap();
        Engine::new((setup, Means { client, journal }, book), sync_channel(16).0, Box::new(|_| {}), channel().0)
    }

    #[test]
    fn what_comes_late_from_a_reader_that_was_unplugged_is_not_taken_for_the_card_that_is_in_it_now() {
        let directory = tempfile::tempdir().unwrap();
        let mut engine = engine(&directory.path().join("desk"));
        let plug_in = |engine: &mut Engine| {
            engine.at_reader(Event::ReaderAdded { reader: READER.to_owned() });
            engine.at_reader(Event::Inserted { reader: READER.to_owned(), atr: Vec::new() });
            engine.stations[0].turn
        };
        let before = plug_in(&mut engine);
        engine.working.insert(0);
        engine.stations[0].come_to(At::Working, "begins");
        engine.at_reader(Event::ReaderRemoved { reader: READER.to_owned() });
        assert!(engine.stations.is_empty());
        let now = plug_in(&mut engine);
        assert_ne!(before, now);
        engine.ended(READER, before, 0, Err(Ended::Stopped(Stopped)));
        assert_eq!(engine.stations[0].at, At::Reading);
        // The row is free for its card, in whatever reader that is next, and says what has happened.
        assert!(engine.working.is_empty());
        assert_eq!(engine.book.run().rows[0].trouble.as_ref().unwrap().code, "stopped");
    }
}
