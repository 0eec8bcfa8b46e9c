//! Asks a CM server what it and its directory know of a card: with the caller's own rights, and after the card was read.

use super::asked::Server;
use crate::client::{CmClient, Error};
use crate::pkix::Certificate;
use time::OffsetDateTime;
use uuid::Uuid;

/// Holds what a server has told.
pub struct Inquiry {
    pub server: Server,
    /// The authority by which the server issues; `None` where it does not tell.
    pub authority: Option<Certificate>,
    /// The server's clock.
    pub time: Option<OffsetDateTime>,
}

/// Asks about the card that the server knows by one of these ids; the first that it knows counts.
pub fn ask_server(client: &CmClient, card_ids: &[Uuid]) -> Inquiry {
    let server = match view(client, card_ids) {
        Ok(server) => server,
        Err(Error::ExtensionAbsent { .. }) => {
            Server::NotAsked("this server does not tell it; it belongs to cardwright's extension of the CM API".into())
        }
        Err(error) => Server::Silent(error.to_string()),
    };
    let authority = client.ca_certificate().ok().and_then(|bytes| read(&bytes));
    Inquiry { server, authority, time: client.server_time() }
}

fn view(client: &CmClient, card_ids: &[Uuid]) -> Result<Server, Error> {
    for card_id in card_ids {
        if let Some(card) = client.find_smartcard(*card_id)? {
            return client.logon_view(card.uuid).map(|view| Server::Told(Box::new(view)));
        }
    }
    Ok(Server::Unknown)
}

/// Reads a certificate, DER or PEM.
fn read(bytes: &[u8]) -> Option<Certificate> {
    let pem = || Certificate::from_pem(std::str::from_utf8(bytes).ok()?).ok();
    Certificate::from_der(bytes).ok().or_else(pem)
}
