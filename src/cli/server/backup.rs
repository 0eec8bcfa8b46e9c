//! `cardwright server backup` and `restore`: a server's directory as one archive (tar).

use super::asks::PASSPHRASE;
use crate::cli::args::Source;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output, Text, counted};
use crate::cli::secrets;
use crate::server::{self, BackupError, Saved, Trust};
use serde_json::json;
use std::path::Path;

/// Saves a directory into `file`, or on standard output where it is `-`.
pub fn backup(directory: &Path, file: &Path, passphrase: Option<&Source>, output: &Output) -> Result<(), Failure> {
    let passphrase = secrets::passphrase(passphrase, PASSPHRASE, false)?;
    if file == Path::new("-") {
        // Standard output carries the archive, so nothing else is printed.
        return server::backup(directory, output::stream(), &passphrase).map(drop).map_err(|error| match error {
            BackupError::Write(source) => Failure::unwritten(&source),
            other => backup_failed(other),
        });
    }
    let saved = server::backup_file(directory, file, &passphrase).map_err(backup_failed)?;
    output.result(&document(directory, file, saved), || {
        let database = "the records are in PostgreSQL and not among them: save them with pg_dump, after this";
        told(saved, file, database)
    })
}

/// Makes a directory from the archive in `file`, or on standard input where it is `-`; one without a seal only where it
/// is asked for.
pub fn restore(
    file: &Path,
    directory: &Path,
    passphrase: Option<&Source>,
    unauthenticated: bool,
    output: &Output,
) -> Result<(), Failure> {
    let passphrase = match unauthenticated {
        true => None,
        false => Some(secrets::passphrase(passphrase, PASSPHRASE, false)?),
    };
    let trust = passphrase.as_ref().map_or(Trust::Blindly, Trust::Sealed);
    let restored = if file == Path::new("-") {
        server::restore(std::io::stdin().lock(), directory, trust)
    } else {
        let opened = std::fs::File::open(file).map_err(|source| {
            Failure::new("no-archive", Exit::Usage, format!("{} cannot be read: {source}", file.display()))
                .remedy("Name the archive that `cardwright server backup` wrote.")
        })?;
        server::restore(std::io::BufReader::new(opened), directory, trust)
    };
    let saved = restored.map_err(backup_failed)?;
    output.result(&document(directory, file, saved), || {
        told(saved, directory, "the records are in PostgreSQL: bring them back with pg_restore or psql; then say so: cardwright audit accept")
    })
}

/// Writes for people what was saved or restored, and where the records are if they are in PostgreSQL.
fn told(saved: Saved, place: &Path, database: &str) -> Text {
    let mut text =
        Text::from(format!("{}: {}, {} bytes", place.display(), counted(saved.files as u64, "file"), saved.bytes));
    if saved.postgresql {
        text.line(database);
    }
    text
}

fn document(directory: &Path, file: &Path, saved: Saved) -> serde_json::Value {
    json!({
        "directory": directory.display().to_string(),
        "archive": file.display().to_string(),
        "files": saved.files,
        "bytes": saved.bytes,
        "database": if saved.postgresql { "not-included" } else { "included" },
    })
}

fn backup_failed(error: BackupError) -> Failure {
    let (code, exit) = match &error {
        BackupError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        BackupError::Exists(_) => ("directory-exists", Exit::Usage),
        BackupError::Foreign | BackupError::Newer(_) => ("no-archive", Exit::Usage),
        BackupError::Damaged(_) | BackupError::Read(_) => ("archive-damaged", Exit::Other),
        BackupError::Forged => ("archive-forged", Exit::Other),
        BackupError::Unsealed => ("archive-unsealed", Exit::Usage),
        BackupError::Key(_) | BackupError::Seal(_) => ("server-keys", Exit::Other),
        _ => ("server-backup", Exit::Other),
    };
    let failure = Failure::from_error(code, exit, &error);
    match error {
        BackupError::Forged => failure.remedy("Give the passphrase that the server had when the archive was made."),
        BackupError::Unsealed => failure
            .remedy("It is of an earlier release. If you know that nobody has changed it, add --unauthenticated."),
        _ => failure,
    }
}
