//! Who calls: from what a call shows to a user of this server.
//!
//! In: headers and the connection's client certificate. Out: a [`Caller`](crate::server::permission::caller::Caller) and headers for the answer (a session's cookie,
//! the proof of Kerberos). One file a way in: the server's own tokens, OpenID Connect and AD FS, Kerberos, client
//! certificates, sessions after one of these. `Authorization` counts before the cookie of a session, and that before the
//! certificate; a wrong `Authorization` is not passed over for the next.
//! Absent: what a caller may do (`permission`), and any password.

pub mod authenticate;
pub mod bearer;
pub mod certificate;
pub mod error;
pub mod jwks;
pub mod limits;
pub mod negotiate;
pub mod oidc;
pub mod open;
pub mod person;
pub mod session;
pub mod way;
