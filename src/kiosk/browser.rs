//! Shows the kiosk's page in a browser of its own on the whole screen, for the user whose screen it is, who need not be the kiosk's.

use crate::platform::{directory, process};
use serde_json::json;
use std::io::{self, BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use zeroize::Zeroizing;

/// Names the browsers that are looked for, the best known first.
pub const BROWSERS: [&str; 5] = ["chromium", "chromium-browser", "google-chrome", "chrome", "msedge"];
/// Is what every link begins with: another computer's page is not shown.
const OWN: &str = "http://127.0.0.1:";
/// Bounds what is read of a file that should hold a link, in bytes.
const LONGEST: u64 = 256;
/// Sets how often the link and the browser are looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Sets how long a browser must have run for the next to come at once; else there is a wait, so that one that cannot run keeps no
/// processor busy.
const SOUND: Duration = Duration::from_secs(10);
/// Bounds the wait for an answer of the kiosk, and for a browser's files to be let go of.
const ANSWERS: Duration = Duration::from_secs(10);

/// Has it fill the screen, keep nothing, and call nobody.
const ARGUMENTS: [&str; 11] = [
    "--kiosk",
    "--edge-kiosk-type=fullscreen",
    "--no-first-run",
    "--no-default-browser-check",
    "--disable-sync",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-features=Translate,MediaRouter,AutofillServerCommunication",
    "--password-store=basic",
    "--hide-crash-restore-bubble",
];

/// Says what is shown where.
pub struct Screen {
    /// The file in which the kiosk gives its links.
    pub link: PathBuf,
    /// A Chromium, or a browser that is made of one.
    pub browser: PathBuf,
    /// A directory of the browser's own, which is thrown away with it: nothing of one person is there for the next.
    pub profile: PathBuf,
}

/// Says why nothing is shown any more.
#[derive(Debug, thiserror::Error)]
pub enum ShowError {
    #[error("{} does not name a page of this computer", link.display())]
    Foreign { link: PathBuf },
    #[error("{} cannot be started", browser.display())]
    Browser { browser: PathBuf, source: io::Error },
    #[error("{} cannot be emptied and made again", profile.display())]
    Profile { profile: PathBuf, source: io::Error },
    #[error("the kiosk gives no further link")]
    NoFurtherLink,
}

impl Screen {
    /// Shows the page until `is_over`: again whenever the browser has ended or the kiosk has given another link.
    pub fn show(&self, is_over: &dyn Fn() -> bool) -> Result<(), ShowError> {
        while !is_over() {
            // Without a link that this user may read the kiosk is not up yet.
            let Some(link) = self.read() else {
                std::thread::sleep(LOOK);
                continue;
            };
            if !link.starts_with(OWN) {
                return Err(ShowError::Foreign { link: self.link.clone() });
            }
            let (mut shown, since) = (Shown(self.begin(&link)?), Instant::now());
            let has_ended = loop {
                std::thread::sleep(LOOK);
                let has_ended = shown.has_ended();
                if is_over() || has_ended || self.read().is_some_and(|now| now != link) {
                    break has_ended;
                }
            };
            drop(shown);
            if has_ended && !is_over() {
                wait_until(since + SOUND, is_over);
                // A kiosk that cannot write a link may be able to a little later: its log says why.
                while !ask_again(&link)? && !is_over() {
                    wait_until(Instant::now() + SOUND, is_over);
                }
            }
        }
        self.throw_away()
    }

    /// Reads the link; `None` while there is none.
    fn read(&self) -> Option<Zeroizing<String>> {
        let file = std::fs::File::open(&self.link).ok()?;
        let mut line = Zeroizing::new(String::new());
        BufReader::new(file.take(LONGEST)).read_line(&mut line).ok()?;
        let length = line.trim_end().len();
        line.truncate(length);
        (!line.is_empty()).then_some(line)
    }

    /// Starts the browser with a profile that knows nothing.
    fn begin(&self, link: &str) -> Result<Child, ShowError> {
        self.throw_away()?;
        let mut command = Command::new(&self.browser);
        command.arg(format!("--user-data-dir={}", self.profile.display())).args(ARGUMENTS);
        if process::ARGUMENTS_ARE_SEEN {
            // From a page of ours that leads there the browser would hold its cookie back (SameSite=Strict).
            let first = json!({ "session": { "restore_on_startup": 4, "startup_urls": [link] } });
            let settings = self.profile.join("Default");
            let written = directory::make_with_parents(&settings)
                .and_then(|()| std::fs::write(settings.join("Preferences"), first.to_string()));
            written.map_err(|source| ShowError::Profile { profile: self.profile.clone(), source })?;
        } else {
            command.arg(link);
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        command.spawn().map_err(|source| ShowError::Browser { browser: self.browser.clone(), source })
    }

    /// Removes the profile, until it stays so: what the browser has started writes there for a moment after its end.
    fn throw_away(&self) -> Result<(), ShowError> {
        let until = Instant::now() + ANSWERS;
        loop {
            let removed = match std::fs::remove_dir_all(&self.profile) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
                removed => removed,
            };
            if Instant::now() > until {
                let source = removed.err().unwrap_or_else(|| io::ErrorKind::ResourceBusy.into());
                return Err(ShowError::Profile { profile: self.profile.clone(), source });
            }
            std::thread::sleep(LOOK);
        }
    }
}

/// Is the browser that is shown; it ends with this.
struct Shown(Child);

impl Shown {
    fn has_ended(&mut self) -> bool {
        // Whose end the system does not tell of is taken to run: it is ended in any case before the next begins.
        matches!(self.0.try_wait(), Ok(Some(_)))
    }
}

impl Drop for Shown {
    fn drop(&mut self) {
        // It has ended already, or does now.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Tells the kiosk that the browser has ended which came by this link, and asks for another: by then that one stands in the file, or
/// this one still opens the page. A kiosk that cannot be reached gives another when it starts. `false`: it could not write one.
fn ask_again(link: &str) -> Result<bool, ShowError> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .timeout_global(Some(ANSWERS))
        .proxy(None)
        .max_redirects(0)
        .http_status_as_error(false)
        .build()
        .into();
    let Ok(answer) = agent.post(link).send_empty() else { return Ok(true) };
    match answer.status() {
        ureq::http::StatusCode::CONFLICT => Err(ShowError::NoFurtherLink),
        status => Ok(status != ureq::http::StatusCode::SERVICE_UNAVAILABLE),
    }
}

fn wait_until(then: Instant, is_over: &dyn Fn() -> bool) {
    while Instant::now() < then && !is_over() {
        std::thread::sleep(LOOK);
    }
}
