//! The line between a work on a worker's thread and a face elsewhere: news one way, answers the other.

use super::drive::Attendant;
use crate::enrollment::{self, Event, Input, Need};
use crate::secret::Pin;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::time::Duration;
use uuid::Uuid;

/// Tells a face what a work does or waits for.
pub enum News {
    Did(Event),
    /// The work waits for an answer: [`Answer::Input`] or [`Answer::Stop`]. `request`: what it is about, if there is one yet.
    Needs {
        need: Need,
        request: Option<Uuid>,
    },
    /// What was typed is not taken; the same is asked for again.
    Refused(String),
    /// The work waits until somebody has decided; [`Answer::GoOn`] has it look again.
    Waits {
        request: Uuid,
        approvals_needed: Option<u32>,
    },
    /// The card has this PIN now, which the server proposed. Nothing else on this computer keeps it.
    Proposed(Pin),
}

/// Holds what a face answers.
pub enum Answer {
    Input(Input),
    GoOn,
    Stop,
}

/// Is the work's end of the line.
pub struct Line<F> {
    tell: F,
    answers: Receiver<Answer>,
    again: usize,
}

/// Is the face's end: it takes one answer at a time. Dropped, it ends the work at the next thing that it waits for.
pub struct Switchboard(SyncSender<Answer>);

/// Bounds how often one work asks again for what was typed wrong.
const MOST_AGAIN: usize = 3;

impl<F: FnMut(News)> Line<F> {
    /// Makes a line; `tell` takes the news, on the worker's thread.
    pub fn new(tell: F) -> (Self, Switchboard) {
        let (sender, answers) = sync_channel(1);
        (Self { tell, answers, again: 0 }, Switchboard(sender))
    }

    /// Waits so long, or until an answer comes; says whether the work goes on, as it does unless the face ends it or is gone.
    pub fn stays(&mut self, time: Duration) -> bool {
        match self.answers.recv_timeout(time) {
            Ok(Answer::Stop) | Err(RecvTimeoutError::Disconnected) => false,
            Ok(Answer::GoOn | Answer::Input(_)) | Err(RecvTimeoutError::Timeout) => true,
        }
    }

    /// Waits for an answer; none comes any more where the face is gone.
    fn answer(&mut self) -> Option<Answer> {
        self.answers.recv().ok()
    }
}

impl Switchboard {
    /// Answers what the work waits for; returns false if the work is over, or has an answer that it did not read yet.
    pub fn answer(&self, answer: Answer) -> bool {
        match self.0.try_send(answer) {
            Ok(()) => true,
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => false,
        }
    }
}

/// Says that the face has ended the work, or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped;

impl<F: FnMut(News)> Attendant for Line<F> {
    type Stop = Stopped;

    fn told(&mut self, event: &Event) {
        (self.tell)(News::Did(event.clone()));
    }

    fn proposed(&mut self, pin: Pin) {
        (self.tell)(News::Proposed(pin));
    }

    fn meet(&mut self, need: Need, request: Option<Uuid>) -> Result<Input, Stopped> {
        (self.tell)(News::Needs { need, request });
        match self.answer() {
            Some(Answer::Input(input)) => Ok(input),
            // The driver asks again for what is still missing.
            Some(Answer::GoOn) => Ok(Input::Nothing),
            Some(Answer::Stop) | None => Err(Stopped),
        }
    }

    fn types_again(&mut self, error: &enrollment::Error) -> bool {
        if self.again >= MOST_AGAIN {
            return false;
        }
        self.again += 1;
        (self.tell)(News::Refused(error.cause.to_string()));
        true
    }

    fn wait_for_approval(&mut self, request: Uuid, approvals_needed: Option<u32>) -> Result<(), Stopped> {
        (self.tell)(News::Waits { request, approvals_needed });
        match self.answer() {
            Some(Answer::GoOn | Answer::Input(_)) => Ok(()),
            Some(Answer::Stop) | None => Err(Stopped),
        }
    }
}
