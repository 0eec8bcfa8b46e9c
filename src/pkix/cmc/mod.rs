//! A certificate authority's answer (RFC 5272, 4): a Full PKI Response, or certificates alone.
//!
//! What is absent: PKI requests (PKIData), controls other than status and Microsoft's added attributes, and trust:
//! [`CertificateResponse::verify_signature`] says that a message is whole, not that its signer may issue.

mod pki_response;
mod response;
pub(super) mod status;
mod status_info;
mod write;

pub use response::{CertificateResponse, read};
pub use status::{CmcStatus, FailInfo};
pub use write::{write_failed, write_full_response, write_pending};
