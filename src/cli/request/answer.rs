//! `cardwright request answer`: what the help desk does when a user unblocks a card over the telephone.

use crate::cli::args::RequestAnswerArgs;
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::prompt;
use crate::cli::settings::Settings;
use crate::cm::offline::{CodeError, NO_CHECK_DIGITS, OfflineChallenge, read_heard};
use serde::Serialize;
use uuid::Uuid;

/// Holds the answer that is read back to the user. It may be a PUK.
#[derive(Serialize)]
struct Answer<'a> {
    request: Uuid,
    answer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    warning: Option<&'static str>,
}

/// Has the server answer the code that a user reads out, and prints what to read back.
pub fn run(settings: &Settings, args: &RequestAnswerArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    let challenge = match &args.code {
        Some(code) => code.clone(),
        None => prompt::spoken_code()?,
    };
    // A mistyped code is refused here, before the request is spent on the code of another card.
    let heard = read_heard(&challenge).map_err(slipped)?;
    let warning = Some(NO_CHECK_DIGITS).filter(|_| !heard.checked);
    if let Some(warning) = warning {
        output.tell(warning);
    }
    let answer = client.offline_unblock(args.request, &OfflineChallenge { challenge })?;
    let told = Answer { request: args.request, answer: &answer.response, warning };
    output.once(
        &told,
        || format!("read back: {}", told.answer),
        || "Repeat the command: for the same code the server gives the same answer.".into(),
    )?;
    output.tell("once the user has a new PIN, say so: cardwright request complete");
    Ok(())
}

/// Makes the failure of a mistyped code; nothing was sent.
fn slipped(error: CodeError) -> Failure {
    let code = if matches!(error, CodeError::Length { .. }) { "challenge-length" } else { "code-mistyped" };
    Failure::from_error(code, Exit::Usage, &error)
        .remedy("Have the code read out once more, digit by digit; nothing was sent, and the request is kept.")
}
