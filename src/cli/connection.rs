//! The connection to a CM server: its address, the CAs trusted for it, and how the caller logs in.

use super::args::{ServerArgs, Source};
use super::failure::{Exit, Failure};
use super::secrets;
use super::settings::Settings;
use crate::client::{ClientConfig, CmClient, Login, Timeouts, Trust};
use crate::cm::beyond_mim::User;
use url::Url;

/// Builds a client for the server that the options name, or else the settings.
///
/// Reads the bearer token, which may prompt, unless Kerberos is used.
pub fn client(settings: &Settings, args: &ServerArgs) -> Result<CmClient, Failure> {
    let server = args.server.as_ref().or(settings.server.as_ref()).ok_or_else(|| {
        Failure::new("server-missing", Exit::Usage, "no server was named")
            .remedy("Give --server, set CARDWRIGHT_SERVER, or write server = \"https://…\" into config.toml.")
    })?;
    let login = login(settings, args)?;
    let base_url = Url::parse(server)
        .map_err(|error| Failure::new("server-address", Exit::Usage, format!("{server:?} is no address: {error}")))?;
    let trust = match args.ca_file.as_ref().or(settings.ca_file.as_ref()) {
        None => Trust::Platform,
        Some(path) => Trust::Pem(std::fs::read(path).map_err(|error| {
            Failure::new("ca-file", Exit::Usage, format!("cannot read {}: {error}", path.display()))
        })?),
    };
    Ok(CmClient::new(ClientConfig { base_url, trust, login, timeouts: Timeouts::default() })?)
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

/// Looks a user up by name at the server; fails with `user-unknown` if the server shows none to this caller.
pub fn user_named(client: &CmClient, name: &str) -> Result<User, Failure> {
    client.find_user(name)?.ok_or_else(|| {
        Failure::new("user-unknown", Exit::Refused, format!("the server knows no user {name:?}, or does not tell you"))
            .remedy("Check the spelling; only those who may act for others may look people up.")
    })
}
