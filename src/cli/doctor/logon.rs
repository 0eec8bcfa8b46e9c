//! `cardwright doctor --logon`: reads the card, then asks the authorities, and the server where a login is at hand.

use crate::ca;
use crate::cli::args::LogonArgs;
use crate::cli::connection;
use crate::cli::failure::{Exit, Failure};
use crate::cli::secrets;
use crate::cli::settings::Settings;
use crate::client::CmClient;
use crate::doctor::logon::{Finding, Inquiry, LogonCard, Server, ask_server};
use crate::enrollment::{card_id, earlier_card_id};
use crate::pkix::Certificate;
use crate::published::{Limits, Published};
use time::OffsetDateTime;

/// Bounds a file of authorities, in bytes.
const MAX_ROOTS: u64 = 1024 * 1024;

/// Judges cards by what the options say.
pub struct Judge {
    /// The server, or why it is not asked.
    server: Result<CmClient, &'static str>,
    /// Whom the options trust; empty: whom the server names.
    roots: Vec<Certificate>,
    published: Published,
}

impl Judge {
    /// Reads what is trusted and prepares the connection; asks for nothing.
    pub fn new(settings: &Settings, args: &LogonArgs) -> Result<Self, Failure> {
        let roots = args.root.as_ref().map_or_else(|| Ok(Vec::new()), |path| roots(path))?;
        Ok(Self { server: server(settings, args)?, roots, published: Published::new(Limits::default()) })
    }

    /// Judges a card that was read.
    pub fn judge(&self, card: &LogonCard) -> Vec<Finding> {
        let inquiry = match &self.server {
            Ok(client) => {
                let ids = [Some(card_id(&card.identity)), earlier_card_id(&card.identity)];
                ask_server(client, &ids.into_iter().flatten().collect::<Vec<_>>())
            }
            Err(reason) => Inquiry { server: Server::NotAsked((*reason).to_owned()), authority: None, time: None },
        };
        inquiry.judge(card, &self.roots, &self.published, OffsetDateTime::now_utc())
    }
}

/// Prepares the connection, if a server is named and a login is at hand: nothing is asked for.
fn server(settings: &Settings, args: &LogonArgs) -> Result<Result<CmClient, &'static str>, Failure> {
    let options = &args.server;
    if options.server.as_ref().or(settings.server.as_ref()).is_none() {
        return Ok(Err("no server was named (--server)"));
    }
    let bearer = options.bearer_from.is_some() || secrets::is_given(None, secrets::BEARER);
    if !bearer && !options.negotiate && !settings.negotiate && settings.bearer_file.is_none() {
        return Ok(Err("no login is at hand (--bearer-from or --negotiate)"));
    }
    connection::client(settings, options).map(Ok)
}

/// Reads the authorities that are trusted.
fn roots(path: &std::path::Path) -> Result<Vec<Certificate>, Failure> {
    let refused = |what: String| {
        Failure::new("root-file", Exit::Usage, format!("{}: {what}", path.display()))
            .remedy("Give --root a file with the certificates of the trusted authorities in PEM.")
    };
    let too_large = std::fs::metadata(path).is_ok_and(|file| file.len() > MAX_ROOTS);
    if too_large {
        return Err(refused(format!("it has more than {MAX_ROOTS} bytes")));
    }
    let text = std::fs::read_to_string(path).map_err(|error| refused(error.to_string()))?;
    let roots = ca::certificates(&text).map_err(|error| refused(error.to_string()))?;
    if roots.is_empty() { Err(refused("it holds no certificate".to_owned())) } else { Ok(roots) }
}
