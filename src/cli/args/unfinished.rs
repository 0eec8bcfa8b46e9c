//! What can be typed after `journal` and `resume`.

use super::enrollment::KeyArgs;
use super::source::Source;
use super::which::{PinArgs, ServerArgs, TokenArgs, WaitArgs};
use clap::{Args, Subcommand};

#[derive(Subcommand)]
pub enum JournalCommand {
    /// List the work on cards that is not finished, and what else is in the journal, with what it means.
    List,
    /// Show unfinished work: what is done, what comes next, on which keys.
    Show {
        /// Whose work: a card's label or card id, or the id of the request.
        what: String,
    },
}

#[derive(Args)]
pub struct ResumeArgs {
    /// Which work: a card's label or card id, or the id of a request [default: that of the card in the reader].
    pub what: Option<String>,
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub wait: WaitArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Where the token's present SO PIN or admin key comes from, when neither server nor template knows it.
    #[arg(long, value_name = "SOURCE")]
    pub so_pin_from: Option<Source>,
    /// Where the card's present PUK comes from, when neither the server keeps it nor it is the one it came with.
    #[arg(long, value_name = "SOURCE")]
    pub puk_from: Option<Source>,
    /// Where the PIN to be set comes from [default: the PIN itself].
    #[arg(long, value_name = "SOURCE")]
    pub new_pin_from: Option<Source>,
    /// Replace keys and certificates that are where the new ones belong.
    #[arg(long)]
    pub replace: bool,
    /// Lose a key that may have to decrypt old messages, where the card cannot move it elsewhere.
    #[arg(long)]
    pub give_up_old_key: bool,
}
