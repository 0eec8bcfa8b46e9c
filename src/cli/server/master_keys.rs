//! `cardwright server masterkey`: adds, lists and removes versions of the master key that cards' keys derive from.

use super::asks::{CA_PIN, PASSPHRASE};
use crate::cli::args::MasterkeyCommand;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text, counted};
use crate::cli::secrets;
use crate::server::{self, MasterKeyError, MasterKeyVersion};
use serde_json::json;

/// Carries a command of `cardwright server masterkey` out.
pub fn run(command: MasterkeyCommand, output: &Output) -> Result<(), Failure> {
    match command {
        MasterkeyCommand::Add { directory, passphrase_from, ca_pin_from } => {
            let pin = match secrets::is_given(ca_pin_from.as_ref(), CA_PIN) {
                true => Some(secrets::pin(ca_pin_from.as_ref(), CA_PIN)?),
                false => None,
            };
            let passphrase = secrets::passphrase(passphrase_from.as_ref(), PASSPHRASE, false)?;
            let version = server::add_master_key(&directory, &passphrase, pin.as_ref()).map_err(failed)?;
            output.result(&json!({ "version": version }), || {
                format!(
                    "the master key has a version {version}; once the server was started again, each card takes it up \
                     when it is next enrolled, renewed or unblocked"
                )
            })
        }
        MasterkeyCommand::Status { directory } => {
            let versions = server::master_key_versions(&directory).map_err(failed)?;
            let rows: Vec<_> = versions
                .iter()
                .map(|it| json!({ "version": it.version, "in_file": it.in_file, "cards": it.cards }))
                .collect();
            output.result(&json!({ "versions": rows }), || versions.iter().map(line).collect::<Text>())
        }
        MasterkeyCommand::Remove { directory, version } => {
            server::remove_master_key(&directory, version).map_err(failed)?;
            output.result(&json!({ "version": version }), || format!("version {version} of the master key is gone"))
        }
    }
}

fn line(version: &MasterKeyVersion) -> String {
    let place = if version.in_file { "in a file" } else { "in a token, or gone" };
    format!("version {}: {}, {place}", version.version, counted(version.cards, "card"))
}

fn failed(error: MasterKeyError) -> Failure {
    let (code, exit) = match &error {
        MasterKeyError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        MasterKeyError::Settings(_) => ("server-settings", Exit::Usage),
        MasterKeyError::NoSuchVersion(_) => ("master-key-version", Exit::Usage),
        MasterKeyError::Newest(_) | MasterKeyError::Needed { .. } => ("master-key-needed", Exit::Other),
        _ => ("server-keys", Exit::Other),
    };
    let failure = Failure::from_error(code, exit, &error);
    match error {
        MasterKeyError::Newest(_) => failure.remedy("Make another version first: cardwright server masterkey add."),
        MasterKeyError::Needed { .. } => failure.remedy("Have those cards renewed or unblocked first."),
        MasterKeyError::NoSuchVersion(_) => failure.remedy("See which there are: cardwright server masterkey status."),
        MasterKeyError::NoDirectory(_) => failure.remedy("Name the directory that the server runs on."),
        _ => failure,
    }
}
