//! Says which mutant is on. Only a run of mutants has this file in the program.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Stands for none: whoever is asked about is noted.
const NOTE: u32 = u32::MAX;
static CHOSEN: OnceLock<u32> = OnceLock::new();
static NOTED: [AtomicBool; 1 << 16] = [const { AtomicBool::new(false) }; 1 << 16];

/// Says whether this one is on.
#[inline(never)]
pub fn on(id: u32) -> bool {
    let chosen = *CHOSEN.get_or_init(|| std::env::var("MUTANT").ok().and_then(|id| id.parse().ok()).unwrap_or(0));
    if chosen == NOTE && NOTED.get(id as usize).is_some_and(|noted| !noted.swap(true, Ordering::Relaxed)) {
        use std::io::Write;
        let path = std::env::var("MUTANTS_REACHED").unwrap_or_default();
        if let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(path) {
            let _ = file.write_all(format!("{id}\n").as_bytes());
        }
    }
    chosen == id
}
