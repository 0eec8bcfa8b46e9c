//! `cardwright server outbox` and `cardwright server mail`: what people and programs are to be told, and whether it will do.

use crate::cli::args::{MailCommand, OutboxCommand};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, date};
use crate::server::{self, ListedNotice, OutboxError, Redress};
use crate::store::NoticeState;
use serde_json::{Value, json};
use std::path::Path;
use uuid::Uuid;

/// Carries a command of `cardwright server outbox` out.
pub fn outbox(command: OutboxCommand, output: &Output) -> Result<(), Failure> {
    match command {
        OutboxCommand::List { directory, state } => list(&directory, state.as_deref(), output),
        OutboxCommand::Retry { directory, notices } => redress(&directory, &notices, Redress::Retry, output),
        OutboxCommand::Discard { directory, notices } => redress(&directory, &notices, Redress::Discard, output),
    }
}

/// Carries a command of `cardwright server mail` out.
pub fn mail(command: MailCommand, output: &Output) -> Result<(), Failure> {
    match command {
        MailCommand::Check { directory } => check(&directory, output),
        MailCommand::Test { directory, address } => {
            server::mail_test(&directory, &address).map_err(failed)?;
            output.result(&json!({ "sent": address }), || {
                format!("the mail server has taken a mail to {address}: look whether it arrives")
            })
        }
    }
}

fn list(directory: &Path, state: Option<&str>, output: &Output) -> Result<(), Failure> {
    let state = NoticeState::ALL.into_iter().find(|known| Some(known.name()) == state);
    let listed = server::outbox_list(directory, state).map_err(failed)?;
    let documents: Vec<Value> = listed.iter().map(document).collect();
    output.result(&json!({ "notices": documents }), || {
        let rows = listed.iter().map(|ListedNotice { notice, to }| {
            let doubt = if notice.doubtful && notice.state == NoticeState::Waiting { ", perhaps sent" } else { "" };
            let state = format!("{}{doubt}", notice.state.name());
            [
                notice.uuid.to_string(),
                date(notice.created),
                notice.kind.clone(),
                notice.way.clone(),
                to.clone(),
                state,
                notice.reason.clone(),
            ]
        });
        Output::table(["notice", "made", "kind", "way", "to", "state", "why"], rows)
    })
}

fn document(ListedNotice { notice, to }: &ListedNotice) -> Value {
    json!({
        "uuid": notice.uuid,
        "kind": notice.kind,
        "way": notice.way,
        "to": to,
        "request": notice.request,
        "state": notice.state.name(),
        "created": date(notice.created),
        "due": (notice.state == NoticeState::Waiting).then(|| date(notice.due)),
        "attempts": notice.attempts,
        "doubtful": notice.doubtful,
        "reason": notice.reason,
        "settled": notice.settled.map(date),
    })
}

fn redress(directory: &Path, notices: &[Uuid], redress: Redress, output: &Output) -> Result<(), Failure> {
    for notice in notices {
        server::outbox_redress(directory, *notice, redress).map_err(failed)?;
    }
    let what = match redress {
        Redress::Retry => "sent again by the server that runs",
        Redress::Discard => "not sent any more",
    };
    output.result(&json!({ "notices": notices }), || {
        notices.iter().map(|notice| format!("{notice} is {what}")).collect::<Text>()
    })
}

fn check(directory: &Path, output: &Output) -> Result<(), Failure> {
    let faults = server::mail_check(directory).map_err(failed)?;
    let documents: Vec<Value> =
        faults.iter().map(|fault| json!({ "file": fault.path, "problem": fault.problem.to_string() })).collect();
    output.result(&json!({ "wrong": documents }), || {
        if faults.is_empty() {
            return Text::block("texts, mail server and webhooks of the settings can be used");
        }
        faults.iter().map(ToString::to_string).collect::<Text>()
    })?;
    if faults.is_empty() { Ok(()) } else { Err(Failure::told("notice-text", Exit::Usage)) }
}

fn failed(error: OutboxError) -> Failure {
    let (code, exit, remedy) = match &error {
        OutboxError::Settings(_) => ("server-settings", Exit::Usage, None),
        OutboxError::NoDirectory(_) => ("no-data-directory", Exit::Usage, None),
        OutboxError::NotThere(_) | OutboxError::Settled(_) => {
            ("outbox-notice", Exit::Usage, Some("See what there is: cardwright server outbox list."))
        }
        OutboxError::NoSmtp | OutboxError::Mail(_) => {
            ("server-mail", Exit::Usage, Some("Mend the [smtp] table of server.toml."))
        }
        OutboxError::Webhook(_) => ("server-webhook", Exit::Usage, Some("Mend [notices.webhook] of server.toml.")),
        OutboxError::Letter(_) => ("mail-address", Exit::Usage, Some("Name an address such as alice@example.com.")),
        OutboxError::NotTaken(_) => (
            "mail-not-taken",
            Exit::Other,
            Some("Look at the mail server's log, and at the [smtp] table of server.toml."),
        ),
        OutboxError::Database(_) | OutboxError::Store(_) | OutboxError::Runtime(_) => {
            ("server-outbox", Exit::Other, None)
        }
    };
    let failure = Failure::from_error(code, exit, &error);
    match remedy {
        Some(remedy) => failure.remedy(remedy),
        None => failure,
    }
}
