//! Finds out who calls: from what a call shows to a user of this server.
//!
//! In: headers and the connection's client certificate. Out: a [`Caller`](super::permission::caller::Caller), and
//! headers for the answer (a session's cookie, the proof of Kerberos). Each way in has a file: the server's own bearer
//! tokens, OpenID Connect and AD FS (`oidc`; `access_token` verifies; people come to the pages by `sign_in`), Kerberos,
//! client certificates, sessions after one of these. `Authorization` counts before the cookie of a session, and that before the certificate; a wrong
//! `Authorization` is refused, and nothing else is tried. What a browser sends by itself counts only where no other
//! site's page makes the call ([`crate::web::site`], asked in `authenticate`). Absent: what a caller may do
//! (`permission`), and any password.

pub mod access_token;
pub mod anchor;
pub mod authenticate;
pub mod bearer;
pub mod certificate;
pub mod connection;
pub mod entrance;
pub mod errand;
pub mod error;
pub mod id_token;
pub mod jwks;
pub mod kept;
pub mod limits;
pub mod link;
pub mod negotiate;
pub mod oidc;
pub mod open;
pub mod pauses;
pub mod person;
pub mod provider;
pub mod session;
pub mod sign_in;
pub mod visit;
pub mod visiting;
pub mod way;
