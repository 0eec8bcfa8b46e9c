//! Calls a MIM CM server, cardwright's or Microsoft's: one method a route, blocking.
//!
//! In: routes and bodies from [`crate::cm`], a bearer token or the user's Kerberos ticket. Out: CM nouns, or an error that says what happened.
//! Bounded: a reply holds at most [`MAX_REPLY`] bytes, a call lasts at most [`Timeouts::call`]. A call that only reads
//! is repeated once when the connection broke; one that changes something never is. Redirects are not followed, and
//! what a caller shows never crosses plain HTTP except on loopback. Routes beyond Microsoft's answer
//! [`Error::ExtensionAbsent`] where the server has not got them. Absent: cookies, proxies by environment.

mod beyond_mim;
mod calls;
mod cm_client;
mod error;
mod login;
mod transport;

pub use cm_client::CmClient;
pub use error::{Error, TicketReason};
pub use login::Login;
pub use transport::{ClientConfig, MAX_REPLY, Timeouts, Trust};
