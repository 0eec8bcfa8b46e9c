//! Calls cfssl's API, version 1: `info`, `sign`, `authsign` and `revoke`.

use super::transport::{Answer, Transport, excerpt};
use crate::ca::error::Error;
use crate::ca::order::{IssueOrder, SubjectAltName};
use crate::ca::revocation::RevocationReason;
use crate::pkix::{Certificate, CertificationRequest, name};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];
/// Lists the attributes of a subject that cfssl knows besides CN.
const ATTRIBUTES: [&str; 5] = ["C", "ST", "L", "O", "OU"];

/// Asks for the authority's certificate (`/info`).
pub fn authority(transport: &Transport) -> Result<Vec<Certificate>, Error> {
    Ok(vec![certificate(&post(transport, "/api/v1/cfssl/info", &json!({ "label": "" }))?)?])
}

/// Asks for a certificate (`/authsign`, or `/sign` without a key to authenticate with).
pub fn sign(
    transport: &Transport,
    order: &IssueOrder,
    csr: &[u8],
    profile: Option<&str>,
) -> Result<Certificate, Error> {
    let pem = CertificationRequest::from_der(csr).map_err(Error::Key)?.to_pem();
    let mut request =
        json!({ "certificate_request": pem, "subject": subject(order)?, "profile": profile.unwrap_or("") });
    let hosts: Vec<String> = order.subject_alt_names.iter().filter_map(host).collect();
    if !hosts.is_empty() {
        request["hosts"] = json!(hosts);
    }
    let result = match &transport.hmac {
        None => post(transport, "/api/v1/cfssl/sign", &request)?,
        Some(key) => {
            let request = request.to_string();
            let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.expose()), request.as_bytes());
            let signed = json!({ "token": STANDARD.encode(tag), "request": STANDARD.encode(request) });
            post(transport, "/api/v1/cfssl/authsign", &signed)?
        }
    };
    certificate(&result)
}

/// Revokes a certificate (`/revoke`); cfssl needs a database for it.
pub fn revoke(transport: &Transport, certificate: &Certificate, reason: RevocationReason) -> Result<(), Error> {
    let authority = certificate.authority_key_id().map_err(Error::ReadBack)?.unwrap_or_default();
    let revoke = |authority: &str| {
        let request = json!({
            "serial": decimal(&certificate.serial_bytes()),
            "authority_key_id": authority,
            "reason": reason_name(reason),
        });
        post(transport, "/api/v1/cfssl/revoke", &request).map(drop)
    };
    match revoke(&hex::encode(authority)) {
        // Older releases store the certificate without its authority's key identifier.
        Err(Error::Refused { .. }) => revoke(""),
        outcome => outcome,
    }
}

/// Sends JSON and returns `result`; an answer without `success` is [`Error::Refused`].
fn post(transport: &Transport, path: &str, body: &Value) -> Result<Value, Error> {
    let Answer { status, body, .. } = transport.post(path, &JSON, body.to_string().as_bytes())?;
    let mut answer: Value = serde_json::from_slice(&body).map_err(|_| Error::Answer { what: "it is not JSON" })?;
    if answer["success"] != json!(true) {
        return Err(Error::Refused { status, text: excerpt(&answer["errors"].to_string()) });
    }
    Ok(answer["result"].take())
}

/// Reads the certificate in a result.
fn certificate(result: &Value) -> Result<Certificate, Error> {
    let pem = result["certificate"].as_str().ok_or(Error::Answer { what: "it holds no certificate" })?;
    Certificate::from_pem(pem).map_err(|_| Error::Answer { what: "its certificate is none" })
}

/// Builds the subject. What cfssl cannot express is left out; the comparison of certificate and order shows it then.
fn subject(order: &IssueOrder) -> Result<Value, Error> {
    let subject = name::parse(&order.subject).map_err(Error::Subject)?;
    let names = ATTRIBUTES.iter().flat_map(|attribute| {
        name::values(&subject, attribute).into_iter().map(move |value| json!({ *attribute: value }))
    });
    let names: Vec<Value> = names.collect();
    Ok(json!({ "CN": name::values(&subject, "CN").into_iter().next().unwrap_or_default(), "names": names }))
}

/// Returns a name that cfssl takes as a host; `None` for other kinds.
fn host(name: &SubjectAltName) -> Option<String> {
    match name {
        SubjectAltName::Email(email) => Some(email.clone()),
        SubjectAltName::Dns(host) => Some(host.clone()),
        SubjectAltName::Ip(address) => Some(address.to_string()),
        SubjectAltName::Uri(uri) => Some(uri.clone()),
        SubjectAltName::Upn(_) | SubjectAltName::Kerberos(_) | SubjectAltName::Directory(_) => None,
    }
}

/// Returns cfssl's name for a reason.
fn reason_name(reason: RevocationReason) -> &'static str {
    match reason {
        RevocationReason::Unspecified => "unspecified",
        RevocationReason::KeyCompromise => "keycompromise",
        RevocationReason::CaCompromise => "cacompromise",
        RevocationReason::AffiliationChanged => "affiliationchanged",
        RevocationReason::Superseded => "superseded",
        RevocationReason::CessationOfOperation => "cessationofoperation",
        RevocationReason::CertificateHold => "certificatehold",
        RevocationReason::PrivilegeWithdrawn => "privilegewithdrawn",
        RevocationReason::AaCompromise => "aacompromise",
    }
}

/// Writes a big-endian number of any length in decimal digits.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            carry += u32::from(*digit) << 8;
            // The remainder of a division by ten fits.
            *digit = (carry % 10) as u8;
            carry /= 10;
        }
        while carry > 0 {
            digits.push((carry % 10) as u8);
            carry /= 10;
        }
    }
    digits.iter().rev().map(|digit| char::from(b'0' + digit)).collect()
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn serial_numbers_are_told_in_decimal() {
        assert_eq!(decimal(&[0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(decimal(&[0xff; 16]), u128::MAX.to_string());
    }
}
