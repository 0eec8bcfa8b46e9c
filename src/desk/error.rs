//! Why a run cannot begin or go on.

use super::list::Fault;
use crate::client;
use crate::enrollment::{ExitClass, JournalError};
use crate::platform::directory::Others;
use crate::reader;
use std::path::PathBuf;
use uuid::Uuid;

/// Says why a run cannot begin or go on. What was done is in its file and in the journal.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", told(faults))]
    List { faults: Vec<Fault> },
    #[error("the file {} cannot be {doing}", path.display())]
    State {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("others may write to the directory {} ({others})", path.display())]
    OpenToOthers { path: PathBuf, others: Others },
    #[error("the file {} is of version {version}, which this program does not know", path.display())]
    Version { path: PathBuf, version: u32 },
    #[error("another process has run {run} in hand")]
    Held { run: Uuid },
    #[error("neither this computer nor the server knows a run {run}")]
    RunUnknown { run: Uuid },
    #[error("no enrollment that you may carry out is approved at the server")]
    NothingApproved,
    #[error("no row of this run has a request yet")]
    NothingToSign,
    #[error("the run was begun at another server, {begun_at}")]
    OtherServer { begun_at: String },
    #[error("the template {template:?} has no one-time password for unblocking, so no holder could open a card")]
    NoOpening { template: String },
    #[error("no profile template is called {asked:?}; the server offers: {}", known.join(", "))]
    TemplateUnknown { asked: String, known: Vec<String> },
    #[error("a profile template must be chosen; the server offers: {}", known.join(", "))]
    TemplateNeeded { known: Vec<String> },
    #[error("the letters cannot be made: {what}")]
    Letters { what: String },
    #[error(transparent)]
    Server(#[from] client::Error),
    #[error(transparent)]
    Reader(#[from] reader::Error),
    #[error(transparent)]
    Journal(#[from] JournalError),
}

/// Lists what is wrong with a list, a line each.
fn told(faults: &[Fault]) -> String {
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    format!("the list cannot be taken; nothing has begun\n{}", lines.join("\n"))
}

impl Error {
    /// Returns a stable name for scripts, the class of the exit code, and what to do; `None` where the error beneath says it
    /// itself.
    pub fn advice(&self) -> Option<(&'static str, ExitClass, &'static str)> {
        use ExitClass::{LocalState, Refused, Usage};
        Some(match self {
            Self::List { .. } => ("desk-list", Usage, "Correct these lines, then run the list again."),
            Self::State { .. } => (
                "desk-state",
                LocalState,
                "Make room, or let this user write there; the run goes on where it was when you repeat the command.",
            ),
            Self::OpenToOthers { .. } => ("desk-state", LocalState, "Let nobody but you write there."),
            Self::Version { .. } => ("desk-state", LocalState, "Go on with the version that began the run."),
            Self::Held { .. } => ("desk-held", LocalState, "End the other one first, or wait for it."),
            Self::RunUnknown { .. } => {
                ("desk-run-unknown", Usage, "Check the run's id; `cardwright desk list` names those of this computer.")
            }
            Self::NothingApproved => ("desk-nothing-approved", Refused, "Have requests approved first, or run a list."),
            Self::NothingToSign => {
                ("desk-nothing-to-sign", Refused, "Go on with the run first (`cardwright desk resume`).")
            }
            Self::OtherServer { .. } => ("other-server", LocalState, "Name that server with --server."),
            Self::NoOpening { .. } => (
                "desk-no-opening",
                Refused,
                "Choose --pin letter or --pin now, or have the template's workflow Unblock get a one-time password.",
            ),
            Self::TemplateUnknown { .. } => ("template-unknown", Usage, "Name one of these templates."),
            Self::TemplateNeeded { .. } => ("template-needed", Usage, "Name one of these with --template."),
            Self::Letters { .. } => ("desk-letters", Usage, "Mend that, or choose another --pin; nothing has begun."),
            Self::Server(_) | Self::Reader(_) | Self::Journal(_) => return None,
        })
    }
}
