//! `cardwright kiosk-browser`: shows the kiosk's page on the whole screen until a signal ends it.

use super::args::KioskBrowserArgs;
use super::failure::{Exit, Failure};
use super::output::Output;
use super::settings::state_directory;
use crate::kiosk::{BROWSERS, Screen, ShowError};
use crate::platform::lock::{Lock, LockError};
use crate::platform::signal::EndSignals;
use crate::platform::{directory, places};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Shows the page. One at a time does so for a user: two would throw each other's browsers away.
pub fn run(args: &KioskBrowserArgs, output: &Output) -> Result<(), Failure> {
    let found = || places::programs(&BROWSERS).into_iter().find(|program| program.is_file());
    let browser = args.browser.clone().or_else(found).ok_or_else(|| {
        let message = format!("no browser was found: {}", BROWSERS.join(", "));
        Failure::new("no-browser", Exit::Usage, message)
            .remedy("Install Chromium, or name a browser made of it by --browser.")
    })?;
    let state = state_directory()?;
    let _held = held(&state)?;
    let screen = Screen { link: args.start_link.clone(), browser, profile: state.join("kiosk-browser") };
    output.tell(&format!("showing the page of {} in {}", screen.link.display(), screen.browser.display()));
    shown(screen).map_err(|error| not_shown(&error))
}

fn held(state: &Path) -> Result<Lock, Failure> {
    let file = state.join("kiosk-browser.lock");
    let taken = directory::make_with_parents(state).map_err(LockError::Open).and_then(|()| Lock::take(&file, 1));
    taken.map_err(|error| match error {
        LockError::Held => Failure::new("kiosk-browser-runs", Exit::LocalState, "the kiosk's page is shown already")
            .remedy("End the other `cardwright kiosk-browser` of this user."),
        LockError::Open(source) | LockError::Failed(source) => {
            Failure::from_error("journal-directory", Exit::LocalState, &source)
                .remedy("Set CARDWRIGHT_STATE to a directory of your own.")
        }
    })
}

/// Shows it on a thread of its own, while signals are waited for here.
fn shown(screen: Screen) -> Result<(), Ended> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(Ended::System)?;
    runtime.block_on(async {
        let mut signals = EndSignals::take_over().and_then(EndSignals::with_hangup).map_err(Ended::System)?;
        let is_over = Arc::new(AtomicBool::new(false));
        let asked = Arc::clone(&is_over);
        let mut showing = tokio::task::spawn_blocking(move || screen.show(&|| asked.load(Ordering::Relaxed)));
        let ended = tokio::select! {
            ended = &mut showing => ended,
            () = signals.comes() => {
                is_over.store(true, Ordering::Relaxed);
                showing.await
            }
        };
        ended.map_err(|_| Ended::System(std::io::ErrorKind::Other.into()))?.map_err(Ended::Show)
    })
}

/// Says why it has ended.
enum Ended {
    Show(ShowError),
    System(std::io::Error),
}

fn not_shown(ended: &Ended) -> Failure {
    let error = match ended {
        Ended::Show(error) => error,
        Ended::System(error) => {
            return Failure::from_error("kiosk", Exit::Other, error).remedy("Start it again.");
        }
    };
    let (code, exit, remedy) = match error {
        ShowError::Foreign { .. } => {
            ("start-link", Exit::Usage, "Name the file that `cardwright kiosk --start-link` writes.")
        }
        ShowError::NoFurtherLink => {
            ("start-link", Exit::Other, "Start the kiosk with --renew-link, and this program again.")
        }
        ShowError::Browser { .. } => ("no-browser", Exit::Usage, "Name a browser made of Chromium by --browser."),
        ShowError::Profile { .. } => {
            ("journal-directory", Exit::LocalState, "End browsers that have it open, or remove it by hand.")
        }
    };
    Failure::from_error(code, exit, error).remedy(remedy)
}
