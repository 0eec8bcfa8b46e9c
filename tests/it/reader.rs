//! Cards in PC/SC readers, through a real pcscd and virtual readers.
//!
//! What looks at every reader there is would meet the cards of other tests; so it runs [`alone`].

mod channel;
mod choice;
mod watch;

use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use cardwright::virtual_card::VirtualCard;

/// T=1, chaining and extended length (ISO/IEC 7816-4, 8.1.1.2.7).
const ATR: &str = "3b85800180730021c016";

/// Runs `job` in a process of its own: this binary again, for the test called `name`.
fn alone(name: &str, job: impl FnOnce()) {
    const ALONE: &str = "CARDWRIGHT_ALONE";
    if std::env::var_os(ALONE).is_some_and(|alone| alone == name) {
        return job();
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(ALONE, name);
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

/// A card without any application: it counts resets and commands, and can be made to hang.
#[derive(Clone, Default)]
struct Blank {
    resets: Arc<AtomicUsize>,
    commands: Arc<AtomicUsize>,
    hang: Arc<Gate>,
}

/// Holds the card in the middle of a command while it is shut.
#[derive(Default)]
struct Gate {
    state: Mutex<GateState>,
    changed: Condvar,
}

#[derive(Default)]
struct GateState {
    shut: bool,
    waiting: bool,
}

/// The INS that is answered only while the gate is open.
const SLOW: u8 = 0x47;

impl Gate {
    fn set(&self, shut: bool) {
        self.state.lock().unwrap().shut = shut;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let mut state = self.state.lock().unwrap();
        state.waiting = true;
        self.changed.notify_all();
        while state.shut {
            state = self.changed.wait(state).unwrap();
        }
        state.waiting = false;
    }

    /// Waits until the card hangs.
    fn until_reached(&self) {
        let reached = self.changed.wait_timeout_while(self.state.lock().unwrap(), PATIENCE, |state| !state.waiting);
        assert!(!reached.unwrap().1.timed_out(), "the card was not reached");
    }
}

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(20);

impl Blank {
    fn resets(&self) -> usize {
        self.resets.load(Ordering::SeqCst)
    }

    fn commands(&self) -> usize {
        self.commands.load(Ordering::SeqCst)
    }
}

impl VirtualCard for Blank {
    fn atr(&self) -> Vec<u8> {
        hex::decode(ATR).unwrap()
    }

    fn reset(&mut self) {
        self.resets.fetch_add(1, Ordering::SeqCst);
    }

    /// Every application is missing; anything else gives the header back.
    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.commands.fetch_add(1, Ordering::SeqCst);
        if command[1] == SLOW {
            self.hang.pass();
        }
        if command[1] == 0xA4 { vec![0x6A, 0x82] } else { [&command[..4], &[0x90, 0x00]].concat() }
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        zeroize::Zeroizing::default()
    }
}
