//! One private pcscd for the whole test binary: virtual cards in real PC/SC readers.
//!
//! [`insert`] takes a free reader from a pool and waits until PC/SC shows the card; dropping what it returns frees the
//! reader. Other programs reach this pcscd in the environment of [`program`]. pcscd ends with this process.

use std::ffi::{CStr, CString};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Condvar, Mutex, OnceLock};
use std::time::{Duration, Instant};

use cardwright::farm::pcscd::{CLIENTS_VARIABLE, MOST_ENTRIES, PrivatePcscd, Reader, YUBIKEY_READER};
use cardwright::virtual_card::{SharedCard, VirtualCard};

/// The longest that pcscd takes to see a card, or that a pool of readers is empty.
const SEEN: Duration = Duration::from_secs(120);
const FREE: Duration = Duration::from_secs(120);

struct Fixture {
    pcscd: PrivatePcscd,
    free: Mutex<Vec<usize>>,
    freed: Condvar,
}

/// The first reader is called like a YubiKey; the second, of the same entry, stays empty, for Yubico's tools open every
/// YubiKey they see.
const YUBIKEY: usize = 0;
const NAMES: [&str; MOST_ENTRIES] =
    [YUBIKEY_READER, "Reader A", "Reader B", "Reader C", "Reader D", "Reader E", "Reader F", "Reader G"];

#[allow(unsafe_code)]
fn fixture() -> &'static Fixture {
    static FIXTURE: OnceLock<Fixture> = OnceLock::new();
    FIXTURE.get_or_init(|| {
        let pcscd = PrivatePcscd::start(&NAMES).unwrap();
        // SAFETY: set once, before this process speaks to PC/SC, which reads it once.
        unsafe { std::env::set_var(CLIENTS_VARIABLE, pcscd.socket()) };
        let free = (0..pcscd.readers().len()).filter(|reader| *reader != YUBIKEY + 1).rev().collect();
        Fixture { pcscd, free: Mutex::new(free), freed: Condvar::new() }
    })
}

impl Fixture {
    /// Takes the reader that has been free for longest: its last card has most likely been missed by now.
    fn take(&self, fits: impl Fn(usize) -> bool) -> usize {
        let nothing_fits = |free: &mut Vec<usize>| !free.iter().any(|reader| fits(*reader));
        let (mut free, waited) = self.freed.wait_timeout_while(self.free.lock().unwrap(), FREE, nothing_fits).unwrap();
        assert!(!waited.timed_out(), "no reader became free within {FREE:?}");
        let oldest = free.iter().position(|reader| fits(*reader)).unwrap();
        free.remove(oldest)
    }
}

/// Puts a card into a free reader and waits until PC/SC shows it.
pub fn insert(card: Box<dyn VirtualCard>) -> Inserted {
    insert_shared(SharedCard::new(card))
}

/// Likewise, a card that the test keeps a handle to.
pub fn insert_shared(card: SharedCard) -> Inserted {
    Inserted::new(fixture().take(|reader| reader != YUBIKEY), card)
}

/// Puts a card into the one reader that Yubico's tools take for a YubiKey; a second caller waits for it.
pub fn insert_yubikey(card: Box<dyn VirtualCard>) -> Inserted {
    insert_yubikey_shared(SharedCard::new(card))
}

/// Likewise, a card that the test keeps a handle to.
pub fn insert_yubikey_shared(card: SharedCard) -> Inserted {
    Inserted::new(fixture().take(|reader| reader == YUBIKEY), card)
}

/// Where clients of the private pcscd find it: the value of [`CLIENTS_VARIABLE`].
pub fn socket() -> PathBuf {
    fixture().pcscd.socket()
}

/// A PC/SC context on the private pcscd.
pub fn context() -> pcsc::Context {
    fixture();
    pcsc::Context::establish(pcsc::Scope::User).unwrap()
}

/// A program that speaks to the private pcscd, ended after `seconds`: a wedged driver makes clients hang for ever.
pub fn program(name: &str, seconds: u32) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", &seconds.to_string(), name]);
    command.env(CLIENTS_VARIABLE, socket());
    command
}

/// A card in a reader of its own; dropped, the reader is free for another test.
pub struct Inserted {
    reader: usize,
    name: CString,
    card: SharedCard,
}

impl Inserted {
    fn new(reader: usize, card: SharedCard) -> Self {
        let name = CString::new(fixture().pcscd.readers()[reader].name()).unwrap();
        let inserted = Self { reader, name, card };
        // Until PC/SC misses the reader's last card, it shows that one.
        inserted.wait_until_missed();
        inserted.place().seat().insert(inserted.card.clone());
        inserted.wait_until_seen();
        inserted
    }

    fn place(&self) -> &'static Reader {
        &fixture().pcscd.readers()[self.reader]
    }

    /// The reader's name, as PC/SC lists it.
    pub fn reader(&self) -> &'static str {
        self.place().name()
    }

    pub fn reader_c(&self) -> &CStr {
        &self.name
    }

    /// The card's slot: its headers, its dial, its card; shared with pcscd.
    pub fn card(&self) -> &SharedCard {
        &self.card
    }

    /// Writes a configuration with which OpenSC (OPENSC_CONF) sees this reader only: its PKCS#11 module would else open
    /// every card, also those of tests beside this one.
    pub fn opensc_configuration(&self, directory: &Path) -> PathBuf {
        let all = fixture().pcscd.readers().iter().map(Reader::name);
        let others: Vec<String> = all.filter(|name| *name != self.reader()).map(|name| format!("{name:?}")).collect();
        let path = directory.join("opensc.conf");
        std::fs::write(&path, format!("app default {{\n  ignored_readers = {};\n}}\n", others.join(", "))).unwrap();
        path
    }

    /// Pulls the card and waits until PC/SC misses it.
    pub fn remove(&self) {
        self.card.remove();
        self.wait_until_missed();
    }

    /// Puts the same card in again and waits until PC/SC shows it.
    pub fn insert_again(&self) {
        self.card.insert_again();
        self.wait_until_seen();
    }

    /// Waits until PC/SC shows a card.
    pub fn wait_until_seen(&self) {
        self.wait_for(pcsc::State::PRESENT);
    }

    /// Waits until PC/SC misses a card that a fault or the test has pulled.
    pub fn wait_until_missed(&self) {
        self.wait_for(pcsc::State::EMPTY);
    }

    /// Waits until PC/SC says so of the reader; a card must have been powered, too.
    fn wait_for(&self, wanted: pcsc::State) {
        let context = context();
        let mut states = [pcsc::ReaderState::new(self.name.clone(), pcsc::State::UNAWARE)];
        let since = Instant::now();
        loop {
            let waiting = context.get_status_change(SEEN, &mut states);
            let state = states[0].event_state();
            let is_powered = wanted != pcsc::State::PRESENT || !states[0].atr().is_empty();
            if state.contains(wanted) && is_powered {
                return;
            }
            assert!(
                since.elapsed() < SEEN,
                "{}: {wanted:?} never came: {waiting:?}, {state:?}, {:?}",
                self.reader(),
                context.list_readers_owned()
            );
            states[0].sync_current_state();
        }
    }
}

impl Drop for Inserted {
    fn drop(&mut self) {
        self.place().seat().remove();
        let fixture = fixture();
        fixture.free.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push(self.reader);
        fixture.freed.notify_all();
    }
}
