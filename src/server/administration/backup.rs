//! `server backup`: writes a data directory into one archive, also while a server runs on it.
//!
//! The archive is a plain tar (POSIX.1-1988, ustar), so that what is in it can be seen and taken out in an emergency
//! without this program. Its first member is a manifest with the size and SHA-256 of every other, its second the
//! manifest's MAC under the passphrase, so `server restore` sees what is missing, added or changed, by whomever. Key
//! files stay sealed; the records are not sealed, so the archive is for its owner only. Records in PostgreSQL are not
//! in it: `pg_dump` saves those.

use super::archive_seal::ArchiveSeal;
use crate::ca;
use crate::platform::file;
use crate::secret::Passphrase;
use crate::server::audit::contradiction::WitnessError;
use crate::server::audit::heads::{self, LogKeyError};
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::files::{self, Exists, FileError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::store;
use aws_lc_rs::digest::{Context, SHA256};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use time::OffsetDateTime;
use uuid::Uuid;

/// Names the archive's first member.
pub(super) const MANIFEST: &str = "cardwright-backup.json";
/// Names the archive's second member.
pub(super) const SEAL: &str = "cardwright-backup.seal";
/// Numbers the format of the archives that this release makes.
pub(super) const FORMAT: u32 = 2;
/// Numbers the format of earlier releases, which has no seal.
pub(super) const UNSEALED_FORMAT: u32 = 1;
/// Bounds each file but the database, in bytes: keys, certificates, settings and templates are far smaller.
pub(super) const MAX_FILE: u64 = 16 * 1024 * 1024;
/// Bounds the number of files.
pub(super) const MAX_FILES: usize = 10_000;
/// Bounds how many directories deep a file may lie.
const MAX_DEPTH: usize = 8;
/// Gives each member to its owner only, when somebody takes it out with tar.
const MODE: u32 = 0o600;
/// Begins the name of the database's copy, which lies in the data directory while the archive is written.
const COPY: &str = ".backup.";
/// Bounds what is read, digested or written at once, in bytes.
const BUFFER: usize = 64 * 1024;

/// Describes the archive; it is its first member.
#[derive(Serialize, Deserialize)]
pub(super) struct Manifest {
    pub format: u32,
    /// The release that made the archive.
    pub release: String,
    /// Seconds since 1970.
    pub made: i64,
    /// The records are in PostgreSQL, and not in here.
    pub postgresql: bool,
    pub files: Vec<Member>,
}

/// Describes one file of the archive.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Member {
    /// Relative to the data directory.
    pub name: String,
    pub size: u64,
    /// Hexadecimal.
    pub sha256: String,
}

/// Reports what an archive holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Saved {
    pub files: usize,
    pub bytes: u64,
    /// The records are in PostgreSQL: the archive does not have them.
    pub postgresql: bool,
}

/// Says why no archive was made, or nothing restored.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Exists(#[from] Exists),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the database could not be copied")]
    Store(#[from] store::Error),
    #[error("{} holds more than {MAX_FILES} files, or one deeper than {MAX_DEPTH} directories or larger than {MAX_FILE} bytes", .0.display())]
    TooMuch(PathBuf),
    #[error("{} is neither a file nor a directory", .0.display())]
    Strange(PathBuf),
    #[error("the passphrase is not the one of the server's key files")]
    Key(#[from] LogKeyError),
    #[error("the archive could not be sealed, or its seal not opened")]
    Seal(#[source] ca::Error),
    #[error("what was remembered could not be written")]
    Witness(#[source] WitnessError),
    #[error("the archive was not made under this passphrase, or somebody has changed it; nothing was restored")]
    Forged,
    #[error("the archive has no seal, so that nobody can tell who made it or changed it; nothing was restored")]
    Unsealed,
    #[error("the restored database could not be opened")]
    Database(#[from] DatabaseError),
    #[error("the archive could not be written")]
    Write(#[source] std::io::Error),
    #[error("the archive could not be read to its end; nothing was restored")]
    Read(#[source] std::io::Error),
    #[error("this is no archive of \"cardwright server backup\"; nothing was restored")]
    Foreign,
    #[error("the archive is of format {0}, made by a newer release; nothing was restored")]
    Newer(u32),
    #[error("the archive is not whole: {0} is missing, doubled or changed; nothing was restored")]
    Damaged(String),
}

/// Writes an archive of the data directory into a new file, for its owner only; after a failure there is no file.
pub fn backup_file(data_dir: &Path, path: &Path, passphrase: &Passphrase) -> Result<Saved, BackupError> {
    let failed = |source| FileError { path: path.to_owned(), what: "written", source };
    let file = file::open_new(path).map_err(failed)?;
    let saved = backup(data_dir, &file, passphrase).and_then(|saved| {
        file.sync_all().map_err(failed)?;
        Ok(saved)
    });
    if saved.is_err() {
        // Best effort: the first error is the one to be told.
        let _ = std::fs::remove_file(path);
    }
    saved
}

/// Writes an archive of the data directory to `to`, sealed under the passphrase of the key files. Everything that was
/// acknowledged before the call is in it.
pub fn backup(data_dir: &Path, to: impl Write, passphrase: &Passphrase) -> Result<Saved, BackupError> {
    let directory = DataDirectory::existing(data_dir)?;
    // With another passphrase the archive could not be restored.
    heads::key(&directory, passphrase)?;
    let settings = Settings::load(&directory)?;
    let postgresql = settings.database.is_some();
    // What is remembered of the database is never of later than the database in the archive.
    let witness = files::read_if_there(&directory.witness())?;
    // The database before the keys: a key that comes in between is one too many, never one too few.
    let copy = if postgresql { None } else { Some(Copy::of(&directory)?) };
    let mut members = Vec::new();
    let mut contents = Vec::new();
    if let Some(witness) = witness {
        members.push(member(&relative(data_dir, &directory.witness())?, &mut witness.as_bytes())?);
        contents.push(witness.into_bytes());
    }
    for path in listed(data_dir)? {
        let content = content(&path)?;
        members.push(member(&relative(data_dir, &path)?, &mut content.as_slice())?);
        contents.push(content);
    }
    let mut database = match &copy {
        Some(copy) => Some(BufReader::with_capacity(BUFFER, copy.open()?)),
        None => None,
    };
    if let Some(database) = &mut database {
        members.push(member(&relative(data_dir, &directory.database())?, database)?);
        database.rewind().map_err(BackupError::Read)?;
    }
    let made = OffsetDateTime::now_utc().unix_timestamp();
    let manifest = Manifest {
        format: FORMAT,
        release: env!("CARGO_PKG_VERSION").into(),
        made,
        postgresql,
        files: members.clone(),
    };
    let unwritten = |error: serde_json::Error| BackupError::Write(error.into());
    let text = serde_json::to_vec_pretty(&manifest).map_err(unwritten)?;
    let seal = ArchiveSeal::make(&text, passphrase).map_err(BackupError::Seal)?;
    let seal = serde_json::to_vec_pretty(&seal).map_err(unwritten)?;
    let written = || {
        let mut archive = tar::Builder::new(BufWriter::with_capacity(BUFFER, to));
        append(&mut archive, MANIFEST, text.len() as u64, made, text.as_slice())?;
        append(&mut archive, SEAL, seal.len() as u64, made, seal.as_slice())?;
        for (member, content) in members.iter().zip(&contents) {
            append(&mut archive, &member.name, member.size, made, content.as_slice())?;
        }
        if let (Some(database), Some(member)) = (&mut database, members.last()) {
            append(&mut archive, &member.name, member.size, made, database)?;
        }
        archive.into_inner()?.flush()
    };
    let written: std::io::Result<()> = written();
    written.map_err(BackupError::Write)?;
    let bytes = members.iter().map(|member| member.size).sum();
    Ok(Saved { files: members.len(), bytes, postgresql })
}

/// Adds a member to the archive.
fn append(
    archive: &mut tar::Builder<impl Write>,
    name: &str,
    size: u64,
    made: i64,
    content: impl Read,
) -> std::io::Result<()> {
    let mut header = tar::Header::new_ustar();
    header.set_size(size);
    header.set_mode(MODE);
    header.set_mtime(made.try_into().unwrap_or(0));
    archive.append_data(&mut header, name, content)
}

/// Holds a copy of the database beside it; the file is deleted on drop.
struct Copy(PathBuf);

impl Copy {
    fn of(directory: &DataDirectory) -> Result<Self, BackupError> {
        let copy = Self(directory.beside(Path::new(&format!("{COPY}{}", Uuid::new_v4().simple()))));
        store::copy_database(&directory.database(), &copy.0)?;
        Ok(copy)
    }

    fn open(&self) -> Result<File, BackupError> {
        File::open(&self.0).map_err(|source| FileError { path: self.0.clone(), what: "read", source }.into())
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// Lists every file of the directory but the database, what is remembered of it, the lock, keys that end with a
/// request, and files that are being written; sorted.
fn listed(data_dir: &Path) -> Result<Vec<PathBuf>, BackupError> {
    let unreadable = |path: &Path, source| FileError { path: path.to_owned(), what: "read", source };
    let mut files = Vec::new();
    let mut directories = vec![(data_dir.to_owned(), 0)];
    while let Some((directory, depth)) = directories.pop() {
        for entry in std::fs::read_dir(&directory).map_err(|source| unreadable(&directory, source))? {
            let entry = entry.map_err(|source| unreadable(&directory, source))?;
            let path = entry.path();
            let name = entry.file_name().to_string_lossy().into_owned();
            let is_transient = ["acts.key", "cardwright.db", "server.lock", "witness.json", "request-keys", COPY]
                .iter()
                .any(|left| name.starts_with(left))
                || name.ends_with(".new");
            if depth == 0 && is_transient {
                continue;
            }
            let kind = entry.file_type().map_err(|source| unreadable(&path, source))?;
            if files.len() >= MAX_FILES || depth >= MAX_DEPTH {
                return Err(BackupError::TooMuch(data_dir.to_owned()));
            }
            match (kind.is_dir(), kind.is_file()) {
                (true, _) => directories.push((path, depth + 1)),
                (_, true) => files.push(path),
                _ => return Err(BackupError::Strange(path)),
            }
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file of at most [`MAX_FILE`] bytes.
fn content(path: &Path) -> Result<Vec<u8>, BackupError> {
    let mut content = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_FILE + 1).read_to_end(&mut content));
    read.map_err(|source| FileError { path: path.to_owned(), what: "read", source })?;
    if content.len() as u64 > MAX_FILE {
        return Err(BackupError::TooMuch(path.to_owned()));
    }
    Ok(content)
}

/// Returns a path relative to the data directory; refuses the names of manifest and seal, and one that is not UTF-8.
fn relative(data_dir: &Path, path: &Path) -> Result<String, BackupError> {
    let name = path.strip_prefix(data_dir).ok().and_then(Path::to_str).filter(|name| ![MANIFEST, SEAL].contains(name));
    name.map(str::to_owned).ok_or_else(|| BackupError::Strange(path.to_owned()))
}

/// Describes a member; reads its content to the end for size and digest.
fn member(name: &str, content: &mut impl Read) -> Result<Member, BackupError> {
    let (size, sha256) = copied(content, &mut std::io::sink()).map_err(BackupError::Read)?;
    Ok(Member { name: name.to_owned(), size, sha256 })
}

/// Copies to the end; returns the number of bytes and their SHA-256 in hexadecimal.
pub(super) fn copied(from: &mut impl Read, to: &mut impl Write) -> std::io::Result<(u64, String)> {
    let mut digest = Context::new(&SHA256);
    let mut buffer = vec![0; BUFFER];
    let mut size = 0;
    loop {
        let read = from.read(&mut buffer)?;
        let Some(block) = buffer.get(..read).filter(|block| !block.is_empty()) else { break };
        digest.update(block);
        to.write_all(block)?;
        size += read as u64;
    }
    Ok((size, hex::encode(digest.finish())))
}
