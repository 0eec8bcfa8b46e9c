//! What relying parties fetch: revocation lists and OCSP answers (RFC 5280, RFC 6960), made and kept.
//!
//! Absent: how they are served (`http`).

pub mod lists;
pub mod make;
pub mod ocsp;
