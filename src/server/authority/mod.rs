//! Has certificates signed, and is the one place that does: by the server's own CA, or by a CA elsewhere that may take
//! its time.
//!
//! In: an order. Out: a certificate and the answer for the client (CMC Full PKI Response, RFC 5272).
//! Absent: what a template allows (`issuance`), the signature algorithms themselves ([`crate::ca`]).

pub mod authorities;
pub mod signer;
pub mod upstream;
