//! `cardwright card lost` and `found`: reports a missing card, and lifts the suspension of one that has turned up.

use super::{lending, which};
use crate::cli::args::{CardFoundArgs, CardLostArgs};
use crate::cli::connection::client;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, counted};
use crate::cli::prompt::{confirm, offer};
use crate::cli::seat;
use crate::cli::settings::Settings;
use crate::client::{self, CmClient};
use crate::cm::acts::{LossEffect, LossOutcome, LossReport};
use crate::cm::problem::ProblemCode;
use crate::cm::request::{CreateRequest, CreateTerms, RequestStatus, RequestType};
use crate::cm::smartcard::{Smartcard, SmartcardStatus};
use crate::enrollment::{Tie, card_id, earlier_card_id, show_presence};
use serde_json::json;
use uuid::Uuid;

/// Reports a card as missing, says what was done, and offers another.
pub fn lost(settings: &Settings, args: &CardLostArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    let card = which::card_that(&client, &args.what, |card| Ok(card.status.lives()))?;
    let question =
        format!("Report card {card} ({}) as {}? Its certificates do not count from now on.", args.what, args.reason);
    confirm(args.yes, &question)?;
    let report = LossReport { reason: args.reason.clone(), comment: args.comment.clone() };
    let done = client.report_lost(card, &report)?;
    let next = match done.effect {
        LossEffect::Revoked | LossEffect::Ended => format!("cardwright card replace {card}"),
        LossEffect::Suspended => format!("cardwright card found {card}"),
        LossEffect::Asked | LossEffect::Other => format!("cardwright card show {card}"),
    };
    let document = json!({
        "card": card,
        "effect": format!("{:?}", done.effect),
        "state": done.status.to_string(),
        "revoked": done.revoked,
        "held": done.held,
        "waiting_request": done.waiting,
        "closed_requests": done.closed,
        "next": next,
    });
    output.result(&document, || told(&done, &next))?;
    if output.has_a_person() && done.effect == LossEffect::Revoked && done.status == SmartcardStatus::Disabled {
        // A terminal that answers nothing asks for nothing: the next command was told.
        if offer("Ask for a card in its place now?", true) {
            return lending::replaced(&client, card, &args.reason, &args.comment, output);
        }
    }
    Ok(())
}

/// Says in sentences what was done about a missing card.
fn told(done: &LossOutcome, next: &str) -> Text {
    let certificates = |number: u32| counted(number.into(), "certificate");
    let mut text = Text::from(match done.effect {
        LossEffect::Revoked => format!("revoked for good: {}; the card is {}", certificates(done.revoked), done.status),
        LossEffect::Suspended if done.held == 0 => "the card was suspended before, and stays so".to_owned(),
        LossEffect::Suspended => format!("suspended: {} on hold", certificates(done.held)),
        LossEffect::Asked => "nothing was done to the card yet: somebody must approve its revocation".to_owned(),
        LossEffect::Ended => format!("the card is {} already; nothing was changed", done.status),
        LossEffect::Other => format!("the card is {}", done.status),
    });
    if let Some(waiting) = done.waiting {
        text.line(format!("  its revocation waits for approval: request {waiting}"));
    }
    for closed in &done.closed {
        text.line(format!("  closed, as it cannot be carried out any more: request {closed}"));
    }
    match done.effect {
        LossEffect::Revoked | LossEffect::Ended => text.line(format!("  another in its place: {next}")),
        LossEffect::Suspended => text.line(format!("  when it turns up: {next}")),
        LossEffect::Asked | LossEffect::Other => {}
    }
    text
}

/// Lifts a card's suspension; one that is in use stays so.
pub fn found(settings: &Settings, args: &CardFoundArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    let uuid = which::card_that(&client, &args.what, |card| Ok(card.status == SmartcardStatus::Suspended))?;
    let card = client.smartcard(uuid)?;
    let lifted = match card.status {
        SmartcardStatus::Active => false,
        SmartcardStatus::Suspended => {
            lift(settings, &client, &card, args, output)?;
            true
        }
        status => return Err(ended(uuid, status)),
    };
    let (canceled, waiting) = not_lost_after_all(&client, uuid)?;
    let status = client.smartcard(uuid)?.status.to_string();
    let document = json!({
        "card": uuid, "state": status, "lifted": lifted, "canceled_requests": canceled, "waiting_requests": waiting,
    });
    output.result(&document, || {
        let mut text = Text::from(match lifted {
            true => "the suspension is lifted: its certificates count again",
            false => "the card is in use; nothing was to be lifted",
        });
        for request in &canceled {
            text.line(format!("  canceled, as the card is there: request {request}"));
        }
        for request in &waiting {
            text.line(format!("  still waits, and would revoke the card: cardwright request cancel {request}"));
        }
        text
    })
}

/// Refuses a card that was ended.
fn ended(card: Uuid, status: SmartcardStatus) -> Failure {
    let message = format!("the card is {status}: what was revoked does not come back, and nothing was changed");
    let remedy = match status {
        SmartcardStatus::Disabled => {
            format!("Ask for another in its place, onto which archived keys come back: cardwright card replace {card}")
        }
        SmartcardStatus::New | SmartcardStatus::Assigned => "Go on with its enrollment: cardwright enroll".to_owned(),
        _ => "Enroll another card: cardwright enroll".to_owned(),
    };
    Failure::new(ProblemCode::CardStatus.name(), Exit::Refused, message).remedy(remedy)
}

fn is(error: &client::Error, code: ProblemCode) -> bool {
    error.refusal_code() == Some(code.name())
}

/// Asks that the suspension be lifted, or takes up an earlier request for that, and carries it out.
fn lift(
    settings: &Settings,
    client: &CmClient,
    card: &Smartcard,
    args: &CardFoundArgs,
    output: &Output,
) -> Result<(), Failure> {
    let terms = CreateTerms { effect: "reinstate".into(), ..CreateTerms::default() };
    let order = CreateRequest::of_card(RequestType::Reinstate, Some(card.uuid), &args.comment, terms);
    let request = match client.create_request(&order) {
        Err(refused) if is(&refused, ProblemCode::RequestOpen) => {
            let open = which::open_requests(client, card.uuid)?.into_iter();
            open.map(|request| (request.uuid, request.request_type))
                .find(|(_, request_type)| *request_type == RequestType::Reinstate)
                .map(|(uuid, _)| uuid)
                .ok_or(refused)?
        }
        made => made?,
    };
    if client.request(request)?.status == RequestStatus::Pending {
        return Err(Failure::new(
            "request-pending",
            Exit::Pending,
            "the suspension is lifted once somebody approves it",
        )
        .about(request)
        .remedy(format!("Have it approved (cardwright request approve {request}), then run this command again.")));
    }
    match client.complete(request) {
        Err(refused) if is(&refused, ProblemCode::PresenceNeeded) => {
            shown(settings, client, Tie { request, smartcard: card.uuid }, card, args, output)?;
            Ok(client.complete(request)?)
        }
        done => Ok(done?),
    }
}

/// Has the card in the reader show the server that it is the one.
fn shown(
    settings: &Settings,
    client: &CmClient,
    tie: Tie,
    card: &Smartcard,
    args: &CardFoundArgs,
    output: &Output,
) -> Result<(), Failure> {
    let absent = |message: &str| {
        Failure::new(ProblemCode::PresenceNeeded.name(), Exit::Refused, message).about(tie.request).remedy(
            "Put the card that was found into a reader and run the command again; or have somebody lift it who may do so for \
             others.",
        )
    };
    let mut token = seat::find(settings, &args.token)
        .map_err(|_| absent("only the card itself shows that it was found, and no token is at hand"))?;
    let identity = token.identity();
    if card_id(identity) != card.serial_number && earlier_card_id(identity) != Some(card.serial_number) {
        return Err(absent("the card in the reader is another one than the card that is suspended"));
    }
    output.tell("the card shows that it is there …");
    match show_presence(client, tie, card.serial_number, token.as_mut())? {
        true => Ok(()),
        false => Err(absent("the card has not shown that it is the one that is suspended")),
    }
}

/// Cancels what would revoke a card that has turned up; returns what was canceled, and what still waits because the caller
/// may not cancel it.
fn not_lost_after_all(client: &CmClient, card: Uuid) -> Result<(Vec<Uuid>, Vec<Uuid>), Failure> {
    let (mut canceled, mut waiting) = (Vec::new(), Vec::new());
    for request in which::open_requests(client, card)? {
        if request.request_type == RequestType::Revoke && request.status == RequestStatus::Pending {
            match client.cancel(request.uuid) {
                Ok(()) => canceled.push(request.uuid),
                Err(_) => waiting.push(request.uuid),
            }
        }
    }
    Ok((canceled, waiting))
}
