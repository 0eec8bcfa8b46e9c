//! Puts a list of people through the readers of one workstation: a worker a reader, a card a person.
//!
//! In: a list or the server's queue, commands of a face. Out: [`Told`]: what has happened, and a [`View`] of every reader.
//! [`prepare`] decides all that can be decided before the first card; a [`Book`] is the durable file of a run, in which a row
//! is bound to a card by card id before the card is touched; a [`Desk`] works through it on a thread of its own. The cards
//! themselves are the work of [`crate::enrollment`], so that a cut at any moment is taken up by its journal, and elsewhere by
//! what the server knows. Absent: terminal and pages, any clock but the one that is given.

mod arrivals;
mod card;
mod choice;
mod engine;
mod errand;
mod error;
mod learnt;
mod letter;
mod list;
mod logon;
mod pin;
pub mod prepare;
mod progress;
pub mod requests;
pub mod results;
mod run;
mod signed;
mod station;
mod trouble;
mod view;
mod work;

pub use crate::doctor::Verdict;
pub use engine::{Act, Command, Desk, Setup};
pub use error::Error;
pub use learnt::Learnt;
pub use letter::{Letters, wipe as wipe_letters};
pub use list::{Fault, LARGEST_LIST, Row, Wrong, read as read_list};
pub use prepare::{ListOrder, Note, runs_in};
pub use run::{Book, Entry, PinFate, Run, Stand, Trouble};
pub use signed::{Signed, Signer};
pub use view::{Asks, At, Happened, Logon, ReaderView, Told, View};

/// Says how a card gets its PIN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinMode {
    /// Nobody learns the first one; the holder opens the card with a one-time password and chooses another.
    HandOver,
    /// The holder types it at the desk.
    Now,
    /// A random one, in a letter.
    Letter,
}
