//! What can be typed of a server's database.

use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum DatabaseCommand {
    /// Copy all records from the file in the directory into an empty PostgreSQL database, count them on both sides and
    /// check the log of acts on the other; the server must not be running.
    ///
    /// Without --apply it then says which lines of server.toml to add. The file in the directory stays as it is.
    Move {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// The database: postgresql://USER@HOST/NAME, without a password.
        #[arg(long, value_name = "URL")]
        to: String,
        #[command(flatten)]
        reach: DatabaseReach,
        /// Have server.toml name the other database, once all records are there.
        #[arg(long)]
        apply: bool,
    },
}

/// Says how a PostgreSQL database is reached.
#[derive(Args, Clone)]
pub struct DatabaseReach {
    /// The file whose first line is the database's password [default: CARDWRIGHT_DATABASE_PASSWORD, if that is set].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub database_password_file: Option<PathBuf>,
    /// The authorities (PEM) that the database's certificate must come from [default: the system's].
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub database_roots: Option<PathBuf>,
}
