//! The server, as the kiosk's own account calls it and as a person does who was let in.

use crate::client::{self, ClientConfig, CmClient, Login, Timeouts, Trust};
use crate::cm::visit::Visit;
use crate::secret::BearerToken;
use url::Url;
use uuid::Uuid;

/// Calls the server.
pub struct Office {
    /// As the kiosk.
    pub own: CmClient,
    base_url: Url,
    trust: Trust,
}

impl Office {
    /// Prepares the calls of the kiosk's own account; nothing is sent yet.
    pub fn new(base_url: Url, trust: Trust, login: Login) -> Result<Self, client::Error> {
        let config =
            ClientConfig { base_url: base_url.clone(), trust: trust.clone(), login, timeouts: Timeouts::default() };
        Ok(Self { own: CmClient::new(config)?, base_url, trust })
    }

    /// Returns the server's name, as it stands in what a card signs.
    pub fn host(&self) -> String {
        self.base_url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned()
    }

    /// Returns the address of the pages at which somebody signs in for this kiosk, and is led back from.
    pub fn pages(&self, kiosk: Uuid, port: u16, state: &str) -> String {
        let fields = [("kiosk", kiosk.to_string()), ("port", port.to_string()), ("state", state.to_owned())];
        let mut address = self.base_url.clone();
        address.set_path("/kiosk");
        address.query_pairs_mut().clear().extend_pairs(fields);
        address.into()
    }

    /// Prepares the calls of a person who was let in.
    pub fn visited(&self, visit: &Visit) -> Result<Visited, client::Error> {
        let login = Login::Bearer(BearerToken::new(visit.bearer.to_string()));
        let (base_url, trust) = (self.base_url.clone(), self.trust.clone());
        CmClient::new(ClientConfig { base_url, trust, login, timeouts: Timeouts::default() }).map(Visited)
    }
}

/// Calls the server as the person who was let in; the visit ends when this is dropped.
pub struct Visited(pub CmClient);

impl Drop for Visited {
    fn drop(&mut self) {
        // Where the server cannot be reached it ends the visit itself, after its time.
        let _ = self.0.end_visits();
    }
}
