//! Issues certificates in this process, as a root or as an authority under another's root.

use super::authority::CertificateAuthority;
use super::crl::{self, Entries, ListOrder};
use super::draft::Draft;
use super::error::Error;
use super::key_place::{AuthorityKey, KeyPlace};
use super::order::{IssueOrder, RootOrder};
use super::{extensions, keyfile, subordinate};
use crate::pkix::{self, Certificate, KeyKind, KeyUsage, PublicKey, name};
use crate::platform::file::Readers;
use ::time::{Duration, OffsetDateTime};
use std::path::Path;
use std::sync::Arc;

/// Sets how long before now a certificate's validity starts, for clocks that are late.
const BACKDATE: Duration = Duration::minutes(5);
/// Sets the shortest RSA modulus that is certified, in bits.
const FEWEST_RSA_BITS: usize = 2048;

/// Issues certificates with a key of its own in this process.
pub struct EmbeddedCa {
    signer: Arc<dyn AuthorityKey>,
    own: Certificate,
    /// `own` and the certificates above it.
    chain: Vec<Certificate>,
    key_identifier: Vec<u8>,
}

impl EmbeddedCa {
    /// Creates a root: its key in `place`, its certificate (PEM) in the new file `certificate`.
    ///
    /// A key that is already in `place` is used if it is of the kind ordered: a hardware key generated beforehand, or
    /// one left by an attempt that failed before the certificate was written.
    pub fn create(order: &RootOrder, place: KeyPlace, certificate: &Path, now: OffsetDateTime) -> Result<Self, Error> {
        if certificate.exists() {
            return Err(Error::Exists { path: certificate.into() });
        }
        let subject = name::parse(&order.subject).map_err(Error::Subject)?;
        if subject.is_empty() {
            return Err(Error::NoName);
        }
        let not_after = end(now, order.validity)?;
        let signer = place.make(order.algorithm)?;
        let root = Draft {
            issuer: subject.clone(),
            subject,
            public_key: signer.public_key(),
            not_before: now.saturating_sub(BACKDATE),
            not_after,
            extensions: extensions::of_root(signer.public_key())?,
        }
        .sign(&*signer, now)?;
        keyfile::write(certificate, &root.to_pem(), Readers::Everyone)?;
        Self::assemble(signer.into(), root, Vec::new())
    }

    /// Opens an authority: its key in `place`, and its certificate in the file `certificate` (PEM; the certificates
    /// above it may follow in the same file).
    pub fn open(certificate: &Path, place: KeyPlace) -> Result<Self, Error> {
        let (own, above) = read(certificate)?;
        Self::assemble(place.open(None)?.into(), own, above)
    }

    /// Returns this authority with another certificate of its key, from the file `certificate`: one that was renewed, or
    /// that another root has signed. `None` where the file holds the present one.
    ///
    /// Refuses one for another key, of another name or key identifier, by which what was issued would no longer lead to
    /// it, and one that does not hold now.
    pub fn renewed(&self, certificate: &Path, now: OffsetDateTime) -> Result<Option<Self>, Error> {
        let (own, above) = read(certificate)?;
        let fresh = Self::assemble(Arc::clone(&self.signer), own, above)?;
        if fresh.chain == self.chain {
            return Ok(None);
        }
        let own = &fresh.own;
        if own.subject_name() != self.own.subject_name() || fresh.key_identifier != self.key_identifier {
            return Err(Error::OtherAuthority { subject: own.subject() });
        }
        if now > own.not_after() {
            return Err(Error::Expired { not_after: own.not_after() });
        }
        if now < own.not_before() {
            return Err(Error::NotYetValid { not_before: own.not_before() });
        }
        Ok(Some(fresh))
    }

    /// Checks that the certificate is a CA's and is for the key.
    fn assemble(signer: Arc<dyn AuthorityKey>, own: Certificate, above: Vec<Certificate>) -> Result<Self, Error> {
        if !own.is_ca().map_err(Error::ReadBack)? {
            return Err(Error::NotAnAuthority { subject: own.subject() });
        }
        let key = own.public_key().map_err(Error::ReadBack)?;
        if key != *signer.public_key() {
            return Err(Error::KeyMismatch { subject: own.subject() });
        }
        let identifier = own.subject_key_id().map_err(Error::ReadBack)?;
        let key_identifier = identifier.unwrap_or_else(|| key.key_identifier().to_vec());
        let chain = [own.clone()].into_iter().chain(above).collect();
        Ok(Self { signer, own, chain, key_identifier })
    }

    /// Returns the note of this name in the token that holds the key; `None` when there is none, or the key is in a file.
    pub fn note(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        self.signer.in_token().map_or(Ok(None), |token| token.note(name))
    }

    /// Writes a note into the token that holds the key, in place of the one of this name, which must be less. Does
    /// nothing where the key is in a file.
    pub fn write_note(&self, name: &str, content: &[u8]) -> Result<(), Error> {
        self.signer.in_token().map_or(Ok(()), |token| token.write_note(name, content))
    }

    /// Returns the authority's own certificate.
    pub fn own(&self) -> &Certificate {
        &self.own
    }

    /// Returns the CMC Full PKI Response (RFC 5272, 3.2) that carries `leaf` and the chain above it, DER. It is signed
    /// by this authority, even if another has issued the leaf.
    pub fn respond(&self, leaf: &Certificate, chain: &[Certificate]) -> Result<Vec<u8>, Error> {
        let response = pkix::cmc::write_full_response(leaf, chain, &*self.signer, &self.own);
        response.map_err(Error::of_signing(Error::ReadBack))
    }

    /// Signs a document in the name of this authority: CMS without content (RFC 5652, 5.2), DER.
    pub fn sign_document(&self, document: &[u8]) -> Result<Vec<u8>, Error> {
        pkix::sign_detached(document, &*self.signer, &self.own).map_err(Error::of_signing(Error::ReadBack))
    }

    /// Signs a revocation list and returns it, DER.
    pub fn sign_list(&self, order: &ListOrder<'_>, entries: &Entries) -> Result<Vec<u8>, Error> {
        crl::sign(&self.own, &self.key_identifier, &*self.signer, order, entries)
    }

    /// Issues the certificate that lets `key` answer OCSP questions for this authority until `now + validity` (RFC
    /// 6960, 4.2.2.2).
    pub fn delegate(&self, key: &PublicKey, validity: Duration, now: OffsetDateTime) -> Result<Certificate, Error> {
        Draft {
            issuer: self.own.subject_name().clone(),
            subject: name::parse("CN=OCSP responder").map_err(Error::Subject)?,
            public_key: key,
            not_before: now.saturating_sub(BACKDATE).max(self.own.not_before()),
            not_after: end(now, validity)?.min(self.own.not_after()),
            extensions: extensions::of_responder(key, &self.key_identifier)?,
        }
        .sign(&*self.signer, now)
    }
}

impl CertificateAuthority for EmbeddedCa {
    fn issue(&self, order: &IssueOrder, now: OffsetDateTime) -> Result<Certificate, Error> {
        let own = &self.own;
        if now > own.not_after() {
            return Err(Error::Expired { not_after: own.not_after() });
        }
        if now < own.not_before() {
            return Err(Error::NotYetValid { not_before: own.not_before() });
        }
        if let kind @ KeyKind::Rsa { bits: ..FEWEST_RSA_BITS } = order.public_key.kind() {
            return Err(Error::WeakKey { kind });
        }
        let authority = |usage: &&KeyUsage| matches!(usage, KeyUsage::KeyCertSign | KeyUsage::CrlSign);
        if let Some(usage) = order.key_usage.iter().find(authority) {
            return Err(Error::AuthorityUsage { usage: *usage });
        }
        let subject = name::parse(&order.subject).map_err(Error::Subject)?;
        if subject.is_empty() && order.subject_alt_names.is_empty() {
            return Err(Error::NoName);
        }
        Draft {
            issuer: own.subject_name().clone(),
            subject,
            public_key: &order.public_key,
            not_before: now.saturating_sub(BACKDATE).max(own.not_before()),
            not_after: end(now, order.validity)?.min(own.not_after()),
            extensions: extensions::of_order(order, &self.key_identifier)?,
        }
        .sign(&*self.signer, now)
    }

    fn chain(&self) -> &[Certificate] {
        &self.chain
    }
}

/// Reads an authority's certificate and those above it from a file; refuses a chain whose links do not verify.
fn read(certificate: &Path) -> Result<(Certificate, Vec<Certificate>), Error> {
    let text = keyfile::read(certificate)?;
    let unreadable = |source| Error::Certificate { path: certificate.into(), source };
    let chain = subordinate::blocks(&text).map_err(unreadable)?;
    for (issued, issuer) in chain.iter().zip(chain.iter().skip(1)) {
        issued.verify_issued_by(issuer).map_err(unreadable)?;
    }
    let mut chain = chain.into_iter();
    let own = chain.next().ok_or(Error::NoCertificate { path: certificate.into() })?;
    Ok((own, chain.collect()))
}

/// Returns the end of a validity that begins now; it must be positive.
fn end(now: OffsetDateTime, validity: Duration) -> Result<OffsetDateTime, Error> {
    if !validity.is_positive() {
        return Err(Error::Validity { seconds: validity.whole_seconds() });
    }
    now.checked_add(validity).ok_or(Error::Validity { seconds: validity.whole_seconds() })
}
