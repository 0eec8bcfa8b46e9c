//! What can be typed after `server outbox` and `server mail`.

use crate::cm::outbox::STATES;
use clap::builder::PossibleValuesParser;
use clap::{Subcommand, ValueHint};
use std::path::PathBuf;
use uuid::Uuid;

#[derive(Subcommand)]
pub enum OutboxCommand {
    /// List the newest notices, what became of each, and why.
    List {
        /// The server's directory.
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// Only those.
        #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
        state: Option<String>,
    },
    /// Have notices sent now that wait or were given up.
    Retry {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// As "server outbox list" shows them.
        #[arg(required = true)]
        notices: Vec<Uuid>,
    },
    /// Have notices that wait sent no more.
    Discard {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        /// As "server outbox list" shows them.
        #[arg(required = true)]
        notices: Vec<Uuid>,
    },
}

#[derive(Subcommand)]
pub enum MailCommand {
    /// Say whether the texts of notices, the mail server's settings and the webhooks can be used.
    Check {
        /// The server's directory.
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
    },
    /// Send one mail to an address now, past the outbox.
    Test {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
        address: String,
    },
}
