//! `cardwright server upgrade`: brings the records of an earlier release to this one, after a backup.

use super::asks::PASSPHRASE;
use super::config::settings_failed;
use crate::cli::args::Source;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::secrets;
use crate::server::{self, UpgradeError, UpgradeOrder};
use serde_json::json;
use std::path::Path;

/// Saves and upgrades a directory whose records are of an earlier release; asks for nothing where they are not.
pub fn run(directory: &Path, order: UpgradeOrder, passphrase: Option<&Source>, output: &Output) -> Result<(), Failure> {
    let age = server::records_age(directory).map_err(failed)?;
    if !age.is_behind() {
        let document = json!({ "upgraded": false, "version": age.known });
        return output.result(&document, || "the records are of this release; nothing was done".to_owned());
    }
    let passphrase = secrets::passphrase(passphrase, PASSPHRASE, false)?;
    let done = server::upgrade(directory, &order, &passphrase).map_err(failed)?;
    let archive = done.archive.display().to_string();
    let document = json!({
        "upgraded": true,
        "from": done.from.found,
        "version": done.from.known,
        "archive": archive,
        "database": if done.saved.postgresql { "not-included" } else { "included" },
    });
    output.result(&document, || {
        Text::from_iter([
            format!("the records of {} are of this release now", directory.display()),
            format!("as they were before: {archive}"),
        ])
    })
}

fn failed(error: UpgradeError) -> Failure {
    match error {
        UpgradeError::Settings(error) => settings_failed(error),
        error => {
            let (code, exit, remedy) = match &error {
                UpgradeError::NoDirectory(_) => {
                    ("no-data-directory", Exit::Usage, "Name a directory that `cardwright server init` has made.")
                }
                UpgradeError::Lock(_) => ("server-running", Exit::Usage, "Stop the server, and try again."),
                UpgradeError::Newer(_) => (
                    "records-newer",
                    Exit::Usage,
                    "Use the release that wrote them. To go back for good, restore the backup made before the upgrade with \
                     the earlier release: `cardwright server restore`.",
                ),
                UpgradeError::NotSaved => (
                    "records-not-saved",
                    Exit::Usage,
                    "Save them with pg_dump while no server runs, then say so with --records-saved.",
                ),
                UpgradeError::Backup(_) => (
                    "server-backup",
                    Exit::Other,
                    "The release before goes on with the records as they are. Mend what is said, and try again.",
                ),
                UpgradeError::Migration { .. } => (
                    "server-upgrade",
                    Exit::Other,
                    "The release before goes on with them as they are. Mend what is said, and try again.",
                ),
                UpgradeError::Settings(_) | UpgradeError::Database(_) => (
                    "server-database",
                    Exit::Other,
                    "See that the records are there and can be opened; nothing was changed.",
                ),
            };
            Failure::from_error(code, exit, &error).remedy(remedy)
        }
    }
}
