//! Builds the extensions of the certificates that are issued here (RFC 5280, 4.2).

use super::error::Error;
use super::kerberos;
use super::names::{is_host_name, is_mailbox, is_sid, is_uri};
use super::order::{CertificatePolicy, IssueOrder, MicrosoftTemplate, SubjectAltName};
use crate::pkix::{Extension, KeyUsage, PublicKey, name};
use der::asn1::{Any, BmpString, Ia5String, Null, ObjectIdentifier as Oid, OctetString, Utf8StringRef};
use der::{Encode, Sequence};
use std::net::IpAddr;
use x509_cert::ext::pkix::certpolicy::{CertificatePolicies, PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints,
    ExtendedKeyUsage, SubjectAltName as AltNames, SubjectKeyIdentifier,
};

const SUBJECT_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.14");
const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
pub(super) const SUBJECT_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.17");
pub(super) const BASIC_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.19");
const CRL_DISTRIBUTION_POINTS: Oid = Oid::new_unwrap("2.5.29.31");
pub(super) const AUTHORITY_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
const AUTHORITY_INFO_ACCESS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.1.1");
const CA_ISSUERS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.2");
const OCSP: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1");
/// Holds id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1).
const OCSP_NO_CHECK: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.1.5");
const CERTIFICATE_POLICIES: Oid = Oid::new_unwrap("2.5.29.32");
/// Holds id-qt-cps.
const CPS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.2.1");
pub(super) const FRESHEST_CRL: Oid = Oid::new_unwrap("2.5.29.46");
/// Holds id-pkinit-san.
const PKINIT_SAN: Oid = Oid::new_unwrap("1.3.6.1.5.2.2");
/// Holds szOID_NT_PRINCIPAL_NAME.
pub(super) const UPN: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.20.2.3");
/// Holds szOID_CERTIFICATE_TEMPLATE.
const CERTIFICATE_TEMPLATE: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.21.7");
/// Holds szOID_ENROLL_CERTTYPE_EXTENSION.
const ENROLL_CERTTYPE: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.20.2");
/// Holds szOID_APPLICATION_CERT_POLICIES.
const APPLICATION_POLICIES: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.21.10");
/// Holds szOID_NTDS_CA_SECURITY_EXT and szOID_NTDS_OBJECTSID.
const NTDS_CA_SECURITY: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.25.2");
const NTDS_OBJECT_SID: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.25.2.1");
/// Holds sMIMECapabilities (RFC 4262, 2).
const SMIME_CAPABILITIES: Oid = Oid::new_unwrap("1.2.840.113549.1.9.15");

/// Holds id-kp-OCSPSigning.
const OCSP_SIGNING: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.3.9");
/// Lists the key usages of an authority.
const AUTHORITY_USAGES: [KeyUsage; 3] = [KeyUsage::DigitalSignature, KeyUsage::KeyCertSign, KeyUsage::CrlSign];

const CRITICAL: bool = true;
const NOT_CRITICAL: bool = false;

/// Encodes the value of the template extension of Windows.
#[derive(Sequence)]
struct TemplateId {
    id: Oid,
    major: u32,
    minor: u32,
}

/// Encodes an S/MIME capability without parameters (RFC 8551, 2.5.2).
#[derive(Sequence)]
struct SmimeCapability {
    id: Oid,
}

/// Builds those of a self-signed root. It signs CMC answers too, so its key usage includes digitalSignature.
pub(super) fn of_root(key: &PublicKey) -> Result<Vec<Extension>, Error> {
    Ok(vec![
        subject_key_identifier(key)?,
        extension(BASIC_CONSTRAINTS, CRITICAL, &BasicConstraints { ca: true, path_len_constraint: Some(0) })?,
        extension(KEY_USAGE, CRITICAL, &KeyUsage::bits(&AUTHORITY_USAGES))?,
    ])
}

/// Builds those of an end entity's certificate; `authority` is the key identifier of the issuing authority.
pub(super) fn of_order(order: &IssueOrder, authority: &[u8]) -> Result<Vec<Extension>, Error> {
    let mut extensions = vec![
        subject_key_identifier(&order.public_key)?,
        authority_key_identifier(authority)?,
        extension(BASIC_CONSTRAINTS, CRITICAL, &BasicConstraints { ca: false, path_len_constraint: None })?,
    ];
    if !order.key_usage.is_empty() {
        extensions.push(extension(KEY_USAGE, CRITICAL, &KeyUsage::bits(&order.key_usage))?);
    }
    if !order.extended_key_usages.is_empty() {
        let usages = order.extended_key_usages.iter().map(|text| oid(text)).collect::<Result<Vec<_>, _>>()?;
        extensions.push(extension(EXTENDED_KEY_USAGE, NOT_CRITICAL, &ExtendedKeyUsage(usages))?);
    }
    if !order.subject_alt_names.is_empty() {
        let names = order.subject_alt_names.iter().map(general_name).collect::<Result<Vec<_>, _>>()?;
        // RFC 5280, 4.2.1.6: critical when it is the only name there is.
        let critical = order.subject.trim().is_empty();
        extensions.push(extension(SUBJECT_ALT_NAME, critical, &AltNames(names))?);
    }
    extensions.extend(addresses(order)?);
    if !order.policies.is_empty() {
        let policies = order.policies.iter().map(policy).collect::<Result<Vec<_>, _>>()?;
        extensions.push(extension(CERTIFICATE_POLICIES, NOT_CRITICAL, &CertificatePolicies(policies))?);
    }
    if !order.smime_capabilities.is_empty() {
        let capability = |text: &String| Ok(SmimeCapability { id: oid(text)? });
        let capabilities = order.smime_capabilities.iter().map(capability).collect::<Result<Vec<_>, Error>>()?;
        extensions.push(extension(SMIME_CAPABILITIES, NOT_CRITICAL, &capabilities)?);
    }
    extensions.extend(microsoft(order)?);
    Ok(extensions)
}

/// Builds those of an OCSP responder with a short validity. They tell clients not to check whether it is revoked
/// itself.
pub(super) fn of_responder(key: &PublicKey, authority: &[u8]) -> Result<Vec<Extension>, Error> {
    Ok(vec![
        subject_key_identifier(key)?,
        authority_key_identifier(authority)?,
        extension(BASIC_CONSTRAINTS, CRITICAL, &BasicConstraints { ca: false, path_len_constraint: None })?,
        extension(KEY_USAGE, CRITICAL, &KeyUsage::bits(&[KeyUsage::DigitalSignature]))?,
        extension(EXTENDED_KEY_USAGE, NOT_CRITICAL, &ExtendedKeyUsage(vec![OCSP_SIGNING]))?,
        extension(OCSP_NO_CHECK, NOT_CRITICAL, &Null)?,
    ])
}

/// Builds those that a subordinate authority requests from its superior.
pub(super) fn of_request() -> Result<Vec<Extension>, Error> {
    Ok(vec![
        extension(BASIC_CONSTRAINTS, CRITICAL, &BasicConstraints { ca: true, path_len_constraint: Some(0) })?,
        extension(KEY_USAGE, CRITICAL, &KeyUsage::bits(&AUTHORITY_USAGES))?,
    ])
}

/// Builds those that tell where the lists, the responder and the authority's certificate can be fetched.
fn addresses(order: &IssueOrder) -> Result<Vec<Extension>, Error> {
    let mut extensions = Vec::new();
    for (id, url) in [(CRL_DISTRIBUTION_POINTS, &order.crl_url), (FRESHEST_CRL, &order.freshest_crl_url)] {
        if let Some(url) = url {
            extensions.push(distribution_point(id, url)?);
        }
    }
    let access = |method, kind, url: &Option<String>| {
        let location = url.as_ref().map(|url| uri(kind, url)).transpose()?;
        let described = |location| AccessDescription { access_method: method, access_location: location };
        Ok::<_, Error>(location.map(described))
    };
    let described = [
        access(OCSP, "OCSP responder's address", &order.ocsp_url)?,
        access(CA_ISSUERS, "authority's address", &order.aia_url)?,
    ];
    let described: Vec<AccessDescription> = described.into_iter().flatten().collect();
    if !described.is_empty() {
        extensions.push(extension(AUTHORITY_INFO_ACCESS, NOT_CRITICAL, &AuthorityInfoAccessSyntax(described))?);
    }
    Ok(extensions)
}

/// Builds the extension that tells where a list can be fetched: RFC 5280, 4.2.1.13 and 4.2.1.15 have the same form.
pub(super) fn distribution_point(id: Oid, url: &str) -> Result<Extension, Error> {
    let point = DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri("CRL address", url)?])),
        reasons: None,
        crl_issuer: None,
    };
    extension(id, NOT_CRITICAL, &CrlDistributionPoints(vec![point]))
}

/// Builds a policy with the address of its practice statement.
fn policy(policy: &CertificatePolicy) -> Result<PolicyInformation, Error> {
    let qualifier = |url: &String| {
        let url = Any::encode_from(&ia5("practice statement's address", url)?).map_err(Error::Encoding)?;
        Ok::<_, Error>(vec![PolicyQualifierInfo { policy_qualifier_id: CPS, qualifier: Some(url) }])
    };
    Ok(PolicyInformation {
        policy_identifier: oid(&policy.oid)?,
        policy_qualifiers: policy.cps_url.as_ref().map(qualifier).transpose()?,
    })
}

/// Builds those that only Windows reads.
fn microsoft(order: &IssueOrder) -> Result<Vec<Extension>, Error> {
    let mut extensions = Vec::new();
    if let Some(template) = &order.template {
        extensions.push(microsoft_template(template)?);
    }
    if let Some(name) = &order.template_name {
        let text =
            BmpString::from_utf8(name).map_err(|_| Error::Name { kind: "template name", value: name.clone() })?;
        extensions.push(extension(ENROLL_CERTTYPE, NOT_CRITICAL, &text)?);
    }
    if order.application_policies && !order.extended_key_usages.is_empty() {
        let policy = |text: &String| Ok(PolicyInformation { policy_identifier: oid(text)?, policy_qualifiers: None });
        let policies = order.extended_key_usages.iter().map(policy).collect::<Result<Vec<_>, Error>>()?;
        extensions.push(extension(APPLICATION_POLICIES, NOT_CRITICAL, &CertificatePolicies(policies))?);
    }
    if let Some(sid) = &order.sid {
        extensions.push(security_identifier(sid)?);
    }
    Ok(extensions)
}

/// Builds the authority key identifier.
pub(super) fn authority_key_identifier(authority: &[u8]) -> Result<Extension, Error> {
    let value = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(authority).map_err(Error::Encoding)?),
        ..AuthorityKeyIdentifier::default()
    };
    extension(AUTHORITY_KEY_IDENTIFIER, NOT_CRITICAL, &value)
}

/// Builds the subject key identifier.
fn subject_key_identifier(key: &PublicKey) -> Result<Extension, Error> {
    let value = OctetString::new(key.key_identifier()).map_err(Error::Encoding)?;
    extension(SUBJECT_KEY_IDENTIFIER, NOT_CRITICAL, &SubjectKeyIdentifier(value))
}

/// Builds the certificate template extension.
fn microsoft_template(template: &MicrosoftTemplate) -> Result<Extension, Error> {
    let value = TemplateId { id: oid(&template.oid)?, major: template.major_version, minor: template.minor_version };
    extension(CERTIFICATE_TEMPLATE, NOT_CRITICAL, &value)
}

/// Builds the SID extension of KB5014754: a GeneralNames with one otherName that holds the SID's text.
fn security_identifier(sid: &str) -> Result<Extension, Error> {
    if !is_sid(sid) {
        return Err(Error::Name { kind: "security identifier", value: sid.into() });
    }
    let text = OctetString::new(sid.as_bytes()).and_then(|text| Any::encode_from(&text)).map_err(Error::Encoding)?;
    let name = GeneralName::OtherName(OtherName { type_id: NTDS_OBJECT_SID, value: text });
    extension(NTDS_CA_SECURITY, NOT_CRITICAL, &vec![name])
}

/// Builds an alternative name.
pub(super) fn general_name(name: &SubjectAltName) -> Result<GeneralName, Error> {
    Ok(match name {
        SubjectAltName::Upn(upn) => {
            filled("user principal name", upn)?;
            let text = Utf8StringRef::new(upn).and_then(|text| Any::encode_from(&text)).map_err(Error::Encoding)?;
            GeneralName::OtherName(OtherName { type_id: UPN, value: text })
        }
        SubjectAltName::Kerberos(principal) => {
            filled("Kerberos principal", principal)?;
            GeneralName::OtherName(OtherName { type_id: PKINIT_SAN, value: kerberos::principal_name(principal)? })
        }
        SubjectAltName::Email(email) => GeneralName::Rfc822Name(formed("mailbox", email, is_mailbox)?),
        SubjectAltName::Dns(host) => GeneralName::DnsName(formed("host name", host, is_host_name)?),
        SubjectAltName::Uri(uri) => GeneralName::UniformResourceIdentifier(formed("URI", uri, is_uri)?),
        SubjectAltName::Directory(name) => GeneralName::DirectoryName(name::parse(name).map_err(Error::Subject)?),
        SubjectAltName::Ip(address) => {
            let bytes = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            GeneralName::IpAddress(OctetString::new(bytes).map_err(Error::Encoding)?)
        }
    })
}

/// Builds a URI.
fn uri(kind: &'static str, text: &str) -> Result<GeneralName, Error> {
    ia5(kind, text).map(GeneralName::UniformResourceIdentifier)
}

/// Builds an IA5String of a name that has the form it must have.
fn formed(kind: &'static str, text: &str, is_formed: impl Fn(&str) -> bool) -> Result<Ia5String, Error> {
    if is_formed(text) { ia5(kind, text) } else { Err(Error::Name { kind, value: text.into() }) }
}

/// Builds an IA5String of a name that is not empty and has no blanks.
fn ia5(kind: &'static str, text: &str) -> Result<Ia5String, Error> {
    filled(kind, text)?;
    Ia5String::new(text).map_err(|_| Error::Name { kind, value: text.into() })
}

/// Refuses an empty name, and blanks and control characters in it: readers would disagree about such a name.
fn filled(kind: &'static str, text: &str) -> Result<(), Error> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::Name { kind, value: text.into() });
    }
    Ok(())
}

/// Reads a dotted object identifier.
fn oid(text: &str) -> Result<Oid, Error> {
    Oid::new(text).map_err(|_| Error::ObjectIdentifier { text: text.into() })
}

/// Builds an extension.
pub(super) fn extension(id: Oid, critical: bool, value: &impl Encode) -> Result<Extension, Error> {
    let der = value.to_der().and_then(OctetString::new).map_err(Error::Encoding)?;
    Ok(Extension { extn_id: id, critical, extn_value: der })
}
