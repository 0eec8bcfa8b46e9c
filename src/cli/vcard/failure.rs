//! Translates the errors of [`crate::farm`] into failures.

use crate::cli::failure::{Exit, Failure};
use crate::farm::pcscd::PcscdError;
use crate::farm::{SealError, SeatError, ShelfError, TpmError};

impl From<ShelfError> for Failure {
    fn from(error: ShelfError) -> Self {
        use ShelfError::*;
        let (code, exit, remedy) = match &error {
            Name { .. } => ("card-name", Exit::Usage, "Choose another name."),
            Exists { .. } => ("card-exists", Exit::Usage, "Choose another name, or remove that card."),
            Missing { .. } => ("card-missing", Exit::TokenNotFound, "Look at `cardwright vcard list`."),
            InUse { .. } => ("card-in-use", Exit::LocalState, "Stop the `cardwright vcard run` that has it."),
            Exposed { .. } => ("card-directory", Exit::LocalState, "Take the others' rights away with chmod 700."),
            Sealed { source: SealError::Passphrase, .. } => {
                ("passphrase-wrong", Exit::Secret, "Try again: a wrong passphrase costs nothing.")
            }
            Sealed { source: SealError::NoPassphrase, .. } => ("secret-empty", Exit::Usage, "Choose a passphrase."),
            Sealed { .. } | State { .. } | Size { .. } => {
                ("card-damaged", Exit::LocalState, "Take the file from a backup, or remove the card.")
            }
            Tpm { source: TpmError::NoProgram { .. } | TpmError::NoModule { .. }, .. } => (
                "tpm-missing",
                Exit::Other,
                "On Debian: apt install swtpm libtpm2-pkcs11-1 libtss2-tcti-swtpm0 tpm2-tools util-linux",
            ),
            Tpm { .. } => {
                ("tpm-failed", Exit::Other, "Look at what swtpm said; a card whose state is lost is removed.")
            }
            New(_) | File { .. } => ("card-failed", Exit::LocalState, "Look at the directory's owner and free space."),
        };
        Self::from_error(code, exit, &error).remedy(remedy)
    }
}

impl From<PcscdError> for Failure {
    fn from(error: PcscdError) -> Self {
        let (code, exit, remedy) = match &error {
            PcscdError::NoProgram { .. } | PcscdError::NoDriver { .. } => {
                ("pcscd-missing", Exit::Other, "On Debian: apt install pcscd vsmartcard-vpcd util-linux")
            }
            PcscdError::Name { .. } | PcscdError::NameTwice { .. } | PcscdError::Entries { .. } => {
                ("reader-name", Exit::Usage, "Choose another --reader, or run fewer cards at once.")
            }
            PcscdError::SocketPath { .. }
            | PcscdError::Random
            | PcscdError::Directory { .. }
            | PcscdError::Ports
            | PcscdError::Unshare(_)
            | PcscdError::Ended { .. }
            | PcscdError::NotReady { .. }
            | PcscdError::Reader { .. } => {
                ("pcscd-failed", Exit::Other, "Lend to the system's pcscd instead: leave --private-pcscd out.")
            }
        };
        Self::from_error(code, exit, &error).remedy(remedy)
    }
}

impl From<SeatError> for Failure {
    fn from(error: SeatError) -> Self {
        let (code, remedy) = match &error {
            SeatError::Occupied { .. } => ("reader-occupied", "Take the other card out, or give another --port."),
            SeatError::NoReader { .. } => (
                "no-virtual-reader",
                "Install vsmartcard-vpcd and start pcscd (as root), or start one of your own with --private-pcscd.",
            ),
        };
        Self::from_error(code, Exit::TokenNotFound, &error).remedy(remedy)
    }
}
