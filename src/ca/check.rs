//! Compares what came from an authority elsewhere with what was ordered.

use super::error::Error;
use super::order::{IssueOrder, SubjectAltName};
use crate::pkix::csr::{self, RequestContent};
use crate::pkix::{Certificate, CertificationRequest, Signer, name};
use ::time::{Duration, OffsetDateTime};

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
    let wanted = AltNames::of(order);
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
    if wanted.others != found.others {
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

/// Holds the alternative names of an order by kind; Kerberos principals and addresses are only counted.
#[derive(Default)]
struct AltNames {
    upns: Vec<String>,
    emails: Vec<String>,
    hosts: Vec<String>,
    others: usize,
}

impl AltNames {
    fn of(order: &IssueOrder) -> Self {
        let mut names = Self::default();
        for name in &order.subject_alt_names {
            match name {
                SubjectAltName::Upn(upn) => names.upns.push(upn.clone()),
                SubjectAltName::Email(email) => names.emails.push(email.clone()),
                SubjectAltName::Dns(host) => names.hosts.push(host.clone()),
                SubjectAltName::Kerberos(_) | SubjectAltName::Ip(_) => names.others += 1,
            }
        }
        names
    }
}

fn sorted(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names
}

impl IssueOrder {
    /// Builds the certification request that is sent to an authority elsewhere, for a key that was generated here, with
    /// the names of the order.
    pub fn request(&self, key: &dyn Signer) -> Result<CertificationRequest, Error> {
        let names = AltNames::of(self);
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
