//! The one thread that holds the card in a reader.

use crate::reader::{self, Readers, Selector};
use crate::token::Token;
use std::io;
use std::sync::mpsc::{Receiver, Sender, channel};

/// Is something that is done with the card, on the worker's thread.
type Job = Box<dyn FnOnce(&mut dyn Token) + Send>;

/// Holds the card in one reader, on a thread of its own, and does one job after another with it. Dropped, it lets the job
/// finish that is under way, does no further one, and lets go of the card. It never waits for that: a driver may hang.
pub struct Worker {
    reader: String,
    jobs: Sender<Job>,
}

/// Says that a worker takes no job: the card could not be opened, or is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nobody holds the card any more")]
pub struct Gone;

impl Worker {
    /// Opens the card in `reader` on a thread of its own. There `opened` is called first, with the card or with why it
    /// cannot be used, which ends the worker.
    ///
    /// # Errors
    /// The system gives no thread.
    pub fn begin(
        reader: &str,
        opened: impl FnOnce(Result<&mut dyn Token, reader::Error>) + Send + 'static,
    ) -> io::Result<Self> {
        let (jobs, taken) = channel();
        let name = reader.to_owned();
        std::thread::Builder::new().name("worker".into()).spawn(move || work(&name, opened, &taken))?;
        Ok(Self { reader: reader.to_owned(), jobs })
    }

    /// Returns the name of the reader.
    pub fn reader(&self) -> &str {
        &self.reader
    }

    /// Has the worker do this after what it was given before.
    pub fn give(&self, job: impl FnOnce(&mut dyn Token) + Send + 'static) -> Result<(), Gone> {
        self.jobs.send(Box::new(job)).map_err(|_| Gone)
    }
}

/// Opens the card, and does the jobs until there are no more.
fn work(reader: &str, opened: impl FnOnce(Result<&mut dyn Token, reader::Error>), jobs: &Receiver<Job>) {
    let selector = Selector { reader: Some(reader.to_owned()), ..Selector::default() };
    match Readers::open().and_then(|readers| readers.find(&selector)) {
        Err(error) => opened(Err(error)),
        Ok(mut found) => {
            opened(Ok(found.token.as_mut()));
            for job in jobs {
                job(found.token.as_mut());
            }
        }
    }
}
