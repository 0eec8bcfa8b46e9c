//! Counts what holds a context of the PC/SC library, so that the program does not end while a thread is about to let go.
//!
//! When a process ends, PC/SC lite frees its lists; a thread that releases its context just then reads freed memory, and
//! a work that was done well would end with a signal.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

static HOLDS: Mutex<usize> = Mutex::new(0);
static LET_GO: Condvar = Condvar::new();

/// Stands for one thing that holds a context. It is dropped after that.
#[derive(Debug)]
pub(super) struct Hold;

impl Hold {
    pub fn new() -> Self {
        *holds() += 1;
        Self
    }
}

impl Clone for Hold {
    fn clone(&self) -> Self {
        Self::new()
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        *holds() -= 1;
        LET_GO.notify_all();
    }
}

fn holds() -> MutexGuard<'static, usize> {
    HOLDS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until nothing in this process holds a context any more, which follows at once when readers and cards are dropped;
/// false after `patience`, for a thread may wait without bound for a driver that hangs.
pub fn let_go_within(patience: Duration) -> bool {
    let waited = LET_GO.wait_timeout_while(holds(), patience, |holds| *holds > 0);
    *waited.unwrap_or_else(PoisonError::into_inner).0 == 0
}
