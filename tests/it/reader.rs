//! Cards in PC/SC readers, through a real pcscd and virtual readers.
//!
//! What looks at every reader there is would meet the cards of other tests; so it runs [`alone`].

mod channel;
mod choice;
mod watch;

use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, PrivatePcscd};
use cardwright::virtual_card::VirtualCard;

/// T=1, chaining and extended length (ISO/IEC 7816-4, 8.1.1.2.7).
const ATR: &str = "3b850180730021c096";

const SELECT: u8 = 0xA4;

/// Runs `job` in a process of its own: this binary again, for the test called `name`.
pub fn alone(name: &str, job: impl FnOnce()) {
    const ALONE: &str = "CARDWRIGHT_ALONE";
    if std::env::var_os(ALONE).is_some_and(|alone| alone == name) {
        return job();
    }
    let mut child = Command::new("timeout");
    child.args(["--kill-after=5", BOUND]).arg(std::env::current_exe().unwrap());
    child.args(["--exact", name, "--nocapture", "--test-threads=1"]).env(ALONE, name);
    let output = child.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
    assert!(said.contains("1 passed"), "{said}");
}

/// A pcscd for a process that is [`alone`].
pub fn private_pcscd() -> PrivatePcscd {
    let pcscd = PrivatePcscd::start(&["Desk"]).unwrap();
    // SAFETY: nothing else runs in this process, and libpcsclite reads it once.
    unsafe { std::env::set_var(CLIENTS_VARIABLE, pcscd.socket()) };
    pcscd
}

/// A card without any application: it counts resets and commands, and gives back the headers of most.
#[derive(Clone, Default)]
struct Blank {
    resets: Arc<AtomicUsize>,
    commands: Arc<AtomicUsize>,
}

/// Ends what hangs, in seconds.
const BOUND: &str = "600";
/// Longer than anything here takes.
pub const PATIENCE: Duration = Duration::from_secs(120);

/// Waits for a fact that nobody tells of.
#[track_caller]
pub fn until(fact: impl Fn() -> bool) {
    let since = Instant::now();
    while !fact() {
        assert!(since.elapsed() < PATIENCE, "it never came to be");
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
}

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

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        self.commands.fetch_add(1, Ordering::SeqCst);
        if command[1] == SELECT { vec![0x6A, 0x82] } else { [&command[..4], &[0x90, 0x00]].concat() }
    }

    fn state(&self) -> zeroize::Zeroizing<Vec<u8>> {
        zeroize::Zeroizing::default()
    }
}
