//! `cardwright server`: sets a CM server up and maintains it. Also `serve`, which runs one, and
//! `audit`, which reads its log.

mod asks;
pub mod audit;
mod backup;
mod ca;
mod config;
mod database;
mod directory;
mod health;
mod init;
mod list_file;
mod master_keys;
mod outbox;
mod people;
mod people_file;
pub mod serve;
mod stock;
mod stock_file;
mod upgrade;
mod users;

use crate::cli::args::ServerCommand;
use crate::cli::failure::Failure;
use crate::cli::output::{Output, Text};
use crate::server::UpgradeOrder;

/// Carries a command of `cardwright server` out.
pub fn run(command: ServerCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ServerCommand::Init(args) => init::initialise(&args, output),
        ServerCommand::Backup { directory, file, passphrase_from } => {
            backup::backup(&directory, &file, passphrase_from.as_ref(), output)
        }
        ServerCommand::Restore { file, directory, passphrase_from, unauthenticated } => {
            backup::restore(&file, &directory, passphrase_from.as_ref(), unauthenticated, output)
        }
        ServerCommand::Upgrade { directory, backups, passphrase_from, records_saved } => {
            upgrade::run(&directory, UpgradeOrder { backups, records_saved }, passphrase_from.as_ref(), output)
        }
        ServerCommand::Ca(command) => ca::run(command, output),
        ServerCommand::Database(command) => database::run(command, output),
        ServerCommand::Config { directory } => config::show(&directory, output),
        ServerCommand::Openapi { virtual_directory } => {
            let document = crate::server::openapi(&virtual_directory);
            output.result(&document, || Text::document(&document))
        }
        ServerCommand::Masterkey(command) => master_keys::run(command, output),
        ServerCommand::Outbox(command) => outbox::outbox(command, output),
        ServerCommand::Mail(command) => outbox::mail(command, output),
        ServerCommand::Health(args) => health::run(&args, output),
        ServerCommand::Stock(command) => stock::run(command, output),
        ServerCommand::User(command) => users::user(command, output),
        ServerCommand::Directory(command) => directory::run(command, output),
        ServerCommand::Token(command) => users::token(command, output),
    }
}
