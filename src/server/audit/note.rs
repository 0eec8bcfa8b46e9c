//! Notes in the token that holds the CA's key how often the server has remembered anew, so that a whole data directory
//! that is put back, what it remembers included, is noticed.

use crate::ca::{self, EmbeddedCa};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Sets how often a note is written while only acts are added; a token's memory wears out.
const EVERY: Duration = Duration::from_secs(600);

/// Keeps the note of one CA.
pub struct TokenNote {
    authority: Arc<EmbeddedCa>,
    name: String,
    generation: AtomicU64,
    kept: bool,
    written: Mutex<Option<Instant>>,
}

impl TokenNote {
    /// Reads the note. A token that keeps none is told in the log, and does without.
    pub fn of(authority: Arc<EmbeddedCa>) -> Self {
        let key = hex::encode(authority.own().sha1());
        let name = format!("cardwright witness {}", key.get(..16).unwrap_or_default());
        let read = tokio::task::block_in_place(|| authority.note(&name));
        let (generation, kept) = match read {
            Ok(note) => (note.and_then(|note| note.try_into().ok()).map_or(0, u64::from_be_bytes), true),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the token of the CA's key keeps no notes");
                (0, false)
            }
        };
        Self { authority, name, generation: generation.into(), kept, written: Mutex::default() }
    }

    /// Says whether the token keeps notes.
    pub fn is_kept(&self) -> bool {
        self.kept
    }

    /// Returns what the token notes; 0: nothing yet.
    pub fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }

    /// Says whether a note is due although no list was made.
    pub fn is_due(&self) -> bool {
        let written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        written.is_none_or(|written| written.elapsed() >= EVERY)
    }

    /// Writes a generation into the token, unless it is there.
    pub fn write(&self, generation: u64) -> Result<(), ca::Error> {
        if generation > self.generation() {
            self.authority.write_note(&self.name, &generation.to_be_bytes())?;
            self.generation.store(generation, Ordering::Relaxed);
        }
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        Ok(())
    }
}
