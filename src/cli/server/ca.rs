//! `cardwright server ca`: puts the server's CA under another's root, or keeps the secret for a CA elsewhere.

use super::asks::{PASSPHRASE, UPSTREAM};
use crate::cli::args::CaCommand;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::secrets;
use crate::pkix::Certificate;
use crate::server::{self, InitError};
use serde_json::json;
use std::path::Path;

/// Carries a command of `cardwright server ca` out.
pub fn run(command: CaCommand, output: &Output) -> Result<(), Failure> {
    match command {
        CaCommand::Install { directory, chain } => install(&directory, &chain, output),
        CaCommand::Secret { directory, secret_from, passphrase_from } => {
            let secret = secrets::passphrase(secret_from.as_ref(), UPSTREAM, true)?;
            let passphrase = secrets::passphrase(passphrase_from.as_ref(), PASSPHRASE, false)?;
            let kept = server::ca_secret(&directory, &secret, &passphrase);
            kept.map_err(|error| failed(&error, "server-keys", "Give the passphrase of the server's key files."))?;
            output.result(&json!({ "directory": directory.display().to_string() }), || "the secret is kept, sealed")
        }
    }
}

/// Installs the chain that answers the CA's request, and prints its subjects from the CA's own up to the root.
fn install(directory: &Path, chain: &Path, output: &Output) -> Result<(), Failure> {
    let remedy = "Nothing was installed. Give the certificates from this CA's own up to the root, in PEM.";
    let installed = server::ca_install(directory, chain).map_err(|error| failed(&error, "ca-chain", remedy))?;
    let subjects: Vec<String> = installed.iter().map(Certificate::subject).collect();
    let directory = directory.display().to_string();
    output.result(&json!({ "directory": directory, "chain": subjects }), || {
        let ca = format!("the CA is {}", subjects.join(", under "));
        Text::from_iter([ca, "start it with:".into(), format!("  cardwright serve {directory}")])
    })
}

/// Translates an error into a failure; `code` and `remedy` are for what [`crate::ca`] refuses.
fn failed(error: &InitError, code: &str, remedy: &str) -> Failure {
    let (code, exit, remedy) = match error {
        InitError::NoDirectory(_) => ("no-data-directory", Exit::Usage, "Name the server's data directory."),
        InitError::Installed | InitError::NoRequest => (
            "ca-not-asked-for",
            Exit::Usage,
            "Nothing was changed. A CA that waits is made by `server init --ca-csr-out`.",
        ),
        InitError::File(_) => ("file", Exit::Usage, "Nothing was changed. Check the path and who may read it."),
        InitError::Ca(_) => (code, Exit::Usage, remedy),
        _ => ("server-init", Exit::Other, "Nothing was changed."),
    };
    Failure::from_error(code, exit, error).remedy(remedy)
}
