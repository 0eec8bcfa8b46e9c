//! Reads and verifies what a card states about a key it has generated. The one form known here is the PIV attestation
//! of YubiKeys: a certificate (RFC 5280) for the key, signed by a key of the card's maker, with extensions under
//! 1.3.6.1.4.1.41482.3 (Yubico, "PIV attestation").

use super::certificate::Certificate;
use super::error::Error;
use super::key::PublicKey;
use super::oid;
use der::{Decode, Reader, SliceReader, asn1::UintRef};
use time::OffsetDateTime;

const WHAT: &str = "attestation";
/// Limits the certificates of one attestation: the key's, the card's, and some of the maker's.
const MOST_CERTIFICATES: usize = 8;

/// Holds an attestation with the issuer certificates that came with it. Reading one verifies nothing; see
/// [`Attestation::is_about`] and [`Attestation::leads_to`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The key's certificate first, then its issuer's, and so on.
    chain: Vec<Certificate>,
    /// Firmware version: major, minor, patch.
    pub firmware: [u8; 3],
    /// Serial number of the device; `None` on devices that are configured to hide it.
    pub serial: Option<u32>,
    /// When the device asks for the PIN and for a touch before it uses the key, in Yubico's numbers.
    pub policies: Option<[u8; 2]>,
}

/// Says why an attestation is not accepted.
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
    /// Reads concatenated DER certificates: the attestation of a key, then the certificates of its issuers. More than 8
    /// are refused.
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

    /// Returns the certificates in the order they came, the key's first.
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// Returns the certificates as concatenated DER, the form that [`Attestation::from_der`] reads.
    pub fn der(&self) -> Vec<u8> {
        self.chain.iter().flat_map(|certificate| certificate.der()).copied().collect()
    }

    /// Refuses an attestation that is about another key than `key`.
    pub fn is_about(&self, key: &PublicKey) -> Result<(), AttestationFault> {
        let is = self.chain.first().is_some_and(|certificate| certificate.is_for(key));
        if is { Ok(()) } else { Err(AttestationFault::OtherKey) }
    }

    /// Says whether the device that has attested this is the one that has attested `earlier`: its own key has signed
    /// both. Where the certificate of that key did not come with `earlier`, the numbers that both tell decide. Call it
    /// on what leads to an authority that counts.
    pub fn is_of_device(&self, earlier: &Self) -> bool {
        match (self.chain.first(), earlier.chain.get(1)) {
            (Some(own), Some(device)) => own.verify_issued_by(device).is_ok(),
            (None, _) | (_, None) => self.serial.is_some() && self.serial == earlier.serial,
        }
    }

    /// Follows the chain up to one of `anchors` and checks every signature and validity period at `now` (RFC 5280, 6.1,
    /// without revocation). An anchor need not be a root.
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

/// Says whether `issuer` is an authority whose path length allows `below` authorities under it, and whether it has
/// signed `certificate`.
fn may_issue(issuer: &Certificate, certificate: &Certificate, below: usize) -> bool {
    let long_enough = |most: Option<u8>| most.is_none_or(|most| usize::from(most) >= below);
    issuer.is_ca().is_ok_and(|is| is)
        && issuer.path_length().is_ok_and(long_enough)
        && certificate.verify_issued_by(issuer).is_ok()
}

/// Refuses a certificate outside its validity period.
fn in_time(certificate: &Certificate, now: OffsetDateTime) -> Result<(), AttestationFault> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if (not_before..=not_after).contains(&now) {
        return Ok(());
    }
    Err(AttestationFault::Expired { subject: certificate.subject(), not_before, not_after })
}

/// Reads an INTEGER that fits 32 bits.
fn number(value: &[u8]) -> Result<u32, Error> {
    let bytes = UintRef::from_der(value).map_err(Error::malformed(WHAT))?;
    let bytes = bytes.as_bytes();
    if bytes.len() > size_of::<u32>() {
        return Err(Error::TooLarge { what: "device's number", size: bytes.len(), limit: size_of::<u32>() });
    }
    Ok(bytes.iter().fold(0, |number, byte| number << 8 | u32::from(*byte)))
}
