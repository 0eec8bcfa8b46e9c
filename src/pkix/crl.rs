//! Reads the revocation lists of other authorities (RFC 5280, 5): complete ones, of one issuer.

use super::certificate::{Certificate, instant, signed_part};
use super::error::Error;
use super::pem;
use super::signature_algorithm::SignatureAlgorithm;
use der::asn1::{AnyRef, BitStringRef};
use der::{Decode, Sequence};
use std::collections::HashSet;
use time::OffsetDateTime;
use x509_cert::crl::CertificateList;
use x509_cert::ext::Extensions;
use x509_cert::spki::AlgorithmIdentifierOwned;

/// Limits a list, in bytes: some hundred thousand entries.
pub const MAX_LIST: usize = 16 * 1024 * 1024;

const WHAT: &str = "revocation list";

/// Holds which certificates an authority has revoked.
pub struct RevocationList {
    serials: HashSet<Vec<u8>>,
    /// When the next list comes at the latest; `None`: the list does not say.
    pub next_update: Option<OffsetDateTime>,
}

impl RevocationList {
    /// Reads a list, DER or PEM, and verifies that `issuer` has signed it. Refuses one with a critical extension: a delta
    /// list, one of a part of the certificates, or one for several issuers (RFC 5280, 5.2).
    pub fn read(bytes: &[u8], issuer: &Certificate) -> Result<Self, Error> {
        if bytes.len() > MAX_LIST {
            return Err(Error::TooLarge { what: WHAT, size: bytes.len(), limit: MAX_LIST });
        }
        let decoded;
        let der = if bytes.trim_ascii_start().starts_with(b"-----") {
            decoded = pem::decode(bytes, WHAT, &["X509 CRL"])?;
            decoded.as_slice()
        } else {
            bytes
        };
        const BAD: Error = Error::BadSignature { what: WHAT };
        // Entries are only looked at once it is known whose they are: there may be many.
        let signed = Signed::from_der(der).map_err(Error::malformed(WHAT))?;
        let algorithm = SignatureAlgorithm::from_identifier(&signed.algorithm)?;
        let signature = signed.signature.as_bytes().ok_or(BAD)?;
        issuer.public_key()?.verify_part(WHAT, algorithm, signed_part(der, WHAT)?, signature)?;
        let list: CertificateList = CertificateList::from_der(der).map_err(Error::malformed(WHAT))?;
        if list.tbs_cert_list.issuer != *issuer.subject_name() {
            return Err(BAD);
        }
        let entries = list.tbs_cert_list.revoked_certificates.unwrap_or_default();
        let of_entries = entries.iter().map(|entry| &entry.crl_entry_extensions);
        for extensions in of_entries.chain([&list.tbs_cert_list.crl_extensions]) {
            understood(extensions.as_ref())?;
        }
        let serials = entries.iter().map(|entry| plain(entry.serial_number.as_bytes()).to_vec()).collect();
        Ok(Self { serials, next_update: list.tbs_cert_list.next_update.as_ref().map(instant) })
    }

    /// Says whether a certificate of the list's authority is revoked or on hold.
    pub fn names(&self, certificate: &Certificate) -> bool {
        self.serials.contains(plain(&certificate.serial_bytes()))
    }
}

/// Reads a list as far as its signature goes.
#[derive(Sequence)]
struct Signed<'a> {
    _list: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitStringRef<'a>,
}

/// Refuses critical extensions: none is understood here.
fn understood(extensions: Option<&Extensions>) -> Result<(), Error> {
    match extensions.into_iter().flatten().find(|extension| extension.critical) {
        Some(extension) => Err(Error::CriticalExtension { what: WHAT, oid: extension.extn_id.to_string() }),
        None => Ok(()),
    }
}

/// Returns a serial number without the zero byte that keeps it positive.
fn plain(bytes: &[u8]) -> &[u8] {
    match bytes {
        [0, rest @ ..] if !rest.is_empty() => rest,
        _ => bytes,
    }
}
