//! Compares what came from an authority elsewhere with what was ordered.

use super::error::Error;
use super::extensions::{SUBJECT_ALT_NAME, UPN, general_name};
use super::order::{IssueOrder, SubjectAltName};
use crate::pkix::csr::{self, RequestContent};
use crate::pkix::{Certificate, CertificationRequest, Signer, name};
use ::time::{Duration, OffsetDateTime};
use der::{Decode, Encode};
use x509_cert::ext::pkix::{self, name::GeneralName};

/// Sets how far the clock of an authority elsewhere may be ahead.
const AHEAD: Duration = Duration::minutes(10);
/// Holds szOID_NTDS_CA_SECURITY_EXT.
const NTDS_CA_SECURITY: &str = "1.3.6.1.4.1.311.25.2";

/// Refuses a certificate that is for another key, from another issuer, itself a CA certificate, or not valid now.
pub(super) fn whole(
    order: &IssueOrder,
    certificate: &Certificate,
    issuer: &Certificate,
    now: OffsetDateTime,
) -> Result<(), Error> {
    let refused = |what: &str| Err(Error::Unordered { what: what.to_owned() });
    if !certificate.is_for(&order.public_key) {
        return refused("it is for another key");
    }
    if certificate.verify_issued_by(issuer).is_err() {
        return refused("it was not issued by the configured authority");
    }
    if certificate.is_ca().map_err(Error::ReadBack)? {
        return refused("it is that of an authority");
    }
    if certificate.not_before() > now + AHEAD || certificate.not_after() <= now {
        return refused("it is not valid now");
    }
    Ok(())
}

/// Lists in what a certificate differs from its order.
pub(super) fn differences(order: &IssueOrder, certificate: &Certificate) -> Result<Vec<&'static str>, Error> {
    let mut differences = Vec::new();
    let ordered = name::parse(&order.subject).map_err(Error::Subject)?;
    if name::to_text(&ordered) != certificate.subject() {
        differences.push("subject");
    }
    let found = certificate.alt_names().map_err(Error::ReadBack)?;
    let wanted = AltNames::of(order)?;
    for (what, wanted, found) in [
        ("user principal names", wanted.upns, found.upns),
        ("mailboxes", wanted.emails, found.emails),
        ("host names", wanted.hosts, found.dns_names),
    ] {
        let found = sorted(found);
        if sorted(wanted) != found {
            differences.push(what);
        }
    }
    if wanted.others != others_of(certificate)? {
        differences.push("other names");
    }
    let usages = certificate.extended_key_usage().map_err(Error::ReadBack)?;
    if order.extended_key_usages.iter().any(|usage| !usages.contains(usage)) {
        differences.push("extended key usages");
    }
    let says = |sid: &String| {
        let extension = certificate.extensions().iter().find(|it| it.extn_id.to_string() == NTDS_CA_SECURITY);
        extension.is_some_and(|it| it.extn_value.as_bytes().windows(sid.len()).any(|part| part == sid.as_bytes()))
    };
    if order.sid.as_ref().is_some_and(|sid| !says(sid)) {
        differences.push("security identifier");
    }
    Ok(differences)
}

/// Returns the alternative names of a certificate that are neither UPN, mailbox nor host name, DER, sorted.
fn others_of(certificate: &Certificate) -> Result<Vec<Vec<u8>>, Error> {
    let extension = certificate.extensions().iter().find(|it| it.extn_id == SUBJECT_ALT_NAME);
    let names = extension.map(|it| pkix::SubjectAltName::from_der(it.extn_value.as_bytes())).transpose();
    let names = names.map_err(Error::Encoding)?.map(|names| names.0).unwrap_or_default();
    let is_other = |name: &GeneralName| match name {
        GeneralName::OtherName(other) => other.type_id != UPN,
        GeneralName::Rfc822Name(_) | GeneralName::DnsName(_) => false,
        _ => true,
    };
    let others = names.iter().filter(|name| is_other(name)).map(Encode::to_der);
    others.collect::<Result<Vec<_>, _>>().map(sorted).map_err(Error::Encoding)
}

/// Holds the alternative names of an order by kind; those that are neither UPN, mailbox nor host name as DER.
#[derive(Default)]
struct AltNames {
    upns: Vec<String>,
    emails: Vec<String>,
    hosts: Vec<String>,
    others: Vec<Vec<u8>>,
}

impl AltNames {
    fn of(order: &IssueOrder) -> Result<Self, Error> {
        let mut names = Self::default();
        for name in &order.subject_alt_names {
            match name {
                SubjectAltName::Upn(upn) => names.upns.push(upn.clone()),
                SubjectAltName::Email(email) => names.emails.push(email.clone()),
                SubjectAltName::Dns(host) => names.hosts.push(host.clone()),
                SubjectAltName::Kerberos(_)
                | SubjectAltName::Ip(_)
                | SubjectAltName::Uri(_)
                | SubjectAltName::Directory(_) => {
                    names.others.push(general_name(name)?.to_der().map_err(Error::Encoding)?);
                }
            }
        }
        names.others.sort();
        Ok(names)
    }
}

fn sorted<T: Ord>(mut names: Vec<T>) -> Vec<T> {
    names.sort();
    names
}

impl IssueOrder {
    /// Builds the certification request that is sent to an authority elsewhere, for a key that was generated here, with
    /// the names of the order.
    pub fn request(&self, key: &dyn Signer) -> Result<CertificationRequest, Error> {
        let names = AltNames::of(self)?;
        let content = RequestContent {
            subject: name::parse(&self.subject).map_err(Error::Subject)?,
            upns: names.upns,
            emails: names.emails,
            dns_names: names.hosts,
            key_usage: self.key_usage.clone(),
            extended_key_usage: self.extended_key_usages.clone(),
            ..RequestContent::default()
        };
        csr::build(&content, key).map_err(Error::of_signing(Error::Key))
    }
}
