//! The operator's command line: parses, asks, renders; decides nothing that [`crate::enrollment`] should decide.
//!
//! In: arguments, secrets from their sources. Out: text or one JSON document on standard output, progress on standard
//! error, an exit code of [`args::EXIT_CODES`]. The only room that prints or asks.

mod accounts;
pub mod args;
mod audit;
mod backup;
mod card;
mod complete;
mod demo;
mod doctor;
mod enroll;
mod failure;
mod masterkey;
mod output;
mod pfx;
mod request;
mod request_answer;
mod request_create;
mod seat;
mod secrets;
mod server;
mod server_ca;
mod settings;
mod template;
mod template_file;
mod token;
mod token_document;
mod vcard;

use crate::platform::memory;
use args::{Cli, Command};
use clap::Parser;
use failure::{Exit, Failure};
use output::Output;
use std::process::ExitCode;

/// Runs the program and returns its exit code.
pub fn main() -> ExitCode {
    // Secrets pass through this process: neither a core dump nor a debugger of the same user may see them.
    memory::forbid_dumps();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return misread(&error),
    };
    let output = Output::new(cli.json);
    match run(cli.command, &output) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.exit() as u8)
        }
    }
}

/// Tells what is wrong with the command line, also where a script asked for JSON; help and version are no mistakes.
fn misread(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let message = text.strip_prefix("error: ").unwrap_or(&text).trim_end();
        let failure =
            Failure::new("usage", Exit::Usage, message).remedy("`cardwright --help` shows what can be typed.");
        Output::new(true).failure(&failure);
        return ExitCode::from(Exit::Usage as u8);
    }
    // Nobody is left to be told that nothing can be printed.
    let _ = error.print();
    ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { 0 })
}

fn run(command: Command, output: &Output) -> Result<(), Failure> {
    match command {
        Command::Token(command) => token::run(command, output),
        Command::Enroll(args) => enroll::enroll(&args, output),
        Command::Renew(args) => enroll::renew(&args, output),
        Command::Unblock(args) => enroll::unblock(&args, output),
        Command::Retire(args) => enroll::retire(&args, output),
        Command::Request(command) => request::run(command, output),
        Command::Template(command) => template::run(command, output),
        Command::Vcard(command) => vcard::run(command, output),
        Command::Serve(args) => server::serve(&args, output),
        Command::Server(command) => server::run(command, output),
        Command::Audit(command) => audit::run(command, output),
        Command::Doctor(args) => doctor::run(&args, output),
        Command::Demo(args) => demo::run(&args, output),
        Command::Completions { shell } => {
            complete::completions(shell);
            Ok(())
        }
        Command::Man { directory } => complete::man_pages(&directory, output),
    }
}
