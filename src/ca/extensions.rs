//! The extensions of the certificates that are made here (RFC 5280, 4.2).

use super::{Error, IssueOrder, MicrosoftTemplate, SubjectAltName};
use crate::pkix::{Extension, KeyUsage, PublicKey};
use der::asn1::{Any, Ia5String, ObjectIdentifier as Oid, OctetString, Utf8StringRef};
use der::{Encode, Sequence};
use std::net::IpAddr;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints,
    ExtendedKeyUsage, SubjectAltName as AltNames, SubjectKeyIdentifier,
};

const SUBJECT_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.14");
const KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.15");
const SUBJECT_ALT_NAME: Oid = Oid::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: Oid = Oid::new_unwrap("2.5.29.19");
const CRL_DISTRIBUTION_POINTS: Oid = Oid::new_unwrap("2.5.29.31");
pub(super) const AUTHORITY_KEY_IDENTIFIER: Oid = Oid::new_unwrap("2.5.29.35");
const EXTENDED_KEY_USAGE: Oid = Oid::new_unwrap("2.5.29.37");
const AUTHORITY_INFO_ACCESS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.1.1");
const CA_ISSUERS: Oid = Oid::new_unwrap("1.3.6.1.5.5.7.48.2");
/// szOID_NT_PRINCIPAL_NAME.
const UPN: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.20.2.3");
/// szOID_CERTIFICATE_TEMPLATE.
const CERTIFICATE_TEMPLATE: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.21.7");
/// szOID_NTDS_CA_SECURITY_EXT and szOID_NTDS_OBJECTSID.
const NTDS_CA_SECURITY: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.25.2");
const NTDS_OBJECT_SID: Oid = Oid::new_unwrap("1.3.6.1.4.1.311.25.2.1");

const CRITICAL: bool = true;
const NOT_CRITICAL: bool = false;

/// The template extension's value.
#[derive(Sequence)]
struct TemplateId {
    id: Oid,
    major: u32,
    minor: u32,
}

/// Those of a self-signed root. It signs answers too, so its usage says digitalSignature as well.
pub(super) fn of_root(key: &PublicKey) -> Result<Vec<Extension>, Error> {
    let usages = [KeyUsage::DigitalSignature, KeyUsage::KeyCertSign, KeyUsage::CrlSign];
    Ok(vec![
        subject_key_identifier(key)?,
        extension(BASIC_CONSTRAINTS, CRITICAL, &BasicConstraints { ca: true, path_len_constraint: Some(0) })?,
        extension(KEY_USAGE, CRITICAL, &KeyUsage::bits(&usages))?,
    ])
}

/// Those of an end entity's certificate, issued by the authority whose key has the identifier `authority`.
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
    if let Some(url) = &order.crl_url {
        let point = DistributionPoint {
            distribution_point: Some(DistributionPointName::FullName(vec![uri("CRL address", url)?])),
            reasons: None,
            crl_issuer: None,
        };
        extensions.push(extension(CRL_DISTRIBUTION_POINTS, NOT_CRITICAL, &CrlDistributionPoints(vec![point]))?);
    }
    if let Some(url) = &order.aia_url {
        let access = AccessDescription { access_method: CA_ISSUERS, access_location: uri("authority's address", url)? };
        extensions.push(extension(AUTHORITY_INFO_ACCESS, NOT_CRITICAL, &AuthorityInfoAccessSyntax(vec![access]))?);
    }
    if let Some(template) = &order.template {
        extensions.push(microsoft_template(template)?);
    }
    if let Some(sid) = &order.sid {
        extensions.push(security_identifier(sid)?);
    }
    Ok(extensions)
}

pub(super) fn authority_key_identifier(authority: &[u8]) -> Result<Extension, Error> {
    let value = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(authority).map_err(Error::Encoding)?),
        ..AuthorityKeyIdentifier::default()
    };
    extension(AUTHORITY_KEY_IDENTIFIER, NOT_CRITICAL, &value)
}

fn subject_key_identifier(key: &PublicKey) -> Result<Extension, Error> {
    let value = OctetString::new(key.key_identifier()).map_err(Error::Encoding)?;
    extension(SUBJECT_KEY_IDENTIFIER, NOT_CRITICAL, &SubjectKeyIdentifier(value))
}

fn microsoft_template(template: &MicrosoftTemplate) -> Result<Extension, Error> {
    let value = TemplateId { id: oid(&template.oid)?, major: template.major_version, minor: template.minor_version };
    extension(CERTIFICATE_TEMPLATE, NOT_CRITICAL, &value)
}

/// KB5014754: a GeneralNames with one otherName that holds the SID's text.
fn security_identifier(sid: &str) -> Result<Extension, Error> {
    let well_formed = sid.strip_prefix("S-1-").is_some_and(|rest| {
        rest.split('-').all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    });
    if !well_formed {
        return Err(Error::Name { kind: "security identifier", value: sid.into() });
    }
    let text = OctetString::new(sid.as_bytes()).and_then(|text| Any::encode_from(&text)).map_err(Error::Encoding)?;
    let name = GeneralName::OtherName(OtherName { type_id: NTDS_OBJECT_SID, value: text });
    extension(NTDS_CA_SECURITY, NOT_CRITICAL, &vec![name])
}

fn general_name(name: &SubjectAltName) -> Result<GeneralName, Error> {
    Ok(match name {
        SubjectAltName::Upn(upn) => {
            filled("user principal name", upn)?;
            let text = Utf8StringRef::new(upn).and_then(|text| Any::encode_from(&text)).map_err(Error::Encoding)?;
            GeneralName::OtherName(OtherName { type_id: UPN, value: text })
        }
        SubjectAltName::Email(email) => GeneralName::Rfc822Name(ia5("mailbox", email)?),
        SubjectAltName::Dns(host) => GeneralName::DnsName(ia5("host name", host)?),
        SubjectAltName::Ip(address) => {
            let bytes = match address {
                IpAddr::V4(address) => address.octets().to_vec(),
                IpAddr::V6(address) => address.octets().to_vec(),
            };
            GeneralName::IpAddress(OctetString::new(bytes).map_err(Error::Encoding)?)
        }
    })
}

fn uri(kind: &'static str, text: &str) -> Result<GeneralName, Error> {
    ia5(kind, text).map(GeneralName::UniformResourceIdentifier)
}

fn ia5(kind: &'static str, text: &str) -> Result<Ia5String, Error> {
    filled(kind, text)?;
    Ia5String::new(text).map_err(|_| Error::Name { kind, value: text.into() })
}

/// Blanks and control characters in such a name would make readers disagree about it.
fn filled(kind: &'static str, text: &str) -> Result<(), Error> {
    if text.is_empty() || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Error::Name { kind, value: text.into() });
    }
    Ok(())
}

fn oid(text: &str) -> Result<Oid, Error> {
    Oid::new(text).map_err(|_| Error::ObjectIdentifier { text: text.into() })
}

pub(super) fn extension(id: Oid, critical: bool, value: &impl Encode) -> Result<Extension, Error> {
    let der = value.to_der().and_then(OctetString::new).map_err(Error::Encoding)?;
    Ok(Extension { extn_id: id, critical, extn_value: der })
}
