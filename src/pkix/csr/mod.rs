//! Reads, verifies and builds certification requests (RFC 2986; PKCS#10).

mod attribute;
mod build;
mod request;

pub use attribute::{ClientInfo, EnrollmentCsp, RawAttribute};
pub use build::{RequestContent, build};
pub use request::CertificationRequest;
