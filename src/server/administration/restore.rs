//! `server restore`: makes a data directory out of an archive, whole or not at all.

use super::accept::{generation, go_on, of_time};
use super::archive_seal::ArchiveSeal;
use super::backup::{
    BackupError, FORMAT, MANIFEST, MAX_FILE, MAX_FILES, Manifest, Member, SEAL, Saved, UNSEALED_FORMAT, copied,
};
use crate::ca;
use crate::pkix::{MemoryKey, Signer};
use crate::platform::file;
use crate::secret::Passphrase;
use crate::server::audit::act_keys;
use crate::server::audit::deed::{self, Deed};
use crate::server::audit::heads;
use crate::server::audit::remembered::Remembered;
use crate::server::data_directory::database;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::server_toml::Settings;
use crate::store;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Component, Path, PathBuf};
use time::OffsetDateTime;

/// Says why an archive is trusted.
#[derive(Clone, Copy)]
pub enum Trust<'a> {
    /// Its seal was made under this passphrase.
    Sealed(&'a Passphrase),
    /// Somebody says so: it is of an earlier release, which made no seals.
    Blindly,
}

/// Makes the data directory `data_dir` out of an archive, which is checked first; never touches one that exists.
///
/// The log says that it was restored, and the numbers of revocation lists go on after any that was made since.
pub fn restore(from: impl Read, data_dir: &Path, trust: Trust<'_>) -> Result<Saved, BackupError> {
    files::make_whole(data_dir, |draft| fill(from, draft, trust))
}

/// Returns the error of a file that could not be written.
fn unwritten(path: &Path, source: std::io::Error) -> FileError {
    FileError { path: path.to_owned(), what: "written", source }
}

/// Writes the archive's files below `draft`: just those of the manifest, with the sizes and digests it names. Settings
/// and database must be readable.
fn fill(from: impl Read, draft: &Path, trust: Trust<'_>) -> Result<Saved, BackupError> {
    let mut archive = tar::Archive::new(from);
    let mut entries = archive.entries().map_err(|_| BackupError::Foreign)?;
    let text = member_text(entries.next(), MANIFEST)?;
    let manifest = manifest(&text)?;
    match (manifest.format, trust) {
        (UNSEALED_FORMAT, Trust::Sealed(_)) => return Err(BackupError::Unsealed),
        (UNSEALED_FORMAT, Trust::Blindly) => {}
        (_, trust) => {
            let seal = member_text(entries.next(), SEAL).map_err(|_| BackupError::Damaged(SEAL.into()))?;
            check_seal(&text, &seal, trust)?;
        }
    }
    let mut wanted: BTreeMap<&str, &Member> = BTreeMap::new();
    for member in &manifest.files {
        if wanted.insert(&member.name, member).is_some() || wanted.len() > MAX_FILES {
            return Err(BackupError::Damaged(member.name.clone()));
        }
    }
    for entry in entries {
        let mut entry = entry.map_err(BackupError::Read)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let member = wanted.remove(name.as_str()).filter(|_| entry.header().entry_type().is_file());
        let member = member.ok_or_else(|| BackupError::Damaged(name.clone()))?;
        let path = member_path(draft, &name)?;
        let mut file = file::open_new(&path).map_err(|source| unwritten(&path, source))?;
        let (size, sha256) = copied(&mut entry.by_ref().take(member.size), &mut file).map_err(BackupError::Read)?;
        file.sync_all().map_err(|source| unwritten(&path, source))?;
        if size != member.size || sha256 != member.sha256 || entry.size() != member.size {
            return Err(BackupError::Damaged(name));
        }
    }
    if let Some(missing) = wanted.keys().next() {
        return Err(BackupError::Damaged((*missing).to_owned()));
    }
    let directory = DataDirectory::new(draft);
    let settings = Settings::load(&directory)?;
    if !manifest.postgresql {
        store::check_database(&directory.database())?;
        // The archive has no key for acts at the directory; the log's key brings it back. Releases that sealed no
        // archives had none.
        let key = match trust {
            Trust::Sealed(passphrase) => Some(heads::key(&directory, passphrase)?),
            Trust::Blindly => None,
        };
        say_restored(&directory, &settings, &manifest, key.is_some())?;
        if let Some(key) = key {
            remember_anew(&directory, &key)?;
        }
    }
    file::flush_parent(&directory.settings()).map_err(|source| unwritten(draft, source))?;
    let bytes = manifest.files.iter().map(|member| member.size).sum();
    Ok(Saved { files: manifest.files.len(), bytes, postgresql: manifest.postgresql })
}

/// Refuses a seal that was not made under the passphrase, or not of this manifest.
fn check_seal(manifest: &[u8], seal: &[u8], trust: Trust<'_>) -> Result<(), BackupError> {
    let seal: ArchiveSeal = serde_json::from_slice(seal).map_err(|_| BackupError::Damaged(SEAL.into()))?;
    let Trust::Sealed(passphrase) = trust else { return Ok(()) };
    match seal.is_of(manifest, passphrase) {
        Ok(true) => Ok(()),
        Ok(false) | Err(ca::Error::Passphrase) => Err(BackupError::Forged),
        Err(error) => Err(BackupError::Seal(error)),
    }
}

/// Adds the act that the records were restored, and has list numbers go on after any that was made since.
fn say_restored(
    directory: &DataDirectory,
    settings: &Settings,
    manifest: &Manifest,
    sealed: bool,
) -> Result<(), BackupError> {
    let now = OffsetDateTime::now_utc();
    let made = OffsetDateTime::from_unix_timestamp(manifest.made).map_or_else(|_| String::new(), |at| at.to_string());
    let entry = deed::own(Deed::RecordsRestored, now).with("made", made).with("sealed", sealed);
    let entry = entry.with("release", &manifest.release);
    let key = act_keys::of_directory(directory)?;
    let added = database::with_store(directory, settings, key, async |store| {
        store.write(move |tx| Box::pin(async move { go_on(tx, of_time(now), &entry).await })).await
    });
    Ok(added??)
}

/// Has what is remembered be newer than what the token of the CA's key may have noted since.
fn remember_anew(directory: &DataDirectory, key: &MemoryKey) -> Result<(), BackupError> {
    let Some(text) = files::read_if_there(&directory.witness())? else { return Ok(()) };
    let mut remembered =
        Remembered::read(&text, key.public_key()).ok_or_else(|| BackupError::Damaged("witness.json".into()))?;
    remembered.generation = generation(OffsetDateTime::now_utc());
    let text = remembered.signed_by(key).map_err(BackupError::Witness)?;
    Ok(files::replace(&directory.witness(), text.as_bytes())?)
}

/// Reads a member that describes the others.
fn member_text<R: Read>(next: Option<std::io::Result<tar::Entry<'_, R>>>, name: &str) -> Result<Vec<u8>, BackupError> {
    let entry = next.and_then(Result::ok).ok_or(BackupError::Foreign)?;
    if entry.path_bytes().as_ref() != name.as_bytes() {
        return Err(BackupError::Foreign);
    }
    let mut text = Vec::new();
    entry.take(MAX_FILE).read_to_end(&mut text).map_err(BackupError::Read)?;
    Ok(text)
}

/// Reads the manifest.
fn manifest(text: &[u8]) -> Result<Manifest, BackupError> {
    let json: serde_json::Value = serde_json::from_slice(text).map_err(|_| BackupError::Foreign)?;
    // The format comes before all else, for a newer one may look otherwise.
    match json["format"].as_u64().and_then(|format| u32::try_from(format).ok()) {
        Some(FORMAT | UNSEALED_FORMAT) => {
            serde_json::from_value(json).map_err(|_| BackupError::Damaged(MANIFEST.into()))
        }
        Some(newer) => Err(BackupError::Newer(newer)),
        None => Err(BackupError::Foreign),
    }
}

/// Returns the path of a member below `draft` and makes its directories; refuses a name that leads elsewhere.
fn member_path(draft: &Path, name: &str) -> Result<PathBuf, BackupError> {
    let relative = Path::new(name);
    if name.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(BackupError::Damaged(name.to_owned()));
    }
    let path = draft.join(relative);
    let mut directory = draft.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        directory.push(part);
        if !directory.is_dir() {
            files::make_directory(&directory)?;
        }
    }
    Ok(path)
}
