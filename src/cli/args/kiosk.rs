//! What can be typed after `kiosk` and `kiosk-browser`.

use super::which::ServerArgs;
use clap::{Args, ValueHint};
use std::path::PathBuf;

/// Serves this workstation's pages on loopback, for people who look after their own cards.
#[derive(Args)]
pub struct KioskArgs {
    #[command(flatten)]
    pub server: ServerArgs,
    /// Tell whether this workstation can serve as a kiosk, and end.
    #[arg(long)]
    pub check: bool,
    /// The port at 127.0.0.1; 0: one that is free.
    #[arg(long, default_value_t = 8739)]
    pub port: u16,
    /// Write the link by which one browser is let in, once, into this file, for its owner alone, instead of printing it.
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub start_link: Option<PathBuf>,
    /// Write a new link when the browser has ended, and after somebody has left who signed in at the server's pages, and serve the old
    /// browser no more: what shows the page throws that away, with all that it is signed in to (`cardwright kiosk-browser` does).
    #[arg(long, requires = "start_link")]
    pub renew_link: bool,
    /// Let whoever may read FILE already read each link, in place of its owner alone: FILE is there, and is emptied at the end.
    #[arg(long, requires = "start_link")]
    pub keep_readers: bool,
    /// Serve only readers with this part in their names.
    #[arg(long, value_name = "NAME", env = "CARDWRIGHT_READER")]
    pub reader: Option<String>,
    /// Ask whether somebody is still there after so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u32).range(2..=3600))]
    pub idle: u32,
    /// End all that is open where nobody has answered for so many seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u32).range(20..=600))]
    pub idle_warning: u32,
    /// Offer to renew certificates so many days before they end.
    #[arg(long, value_name = "DAYS", default_value_t = 42, value_parser = clap::value_parser!(u32).range(0..=3650))]
    pub renew_days: u32,
    /// The help desk's telephone number, as people are to call it.
    #[arg(long, value_name = "NUMBER", env = "CARDWRIGHT_HELP_DESK")]
    pub help_desk: Option<String>,
}

/// Shows the kiosk's page to whoever stands at this screen.
#[derive(Args)]
pub struct KioskBrowserArgs {
    /// The file in which the kiosk gives its links; this user may read it.
    #[arg(long, value_name = "FILE", env = "CARDWRIGHT_KIOSK_LINK", value_hint = ValueHint::FilePath)]
    pub start_link: PathBuf,
    /// Use this browser, which is made of Chromium, in place of the first that is found.
    #[arg(long, value_name = "PROGRAM", value_hint = ValueHint::ExecutablePath)]
    pub browser: Option<PathBuf>,
}
