//! Calls a MIM CM server, cardwright's or Microsoft's: one method a route, blocking.
//!
//! In: routes and bodies from [`crate::cm`], a bearer token or the user's Kerberos ticket. Out: CM nouns, or an error that says what happened.
//! Bounded: a reply holds at most [`MAX_REPLY`] bytes, a call lasts at most [`Timeouts::call`]. A call that only reads
//! is repeated once when the connection broke; one that changes something never is. Redirects are not followed, and
//! what a caller shows never crosses plain HTTP except on loopback. Routes beyond Microsoft's answer
//! [`Error::ExtensionAbsent`] where the server has not got them. Absent: cookies, proxies by environment.

mod calls;
mod error;
mod login;
mod transport;

pub use error::{Error, TicketReason};
pub use login::Login;
pub use transport::{ClientConfig, MAX_REPLY, Timeouts, Trust};

/// Calls one CM server as one user.
pub struct CmClient {
    transport: transport::Transport,
}

impl CmClient {
    /// Prepares the calls; nothing is sent yet. Fails when the URL or the trusted certificates cannot be used.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        Ok(Self { transport: transport::Transport::new(config)? })
    }

    /// Where the server is, as it was configured.
    pub fn base_url(&self) -> &url::Url {
        self.transport.base_url()
    }
}
