//! `cardwright vcard run` for a card backed by a TPM: no reader, but variables for a PKCS#11 module.

use super::ask::CARD_PASSPHRASE;
use super::run::{signals, start, wait};
use crate::cli::args::{VcardRunArgs, WARNING};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::secrets;
use crate::farm::{KeptTpm, Kind, Shelf};
use serde_json::{Map, Value};

/// Returns the first of the cards that is backed by a TPM.
pub fn among<'a>(shelf: &Shelf, args: &'a VcardRunArgs) -> Result<Option<&'a str>, Failure> {
    for name in &args.names {
        if shelf.kind(name)? == Kind::Tpm {
            return Ok(Some(name));
        }
    }
    Ok(None)
}

/// Runs the TPM, and the command if there is one. Returns when the command has ended or a signal came.
pub fn run(shelf: &Shelf, name: &str, args: &VcardRunArgs, output: &Output) -> Result<(), Failure> {
    check(args)?;
    let passphrase = secrets::passphrase(args.passphrase_from.as_ref(), CARD_PASSPHRASE, false)?;
    let signals = signals()?;
    let mut kept = shelf.take_tpm(name, &passphrase)?;
    announce(&kept, name, args.command.is_empty(), output)?;
    let command = start(&args.command, kept.tpm.variables())?;
    wait(command, &signals, || {
        if kept.tpm.has_ended() {
            return Err(Failure::new("tpm-ended", Exit::Other, "the TPM has ended")
                .remedy("What it has answered is saved; run the card again."));
        }
        Ok(())
    })
}

/// Refuses what makes no sense for a card that is in no reader, and several cards that would need the same variables.
fn check(args: &VcardRunArgs) -> Result<(), Failure> {
    let message = if args.names.len() > 1 {
        "a card backed by a TPM is run alone"
    } else if args.fault.is_some() || args.private_pcscd {
        "a card backed by a TPM is in no reader: it needs no pcscd, and no fault can be played"
    } else {
        return Ok(());
    };
    Err(Failure::new("usage", Exit::Usage, message)
        .remedy("Run each such card by a `cardwright vcard run` of its own."))
}

/// Prints how the TPM is reached; on standard output only if `alone`, that is where no command prints there.
fn announce(kept: &KeptTpm, name: &str, alone: bool, output: &Output) -> Result<(), Failure> {
    output.tell(&format!("card {name:?} (TPM) is a PKCS#11 token of tpm2-pkcs11; one program at a time can use it"));
    output.tell(WARNING);
    if !alone {
        return Ok(());
    }
    let variables = kept.tpm.variables().map(|(variable, value)| (variable, value.to_string_lossy().into_owned()));
    let mut document: Map<_, _> =
        variables.iter().map(|(variable, value)| ((*variable).to_owned(), Value::from(value.as_str()))).collect();
    document.insert("warning".into(), WARNING.into());
    output.result(&Value::from(document), || {
        let quoted = variables.each_ref().map(|(variable, value)| {
            let value = value.replace('\'', r"'\''");
            format!("export {variable}='{value}'")
        });
        quoted.into_iter().collect::<Text>()
    })?;
    output.tell("Ctrl-C ends the TPM.");
    Ok(())
}
