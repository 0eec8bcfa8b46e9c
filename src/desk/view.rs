//! What a face is told: what has happened, and how it stands at every reader. All of it is data.

use super::run::Trouble;
use crate::doctor::Verdict;
use crate::doctor::logon::Finding;
use crate::token::SecretForm;
use serde::Serialize;
use uuid::Uuid;

/// Tells a face what has happened, and how it stands since.
#[derive(Clone, Debug, Serialize)]
pub struct Told {
    #[serde(flatten)]
    pub happened: Happened,
    #[serde(skip)]
    pub view: View,
}

/// Says what has happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Happened {
    /// The reader is there.
    Reader {
        reader: String,
    },
    /// The reader was unplugged.
    ReaderGone {
        reader: String,
    },
    /// The PC/SC service has no place for more readers.
    ReadersFull {
        most: usize,
    },
    /// Nothing is told of readers any more.
    Blind {
        trouble: Trouble,
    },
    /// The card is bound to the person's row, and its enrollment begins or goes on.
    Begun {
        reader: String,
        person: String,
        card_id: Uuid,
        serial: String,
    },
    /// The enrollment has come further.
    Stage {
        reader: String,
        person: String,
        stage: String,
    },
    /// The card is in nobody's row, or cannot be used: it is to be taken out.
    CardRefused {
        reader: String,
        trouble: Trouble,
    },
    /// The row's work has stopped; it goes on when somebody has it retried, or puts the card in again.
    Failed {
        reader: String,
        person: String,
        trouble: Trouble,
    },
    /// The server is away; it is tried again.
    Waits {
        reader: String,
        trouble: Trouble,
    },
    /// The holder is to type a PIN. `chooses`: a new one, of this form; else the one that the card has.
    AsksPin {
        reader: String,
        person: String,
        chooses: bool,
        form: Option<String>,
        refused: Option<String>,
    },
    /// The card is finished and can be taken out.
    Done {
        reader: String,
        person: String,
        card_id: Uuid,
        serial: String,
        request: Uuid,
    },
    /// The row was set aside.
    SetAside {
        reader: String,
        person: String,
    },
    /// The card waits in its reader: the desk is paused, or has no row for it.
    Rests {
        reader: String,
        why: String,
    },
    /// It is being found out whether somebody will log on with the card.
    LogonAsked {
        reader: String,
    },
    /// Whether somebody will; what is worst comes first.
    Logon {
        reader: String,
        verdict: &'static str,
        findings: Vec<Finding>,
    },
    LogonFailed {
        reader: String,
        trouble: Trouble,
    },
    /// The card was taken out.
    Empty {
        reader: String,
    },
    /// The holder opens the card with a one-time password, by this request.
    Opening {
        person: String,
        request: Uuid,
    },
    OpeningFailed {
        person: String,
        trouble: Trouble,
    },
    /// The letter with the person's PIN is printed, or written into its directory.
    Letter {
        person: String,
    },
    /// It could not be printed; the PIN is kept for another try until the program ends.
    LetterFailed {
        person: String,
        trouble: Trouble,
    },
    /// Nobody knows the PIN of the card.
    PinLost {
        person: String,
        serial: String,
    },
    /// No new card is begun, or that is over.
    Paused {
        paused: bool,
    },
    /// The file of the run cannot be written: no new card is begun.
    NotWritten {
        trouble: Trouble,
    },
    /// What could not be written is written; the desk stays paused until somebody has it go on.
    Written,
    /// The run has ended.
    Over {
        done: usize,
        refused: usize,
        waiting: usize,
        rows: usize,
    },
}

/// Shows how it stands at every reader.
#[derive(Clone, Debug, Default, Serialize)]
pub struct View {
    pub run: Uuid,
    pub rows: usize,
    pub done: usize,
    /// Rows that cannot go on, or were set aside.
    pub refused: usize,
    /// Rows that wait for approval.
    pub pending: usize,
    /// Letters that are not printed.
    pub letters: usize,
    pub paused: bool,
    pub readers: Vec<ReaderView>,
}

/// Shows how it stands at one reader.
#[derive(Clone, Debug, Serialize)]
pub struct ReaderView {
    pub reader: String,
    /// Tells this card in the reader from the one before; whoever commands something for it says it again.
    pub turn: u64,
    pub at: At,
    pub person: Option<String>,
    pub serial: Option<String>,
    /// What is done, or what is the matter.
    pub text: String,
    /// How long the card has been worked on.
    pub seconds: u64,
    /// How long it will take from now on, by what was learnt; `None`: nothing was learnt of this model.
    pub seconds_left: Option<u64>,
    /// The PIN that the holder is to type.
    pub asks: Option<Asks>,
    /// Whether somebody will log on with the card, as far as that was asked.
    #[serde(skip)]
    pub logon: Option<Logon>,
    /// No card is begun here.
    pub paused: bool,
}

/// Says whether somebody will log on with a card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Logon {
    /// It is being found out.
    Asked,
    /// The worst of what was found, and all of it, the worst first.
    Told { worst: Verdict, findings: Vec<Finding> },
}

/// Describes a PIN that is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Asks {
    /// It is a new one; else the one that the card has.
    pub chooses: bool,
    /// What form a new one has, in words.
    pub form: Option<String>,
    /// Why the last one was not taken.
    pub refused: Option<String>,
}

/// Says what a reader is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum At {
    Empty,
    /// Who the card is, is being found out.
    Reading,
    /// The card is blank, and nothing is to be done with it now.
    Idle,
    /// The card is to be taken out.
    Refused,
    Working,
    /// Its holder is to type a PIN.
    AsksPin,
    /// The server is away, or the card's last work has not ended; it is tried again.
    Waits,
    Failed,
    /// The card can be taken out.
    Done,
}

/// Says in words what form a PIN has.
pub fn in_words(form: Option<SecretForm>) -> Option<String> {
    form.map(|form| form.to_string())
}
