//! `cardwright server database`: moves the records of a server into another database.

use crate::cli::args::{DatabaseCommand, DatabaseReach};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::server::{self, DatabaseSettings, MoveDatabase, MoveDatabaseError};
use crate::store::Standing;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// Sets after how many rows of a table it is said how far it is.
const TOLD_EVERY: u64 = 100_000;

/// Returns the settings of a database as they are to stand in `server.toml`; files are named from the root, for the
/// directory may lie elsewhere.
pub fn settings(url: &str, reach: &DatabaseReach) -> Result<DatabaseSettings, Failure> {
    let whole = |path: &PathBuf| {
        std::path::absolute(path).map_err(|source| {
            Failure::new("usage", Exit::Usage, format!("{} cannot be named: {source}", path.display()))
                .remedy("Name the file by its whole path. Nothing was done.")
        })
    };
    let password_file = reach.database_password_file.as_ref().map(whole).transpose()?;
    let root_certificates = reach.database_roots.as_ref().map(whole).transpose()?;
    Ok(DatabaseSettings::at(url.to_owned(), password_file, root_certificates))
}

/// Carries a command of `cardwright server database` out.
pub fn run(command: DatabaseCommand, output: &Output) -> Result<(), Failure> {
    let DatabaseCommand::Move { directory, to, reach, apply } = command;
    let order = MoveDatabase { to: settings(&to, &reach)?, apply };
    let mut done = |table: &str, rows: u64| {
        if rows > 0 && rows.is_multiple_of(TOLD_EVERY) {
            output.tell(&format!("{table}: {rows} rows"));
        }
    };
    let moved = server::database_move(&directory, order, &mut done).map_err(|error| failed(error, &directory))?;
    let tables: Vec<Value> =
        moved.tables.iter().map(|count| json!({ "table": count.table, "rows": count.there })).collect();
    let document = json!({
        "applied": apply,
        "goes_on": moved.standing == Standing::Same,
        "tables": tables,
        "acts_checked": moved.acts,
        "settings": moved.lines,
    });
    output.result(&document, || {
        let mut text: Text = moved.tables.iter().map(|count| format!("{:24}{}", count.table, count.there)).collect();
        text.line(format!("as many rows on both sides; the log of acts is whole on the other, {} acts", moved.acts));
        if apply {
            text.line(
                "server.toml names the other database; start the server, and keep the old file until you trust it:",
            );
            text.line(directory.join("cardwright.db").display().to_string());
        } else {
            text.line(
                "nothing was switched; start no server before you have added to server.toml, or let --apply do it:",
            );
            text.append(Text::block(&moved.lines));
        }
        text
    })
}

fn failed(error: MoveDatabaseError, directory: &Path) -> Failure {
    const KEPT: &str = "The file in the directory is as it was, and server.toml too.";
    let (code, exit, next) = match &error {
        MoveDatabaseError::NoDirectory(_) => {
            ("no-data-directory", Exit::Usage, "Name the server's directory.".to_owned())
        }
        MoveDatabaseError::Settings(_) => ("server-settings", Exit::Usage, "Mend server.toml, and repeat.".into()),
        MoveDatabaseError::Already => {
            ("database-moved", Exit::Usage, "The records are where server.toml, or the environment, says.".into())
        }
        MoveDatabaseError::File(_) => (
            "server-database",
            Exit::Usage,
            format!("Stop the server that runs on {}, and repeat.", directory.display()),
        ),
        MoveDatabaseError::NotEmpty(_) => {
            ("database-full", Exit::Usage, "Make an empty database (createdb), and name that.".into())
        }
        MoveDatabaseError::Move(_) | MoveDatabaseError::Database(_) => (
            "server-database",
            Exit::Other,
            "Nothing is left half done: see that the database can be reached, and repeat.".into(),
        ),
        MoveDatabaseError::Log(_) | MoveDatabaseError::LogUnsound { .. } => (
            "audit-log",
            Exit::Other,
            "Look with \"cardwright audit verify\", and have the other database dropped.".into(),
        ),
        MoveDatabaseError::Spelling(_) => {
            ("server-database", Exit::Other, "Name the database in server.toml yourself.".into())
        }
    };
    Failure::from_error(code, exit, &error).remedy(format!("{next} {KEPT}"))
}
