//! The file of a run: who gets which card by which request, and how far each has come. It survives a power cut, and holds
//! no secret.
//!
//! One file a run in the state directory, replaced durably before a card is bound to a row and after every change that must
//! not be forgotten. A lock keeps two processes from one run.

use super::error::Error;
use super::list::Wish;
use crate::platform::lock::{Lock, LockError};
use crate::platform::{directory, file};
use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use std::io::Read;
use std::path::{Path, PathBuf};
use uuid::{Builder, Uuid};

/// Names the version that this program writes, the only one it reads.
const VERSION: u32 = 1;
/// Bounds the bytes read of one file.
const LARGEST_FILE: u64 = 8 * 1024 * 1024;
/// Bounds the runs that are looked through.
const MOST_RUNS: usize = 4096;

/// Holds a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    version: u32,
    pub id: Uuid,
    /// The address of the server where the requests are.
    pub server: String,
    /// Where the list was read; `None`: the requests came from the server's queue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub list: Option<PathBuf>,
    pub rows: Vec<Entry>,
}

/// Holds what a run knows of one person's card.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Entry {
    /// Where it stands in the list; 0 where it came from the server.
    pub line: u64,
    pub person: Uuid,
    pub name: String,
    pub template: Uuid,
    #[serde(default)]
    pub wish: Wish,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub comment: String,
    /// The data items that the list gives, by name, until the card is done: a request that is made later has them, too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data: Vec<(String, String)>,
    pub stand: Stand,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Uuid>,
    /// The card that the row is bound to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub card_id: Option<Uuid>,
    /// As the card tells.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub serial: String,
    #[serde(default)]
    pub pin: PinFate,
    /// RFC 3339: when the card was bound, and when it was done.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub begun: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ended: String,
    /// What went wrong last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trouble: Option<Trouble>,
}

/// Says how far a row has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stand {
    /// A request is to be made; it may be there already, if the answer was lost.
    Unasked,
    /// The request waits for approval.
    Pending,
    /// The request is approved; the next card that fits is bound to it.
    Ready,
    /// A card is bound to it.
    Begun,
    Done,
    /// It cannot go on; [`Entry::trouble`] says why.
    Refused,
    /// Somebody at the desk has set it aside in this run.
    SetAside,
    /// The list named the person earlier, and does so no more.
    Dropped,
}

/// Says what became of a PIN that nobody typed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PinFate {
    /// Nothing need be handed over.
    #[default]
    None,
    /// The card is done, and its letter is not printed yet; the PIN is in the memory of the process that set it, alone.
    LetterOwed,
    LetterPrinted,
    /// Nobody knows it: the card needs a new one.
    Lost,
    /// A request that opens the card by a one-time password is to be made.
    OpeningOwed,
    /// The holder opens the card by a one-time password.
    Opening(Uuid),
}

/// Says what went wrong with a row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// A word for the kind of trouble, which never changes.
    pub code: String,
    pub message: String,
    /// What to do.
    pub remedy: String,
}

impl Entry {
    /// Says whether nothing more will happen to the row in this run.
    pub fn is_over(&self) -> bool {
        matches!(self.stand, Stand::Done | Stand::Refused | Stand::SetAside | Stand::Dropped)
    }
}

impl Run {
    /// Makes a run. Its id follows from who gets a card of what, so that the same list makes the same run everywhere; `anew`
    /// makes it another one.
    pub fn new(server: String, list: Option<PathBuf>, rows: Vec<Entry>, anew: bool) -> Self {
        let id = if anew || list.is_none() { Uuid::new_v4() } else { id_of(&server, &rows) };
        Self { version: VERSION, id, server, list, rows }
    }

    /// Makes a run that was begun elsewhere.
    pub fn elsewhere(id: Uuid, server: String, rows: Vec<Entry>) -> Self {
        Self { version: VERSION, id, server, list: None, rows }
    }

    /// Returns what the comments of the run's requests end with, by which another workstation finds them.
    pub fn tag(&self) -> String {
        format!("[cardwright desk {}]", self.id.simple())
    }

    /// Says whether nothing is left to do.
    pub fn is_over(&self) -> bool {
        self.rows.iter().all(Entry::is_over)
    }
}

fn id_of(server: &str, rows: &[Entry]) -> Uuid {
    let mut wanted: Vec<_> = rows.iter().map(|row| (row.person, row.template)).collect();
    wanted.sort_unstable();
    let mut name = server.as_bytes().to_vec();
    for (person, template) in wanted {
        name.extend_from_slice(person.as_bytes());
        name.extend_from_slice(template.as_bytes());
    }
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest(&SHA256, &name).as_ref()) {
        *to = *from;
    }
    Builder::from_custom_bytes(bytes).into_uuid()
}

/// Holds a run and its file; no other process has it meanwhile.
pub struct Book {
    path: PathBuf,
    run: Run,
    /// What has happened is not all written.
    owes: bool,
    _lock: Lock,
}

impl Book {
    /// Writes a new run into the directory, or takes up the one that is there under the same id.
    pub fn begin(directory: &Path, run: Run) -> Result<Self, Error> {
        let mut book = Self::locked(directory, run)?;
        match read(&book.path)? {
            Some(known) => book.run = known,
            None => book.write(&book.run)?,
        }
        Ok(book)
    }

    /// Takes up the run with this id; `None` where this workstation has none.
    pub fn find(directory: &Path, id: Uuid) -> Result<Option<Self>, Error> {
        match read(&directory.join(format!("{id}.json")))? {
            Some(run) => Self::begin(directory, run).map(Some),
            None => Ok(None),
        }
    }

    /// Lists the runs of this workstation, and says why others cannot be read.
    pub fn all(directory: &Path) -> Result<(Vec<Run>, Vec<Error>), Error> {
        let failed = |source| Error::State { doing: "listed", path: directory.to_owned(), source };
        let listing = match std::fs::read_dir(directory) {
            Ok(listing) => listing,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), Vec::new())),
            Err(error) => return Err(failed(error)),
        };
        let (mut runs, mut odd) = (Vec::new(), Vec::new());
        let paths = listing.flatten().map(|item| item.path());
        let files = paths.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
        for path in files.take(MOST_RUNS) {
            match read(&path) {
                Ok(run) => runs.extend(run),
                Err(error) => odd.push(error),
            }
        }
        Ok((runs, odd))
    }

    /// Reads a run that somebody may have taken up; `None` where this workstation has none with this id.
    pub fn look(directory: &Path, id: Uuid) -> Result<Option<Run>, Error> {
        read(&directory.join(format!("{id}.json")))
    }

    pub fn run(&self) -> &Run {
        &self.run
    }

    /// Changes the run and writes it; once this returns, the change survives a power cut. What could not be written does not
    /// count as changed.
    pub fn change(&mut self, change: impl FnOnce(&mut Run)) -> Result<(), Error> {
        let mut changed = self.run.clone();
        change(&mut changed);
        if self.owes || changed != self.run {
            self.write(&changed)?;
            (self.run, self.owes) = (changed, false);
        }
        Ok(())
    }

    /// Takes what has happened, and writes it; what cannot be written now is written with the next change, or by
    /// [`Book::catch_up`].
    pub fn learn(&mut self, happened: impl FnOnce(&mut Run)) -> Result<(), Error> {
        let before = self.run.clone();
        happened(&mut self.run);
        self.owes |= before != self.run;
        self.catch_up()
    }

    /// Says whether something that has happened is not written.
    pub fn owes(&self) -> bool {
        self.owes
    }

    /// Writes what could not be written when it happened.
    pub fn catch_up(&mut self) -> Result<(), Error> {
        self.change(|_| {})
    }

    fn locked(directory: &Path, run: Run) -> Result<Self, Error> {
        let failed = |source| Error::State { doing: "made", path: directory.to_owned(), source };
        directory::make_with_parents(directory).map_err(failed)?;
        if let Some(others) = directory::writable_by_others(directory).map_err(failed)? {
            return Err(Error::OpenToOthers { path: directory.to_owned(), others });
        }
        let lock = directory.join(format!("{}.lock", run.id));
        let lock = Lock::take(&lock, 1).map_err(|error| match error {
            LockError::Held => Error::Held { run: run.id },
            LockError::Open(source) | LockError::Failed(source) => Error::State { doing: "locked", path: lock, source },
        })?;
        let path = directory.join(format!("{}.json", run.id));
        Ok(Self { path, run, owes: false, _lock: lock })
    }

    fn write(&self, run: &Run) -> Result<(), Error> {
        let failed = |source| Error::State { doing: "written", path: self.path.clone(), source };
        let text = serde_json::to_vec_pretty(run).map_err(|error| failed(error.into()))?;
        file::replace(&self.path, &self.path.with_extension("new"), &text).map_err(|error| failed(error.into()))
    }
}

/// Reads the file of a run; `None` where there is none.
fn read(path: &Path) -> Result<Option<Run>, Error> {
    let failed = |source| Error::State { doing: "read", path: path.to_owned(), source };
    let mut text = Vec::new();
    match std::fs::File::open(path) {
        Ok(file) => file.take(LARGEST_FILE).read_to_end(&mut text).map_err(failed)?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(failed(error)),
    };
    let run: Run = serde_json::from_slice(&text).map_err(|error| failed(error.into()))?;
    match run.version {
        VERSION => Ok(Some(run)),
        version => Err(Error::Version { path: path.to_owned(), version }),
    }
}
