//! What is shown at the workstation: one question, or one piece of news.

use crate::cm::offline::{CodeError, CodeKind};
use crate::doctor::logon::Finding;
use crate::token::{SecretForm, Tries};
use zeroize::Zeroizing;

/// Is what the one page shows.
pub enum Scene {
    /// There is no reader, or the readers cannot be reached; `code` says why.
    NoReader {
        code: &'static str,
    },
    /// `cut`: a card was taken out before the work on it was done.
    Insert {
        cut: bool,
    },
    /// Cards are in two readers.
    Several,
    Reading,
    /// Whose the card is, and what can be done now.
    Card,
    /// The old card shows who somebody is, and is to be put in; `again`: another card is in.
    OldCard {
        again: bool,
    },
    /// This person was let in by the old card, and the new one is to be put in; `again`: the old one is in.
    NewCard {
        name: String,
        again: bool,
    },
    /// Who somebody is, by a one-time password.
    Who {
        name_known: bool,
        fault: Option<Fault>,
    },
    /// Who somebody is, by signing in at the server's pages; `state`: what comes back from there with a code.
    Pages {
        address: String,
        state: Zeroizing<String>,
    },
    /// The PIN that the card has.
    OldPin {
        tries: Tries,
        fault: Option<Fault>,
    },
    /// The reader's own keys take it.
    AtPad,
    NewPin {
        form: Option<SecretForm>,
        why: NewPinWhy,
        fault: Option<Fault>,
    },
    /// The help desk is called: a code to read out, and the answer.
    Telephone {
        kind: CodeKind,
        code: Zeroizing<String>,
        fault: Option<Fault>,
    },
    /// Somebody has to approve.
    Waiting {
        approvers: Vec<String>,
    },
    Working {
        doing: Doing,
    },
    Done(Done),
    /// Whether the card will log on.
    Logon(Vec<Finding>),
    Trouble(Trouble),
    /// Somebody has stopped, or was away: the card is to be taken out.
    Take {
        away: bool,
    },
}

/// Says why a new PIN is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewPinWhy {
    /// The person wants another one.
    Wanted,
    /// The card has one that nobody chose, or that everybody knows.
    Temporary,
    /// The work on the card needs it.
    Work,
}

/// Says what is wrong with what was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing was typed.
    Empty,
    WrongPin,
    /// The last try is spent only where somebody has said so.
    LastTry,
    /// Nothing was tried: so many seconds are to be waited first.
    Pause(u64),
    Length {
        shortest: usize,
        longest: usize,
    },
    Digits,
    /// The two differ.
    Unlike,
    /// It is one of those that are guessed first.
    Trivial,
    /// The new PIN is the old one.
    Same,
    /// The card takes this PIN no more than the template does.
    NotTaken,
    /// The answer of the help desk is mistyped.
    Slip(CodeError),
    /// No such person, request or one-time password.
    NotLetIn,
    /// The one-time password is the right one, and its time is over.
    Over,
}

/// Says what is done with the card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doing {
    SetPin,
    LetIn,
    Judge,
    Prepare,
    MakeKey,
    Certify,
    Write,
    Finish,
}

/// Says what was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    PinChanged,
    Unblocked,
    Enrolled,
    Renewed,
}

/// Says why something could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// The stable code; the sentence is that of `trouble-CODE`.
    pub code: String,
    /// Where to look in the server's log, if it has refused.
    pub correlation: Option<String>,
    /// A request is kept at the server.
    pub kept: bool,
}

impl Trouble {
    /// Makes one of a code.
    pub fn of(code: &str) -> Self {
        Self { code: code.to_owned(), correlation: None, kept: false }
    }
}

impl Scene {
    /// Says whether something is done that must not be broken off.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Working { .. } | Self::AtPad)
    }

    /// Says whether nothing is asked, so that a page without script may look again by itself.
    pub fn waits(&self) -> bool {
        matches!(
            self,
            Self::NoReader { .. }
                | Self::Insert { .. }
                | Self::Several
                | Self::Reading
                | Self::AtPad
                | Self::Take { .. }
                | Self::NewCard { .. }
                | Self::OldCard { .. }
        ) || matches!(self, Self::Waiting { .. } | Self::Working { .. } | Self::Done(_))
    }

    /// Says whether nobody is at the workstation, as far as it shows.
    pub fn is_rest(&self) -> bool {
        matches!(self, Self::NoReader { .. } | Self::Insert { .. })
    }
}
