//! Issues certificates, revocation lists and OCSP answers: the trait of every authority, the one in this process, and
//! clients of authorities elsewhere.
//!
//! In: an [`IssueOrder`] that the caller has checked against policy, and the time. Out: certificates, CMC answers,
//! CRLs.
//! Standards: RFC 5280 (certificates and CRLs), RFC 5272 (answers), RFC 6960 (OCSP), RFC 8018 and RFC 7914 (key files).
//! Only end entities are certified. A certificate starts five minutes early, for clocks that are late, and never
//! outlives its authority: a longer order is cut. Absent: clocks, stores (revocations and CRL numbers are arguments),
//! and any rule about who may have what.

mod authority;
mod check;
mod crl;
mod draft;
mod embedded;
mod error;
mod extensions;
mod kerberos;
mod key_place;
pub mod keyfile;
mod names;
pub mod ocsp;
mod order;
mod revocation;
mod subordinate;
mod token_key;
mod token_login;
mod token_mac;
mod token_opener;
pub mod upstream;
mod x509_time;

pub use crate::pkcs11::Selector;
pub use authority::CertificateAuthority;
pub use crl::{Entries, ListOrder, has_freshest};
pub use embedded::EmbeddedCa;
pub use error::Error;
pub use key_place::KeyPlace;
pub use names::{SID_URI, is_host_name, is_sid, is_uri};
pub use order::{CertificatePolicy, IssueOrder, MicrosoftTemplate, RootOrder, SubjectAltName};
pub use revocation::{Revocation, RevocationReason};
pub use subordinate::{certificates, request, verified_chain};
pub use token_mac::TokenMac;
pub use token_opener::TokenOpener;
