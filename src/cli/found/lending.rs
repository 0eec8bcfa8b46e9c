//! `cardwright card replace`, `lend` and `return`: asks for the card that is meant, and goes on with it where it is at hand.

use super::which;
use crate::cli::args::{
    AtHandArgs, CardLendArgs, CardReplaceArgs, CardReturnArgs, CourseArgs, EnrollArgs, KeyArgs, RetireArgs, ServerArgs,
};
use crate::cli::connection::{client, template};
use crate::cli::enrollment;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text};
use crate::cli::prompt::{confirm, offer};
use crate::cli::seat;
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::cm::found::FoundCard;
use crate::cm::problem::ProblemCode;
use crate::cm::request::{CreateRequest, CreateTerms, Request, RequestStatus, RequestType};
use crate::cm::smartcard::SmartcardStatus;
use crate::cm::vocabulary::HOLDER_FLAG_TEMPORARY;
use crate::enrollment::{card_id, earlier_card_id};
use serde_json::json;
use uuid::Uuid;

/// Asks for a card in place of another, and goes on with it where it is at hand.
pub fn replace(settings: &Settings, args: &CardReplaceArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    let replaceable =
        |status| matches!(status, SmartcardStatus::Active | SmartcardStatus::Suspended | SmartcardStatus::Disabled);
    let card = which::card_that(&client, &args.what, |card| Ok(replaceable(card.status)))?;
    let order = CreateRequest::of_card(RequestType::Recover, Some(card), &args.comment, terms(&args.reason, ""));
    let request = asked(&client, &order)?;
    went_on(&args.server, &args.at_hand, &request, output)
}

/// Asks for a card in place of one that was just reported, and says what comes next.
pub fn replaced(client: &CmClient, card: Uuid, reason: &str, comment: &str, output: &Output) -> Result<(), Failure> {
    let request = asked(client, &CreateRequest::of_card(RequestType::Recover, Some(card), comment, terms(reason, "")))?;
    told(&request, output)
}

/// Asks for a temporary card, beside the one that a person has or beside none.
pub fn lend(settings: &Settings, args: &CardLendArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    let terms = terms("", if args.suspend { "suspend" } else { "" });
    let order = match &args.template {
        Some(named) => CreateRequest {
            profile_template: Some(template(&client, named)?),
            target: Some(which::person(&client, &args.what)?.uuid),
            ..CreateRequest::of_card(RequestType::TemporaryCards, None, &args.comment, terms)
        },
        None => {
            let lends = |card: &FoundCard| {
                let fits = matches!(card.status, SmartcardStatus::Active | SmartcardStatus::Suspended);
                Ok(fits && !is_lent(&client, card.uuid)?)
            };
            let card = which::card_that(&client, &args.what, lends)?;
            CreateRequest::of_card(RequestType::TemporaryCards, Some(card), &args.comment, terms)
        }
    };
    let request = asked(&client, &order)?;
    went_on(&args.server, &args.at_hand, &request, output)
}

/// Takes a lent card back; with `--at-hand` its keys come off it first.
pub fn take_back(settings: &Settings, args: &CardReturnArgs, output: &Output) -> Result<(), Failure> {
    let client = client(settings, &args.server)?;
    let uuid = which::card_that(&client, &args.what, |card| is_lent(&client, card.uuid))?;
    confirm(args.yes, &format!("Take the lent card {uuid} ({}) back and revoke its certificates?", args.what))?;
    let card = client.smartcard(uuid)?;
    let mut erased = false;
    if args.at_hand && card.status != SmartcardStatus::Retired {
        let token = seat::find(settings, &args.token)?;
        let found = token.identity();
        if card_id(found) != card.serial_number && earlier_card_id(found) != Some(card.serial_number) {
            let cause = crate::enrollment::Cause::OtherCard { found: card_id(found) };
            return Err(
                crate::enrollment::Error { stage: crate::enrollment::Stage::ReadToken, request: None, cause }.into()
            );
        }
        drop(token);
        enrollment::retire(
            &RetireArgs {
                token: args.token.clone(),
                server: args.server.clone(),
                pin: args.pin.clone(),
                so_pin_from: None,
                lost: None,
                reason: String::new(),
                comment: "the lent card was handed back".into(),
                yes: true,
                course: CourseArgs::default(),
            },
            &output.within(),
        )?;
        erased = true;
    }
    let done = client.take_back(uuid)?;
    let document = json!({
        "card": uuid,
        "state": done.status.to_string(),
        "revoked": done.revoked,
        "keys_removed": erased,
        "permanent": done.permanent,
        "permanent_state": done.permanent_status.map(|status| status.to_string()),
        "lifted": done.lifted,
    });
    output.result(&document, || {
        let mut text = Text::from(format!("the lent card is {}", done.status));
        if !erased {
            text.line("  its keys are still on it, and count for nothing: put it back to its factory's state before it is lent again");
        }
        match (done.permanent, done.permanent_status) {
            (Some(card), _) if done.lifted => text.line(format!("  the suspension of card {card} is lifted")),
            (Some(card), Some(status @ SmartcardStatus::Suspended)) => text.line(format!(
                "  card {card} stays {status}: it was not for this loan alone, or is not yours to lift. See: cardwright card \
                 history {card}"
            )),
            (Some(card), Some(status)) => text.line(format!("  card {card} is {status}, as before")),
            (Some(_), None) | (None, _) => {}
        }
        text
    })
}

/// Says whether a card is on loan.
fn is_lent(client: &CmClient, card: Uuid) -> Result<bool, Failure> {
    Ok(client.smartcard(card)?.flags & HOLDER_FLAG_TEMPORARY != 0)
}

/// Returns the terms of a request.
fn terms(reason: &str, effect: &str) -> CreateTerms {
    CreateTerms { loss_reason: reason.to_owned(), effect: effect.to_owned(), ..CreateTerms::default() }
}

/// Makes the request, or takes up the one that is open for the same.
fn asked(client: &CmClient, order: &CreateRequest) -> Result<Request, Failure> {
    let request = match client.create_request(order) {
        Err(refused) if refused.refusal_code() == Some(ProblemCode::RequestOpen.name()) => {
            let open = match order.smartcard {
                Some(card) => which::open_requests(client, card)?,
                None => Vec::new(),
            };
            open.into_iter().find(|open| open.request_type == order.request_type).map(|it| it.uuid).ok_or(refused)?
        }
        made => made?,
    };
    Ok(client.request(request)?)
}

/// Returns the command that comes next.
fn next(request: &Request) -> String {
    match request.status {
        RequestStatus::Pending => format!("cardwright request approve {}", request.uuid),
        _ => format!("cardwright enroll --request {}", request.uuid),
    }
}

/// Says what was asked, and the command that comes next.
fn told(request: &Request, output: &Output) -> Result<(), Failure> {
    let document = json!({
        "request": request.uuid,
        "type": format!("{:?}", request.request_type),
        "status": format!("{:?}", request.status),
        "next": next(request),
    });
    output.result(&document, || {
        let mut text = Text::from(format!("request {} ({}) is {}", request.uuid, request.request_type, request.status));
        let waits =
            if request.status == RequestStatus::Pending { "an approver" } else { "with the new card in a reader" };
        text.line(format!("  next, {waits}: {}", next(request)));
        text
    })
}

/// Goes on with the card in the reader where that was said, or where a person at a terminal says so; else says what comes
/// next.
fn went_on(server: &ServerArgs, at_hand: &AtHandArgs, request: &Request, output: &Output) -> Result<(), Failure> {
    let waits = request.status == RequestStatus::Pending;
    if waits || !(at_hand.at_hand || output.has_a_person() && offer("Enroll the card in the reader now?", false)) {
        return told(request, output);
    }
    enrollment::enroll(
        &EnrollArgs {
            token: at_hand.token.clone(),
            server: server.clone(),
            pin: at_hand.pin.clone(),
            keys: KeyArgs { pfx_to: None, pfx_password_from: None },
            template: None,
            target: None,
            course: CourseArgs { request: Some(request.uuid), ..CourseArgs::default() },
            comment: String::new(),
            data: Vec::new(),
            so_pin_from: None,
            puk_from: None,
            new_pin_from: at_hand.new_pin_from.clone(),
            replace: false,
            give_up_old_key: false,
        },
        output,
    )
}
