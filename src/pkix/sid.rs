//! Reads whose account a certificate is bound to: Windows' security identifier (MS-WCCE, 2.2.2.7.7.4; KB5014754), and
//! whether it names a Kerberos principal (RFC 4556, 3.2.2).

use super::certificate::Certificate;
use super::error::Error;
use super::{extension::find, oid};
use der::Tag;
use der::asn1::OctetStringRef;
use x509_cert::ext::pkix::SubjectAltName;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};

const WHAT: &str = "security identifier";
/// Begins the URI that holds a security identifier where the extension is not to be had.
const URI: &str = "tag:microsoft.com,2022-09-14:sid:";
/// Bounds a security identifier: fifteen parts of ten digits, and what stands around them.
const MOST: usize = 192;

/// Holds a security identifier that a certificate states.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatedSid {
    /// `S-1-5-21-…`.
    pub sid: String,
    /// Whether it stands in the extension, and not in a URI among the alternative names.
    pub in_extension: bool,
}

impl Certificate {
    /// Returns the security identifier that the certificate states; that of the extension takes precedence.
    pub fn stated_sid(&self) -> Result<Option<StatedSid>, Error> {
        let names: Option<GeneralNames> = find(self.extensions(), oid::NTDS_CA_SECURITY, WHAT)?;
        for name in names.unwrap_or_default() {
            if let GeneralName::OtherName(other) = name
                && other.type_id == oid::NTDS_OBJECT_SID
            {
                let text: &OctetStringRef = other.value.decode_as().map_err(Error::malformed(WHAT))?;
                return formed(text.as_bytes()).map(|sid| Some(StatedSid { sid, in_extension: true }));
            }
        }
        let stated = self.names()?.into_iter().find_map(|name| match name {
            GeneralName::UniformResourceIdentifier(uri) => uri.as_str().strip_prefix(URI).map(str::to_owned),
            _ => None,
        });
        let stated = stated.map(|text| formed(text.as_bytes())).transpose()?;
        Ok(stated.map(|sid| StatedSid { sid, in_extension: false }))
    }

    /// Says whether the alternative names hold a Kerberos principal, by which MIT's KDC knows a person.
    pub fn names_principal(&self) -> Result<bool, Error> {
        let is_principal =
            |name: &GeneralName| matches!(name, GeneralName::OtherName(other) if other.type_id == oid::PKINIT_SAN);
        Ok(self.names()?.iter().any(is_principal))
    }

    fn names(&self) -> Result<GeneralNames, Error> {
        let names: Option<SubjectAltName> = find(self.extensions(), oid::SUBJECT_ALT_NAME, "subject alternative name")?;
        Ok(names.map(|names| names.0).unwrap_or_default())
    }
}

/// Takes what has the form of a security identifier.
fn formed(bytes: &[u8]) -> Result<String, Error> {
    let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= MOST);
    let parts = |text: &str| {
        text.strip_prefix("S-1-").is_some_and(|rest| {
            rest.split('-').all(|part| !part.is_empty() && part.bytes().all(|it| it.is_ascii_digit()))
        })
    };
    let refused = || Error::malformed(WHAT)(Tag::OctetString.value_error().into());
    text.filter(|text| parts(text)).map(str::to_owned).ok_or_else(refused)
}
