//! The client itself; its calls are in [`super::calls`].

use super::error::Error;
use super::transport::{ClientConfig, Transport};
use url::Url;

/// Calls one CM server as one user.
pub struct CmClient {
    pub(super) transport: Transport,
}

impl CmClient {
    /// Prepares the calls; nothing is sent yet. Fails when the URL or the trusted certificates cannot be used.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        Ok(Self { transport: Transport::new(config)? })
    }

    /// Where the server is, as it was configured.
    pub fn base_url(&self) -> &Url {
        self.transport.base_url()
    }
}
