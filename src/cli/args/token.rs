//! What can be typed after `token`.

use super::source::Source;
use super::which::{PinArgs, PlaceArgs, TokenArgs};
use clap::{Args, Subcommand, ValueHint};
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum TokenCommand {
    /// List the cards in readers, and the tokens of a PKCS#11 module if one is named or configured.
    List {
        #[arg(long, env = "CARDWRIGHT_MODULE", value_hint = ValueHint::FilePath)]
        module: Option<PathBuf>,
        #[command(flatten)]
        place: PlaceArgs,
    },
    /// Show a token: who it is, its retry counters, its keys and certificates.
    Info {
        #[command(flatten)]
        token: TokenArgs,
    },
    /// Make a blank token ready: a PKCS#11 token gets a label, an SO PIN and a PIN, a GIDS card its secrets and files, a
    /// PIV card an identity of its own.
    Init(InitArgs),
    /// Change the user's PIN.
    ChangePin {
        #[command(flatten)]
        token: TokenArgs,
        #[command(flatten)]
        pin: PinArgs,
        /// Where the new PIN comes from [default: env:CARDWRIGHT_NEW_PIN, else a prompt].
        #[arg(long, value_name = "SOURCE")]
        new_pin_from: Option<Source>,
    },
    /// Have a PIV card testify, by a certificate (PEM), that a key was made on it; only some cards can.
    Attest {
        /// The key reference: 9a, 9c, 9d, 9e or 82 to 95.
        key: String,
        #[command(flatten)]
        token: TokenArgs,
    },
}

#[derive(Args)]
pub struct InitArgs {
    #[arg(long, env = "CARDWRIGHT_MODULE", value_hint = ValueHint::FilePath)]
    pub module: Option<PathBuf>,
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The label a PKCS#11 token gets; cards have none.
    #[arg(long)]
    pub label: Option<String>,
    /// Initialise the token with this serial number, where several could be meant.
    #[arg(long)]
    pub serial: Option<String>,
    /// Where the SO PIN comes from [default: env:CARDWRIGHT_SO_PIN, else a prompt]; on a card the admin key's
    /// hexadecimal digits.
    #[arg(long, value_name = "SOURCE", conflicts_with = "default_admin_key")]
    pub so_pin_from: Option<Source>,
    /// Give it the SO PIN of a card fresh from the factory (the all-zero admin key), which enrollment replaces; on a PIV
    /// card, use the management key of the factory.
    #[arg(long)]
    pub default_admin_key: bool,
    /// Where the first PIN comes from; without it a PKCS#11 token gets none and enrollment sets it. A PIV card has one.
    #[arg(long, value_name = "SOURCE")]
    pub pin_from: Option<Source>,
    /// Erase a token that is already initialised; everything on it is lost. A PIV card is reset to the factory's state,
    /// where it offers that.
    #[arg(long, requires = "serial")]
    pub erase: bool,
}
