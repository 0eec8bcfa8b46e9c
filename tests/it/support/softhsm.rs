//! SoftHSM 2: one token directory a process, a token a test.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use cardwright::pkcs11::{Existing, Module, Pkcs11Token, Selector};
use cardwright::secret::Pin;
use cardwright::server::{InitOptions, TokenSettings};
use cardwright::token::{Admin, LastTry, Token};

use super::directory;

pub const MODULE: &str = "/usr/lib/softhsm/libsofthsm2.so";

/// The variable that names SoftHSM's configuration.
pub const VARIABLE: &str = "SOFTHSM2_CONF";

/// The module, configured for this process.
#[allow(unsafe_code)]
pub fn module() -> Module {
    static CONFIGURED: OnceLock<Private> = OnceLock::new();
    CONFIGURED.get_or_init(|| {
        let private = private();
        // SAFETY: set once, before this process loads the one module that reads it.
        unsafe { std::env::set_var(VARIABLE, &private.configuration) };
        private
    });
    Module::load(Path::new(MODULE)).unwrap()
}

/// A token initialised for one test, with its PIN set; `label` must be no other test's.
pub fn token(label: &str, so_pin: &str, pin: &str) -> Pkcs11Token {
    prepare(&module(), label, so_pin, pin)
}

/// Initialises a blank token of `module` and sets its PIN.
pub fn prepare(module: &Module, label: &str, so_pin: &str, pin: &str) -> Pkcs11Token {
    let so_pin = Pin::new(so_pin.into());
    let mut token = module.initialise(&Selector::default(), label, &so_pin, Existing::Keep).unwrap();
    token.set_pin(Admin::SoPin(&so_pin), &Pin::new(pin.into()), LastTry::Keep).unwrap();
    token
}

/// A token directory and configuration for child processes; gone when dropped.
pub struct Private {
    pub directory: PathBuf,
    pub configuration: PathBuf,
}

/// Makes a fresh, empty token directory with a configuration from the project's own template.
pub fn private() -> Private {
    let directory = directory::fresh("softhsm");
    let tokens = directory.join("tokens");
    std::fs::create_dir(&tokens).unwrap();
    let configuration = directory.join("softhsm2.conf");
    let template = include_str!("../../../softhsm-config/softhsm2.conf");
    std::fs::write(&configuration, template.replace("@TOKENS@", tokens.to_str().unwrap())).unwrap();
    Private { directory, configuration }
}

impl Private {
    /// The environment variable for a child process: name and value.
    pub fn env(&self) -> (&'static str, &Path) {
        (VARIABLE, &self.configuration)
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.directory);
    }
}

/// Deletes the store of this process's token with `serial`, as if a card were pulled out.
pub fn take_away(serial: &str) {
    let tokens = PathBuf::from(std::env::var_os(VARIABLE).unwrap()).with_file_name("tokens");
    let store = std::fs::read_dir(tokens).unwrap().flatten().find(|entry| {
        // The directory is a GUID that ends with the serial's digits.
        entry.file_name().to_string_lossy().replace('-', "").ends_with(serial)
    });
    std::fs::remove_dir_all(store.unwrap().path()).unwrap();
}

/// Options of a server whose CA's key is in a token of this label, made for it.
pub fn ca_options(label: &str, pin: &str) -> InitOptions {
    drop(token(label, "12345678", pin));
    let token =
        TokenSettings { module: MODULE.into(), label: Some(label.into()), serial: None, key_label: "issuing".into() };
    InitOptions { listen: "127.0.0.1:0".parse().unwrap(), ca_token: Some(token), ..InitOptions::default() }
}
