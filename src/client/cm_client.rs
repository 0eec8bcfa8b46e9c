//! Holds the client; its calls are in [`super::calls`].

use super::error::Error;
use super::transport::{ClientConfig, Transport};
use url::Url;

/// Calls one CM server as one user.
pub struct CmClient {
    pub(super) transport: Transport,
}

impl CmClient {
    /// Prepares the calls; nothing is sent yet. Fails when the URL, the trusted certificates or the bearer token cannot
    /// be used.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        Ok(Self { transport: Transport::new(config)? })
    }

    /// Returns the server's address as configured.
    pub fn base_url(&self) -> &Url {
        self.transport.base_url()
    }
}
