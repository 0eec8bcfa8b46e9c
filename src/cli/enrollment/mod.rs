//! `cardwright enroll`, `renew`, `unblock`, `retire`: pumps the driver, asks what it needs, renders what it says.

mod pfx;

use crate::cli::args::{EnrollArgs, KeyArgs, RenewArgs, RetireArgs, Source, TokenArgs, UnblockArgs};
use crate::cli::connection::{client, user_named};
use crate::cli::data_item::data_items;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Spinner, date};
use crate::cli::prompt::{Telephone, confirm};
use crate::cli::seat::{Seat, find};
use crate::cli::secrets::{self, NEW_PIN, PIN, SO_PIN, last_try};
use crate::cli::settings::{Settings, state_directory};
use crate::client::CmClient;
use crate::enrollment::{
    self, EnrollOrder, Enrollment, Event, Input, Installed, Journal, Need, OldKey, Order, Outcome, RenewOrder, Step,
};
use crate::pkix::Certificate;
use crate::secret::Pin;
use crate::token::{Counters, Identity, Token, Tries};
use serde_json::{Value, json};

/// A face that is asked more often than this has met a driver that goes in circles.
const MOST_STEPS: usize = 16;
/// So often the card may be pulled in one run.
const MOST_PULLED: usize = 5;

/// Where the driver's needs are met from.
#[derive(Default)]
struct Sources<'a> {
    pin: Option<&'a Source>,
    new_pin: Option<&'a Source>,
    so_pin: Option<&'a Source>,
    puk: Option<&'a Source>,
    spend_last_try: bool,
    keys: Option<&'a KeyArgs>,
}

pub fn enroll(args: &EnrollArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let client = client(&settings, &args.server)?;
    let target = match &args.target {
        Some(name) => Some(user_named(&client, name)?.uuid),
        None => None,
    };
    let order = Order::Enroll(EnrollOrder {
        request: args.request,
        template: args.template.clone(),
        target,
        comment: args.comment.clone(),
        data: data_items(&args.data)?,
        replace: args.replace,
        ..EnrollOrder::default()
    });
    // A PIN that is to be set where there was none is asked for as the PIN, unless it has a source of its own.
    let new_pin = args.new_pin_from.as_ref().or(args.pin.pin_from.as_ref());
    let sources = Sources {
        pin: args.pin.pin_from.as_ref(),
        new_pin,
        so_pin: args.so_pin_from.as_ref(),
        puk: args.puk_from.as_ref(),
        spend_last_try: args.pin.spend_last_try,
        keys: Some(&args.keys),
    };
    on_token(&settings, &client, &args.token, order, &sources, output)
}

pub fn renew(args: &RenewArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let order = Order::Renew(RenewOrder { comment: args.comment.clone(), ..RenewOrder::default() });
    let sources = Sources {
        pin: args.pin.pin_from.as_ref(),
        spend_last_try: args.pin.spend_last_try,
        keys: Some(&args.keys),
        ..Sources::default()
    };
    on_token(&settings, &client(&settings, &args.server)?, &args.token, order, &sources, output)
}

pub fn unblock(args: &UnblockArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    if args.offline {
        return unblock_offline(&settings, args, output);
    }
    let order = Order::Unblock { comment: args.comment.clone(), last_try: last_try(args.spend_last_try) };
    let sources = Sources {
        new_pin: args.new_pin_from.as_ref(),
        puk: args.puk_from.as_ref(),
        spend_last_try: args.spend_last_try,
        ..Sources::default()
    };
    on_token(&settings, &client(&settings, &args.server)?, &args.token, order, &sources, output)
}

fn unblock_offline(settings: &Settings, args: &UnblockArgs, output: &Output) -> Result<(), Failure> {
    let mut token = find(settings, &args.token)?;
    let new_pin = secrets::new_pin(args.new_pin_from.as_ref(), NEW_PIN)?;
    enrollment::unblock_offline(token.as_mut(), &mut Telephone, &new_pin, last_try(args.spend_last_try))?;
    output.result(&json!({ "serial": token.identity().serial }), || "the new PIN is set".into());
    Ok(())
}

pub fn retire(args: &RetireArgs, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    let client = client(&settings, &args.server)?;
    if let Some(smartcard) = args.lost {
        confirm(args.yes, &format!("Retire the lost card {smartcard} and revoke its certificates?"))?;
        let card = client.smartcard(smartcard)?;
        let journal = journal()?;
        let work = Enrollment::begin_lost(&client, &journal, card.serial_number, args.comment.clone())?;
        return pump(work, None, &Sources::default(), output);
    }
    let order = Order::Retire { comment: args.comment.clone() };
    let sources =
        Sources { pin: args.pin.pin_from.as_ref(), spend_last_try: args.pin.spend_last_try, ..Sources::default() };
    if !args.yes {
        let token = find(&settings, &args.token)?;
        let Identity { label, serial, .. } = token.identity();
        confirm(false, &format!("Retire token {label:?} (serial {serial}) and revoke its certificates?"))?;
    }
    on_token(&settings, &client, &args.token, order, &sources, output)
}

fn on_token(
    settings: &Settings,
    client: &CmClient,
    which: &TokenArgs,
    order: Order,
    sources: &Sources<'_>,
    output: &Output,
) -> Result<(), Failure> {
    let mut seat = Seat::find(settings, which)?;
    let journal = journal()?;
    let mut pulled = 0;
    loop {
        let work = Enrollment::begin(client, &journal, seat.token.identity(), order.clone())?;
        match pump(work, Some(seat.token.as_mut()), sources, output) {
            Err(failure) if pulled < MOST_PULLED && seat.may_come_back(&failure, output) => seat.come_back(output)?,
            ended => return ended,
        }
        pulled += 1;
    }
}

fn journal() -> Result<Journal, Failure> {
    let directory = state_directory()?.join("journal");
    Journal::open(&directory).map_err(|error| {
        let error = enrollment::Error { stage: enrollment::Stage::ReadJournal, request: None, cause: error.into() };
        error.into()
    })
}

/// Calls the driver until it is done, meeting each need from its source.
fn pump(
    mut work: Enrollment<'_>,
    mut token: Option<&mut dyn Token>,
    sources: &Sources<'_>,
    output: &Output,
) -> Result<(), Failure> {
    if let Some(receiver) = sources.keys.map(pfx::receiver).transpose()?.flatten() {
        work.receive_keys(receiver);
    }
    // What is given is tried first: the default would spend a try for nothing.
    if let Some(source) = sources.puk {
        work.give(Input::Puk(secrets::puk(Some(source))?, last_try(sources.spend_last_try)));
    }
    let mut input = match sources.so_pin {
        Some(source) => Input::SoPin(secrets::pin(Some(source), SO_PIN)?, last_try(sources.spend_last_try)),
        None => Input::Nothing,
    };
    let mut pin = None;
    for _ in 0..MOST_STEPS {
        let mut spinner = None;
        let token = token.as_mut().map(|token| &mut **token as &mut dyn Token);
        let mut pin_set = false;
        let advanced = work.advance(token, input, &mut |event| {
            pin_set |= event == Event::PinSet;
            watch(&event, &mut spinner, output);
        });
        drop(spinner);
        // Told as soon as it holds, and before any error: nothing else on this computer knows it.
        if let Some(told) = pin_set.then(|| work.proposed_pin()).flatten() {
            output.tell(&format!("the PIN is {}; hand it over, it is not shown again", told.expose()));
            pin = Some(told);
        }
        let step = advanced?;
        match step {
            Step::Need(need) => input = meet(need, sources, output)?,
            Step::Pending { request, approvals_needed } => return Err(pending(request, approvals_needed)),
            Step::Done(outcome) => return render(&outcome, pin.as_ref(), output),
        }
    }
    Err(Failure::new("no-progress", Exit::Other, "the driver asks again and again for the same"))
}

/// Tells what goes on; what may take long gets a spinner.
fn watch(event: &Event, spinner: &mut Option<Spinner>, output: &Output) {
    *spinner = None;
    match event {
        Event::Generating { algorithm } => {
            *spinner = Some(output.spinner(&format!("making a {} key on the token …", algorithm.name())));
        }
        Event::Resumed { request: Some(request) } => output.tell(&format!("going on with request {request}")),
        Event::RequestMade { request } => output.tell(&format!("request {request} was made")),
        Event::AdminKeyChanged => output.tell("the token has its own admin key now"),
        Event::AdminKeyKept => output.tell("the token keeps the admin key it has"),
        Event::AdminKeyReturned => output.tell("the token has the default admin key again"),
        Event::PukChanged => output.tell("the card has its own PUK now; the server keeps it"),
        Event::PukKept => output.tell("the card keeps the PUK it has"),
        Event::PukReturned => output.tell("the card has the PUK again that it came with"),
        Event::TokenReset => output.tell("the card is as it came from the factory"),
        Event::ResetNotOffered => output.tell("the card cannot be reset; only what was made is taken off"),
        Event::KeyLeft { key } => output.tell(&format!("key {} stays on the card, unused", hex::encode(&key.0))),
        Event::KeyReceived { name } => output.tell(&format!("the private key of {name} was written")),
        Event::PinSet => output.tell("the PIN is set"),
        Event::KeyMade { .. } => output.tell("the key is made"),
        Event::KeyFound { .. } => output.tell("the key was on the token already"),
        Event::CertificateWritten { .. } => output.tell("the certificate is on the token"),
        Event::KeyRemoved { key } => output.tell(&format!("key {} is gone from the token", hex::encode(&key.0))),
        _ => {}
    }
}

fn meet(need: Need, sources: &Sources<'_>, output: &Output) -> Result<Input, Failure> {
    match need {
        Need::Pin { counters, pin_pad } => {
            tell_counters(counters, output);
            if pin_pad && !secrets::is_given(sources.pin, PIN) {
                output.tell("type the PIN at the reader");
                return Ok(Input::PinPad(last_try(sources.spend_last_try)));
            }
            secrets::pin(sources.pin, PIN).map(|pin| Input::Pin(pin, last_try(sources.spend_last_try)))
        }
        Need::NewPin { policy, .. } => {
            if let Some(policy) = policy {
                output.tell(&format!("a new PIN of {} to {} characters", policy.min_length, policy.max_length));
            }
            let source = sources.new_pin;
            // A first PIN may be given as the PIN where no new one is.
            let ask = if secrets::is_given(source, NEW_PIN) || !secrets::is_given(None, PIN) { NEW_PIN } else { PIN };
            secrets::new_pin(source, ask).map(Input::NewPin)
        }
        Need::SoPin { counters } => {
            output.tell(&format!("the default admin key does not hold on this token; {}", counters.admin));
            secrets::pin(sources.so_pin, SO_PIN).map(|pin| Input::SoPin(pin, last_try(sources.spend_last_try)))
        }
        Need::Puk { counters, refused } => {
            let tries = counters.puk.unwrap_or(Tries::Untold);
            if refused && tries == Tries::Untold && !sources.spend_last_try {
                return Err(Failure::new("puk-needed", Exit::Secret, "the card has a PUK of its own; one was refused")
                    .remedy("Repeat with --puk-from: the card does not tell how many tries are left."));
            }
            output.tell(&format!("the card's PUK is needed; {tries}"));
            secrets::puk(sources.puk).map(|puk| Input::Puk(puk, last_try(sources.spend_last_try)))
        }
    }
}

fn tell_counters(counters: Counters, output: &Output) {
    if counters.user != Tries::Full {
        output.tell(&format!("PIN: {}", counters.user));
    }
}

fn pending(request: uuid::Uuid, approvals_needed: Option<u32>) -> Failure {
    let wants = match approvals_needed {
        Some(1) => "one approval".to_string(),
        Some(many) => format!("{many} approvals"),
        None => "approval".to_string(),
    };
    Failure::new("request-pending", Exit::Pending, format!("request {request} waits for {wants}"))
        .about(request)
        .remedy("The token was not touched. Run the same command again once it is approved.")
}

fn render(outcome: &Outcome, pin: Option<&Pin>, output: &Output) -> Result<(), Failure> {
    let (mut document, text) = match outcome {
        Outcome::Enrolled { request, smartcard, installed } => {
            let (certificates, lines) = installed_documents(installed)?;
            let document = json!({ "request": request, "smartcard": smartcard, "certificates": certificates });
            (document, format!("enrolled\n{lines}"))
        }
        Outcome::Renewed { request, smartcard, installed, old } => {
            let (certificates, mut lines) = installed_documents(installed)?;
            let old: Vec<Value> = old.iter().map(|old| old_document(old, &mut lines)).collect();
            let document =
                json!({ "request": request, "smartcard": smartcard, "certificates": certificates, "old_keys": old });
            (document, format!("renewed\n{lines}"))
        }
        Outcome::Unblocked { request, smartcard } => {
            (json!({ "request": request, "smartcard": smartcard }), "the new PIN is set".into())
        }
        Outcome::Retired { request, smartcard, removed } => {
            let removed: Vec<String> = removed.iter().map(|key| hex::encode(&key.0)).collect();
            let text = format!("retired; {} keys were removed from the token", removed.len());
            (json!({ "request": request, "smartcard": smartcard, "removed_keys": removed }), text)
        }
    };
    if let Some(pin) = pin {
        document["pin"] = json!(pin.expose());
    }
    output.result(&document, || text);
    Ok(())
}

fn installed_documents(installed: &[Installed]) -> Result<(Vec<Value>, String), Failure> {
    let (mut documents, mut lines) = (Vec::new(), String::new());
    for one in installed {
        let certificate = Certificate::from_der(&one.certificate)?;
        let (subject, serial, until) =
            (certificate.subject().to_string(), certificate.serial().to_string(), date(certificate.not_after()));
        lines += &format!("  {subject}\n    serial {serial}, valid to {until}\n");
        documents.push(json!({
            "key_id": hex::encode(&one.key.0),
            "label": one.label,
            "subject": subject,
            "serial_number": serial,
            "not_after": until,
        }));
    }
    Ok((documents, lines))
}

fn old_document(old: &OldKey, lines: &mut String) -> Value {
    let (key, removed, fate) = match old {
        OldKey::Removed(key) => (key, true, "was removed"),
        OldKey::Replaced(key) => (key, true, "gave its place to the new one"),
        OldKey::KeptForDecryption(key) => (key, false, "was kept, for it may have to decrypt"),
    };
    let id = hex::encode(&key.0);
    *lines += &format!("  the old key {id} {fate}\n");
    json!({ "key_id": id, "removed": removed })
}
