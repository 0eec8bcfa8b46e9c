//! How the workstation is set up.

use super::office::Office;
use std::path::PathBuf;
use std::time::Duration;

/// Says how the workstation is set up.
pub struct Settings {
    /// The port at 127.0.0.1; 0: one that is free.
    pub port: u16,
    /// Only readers with this in their names are served; `None`: all.
    pub reader: Option<String>,
    /// After how long without an act somebody is warned that the page will end.
    pub idle: Duration,
    /// From how long before their end certificates are offered to be renewed.
    pub renew_within: time::Duration,
    /// The number of the help desk, as people are told it.
    pub help_desk: Option<String>,
    /// How the server is called.
    pub office: Office,
    /// Where the journal and the marks are kept.
    pub state: PathBuf,
}
