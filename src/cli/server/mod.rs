//! `cardwright serve` and `cardwright server`: run a CM server, set one up.

pub mod audit;
mod backup;
mod ca;
mod master_keys;
mod users;

use crate::cli::args::{ServeArgs, ServerCommand, ServerInitArgs};
use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::cli::secrets::{self, CA_PIN};
use crate::pkix::KeyAlgorithm;
use crate::server::{
    self, Config, DatabaseError, Disagreement, Effective, InitError, InitOptions, LogFormat, LogSettings, Origin,
    SettingsError, StartError, TokenSettings,
};
use serde_json::json;
use std::path::Path;
use tracing_subscriber::EnvFilter;

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
        passphrase: secrets::passphrase(args.passphrase_from.as_ref(), false)?,
        ca_pin,
    };
    let ready = |ready: &server::Ready| {
        let url = format!("{}://{}/CertificateManagement", ready.scheme, ready.addr);
        let operations = ready.operations.map(|addr| format!("http://{addr}"));
        output.result(&json!({ "url": url, "operations": operations }), || match &operations {
            Some(operations) => format!("listening at {url}\nhealth and metrics at {operations}"),
            None => format!("listening at {url}"),
        });
    };
    server::serve(config, ready).map_err(start_failed)
}

/// The log goes to standard error, a line an event. The journal writes times by itself.
fn log(directory: &Path) -> Result<(), Failure> {
    // A directory that is none is told by the start itself, and nothing is logged before.
    let settings = if directory.join("server.toml").is_file() {
        server::log_settings(directory).map_err(settings_failed)?
    } else {
        LogSettings::default()
    };
    let asked = std::env::var("RUST_LOG").unwrap_or(settings.level);
    let filter = EnvFilter::try_new(&asked).map_err(|error| {
        Failure::from_error("server-settings", Exit::Usage, &error).remedy("Correct level of [log], or RUST_LOG.")
    })?;
    let events = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false);
    let journal = std::env::var_os("JOURNAL_STREAM").is_some();
    match (settings.format, journal) {
        (LogFormat::Json, _) => events.json().init(),
        (LogFormat::Text, true) => events.without_time().init(),
        (LogFormat::Text, false) => events.init(),
    }
    Ok(())
}

fn config(directory: &Path, output: &Output) -> Result<(), Failure> {
    let settings = server::effective_settings(directory).map_err(settings_failed)?;
    let origin = |setting: &Effective| match &setting.origin {
        Origin::File => "server.toml".to_owned(),
        Origin::Variable(name) => name.clone(),
        Origin::Default => "default".to_owned(),
    };
    let rows: Vec<_> = settings
        .iter()
        .map(|setting| json!({ "key": setting.key, "value": setting.value, "from": origin(setting) }))
        .collect();
    output.result(&rows, || {
        let rows = settings.iter().map(|setting| [setting.key.clone(), setting.value.clone(), origin(setting)]);
        Output::table(["KEY", "VALUE", "FROM"], rows)
    });
    Ok(())
}

fn settings_failed(error: SettingsError) -> Failure {
    Failure::from_error("server-settings", Exit::Usage, &error)
}

fn start_failed(error: StartError) -> Failure {
    let (code, exit) = match &error {
        StartError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        StartError::Settings(_) => ("server-settings", Exit::Usage),
        StartError::Templates(_) => ("template-wrong", Exit::Usage),
        StartError::Database(DatabaseError::Template(Disagreement::Differs { .. } | Disagreement::Older { .. })) => {
            ("template-differs", Exit::Usage)
        }
        StartError::NotInstalled(_) => ("ca-not-installed", Exit::Usage),
        StartError::Identity(_) => ("server-identity", Exit::Usage),
        StartError::PlainHttpAfar(_) => ("plain-http-afar", Exit::Usage),
        StartError::Listen { .. } => ("cannot-listen", Exit::Other),
        StartError::Ca(_) | StartError::MasterKey(_) => ("server-keys", Exit::Other),
        _ => ("server", Exit::Other),
    };
    Failure::from_error(code, exit, &error)
}

pub fn run(command: ServerCommand, output: &Output) -> Result<(), Failure> {
    match command {
        ServerCommand::Init(args) => initialise(&args, output),
        ServerCommand::Backup { directory, file } => backup::backup(&directory, &file, output),
        ServerCommand::Restore { file, directory } => backup::restore(&file, &directory, output),
        ServerCommand::Ca(command) => ca::run(command, output),
        ServerCommand::Config { directory } => config(&directory, output),
        ServerCommand::Openapi { virtual_directory } => {
            let document = server::openapi(&virtual_directory);
            output.result(&document, || serde_json::to_string_pretty(&document).unwrap_or_default());
            Ok(())
        }
        ServerCommand::Masterkey(command) => master_keys::run(command, output),
        ServerCommand::User(command) => users::user(command, output),
        ServerCommand::Token(command) => users::token(command, output),
    }
}

fn initialise(args: &ServerInitArgs, output: &Output) -> Result<(), Failure> {
    let defaults = InitOptions::default();
    let ca_key: KeyAlgorithm = args.ca_key.parse().map_err(|_| {
        let known: Vec<&str> = KeyAlgorithm::ALL.iter().map(|algorithm| algorithm.name()).collect();
        let message = format!("{:?} is no kind of key; there are: {}", args.ca_key, known.join(", "));
        Failure::new("key-algorithm", Exit::Usage, message)
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
        subordinate: args.ca_csr_out.is_some(),
        ca_token,
    };
    let passphrase = secrets::passphrase(args.passphrase_from.as_ref(), true)?;
    let made = {
        let _spinner = output.spinner("making keys …");
        server::init(&args.directory, &options, passphrase, ca_pin).map_err(init_failed)?
    };
    if let (Some(path), Some(request)) = (&args.ca_csr_out, &made.ca_request) {
        return requested(args, path, request, output);
    }
    let document = json!({
        "directory": args.directory,
        "ca_certificate": args.directory.join("ca.cer.pem"),
        "template": made.template,
        "template_uuid": made.template_uuid,
    });
    output.result(&document, || {
        format!(
            "the server's directory is {}\nclients trust {}\nthe first template is {}; edit it, then:\n  \
             cardwright server user add {} NAME --group operators\n  cardwright serve {}",
            args.directory.display(),
            args.directory.join("ca.cer.pem").display(),
            made.template.display(),
            args.directory.display(),
            args.directory.display(),
        )
    });
    Ok(())
}

/// The directory keeps the request too, so a failure to write it elsewhere loses nothing.
fn requested(args: &ServerInitArgs, path: &Path, request: &str, output: &Output) -> Result<(), Failure> {
    std::fs::write(path, request).map_err(|source| {
        let kept = args.directory.join("ca.csr.pem");
        let message = format!("{} could not be written: {source}; the request is {}", path.display(), kept.display());
        Failure::new("ca-request", Exit::Other, message)
    })?;
    output.result(&json!({ "directory": args.directory, "ca_request": path }), || {
        format!(
            "the server's directory is {}\nhave {} signed as a CA, then:\n  cardwright server ca install {} CHAIN.pem",
            args.directory.display(),
            path.display(),
            args.directory.display(),
        )
    });
    Ok(())
}

fn init_failed(error: InitError) -> Failure {
    let (code, exit) = match &error {
        InitError::Exists(_) => ("directory-exists", Exit::Usage),
        InitError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        InitError::Installed | InitError::NoRequest => ("ca-not-asked-for", Exit::Usage),
        _ => ("server-init", Exit::Other),
    };
    Failure::from_error(code, exit, &error)
}
