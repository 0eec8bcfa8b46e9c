//! What stands before a card and kills the program whose nth command it gets.

use cardwright::virtual_card::{SharedCard, VirtualCard};
use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};
use std::sync::{Arc, Mutex};
use zeroize::Zeroizing;

/// Holds the program that is to be killed. While it is started, its lock is held, so that no command comes before.
#[derive(Clone, Default)]
pub struct Victim(Arc<Mutex<Option<Pid>>>);

impl Victim {
    /// Starts a program that is the victim from its first moment.
    pub fn start<T>(&self, start: impl FnOnce() -> T, child: impl FnOnce(&T) -> &Child) -> T {
        let mut place = self.0.lock().unwrap();
        let started = start();
        *place = process(child(&started));
        started
    }

    /// Names a program that runs already.
    pub fn is(&self, child: &Child) {
        *self.0.lock().unwrap() = process(child);
    }

    fn kill(&self) {
        kill_process(self.0.lock().unwrap().unwrap(), Signal::KILL).unwrap();
    }
}

fn process(child: &Child) -> Option<Pid> {
    Pid::from_raw(i32::try_from(child.id()).unwrap())
}

/// Says whether a program was killed.
pub fn was_killed(status: ExitStatus) -> bool {
    status.signal() == Some(Signal::KILL.as_raw())
}

/// A card behind a gate.
pub struct Gate {
    card: SharedCard,
    /// How many commands pass before the kill; `None`: there is none.
    passes: Option<usize>,
    after: bool,
    victim: Victim,
}

impl Gate {
    /// Puts the gate before a card: the program that sends command `at` is killed, before or after the card carries it out.
    pub fn before(card: &SharedCard, at: Option<usize>, after: bool) -> (Box<Self>, Victim) {
        let victim = Victim::default();
        (Box::new(Self { card: card.clone(), passes: at, after, victim: victim.clone() }), victim)
    }

    fn with<T>(&self, look: impl FnOnce(&mut dyn VirtualCard) -> T) -> T {
        self.card.with_card(look).unwrap()
    }
}

impl VirtualCard for Gate {
    fn atr(&self) -> Vec<u8> {
        self.with(|card| card.atr())
    }

    fn reset(&mut self) {
        self.with(|card| card.reset());
    }

    fn transmit(&mut self, command: &[u8]) -> Vec<u8> {
        let kills = self.passes == Some(0);
        self.passes = self.passes.and_then(|passes| passes.checked_sub(1));
        // Nobody is there any more to read an answer.
        let answer = if kills && !self.after { vec![0x6F, 0x00] } else { self.with(|card| card.transmit(command)) };
        if kills {
            self.victim.kill();
        }
        answer
    }

    fn state(&self) -> Zeroizing<Vec<u8>> {
        self.with(|card| card.state())
    }
}
