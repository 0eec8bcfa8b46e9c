//! What happens at the readers, told as it happens.

use crate::reader::{Canceller, CardPresence, Error, Event, Readers};
use std::time::Duration;

/// Sets how long one wait for an event may take before the next begins; nothing is missed between them.
const ONE_WAIT: Duration = Duration::from_secs(60);

/// Watches the readers on a thread of its own, until it is dropped.
pub struct Watch(Canceller);

impl Watch {
    /// Begins to watch. `tell` is called with each event, first with what is in the readers already, and with the error that
    /// ends the watch.
    ///
    /// # Errors
    /// Those of [`Readers::open`]; the system gives no thread.
    pub fn begin(mut tell: impl FnMut(Result<Event, Error>) + Send + 'static) -> Result<Self, Error> {
        let mut readers = Readers::open()?;
        let canceller = readers.canceller();
        let run = move || {
            if let Err(error) = watch(&mut readers, &mut |event| tell(Ok(event)))
                && !matches!(error, Error::Cancelled)
            {
                tell(Err(error));
            }
        };
        std::thread::Builder::new().name("watch".into()).spawn(run).map_err(Error::Thread)?;
        Ok(Self(canceller))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.cancel();
    }
}

/// Tells of what is there, then of what happens, until the wait is cancelled or fails.
fn watch(readers: &mut Readers, tell: &mut dyn FnMut(Event)) -> Result<(), Error> {
    for state in readers.seen() {
        let reader = state.name;
        tell(Event::ReaderAdded { reader: reader.clone() });
        if matches!(state.card, CardPresence::Present | CardPresence::Mute) {
            tell(Event::Inserted { reader, atr: state.atr });
        }
    }
    loop {
        readers.wait(ONE_WAIT)?.into_iter().for_each(&mut *tell);
    }
}
