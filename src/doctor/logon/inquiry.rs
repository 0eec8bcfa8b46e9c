//! Asks a CM server what it and its directory know of a card: with the caller's own rights, and after the card was read.

use super::asked::{Asked, Server};
use super::card::LogonCard;
use super::finding::Finding;
use crate::client::{CmClient, Error};
use crate::pkix::Certificate;
use crate::platform::registry;
use crate::published::Published;
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

impl Inquiry {
    /// Judges a card that was read by what the server has told, and asks the authorities. `roots`: who is trusted; empty: the
    /// server's own authority.
    pub fn judge(
        self,
        card: &LogonCard,
        roots: &[Certificate],
        published: &Published,
        now: OffsetDateTime,
    ) -> Vec<Finding> {
        let authority = Vec::from_iter(self.authority);
        let (anchors, authorities) =
            if roots.is_empty() { (authority.as_slice(), roots) } else { (roots, authority.as_slice()) };
        let asked = Asked {
            now,
            anchors,
            authorities,
            published: Some(published),
            registry: registry::keys(),
            server: &self.server,
            server_time: self.time,
        };
        super::examine(card, &asked)
    }
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
