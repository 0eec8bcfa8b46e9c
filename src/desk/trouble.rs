//! What went wrong, as a row or reader is told it: with a code, in a sentence, and with what to do.

use super::error::Error;
use super::run::Trouble;
use crate::client;
use crate::doctor::with_sources;
use crate::enrollment::{self, Stage};
use crate::reader;

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let message = with_sources(&error);
        let beneath = |stage, cause| of_workflow(&enrollment::Error { stage, request: None, cause });
        match error {
            Error::Server(source) => Self { message, ..beneath(Stage::MakeRequest, source.into()) },
            Error::Journal(source) => Self { message, ..beneath(Stage::ReadJournal, source.into()) },
            Error::Reader(source) => of_reader(&source),
            other => {
                let (code, remedy) = other.advice().map_or(("desk-state", ""), |(code, _, remedy)| (code, remedy));
                Self { code: code.to_owned(), message, remedy: remedy.to_owned() }
            }
        }
    }
}

/// Makes the trouble of what the server has refused at this stage.
pub(super) fn of_server(stage: Stage, error: client::Error) -> Trouble {
    of_workflow(&enrollment::Error { stage, request: None, cause: error.into() })
}

/// Makes the trouble of what has ended a workflow: the last error beneath says most.
pub(super) fn of_workflow(error: &enrollment::Error) -> Trouble {
    Trouble { code: error.code().to_owned(), message: with_sources(error), remedy: error.remedy().to_owned() }
}

/// Makes the trouble of a card or reader that cannot be used.
pub(super) fn of_reader(error: &reader::Error) -> Trouble {
    use reader::Error as E;
    let (code, remedy) = match error {
        E::UnknownCard { .. } => ("unknown-card", "Take it out: only PIV and GIDS cards can be enrolled here."),
        E::Mute { .. } => ("card-mute", "Turn the card over, or clean its contacts."),
        E::Busy { .. } => ("reader-busy", "Close the program that holds the card, then retry."),
        E::NoService { .. } | E::ServiceStopped | E::ServiceSilent { .. } | E::SocketClosed { .. } => {
            ("pcsc-not-running", "Start the PC/SC service, then run the same again: it goes on where it was.")
        }
        E::NotPermitted => ("pcsc-not-permitted", "Have an administrator allow this user PC/SC."),
        _ => ("reader-failed", "Put the card in again; if that does not help, plug the reader in anew."),
    };
    Trouble { code: code.to_owned(), message: with_sources(error), remedy: remedy.to_owned() }
}
