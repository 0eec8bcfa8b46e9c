//! Reads and writes a certificate authority's answer (RFC 5272, 4): a Full PKI Response, or certificates alone.
//!
//! Absent: PKI requests (PKIData), controls other than the status and Microsoft's added attributes, and trust:
//! [`CertificateResponse::verify_signature`] says that a message is unaltered, not that its signer may issue.

mod pki_response;
mod response;
pub(super) mod status;
mod status_info;
mod write;

pub use response::{CertificateResponse, read};
pub use status::{CmcStatus, FailInfo};
pub use write::{write_failed, write_full_response, write_pending};
