//! Holds the client; its calls are in [`super::calls`].

use super::error::Error;
use super::transport::{ClientConfig, Transport};
use time::OffsetDateTime;
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

    /// Says whether the server has cardwright's routes beyond MIM; asks it at most once.
    pub fn has_extension(&self) -> Result<bool, Error> {
        self.transport.has_extension()
    }

    /// Returns what the server's clock said when it answered last; `None` before it has, or where it does not tell.
    pub fn server_time(&self) -> Option<OffsetDateTime> {
        self.transport.time()
    }

    /// Returns the server's address as configured.
    pub fn base_url(&self) -> &Url {
        self.transport.base_url()
    }
}
