//! What no server on this machine can beat: the signatures of one core, and the writes the disk makes durable.

use super::Key;
use anyhow::Result;
use cardwright::pkix::{KeyAlgorithm, MemoryKey, Signer};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const FOR: Duration = Duration::from_secs(1);
/// About what one certificate leaves in a log.
const WRITTEN: [u8; 8192] = [0x5A; 8192];

/// Signatures a second on one core, by the library the server signs with.
pub fn signatures(key: Key) -> Result<f64> {
    let key = MemoryKey::generate(match key {
        Key::P256 => KeyAlgorithm::P256,
        Key::Rsa2048 => KeyAlgorithm::Rsa2048,
    })?;
    let message = [0x30; 600];
    rate(|| key.sign(&message).map(drop).map_err(Into::into))
}

/// Appended blocks of 8 KiB a second, each on disk before the next.
pub fn durable_writes(directory: &Path) -> Result<f64> {
    let mut file = File::create(directory.join("durable"))?;
    rate(|| {
        file.write_all(&WRITTEN)?;
        Ok(file.sync_data()?)
    })
}

fn rate(mut act: impl FnMut() -> Result<()>) -> Result<f64> {
    let begun = Instant::now();
    let mut count = 0u32;
    while begun.elapsed() < FOR {
        act()?;
        count += 1;
    }
    Ok(f64::from(count) / begun.elapsed().as_secs_f64())
}
