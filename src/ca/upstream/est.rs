//! Calls an authority by Enrollment over Secure Transport (RFC 7030, RFC 8951).

use super::transport::{Answer, Transport};
use crate::ca::error::Error;
use crate::pkix::{Certificate, CertificationRequest, cmc};
use ::time::Duration;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Sets how many seconds to wait where the authority does not say, and the most it may ask for.
const WAIT: u64 = 60;
const LONGEST_WAIT: u64 = 24 * 3600;

/// Asks for the authority's certificates (`/cacerts`, 4.1).
pub fn authority(transport: &Transport) -> Result<Vec<Certificate>, Error> {
    certificates(&transport.get("/cacerts")?)
}

/// Asks for a certificate (`/simpleenroll`, 4.2.1); status 202 is [`Error::Pending`].
pub fn enroll(transport: &Transport, csr: &[u8]) -> Result<Certificate, Error> {
    let request = CertificationRequest::from_der(csr).map_err(Error::Key)?;
    let headers = [("content-type", "application/pkcs10"), ("content-transfer-encoding", "base64")];
    // On one line: receivers need not accept white space (RFC 8951, 3.2), and some do not.
    let answer = transport.post("/simpleenroll", &headers, STANDARD.encode(csr).as_bytes())?;
    if answer.status == 202 {
        let seconds = answer.retry_after.unwrap_or(WAIT).clamp(1, LONGEST_WAIT);
        let retry_after = Duration::seconds(i64::try_from(seconds).unwrap_or(3600));
        return Err(Error::Pending { ticket: Vec::new(), retry_after });
    }
    let ours = certificates(&answer)?.into_iter().find(|certificate| certificate.is_for(request.public_key()));
    ours.ok_or(Error::Answer { what: "no certificate in it is for the key" })
}

/// Reads a certs-only message (4.1.3), in base64 as the standard requires or in DER as some send it.
fn certificates(answer: &Answer) -> Result<Vec<Certificate>, Error> {
    let unreadable = |_| Error::Answer { what: "it is not certs-only CMS" };
    let der = match answer.body.first() {
        Some(0x30) => answer.body.clone(),
        _ => {
            let text: Vec<u8> = answer.body.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
            STANDARD.decode(text).map_err(|_| Error::Answer { what: "it is not base64" })?
        }
    };
    Ok(cmc::read(&der).map_err(unreadable)?.certificates)
}
