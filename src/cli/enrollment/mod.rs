//! `cardwright enroll`, `renew`, `unblock`, `retire`: turns options into an order for [`crate::enrollment`], and has it
//! carried out.

mod drive;
mod needs;
mod pfx;
mod report;

use crate::cli::args::{EnrollArgs, PinArgs, RenewArgs, ResumeArgs, RetireArgs, Source, TokenArgs, UnblockArgs};
use crate::cli::connection::{self, person};
use crate::cli::data_item::data_items;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::cli::prompt::{Telephone, confirm};
use crate::cli::review;
use crate::cli::seat::find;
use crate::cli::secrets::{self, NEW_PIN, last_try};
use crate::cli::settings::Settings;
use crate::client::{self, CmClient};
use crate::cm::route::Holder;
use crate::enrollment::{self, EnrollOrder, Enrollment, Order, RenewOrder};
use crate::token::{Identity, SecretKind};
use drive::{Course, on_token, pump};
pub use drive::{journal, unreadable};
use needs::Sources;
use serde_json::json;
use uuid::Uuid;

/// Enrolls a token, for the caller or for `--target`.
pub fn enroll(args: &EnrollArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let client = connection::client(&settings, &args.server)?;
    let course = Course::from(&args.course);
    let target = match &args.target {
        Some(name) => Some(person(&client, name)?),
        None => None,
    };
    let order = Order::Enroll(EnrollOrder {
        request: args.course.request,
        template: args.template.clone(),
        target,
        comment: args.comment.clone(),
        data: data_items(&args.data)?,
        replace: args.replace,
        give_up_old_key: args.give_up_old_key,
        ..EnrollOrder::default()
    });
    let order = carrying_out(&client, order, course)?;
    // A first PIN comes from the source of the PIN, unless it has a source of its own.
    let gives_new_pin = gives_new_pin(args.new_pin_from.as_ref());
    let new_pin = args.new_pin_from.as_ref().or(args.pin.pin_from.as_ref().filter(|_| !gives_new_pin));
    let sources = Sources {
        pin: args.pin.pin_from.as_ref(),
        new_pin,
        gives_new_pin,
        so_pin: args.so_pin_from.as_ref(),
        puk: args.puk_from.as_ref(),
        spend_last_try: args.pin.spend_last_try,
        keys: Some(&args.keys),
    };
    on_token(&settings, &client, &args.token, order, course, &sources, output)
}

/// Says whether a new PIN is there to be read at once. Who wants to be asked for it is asked when its bounds are known.
fn gives_new_pin(source: Option<&Source>) -> bool {
    source != Some(&Source::Prompt) && secrets::is_given(source, NEW_PIN)
}

/// Renews a token's certificates on new keys.
pub fn renew(args: &RenewArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let order = Order::Renew(RenewOrder {
        comment: args.comment.clone(),
        replace: args.replace,
        give_up_old_key: args.give_up_old_key,
        ..RenewOrder::default()
    });
    let sources = Sources {
        pin: args.pin.pin_from.as_ref(),
        so_pin: args.so_pin_from.as_ref(),
        spend_last_try: args.pin.spend_last_try,
        keys: Some(&args.keys),
        ..Sources::default()
    };
    let (client, course) = (connection::client(&settings, &args.server)?, Course::from(&args.course));
    let order = carrying_out(&client, order, course)?;
    on_token(&settings, &client, &args.token, order, course, &sources, output)
}

/// Renews the certificates of a card that was put in.
pub fn renew_at_hand(
    settings: &Settings,
    client: &CmClient,
    (which, pin): (&TokenArgs, &PinArgs),
    output: &Output,
) -> Result<(), Failure> {
    let sources = Sources { pin: pin.pin_from.as_ref(), spend_last_try: pin.spend_last_try, ..Sources::default() };
    let order = Order::Renew(RenewOrder::default());
    on_token(settings, client, which, order, Course::default(), &sources, output)
}

/// Turns the order into the one that carries out the request that is named, if one is.
fn carrying_out(client: &CmClient, order: Order, course: Course) -> Result<Order, Failure> {
    let Some(request) = course.request else { return Ok(order) };
    let read = client.request(request)?;
    // What takes another command is refused where the request is read again, with the command that it takes.
    Ok(order.carrying_out(&read).unwrap_or(order))
}

/// Sets a new PIN through the server or, with `--offline`, through the help desk on the telephone.
pub fn unblock(args: &UnblockArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    if args.offline {
        return unblock_offline(&settings, args, output);
    }
    let order = Order::Unblock { comment: args.comment.clone(), last_try: last_try(args.spend_last_try) };
    let sources = Sources {
        new_pin: args.new_pin_from.as_ref(),
        gives_new_pin: gives_new_pin(args.new_pin_from.as_ref()),
        puk: args.puk_from.as_ref(),
        spend_last_try: args.spend_last_try,
        ..Sources::default()
    };
    let client = connection::client(&settings, &args.server)?;
    on_token(&settings, &client, &args.token, order, Course::from(&args.course), &sources, output)
}

/// Sets a new PIN with the code that the help desk reads back; calls no server.
fn unblock_offline(settings: &Settings, args: &UnblockArgs, output: &Output) -> Result<(), Failure> {
    let mut token = find(settings, &args.token)?;
    if let Some(form) = token.form(SecretKind::Pin) {
        output.tell(&format!("a new PIN of {form}"));
    }
    let new_pin = secrets::new_pin(args.new_pin_from.as_ref(), NEW_PIN)?;
    enrollment::unblock_offline(token.as_mut(), &mut Telephone, &new_pin, last_try(args.spend_last_try))?;
    output.result(&json!({ "serial": token.identity().serial }), || "the new PIN is set")
}

/// Retires a token or, with `--lost`, a card that is not at hand; asks for confirmation first, unless `--yes`.
pub fn retire(args: &RetireArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let client = connection::client(&settings, &args.server)?;
    let course = Course::from(&args.course);
    if let Some(smartcard) = args.lost {
        confirm(args.yes, &format!("Retire the lost card {smartcard} and revoke its certificates?"))?;
        let card = client.smartcard(smartcard)?;
        let journal = journal()?;
        // A MIM CM has no key for the reason.
        let reason = match client.request_types(Holder::Smartcard(smartcard)) {
            Err(client::Error::ExtensionAbsent { .. }) => String::new(),
            told => told.map(|_| args.reason.clone())?,
        };
        let work = Enrollment::begin_lost(&client, &journal, card.serial_number, args.comment.clone(), reason)?;
        return pump(course.taken_by(work), None, course.patience, (&Sources::default(), &client), output);
    }
    let order = Order::Retire { comment: args.comment.clone() };
    let sources = Sources {
        pin: args.pin.pin_from.as_ref(),
        so_pin: args.so_pin_from.as_ref(),
        spend_last_try: args.pin.spend_last_try,
        ..Sources::default()
    };
    if !args.yes {
        let token = find(&settings, &args.token)?;
        let Identity { label, serial, .. } = token.identity();
        confirm(false, &format!("Retire token {label:?} (serial {serial}) and revoke its certificates?"))?;
    }
    on_token(&settings, &client, &args.token, order, course, &sources, output)
}

/// Goes on with work on a token that was begun, by the order that it was begun with.
pub fn go_on(
    settings: &Settings,
    client: &CmClient,
    (args, which): (&ResumeArgs, &TokenArgs),
    (order, request): (Order, Option<Uuid>),
    output: &Output,
) -> Result<(), Failure> {
    let gives_new_pin = gives_new_pin(args.new_pin_from.as_ref());
    let sources = Sources {
        pin: args.pin.pin_from.as_ref(),
        new_pin: args.new_pin_from.as_ref().or(args.pin.pin_from.as_ref().filter(|_| !gives_new_pin)),
        gives_new_pin,
        so_pin: args.so_pin_from.as_ref(),
        puk: args.puk_from.as_ref(),
        spend_last_try: args.pin.spend_last_try,
        keys: Some(&args.keys),
    };
    let course = Course { request, another: false, patience: review::patience(args.wait) };
    on_token(settings, client, which, order, course, &sources, output)
}

/// Goes on with the retirement of a card that is missing; no token is needed.
pub fn go_on_without_card(
    client: &CmClient,
    args: &ResumeArgs,
    card_id: Uuid,
    request: Uuid,
    output: &Output,
) -> Result<(), Failure> {
    let journal = journal()?;
    let course = Course { request: Some(request), another: false, patience: review::patience(args.wait) };
    let work = Enrollment::begin_lost(client, &journal, card_id, String::new(), String::new())?;
    pump(course.taken_by(work), None, course.patience, (&Sources::default(), client), output)
}
