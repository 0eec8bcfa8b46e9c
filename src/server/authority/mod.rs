//! The one place that has certificates signed: the server's own CA, or a CA elsewhere that may take its time.
//!
//! In: an order. Out: a certificate and the answer for the client (CMC Full PKI Response, RFC 5272).
//! Absent: what a template allows (`issuance`), the signature algorithms themselves ([`crate::ca`]).

pub mod authorities;
pub mod signer;
pub mod upstream;
