//! What can be typed after `status`.

use super::which::{PinArgs, PlaceArgs, ServerArgs};
use clap::{Args, ValueEnum, ValueHint};
use std::path::PathBuf;

/// Names what is done with a card that is put in while `status --watch` runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WatchRule {
    /// Show it, and change nothing.
    Show,
    /// Show it, and renew its certificates if that is due.
    RenewWhenDue,
}

#[derive(Args)]
pub struct StatusArgs {
    /// The PKCS#11 module (a shared library) whose tokens are shown as well.
    #[arg(long, env = "CARDWRIGHT_MODULE", value_hint = ValueHint::FilePath)]
    pub module: Option<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    /// Ask no server: whose a card is and when it ends is told by its certificates.
    #[arg(long)]
    pub offline: bool,
    /// Go on watching the readers, and show each card that is put in; Ctrl-C ends it.
    ///
    /// With --json each card is one document on a line of its own. Tokens of a PKCS#11 module are not watched.
    #[arg(long)]
    pub watch: bool,
    /// What is done with a card that is put in, one card after the other.
    #[arg(long, value_enum, default_value_t = WatchRule::Show, requires = "watch", conflicts_with = "offline")]
    pub rule: WatchRule,
    #[command(flatten)]
    pub pin: PinArgs,
}
