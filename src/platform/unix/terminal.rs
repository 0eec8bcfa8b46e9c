//! Reads single keys at the terminal, without waiting for the end of a line.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use std::io::{self, stdin};
use std::time::Duration;

/// Holds the terminal behind standard input, which shows no key and raises no signal for one, until it is dropped.
///
/// Windows: `SetConsoleMode` without line input, echo and processed input.
pub struct Keys(Termios);

impl Keys {
    /// Takes the terminal; fails where standard input is none.
    pub fn take() -> io::Result<Self> {
        let before = tcgetattr(stdin())?;
        let mut modes = before.clone();
        modes.local_modes.remove(LocalModes::ICANON | LocalModes::ECHO | LocalModes::ISIG);
        tcsetattr(stdin(), OptionalActions::Now, &modes)?;
        Ok(Self(before))
    }

    /// Waits so long for a key; `None`: none was pressed. Fails where the terminal is gone.
    pub fn next(&self, wait: Duration) -> io::Result<Option<u8>> {
        let stdin = stdin();
        let wait = Timespec::try_from(wait).map_err(|_| io::ErrorKind::InvalidInput)?;
        let mut watched = [PollFd::new(&stdin, PollFlags::IN)];
        match poll(&mut watched, Some(&wait)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(None),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        // Not through Rust's buffer, in which a prompt would miss what is typed ahead.
        let mut key = [0];
        match rustix::io::read(&stdin, &mut key)? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(Some(key[0])),
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // A terminal that is gone shows nothing any more.
        let _ = tcsetattr(stdin(), OptionalActions::Now, &self.0);
    }
}
