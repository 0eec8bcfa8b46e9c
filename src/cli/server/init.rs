//! `cardwright server init`: makes a server's directory.

use super::asks::{CA_PIN, PASSPHRASE};
use super::database;
use crate::cli::args::ServerInitArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{Output, Text};
use crate::cli::secrets;
use crate::pkix::KeyAlgorithm;
use crate::server::{self, InitError, InitOptions, TokenSettings};
use serde_json::json;
use std::path::Path;

/// Makes a server's directory: CA, master key, database and a first template.
pub fn initialise(args: &ServerInitArgs, output: &Output) -> Result<(), Failure> {
    let defaults = InitOptions::default();
    let ca_key: KeyAlgorithm = args.ca_key.parse().map_err(|_| {
        let known: Vec<&str> = KeyAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        let message = format!("{:?} is no kind of key; there are: {}", args.ca_key, known.join(", "));
        Failure::new("key-algorithm", Exit::Usage, message).remedy("Give --ca-key one of these; nothing was made.")
    })?;
    let ca_token = args.ca_module.clone().map(|module| TokenSettings {
        module,
        label: args.ca_token.clone(),
        serial: None,
        key_label: args.ca_name.clone(),
    });
    let ca_pin = match &ca_token {
        Some(_) => Some(secrets::pin(args.ca_pin_from.as_ref(), CA_PIN)?),
        None => None,
    };
    let options = InitOptions {
        listen: args.listen.unwrap_or(defaults.listen),
        public_names: if args.names.is_empty() { defaults.public_names } else { args.names.clone() },
        ca_subject: args.ca_subject.clone(),
        ca_name: args.ca_name.clone(),
        ca_key,
        crl_url: args.crl_url.clone(),
        publication: args.publication,
        database: args.database.as_deref().map(|url| database::settings(url, &args.reach)).transpose()?,
        subordinate: args.ca_csr_out.is_some(),
        ca_token,
    };
    let passphrase = secrets::passphrase(args.passphrase_from.as_ref(), PASSPHRASE, true)?;
    let made = {
        let _spinner = output.spinner("making keys …");
        server::init(&args.directory, &options, passphrase, ca_pin).map_err(init_failed)?
    };
    if let (Some(path), Some(request)) = (&args.ca_csr_out, &made.ca_request) {
        return requested(args, path, request, output);
    }
    let document = json!({
        "directory": args.directory.display().to_string(),
        "ca_certificate": args.directory.join("ca.cer.pem").display().to_string(),
        "template": made.template.display().to_string(),
        "template_uuid": made.template_uuid,
    });
    output.result(&document, || {
        let directory = args.directory.display();
        Text::from_iter([
            format!("the server's directory is {directory}"),
            format!("clients trust {}", args.directory.join("ca.cer.pem").display()),
            format!("the first template is {}; edit it, then:", made.template.display()),
            format!("  cardwright server user add {directory} NAME --group operators"),
            format!("  cardwright serve {directory}"),
        ])
    })
}

/// Writes the CA's request to `path` and prints what to do with it. The directory keeps it too, so that a failure loses
/// nothing.
fn requested(args: &ServerInitArgs, path: &Path, request: &str, output: &Output) -> Result<(), Failure> {
    std::fs::write(path, request).map_err(|source| {
        let kept = args.directory.join("ca.csr.pem");
        let message = format!("{} could not be written: {source}; the request is {}", path.display(), kept.display());
        Failure::new("ca-request", Exit::Other, message).remedy("Take the request from there; the directory is made.")
    })?;
    let (directory, path) = (args.directory.display().to_string(), path.display().to_string());
    output.result(&json!({ "directory": directory, "ca_request": path }), || {
        Text::from_iter([
            format!("the server's directory is {directory}"),
            format!("have {path} signed as a CA, then:"),
            format!("  cardwright server ca install {directory} CHAIN.pem"),
        ])
    })
}

fn init_failed(error: InitError) -> Failure {
    let (code, exit) = match &error {
        InitError::Exists(_) => ("directory-exists", Exit::Usage),
        InitError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        InitError::Installed | InitError::NoRequest => ("ca-not-asked-for", Exit::Usage),
        InitError::Names(_) => ("server-names", Exit::Usage),
        InitError::DatabaseInUse(_) => {
            let failure = Failure::from_error("database-full", Exit::Usage, &error);
            return failure.remedy("Make an empty database (createdb), and name that. Nothing was made.");
        }
        InitError::Database(_) => {
            let failure = Failure::from_error("server-database", Exit::Usage, &error);
            return failure.remedy("See that the database is there and lets this user in. Nothing was made.");
        }
        InitError::Passphrase(weak) => return secrets::weak(PASSPHRASE, *weak),
        _ => ("server-init", Exit::Other),
    };
    Failure::from_error(code, exit, &error)
}
