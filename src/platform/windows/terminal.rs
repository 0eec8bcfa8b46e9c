//! Reads single keys at the console, without waiting for the end of a line.

use super::security::checked;
use std::io;
use std::time::{Duration, Instant};
use windows_sys::Win32::Foundation::{HANDLE, WAIT_OBJECT_0, WAIT_TIMEOUT};
use windows_sys::Win32::System::Console::{
    ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT, GetConsoleMode, GetStdHandle, INPUT_RECORD,
    KEY_EVENT, ReadConsoleInputW, STD_INPUT_HANDLE, SetConsoleMode,
};
use windows_sys::Win32::System::Threading::WaitForSingleObject;

/// Holds the console behind standard input, which shows no key and sends no Ctrl-C for one, until it is dropped.
pub struct Keys {
    /// Its mode before.
    before: u32,
}

impl Keys {
    /// Takes the console; fails where standard input is none.
    pub fn take() -> io::Result<Self> {
        let mut before = 0;
        // SAFETY: a handle of this process's own, which the calls check; one number is written.
        unsafe {
            checked(GetConsoleMode(input(), &mut before))?;
            let keys = before & !(ENABLE_LINE_INPUT | ENABLE_ECHO_INPUT | ENABLE_PROCESSED_INPUT);
            checked(SetConsoleMode(input(), keys))?;
        }
        Ok(Self { before })
    }

    /// Waits so long for a key; `None`: none was pressed that stands for one byte. Fails where the console is gone.
    pub fn next(&self, wait: Duration) -> io::Result<Option<u8>> {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let left = u32::try_from(left.as_millis()).map_err(|_| io::ErrorKind::InvalidInput)?;
            // SAFETY: a handle of this process's own, which the call checks.
            match unsafe { WaitForSingleObject(input(), left) } {
                WAIT_OBJECT_0 => {}
                WAIT_TIMEOUT => return Ok(None),
                _ => return Err(io::Error::last_os_error()),
            }
            // The mouse, the window and a key that is let go of come this way, too.
            if let Some(key) = pressed()? {
                return Ok(Some(key));
            }
        }
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // SAFETY: as in `take`. A console that is gone shows nothing any more.
        let _ = unsafe { SetConsoleMode(input(), self.before) };
    }
}

/// Takes one event out of the console's queue, in which one is; returns the byte if it is a key that was pressed.
fn pressed() -> io::Result<Option<u8>> {
    let mut record = INPUT_RECORD::default();
    let mut count = 0;
    // SAFETY: room for one record is given; a record of this type holds a key, whose character any 16 bits are.
    unsafe {
        checked(ReadConsoleInputW(input(), &mut record, 1, &mut count))?;
        if count == 0 || u32::from(record.EventType) != KEY_EVENT || record.Event.KeyEvent.bKeyDown == 0 {
            return Ok(None);
        }
        Ok(u8::try_from(record.Event.KeyEvent.uChar.UnicodeChar).ok().filter(|key| *key != 0))
    }
}

/// Returns the handle of standard input, which is not ours to close.
fn input() -> HANDLE {
    // SAFETY: takes a number.
    unsafe { GetStdHandle(STD_INPUT_HANDLE) }
}
