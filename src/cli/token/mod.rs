//! `cardwright token`: lists tokens, shows and initialises one, changes its PIN, has a card attest a key.

mod card;
mod document;
mod info;

use crate::cli::args::{InitArgs, PinArgs, PlaceArgs, Source, TokenCommand};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::seat;
use crate::cli::secrets::{self, MOST_AGAIN, NEW_PIN, PIN, SO_PIN};
use crate::cli::settings::Settings;
use crate::pkcs11::{self, Existing, Module, is_card, so_pin};
use crate::reader::{self, Readers};
use crate::secret::{AdminKey, Pin};
use crate::token::{self, Admin, LastTry, SecretKind, Token, User};
pub use document::TokenDocument;
use document::table;
use info::InfoDocument;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Counts the bytes of a 3DES admin key; on a card fresh from the factory they are all zero.
const ADMIN_KEY_BYTES: usize = 24;

/// Counts the digits of a PIN that nobody needs to know; every module takes so many.
const UNKNOWN_PIN: usize = 16;

/// Carries a command of `cardwright token` out.
pub fn run(command: TokenCommand, output: &Output) -> Result<(), Failure> {
    let settings = Settings::load()?;
    match command {
        TokenCommand::List { module, place } => list(settings.module(module.as_ref(), &place), &place, output),
        TokenCommand::Info { token } => info(seat::find(&settings, &token)?.as_mut(), output),
        TokenCommand::Init(args) => match settings.module(args.module.as_ref(), &args.place) {
            Some(module) => initialise(&module, &args, output),
            None => card::initialise(&args, output),
        },
        TokenCommand::ChangePin { token, pin, new_pin_from } => {
            change_pin(seat::find(&settings, &token)?.as_mut(), &pin, new_pin_from.as_ref(), output)
        }
        TokenCommand::Attest { key, token } => card::attest(&key, &token, output),
    }
}

/// Prints the tokens of the module, if one is meant, and the cards in readers.
fn list(module: Option<PathBuf>, place: &PlaceArgs, output: &Output) -> Result<(), Failure> {
    let mut tokens = Vec::new();
    if let Some(path) = &module {
        let listed = Module::load(path)?.tokens()?;
        if listed.iter().any(|listed| listed.token.as_ref().is_ok_and(|token| is_card(&token.identity))) {
            output.tell(seat::CARD_BEHIND_MODULE);
        }
        tokens.extend(listed.iter().map(TokenDocument::of_module));
    }
    let in_readers = Readers::open().and_then(|readers| readers.tokens(place.reader.as_deref()));
    match in_readers {
        Ok(cards) => tokens.extend(cards.iter().map(TokenDocument::of_card)),
        // PC/SC need not be there where a module is used.
        Err(reader::Error::NoService { .. }) if module.is_some() => {}
        Err(error) if module.is_some() => output.tell(&format!("cards in readers cannot be listed: {error}")),
        Err(error) => return Err(error.into()),
    }
    output.result(&tokens, || table(&tokens))
}

/// Prints a token with its counters and certificates.
fn info(token: &mut dyn Token, output: &Output) -> Result<(), Failure> {
    let document = InfoDocument::of(token)?;
    output.result(&document, || document.text())
}

/// Initialises a PKCS#11 token: label, SO PIN and, if a source is given, the first PIN.
fn initialise(module: &Path, args: &InitArgs, output: &Output) -> Result<(), Failure> {
    let Some(label) = &args.label else {
        return Err(Failure::new("label-missing", Exit::Usage, "a PKCS#11 token needs a label")
            .remedy("Give --label; for a card in a reader, give --pcsc."));
    };
    let module = Module::load(module)?;
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
    let selector = pkcs11::Selector { label: None, serial: args.serial.clone() };
    let mut token = module.initialise(&selector, label, &so_pin, existing)?;
    match &pin {
        Some(pin) => {
            token.set_pin(Admin::SoPin(&so_pin), pin, LastTry::Keep)?;
            give_name(&mut token, pin)?;
        }
        None => give_name_without_pin(&mut token, &so_pin, output)?,
    }
    let counters = token.counters()?;
    let document = TokenDocument::new(token.identity(), &counters);
    output.result(&document, || format!("token {:?} is initialised; its serial is {}", document.label, document.serial))
}

/// Gives a token whose serial names nothing an id of its own, where it can keep one; an enrollment would ask for it.
fn give_name(token: &mut dyn Token, pin: &Pin) -> Result<(), Failure> {
    if token.identity().is_named() {
        return Ok(());
    }
    let user = User::Pin(pin, LastTry::Keep);
    match token.write_card_id(Uuid::new_v4(), Some(user)) {
        // It is of use for much else, and an enrollment says what is missing.
        Ok(()) | Err(token::Error::Device { .. } | token::Error::NotOffered(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives such a token its id before it has a PIN. One that takes nothing before a login, as a TPM's, gets a PIN that
/// nobody knows for that; the enrollment sets another.
fn give_name_without_pin(token: &mut dyn Token, so_pin: &Pin, output: &Output) -> Result<(), Failure> {
    if token.identity().is_named() || token.write_card_id(Uuid::new_v4(), None).is_ok() {
        return Ok(());
    }
    let mut unknown = Uuid::new_v4().simple().to_string();
    unknown.truncate(UNKNOWN_PIN);
    let unknown = Pin::new(unknown);
    token.set_pin(Admin::SoPin(so_pin), &unknown, LastTry::Keep)?;
    output
        .tell("the token has an id of its own now, and a PIN that nobody knows: enroll it with --new-pin-from prompt");
    give_name(token, &unknown)
}

/// Changes the user's PIN; says first how many tries are left. A person who types it is asked again where it was wrong.
fn change_pin(
    token: &mut dyn Token,
    args: &PinArgs,
    new_pin_from: Option<&Source>,
    output: &Output,
) -> Result<(), Failure> {
    let last_try = secrets::last_try(args.spend_last_try);
    let typed = output.has_a_person() && secrets::is_typed(args.pin_from.as_ref(), PIN);
    let both_typed = typed && secrets::is_typed(new_pin_from, NEW_PIN);
    let mut again = 0;
    let mut new = None;
    loop {
        let tries = token.counters()?.user;
        output.tell(&format!("PIN of token {:?}: {tries}", token.identity().label));
        if typed {
            tries.may_try(SecretKind::Pin, last_try)?;
        }
        let current = secrets::pin(args.pin_from.as_ref(), PIN)?;
        let chosen = match new.take() {
            Some(new) => new,
            None => secrets::new_pin(new_pin_from, NEW_PIN)?,
        };
        let error = match token.change_pin(&current, &chosen, last_try) {
            Ok(()) => break,
            Err(error) => error,
        };
        let refused = matches!(error, token::Error::SecretRefused { .. });
        if again == MOST_AGAIN || !error.may_type_again() || !(if refused { typed } else { both_typed }) {
            return Err(unchanged(error));
        }
        output.tell(&error.to_string());
        again += 1;
        new = Some(chosen).filter(|_| refused);
    }
    let document = serde_json::json!({ "serial": token.identity().serial, "changed": true });
    output.result(&document, || format!("the PIN of token {:?} was changed", token.identity().label))
}

/// Makes the failure of a change that did not come to its end. A token that was lost meanwhile has either PIN.
fn unchanged(error: token::Error) -> Failure {
    let in_doubt = error.is_loss() || matches!(error, token::Error::Timeout | token::Error::Device { .. });
    let failure = Failure::from(error);
    if !in_doubt {
        return failure;
    }
    failure.remedy(
        "It has the old PIN or the new one. Plug it in again and see how many tries are left (`cardwright token info`), \
         then try the new one; if that is refused, repeat the command.",
    )
}
