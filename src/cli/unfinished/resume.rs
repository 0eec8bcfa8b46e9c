//! `cardwright resume`: goes on with the one piece of work that is meant, by the journal or, where that is at another
//! workstation, by the server's request.

use super::list::{is_meant, records, survey};
use super::words;
use crate::cli::args::{ResumeArgs, TokenArgs};
use crate::cli::connection;
use crate::cli::enrollment::{go_on, go_on_without_card};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::review::{next_of, open_requests};
use crate::cli::seat::{AtHand, at_hand};
use crate::cli::secrets::last_try;
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::cm::request::{Request, RequestType};
use crate::enrollment::{EnrollOrder, Order, Record, RenewOrder, Workflow};
use uuid::Uuid;

/// Goes on with the work that is meant; refuses where several could be.
pub fn resume(args: &ResumeArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let items = survey()?;
    let records: Vec<&Record> = records(&items).map(|(_, record)| record).collect();
    let Some(what) = &args.what else { return resume_at_hand(&settings, &records, args, output) };
    let meant: Vec<&Record> = records.into_iter().filter(|record| is_meant(record, what)).collect();
    match meant[..] {
        [record] => go_on_with(&settings, record, args, output),
        [] => match what.trim().parse() {
            Ok(request) => elsewhere(&settings, request, args, output),
            Err(_) => Err(super::list::unknown(what)),
        },
        _ => Err(several(meant.iter().map(|record| words::command(record)))),
    }
}

/// Goes on with the work of the card that is at hand.
fn resume_at_hand(settings: &Settings, records: &[&Record], args: &ResumeArgs, output: &Output) -> Result<(), Failure> {
    let there = at_hand(settings, &args.token)?;
    let works: Vec<&Record> =
        records.iter().copied().filter(|record| there.iter().any(|card| card.is(record.card_id))).collect();
    match (&works[..], &there[..]) {
        ([record], _) => go_on_with(settings, record, args, output),
        ([], [card]) => {
            let client = connection::client(settings, &args.server)?;
            let request = open_of(&client, card)?;
            carry_out(settings, &client, &request, (args, &card.args), output)
        }
        ([], []) => Err(Failure::new("no-token", Exit::TokenNotFound, "there is no card in a reader, and no token")
            .remedy("Put the card in, or name the work: `cardwright journal list`.")),
        ([], _) => Err(Failure::new(
            "ambiguous-token",
            Exit::TokenNotFound,
            "there are several cards, and no unfinished work of any is at this workstation",
        )
        .remedy("Name the card with --serial or --reader.")),
        (_, _) => Err(several(works.iter().map(|record| words::command(record)))),
    }
}

/// Goes on with work of this journal, on its card.
fn go_on_with(settings: &Settings, record: &Record, args: &ResumeArgs, output: &Output) -> Result<(), Failure> {
    if record.workflow == Workflow::RetireLost {
        let Some(request) = record.request() else {
            return Err(Failure::new(
                "reason-unknown",
                Exit::Usage,
                "whether the server has the request to retire the missing card is not known, nor the reason that was given",
            )
            .remedy("Repeat `cardwright retire --lost` with the card's id and --reason; nothing is asked for twice."));
        };
        let client = connection::client(settings, &args.server)?;
        return go_on_without_card(&client, args, record.card_id, request, output);
    }
    let there = at_hand(settings, &args.token)?;
    let Some(card) = there.iter().find(|card| card.is(record.card_id)) else {
        let label = &record.token_label;
        let message = format!("card {label:?} ({}) is not at hand", record.card_id);
        return Err(Failure::new("no-token", Exit::TokenNotFound, message)
            .remedy("Put that card in; or, if it is gone for good, retire it (`cardwright retire --lost`)."));
    };
    let client = connection::client(settings, &args.server)?;
    let order = order_of(record, args);
    go_on(settings, &client, (args, &card.args), (order, record.request()), output)
}

/// Returns the order by which the work was begun, as far as the journal tells: comment and data items are in the request.
fn order_of(record: &Record, args: &ResumeArgs) -> Order {
    match record.workflow {
        Workflow::Enroll => {
            let request = record.request();
            let template = record.template.filter(|_| request.is_none()).map(|template| template.to_string());
            Order::Enroll(EnrollOrder { template, target: record.target, ..enrollment_of(request, args) })
        }
        Workflow::Renew => renewal(args),
        Workflow::Unblock => unblock(args),
        Workflow::Retire | Workflow::RetireLost => Order::Retire { comment: String::new() },
    }
}

fn enrollment_of(request: Option<Uuid>, args: &ResumeArgs) -> EnrollOrder {
    let (replace, give_up_old_key) = (args.replace, args.give_up_old_key);
    EnrollOrder { request, replace, give_up_old_key, ..EnrollOrder::default() }
}

fn renewal(args: &ResumeArgs) -> Order {
    let (replace, give_up_old_key) = (args.replace, args.give_up_old_key);
    Order::Renew(RenewOrder { replace, give_up_old_key, ..RenewOrder::default() })
}

fn unblock(args: &ResumeArgs) -> Order {
    Order::Unblock { comment: String::new(), last_try: last_try(args.pin.spend_last_try) }
}

/// Goes on with a request that this journal does not know: it was begun at another workstation.
fn elsewhere(settings: &Settings, request: Uuid, args: &ResumeArgs, output: &Output) -> Result<(), Failure> {
    let client = connection::client(settings, &args.server)?;
    let request = client.request(request)?;
    carry_out(settings, &client, &request, (args, &args.token), output)
}

/// Carries out a request of the server's on a token.
fn carry_out(
    settings: &Settings,
    client: &CmClient,
    request: &Request,
    (args, which): (&ResumeArgs, &TokenArgs),
    output: &Output,
) -> Result<(), Failure> {
    let order = match Workflow::of(request) {
        Some(Workflow::Enroll) => Order::Enroll(enrollment_of(Some(request.uuid), args)),
        Some(Workflow::Renew) => renewal(args),
        Some(Workflow::Unblock) => unblock(args),
        Some(Workflow::Retire | Workflow::RetireLost) => Order::Retire { comment: String::new() },
        None => {
            let message = format!("request {} is not carried out on a card at hand", request.uuid);
            return Err(Failure::new("other-kind-of-request", Exit::Usage, message)
                .about(request.uuid)
                .remedy("See what it is: `cardwright request show`.")
                .next(next_of(request.uuid, request.request_type, request.status)));
        }
    };
    output.tell(&format!("going on with request {}, which was begun elsewhere", request.uuid));
    go_on(settings, client, (args, which), (order, Some(request.uuid)), output)
}

/// Finds the one open request of the server's that is about this card and is carried out on it.
fn open_of(client: &CmClient, card: &AtHand) -> Result<Request, Failure> {
    let nothing = || {
        Failure::new(
            "nothing-unfinished",
            Exit::TokenNotFound,
            "nothing is unfinished on this card, here or at the server",
        )
        .remedy("Begin with the command that you want: enroll, renew, unblock or retire.")
    };
    let Some(known) = client.find_smartcard(card.card_id())? else { return Err(nothing()) };
    let about = |request: &Request| {
        let is_of = request.new_smartcard == Some(known.uuid) || request.old_smartcard == Some(known.uuid);
        is_of && request.request_type != RequestType::OfflineUnblock && Workflow::of(request).is_some()
    };
    let mut open = open_requests(client, about)?;
    match open.len() {
        0 => Err(nothing()),
        1 => open.pop().ok_or_else(nothing),
        _ => Err(several(open.iter().map(|request| format!("cardwright resume {}", request.uuid)))),
    }
}

/// Refuses to choose among several, and names the command of each.
fn several(commands: impl Iterator<Item = String>) -> Failure {
    let choices = commands.collect::<Vec<_>>().join("; ");
    Failure::new("ambiguous", Exit::Usage, "several pieces of unfinished work could be meant")
        .remedy(format!("Name one of these: {choices}. `cardwright journal list` tells what they are."))
}
