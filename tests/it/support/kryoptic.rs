//! kryoptic: the token whose PINs lock after ten wrong tries. Built by scripts/build-kryoptic.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use cardwright::pkcs11::{Module, Pkcs11Token};

use super::{directory, softhsm};

/// Wrong tries until a PIN is locked.
pub const TRIES: u32 = 10;

/// Tokens that one process can use: kryoptic has the slots its configuration lists, and no other.
pub const SLOTS: u32 = 24;

/// The module, configured for this process.
#[allow(unsafe_code)]
pub fn module() -> Module {
    static CONFIGURED: OnceLock<PathBuf> = OnceLock::new();
    let path = CONFIGURED.get_or_init(|| {
        let configuration = configure(&directory::fresh("kryoptic"));
        // SAFETY: set once, before this process loads the one module that reads it.
        unsafe { std::env::set_var(VARIABLE, configuration) };
        path()
    });
    Module::load(path).unwrap()
}

/// A token initialised for one test, with its PIN set; `label` must be no other test's.
pub fn token(label: &str, so_pin: &str, pin: &str) -> Pkcs11Token {
    softhsm::prepare(&module(), label, so_pin, pin)
}

/// Where the module is; the set-up has built it, else it is built now.
pub fn path() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let built = root.join("target/kryoptic/libkryoptic_pkcs11.so");
    if !built.exists() {
        let build = Command::new(root.join("scripts/build-kryoptic")).output().unwrap();
        assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    }
    built
}

/// The variable that names kryoptic's configuration.
pub const VARIABLE: &str = "KRYOPTIC_CONF";

/// Writes a configuration whose tokens lie in `directory`.
pub fn configure(directory: &Path) -> PathBuf {
    let mut text = String::new();
    for slot in 0..SLOTS {
        let store = directory.join(format!("{slot}.sql"));
        writeln!(text, "[[slots]]\nslot = {slot}\ndbtype = \"sqlite\"\ndbargs = {store:?}\n").unwrap();
    }
    let configuration = directory.join("kryoptic.toml");
    std::fs::write(&configuration, text).unwrap();
    configuration
}
