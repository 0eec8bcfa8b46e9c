//! `cardwright vcard`: creates, lists, removes virtual cards, and puts them into readers.

mod ask;
mod failure;
mod run;
mod tpm;

use crate::cli::args::{VcardCommand, VcardCreateArgs, VcardKind, WARNING};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::prompt::confirm;
use crate::cli::{secrets, settings};
use crate::farm::{Kind, NewCard, Shelf};
use crate::platform::places;
use crate::virtual_card::{GidsOptions, PivOptions};
use serde_json::json;
use std::path::PathBuf;
use uuid::Uuid;

/// Carries a command of `cardwright vcard` out.
pub fn run(command: VcardCommand, output: &Output) -> Result<(), Failure> {
    let shelf = Shelf::open(data_directory()?.join("vcards"))?;
    match command {
        VcardCommand::Create(args) => create(&shelf, &args, output),
        VcardCommand::Run(args) => match tpm::among(&shelf, &args)? {
            Some(name) => tpm::run(&shelf, name, &args, output),
            None => run::run(&shelf, &args, output),
        },
        VcardCommand::List => list(&shelf, output),
        VcardCommand::Remove { name, yes } => remove(&shelf, &name, yes, output),
    }
}

fn create(shelf: &Shelf, args: &VcardCreateArgs, output: &Output) -> Result<(), Failure> {
    let (new, secrets) = match (args.kind, args.yubikey) {
        (VcardKind::Gids | VcardKind::Tpm, true) => {
            return Err(Failure::new("usage", Exit::Usage, "a YubiKey is a PIV card, and of no other kind")
                .remedy("Give --kind piv, or leave --yubikey out."));
        }
        (VcardKind::Tpm, false) => (NewCard::Tpm, "blank: no label, no PIN, no SO PIN"),
        (VcardKind::Gids, false) => (NewCard::Gids(GidsOptions::default()), "blank: no PIN, no admin key"),
        (VcardKind::Piv, yubikey) => {
            let serial = args.serial.unwrap_or_else(random_serial);
            let piv = PivOptions { yubikey, version: args.firmware, serial, ..PivOptions::default() };
            (NewCard::Piv(piv), "as from the factory: PIN 123456, PUK 12345678, the well-known management key")
        }
    };
    let how = match args.kind {
        VcardKind::Tpm => {
            "make a token of it with: cardwright vcard run {name} -- cardwright token init --label {name}"
        }
        VcardKind::Piv | VcardKind::Gids => "put it into a reader with: cardwright vcard run {name}",
    };
    let passphrase = secrets::chosen_passphrase(args.passphrase_from.as_ref(), ask::CARD_PASSPHRASE)?;
    {
        let _spinner = output.spinner("making the card …");
        shelf.create(&args.name, new, &passphrase)?;
    }
    let document = json!({ "name": args.name, "created": true, "secrets": secrets, "warning": WARNING });
    output.result(&document, || {
        let name = &args.name;
        Text::from_iter([format!("card {name:?} is made, {secrets}"), WARNING.into(), how.replace("{name}", name)])
    })
}

fn list(shelf: &Shelf, output: &Output) -> Result<(), Failure> {
    let cards = shelf.list()?;
    let spelled = |kind: Option<Kind>| kind.map_or("damaged".into(), |kind| kind.to_string());
    let document: Vec<_> = cards
        .iter()
        .map(|card| json!({ "name": card.name, "kind": spelled(card.kind), "in_use": card.in_use }))
        .collect();
    output.result(&document, || {
        if cards.is_empty() {
            return "there is no virtual card".into();
        }
        let state = |in_use| if in_use { "in use" } else { "at rest" };
        let rows = cards.iter().map(|card| [card.name.clone(), spelled(card.kind), state(card.in_use).into()]);
        Output::table(["NAME", "KIND", "STATE"], rows)
    })
}

/// Destroys a card with its keys; asks for confirmation first, unless `yes`.
fn remove(shelf: &Shelf, name: &str, yes: bool, output: &Output) -> Result<(), Failure> {
    confirm(yes, &format!("Destroy virtual card {name:?} with its keys?"))?;
    shelf.remove(name)?;
    output.result(&json!({ "name": name, "removed": true }), || format!("card {name:?} is destroyed"))
}

/// Returns a random serial number of eight digits, as YubiKeys have them, so that no two cards are taken for one.
fn random_serial() -> u32 {
    let (random, ..) = Uuid::new_v4().as_fields();
    10_000_000 + random % 90_000_000
}

/// Returns where virtual cards are kept: `$XDG_DATA_HOME/cardwright`, or `~/.local/share/…`.
fn data_directory() -> Result<PathBuf, Failure> {
    settings::own_directory(places::Kind::Data).ok_or_else(|| {
        Failure::new("data-directory", Exit::LocalState, "there is no home directory to keep cards in")
            .remedy("Set XDG_DATA_HOME to a directory of your own.")
    })
}
