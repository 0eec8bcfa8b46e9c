//! How the workstation is set up.

use super::office::Office;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

/// Gives a start link to whoever shows the page.
pub type GiveLink = Box<dyn Fn(&str) -> io::Result<()> + Send + Sync>;

/// Says how the workstation is set up.
pub struct Settings {
    /// The port at 127.0.0.1; 0: one that is free.
    pub port: u16,
    /// Only readers with this in their names are served; `None`: all.
    pub reader: Option<String>,
    /// After how long without an act somebody is warned that the page will end.
    pub idle: Duration,
    /// How long the warning stands before that end. WCAG 2.2.1 asks for twenty seconds at least.
    pub warned: Duration,
    /// From how long before their end certificates are offered to be renewed.
    pub renew_within: time::Duration,
    /// The number of the help desk, as people are told it.
    pub help_desk: Option<String>,
    /// How the server is called.
    pub office: Office,
    /// Where the journal and the marks are kept.
    pub state: PathBuf,
    /// Gives a new link after somebody has left who signed in at the server's pages: whoever shows the page throws the browser away,
    /// with all that it is signed in to. `None`: the browser stays.
    pub give_link: Option<GiveLink>,
}
