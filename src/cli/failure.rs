//! What a command reports when it fails: a stable code, an exit code, what happened, and what to do next.
//!
//! In: the errors of the rooms below that clients use. What the farm and the server refuse is translated in `vcard`
//! and `server`.

use crate::enrollment::{self, Cause, Stage};
use crate::secret::Pin;
use crate::{client, desk, pkcs11, pkix, reader, token};
use serde::Serialize;
use std::error::Error as StdError;

/// Lists the exit codes that [`super::args::EXIT_CODES`] explains.
pub use crate::enrollment::ExitClass as Exit;

/// Describes why a command failed, for people (as lines) and for scripts (as JSON).
#[derive(Serialize)]
pub struct Failure {
    /// A word for the kind of failure, which never changes; for scripts.
    code: String,
    /// The UUID of the request that is kept at the server, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    /// What the process ends with.
    #[serde(skip)]
    exit: u8,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    remedy: Option<String>,
    /// The command by which the request that is kept goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// The messages of the errors underneath, outermost first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    causes: Vec<String>,
    /// Whether the command's result has said everything already, so that nothing more is printed.
    #[serde(skip)]
    told: bool,
    /// A PIN that was set before the failure, and that nobody was told yet.
    #[serde(skip)]
    pin: Option<Pin>,
}

/// Says that something happened, and not yet what to do about it, which every refusal must.
#[must_use]
pub struct Happened(Failure);

impl Happened {
    /// Names the request that is kept at the server.
    pub fn about(self, request: uuid::Uuid) -> Self {
        Self(self.0.about(request))
    }

    /// Says what to do about it.
    pub fn remedy(self, remedy: impl Into<String>) -> Failure {
        self.0.remedy(remedy)
    }
}

/// The exit code of a process that writes where nobody reads any more, as shells write it: 128 and SIGPIPE.
const NOBODY_READS: u8 = 128 + 13;

impl Failure {
    /// Begins a failure with what happened.
    #[expect(clippy::new_ret_no_self, reason = "a failure begins without its remedy, and none ends so")]
    pub fn new(code: &str, exit: Exit, message: impl Into<String>) -> Happened {
        Happened(Self::bare(code, exit, message))
    }

    /// Makes a failure without causes, remedy or request.
    fn bare(code: &str, exit: Exit, message: impl Into<String>) -> Self {
        let (code, message) = (code.into(), message.into());
        let exit = exit as u8;
        Self {
            code,
            request: None,
            exit,
            message,
            remedy: None,
            next: None,
            causes: Vec::new(),
            told: false,
            pin: None,
        }
    }

    /// Makes a failure that prints nothing, for a command whose result says what is wrong.
    pub fn told(code: &str, exit: Exit) -> Self {
        Self { told: true, ..Self::bare(code, exit, "") }
    }

    /// Makes a failure that prints nothing and ends the process with `status`, as a command did that was run.
    #[cfg(feature = "farm")]
    pub fn passed_on(status: u8) -> Self {
        Self { exit: status, ..Self::told("command-failed", Exit::Other) }
    }

    /// Makes the failure of a result that could not be written on standard output. Prints nothing where nobody reads it
    /// any more.
    pub fn unwritten(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { exit: NOBODY_READS, ..Self::told("output-unread", Exit::Other) };
        }
        let mut failure =
            Self::bare("output-failed", Exit::Other, "the result could not be written on standard output");
        failure.causes.push(error.to_string());
        failure.remedy("What the command did stays done. Make room, or write elsewhere, and look at what there is now.")
    }

    /// Makes the failure of a secret that could not be written on standard output and is kept nowhere; `remedy` says
    /// how to get another.
    pub fn lost(error: &std::io::Error, remedy: String) -> Self {
        let mut failure =
            Self::bare("secret-not-shown", Exit::Other, "the secret could not be written on standard output");
        failure.causes.push(error.to_string());
        failure.remedy(remedy)
    }

    /// Adds a PIN that was set before the failure, and that the failure must tell because nothing else does.
    pub fn with_pin(self, pin: Option<Pin>) -> Self {
        Self { pin, ..self }
    }

    /// Returns the document for scripts.
    pub fn document(&self) -> serde_json::Value {
        let mut document = serde_json::json!({ "error": self });
        if let Some(pin) = &self.pin {
            document["pin"] = pin.expose().into();
        }
        document
    }

    /// Says whether the command's result has said everything already.
    pub fn is_told(&self) -> bool {
        self.told
    }

    /// Makes a failure of `error` and its chain of sources, leaving out messages that the one above contains.
    pub fn from_error(code: &str, exit: Exit, error: &(dyn StdError + 'static)) -> Self {
        let mut failure = Self::bare(code, exit, error.to_string());
        let mut source = error.source();
        while let Some(cause) = source {
            let text = cause.to_string();
            let told_already = failure.causes.last().unwrap_or(&failure.message).contains(&text);
            if !told_already {
                failure.causes.push(text);
            }
            source = cause.source();
        }
        failure
    }

    /// Adds what is underneath.
    pub fn because(mut self, cause: String) -> Self {
        self.causes.push(cause);
        self
    }

    /// Names the request that is kept at the server.
    pub fn about(mut self, request: uuid::Uuid) -> Self {
        self.request = Some(request.to_string());
        self
    }

    /// Names the command by which the request that is kept goes on.
    pub fn next(self, next: Option<String>) -> Self {
        Self { next, ..self }
    }

    /// Says what to do about it.
    pub fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    /// Returns the request that is kept at the server.
    pub fn request(&self) -> Option<uuid::Uuid> {
        self.request.as_deref().and_then(|request| request.parse().ok())
    }

    pub fn has_code(&self, code: &str) -> bool {
        self.code == code
    }

    /// Returns the exit code of the process.
    pub fn exit(&self) -> u8 {
        self.exit
    }

    /// Returns the lines for people: message, causes, remedy, code.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.message.clone()];
        lines.extend(self.causes.iter().map(|cause| format!("  because: {cause}")));
        lines.extend(self.remedy.iter().map(|remedy| format!("  what to do: {remedy}")));
        lines.extend(self.next.iter().map(|next| format!("  next: {next}")));
        lines.push(format!("  code: {}", self.code));
        lines
    }
}

impl From<enrollment::Error> for Failure {
    fn from(error: enrollment::Error) -> Self {
        let mut failure = Self::from_error(error.code(), error.exit_class(), &error);
        failure.request = error.request.map(|request| request.to_string());
        failure.remedy(format!("{} {}", error.kept(), error.remedy()))
    }
}

/// Makes a failure of an error that came outside a workflow, with the code and remedy that it has inside one. No stage
/// is named.
fn outside_a_workflow(cause: Cause) -> Failure {
    let error = enrollment::Error { stage: Stage::ReadToken, request: None, cause };
    Failure::from_error(error.code(), error.exit_class(), &error.cause).remedy(error.remedy())
}

impl From<client::Error> for Failure {
    fn from(error: client::Error) -> Self {
        outside_a_workflow(error.into())
    }
}

impl From<token::Error> for Failure {
    fn from(error: token::Error) -> Self {
        outside_a_workflow(error.into())
    }
}

impl From<pkix::Error> for Failure {
    fn from(error: pkix::Error) -> Self {
        outside_a_workflow(error.into())
    }
}

impl From<pkcs11::Error> for Failure {
    fn from(error: pkcs11::Error) -> Self {
        use pkcs11::Error::*;
        let (code, exit, remedy) = match error {
            Token(error) => return error.into(),
            Missing { .. } => ("module-missing", Exit::Usage, "Check the path given with --module."),
            NotAModule { .. } => ("module-unusable", Exit::Usage, "Name the vendor's PKCS#11 library."),
            Initialise { wants_parameters: true, .. } => (
                "module-start",
                Exit::TokenFailed,
                "It takes parameters from whoever loads it, as NSS's does: name them in a file of p11-kit's (x-init-reserved), \
                 and give --module p11-kit-proxy.so. docs/operators.md shows how.",
            ),
            Initialise { .. } => ("module-start", Exit::TokenFailed, "Check the module's own configuration."),
            NoToken { .. } => ("no-token", Exit::TokenNotFound, "Plug the token in, or name one that is present."),
            Ambiguous { .. } => ("ambiguous-token", Exit::TokenNotFound, "Name it with --serial or --label."),
            NoBlank => ("no-blank-token", Exit::TokenNotFound, "Plug a blank token in, or name one to --erase."),
            Blank { .. } => ("token-blank", Exit::TokenNotFound, "Initialise it with `cardwright token init`."),
            AlreadyInitialised { .. } => {
                ("token-initialised", Exit::Usage, "Nothing was changed; --erase would erase it.")
            }
            LabelTaken { .. } => ("label-taken", Exit::Usage, "Choose another --label."),
            LabelRules { .. } => ("label-rules", Exit::Usage, "Choose another --label."),
            Vanished { .. } => ("token-failed", Exit::TokenFailed, "Look at the token with `cardwright token list`."),
        };
        Self::from_error(code, exit, &error).remedy(remedy)
    }
}

impl From<desk::Error> for Failure {
    fn from(error: desk::Error) -> Self {
        match (error.advice(), error) {
            (Some((code, exit, remedy)), error) => Self::from_error(code, exit, &error).remedy(remedy),
            (None, desk::Error::Server(error)) => error.into(),
            (None, desk::Error::Reader(error)) => error.into(),
            (None, error) => Self::from_error("journal", Exit::LocalState, &error)
                .remedy("Look at the journal's directory; nothing was changed."),
        }
    }
}

impl From<reader::Error> for Failure {
    fn from(error: reader::Error) -> Self {
        use reader::Error::*;
        let (code, exit, remedy) = match error {
            Token { source, .. } => return source.into(),
            NoService { socket: None } => (
                "pcsc-not-running",
                Exit::TokenFailed,
                "Plug a reader in, which starts the Smart Card service, or name a PKCS#11 module.",
            ),
            ServiceStopped => (
                "pcsc-not-running",
                Exit::TokenFailed,
                "Repeat: the work goes on where it was. Where the service does not come back, start it: pcscd, or on Windows SCardSvr, \
                 which comes with a reader.",
            ),
            NoService { .. } => (
                "pcsc-not-running",
                Exit::TokenFailed,
                "Start the PC/SC service (`systemctl enable --now pcscd.socket`), or name a PKCS#11 module.",
            ),
            SocketClosed { .. } | NotPermitted => (
                "pcsc-not-permitted",
                Exit::TokenFailed,
                "Have an administrator allow this user PC/SC; `cardwright doctor` tells how.",
            ),
            ServiceSilent { .. } => ("pcsc-silent", Exit::TokenFailed, "Restart the PC/SC service, then repeat."),
            NoReader { .. } => ("no-reader", Exit::TokenNotFound, "Plug the reader in, or name one that is there."),
            AmbiguousReader { .. } => {
                ("ambiguous-reader", Exit::TokenNotFound, "Name one of them in whole, or by a part that no other has.")
            }
            NoCard { .. } => ("no-token", Exit::TokenNotFound, "Put the card into the reader."),
            NoToken { .. } => ("no-token", Exit::TokenNotFound, "Put the card in, or name one that is there."),
            Ambiguous { .. } => ("ambiguous-token", Exit::TokenNotFound, "Name the card with --serial or --reader."),
            SameSerial { .. } => (
                "same-serial",
                Exit::TokenNotFound,
                "Take one of them out, or name the reader with --reader; two cards of one serial are no good sign.",
            ),
            UnknownCard { .. } => ("unknown-card", Exit::TokenNotFound, "Use a PIV or GIDS card."),
            Mute { .. } => ("card-mute", Exit::TokenFailed, "Turn the card over, or clean its contacts."),
            Busy { .. } => (
                "reader-busy",
                Exit::TokenFailed,
                "Close the program that holds the card; `cardwright doctor` shows who may. Or name another reader.",
            ),
            OtherCard { .. } => ("other-card", Exit::TokenNotFound, "Put the card back that the work was begun with."),
            NotInserted { .. } => ("no-token", Exit::TokenNotFound, "Put the card in, then repeat."),
            Cancelled => ("cancelled", Exit::Usage, "Repeat when the card is at hand."),
            Unsteady | Call { .. } | Thread(_) | NoPinPad | NoTransaction | ThreadEnded => {
                ("reader-failed", Exit::TokenFailed, "Plug the reader in anew; `cardwright doctor` looks it over.")
            }
        };
        Self::from_error(code, exit, &error).remedy(remedy)
    }
}
