//! Waits for the decision on a request: asks the server for it, less and less often, until the patience is over.
//!
//! Only reads are repeated, and whoever interrupts it changes nothing.

use crate::cli::args::WaitArgs;
use crate::cli::failure::Failure;
use crate::cli::output::Output;
use crate::client::CmClient;
use crate::cm::request::RequestStatus;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Sets the pause before the second look; each later one is longer by half.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// Bounds the pause between two looks.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Returns how long is to be waited.
pub fn patience(args: WaitArgs) -> Option<Duration> {
    args.wait.map(|minutes| Duration::from_secs(60 * u64::from(minutes)))
}

/// Holds how long decisions are waited for.
pub struct Patience<'a> {
    client: &'a CmClient,
    /// `None`: there is none, or it was spent.
    left: Option<Duration>,
    looked_again: bool,
}

impl<'a> Patience<'a> {
    /// Takes what there is; `None`: nothing is waited for.
    pub fn new(client: &'a CmClient, patience: Option<Duration>) -> Self {
        Self { client, left: patience, looked_again: false }
    }

    /// Returns by what the server is asked.
    pub fn client(&self) -> &'a CmClient {
        self.client
    }

    /// Waits until the request is decided on; false where it is not after all, or waits for something that is no
    /// decision.
    pub fn until_decided(&mut self, request: Uuid, output: &Output) -> Result<bool, Failure> {
        let Some(patience) = self.left.take() else { return Ok(false) };
        let began = Instant::now();
        let mut pause = FIRST_PAUSE;
        let mut is_told = false;
        // The pauses alone take longer than any patience that can be given.
        while began.elapsed() < patience {
            match self.client.request(request) {
                Ok(read) if matches!(read.status, RequestStatus::Pending | RequestStatus::None) => {}
                Ok(_) => {
                    // It may have been decided on since the driver looked; what else it waits for, no look brings.
                    let news = is_told || !self.looked_again;
                    self.looked_again = true;
                    self.left = Some(patience.saturating_sub(began.elapsed()));
                    return Ok(news);
                }
                Err(error) if error.is_passing() => {}
                Err(error) => return Err(Failure::from(error).about(request)),
            }
            if !is_told {
                is_told = true;
                output.tell("waiting for approval; Ctrl-C leaves, and the request is kept");
            }
            std::thread::sleep(pause.min(patience.saturating_sub(began.elapsed())));
            pause = (pause * 3 / 2).min(LONGEST_PAUSE);
        }
        Ok(false)
    }
}
