//! Files of the journal, read and written here a second time.

use serde_json::Value;
use std::fs::read_dir;
use std::path::{Path, PathBuf};

/// The files of unfinished work in a directory.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let Ok(entries) = read_dir(directory) else { return Vec::new() };
    let files = entries.flatten().map(|entry| entry.path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "json")).collect()
}

/// The slots of a file that hold a record, oldest first, each with its place; none where one is just being written.
fn slots(file: &Path) -> Vec<(usize, Value)> {
    let Ok(text) = std::fs::read(file) else { return Vec::new() };
    let Ok(document) = serde_json::from_slice::<Value>(&text) else { return Vec::new() };
    let slots = document["slots"].as_array().cloned().unwrap_or_default();
    let mut held: Vec<_> = slots.into_iter().enumerate().filter(|(_, slot)| !slot.is_null()).collect();
    held.sort_by_key(|(_, slot)| slot["sequence"].as_u64());
    held
}

/// The record that counts.
pub fn record(file: &Path) -> Option<Value> {
    slots(file).pop().map(|(_, slot)| slot["record"].clone())
}

/// The record of each file in a directory, as people read it.
pub fn texts(directory: &Path) -> Vec<String> {
    let records = files(directory).into_iter().filter_map(|file| record(&file));
    records.map(|record| serde_json::to_string_pretty(&record).unwrap()).collect()
}

/// Writes the record as the release before did.
pub fn write_alone(file: &Path, record: &Value) {
    let mut record = record.clone();
    record["version"] = 1.into();
    std::fs::write(file, serde_json::to_string_pretty(&record).unwrap()).unwrap();
}

/// Makes of a file what a power cut may leave of it: nothing that was not flushed. Of these milestones it is known that
/// they are not.
pub fn lose_what_was_not_flushed(file: &Path) {
    let mut text = std::fs::read(file).unwrap();
    let mut held = slots(file);
    assert!(!held.is_empty(), "{}", String::from_utf8_lossy(&text));
    let size = (text.len() - 4096) / 3;
    while let [.., (_, before), (at, last)] = held.as_slice() {
        let (mut alike, (before, last)) = (before["record"].clone(), (&before["record"], &last["record"]));
        alike["milestone"] = last["milestone"].clone();
        let told = ["requested", "prepared", "signed"].iter().any(|name| last["milestone"]["at"] == *name);
        if !told || alike != *last || before == last {
            break;
        }
        // Half of it is on the disk.
        let start = 4096 + at * size;
        text[start + 200..start + size - 2].fill(b'?');
        held.pop();
    }
    std::fs::write(file, text).unwrap();
}
