//! Fetches what authorities publish for everybody: their certificates, revocation lists and answers of OCSP responders.
//!
//! In: an address that a certificate names, and how much may come. Out: bytes, judged by nobody here.
//! A stranger may have written the address: only plain HTTP is spoken (RFC 5280, 8), without login, cookies, proxies or
//! redirects; all calls together have one limit of time, and each address is asked once.
//! Absent: what the bytes mean ([`crate::pkix`]), and whether they do ([`crate::doctor`]).

mod error;
mod fetch;

pub use error::Error;
pub use fetch::{Limits, Published};
