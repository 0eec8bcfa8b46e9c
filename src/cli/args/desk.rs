//! What can be typed after `desk`.

use super::which::{ServerArgs, WaitArgs};
use clap::{Args, Subcommand, ValueEnum, ValueHint};
use std::path::PathBuf;
use uuid::Uuid;

#[derive(Subcommand)]
pub enum DeskCommand {
    /// Enroll the people of a list, or what is approved at the server, in as many readers as there are.
    Run(DeskRunArgs),
    /// Go on with a run, of this workstation or another.
    Resume(DeskResumeArgs),
    /// List the runs of this computer.
    List,
    /// Write what a run of this computer has come to: CSV, JSON, and a page to print.
    Results(DeskResultsArgs),
    /// Wipe letters that were printed.
    Letters {
        /// The directory in which the letters are.
        #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
        printed: PathBuf,
    },
}

#[derive(Args)]
pub struct DeskResultsArgs {
    pub run: Uuid,
    /// The directory to write them into.
    #[arg(long, value_name = "DIRECTORY", default_value = ".", value_hint = ValueHint::DirPath)]
    pub to: PathBuf,
    /// Have the server confirm and sign them, as an act of its log; `openssl cms -verify` reads the signature.
    #[arg(long)]
    pub sign: bool,
    #[command(flatten)]
    pub server: ServerArgs,
}

#[derive(Args)]
pub struct DeskRunArgs {
    /// The list: CSV with the column person, and template, serial, card-id, comment, data.NAME where they are wanted.
    #[arg(required_unless_present = "from_queue", value_hint = ValueHint::FilePath)]
    pub list: Option<PathBuf>,
    /// Carry out the enrollments that are approved at the server instead, as far as you may.
    #[arg(long, conflicts_with = "list")]
    pub from_queue: bool,
    /// The profile template of rows that name none [default: the only one for smart cards; with --from-queue: any].
    #[arg(long)]
    pub template: Option<String>,
    /// Begin another run, even if the same list has run before: everybody gets one more card.
    #[arg(long, requires = "list")]
    pub anew: bool,
    #[command(flatten)]
    pub way: DeskArgs,
}

#[derive(Args)]
pub struct DeskResumeArgs {
    /// The run, as the program has told it.
    pub run: Uuid,
    #[command(flatten)]
    pub way: DeskArgs,
}

/// How the desk works.
#[derive(Args)]
pub struct DeskArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// How a card gets its PIN.
    #[arg(long)]
    pub pin: PinWay,
    /// Print PIN letters on this printer, straight through `lp`.
    #[arg(long, value_name = "NAME", conflicts_with = "letters")]
    pub printer: Option<String>,
    /// Write PIN letters into this directory, for you alone; `desk letters --printed` wipes them.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub letters: Option<PathBuf>,
    #[command(flatten)]
    pub wait: WaitArgs,
    /// Ring when a card is done, refused, or waits for somebody.
    #[arg(long)]
    pub sound: bool,
    /// End the run when nothing has happened for so many minutes.
    #[arg(long, value_name = "MINUTES", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub idle: u32,
    /// Show the run as a page in the browser of this workstation, on loopback; PINs are typed there.
    #[cfg(feature = "kiosk")]
    #[arg(long)]
    pub page: bool,
    /// The port of the page at 127.0.0.1; 0: one that is free.
    #[cfg(feature = "kiosk")]
    #[arg(long, default_value_t = 0, requires = "page")]
    pub port: u16,
    /// Write the link by which one browser is let in, once, into this file, for its owner alone, instead of printing it.
    #[cfg(feature = "kiosk")]
    #[arg(long, value_name = "FILE", requires = "page", value_hint = ValueHint::FilePath)]
    pub start_link: Option<PathBuf>,
    /// Write the results into this directory at the end.
    #[arg(long, value_name = "DIRECTORY", value_hint = ValueHint::DirPath)]
    pub results: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PinWay {
    /// Nobody learns it: the holder opens the card with a one-time password, and chooses one.
    HandOver,
    /// The holder types it at the desk.
    Now,
    /// A random one, in a letter.
    Letter,
}
