//! `cardwright serve`: runs a CM server until a signal ends it.

use super::asks::{CA_PIN, PASSPHRASE};
use super::config::settings_failed;
use crate::cli::args::ServeArgs;
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::{self, Output, Text};
use crate::cli::secrets;
use crate::console::Console;
use crate::platform::service;
use crate::server::{self, AgreementError, Config, Disagreement, LogFormat, LogSettings, StartError, WitnessError};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use tracing_subscriber::EnvFilter;

/// Runs the server; prints its URL once it listens, and returns when it has ended.
pub fn serve(args: &ServeArgs, output: &Output) -> Result<(), Failure> {
    log(&args.directory)?;
    let ca_pin = match secrets::is_given(args.ca_pin_from.as_ref(), CA_PIN) {
        true => Some(secrets::pin(args.ca_pin_from.as_ref(), CA_PIN)?),
        false => None,
    };
    let config = Config {
        data_dir: args.directory.clone(),
        listen: args.listen,
        plain_http: args.plain_http,
        passphrase: secrets::passphrase(args.passphrase_from.as_ref(), PASSPHRASE, false)?,
        ca_pin,
    };
    let ready = |ready: &server::Ready| {
        let url = format!("{}://{}/CertificateManagement", ready.scheme, ready.addr);
        let operations = ready.operations.map(|addr| format!("http://{addr}"));
        let told = output.result(&json!({ "url": url, "operations": operations }), || {
            let operations = operations.as_ref().map(|at| format!("health and metrics at {at}"));
            [format!("listening at {url}")].into_iter().chain(operations).collect::<Text>()
        });
        if let Err(error) = service::tell_ready() {
            output.tell(&format!("the service manager could not be told that the server listens: {error}"));
        }
        // The server serves all the same: what reads its standard output may have ended.
        if let Err(failure) = told {
            output.failure(&failure);
        }
    };
    server::serve(config, Arc::new(Console::new()), ready).map_err(start_failed)
}

/// Sends the log to standard error, a line an event. Lines of text bear no time where systemd's journal reads them,
/// because it adds its own.
fn log(directory: &Path) -> Result<(), Failure> {
    // If this is no server's directory, the start itself reports it, and nothing is logged before.
    let settings = if directory.join("server.toml").is_file() {
        server::log_settings(directory).map_err(settings_failed)?
    } else {
        LogSettings::default()
    };
    let asked = std::env::var("RUST_LOG").unwrap_or(settings.level);
    let filter = EnvFilter::try_new(&asked).map_err(|error| {
        Failure::from_error("server-settings", Exit::Usage, &error).remedy("Correct level of [log], or RUST_LOG.")
    })?;
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(|| output::Log).with_ansi(false);
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    match (settings.format, journal) {
        (LogFormat::Json, _) => events.json().init(),
        (LogFormat::Text, true) => events.without_time().init(),
        (LogFormat::Text, false) => events.init(),
    }
    Ok(())
}

/// Translates what stopped the server into a failure.
fn start_failed(error: StartError) -> Failure {
    let (code, exit) = match &error {
        StartError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        StartError::Settings(_) => ("server-settings", Exit::Usage),
        StartError::Templates(_) => ("template-wrong", Exit::Usage),
        StartError::Agreement(AgreementError::Template(Disagreement::Differs { .. } | Disagreement::Older { .. })) => {
            ("template-differs", Exit::Usage)
        }
        StartError::Witness(WitnessError::Contradiction(_)) => ("records-contradicted", Exit::RecordsContradicted),
        StartError::NotInstalled(_) => ("ca-not-installed", Exit::Usage),
        StartError::Identity(_) => ("server-identity", Exit::Usage),
        StartError::PlainHttpAfar(_) => ("plain-http-afar", Exit::Usage),
        StartError::NothingToBindTo => ("nothing-to-bind-to", Exit::Usage),
        StartError::Listen { .. } => ("cannot-listen", Exit::Other),
        StartError::Ca(_) | StartError::MasterKey(_) => ("server-keys", Exit::Other),
        _ => ("server", Exit::Other),
    };
    let failure = Failure::from_error(code, exit, &error);
    match error {
        StartError::Witness(WitnessError::Contradiction(_)) => failure.remedy(
            "Nothing was signed. Find out who wrote the database: `cardwright audit verify` names what is wrong. If it \
             was put back on purpose, say so: `cardwright audit accept`.",
        ),
        _ => failure,
    }
}
