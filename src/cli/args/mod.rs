//! Everything that can be typed, a file a subject. The `///` of these types are help texts.
//!
//! Imports no other file of the command line: what is typed is carried out above.

mod activate;
#[cfg(feature = "server")]
mod audit;
mod config;
#[cfg(feature = "server")]
mod database;
#[cfg(feature = "server")]
mod demo;
mod desk;
mod doctor;
mod enrollment;
mod found;
#[cfg(feature = "kiosk")]
mod kiosk;
#[cfg(feature = "server")]
mod outbox;
mod request;
#[cfg(feature = "server")]
mod server;
mod source;
mod status;
#[cfg(feature = "server")]
mod stock;
mod template;
mod token;
mod unfinished;
#[cfg(feature = "farm")]
mod vcard;
mod which;

pub use activate::ActivateArgs;
#[cfg(feature = "server")]
pub use audit::{AuditAcceptArgs, AuditCommand, AuditExportArgs, AuditVerifyArgs};
pub use config::ConfigCommand;
#[cfg(feature = "server")]
pub use database::{DatabaseCommand, DatabaseReach};
#[cfg(feature = "server")]
pub use demo::DemoArgs;
pub use desk::{DeskArgs, DeskCommand, DeskResultsArgs, DeskResumeArgs, DeskRunArgs, PinWay};
pub use doctor::{DoctorArgs, LogonArgs};
pub use enrollment::{CourseArgs, EnrollArgs, KeyArgs, RenewArgs, RetireArgs, UnblockArgs};
pub use found::{
    AtHandArgs, CardCommand, CardFoundArgs, CardLendArgs, CardListArgs, CardLostArgs, CardReplaceArgs, CardReturnArgs,
    FoundArgs, PersonCommand, PersonLeaveArgs, ReportArgs, Reported,
};
#[cfg(feature = "kiosk")]
pub use kiosk::{KioskArgs, KioskBrowserArgs};
#[cfg(feature = "server")]
pub use outbox::{MailCommand, OutboxCommand};
pub use request::{
    ApprovalArgs, AwaitedArgs, DecisionArgs, RequestAnswerArgs, RequestCommand, RequestCreateArgs, RequestKind,
};
#[cfg(feature = "server")]
pub use server::{
    BearerCommand, CaCommand, DirectoryCommand, HealthArgs, IdentityArgs, MasterkeyCommand, ServeArgs, ServerCommand,
    ServerInitArgs, UserCommand,
};
pub use source::Source;
pub use status::{StatusArgs, WatchRule};
#[cfg(feature = "server")]
pub use stock::{CardKind, StockCommand};
pub use template::TemplateCommand;
pub use token::{InitArgs, TokenCommand};
pub use unfinished::{JournalCommand, ResumeArgs};
#[cfg(feature = "farm")]
pub use vcard::{VcardCommand, VcardCreateArgs, VcardKind, VcardRunArgs, WARNING};
pub use which::{PinArgs, PlaceArgs, ServerArgs, TokenArgs, WaitArgs};

use clap::{Parser, Subcommand, ValueHint};
use std::path::PathBuf;

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

/// Writes what stands below the options, with the exit codes of commands that only some builds have.
macro_rules! explained {
    ($($more:literal),*) => {
        concat!(
            "\
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
 11  doctor or server health found something that will not do",
            $($more,)*
            "

Where nobody reads the output any more the program ends quietly with 141, as shells tell SIGPIPE.",
        )
    };
}

/// Explains secrets' sources and exit codes, in `--help` and in the man pages.
#[cfg(feature = "server")]
pub const EXIT_CODES: &str = explained!(
    "\n 12  a server's log of acts is not whole",
    "\n 13  a server's database is not the one that the server remembers"
);
#[cfg(not(feature = "server"))]
pub const EXIT_CODES: &str = explained!();

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
    /// Show what is in the readers: whose it is, what is due, what waits, and the command that comes next.
    Status(StatusArgs),
    /// Go on with work on a card that was broken off, here or at another workstation.
    Resume(ResumeArgs),
    /// Look at the work on cards that is not finished.
    #[command(subcommand)]
    Journal(JournalCommand),
    /// Look at requests and decide on them.
    #[command(subcommand)]
    Request(RequestCommand),
    /// Look at cards: whose they are, what is on them, what happened to them.
    #[command(subcommand)]
    Card(CardCommand),
    /// Look at people and what they hold.
    #[command(subcommand)]
    Person(PersonCommand),
    /// Find whatever a name, UPN, e-mail address, serial, thumbprint or GUID names.
    Search(FoundArgs),
    /// Report to auditors and administrators: cards by state, what was issued, revoked, decided, recovered, and how many by month.
    Report(ReportArgs),
    /// Make your bearer token with the activation code that an administrator has given you.
    Activate(ActivateArgs),
    /// Look at the settings that hold at this computer.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Look at profile templates.
    #[command(subcommand)]
    Template(TemplateCommand),
    /// Put a list of people through the readers of this workstation.
    #[command(subcommand)]
    Desk(DeskCommand),
    /// Tell whether this computer and the cards in its readers are fit for an enrollment.
    Doctor(DoctorArgs),
    #[cfg(feature = "kiosk")]
    /// Serve this workstation's pages, at which people look after their own cards.
    Kiosk(KioskArgs),
    #[cfg(feature = "kiosk")]
    /// Show the kiosk's page on the whole screen, in a browser that is thrown away and shown anew whenever it ends.
    KioskBrowser(KioskBrowserArgs),
    #[cfg(feature = "farm")]
    /// Keep virtual cards and put them into readers, for trials and tests.
    #[command(subcommand)]
    Vcard(VcardCommand),
    #[cfg(feature = "server")]
    /// Run the CM server.
    Serve(ServeArgs),
    #[cfg(feature = "server")]
    /// Set a CM server up.
    #[command(subcommand)]
    Server(ServerCommand),
    #[cfg(feature = "server")]
    /// Check or export a server's log of acts.
    #[command(subcommand)]
    Audit(AuditCommand),
    #[cfg(feature = "server")]
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
