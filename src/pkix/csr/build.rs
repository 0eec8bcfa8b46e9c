//! Builds certification requests for keys that this room never sees.
//!
//! rcgen writes the body with the extension request. Its names are maps that lose repeated types, and it cannot sign
//! with SHA-1; so the subject is put into the body afterwards, and the key signs that body, once.

use super::attribute::{self, ClientInfo, EnrollmentCsp, RawAttribute};
use super::request::{CertificationRequest, WHAT};
use crate::pkix::error::Error;
use crate::pkix::extension::{Extension, KeyUsage};
use crate::pkix::key::PublicKey;
use crate::pkix::key_algorithm::KeyKind;
use crate::pkix::oid;
use crate::pkix::signer::Signer;
use der::{Decode, Encode, asn1::BitString, oid::ObjectIdentifier as Oid};
use rcgen::{
    CertificateParams, CustomExtension, DistinguishedName, ExtendedKeyUsagePurpose, KeyUsagePurpose, PublicKeyData,
    SanType, SigningKey, string::Ia5String,
};
use std::cell::RefCell;
use x509_cert::{
    name::Name,
    request::{CertReq, CertReqInfo},
};

/// Says what a request asks for. The default has an empty subject and asks for nothing but the key to be certified.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestContent {
    /// The subject; see [`crate::pkix::name::parse`].
    pub subject: Name,
    /// User principal names.
    pub upns: Vec<String>,
    /// Mailboxes, ASCII.
    pub emails: Vec<String>,
    /// Host names, ASCII.
    pub dns_names: Vec<String>,
    /// Key usages; none leaves the extension out.
    pub key_usage: Vec<KeyUsage>,
    /// Extended key usages, dotted; none leaves the extension out.
    pub extended_key_usage: Vec<String>,
    /// The operating system's version (1.3.6.1.4.1.311.13.2.3), ASCII.
    pub os_version: Option<String>,
    /// Who makes the request and where (1.3.6.1.4.1.311.21.20).
    pub client_info: Option<ClientInfo>,
    /// The provider that made the key (1.3.6.1.4.1.311.13.2.2).
    pub enrollment_csp: Option<EnrollmentCsp>,
    /// Further attributes.
    pub attributes: Vec<RawAttribute>,
    /// Further extensions to ask for.
    pub extensions: Vec<Extension>,
}

/// Builds a request and has `signer` sign it, with one call of [`Signer::sign`]. The signature is verified before the
/// request is returned, so that a signer that uses another key than it claims is noticed here.
pub fn build(content: &RequestContent, signer: &dyn Signer) -> Result<CertificationRequest, Error> {
    let (key, algorithm) = (signer.public_key(), signer.algorithm());
    if !algorithm.goes_with(key.kind()) {
        return Err(Error::AlgorithmMismatch { kind: key.kind(), algorithm });
    }
    let malformed = Error::malformed(WHAT);
    let draft = Draft { key, body: RefCell::default() };
    params(content)?.serialize_request(&draft).map_err(Error::RequestEncoding)?;
    let mut info = CertReqInfo::from_der(&draft.body.into_inner()).map_err(&malformed)?;
    info.subject = content.subject.clone();
    for attribute in attributes(content)? {
        info.attributes.insert(attribute).map_err(&malformed)?;
    }
    let signature = signer.sign(&info.to_der().map_err(&malformed)?)?;
    let request = CertReq {
        info,
        algorithm: algorithm.identifier(),
        signature: BitString::from_bytes(&signature).map_err(&malformed)?,
    };
    let request = CertificationRequest::from_der(&request.to_der().map_err(&malformed)?)?;
    request.verify()?;
    Ok(request)
}

/// Shows the public key to rcgen and keeps the body that rcgen wants signed.
struct Draft<'a> {
    key: &'a PublicKey,
    body: RefCell<Vec<u8>>,
}

impl PublicKeyData for Draft<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.key.subject_public_key()
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        match self.key.kind() {
            KeyKind::Rsa { .. } => &rcgen::PKCS_RSA_SHA256,
            KeyKind::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            KeyKind::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        }
    }
}

impl SigningKey for Draft<'_> {
    fn sign(&self, body: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        self.body.replace(body.to_vec());
        Ok(Vec::new())
    }
}

/// Translates the content for rcgen: alternative names, usages, extensions.
fn params(content: &RequestContent) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    let upn: Vec<u64> = arcs(oid::UPN);
    let names = &mut params.subject_alt_names;
    names.extend(content.upns.iter().map(|it| SanType::OtherName((upn.clone(), it.as_str().into()))));
    for email in &content.emails {
        names.push(SanType::Rfc822Name(ascii("mailbox", email)?));
    }
    for host in &content.dns_names {
        names.push(SanType::DnsName(ascii("host name", host)?));
    }
    params.key_usages = content.key_usage.iter().map(|usage| purpose(*usage)).collect();
    for usage in &content.extended_key_usage {
        let id = Oid::new(usage).map_err(|_| Error::ObjectIdentifier { text: usage.clone() })?;
        params.insert_extended_key_usage(ExtendedKeyUsagePurpose::Other(arcs(id)));
    }
    for extension in &content.extensions {
        let value = extension.extn_value.as_bytes().to_vec();
        let mut custom = CustomExtension::from_oid_content(&arcs(extension.extn_id), value);
        custom.set_criticality(extension.critical);
        params.custom_extensions.push(custom);
    }
    Ok(params)
}

/// Builds the attributes beside the extension request.
fn attributes(content: &RequestContent) -> Result<Vec<x509_cert::attr::Attribute>, Error> {
    let mut out = Vec::new();
    out.extend(content.os_version.as_deref().map(attribute::os_version).transpose()?);
    out.extend(content.client_info.as_ref().map(ClientInfo::write).transpose()?);
    out.extend(content.enrollment_csp.as_ref().map(EnrollmentCsp::write).transpose()?);
    for attribute in &content.attributes {
        out.push(attribute.write()?);
    }
    Ok(out)
}

fn arcs(id: Oid) -> Vec<u64> {
    id.arcs().map(u64::from).collect()
}

/// Refuses text that is not ASCII.
fn ascii(field: &'static str, text: &str) -> Result<Ia5String, Error> {
    Ia5String::try_from(text).map_err(|_| Error::NotAscii { field, value: text.into() })
}

fn purpose(usage: KeyUsage) -> KeyUsagePurpose {
    match usage {
        KeyUsage::DigitalSignature => KeyUsagePurpose::DigitalSignature,
        KeyUsage::NonRepudiation => KeyUsagePurpose::ContentCommitment,
        KeyUsage::KeyEncipherment => KeyUsagePurpose::KeyEncipherment,
        KeyUsage::DataEncipherment => KeyUsagePurpose::DataEncipherment,
        KeyUsage::KeyAgreement => KeyUsagePurpose::KeyAgreement,
        KeyUsage::KeyCertSign => KeyUsagePurpose::KeyCertSign,
        KeyUsage::CrlSign => KeyUsagePurpose::CrlSign,
        KeyUsage::EncipherOnly => KeyUsagePurpose::EncipherOnly,
        KeyUsage::DecipherOnly => KeyUsagePurpose::DecipherOnly,
    }
}
