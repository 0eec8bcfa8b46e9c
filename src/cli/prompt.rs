//! Asks a person at the terminal: for a secret, a yes or no, or a code that is read out over the telephone.

use super::failure::{Exit, Failure};
use super::shown;
use crate::cm::offline::{CODE_BYTES, CodeKind, read_code, read_heard, write_code};
use crate::enrollment::{HelpDesk, HelpDeskError};
use inquire::validator::{Validation, ValueRequiredValidator};
use std::io::IsTerminal;
use zeroize::Zeroizing;

/// Names a secret where it is asked for, and where else it may come from.
#[derive(Clone, Copy)]
pub struct Ask {
    /// What the prompt and messages call it: "New PIN".
    pub what: &'static str,
    /// The option that names its source: "--new-pin-from".
    pub option: &'static str,
    /// The environment variable that is read when no source is named, and the name of the systemd credential that is
    /// read after it.
    pub env: &'static str,
}

/// Asks for a secret without showing what is typed, twice if it is a `fresh` one that is being chosen.
///
/// Fails with `secret-missing`, naming the other sources, where standard input is no terminal.
pub fn secret(ask: Ask, fresh: bool) -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = format!("{}: needed, and there is no terminal to ask at", ask.what);
        return Err(Failure::new("secret-missing", Exit::Usage, message)
            .remedy(format!("Name its source with {} or set {}.", ask.option, ask.env)));
    }
    let label = format!("{}:", ask.what);
    let mut question = inquire::Password::new(&label)
        .with_display_mode(inquire::PasswordDisplayMode::Hidden)
        .with_validator(ValueRequiredValidator::new("nothing was typed; Ctrl-C leaves"));
    if fresh {
        question = question.with_custom_confirmation_message("The same again:");
    } else {
        question = question.without_confirmation();
    }
    question.prompt().map_err(|source| {
        let message = match source {
            inquire::InquireError::OperationCanceled | inquire::InquireError::OperationInterrupted => {
                format!("{}: stopped at the prompt; no secret was sent", ask.what)
            }
            other => format!("{}: the prompt failed: {other}", ask.what),
        };
        Failure::new("secret-missing", Exit::Usage, message)
            .remedy(format!("Repeat the command, or name the secret's source with {} or {}.", ask.option, ask.env))
    })
}

/// Asks before something that cannot be undone, unless `yes`; fails with `not-confirmed` where the answer is no or
/// there is none.
pub fn confirm(yes: bool, question: &str) -> Result<(), Failure> {
    if yes {
        return Ok(());
    }
    match inquire::Confirm::new(&shown::line(question)).with_default(false).prompt() {
        Ok(true) => Ok(()),
        Ok(false) => {
            let failure = Failure::new("not-confirmed", Exit::Usage, "nothing was changed");
            Err(failure.remedy("Run the command again when you want it."))
        }
        Err(error) => Err(Failure::new("not-confirmed", Exit::Usage, format!("nothing was changed: {error}"))
            .remedy("Confirm at a terminal, or give --yes.")),
    }
}

/// Asks whether to go on; what nobody answers is a no.
pub fn offer(question: &str, default: bool) -> bool {
    inquire::Confirm::new(&shown::line(question)).with_default(default).prompt().unwrap_or(false)
}

/// Asks the help desk to type the code that a user reads out; a mistyped one is refused at the prompt.
pub fn spoken_code() -> Result<String, Failure> {
    if !std::io::stdin().is_terminal() {
        let message = "the code that is read out is needed, and there is no terminal to ask at";
        return Err(Failure::new("code-missing", Exit::Usage, message).remedy("Give it with --code."));
    }
    let check = |typed: &str| match read_heard(typed) {
        Ok(_) => Ok(Validation::Valid),
        Err(slip) => Ok(Validation::Invalid(slip.into())),
    };
    inquire::Text::new("Code that is read out:").with_validator(check).prompt().map_err(|error| {
        Failure::new("code-missing", Exit::Usage, format!("stopped at the prompt; nothing was sent: {error}"))
            .remedy("Run the command again when the code can be read out, or give it with --code.")
    })
}

/// Reaches the help desk by telephone: shows the code to be read out, and takes the answer that is typed in.
pub struct Telephone;

impl HelpDesk for Telephone {
    fn ask(&mut self, kind: CodeKind, code: [u8; CODE_BYTES]) -> Result<Zeroizing<[u8; CODE_BYTES]>, HelpDeskError> {
        let code = write_code(kind, code);
        // A mistyped answer is refused at the prompt, so that the call need not start again with another code.
        let check = move |typed: &str| match read_code(kind.answer(), typed) {
            Ok(_) => Ok(Validation::Valid),
            Err(slip) => Ok(Validation::Invalid(slip.into())),
        };
        let question = format!("Read out: {}\nResponse:", *code);
        let typed = inquire::Text::new(&question).with_validator(check).prompt().map(Zeroizing::new)?;
        Ok(Zeroizing::new(read_code(kind.answer(), &typed)?))
    }
}
