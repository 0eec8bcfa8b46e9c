//! The connection to a CM server: its address, the CAs trusted for it, and how the caller logs in.

use super::args::{ServerArgs, Source};
use super::failure::{Exit, Failure};
use super::secrets;
use super::settings::Settings;
use crate::client::{Called, ClientConfig, CmClient, Login, Timeouts, Trust};
use crate::cm::account::Account;
use std::path::PathBuf;
use url::Url;
use uuid::Uuid;

/// Bounds the choices that a refusal lists.
const MOST_CHOICES: usize = 8;

/// Builds a client for the server that the options name, or else the settings.
///
/// Reads the bearer token, which may prompt, unless Kerberos is used.
pub fn client(settings: &Settings, args: &ServerArgs) -> Result<CmClient, Failure> {
    // What is wrong with the address is told before a token is asked for.
    let server = address(settings, args.server.as_ref())?;
    let login = login(settings, args)?;
    connect(settings, server, args.ca_file.as_ref(), login)
}

/// Builds a client that logs in as `login` says.
pub fn to(
    settings: &Settings,
    server: Option<&String>,
    ca_file: Option<&PathBuf>,
    login: Login,
) -> Result<CmClient, Failure> {
    connect(settings, address(settings, server)?, ca_file, login)
}

/// Returns the address of the server that the options name, or else the settings.
fn address<'a>(settings: &'a Settings, server: Option<&'a String>) -> Result<&'a String, Failure> {
    server.or(settings.server.as_ref()).ok_or_else(|| {
        Failure::new("server-missing", Exit::Usage, "no server was named")
            .remedy("Give --server, set CARDWRIGHT_SERVER, or write server = \"https://…\" into config.toml.")
    })
}

/// Returns what a client for the server is built of: its address, whom it trusts, and how it logs in.
#[cfg(feature = "kiosk")]
pub fn parts(settings: &Settings, args: &ServerArgs) -> Result<(Url, Trust, Login), Failure> {
    let server = address(settings, args.server.as_ref())?;
    let login = login(settings, args)?;
    let (base_url, trust) = reached(settings, server, args.ca_file.as_ref())?;
    Ok((base_url, trust, login))
}

/// Builds a client for this address.
fn connect(settings: &Settings, server: &str, ca_file: Option<&PathBuf>, login: Login) -> Result<CmClient, Failure> {
    let (base_url, trust) = reached(settings, server, ca_file)?;
    Ok(CmClient::new(ClientConfig { base_url, trust, login, timeouts: Timeouts::default() })?)
}

/// Reads an address, and whom is trusted there.
fn reached(settings: &Settings, server: &str, ca_file: Option<&PathBuf>) -> Result<(Url, Trust), Failure> {
    let base_url = Url::parse(server).map_err(|error| {
        Failure::new("server-address", Exit::Usage, format!("{server:?} is no address: {error}")).remedy(
            "Give --server as https://NAME or https://NAME:PORT; `cardwright config show` tells where it is set.",
        )
    })?;
    let trust = match ca_file.or(settings.ca_file.as_ref()) {
        None => Trust::Platform,
        Some(path) => Trust::Pem(std::fs::read(path).map_err(|error| {
            Failure::new("ca-file", Exit::Usage, format!("cannot read {}: {error}", path.display()))
                .remedy("Give --ca-file a file with the CA in PEM; `cardwright config show` tells where it is set.")
        })?),
    };
    Ok((base_url, trust))
}

/// Chooses how to log in: `--negotiate`, then a bearer token that was given (option, variable or credential), then the
/// settings: Kerberos or the bearer file. Without any of these the bearer token is asked for.
fn login(settings: &Settings, args: &ServerArgs) -> Result<Login, Failure> {
    let bearer_given = args.bearer_from.is_some() || secrets::is_given(None, secrets::BEARER);
    if args.negotiate || settings.negotiate && !bearer_given {
        return Ok(Login::Negotiate);
    }
    let from_file = settings.bearer_file.clone().map(Source::File);
    let given = args.bearer_from.clone().or(if bearer_given { None } else { from_file });
    Ok(Login::Bearer(secrets::bearer(given.as_ref())?))
}

/// Returns the id of a profile template that is named by it, or by a name in capitals or not. Fails with
/// `template-unknown` if the server offers no such template to this caller.
pub fn template(client: &CmClient, named: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = named.trim().parse() {
        return Ok(id);
    }
    let templates = client.list_profile_templates()?;
    let found = templates.iter().find(|template| template.name.eq_ignore_ascii_case(named.trim()));
    found.map(|template| template.uuid).ok_or_else(|| {
        let known: Vec<&str> = templates.iter().map(|template| template.name.as_str()).collect();
        let message = format!("no profile template is called {named:?}; the server offers: {}", known.join(", "));
        Failure::new("template-unknown", Exit::Usage, message).remedy("Name one of these templates.")
    })
}

/// Returns the id of a person who is named by it, or by a name, UPN or e-mail address that is looked up at the server. Fails
/// with `user-unknown` if the server shows nobody of this name to this caller, with `ambiguous` if it is that of several,
/// and with `user-id-needed` at a server that looks nobody up, as a MIM CM.
pub fn person(client: &CmClient, named: &str) -> Result<Uuid, Failure> {
    if let Ok(id) = named.trim().parse() {
        return Ok(id);
    }
    match client.person_called(named)? {
        Called::One { uuid, .. } => Ok(uuid),
        Called::Several(people) => Err(several("people", named, people.iter().map(told))),
        Called::Nobody { alike } => {
            let message = format!("the server knows no user {named:?}, or does not tell you");
            let remedy = match alike.is_empty() {
                true => "Check the spelling; only those who may act for others may look people up.".to_owned(),
                false => one_of(alike.iter().map(told)),
            };
            Err(Failure::new("user-unknown", Exit::Refused, message).remedy(remedy))
        }
        Called::NotLookedUp => {
            let message = format!("the server looks nobody up by name, so it cannot tell who {named:?} is");
            Err(Failure::new("user-id-needed", Exit::Usage, message)
                .remedy("Give the person's GUID instead: objectGUID in Active Directory, as a MIM CM has it."))
        }
    }
}

/// Names a person in a list of choices.
pub fn told(person: &Account) -> String {
    match &person.upn {
        Some(upn) => format!("{} ({upn})", person.name),
        None => person.name.clone(),
    }
}

/// Refuses a text that names several, and lists some of them.
pub fn several(of: &str, what: &str, choices: impl Iterator<Item = String>) -> Failure {
    Failure::new("ambiguous", Exit::Usage, format!("\"{what}\" names several {of}")).remedy(one_of(choices))
}

/// Lists some of what could be meant.
fn one_of(choices: impl Iterator<Item = String>) -> String {
    let mut choices: Vec<String> = choices.collect();
    let more = choices.len().saturating_sub(MOST_CHOICES);
    choices.truncate(MOST_CHOICES);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("Name one of these: {}{more}.", choices.join("; "))
}
