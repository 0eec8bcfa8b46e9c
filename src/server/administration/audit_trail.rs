//! `audit verify` and `audit export`: checks the log of acts, or writes it out, without the server.
//!
//! In: a data directory, a database file or an export; public keys. Out: a report, JSON lines, or messages to a syslog
//! receiver.

use crate::pkix::{self, PublicKey};
use crate::server::audit::act_keys;
use crate::server::audit::remembered::{Remembered, RememberedHead};
use crate::server::audit::syslog::{self, Link};
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::operation::Target;
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::store::{
    self, ActKey, ActKeys, AuditChecker, AuditItem, AuditRecord, AuditReport, AuditSource, LineError, RememberedEnd,
    Store,
};
use der::pem;
use serde::Deserialize;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, SyncSender};
use std::thread::JoinHandle;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Begins every SQLite database.
const SQLITE: &[u8; 16] = b"SQLite format 3\0";
/// Bounds a line of an export, in bytes.
const LONGEST_LINE: u64 = 4 * 1024 * 1024;
/// Bounds the messages that wait for a receiver.
const QUEUE: usize = 64;

/// Says why a log was not checked or exported.
#[derive(Debug, thiserror::Error)]
pub enum AuditTrailError {
    #[error("{} could not be read", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("{} is no public key in PEM", .0.display())]
    NoKey(PathBuf),
    #[error("{} is no key a log is signed with", path.display())]
    Key { path: PathBuf, source: pkix::Error },
    #[error("{} is not signed with a key that is trusted", .0.display())]
    Witness(PathBuf),
    #[error("no key to check the signatures with was given")]
    NoKeys,
    #[error("the database cannot be read")]
    Store(#[from] store::Error),
    #[error("line {number} of {} cannot be read", path.display())]
    Line { path: PathBuf, number: u64, source: LineError },
    #[error("the export could not be written")]
    Write(#[source] io::Error),
    #[error("{} could not be reached, or did not take what was sent", String::from(.target.clone()))]
    Receiver { target: Target, source: io::Error },
    #[error("the receiver takes no more")]
    Away,
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("no runtime could be started")]
    Runtime(#[source] io::Error),
    #[error("a record cannot be written")]
    Item(#[from] LineError),
}

/// Chooses the records that are exported; all of them by default.
#[derive(Clone, Debug, Default)]
pub struct ExportFilter {
    pub from: Option<OffsetDateTime>,
    /// Exclusive.
    pub until: Option<OffsetDateTime>,
    pub request: Option<Uuid>,
    pub smartcard: Option<Uuid>,
    /// The user who acted, or whom it was done for.
    pub user: Option<Uuid>,
    pub act: Option<String>,
}

/// Holds what a filter looks at in a record.
#[derive(Deserialize)]
struct FilteredFields {
    #[serde(with = "time::serde::rfc3339")]
    at: OffsetDateTime,
    act: String,
    actor: Option<Uuid>,
    request: Option<Uuid>,
    smartcard: Option<Uuid>,
    user: Option<Uuid>,
}

impl ExportFilter {
    /// Says whether nothing is filtered out.
    fn passes_all(&self) -> bool {
        let Self { from, until, request, smartcard, user, act } = self;
        from.is_none() && until.is_none() && request.is_none() && smartcard.is_none() && user.is_none() && act.is_none()
    }

    /// Says whether a record is exported. One that cannot be read always is: an auditor wants to see it.
    fn passes(&self, record: &AuditRecord) -> bool {
        let Ok(fields) = serde_json::from_str::<FilteredFields>(&record.record) else { return true };
        let is = |wanted: Option<Uuid>, found: Option<Uuid>| wanted.is_none() || wanted == found;
        self.from.is_none_or(|from| fields.at >= from)
            && self.until.is_none_or(|until| fields.at < until)
            && is(self.request, fields.request)
            && is(self.smartcard, fields.smartcard)
            && (is(self.user, fields.user) || is(self.user, fields.actor))
            && self.act.as_ref().is_none_or(|act| *act == fields.act)
    }
}

/// Checks the log in a data directory, a database file or an export.
///
/// `keys` are PEM files; a data directory's own public key is trusted too. Fails where there is no key at all.
/// `tolerance` is how far the clocks of several servers may differ.
pub fn audit_check(path: &Path, keys: &[PathBuf], tolerance: Duration) -> Result<AuditReport, AuditTrailError> {
    let directory = path.is_dir().then(|| DataDirectory::new(path));
    let (checker, remembered, acts) = checking(directory.as_ref(), keys, tolerance)?;
    // The server's own key is sealed: what bears its MAC, or looks like it, is left to the signature that is to follow.
    let acts = ActKeys { server: None, directory: acts };
    let vouched = |checker: AuditChecker| checker.vouched_by(acts, remembered.acts_vouched);
    let runtime = database::runtime().map_err(AuditTrailError::Runtime)?;
    if let Some(directory) = directory {
        let source = runtime.block_on(open_log(&directory))?;
        return Ok(runtime.block_on(source.check(vouched(checker)))?);
    }
    let failed = |source| AuditTrailError::Unreadable { path: path.to_owned(), source };
    let mut file = BufReader::new(File::open(path).map_err(failed)?);
    if file.fill_buf().map_err(failed)?.starts_with(SQLITE) {
        return Ok(runtime.block_on(AuditSource::file(path)?.check(vouched(checker)))?);
    }
    check_lines(path, file, checker)
}

/// Checks the log of a store that no server writes to meanwhile by what the server of a data directory remembers of its own.
pub(super) async fn check_store(directory: &DataDirectory, store: &Store) -> Result<AuditReport, AuditTrailError> {
    let (checker, remembered, acts) = checking(Some(directory), &[], Duration::ZERO)?;
    let acts = ActKeys { server: None, directory: acts };
    let checker = checker.vouched_by(acts, remembered.acts_vouched).at_rest();
    Ok(AuditSource::store(store.clone()).check(checker).await?)
}

/// Makes what checks a log, against what the server of a data directory remembers of it.
fn checking(
    directory: Option<&DataDirectory>,
    keys: &[PathBuf],
    tolerance: Duration,
) -> Result<(AuditChecker, Remembered, Option<ActKey>), AuditTrailError> {
    let own = directory.map(DataDirectory::audit_public_key).filter(|own| own.is_file());
    let keys = keys.iter().chain(&own).map(|path| public_key(path)).collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() {
        return Err(AuditTrailError::NoKeys);
    }
    let (remembered, acts) = match directory {
        Some(directory) => (remembered(directory, &keys)?, act_keys::of_directory(directory)?),
        None => (Remembered::default(), None),
    };
    let checker = AuditChecker::new(keys, tolerance).against(ends(&remembered)).as_of(OffsetDateTime::now_utc());
    Ok((checker, remembered, acts))
}

/// Reads what the server of a data directory remembers of its log, which it has signed with one of the keys.
fn remembered(directory: &DataDirectory, keys: &[PublicKey]) -> Result<Remembered, AuditTrailError> {
    let path = directory.witness();
    let Some(text) = files::read_if_there(&path)? else { return Ok(Remembered::default()) };
    let remembered = keys.iter().find_map(|key| Remembered::read(&text, key));
    remembered.ok_or(AuditTrailError::Witness(path))
}

/// Lists the ends of the chains that are remembered.
fn ends(remembered: &Remembered) -> Vec<RememberedEnd> {
    let end =
        |(chain, head): (i64, &RememberedHead)| RememberedEnd { chain, number: head.number, hash: head.hash.clone() };
    remembered.heads().map(end).collect()
}

/// Opens the log of a data directory: its own file, or the database that its settings name.
async fn open_log(directory: &DataDirectory) -> Result<AuditSource, AuditTrailError> {
    let settings = Settings::load(directory)?;
    match settings.database {
        None => Ok(AuditSource::file(&directory.database())?),
        Some(_) => Ok(AuditSource::store(database::open(directory, &settings).await?)),
    }
}

/// Checks an export, line by line.
fn check_lines(path: &Path, mut file: impl BufRead, mut checker: AuditChecker) -> Result<AuditReport, AuditTrailError> {
    let failed = |source| AuditTrailError::Unreadable { path: path.to_owned(), source };
    let mut line = String::new();
    for number in 1.. {
        line.clear();
        if file.by_ref().take(LONGEST_LINE).read_line(&mut line).map_err(failed)? == 0 {
            break;
        }
        let item = AuditItem::from_line(&line);
        checker.take(&item.map_err(|source| AuditTrailError::Line { path: path.to_owned(), number, source })?);
    }
    Ok(checker.finish())
}

/// Reads a public key (SubjectPublicKeyInfo, PEM).
fn public_key(path: &Path) -> Result<PublicKey, AuditTrailError> {
    let text = files::read(path)?;
    let (label, der) =
        pem::decode_vec(text.trim_ascii().as_bytes()).map_err(|_| AuditTrailError::NoKey(path.to_owned()))?;
    if label != "PUBLIC KEY" {
        return Err(AuditTrailError::NoKey(path.to_owned()));
    }
    PublicKey::from_spki(&der).map_err(|source| AuditTrailError::Key { path: path.to_owned(), source })
}

/// Writes the log of a data directory to `out` as JSON lines, or sends it to the syslog receiver `to`; returns the
/// number of records.
pub fn audit_export(
    data_dir: &Path,
    filter: &ExportFilter,
    to: Option<&Target>,
    mut out: impl Write,
) -> Result<u64, AuditTrailError> {
    let directory = DataDirectory::new(data_dir);
    let runtime = database::runtime().map_err(AuditTrailError::Runtime)?;
    let source = runtime.block_on(open_log(&directory))?;
    let complete = filter.passes_all();
    let mut records = 0;
    let receiver = to.map(|target| Receiver::open(target, &directory)).transpose()?;
    let mut line = |item: &AuditItem| -> Result<(), AuditTrailError> {
        writeln!(out, "{}", item.to_line()?).map_err(AuditTrailError::Write)
    };
    if receiver.is_none() {
        line(&AuditItem::Begin { complete, at: Some(OffsetDateTime::now_utc()) })?;
    }
    let each = source.each(|item| {
        if let AuditItem::Record(record) = &item {
            if !filter.passes(record) {
                return Ok(());
            }
            records += 1;
            if let Some(receiver) = &receiver {
                return if receiver.send(record) { Ok(()) } else { Err(AuditTrailError::Away) };
            }
        }
        if receiver.is_some() { Ok(()) } else { line(&item) }
    });
    let read = runtime.block_on(each);
    if let Some(receiver) = receiver {
        receiver.end()?;
    }
    read?;
    out.flush().map_err(AuditTrailError::Write)?;
    Ok(records)
}

/// Sends to a syslog receiver on a thread of its own, while the log is read.
struct Receiver<'a> {
    target: &'a Target,
    queue: SyncSender<Vec<u8>>,
    thread: JoinHandle<io::Result<()>>,
    host: String,
}

impl<'a> Receiver<'a> {
    /// Starts the thread, which connects to the receiver.
    fn open(target: &'a Target, directory: &DataDirectory) -> Result<Self, AuditTrailError> {
        let host = Settings::load(directory)?.public_names.first().cloned().unwrap_or_default();
        let (queue, messages) = mpsc::sync_channel::<Vec<u8>>(QUEUE);
        let to = target.clone();
        let thread = std::thread::Builder::new().name("audit-export".into()).spawn(move || {
            let runtime = database::runtime()?;
            let link = runtime.block_on(Link::open(&to))?;
            for message in messages {
                if !runtime.block_on(link.send(&message))? {
                    return Err(io::ErrorKind::FileTooLarge.into());
                }
            }
            Ok(())
        });
        Ok(Self { target, queue, thread: thread.map_err(AuditTrailError::Runtime)?, host })
    }

    /// Queues a record's message; `false` when the thread has failed, and [`Receiver::end`] says why.
    fn send(&self, record: &AuditRecord) -> bool {
        self.queue.send(syslog::message(record, &self.host)).is_ok()
    }

    /// Waits until all is sent; fails with what the thread failed with.
    fn end(self) -> Result<(), AuditTrailError> {
        drop(self.queue);
        let sent = self.thread.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into()));
        sent.map_err(|source| AuditTrailError::Receiver { target: self.target.clone(), source })
    }
}
