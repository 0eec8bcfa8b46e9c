//! What a card says of a key it has made: YubiKeys' PIV attestation, a certificate (RFC 5280) for the key by a key of the
//! card's maker, with extensions under 1.3.6.1.4.1.41482.3 (Yubico, "PIV attestation").

use super::certificate::Certificate;
use super::error::Error;
use super::key::PublicKey;
use super::oid;
use der::{Decode, Reader, SliceReader, asn1::UintRef};
use time::OffsetDateTime;

const WHAT: &str = "attestation";
/// The most certificates that are read: the key's, the card's, and some of the maker's.
const MOST_CERTIFICATES: usize = 8;

/// An attestation, and the certificates it comes from as far as they were given. Nothing is verified by reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The key's first, then its issuer, and so on.
    chain: Vec<Certificate>,
    /// Major, minor, patch.
    pub firmware: [u8; 3],
    /// The device's own number; some are made not to tell it.
    pub serial: Option<u32>,
    /// When the device wants the PIN for the key, and when a touch (Yubico's numbers).
    pub policies: Option<[u8; 2]>,
}

/// Why an attestation does not hold.
#[derive(Debug, thiserror::Error)]
pub enum AttestationFault {
    #[error("it is about another key")]
    OtherKey,
    #[error("{subject} is valid from {not_before} to {not_after}")]
    Expired { subject: String, not_before: OffsetDateTime, not_after: OffsetDateTime },
    #[error("{subject} was not issued by any authority that counts here; its issuer is {issuer}")]
    Untrusted { subject: String, issuer: String },
}

impl Attestation {
    /// Reads certificates in DER, one right after the other: the attestation of a key, then those it comes from.
    pub fn from_der(bytes: &[u8]) -> Result<Self, Error> {
        let malformed = Error::malformed(WHAT);
        let mut reader = SliceReader::new(bytes).map_err(&malformed)?;
        let mut chain = Vec::new();
        while !reader.is_finished() {
            if chain.len() == MOST_CERTIFICATES {
                let extra = usize::try_from(reader.remaining_len()).unwrap_or(usize::MAX);
                return Err(Error::Leftover { what: WHAT, extra });
            }
            chain.push(Certificate::from_der(reader.tlv_bytes().map_err(&malformed)?)?);
        }
        let first = chain.first().ok_or(Error::NoCertificate)?;
        let said = |id| first.extensions().iter().find(|it| it.extn_id == id).map(|it| it.extn_value.as_bytes());
        let firmware = said(oid::YUBICO_FIRMWARE).and_then(|value| value.try_into().ok()).ok_or(Error::NotAttested)?;
        let serial = said(oid::YUBICO_SERIAL).map(number).transpose()?;
        let policies = said(oid::YUBICO_POLICIES).and_then(|value| value.try_into().ok());
        Ok(Self { firmware, serial, policies, chain })
    }

    /// The certificates as they came, the key's first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The certificates in DER, one right after the other.
    pub fn der(&self) -> Vec<u8> {
        self.chain.iter().flat_map(|certificate| certificate.der()).copied().collect()
    }

    /// Holds the attestation against the key it should be about.
    pub fn is_about(&self, key: &PublicKey) -> Result<(), AttestationFault> {
        let is = self.chain.first().is_some_and(|certificate| certificate.is_for(key));
        if is { Ok(()) } else { Err(AttestationFault::OtherKey) }
    }

    /// Follows the attestation up to one of `anchors`, each link verified and valid at `now` (RFC 5280, 6.1, as far as it
    /// goes without revocation). An anchor need not be a root.
    pub fn leads_to(&self, anchors: &[Certificate], now: OffsetDateTime) -> Result<(), AttestationFault> {
        for (below, certificate) in self.chain.iter().enumerate() {
            in_time(certificate, now)?;
            if let Some(anchor) = anchors.iter().find(|anchor| may_issue(anchor, certificate, below)) {
                return in_time(anchor, now);
            }
            if !self.chain.get(below + 1).is_some_and(|issuer| may_issue(issuer, certificate, below)) {
                let (subject, issuer) = (certificate.subject(), certificate.issuer());
                return Err(AttestationFault::Untrusted { subject, issuer });
            }
        }
        Err(AttestationFault::OtherKey)
    }
}

/// Says whether `issuer` is an authority that may stand above so many others and has signed `certificate`.
fn may_issue(issuer: &Certificate, certificate: &Certificate, below: usize) -> bool {
    let long_enough = |most: Option<u8>| most.is_none_or(|most| usize::from(most) >= below);
    issuer.is_ca().is_ok_and(|is| is)
        && issuer.path_length().is_ok_and(long_enough)
        && certificate.verify_issued_by(issuer).is_ok()
}

fn in_time(certificate: &Certificate, now: OffsetDateTime) -> Result<(), AttestationFault> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if (not_before..=not_after).contains(&now) {
        return Ok(());
    }
    Err(AttestationFault::Expired { subject: certificate.subject(), not_before, not_after })
}

fn number(value: &[u8]) -> Result<u32, Error> {
    let bytes = UintRef::from_der(value).map_err(Error::malformed(WHAT))?;
    let bytes = bytes.as_bytes();
    if bytes.len() > size_of::<u32>() {
        return Err(Error::TooLarge { what: "device's number", size: bytes.len(), limit: size_of::<u32>() });
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}
