//! How a record lies in its file: written whole once, and from then on into one of three slots.
//!
//! The file is one JSON document, `{"version":2,"slots":[…]}`. Each slot begins with a block of the disk, is filled up
//! with blanks, and holds a record, its number, and a digest of both. The whole slot with the greatest number counts:
//! one whose writing was cut off, or goes on just now, fails its digest. What changes is written to a slot that holds
//! neither what was flushed last nor what was written last, so that neither can be lost by it. A record that outgrows
//! its slots gets a file of larger ones. The release before wrote a record alone, with `"version": 1`; that is read too.

use super::record::Record;
use crate::platform::file::{ReplaceError, Step, overwrite, replace};
use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use std::io;
use std::path::Path;

/// Names the version of files that this program writes.
pub(super) const VERSION: u32 = 2;

/// Begins a file of slots; blanks fill the rest of the first block.
const HEAD: &str = r#"{"version":2,"slots":["#;

/// Counts the bytes of the first block, which is never written again.
const BLOCK: usize = 4096;

const SLOTS: usize = 3;

/// Counts the bytes of a slot that most records fit into.
const USUAL: usize = 4 * BLOCK;

/// Bounds the bytes of a slot.
const LARGEST: usize = 2 * 1024 * 1024;

/// Bounds the bytes of a record without slots, as the release before read it.
const LARGEST_ALONE: usize = 1024 * 1024;

/// Bounds the bytes of a file.
pub(super) const LARGEST_FILE: usize = BLOCK + SLOTS * LARGEST;

/// Knows the slots of a file that this process has written.
pub(super) struct Slots {
    /// Counts the bytes of each.
    size: usize,
    /// Numbers what was written last.
    sequence: u64,
    written: usize,
    flushed: usize,
}

/// Says why a file tells of no work.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    #[error("it is too large, or nothing in it is whole")]
    NotWhole,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    #[error("it is of version {0}")]
    Version(u64),
}

impl Slots {
    /// Makes or replaces the file, with this record in the first slot, whole and durably.
    pub fn make(path: &Path, record: &[u8]) -> Result<Self, ReplaceError> {
        let wanted = slot(1, record, 0, 0).len();
        if wanted > LARGEST {
            let source = io::Error::new(io::ErrorKind::FileTooLarge, "the record is larger than any can be");
            return Err(ReplaceError { step: Step::Write, source });
        }
        let size = wanted.next_power_of_two().max(USUAL);
        let mut image = format!("{HEAD:<width$}\n", width = BLOCK - 1).into_bytes();
        image.extend(slot(1, record, 0, size));
        for at in 1..SLOTS {
            image.extend(filled(b"null".to_vec(), at, size));
        }
        replace(path, &path.with_extension("new"), &image)?;
        Ok(Self { size, sequence: 1, written: 0, flushed: 0 })
    }

    /// Writes a record to the next slot; once this returns, it survives the end of this process, and a power cut too if
    /// `flush`. `None` where it does not fit, or the file is gone: it must be made anew.
    pub fn write(self, path: &Path, record: &[u8], flush: bool) -> Result<Option<Self>, ReplaceError> {
        let Some(at) = (0..SLOTS).find(|at| ![self.written, self.flushed].contains(at)) else { return Ok(None) };
        let sequence = self.sequence + 1;
        let slot = slot(sequence, record, at, self.size);
        if slot.len() > self.size {
            return Ok(None);
        }
        match overwrite(path, BLOCK + at * self.size, &slot, flush) {
            Ok(()) => {
                let flushed = if flush { at } else { self.flushed };
                Ok(Some(Self { sequence, written: at, flushed, ..self }))
            }
            Err(error) if error.source.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

impl Record {
    /// Reads a file of the journal, of this version or the one before.
    pub fn from_file(file: &[u8]) -> Result<Self, Unread> {
        let begins = file.get(..BLOCK).and_then(version);
        match begins {
            Some(version) if version == u64::from(VERSION) => newest(file),
            Some(version) if version > u64::from(VERSION) => Err(Unread::Version(version)),
            _ => alone(file),
        }
    }
}

/// Reads the version with which a file of slots begins, whether or not they are whole.
fn version(block: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(block).ok()?.strip_prefix(r#"{"version":"#)?;
    text.split_once(r#","slots":["#)?.0.parse().ok()
}

/// Reads the record of the newest slot.
fn newest(file: &[u8]) -> Result<Record, Unread> {
    let slots = file.get(BLOCK..).filter(|slots| slots.len() <= SLOTS * LARGEST).ok_or(Unread::NotWhole)?;
    let whole = slots.chunks(slots.len().div_ceil(SLOTS).max(1)).filter_map(whole);
    let (_, record) = whole.max_by_key(|(sequence, _)| *sequence).ok_or(Unread::NotWhole)?;
    Ok(serde_json::from_str(record)?)
}

/// Reads a record without slots, as the release before wrote it.
fn alone(file: &[u8]) -> Result<Record, Unread> {
    /// Reads the version alone.
    #[derive(Deserialize)]
    struct Versioned {
        version: Option<u64>,
    }
    if file.len() > LARGEST_ALONE {
        return Err(Unread::NotWhole);
    }
    match serde_json::from_slice::<Versioned>(file)?.version {
        None | Some(1) => Ok(serde_json::from_slice(file)?),
        Some(version) => Err(Unread::Version(version)),
    }
}

/// Spells a slot: the record with its number and the digest of both.
fn slot(sequence: u64, record: &[u8], at: usize, size: usize) -> Vec<u8> {
    let mut text =
        format!(r#"{{"sequence":{sequence},"sha256":"{}","record":"#, vouched(sequence, record)).into_bytes();
    text.extend_from_slice(record);
    text.push(b'}');
    filled(text, at, size)
}

/// Fills the text of a slot up with blanks to its size, and ends it as its place in the document wants.
fn filled(mut text: Vec<u8>, at: usize, size: usize) -> Vec<u8> {
    let end = if at + 1 < SLOTS { ",\n" } else { "]}" };
    text.resize(text.len().max(size.saturating_sub(end.len())), b' ');
    text.extend_from_slice(end.as_bytes());
    text
}

/// Returns the number and the record of a slot that was written to its end; `None` for an empty one too.
fn whole(slot: &[u8]) -> Option<(u64, &str)> {
    let text = std::str::from_utf8(slot).ok()?.strip_prefix(r#"{"sequence":"#)?;
    let (sequence, text) = text.split_once(r#","sha256":""#)?;
    let (sha256, text) = text.split_once(r#"","record":"#)?;
    let text = text.strip_suffix(",\n").or_else(|| text.strip_suffix("]}"))?;
    let record = text.trim_end_matches(' ').strip_suffix('}')?;
    let sequence = sequence.parse().ok()?;
    (sha256 == vouched(sequence, record.as_bytes())).then_some((sequence, record))
}

/// Returns the digest of a record and its number, in hexadecimal digits.
fn vouched(sequence: u64, record: &[u8]) -> String {
    hex::encode(digest(&SHA256, &[&sequence.to_be_bytes()[..], record].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrollment::record::HexBytes;
    use uuid::Uuid;

    /// A record with so many bytes of certificates in it; files of both versions say the rest alike.
    fn record(bytes: usize) -> Record {
        let text = format!(
            r#"{{ "version": 2, "marker": "{0}", "server": "", "card-id": "{0}", "token-label": "", "workflow": "enroll",
                "template": null, "target": null, "milestone": {{ "at": "asking" }} }}"#,
            Uuid::nil()
        );
        let record: Record = serde_json::from_str(&text).unwrap();
        Record { authorities: vec![HexBytes(vec![7; bytes])], ..record }
    }

    fn text(bytes: usize) -> Vec<u8> {
        serde_json::to_vec(&record(bytes)).unwrap()
    }

    fn held(file: &[u8]) -> usize {
        Record::from_file(file).unwrap().authorities[0].0.len()
    }

    #[test]
    fn a_write_that_is_cut_off_leaves_what_was_flushed_last_or_newer() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        let mut slots = Slots::make(&path, &text(0)).unwrap();
        let image = || std::fs::read(&path).unwrap();
        // What is on the disk for certain, and since when.
        let (mut durable, mut since) = (image(), 0);
        for (number, flush) in (1..).zip([false, true, true, false, false, false, true, true, false, true]) {
            slots = slots.write(&path, &text(number * 100), flush).unwrap().unwrap();
            let now = image();
            for cut in (BLOCK..now.len()).step_by(509) {
                for torn in [[&now[..cut], &durable[cut..]].concat(), [&durable[..cut], &now[cut..]].concat()] {
                    let found = held(&torn);
                    assert!((since..=number * 100).contains(&found), "write {number} cut at {cut}: {found}");
                }
            }
            assert_eq!(held(&now), number * 100);
            if flush {
                (durable, since) = (now, number * 100);
            }
        }
        assert_eq!(image().len(), BLOCK + SLOTS * USUAL);
    }

    #[test]
    fn a_record_that_outgrows_its_slots_or_whose_file_is_gone_has_to_be_made_anew() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        let (small, large) = (text(0), text(100_000));
        let slots = Slots::make(&path, &small).unwrap();
        assert!(slots.write(&path, &large, true).unwrap().is_none());
        assert_eq!(held(&std::fs::read(&path).unwrap()), 0);
        let slots = Slots::make(&path, &large).unwrap();
        let slots = slots.write(&path, &large, true).unwrap().unwrap();
        assert_eq!(held(&std::fs::read(&path).unwrap()), 100_000);
        std::fs::remove_file(&path).unwrap();
        assert!(slots.write(&path, &small, true).unwrap().is_none());
        assert!(!path.exists(), "no file with holes in it");
        let vast = Slots::make(&path, &text(LARGEST));
        assert!(vast.is_err_and(|error| error.step == Step::Write) && !path.exists());
    }

    #[test]
    fn a_file_is_one_json_document_of_whose_version_every_release_is_told() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        let slots = Slots::make(&path, &text(1)).unwrap();
        slots.write(&path, &text(2), true).unwrap();
        let file: serde_json::Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!((&file["version"], &file["slots"][2]), (&VERSION.into(), &serde_json::Value::Null));
        assert_eq!(file["slots"][1]["record"], serde_json::to_value(record(2)).unwrap());
    }

    #[test]
    fn a_file_of_the_release_before_is_read_up_to_its_bound() {
        let alone = String::from_utf8(text(9)).unwrap().replace(r#""version":2"#, r#""version":1"#);
        let padded = |length: usize| [" ".repeat(length - alone.len()).as_bytes(), alone.as_bytes()].concat();
        assert_eq!(held(&padded(LARGEST_ALONE)), 9);
        assert!(matches!(Record::from_file(&padded(LARGEST_ALONE + 1)), Err(Unread::NotWhole)));
        let other = alone.replace(r#""version":1"#, r#""version":3"#);
        assert!(matches!(Record::from_file(other.as_bytes()), Err(Unread::Version(3))));
        for nothing in ["", HEAD, r#"{"version":1"#] {
            assert!(matches!(Record::from_file(nothing.as_bytes()), Err(Unread::NotWhole | Unread::Json(_))));
        }
    }

    #[test]
    fn a_file_of_a_newer_release_is_known_though_a_slot_is_torn() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.json");
        Slots::make(&path, &text(1)).unwrap();
        let mut file = std::fs::read(&path).unwrap();
        file[BLOCK + 9] = b'?';
        assert!(matches!(Record::from_file(&file), Err(Unread::NotWhole)));
        file[HEAD.find('2').unwrap()] = b'3';
        assert!(matches!(Record::from_file(&file), Err(Unread::Version(3))));
    }
}
