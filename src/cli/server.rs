//! `cardwright serve` and `cardwright server`: run a CM server, set one up, add those who may call it.

use super::args::{ServeArgs, ServerCommand, ServerInitArgs, UserCommand};
use super::failure::{Exit, Failure};
use super::masterkey;
use super::output::Output;
use super::secrets::{self, CA_PIN};
use super::token::date;
use crate::pkix::KeyAlgorithm;
use crate::server::{self, Config, InitError, InitOptions, NewUser, StartError, TokenSettings};
use serde_json::json;
use std::path::Path;
use time::{Duration, OffsetDateTime};
use tracing_subscriber::EnvFilter;

/// How much is logged when RUST_LOG does not say.
const LOGGED: &str = "info";

pub fn serve(args: &ServeArgs, output: &Output) -> Result<(), Failure> {
    log();
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
        output.result(&json!({ "url": url }), || format!("listening at {url}"));
    };
    server::serve(config, ready).map_err(start_failed)
}

/// The log goes to standard error, a line an event.
fn log() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(LOGGED));
    tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_ansi(false).init();
}

fn start_failed(error: StartError) -> Failure {
    let (code, exit) = match &error {
        StartError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        StartError::Settings(_) => ("server-settings", Exit::Usage),
        StartError::Templates(_) => ("template-wrong", Exit::Usage),
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
        ServerCommand::User(UserCommand::Add { directory, name, groups, upn, email, days }) => {
            add_user(&directory, NewUser { name, groups, upn, email }, days, output)
        }
        ServerCommand::Masterkey(command) => masterkey::run(command, output),
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
        ca_token,
    };
    let passphrase = secrets::passphrase(args.passphrase_from.as_ref(), true)?;
    let made = {
        let _spinner = output.spinner("making keys …");
        server::init(&args.directory, &options, passphrase, ca_pin).map_err(init_failed)?
    };
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

fn add_user(directory: &Path, user: NewUser, days: u32, output: &Output) -> Result<(), Failure> {
    let name = user.name.clone();
    let expires = OffsetDateTime::now_utc() + Duration::days(days.into());
    let added = server::user_add(directory, user, expires).map_err(init_failed)?;
    // The one place that shows a bearer token: it is made here and kept nowhere.
    let bearer = added.token.expose();
    let document = json!({ "name": name, "uuid": added.uuid, "bearer": bearer, "expires": date(expires) });
    output.result(&document, || {
        format!("{name} may call the server until {} with this bearer token, shown only now:\n{bearer}", date(expires))
    });
    Ok(())
}

fn init_failed(error: InitError) -> Failure {
    let (code, exit) = match &error {
        InitError::Exists(_) => ("directory-exists", Exit::Usage),
        InitError::NoDirectory(_) => ("no-data-directory", Exit::Usage),
        InitError::UserExists(_) => ("user-exists", Exit::Usage),
        InitError::Name(_) | InitError::TooManyGroups => ("user-name", Exit::Usage),
        _ => ("server-init", Exit::Other),
    };
    Failure::from_error(code, exit, &error)
}
