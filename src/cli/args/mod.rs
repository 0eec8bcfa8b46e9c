//! What can be typed.

mod audit;
mod request;
mod server;
mod which;

pub use audit::{AuditCommand, AuditExportArgs, AuditVerifyArgs};
pub use request::{DecisionArgs, RequestArgs, RequestCommand};
pub use server::{BearerCommand, CaCommand, MasterkeyCommand, ServeArgs, ServerCommand, ServerInitArgs, UserCommand};
pub use which::{PlaceArgs, ServerArgs, TokenArgs};

use super::secrets::Source;
use clap::{Args, Parser, Subcommand, ValueHint};
use std::path::PathBuf;
use uuid::Uuid;

/// Brings smart cards and hardware tokens to life and keeps them alive.
#[derive(Parser)]
#[command(name = "cardwright", version, max_term_width = 100, arg_required_else_help = true, after_help = EXIT_CODES)]
pub struct Cli {
    /// Print one JSON document instead of text (progress stays on standard error).
    #[arg(long, global = true)]
    pub json: bool,
    #[command(subcommand)]
    pub command: Command,
}

/// Listed in `--help` and in the man pages.
pub const EXIT_CODES: &str = "\
Secrets are never given as arguments: each is named by its source, which is one of
prompt, stdin (one line a secret, in the order they are needed), fd:N, file:PATH or env:NAME.

Exit codes:
  0  done
  1  an unforeseen failure
  2  the command line or a configuration file is wrong
  3  no token, or more than one, fits what was asked for
  4  a PIN, PUK or SO PIN was refused, is locked, or its last try was kept
  5  the server could not be reached or did not answer as a CM server does
  6  the server refused
  7  the request waits for approval; run the same command again later
  8  the token failed, is full, or was removed
  9  a certificate or response could not be accepted
 10  the local journal could not be read or written
 11  doctor found something that will not do
 12  a server's log of acts is not whole";

#[derive(Subcommand)]
pub enum Command {
    /// Look at tokens and prepare them.
    #[command(subcommand)]
    Token(TokenCommand),
    /// Make a key on the token, have it certified, and install the certificate.
    Enroll(EnrollArgs),
    /// Replace the token's certificate by a fresh one on a new key.
    Renew(RenewArgs),
    /// Set a new PIN for a forgotten or locked one.
    Unblock(UnblockArgs),
    /// End the token's life with this server: revoke, and delete what was made.
    Retire(RetireArgs),
    /// Look at requests and decide on them.
    #[command(subcommand)]
    Request(RequestCommand),
    /// Look at profile templates.
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Tell whether this computer and the cards in its readers are fit for an enrollment.
    Doctor(super::doctor::DoctorArgs),
    /// Keep virtual cards and put them into readers, for trials and tests.
    #[command(subcommand)]
    Vcard(super::vcard::VcardCommand),
    /// Run the CM server.
    Serve(ServeArgs),
    /// Set a CM server up.
    #[command(subcommand)]
    Server(ServerCommand),
    /// Check or export a server's log of acts.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Show the whole job on a software token and a server of its own, then clean up.
    Demo(DemoArgs),
    /// Print completions for a shell.
    Completions { shell: clap_complete::Shell },
    /// Write the man pages into a directory.
    Man {
        #[arg(value_hint = ValueHint::DirPath)]
        directory: PathBuf,
    },
}

/// Where the user's PIN comes from, and whether its last try may be spent.
#[derive(Args, Clone)]
pub struct PinArgs {
    /// Where the PIN comes from [default: env:CARDWRIGHT_PIN, else a prompt].
    #[arg(long, value_name = "SOURCE")]
    pub pin_from: Option<Source>,
    /// Spend the last try of a secret, if it comes to that.
    #[arg(long)]
    pub spend_last_try: bool,
}

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

#[derive(Args)]
pub struct KeyArgs {
    /// Write private keys that the server sends to this file as PKCS#12, the second to FILE.2 and so on; owner only.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub pfx_to: Option<PathBuf>,
    /// Where the password of that file comes from.
    #[arg(long, value_name = "SOURCE", requires = "pfx_to")]
    pub pfx_password_from: Option<Source>,
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
    /// Enroll for this user (by name) instead of yourself.
    #[arg(long)]
    pub target: Option<String>,
    /// Go on with this request, made elsewhere.
    #[arg(long)]
    pub request: Option<Uuid>,
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
}

#[derive(Args)]
pub struct RenewArgs {
    #[command(flatten)]
    pub token: TokenArgs,
    #[command(flatten)]
    pub server: ServerArgs,
    #[command(flatten)]
    pub pin: PinArgs,
    #[command(flatten)]
    pub keys: KeyArgs,
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
    pub pin: PinArgs,
    /// The token is gone: retire the card with this UUID at the server only. What names a token is passed over.
    #[arg(long, value_name = "SMARTCARD-UUID")]
    pub lost: Option<Uuid>,
    /// A comment for those who approve.
    #[arg(long, default_value = "")]
    pub comment: String,
    /// Do not ask for confirmation.
    #[arg(long)]
    pub yes: bool,
}

#[derive(Subcommand)]
pub enum TemplateCommand {
    /// List the profile templates you may use.
    List {
        #[command(flatten)]
        server: ServerArgs,
    },
    /// Check template files: every problem and what looks unintended, with file, line and column.
    Check {
        /// A template file, or a directory of them.
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
    },
    /// Write a template out of a MIM CM template's JSON: its view, configuration, key orders and policies.
    Import {
        /// Files with the bodies of MIM's REST calls, or with an object of them; "NAME=FILE" says which workflow a policy is of.
        #[arg(required = true, value_hint = ValueHint::FilePath)]
        files: Vec<String>,
        /// Write the template here instead of on standard output; a file that exists is not overwritten.
        #[arg(long, value_hint = ValueHint::FilePath)]
        out: Option<PathBuf>,
    },
    /// Show a template's smart card configuration and policies.
    Show {
        /// By name or UUID.
        template: String,
        #[command(flatten)]
        server: ServerArgs,
    },
}

#[derive(Args)]
pub struct DemoArgs {
    /// The SoftHSM module.
    #[arg(long, default_value = "/usr/lib/softhsm/libsofthsm2.so", value_hint = ValueHint::FilePath)]
    pub module: PathBuf,
    /// Keep the demo's directory for a look afterwards.
    #[arg(long)]
    pub keep: bool,
}
