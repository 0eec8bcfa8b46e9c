//! What can be typed after `enroll`, `renew`, `unblock` and `retire`.

use super::source::Source;
use super::which::{PinArgs, ServerArgs, TokenArgs, WaitArgs};
use crate::cm::acts::LOST;
use clap::{Args, ValueHint};
use std::path::PathBuf;
use uuid::Uuid;

#[derive(Args)]
pub struct KeyArgs {
    /// Write private keys that the server sends to this file too, as PKCS#12, the second to FILE.2 and so on; owner only.
    /// Without it they go onto the token alone, or nothing is completed.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pfx_to: Option<PathBuf>,
    /// Where the password of that file comes from.
    #[arg(long, value_name = "SOURCE", requires = "pfx_to")]
    pub pfx_password_from: Option<Source>,
}

/// Which request is meant, and what is done where another one is open or approval is waited for.
#[derive(Args, Default)]
pub struct CourseArgs {
    /// Go on with this request, made elsewhere. Every type that puts keys on a card is carried out by `enroll`.
    #[arg(long)]
    pub request: Option<Uuid>,
    /// Make a request even where another one is open for the same person or card.
    #[arg(long, conflicts_with = "request")]
    pub another: bool,
    #[command(flatten)]
    pub wait: WaitArgs,
}

#[derive(Args)]
pub struct EnrollArgs {
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// The profile template, by name or UUID [default: the only one for smart cards].
    #[arg(long)]
    pub template: Option<String>,
    /// Enroll for this user instead of yourself: by name, or by GUID (the only way at a MIM CM).
    #[arg(long)]
    pub target: Option<String>,
    #[command(flatten)]
    pub course: CourseArgs,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// A data item the template asks for.
    #[arg(long = "data", value_name = "NAME=VALUE")]
    pub data: Vec<String>,
    /// Where the token's present SO PIN comes from, when it is not the template's default admin key.
    #[arg(long, value_name = "SOURCE")]
    pub so_pin_from: Option<Source>,
    /// Where the card's present PUK comes from, when it is not the one it came with.
    #[arg(long, value_name = "SOURCE")]
    pub puk_from: Option<Source>,
    /// Where the PIN to be set comes from, on a token that has none yet [default: the PIN itself].
    #[arg(long, value_name = "SOURCE")]
    pub new_pin_from: Option<Source>,
    /// Replace keys and certificates that are where the new ones belong.
    #[arg(long)]
    pub replace: bool,
    /// With --replace: lose a key that may have to decrypt old messages, where the card cannot move it elsewhere.
    #[arg(long, requires = "replace")]
    pub give_up_old_key: bool,
}

#[derive(Args)]
pub struct RenewArgs {
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub course: CourseArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
    /// Where the token's present SO PIN or admin key comes from, when neither server nor template knows it.
    #[arg(long, value_name = "SOURCE")]
    pub so_pin_from: Option<Source>,
    /// Replace also what is where the new keys belong and is not of this card's record.
    #[arg(long)]
    pub replace: bool,
    /// Lose a key that may have to decrypt old messages, where the card cannot move it elsewhere.
    #[arg(long)]
    pub give_up_old_key: bool,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
}

#[derive(Args)]
pub struct UnblockArgs {
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub course: CourseArgs,
    /// Where the new PIN comes from [default: env:CARDWRIGHT_NEW_PIN, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub new_pin_from: Option<Source>,
    /// Where the card's PUK comes from, when the server does not keep it.
    #[arg(long, value_name = "SOURCE")]
    pub puk_from: Option<Source>,
    /// Spend the last try of the SO PIN or PUK, if it comes to that.
    #[arg(long)]
    pub spend_last_try: bool,
    /// By challenge and response read out to a help desk, without reaching the server.
    #[arg(long)]
    pub offline: bool,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
}

#[derive(Args)]
pub struct RetireArgs {
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub course: CourseArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    /// Where the token's present SO PIN or admin key comes from, when neither server nor template knows it.
    #[arg(long, value_name = "SOURCE")]
    pub so_pin_from: Option<Source>,
    /// The token is gone: retire the card with this UUID at the server only. What names a token is passed over.
    #[arg(long, value_name = "SMARTCARD-UUID")]
    pub lost: Option<Uuid>,
    /// With --lost: why it is missing, in the words of its template.
    #[arg(long, value_name = "NAME", default_value = LOST, requires = "lost")]
    pub reason: String,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
}
