//! Calls a MIM CM server, cardwright's or Microsoft's, with one blocking method for each route.
//!
//! In: routes and bodies from [`crate::cm`], a bearer token or the user's Kerberos ticket. Out: types of [`crate::cm`],
//! or an error that says what happened. A reply has at most [`MAX_REPLY`] bytes, a call takes at most
//! [`Timeouts::call`]; so does the question whether a server has routes beyond MIM, which an answer that tells neither
//! way brings along once. A call that only reads is repeated once when the connection broke; one that changes something
//! never is. A ticket is bound to the TLS connection (RFC 5929, 4), and goes over one with that certificate alone: over
//! another, a call is not sent before it has another ticket. Redirects are not followed. Credentials are never sent over
//! plain HTTP except on loopback. A route beyond MIM that the server lacks is [`Error::ExtensionAbsent`]. Cookies are kept
//! as long as the client, because servers behind a balancer want them; a server with another certificate gets none of
//! them where tickets are bound. Absent: proxies from the environment.

mod activation;
mod acts;
mod beyond_mim;
mod calls;
mod card_secrets;
mod cm_client;
mod date;
mod desk;
mod error;
mod found;
mod line;
mod login;
mod names;
mod offer;
mod outbox;
mod reports;
mod tls;
mod transport;
mod visits;

pub use cm_client::CmClient;
pub use error::{Error, TicketReason};
pub use found::{Called, CardChoice};
pub use line::Timeouts;
pub use login::Login;
pub use offer::Offer;
pub use tls::Trust;
pub use transport::{ClientConfig, MAX_REPLY};
