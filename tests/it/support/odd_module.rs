//! A module in front of another that fails where it is told to: see `odd_module.c`.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::program::Program;
use super::softhsm;

/// The module built into the program's own directory, with SoftHSM behind it.
pub fn before_softhsm(program: &mut Program) -> PathBuf {
    before(program, Path::new(softhsm::MODULE))
}

/// Likewise, with another module behind it.
pub fn before(program: &mut Program, behind: &Path) -> PathBuf {
    let path = program.path("libodd.so");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/support/odd_module.c");
    let built =
        Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&path).arg(source).arg("-ldl").output().unwrap();
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    program.set("ODD_BEHIND", behind.display().to_string());
    path
}
