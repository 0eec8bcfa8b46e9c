//! What can be typed after `config`.

use clap::Subcommand;

#[derive(Subcommand)]
pub enum ConfigCommand {
    /// Show which settings hold at this computer for you, and what says so.
    Show,
}
