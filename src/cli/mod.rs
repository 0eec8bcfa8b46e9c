//! The operator's command line: parses, asks, renders; decides nothing that [`crate::enrollment`] should decide.
//!
//! In: arguments, secrets from their sources. Out: text or one JSON document on standard output, progress on standard
//! error, an exit code of `args::EXIT_CODES`. The only room that prints or asks.
//!
//! `args` holds everything that can be typed. Each subject carries its commands out in a folder or file of its own
//! and imports no other subject. What several of them need (connection, prompts, output, secrets, settings, failures)
//! is a file each, here. All that is printed goes through `output`.

pub mod activate;
mod args;
mod complete;
mod config;
mod connection;
mod data_item;
#[cfg(feature = "server")]
mod demo;
mod desk;
mod doctor;
mod enrollment;
mod failure;
mod found;
#[cfg(feature = "kiosk")]
mod kiosk;
#[cfg(feature = "kiosk")]
mod kiosk_browser;
mod output;
mod prompt;
mod request;
mod review;
mod seat;
mod secrets;
#[cfg(feature = "server")]
mod server;
mod settings;
mod shown;
#[cfg(feature = "kiosk")]
mod start_link;
mod status;
mod template;
mod token;
mod unfinished;
#[cfg(feature = "farm")]
mod vcard;

use crate::platform::memory;
use crate::reader;
use args::{Cli, Command};
use clap::Parser;
use failure::{Exit, Failure};
use output::Output;
use std::process::ExitCode;
use std::time::Duration;

/// Bounds the wait for threads that are about to let go of readers and cards.
const FAREWELL: Duration = Duration::from_secs(5);

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    // Secrets pass through this process: neither a core dump nor a debugger of the same user may see them.
    memory::forbid_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let output = Output::new(cli.json);
    let code = match run(cli.command, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit())
        }
    };
    // A driver that hangs does not hold up the end for ever.
    let _ = reader::let_go_within(FAREWELL);
    code
}

/// Reports what is wrong with the command line, as JSON where `--json` was given, and returns the exit code. Clap gives
/// help and version as errors too; they are printed and end with 0.
fn misread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        let failure =
            Failure::new("usage", Exit::Usage, message).remedy("`cardwright --help` shows what can be typed.");
        Output::new(true).failure(&failure);
        return ExitCode::from(Exit::Usage as u8);
    }
    match output::usage(error) {
        Ok(()) if error.use_stderr() => ExitCode::from(Exit::Usage as u8),
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            Output::new(false).failure(&failure);
            ExitCode::from(failure.exit())
        }
    }
}

fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Token(command) => token::run(command, output),
        Command::Enroll(args) => enrollment::enroll(&args, output),
        Command::Renew(args) => enrollment::renew(&args, output),
        Command::Unblock(args) => enrollment::unblock(&args, output),
        Command::Retire(args) => enrollment::retire(&args, output),
        Command::Status(args) => status::run(&args, output),
        Command::Resume(args) => unfinished::resume(&args, output),
        Command::Journal(command) => unfinished::journal(command, output),
        Command::Request(command) => request::run(command, output),
        Command::Card(command) => found::card(command, output),
        Command::Person(command) => found::person(command, output),
        Command::Search(args) => found::search(&args, output),
        Command::Report(args) => found::report(&args, output),
        Command::Activate(args) => activate::run(&args, output),
        Command::Config(command) => config::run(command, output),
        Command::Template(command) => template::run(command, output),
        #[cfg(feature = "farm")]
        Command::Vcard(command) => vcard::run(command, output),
        #[cfg(feature = "server")]
        Command::Serve(args) => server::serve::serve(&args, output),
        #[cfg(feature = "server")]
        Command::Server(command) => server::run(command, output),
        #[cfg(feature = "server")]
        Command::Audit(command) => server::audit::run(command, output),
        Command::Desk(command) => desk::run(command, output),
        Command::Doctor(args) => doctor::run(&args, output),
        #[cfg(feature = "kiosk")]
        Command::Kiosk(args) => kiosk::run(&args, output),
        #[cfg(feature = "kiosk")]
        Command::KioskBrowser(args) => kiosk_browser::run(&args, output),
        #[cfg(feature = "server")]
        Command::Demo(args) => demo::run(&args, output),
        Command::Completions { shell } => complete::completions(shell),
        Command::Man { directory } => complete::man_pages(&directory, output),
    }
}
