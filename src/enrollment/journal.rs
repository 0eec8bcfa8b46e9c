//! The journal: what survives a power cut. One file a request; `slots` says how a record lies in it.
//!
//! A file is made whole or not at all, and its directory flushed; from then on a change costs one flush, or none where
//! the server tells as much. A lock for each card keeps two processes from working on one card at a time. No secret is
//! ever written.

use super::record::{HexBytes, Milestone, ReceivedWork, Record};
use super::slots::{LARGEST_FILE, Slots, Unread, VERSION};
use crate::platform::directory::{self, Others};
use crate::platform::file::{ReplaceError, Step, flush_parent, replace};
use crate::platform::lock::{Lock, LockError};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Bounds the files of the directory; more of them mean that it is no journal.
const MOST_FILES: usize = 4096;

/// Bounds the keys that are known to be left on one card, the latest.
const MOST_LEFT: usize = 32;

/// Bounds the bytes read of a list of keys.
const LARGEST_LIST: u64 = 1024 * 1024;

/// Sets how often a card's lock is asked for: whoever looks at the journal holds it for a moment.
const LOCK_TRIES: u32 = 3;

/// Says why the journal could not be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JournalError {
    #[error("the journal at {} cannot be {doing}", path.display())]
    Io {
        doing: &'static str,
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("others may write to the journal directory {} ({others})", path.display())]
    OpenToOthers { path: PathBuf, others: Others },
    #[error("another process works on this card (lock {})", path.display())]
    Locked { path: PathBuf },
    #[error("a journal file was damaged; it was kept as {}", kept.display())]
    Damaged {
        kept: PathBuf,
        #[source]
        source: Option<serde_json::Error>,
    },
    #[error("the journal file {} is of version {version}; this program reads versions up to {VERSION}", path.display())]
    Version { path: PathBuf, version: u64 },
    #[error("the journal directory {} holds more than {MOST_FILES} files", path.display())]
    TooManyFiles { path: PathBuf },
    #[error("a record cannot be put into JSON")]
    Encoding {
        #[source]
        source: serde_json::Error,
    },
}

/// Names a directory of journal files.
#[derive(Clone, Debug)]
pub struct Journal {
    directory: PathBuf,
}

/// Keeps other processes off one card until it is dropped.
pub(super) type CardLock = Lock;

/// Holds one file of the journal and its record.
pub(super) struct Entry {
    directory: PathBuf,
    record: Record,
    /// `None` where the file is to be made or made anew.
    slots: Option<Slots>,
}

impl Journal {
    /// Opens the journal, and makes its directory (mode 0700) if there is none; refuses one that others may write to.
    pub fn open(directory: impl Into<PathBuf>) -> Result<Self, JournalError> {
        let directory = directory.into();
        directory::make_with_parents(&directory).map_err(|source| io("created", &directory, source))?;
        match directory::writable_by_others(&directory).map_err(|source| io("read", &directory, source))? {
            Some(others) => Err(JournalError::OpenToOthers { path: directory, others }),
            None => Ok(Self { directory }),
        }
    }

    /// Reads all work that is not finished. A damaged file is renamed and reported once as an error.
    pub fn unfinished(&self) -> Result<Vec<Record>, JournalError> {
        let mut records = Vec::new();
        for path in self.files()? {
            if path.extension().is_some_and(|extension| extension == "json") {
                records.extend(read(&path)?);
            }
        }
        records.sort_by_key(|record| record.marker);
        Ok(records)
    }

    /// Lists the files of the directory, by name.
    pub(super) fn files(&self) -> Result<Vec<PathBuf>, JournalError> {
        let listing = std::fs::read_dir(&self.directory).map_err(|source| io("listed", &self.directory, source))?;
        let mut paths = Vec::new();
        for item in listing {
            if paths.len() >= MOST_FILES {
                return Err(JournalError::TooManyFiles { path: self.directory.clone() });
            }
            paths.push(item.map_err(|source| io("listed", &self.directory, source))?.path());
        }
        paths.sort();
        Ok(paths)
    }

    /// Locks a card for this process; [`JournalError::Locked`] where another process has it.
    pub(super) fn lock(&self, card_id: Uuid) -> Result<CardLock, JournalError> {
        let path = self.directory.join(format!("{card_id}.lock"));
        Lock::take(&path, LOCK_TRIES).map_err(|error| match error {
            LockError::Held => JournalError::Locked { path },
            LockError::Open(source) | LockError::Failed(source) => io("locked", &path, source),
        })
    }

    /// Notes keys that work which is over leaves on a card (SubjectPublicKeyInfo), so that they stand in nobody's way.
    pub(super) fn note_left(&self, card_id: Uuid, keys: Vec<HexBytes>) -> Result<(), JournalError> {
        let mut left = self.left_on(card_id)?;
        left.extend(keys);
        let older = left.len().saturating_sub(MOST_LEFT);
        let text = serde_json::to_vec(&left.split_off(older)).map_err(|source| JournalError::Encoding { source })?;
        let path = self.left_file(card_id);
        let written = replace(&path, &path.with_extension("new"), &text);
        written.map_err(|error| unwritten(error, &path))
    }

    /// Lists the keys that work which is over has left on a card. A file that cannot be read tells of none.
    pub(super) fn left_on(&self, card_id: Uuid) -> Result<Vec<HexBytes>, JournalError> {
        let path = self.left_file(card_id);
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(source) => return Err(io("read", &path, source)),
        };
        Ok(serde_json::from_reader(file.take(LARGEST_LIST)).unwrap_or_default())
    }

    fn left_file(&self, card_id: Uuid) -> PathBuf {
        self.directory.join(format!("{card_id}.left"))
    }

    /// Takes up a record that was read before; writes nothing.
    pub(super) fn take_up(&self, record: Record) -> Entry {
        Entry { directory: self.directory.clone(), record: Record { version: VERSION, ..record }, slots: None }
    }

    /// Writes a new record.
    pub(super) fn begin(&self, record: Record) -> Result<Entry, JournalError> {
        let mut entry = self.take_up(record);
        entry.write(true)?;
        Ok(entry)
    }
}

impl Entry {
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// Changes the record and writes it; once this returns, the change survives a power cut if `flush`, and else the end
    /// of this process alone.
    pub fn reach(&mut self, milestone: Milestone, flush: bool) -> Result<(), JournalError> {
        self.record.milestone = milestone;
        self.write(flush)
    }

    /// Changes the record and writes it, unless that changes nothing; once this returns, the change survives a power cut.
    /// What could not be written does not count as noted.
    pub fn note(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), JournalError> {
        let before = self.record.clone();
        change(&mut self.record);
        if self.record == before {
            return Ok(());
        }
        let written = self.write(true);
        if written.is_err() {
            self.record = before;
        }
        written
    }

    /// Notes a key that is about to be written to the token; one with the same certificate is replaced.
    pub fn receive(&mut self, work: ReceivedWork) -> Result<(), JournalError> {
        self.note(|record| match record.received.iter_mut().find(|known| known.certificate == work.certificate) {
            Some(known) => *known = work,
            None => record.received.push(work),
        })
    }

    /// Keeps certificates of authorities for the token; the next milestone writes them.
    pub fn keep_authorities(&mut self, authorities: Vec<HexBytes>) {
        self.record.authorities = authorities;
    }

    /// Removes the file, as the work is over; once this returns, it stays so after a power cut if `flush`.
    pub fn close(self, flush: bool) -> Result<(), JournalError> {
        let path = self.path();
        match std::fs::remove_file(&path) {
            Ok(()) if flush => flush_parent(&path).map_err(|source| io("flushed", &self.directory, source)),
            Ok(()) => Ok(()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
            Err(source) => Err(io("removed", &path, source)),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.join(format!("{}.json", self.record.marker))
    }

    fn write(&mut self, flush: bool) -> Result<(), JournalError> {
        let path = self.path();
        let record = serde_json::to_vec(&self.record).map_err(|source| JournalError::Encoding { source })?;
        let written = match self.slots.take() {
            Some(slots) => slots.write(&path, &record, flush),
            None => Ok(None),
        };
        let written = written.and_then(|written| written.map_or_else(|| Slots::make(&path, &record), Ok));
        self.slots = Some(written.map_err(|error| unwritten(error, &path))?);
        Ok(())
    }
}

/// Says why a file of the journal could not be written.
fn unwritten(ReplaceError { step, source }: ReplaceError, path: &Path) -> JournalError {
    match step {
        Step::Write | Step::Rename => io("written", path, source),
        Step::Flush => io("flushed", path, source),
        Step::FlushDirectory => io("flushed", path.parent().unwrap_or(path), source),
    }
}

/// Reads one file; `None` if it was removed meanwhile. A damaged one is renamed.
fn read(path: &Path) -> Result<Option<Record>, JournalError> {
    match read_as_it_is(path)? {
        None => Ok(None),
        Some(Ok(record)) => Ok(Some(record)),
        Some(Err(Unread::NotWhole)) => Err(set_aside(path, None)),
        Some(Err(Unread::Json(source))) => Err(set_aside(path, Some(source))),
        Some(Err(Unread::Version(version))) => Err(JournalError::Version { path: path.to_owned(), version }),
    }
}

/// Reads one file and leaves it as it is; `None` if it was removed meanwhile.
pub(super) fn read_as_it_is(path: &Path) -> Result<Option<Result<Record, Unread>>, JournalError> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(io("read", path, source)),
    };
    let mut content = Vec::new();
    file.take(LARGEST_FILE as u64 + 1).read_to_end(&mut content).map_err(|source| io("read", path, source))?;
    Ok(Some(Record::from_file(&content)))
}

/// Renames a damaged file, so that it is kept and not read again.
fn set_aside(path: &Path, source: Option<serde_json::Error>) -> JournalError {
    let kept = path.with_extension("json.damaged");
    match std::fs::rename(path, &kept) {
        Ok(()) => JournalError::Damaged { kept, source },
        Err(source) => io("set aside", path, source),
    }
}

fn io(doing: &'static str, path: &Path, source: std::io::Error) -> JournalError {
    JournalError::Io { doing, path: path.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RECORD: &str = r#"{
        "version": 1, "marker": "01a2222c-d85c-727f-9349-4b76a1bfb812", "server": "https://cm.example.test/",
        "card-id": "01a2222c-d85c-727f-9349-4b76a1bfb813", "token-label": "card", "workflow": "renew",
        "template": null, "target": null, "milestone": { "at": "asking" }
    }"#;

    #[test]
    fn what_could_not_be_written_is_written_when_it_is_noted_again() {
        let home = tempfile::tempdir().unwrap();
        let (directory, away) = (home.path().join("journal"), home.path().join("away"));
        let journal = Journal::open(&directory).unwrap();
        let mut entry = journal.begin(serde_json::from_str(RECORD).unwrap()).unwrap();
        let owes = || journal.unfinished().unwrap()[0].owes_key;
        entry.note(|record| record.owes_key = true).unwrap();
        assert!(owes());
        std::fs::rename(&directory, &away).unwrap();
        entry.note(|record| record.owes_key = false).unwrap_err();
        assert!(entry.record().owes_key, "the record says what the file says");
        std::fs::rename(&away, &directory).unwrap();
        entry.note(|record| record.owes_key = false).unwrap();
        assert!(!owes());
    }

    fn record() -> Record {
        serde_json::from_str(RECORD).unwrap()
    }

    #[test]
    fn a_file_that_is_gone_is_no_fault_and_one_that_cannot_be_had_is() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::open(home.path().join("journal")).unwrap();
        // No system opens such a path.
        let unfit = home.path().join("nul\0");
        let below = Journal { directory: unfit.clone() };
        assert!(matches!(read(&journal.directory.join("a.json")), Ok(None)));
        assert!(matches!(read(&unfit.join("a.json")), Err(JournalError::Io { .. })));
        assert_eq!(journal.left_on(Uuid::nil()).unwrap(), []);
        assert!(matches!(below.left_on(Uuid::nil()), Err(JournalError::Io { .. })));
        let entry = journal.begin(record()).unwrap();
        std::fs::remove_file(entry.path()).unwrap();
        entry.close(false).unwrap();
        let entry = journal.begin(record()).unwrap();
        std::fs::remove_file(entry.path()).unwrap();
        std::fs::create_dir(entry.path()).unwrap();
        assert!(matches!(entry.close(true), Err(JournalError::Io { .. })));
    }

    #[test]
    fn a_file_of_another_version_is_left() {
        let home = tempfile::tempdir().unwrap();
        let at = home.path().join("a.json");
        std::fs::write(&at, RECORD.replace(r#""version": 1"#, r#""version": 3"#)).unwrap();
        assert!(matches!(read(&at), Err(JournalError::Version { version: 3, .. })));
        assert!(at.exists());
    }

    #[test]
    fn a_key_that_came_again_is_noted_once() {
        let home = tempfile::tempdir().unwrap();
        let journal = Journal::open(home.path().join("journal")).unwrap();
        let mut entry = journal.begin(record()).unwrap();
        let work = |certificate: u8, id: u8| ReceivedWork {
            id: HexBytes(vec![id]),
            label: String::new(),
            certificate: HexBytes(vec![certificate]),
            was_there: false,
        };
        for (certificate, id) in [(1, 1), (2, 2), (1, 3)] {
            entry.receive(work(certificate, id)).unwrap();
        }
        assert_eq!(journal.unfinished().unwrap()[0].received, [work(1, 3), work(2, 2)]);
    }
}
