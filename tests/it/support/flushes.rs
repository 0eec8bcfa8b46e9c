//! Every flush of a program, written down by a library that stands before the system's: see `flushes.c`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The library, and where it writes.
pub struct Flushes {
    library: PathBuf,
    log: PathBuf,
}

impl Flushes {
    /// Builds the library in this directory.
    pub fn kept_in(directory: &Path) -> Self {
        let library = directory.join("libflushes.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/flushes.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(source).arg("-ldl").output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Self { library, log: directory.join("flushes.log") }
    }

    /// Has the flushes of this command written down.
    pub fn watch<'c>(&self, command: &'c mut Command) -> &'c mut Command {
        command.env("LD_PRELOAD", &self.library).env("FLUSHES", &self.log)
    }

    /// The calls since the last time, each with its file.
    pub fn taken(&self) -> Vec<String> {
        let told = std::fs::read_to_string(&self.log).unwrap_or_default();
        let _ = std::fs::remove_file(&self.log);
        told.lines().map(str::to_owned).collect()
    }
}
