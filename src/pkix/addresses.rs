//! Reads where a certificate says that its list, its responder and its issuer are found (RFC 5280, 4.2.1.13 and 4.2.2.1).

use super::certificate::Certificate;
use super::error::Error;
use super::{extension::find, oid};
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{AuthorityInfoAccessSyntax, CrlDistributionPoints};

/// Holds the addresses that a certificate names, in its order and of any scheme.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Addresses {
    /// Where the revocation list is.
    pub lists: Vec<String>,
    /// Where an OCSP responder answers.
    pub responders: Vec<String>,
    /// Where the issuer's certificate is.
    pub issuers: Vec<String>,
}

impl Certificate {
    /// Returns the addresses that the certificate names.
    pub fn addresses(&self) -> Result<Addresses, Error> {
        let points: Option<CrlDistributionPoints> =
            find(self.extensions(), oid::CRL_DISTRIBUTION_POINTS, "list of distribution points")?;
        let access: Option<AuthorityInfoAccessSyntax> =
            find(self.extensions(), oid::AUTHORITY_INFO_ACCESS, "authority's addresses")?;
        let mut out = Addresses::default();
        for point in points.map(|points| points.0).unwrap_or_default() {
            if let Some(DistributionPointName::FullName(names)) = point.distribution_point {
                out.lists.extend(names.into_iter().filter_map(uri));
            }
        }
        for described in access.map(|access| access.0).unwrap_or_default() {
            match described.access_method {
                oid::OCSP => out.responders.extend(uri(described.access_location)),
                oid::CA_ISSUERS => out.issuers.extend(uri(described.access_location)),
                _ => {}
            }
        }
        Ok(out)
    }
}

fn uri(name: GeneralName) -> Option<String> {
    match name {
        GeneralName::UniformResourceIdentifier(uri) => Some(uri.to_string()),
        _ => None,
    }
}
