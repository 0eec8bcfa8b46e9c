//! `cardwright token`: list, info, init, change-pin.

use super::args::{InitArgs, PinArgs, TokenArgs, TokenCommand};
use super::failure::Failure;
use super::output::Output;
use super::secrets::{self, NEW_PIN, PIN, SO_PIN, Source};
use super::settings::Settings;
use crate::enrollment::card_id;
use crate::pkcs11::{Existing, Module, Pkcs11Token, Selector, TokenSummary, so_pin};
use crate::pkix::Certificate;
use crate::secret::AdminKey;
use crate::token::{Admin, Counters, Identity, LastTry, Token, Tries};
use serde::Serialize;
use std::path::Path;

/// The length of a 3DES admin key; a factory-fresh card's is all zero.
const ADMIN_KEY_BYTES: usize = 24;

pub fn run(command: TokenCommand, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    match command {
        TokenCommand::List { module } => list(&settings.module(module.as_ref())?, output),
        TokenCommand::Info { token } => info(&mut find(&settings, &token)?, output),
        TokenCommand::Init(args) => initialise(&settings, &args, output),
        TokenCommand::ChangePin { token, pin, new_pin_from } => {
            change_pin(&mut find(&settings, &token)?, &pin, new_pin_from.as_ref(), output)
        }
    }
}

/// Finds the one token that is meant.
pub fn find(settings: &Settings, args: &TokenArgs) -> Result<Pkcs11Token, Failure> {
    let module = Module::load(&settings.token_module(args)?)?;
    Ok(module.find(&Selector { label: args.label.clone(), serial: args.serial.clone() })?)
}

/// May the last try of a secret be spent?
pub fn last_try(spend: bool) -> LastTry {
    if spend { LastTry::Spend } else { LastTry::Keep }
}

fn list(module: &Path, output: &Output) -> Result<(), Failure> {
    let tokens: Vec<TokenDocument> = Module::load(module)?.tokens()?.iter().map(TokenDocument::of_summary).collect();
    output.result(&tokens, || {
        if tokens.is_empty() {
            return "no token is present".into();
        }
        let rows = tokens.iter().map(|t| {
            [shown(&t.label), shown(&t.serial), t.state.clone(), t.pin.clone(), t.so_pin.clone(), t.model.clone()]
        });
        Output::table(["LABEL", "SERIAL", "STATE", "PIN", "SO PIN", "MODEL"], rows)
    });
    Ok(())
}

/// A token for people and scripts.
#[derive(Serialize)]
struct TokenDocument {
    label: String,
    serial: String,
    manufacturer: String,
    model: String,
    state: String,
    pin: String,
    so_pin: String,
}

impl TokenDocument {
    fn of_summary(summary: &TokenSummary) -> Self {
        let state = if summary.initialised { "initialised" } else { "blank" };
        Self::new(&summary.identity, &summary.counters, state)
    }

    fn new(identity: &Identity, counters: &Counters, state: &str) -> Self {
        Self {
            label: identity.label.clone(),
            serial: identity.serial.clone(),
            manufacturer: identity.manufacturer.clone(),
            model: identity.model.clone(),
            state: state.into(),
            pin: tries(counters.user).into(),
            so_pin: tries(counters.admin).into(),
        }
    }
}

/// One word for a counter, the same for people and scripts.
fn tries(tries: Tries) -> &'static str {
    match tries {
        Tries::NotSet => "not-set",
        Tries::Full => "ok",
        Tries::Low => "low",
        Tries::Last | Tries::Left(1) => "last-try",
        Tries::Locked | Tries::Left(0) => "locked",
        Tries::Left(_) => "counted",
        Tries::Untold => "untold",
    }
}

fn shown(text: &str) -> String {
    if text.is_empty() { "-".into() } else { text.into() }
}

/// `token info` for people and scripts.
#[derive(Serialize)]
struct InfoDocument {
    #[serde(flatten)]
    token: TokenDocument,
    /// How a CM server knows this token.
    card_id: String,
    certificates: Vec<CertificateDocument>,
}

#[derive(Serialize)]
struct CertificateDocument {
    /// The key id (CKA_ID), hexadecimal.
    id: String,
    label: String,
    subject: String,
    issuer: String,
    serial_number: String,
    not_after: String,
}

fn info(token: &mut Pkcs11Token, output: &Output) -> Result<(), Failure> {
    let counters = token.counters()?;
    let mut certificates = Vec::new();
    for stored in token.public_objects()? {
        let Some(der) = &stored.certificate else { continue };
        let certificate = Certificate::from_der(der)?;
        certificates.push(CertificateDocument {
            id: hex::encode(&stored.id.0),
            label: stored.label,
            subject: certificate.subject().to_string(),
            issuer: certificate.issuer().to_string(),
            serial_number: certificate.serial().to_string(),
            not_after: date(certificate.not_after()),
        });
    }
    let document = InfoDocument {
        token: TokenDocument::new(token.identity(), &counters, "initialised"),
        card_id: card_id(token.identity()).to_string(),
        certificates,
    };
    output.result(&document, || {
        let token = &document.token;
        let mut text = format!(
            "label       {}\nserial      {}\nmodel       {} ({})\ncard id     {}\nPIN         {}\nSO PIN      {}",
            token.label, token.serial, token.model, token.manufacturer, document.card_id, token.pin, token.so_pin
        );
        for c in &document.certificates {
            text += &format!(
                "\n\ncertificate {}\n  key id    {}\n  subject   {}\n  issuer    {}\n  serial    {}\n  valid to  {}",
                c.label, c.id, c.subject, c.issuer, c.serial_number, c.not_after
            );
        }
        text
    });
    Ok(())
}

/// The day and time in UTC, as people and scripts read it (RFC 3339).
pub fn date(time: time::OffsetDateTime) -> String {
    time.format(&time::format_description::well_known::Rfc3339).unwrap_or_default()
}

fn initialise(settings: &Settings, args: &InitArgs, output: &Output) -> Result<(), Failure> {
    let module = Module::load(&settings.module(args.module.as_ref())?)?;
    let so_pin = if args.default_admin_key {
        so_pin(&AdminKey::new(vec![0; ADMIN_KEY_BYTES]))
    } else {
        secrets::new_pin(args.so_pin_from.as_ref(), SO_PIN)?
    };
    let pin = match &args.pin_from {
        Some(source) => Some(secrets::new_pin(Some(source), PIN)?),
        None => None,
    };
    let existing = if args.erase { Existing::Erase } else { Existing::Keep };
    let selector = Selector { label: None, serial: args.serial.clone() };
    let mut token = module.initialise(&selector, &args.label, &so_pin, existing)?;
    if let Some(pin) = pin {
        token.set_pin(Admin::SoPin(&so_pin), &pin, LastTry::Keep)?;
    }
    let counters = token.counters()?;
    let document = TokenDocument::new(token.identity(), &counters, "initialised");
    output
        .result(&document, || format!("token {:?} is initialised; its serial is {}", document.label, document.serial));
    Ok(())
}

fn change_pin(
    token: &mut Pkcs11Token,
    args: &PinArgs,
    new_pin_from: Option<&Source>,
    output: &Output,
) -> Result<(), Failure> {
    let counters = token.counters()?;
    output.tell(&format!("PIN of token {:?}: {}", token.identity().label, counters.user));
    let current = secrets::pin(args.pin_from.as_ref(), PIN)?;
    let new = secrets::new_pin(new_pin_from, NEW_PIN)?;
    token.change_pin(&current, &new, last_try(args.spend_last_try))?;
    let document = serde_json::json!({ "serial": token.identity().serial, "changed": true });
    output.result(&document, || format!("the PIN of token {:?} was changed", token.identity().label));
    Ok(())
}
