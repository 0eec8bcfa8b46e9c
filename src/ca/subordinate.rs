//! Makes the request of an authority under another's root, and verifies the chain that comes back (RFC 5280, 6.1,
//! without revocation).

use super::error::Error;
use super::extensions;
use super::key_place::KeyPlace;
use super::order::RootOrder;
use crate::pkix::csr::{self, RequestContent};
use crate::pkix::{self, Certificate, CertificationRequest, KeyUsage, PublicKey, name};
use ::time::OffsetDateTime;

/// Limits the certificates of a chain.
const MOST_CERTIFICATES: usize = 10;

/// Generates the key in `place`, or opens the one that is there, and builds the request for its CA certificate.
pub fn request(order: &RootOrder, place: KeyPlace) -> Result<CertificationRequest, Error> {
    let subject = name::parse(&order.subject).map_err(Error::Subject)?;
    if subject.is_empty() {
        return Err(Error::NoName);
    }
    let signer = place.make(order.algorithm)?;
    let content = RequestContent { subject, extensions: extensions::of_request()?, ..RequestContent::default() };
    csr::build(&content, &*signer).map_err(Error::of_signing(Error::Key))
}

/// Reads PEM certificates in any order and returns the chain from the one for `key` up to the root, with every
/// signature, validity and CA constraint verified.
pub fn verified_chain(text: &str, key: &PublicKey, now: OffsetDateTime) -> Result<Vec<Certificate>, Error> {
    let mut given = certificates(text)?;
    if given.len() > MOST_CERTIFICATES {
        return Err(Error::ChainLong { limit: MOST_CERTIFICATES });
    }
    let own = given.iter().position(|it| it.is_for(key)).ok_or(Error::ChainKey)?;
    let mut chain = vec![given.swap_remove(own)];
    for below in 0..MOST_CERTIFICATES {
        let Some(last) = chain.last() else { break };
        allowed(last, below, now)?;
        if last.issuer_name() == last.subject_name() {
            last.verify_issued_by(last).map_err(Error::ChainBroken)?;
            return Ok(chain);
        }
        let issuer = given.iter().position(|it| last.verify_issued_by(it).is_ok());
        let issuer = issuer.ok_or_else(|| Error::ChainIncomplete { issuer: last.issuer() })?;
        chain.push(given.swap_remove(issuer));
    }
    Err(Error::ChainLong { limit: MOST_CERTIFICATES })
}

/// Refuses a certificate that is not allowed to stand above `below` other authorities, or is not valid now.
fn allowed(certificate: &Certificate, below: usize, now: OffsetDateTime) -> Result<(), Error> {
    let refused = |what| Err(Error::NotAllowed { subject: certificate.subject(), what });
    if !certificate.is_ca().map_err(Error::ChainBroken)? {
        return refused("issue certificates");
    }
    if let Some(usages) = certificate.key_usage().map_err(Error::ChainBroken)? {
        if !usages.contains(&KeyUsage::KeyCertSign) {
            return refused("sign certificates");
        }
        if below == 0 && !usages.contains(&KeyUsage::CrlSign) {
            return refused("sign revocation lists");
        }
    }
    if certificate.path_length().map_err(Error::ChainBroken)?.is_some_and(|most| usize::from(most) < below) {
        return refused("stand above so many other authorities");
    }
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    if now < not_before || now > not_after {
        return Err(Error::OutOfTime { subject: certificate.subject(), not_before, not_after });
    }
    Ok(())
}

/// Reads the certificates of a PEM text, in its order.
pub fn certificates(text: &str) -> Result<Vec<Certificate>, Error> {
    blocks(text).map_err(Error::ChainBroken)
}

/// Reads the certificates of a PEM text; text before each block is skipped.
pub(super) fn blocks(text: &str) -> Result<Vec<Certificate>, pkix::Error> {
    let blocks = text.split_inclusive("-----END CERTIFICATE-----").filter_map(|block| {
        // Some tools write a description before each certificate.
        block.find("-----BEGIN ").map(|begin| &block[begin..]).or((!block.trim().is_empty()).then_some(block))
    });
    blocks.map(Certificate::from_pem).collect()
}
