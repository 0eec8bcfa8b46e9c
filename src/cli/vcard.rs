//! `cardwright vcard`: create, run, list, remove virtual cards.

mod run;

use super::enroll::confirm;
use super::failure::{Exit, Failure};
use super::output::Output;
use super::secrets::{self, Source};
use super::settings;
use crate::farm::pcscd::PcscdError;
use crate::farm::{Kind, NewCard, SealError, SeatError, Shelf, ShelfError};
use crate::virtual_card::{GidsOptions, PivOptions};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use std::ffi::OsString;
use uuid::Uuid;

/// Said wherever a card is made or lent.
const WARNING: &str = "A virtual card's keys live in software on this computer: they protect nothing that matters.";

#[derive(Subcommand)]
#[command(after_help = WARNING)]
pub enum VcardCommand {
    /// Make a virtual card; its file is encrypted under a passphrase.
    #[command(after_help = WARNING)]
    Create(CreateArgs),
    /// Put virtual cards into readers until Ctrl-C, or while a command runs.
    #[command(after_help = WARNING)]
    Run(RunArgs),
    /// List the virtual cards.
    List,
    /// Destroy a virtual card with its keys.
    Remove {
        name: String,
        /// Do not ask for confirmation.
        #[arg(long)]
        yes: bool,
    },
}

#[derive(Clone, Copy, ValueEnum)]
enum KindArg {
    /// SP 800-73: plain, or as a YubiKey.
    Piv,
    /// Microsoft's Generic Identity Device Specification, as virtual smart cards of Windows.
    Gids,
}

#[derive(Args)]
pub struct CreateArgs {
    /// The name of the card, for `vcard run`.
    name: String,
    /// Which standard the card follows.
    #[arg(long, value_enum)]
    kind: KindArg,
    /// A PIV card with the commands, name and serial number of a YubiKey.
    #[arg(long)]
    yubikey: bool,
    /// The firmware the YubiKey tells; from 5.7.0 on its management key is AES-192.
    #[arg(long, value_name = "X.Y.Z", requires = "yubikey", value_parser = firmware, default_value = "5.4.3")]
    firmware: [u8; 3],
    /// The serial number the YubiKey tells [default: a random one].
    #[arg(long, requires = "yubikey")]
    serial: Option<u32>,
    /// Where the passphrase of the card's file comes from [default: env:CARDWRIGHT_VCARD_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    passphrase_from: Option<Source>,
}

#[derive(Args)]
pub struct RunArgs {
    /// The cards to put in.
    #[arg(required = true)]
    names: Vec<String>,
    /// What goes wrong with them: faults with commas between, `remove@5`, `t0`, `tries=1`, `slow=3s` for some.
    #[arg(long, value_name = "FAULTS")]
    fault: Option<String>,
    /// Where the system's vpcd listens; a second card goes one port above.
    #[arg(long, default_value_t = crate::farm::PORT, conflicts_with = "private_pcscd")]
    port: u16,
    /// Start a pcscd of one's own, beside the system's or without one. Its clients need the variable that is printed;
    /// the command gets it.
    #[arg(long)]
    private_pcscd: bool,
    /// What the private pcscd calls the reader; "Yubico YubiKey CCID" makes Yubico's tools accept it.
    #[arg(long, value_name = "NAME", requires = "private_pcscd", default_value = "Cardwright Virtual Reader")]
    reader: String,
    /// Where the passphrase of each card's file comes from [default: env:CARDWRIGHT_VCARD_PASSPHRASE, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    passphrase_from: Option<Source>,
    /// A command to run with the cards in their readers; when it ends they are taken out.
    #[arg(last = true)]
    command: Vec<OsString>,
}

pub fn run(command: VcardCommand, output: &Output) -> Result<(), Failure> {
    let shelf = Shelf::open(settings::data_directory()?.join("vcards"))?;
    match command {
        VcardCommand::Create(args) => create(&shelf, &args, output),
        VcardCommand::Run(args) => run::run(&shelf, &args, output),
        VcardCommand::List => list(&shelf, output),
        VcardCommand::Remove { name, yes } => remove(&shelf, &name, yes, output),
    }
}

fn create(shelf: &Shelf, args: &CreateArgs, output: &Output) -> Result<(), Failure> {
    let (new, secrets) = match (args.kind, args.yubikey) {
        (KindArg::Gids, true) => {
            return Err(Failure::new("usage", Exit::Usage, "a YubiKey is a PIV card, not a GIDS card")
                .remedy("Give --kind piv, or leave --yubikey out."));
        }
        (KindArg::Gids, false) => (NewCard::Gids(GidsOptions::default()), "blank: no PIN, no admin key"),
        (KindArg::Piv, yubikey) => {
            let serial = args.serial.unwrap_or_else(random_serial);
            let piv = PivOptions { yubikey, version: args.firmware, serial, ..PivOptions::default() };
            (NewCard::Piv(piv), "as from the factory: PIN 123456, PUK 12345678, the well-known management key")
        }
    };
    let passphrase = secrets::card_passphrase(args.passphrase_from.as_ref(), true)?;
    {
        let _spinner = output.spinner("making the card …");
        shelf.create(&args.name, new, &passphrase)?;
    }
    let document = json!({ "name": args.name, "created": true, "secrets": secrets, "warning": WARNING });
    output.result(&document, || {
        let name = &args.name;
        format!("card {name:?} is made, {secrets}\n{WARNING}\nput it into a reader with: cardwright vcard run {name}")
    });
    Ok(())
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
    });
    Ok(())
}

fn remove(shelf: &Shelf, name: &str, yes: bool, output: &Output) -> Result<(), Failure> {
    confirm(yes, &format!("Destroy virtual card {name:?} with its keys?"))?;
    shelf.remove(name)?;
    output.result(&json!({ "name": name, "removed": true }), || format!("card {name:?} is destroyed"));
    Ok(())
}

fn firmware(text: &str) -> Result<[u8; 3], String> {
    let numbers: Option<Vec<u8>> = text.split('.').map(|number| number.parse().ok()).collect();
    numbers.and_then(|numbers| numbers.try_into().ok()).ok_or_else(|| "three numbers, as in 5.7.1".into())
}

/// Eight digits, as YubiKeys have them, so that no two cards are taken for one.
fn random_serial() -> u32 {
    let (random, ..) = Uuid::new_v4().as_fields();
    10_000_000 + random % 90_000_000
}

impl From<ShelfError> for Failure {
    fn from(error: ShelfError) -> Self {
        use ShelfError::*;
        let (code, exit, remedy) = match &error {
            Name { .. } => ("card-name", Exit::Usage, "Choose another name."),
            Exists { .. } => ("card-exists", Exit::Usage, "Choose another name, or remove that card."),
            Missing { .. } => ("card-missing", Exit::TokenNotFound, "Look at `cardwright vcard list`."),
            InUse { .. } => ("card-in-use", Exit::LocalState, "Stop the `cardwright vcard run` that has it."),
            Exposed { .. } => ("card-directory", Exit::LocalState, "Take the others' rights away with chmod 700."),
            Sealed { source: SealError::Passphrase, .. } => {
                ("passphrase-wrong", Exit::Secret, "Try again: a wrong passphrase costs nothing.")
            }
            Sealed { source: SealError::NoPassphrase, .. } => ("secret-empty", Exit::Usage, "Choose a passphrase."),
            Sealed { .. } | State { .. } | Size { .. } => {
                ("card-damaged", Exit::LocalState, "Take the file from a backup, or remove the card.")
            }
            _ => ("card-failed", Exit::LocalState, "Look at the directory's owner and free space."),
        };
        Self::from_error(code, exit, &error).remedy(remedy)
    }
}

impl From<PcscdError> for Failure {
    fn from(error: PcscdError) -> Self {
        let (code, exit, remedy) = match &error {
            PcscdError::NoProgram { .. } | PcscdError::NoDriver { .. } => {
                ("pcscd-missing", Exit::Other, "On Debian: apt install pcscd vsmartcard-vpcd util-linux")
            }
            PcscdError::Name { .. } | PcscdError::NameTwice { .. } | PcscdError::Entries { .. } => {
                ("reader-name", Exit::Usage, "Choose another --reader, or run fewer cards at once.")
            }
            _ => ("pcscd-failed", Exit::Other, "Lend to the system's pcscd instead: leave --private-pcscd out."),
        };
        Self::from_error(code, exit, &error).remedy(remedy)
    }
}

impl From<SeatError> for Failure {
    fn from(error: SeatError) -> Self {
        let (code, remedy) = match &error {
            SeatError::Occupied { .. } => ("reader-occupied", "Take the other card out, or give another --port."),
            _ => (
                "no-virtual-reader",
                "Install vsmartcard-vpcd and start pcscd (as root), or start one of your own with --private-pcscd.",
            ),
        };
        Self::from_error(code, Exit::TokenNotFound, &error).remedy(remedy)
    }
}
