//! Reads and writes certificates, certification requests and the messages that carry them.
//!
//! In: DER, BER or PEM from strangers, always of limited size. Out: [`Certificate`], [`CertificationRequest`],
//! [`cmc::CertificateResponse`]; and bytes for others to read.
//! Standards: RFC 5280 (certificates), RFC 2986 (requests), RFC 5652 and 5083 (CMS), RFC 5272 (CMC), RFC 7292
//! (PKCS#12), RFC 6960 (OCSP, as who asks), RFC 4514 (names).
//! A private key stays behind [`Signer`] and is asked to sign once.
//!
//! Floor 0: imports no other room. Absent: sockets, files, clocks, threads, and any decision about trust.

mod addresses;
mod algorithm_identifier;
pub mod attestation;
mod ber;
mod certificate;
mod chain;
mod channel;
pub mod cmc;
mod cms;
pub mod crl;
pub mod csr;
mod describe;
mod digest;
pub mod enveloped;
mod error;
mod extension;
mod key;
mod key_algorithm;
mod memory;
pub mod name;
mod numbers;
pub mod ocsp;
mod oid;
mod opener;
mod pem;
pub mod pfx;
mod sid;
mod signature_algorithm;
mod signer;
mod text;

pub use addresses::Addresses;
pub use certificate::Certificate;
pub use chain::authorities_above;
pub use channel::server_end_point;
pub use cms::{CertificateBundle, sign_detached};
pub use csr::CertificationRequest;
pub use error::{Error, SignError};
pub use extension::{AltNames, Extension, KeyUsage};
pub use key::PublicKey;
pub use key_algorithm::{KeyAlgorithm, KeyKind};
pub use memory::MemoryKey;
pub use numbers::PrivateNumbers;
pub use opener::Opener;
pub use sid::StatedSid;
pub use signature_algorithm::SignatureAlgorithm;
pub use signer::Signer;
