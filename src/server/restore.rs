//! `server restore`: an archive becomes a data directory again, whole or not at all.

use super::backup::{
    BackupError, FORMAT, MANIFEST, MAX_FILE, MAX_FILES, Manifest, Member, OWNER_ONLY, Saved, passed, sync_parent,
};
use super::config::{DataDirectory, Settings};
use super::files::FileError;
use crate::store;
use std::collections::BTreeMap;
use std::fs::{DirBuilder, OpenOptions};
use std::io::Read;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};
use uuid::Uuid;

const DIRECTORY_MODE: u32 = 0o700;

/// Makes the data directory `data_dir` of an archive; one that exists is never touched.
///
/// It is made under another name, checked, and renamed at the end: after a failure nothing is left in its place.
pub fn restore(from: impl Read, data_dir: &Path) -> Result<Saved, BackupError> {
    if data_dir.symlink_metadata().is_ok() {
        return Err(BackupError::Exists(data_dir.to_owned()));
    }
    let name = data_dir.file_name().ok_or_else(|| BackupError::NoDirectory(data_dir.to_owned()))?;
    let draft = data_dir.with_file_name(format!(".{}.{}", name.to_string_lossy(), Uuid::new_v4().simple()));
    let restored = fill(from, &draft).and_then(|saved| {
        // A rename onto an empty directory would succeed, so it is asked again that nothing is there.
        if data_dir.symlink_metadata().is_ok() {
            return Err(BackupError::Exists(data_dir.to_owned()));
        }
        std::fs::rename(&draft, data_dir).map_err(|source| written(data_dir, source))?;
        sync_parent(data_dir)?;
        Ok(saved)
    });
    if restored.is_err() {
        // Best effort: the first error is the one to be told.
        let _ = std::fs::remove_dir_all(&draft);
    }
    restored
}

fn written(path: &Path, source: std::io::Error) -> FileError {
    FileError { path: path.to_owned(), what: "written", source }
}

fn fill(from: impl Read, draft: &Path) -> Result<Saved, BackupError> {
    let mut archive = tar::Archive::new(from);
    let mut entries = archive.entries().map_err(|_| BackupError::Foreign)?;
    let manifest = manifest(entries.next())?;
    let mut wanted: BTreeMap<&str, &Member> = BTreeMap::new();
    for member in &manifest.files {
        if wanted.insert(&member.name, member).is_some() || wanted.len() > MAX_FILES {
            return Err(BackupError::Damaged(member.name.clone()));
        }
    }
    make_directory(draft)?;
    for entry in entries {
        let mut entry = entry.map_err(BackupError::Read)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let member = wanted.remove(name.as_str()).filter(|_| entry.header().entry_type().is_file());
        let member = member.ok_or_else(|| BackupError::Damaged(name.clone()))?;
        let path = below(draft, &name)?;
        let opened = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&path);
        let mut file = opened.map_err(|source| written(&path, source))?;
        let (size, sha256) = passed(&mut entry.by_ref().take(member.size), &mut file).map_err(BackupError::Read)?;
        file.sync_all().map_err(|source| written(&path, source))?;
        if size != member.size || sha256 != member.sha256 || entry.size() != member.size {
            return Err(BackupError::Damaged(name));
        }
    }
    if let Some(missing) = wanted.keys().next() {
        return Err(BackupError::Damaged((*missing).to_owned()));
    }
    let directory = DataDirectory::new(draft);
    Settings::load(&directory)?;
    if !manifest.postgresql {
        store::check_database(&directory.database())?;
    }
    sync_parent(&directory.settings())?;
    let bytes = manifest.files.iter().map(|member| member.size).sum();
    Ok(Saved { files: manifest.files.len(), bytes, postgresql: manifest.postgresql })
}

fn manifest<R: Read>(first: Option<std::io::Result<tar::Entry<'_, R>>>) -> Result<Manifest, BackupError> {
    let entry = first.and_then(Result::ok).ok_or(BackupError::Foreign)?;
    if entry.path_bytes().as_ref() != MANIFEST.as_bytes() {
        return Err(BackupError::Foreign);
    }
    let mut text = Vec::new();
    entry.take(MAX_FILE).read_to_end(&mut text).map_err(BackupError::Read)?;
    let json: serde_json::Value = serde_json::from_slice(&text).map_err(|_| BackupError::Foreign)?;
    // The format comes before all else, for a newer one may look otherwise.
    match json["format"].as_u64().and_then(|format| u32::try_from(format).ok()) {
        Some(FORMAT) => serde_json::from_value(json).map_err(|_| BackupError::Damaged(MANIFEST.into())),
        Some(newer) => Err(BackupError::Newer(newer)),
        None => Err(BackupError::Foreign),
    }
}

/// The place of a member, its directory made; a name that leads elsewhere is refused.
fn below(draft: &Path, name: &str) -> Result<PathBuf, BackupError> {
    let relative = Path::new(name);
    if name.is_empty() || !relative.components().all(|part| matches!(part, Component::Normal(_))) {
        return Err(BackupError::Damaged(name.to_owned()));
    }
    let path = draft.join(relative);
    let mut directory = draft.to_owned();
    for part in relative.parent().into_iter().flat_map(Path::components) {
        directory.push(part);
        if !directory.is_dir() {
            make_directory(&directory)?;
        }
    }
    Ok(path)
}

fn make_directory(path: &Path) -> Result<(), BackupError> {
    Ok(DirBuilder::new().mode(DIRECTORY_MODE).create(path).map_err(|source| written(path, source))?)
}
