//! Makes and keeps what relying parties fetch: revocation lists and OCSP answers (RFC 5280, RFC 6960).
//!
//! In: revocations in the store, the server's own CA. Out: bytes, DER.
//! Absent: how they are served (`http`).

pub mod kept_answers;
pub mod lists;
pub mod make;
pub mod ocsp;
