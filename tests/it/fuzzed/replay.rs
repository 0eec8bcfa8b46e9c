//! The inputs that are kept: small corpora, and whatever once failed.

use super::feed;
use super::targets::{TARGETS, parts};
use std::path::{Path, PathBuf};

const KEPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/fuzz");
/// The most bytes that all of it may have together.
const MOST: usize = 1 << 20;

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_was_kept_is_lived_through() {
    let mut total = 0;
    for target in TARGETS {
        let kept = entries(&Path::new(KEPT).join(target.name));
        assert!(!kept.is_empty(), "nothing is kept for {}", target.name);
        for path in kept {
            let input = std::fs::read(&path).unwrap();
            total += input.len();
            if path.ends_with("corpus") {
                for part in parts(&input) {
                    feed(target.name, part, "the corpus");
                }
            } else {
                assert!(input.len() <= target.longest, "{} is longer than what is tried", path.display());
                feed(target.name, &input, &path.display().to_string());
            }
        }
    }
    assert!(total <= MOST, "{total} bytes are kept");
}

#[test]
fn every_folder_belongs_to_a_target() {
    for folder in entries(Path::new(KEPT)).into_iter().filter(|path| path.is_dir()) {
        let name = folder.file_name().unwrap().to_str().unwrap();
        assert!(TARGETS.iter().any(|target| target.name == name), "{name}");
    }
}

/// Lengths that lie, wherever in a file that is kept.
#[test]
fn a_length_that_lies_reserves_nothing() {
    const LIE: [u8; 5] = [0x84, 0x0F, 0xFF, 0xFF, 0xFF];
    /// As far as structures reach whose lengths matter; what follows is like them.
    const REACH: usize = 160;
    for name in [
        "ocsp-question",
        "ocsp-answer",
        "revocation-list",
        "certificate",
        "certification-request",
        "cmc",
        "bundle",
        "sealed-message",
        "public-key",
    ] {
        for path in entries(&Path::new(KEPT).join(name)) {
            let input = std::fs::read(&path).unwrap();
            for at in 1..input.len().min(REACH) {
                let lie = [&input[..at], &LIE, &input[at + 1..]].concat();
                feed(name, &lie, "a length that lies");
                feed(name, &input[..at], "a beginning");
            }
        }
    }
}
