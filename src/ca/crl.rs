//! Signs revocation lists (RFC 5280, 5), complete and delta.

use super::error::Error;
use super::extensions::{FRESHEST_CRL, authority_key_identifier, distribution_point, extension};
use super::revocation::{Revocation, RevocationReason};
use super::x509_time::time;
use crate::pkix::{Certificate, Signer};
use ::time::OffsetDateTime;
use der::asn1::{AnyRef, BitString, ObjectIdentifier as Oid, Uint};
use der::{Encode, Sequence, Tag};
use x509_cert::crl::RevokedCert;
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::BaseCrlNumber;
use x509_cert::ext::pkix::{CrlNumber, CrlReason};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::AlgorithmIdentifierOwned;
use x509_cert::time::Time;

const CRL_NUMBER: Oid = Oid::new_unwrap("2.5.29.20");
const CRL_REASON: Oid = Oid::new_unwrap("2.5.29.21");
const DELTA_CRL_INDICATOR: Oid = Oid::new_unwrap("2.5.29.27");

/// Describes a list to be signed.
#[derive(Clone, Copy, Debug)]
pub struct ListOrder<'a> {
    /// Number of the list; greater than that of every list before, delta lists included (RFC 5280, 5.2.3).
    pub number: u64,
    /// Number of the complete list that a delta list goes with; `None` for a complete list.
    pub base: Option<u64>,
    pub this_update: OffsetDateTime,
    pub next_update: OffsetDateTime,
    /// Where the delta lists can be fetched; on complete lists only.
    pub freshest_url: Option<&'a str>,
}

/// Holds a list's entries. Each is encoded when it is added, so that a long list takes some forty bytes for each.
#[derive(Default)]
pub struct Entries {
    der: Vec<u8>,
    count: usize,
}

impl Entries {
    /// Adds an entry.
    pub fn add(&mut self, revocation: &Revocation) -> Result<(), Error> {
        entry(revocation)?.encode_to_vec(&mut self.der).map_err(Error::Encoding)?;
        self.count += 1;
        Ok(())
    }

    /// Returns the number of entries.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Says whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// Says whether a list, DER, tells where its delta lists can be fetched.
pub fn has_freshest(list: &[u8]) -> bool {
    FRESHEST_CRL.to_der().is_ok_and(|id| list.windows(id.len()).any(|part| part == id))
}

/// Encodes a TBSCertList (RFC 5280, 5.1) with entries that are already encoded.
#[derive(Sequence)]
struct List<'a> {
    version: u8,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    this_update: Time,
    next_update: Time,
    entries: Option<AnyRef<'a>>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT")]
    extensions: Vec<Extension>,
}

/// Encodes a CertificateList (RFC 5280, 5.1).
#[derive(Sequence)]
struct SignedList<'a> {
    list: AnyRef<'a>,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// Signs a list and returns it, DER; `key_identifier` is that of the issuer's key.
pub(super) fn sign(
    issuer: &Certificate,
    key_identifier: &[u8],
    signer: &dyn Signer,
    order: &ListOrder<'_>,
    entries: &Entries,
) -> Result<Vec<u8>, Error> {
    let validity = order.next_update - order.this_update;
    if !validity.is_positive() {
        return Err(Error::Validity { seconds: validity.whole_seconds() });
    }
    // RFC 5280, 5.1.2.6: a list without entries leaves the field out.
    let encoded = (!entries.is_empty()).then(|| AnyRef::new(Tag::Sequence, &entries.der)).transpose();
    let list = List {
        // v2 is written as 1.
        version: 1,
        signature: signer.algorithm().identifier(),
        issuer: issuer.subject_name().clone(),
        this_update: time(order.this_update)?,
        next_update: time(order.next_update)?,
        entries: encoded.map_err(Error::Encoding)?,
        extensions: extensions(key_identifier, order)?,
    };
    let list = list.to_der().map_err(Error::Encoding)?;
    let signature = signer.sign(&list)?;
    let signed = SignedList {
        list: AnyRef::try_from(list.as_slice()).map_err(Error::Encoding)?,
        algorithm: signer.algorithm().identifier(),
        signature: BitString::from_bytes(&signature).map_err(Error::Encoding)?,
    };
    signed.to_der().map_err(Error::Encoding)
}

/// Builds the list's extensions.
fn extensions(key_identifier: &[u8], order: &ListOrder<'_>) -> Result<Vec<Extension>, Error> {
    let number = CrlNumber::try_from(order.number).map_err(Error::Encoding)?;
    let mut extensions = vec![authority_key_identifier(key_identifier)?, extension(CRL_NUMBER, false, &number)?];
    if let Some(base) = order.base {
        let base = BaseCrlNumber(Uint::try_from(base).map_err(Error::Encoding)?);
        extensions.push(extension(DELTA_CRL_INDICATOR, true, &base)?);
    }
    if let Some(url) = order.freshest_url {
        extensions.push(distribution_point(FRESHEST_CRL, url)?);
    }
    Ok(extensions)
}

/// Builds one entry; an empty or malformed serial number is an error.
fn entry(revocation: &Revocation) -> Result<RevokedCert, Error> {
    let reason = match revocation.reason {
        None => Some(CrlReason::RemoveFromCRL),
        // RFC 5280, 5.3.1: the reason is left out rather than given as unspecified.
        Some(RevocationReason::Unspecified) => None,
        Some(RevocationReason::KeyCompromise) => Some(CrlReason::KeyCompromise),
        Some(RevocationReason::CaCompromise) => Some(CrlReason::CaCompromise),
        Some(RevocationReason::AffiliationChanged) => Some(CrlReason::AffiliationChanged),
        Some(RevocationReason::Superseded) => Some(CrlReason::Superseded),
        Some(RevocationReason::CessationOfOperation) => Some(CrlReason::CessationOfOperation),
        Some(RevocationReason::CertificateHold) => Some(CrlReason::CertificateHold),
        Some(RevocationReason::PrivilegeWithdrawn) => Some(CrlReason::PrivilegeWithdrawn),
        Some(RevocationReason::AaCompromise) => Some(CrlReason::AaCompromise),
    };
    let reason = reason.map(|reason| extension(CRL_REASON, false, &reason)).transpose()?;
    let wrong = || Error::Serial { serial: revocation.serial.clone() };
    if revocation.serial.is_empty() {
        return Err(wrong());
    }
    Ok(RevokedCert {
        serial_number: SerialNumber::new(&revocation.serial).map_err(|_| wrong())?,
        revocation_date: time(revocation.at)?,
        crl_entry_extensions: reason.map(|reason| vec![reason]),
    })
}
