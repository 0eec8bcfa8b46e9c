//! Reads the extensions that requests and certificates share (RFC 5280, 4.2.1).

use super::error::Error;
use super::{oid, text};
use der::{Decode, asn1::ObjectIdentifier as Oid};
use std::{fmt, str::FromStr};
pub use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{self, KeyUsages, name::GeneralName};

/// Names what a key may be used for (RFC 5280, 4.2.1.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUsage {
    DigitalSignature,
    NonRepudiation,
    KeyEncipherment,
    DataEncipherment,
    KeyAgreement,
    KeyCertSign,
    CrlSign,
    EncipherOnly,
    DecipherOnly,
}

impl KeyUsage {
    /// Lists every usage, in the order of the bits.
    pub const ALL: [Self; 9] = [
        Self::DigitalSignature,
        Self::NonRepudiation,
        Self::KeyEncipherment,
        Self::DataEncipherment,
        Self::KeyAgreement,
        Self::KeyCertSign,
        Self::CrlSign,
        Self::EncipherOnly,
        Self::DecipherOnly,
    ];

    /// Returns the name in RFC 5280.
    pub fn name(self) -> &'static str {
        match self {
            Self::DigitalSignature => "digitalSignature",
            Self::NonRepudiation => "nonRepudiation",
            Self::KeyEncipherment => "keyEncipherment",
            Self::DataEncipherment => "dataEncipherment",
            Self::KeyAgreement => "keyAgreement",
            Self::KeyCertSign => "keyCertSign",
            Self::CrlSign => "cRLSign",
            Self::EncipherOnly => "encipherOnly",
            Self::DecipherOnly => "decipherOnly",
        }
    }

    /// Says whether a key with this usage may decrypt or agree.
    pub fn decrypts(self) -> bool {
        matches!(self, Self::KeyEncipherment | Self::DataEncipherment | Self::KeyAgreement)
    }

    /// Returns the bit of this usage.
    fn bit(self) -> KeyUsages {
        match self {
            Self::DigitalSignature => KeyUsages::DigitalSignature,
            Self::NonRepudiation => KeyUsages::NonRepudiation,
            Self::KeyEncipherment => KeyUsages::KeyEncipherment,
            Self::DataEncipherment => KeyUsages::DataEncipherment,
            Self::KeyAgreement => KeyUsages::KeyAgreement,
            Self::KeyCertSign => KeyUsages::KeyCertSign,
            Self::CrlSign => KeyUsages::CRLSign,
            Self::EncipherOnly => KeyUsages::EncipherOnly,
            Self::DecipherOnly => KeyUsages::DecipherOnly,
        }
    }

    /// Returns the usages as the value of the extension, to be encoded.
    pub fn bits(usages: &[Self]) -> pkix::KeyUsage {
        let mut set = der::flagset::FlagSet::default();
        for usage in usages {
            set |= usage.bit();
        }
        pkix::KeyUsage(set)
    }
}

impl fmt::Display for KeyUsage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for KeyUsage {
    type Err = Error;

    /// Reads [`KeyUsage::name`] in any letter case. `contentCommitment`, the newer name of nonRepudiation, is read too.
    fn from_str(name: &str) -> Result<Self, Error> {
        if name.eq_ignore_ascii_case("contentCommitment") {
            return Ok(Self::NonRepudiation);
        }
        let found = Self::ALL.into_iter().find(|usage| usage.name().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Error::UnknownKeyUsage { name: name.into() })
    }
}

/// Holds a subject's alternative names (RFC 5280, 4.2.1.6), of the kinds that this project uses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AltNames {
    /// User principal names (otherName 1.3.6.1.4.1.311.20.2.3).
    pub upns: Vec<String>,
    /// Mailboxes (rfc822Name).
    pub emails: Vec<String>,
    /// Host names (dNSName).
    pub dns_names: Vec<String>,
    /// Number of names of other kinds.
    pub others: usize,
}

/// Decodes the extension with this identifier; `None` where there is none.
pub(super) fn find<'a, T: Decode<'a, Error = der::Error>>(
    extensions: &'a [Extension],
    id: Oid,
    what: &'static str,
) -> Result<Option<T>, Error> {
    let found = extensions.iter().find(|extension| extension.extn_id == id);
    found.map(|it| T::from_der(it.extn_value.as_bytes())).transpose().map_err(Error::malformed(what))
}

/// Returns the key usages; `None` where there is no such extension.
pub(super) fn key_usage(extensions: &[Extension]) -> Result<Option<Vec<KeyUsage>>, Error> {
    let usage: Option<pkix::KeyUsage> = find(extensions, oid::KEY_USAGE, "key usage")?;
    Ok(usage.map(|usage| KeyUsage::ALL.into_iter().filter(|it| usage.0.contains(it.bit())).collect()))
}

/// Returns the extended key usages as dotted object identifiers.
pub(super) fn extended_key_usage(extensions: &[Extension]) -> Result<Vec<String>, Error> {
    let usage: Option<pkix::ExtendedKeyUsage> = find(extensions, oid::EXTENDED_KEY_USAGE, "extended key usage")?;
    Ok(usage.map(|usage| usage.0.iter().map(Oid::to_string).collect()).unwrap_or_default())
}

/// Says whether the basic constraints call the subject a CA.
pub(super) fn is_ca(extensions: &[Extension]) -> Result<bool, Error> {
    let basic: Option<pkix::BasicConstraints> = find(extensions, oid::BASIC_CONSTRAINTS, "basic constraints")?;
    Ok(basic.is_some_and(|basic| basic.ca))
}

/// Returns the path length of the basic constraints; `None` where they set no limit.
pub(super) fn path_length(extensions: &[Extension]) -> Result<Option<u8>, Error> {
    let basic: Option<pkix::BasicConstraints> = find(extensions, oid::BASIC_CONSTRAINTS, "basic constraints")?;
    Ok(basic.and_then(|basic| basic.path_len_constraint))
}

/// Returns the subject key identifier.
pub(super) fn subject_key_id(extensions: &[Extension]) -> Result<Option<Vec<u8>>, Error> {
    let id: Option<pkix::SubjectKeyIdentifier> =
        find(extensions, oid::SUBJECT_KEY_IDENTIFIER, "subject key identifier")?;
    Ok(id.map(|id| id.0.as_bytes().to_vec()))
}

/// Returns the key identifier of the issuer.
pub(super) fn authority_key_id(extensions: &[Extension]) -> Result<Option<Vec<u8>>, Error> {
    let id: Option<pkix::AuthorityKeyIdentifier> =
        find(extensions, oid::AUTHORITY_KEY_IDENTIFIER, "authority key identifier")?;
    Ok(id.and_then(|id| id.key_identifier).map(|id| id.as_bytes().to_vec()))
}

/// Returns the alternative names, those of other kinds only counted.
pub(super) fn alt_names(extensions: &[Extension]) -> Result<AltNames, Error> {
    let names: Option<pkix::SubjectAltName> = find(extensions, oid::SUBJECT_ALT_NAME, "subject alternative name")?;
    let mut out = AltNames::default();
    for name in names.map(|names| names.0).unwrap_or_default() {
        match name {
            GeneralName::OtherName(other) if other.type_id == oid::UPN => match text::of(other.value.to_ref()) {
                Some(upn) => out.upns.push(upn),
                None => out.others += 1,
            },
            GeneralName::Rfc822Name(email) => out.emails.push(email.to_string()),
            GeneralName::DnsName(host) => out.dns_names.push(host.to_string()),
            _ => out.others += 1,
        }
    }
    Ok(out)
}
