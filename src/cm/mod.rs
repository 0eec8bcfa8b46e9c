//! The vocabulary of MIM Certificate Management and its spelling on the wire, shared by client and server.
//!
//! Nouns (requests, smart cards, profiles, templates, certificates), every route once, and the lifecycle as tables.
//! Floor 0: may import [`crate::secret`] only; holds no socket, file, clock or thread.

pub mod certificate;
pub mod extension;
pub mod lifecycle;
pub mod problem;
pub mod profile;
pub mod request;
pub mod route;
pub mod smartcard;
pub mod template;
pub mod wire;
