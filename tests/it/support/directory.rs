//! Directories in memory that do not outlive the tests by more than one run.

use std::path::{Path, PathBuf};
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use tempfile::TempDir;

const PREFIX: &str = "cardwright-it-";

/// A fresh directory in memory where there is one; whoever owns it for longer than the process leaves it to the sweep.
pub fn fresh(purpose: &str) -> PathBuf {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let base = base();
    let number = COUNT.fetch_add(1, Ordering::Relaxed);
    let directory = base.join(format!("{PREFIX}{}-{purpose}-{number}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    directory
}

/// Likewise, one that goes when it is dropped. What a store writes durably is synced many times a test, which a disk
/// makes the tests wait for.
pub fn temporary() -> TempDir {
    tempfile::Builder::new().prefix(&format!("{PREFIX}{}-", std::process::id())).tempdir_in(base()).unwrap()
}

fn base() -> PathBuf {
    static SWEEP: Once = Once::new();
    let base = if Path::new("/dev/shm").is_dir() { PathBuf::from("/dev/shm") } else { std::env::temp_dir() };
    SWEEP.call_once(|| sweep(&base));
    base
}

/// Removes what processes that have ended left behind.
fn sweep(base: &Path) {
    for entry in std::fs::read_dir(base).unwrap().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(pid) = name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next()) else { continue };
        if pid.parse::<u32>().is_ok() && !Path::new("/proc").join(pid).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}
