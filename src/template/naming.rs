//! Reads what a certificate says of its owner besides the subject, and which extensions it has that only some readers
//! look for.

use super::located::{Misplaced, Source};
use super::pattern::{Attributes, Missing, Pattern};
use super::raw::{RawCertificate, RawSubject};
use crate::ca::{CertificatePolicy, IssueOrder, MicrosoftTemplate, SubjectAltName};
use toml::Spanned;

/// Bounds the names of one kind, and the policies.
const MOST: usize = 16;

/// Holds the patterns of the other names (RFC 5280, 4.2.1.6) and of the security identifier.
#[derive(Clone, Debug, Default)]
pub struct SubjectNames {
    upn: Option<Pattern>,
    kerberos_principal: Option<Pattern>,
    emails: Vec<Pattern>,
    dns_names: Vec<Pattern>,
    sid: Option<Pattern>,
}

/// Describes the extensions of Windows, and the certificate policies.
#[derive(Clone, Debug, Default)]
pub struct ExtensionShape {
    template: Option<MicrosoftTemplate>,
    template_name: Option<String>,
    application_policies: bool,
    policies: Vec<CertificatePolicy>,
}

impl SubjectNames {
    /// Reads the patterns.
    pub(super) fn read(source: &Source<'_>, raw: &RawSubject) -> Result<Self, Misplaced> {
        let pattern = |text: &Spanned<String>| {
            Pattern::parse(text.get_ref()).map_err(|problem| source.wrong(text, problem.to_string()))
        };
        let all = |texts: &[Spanned<String>]| match texts.get(MOST) {
            Some(text) => Err(source.wrong(text, format!("at most {MOST} names of a kind stand in a certificate"))),
            None => texts.iter().map(pattern).collect::<Result<Vec<_>, _>>(),
        };
        let mut emails = all(&raw.emails)?;
        if let Some(first) = &raw.email {
            emails.insert(0, pattern(first)?);
        }
        Ok(Self {
            upn: raw.upn.as_ref().map(pattern).transpose()?,
            kerberos_principal: raw.kerberos_principal.as_ref().map(pattern).transpose()?,
            emails,
            dns_names: all(&raw.dns_names)?,
            sid: raw.sid.as_ref().map(pattern).transpose()?,
        })
    }

    /// Fills a user's names into an order.
    pub fn fill(&self, user: &impl Attributes, order: &mut IssueOrder) -> Result<(), Missing> {
        let fill = |pattern: &Option<Pattern>| pattern.as_ref().map(|pattern| pattern.fill(user)).transpose();
        let names = &mut order.subject_alt_names;
        names.extend(fill(&self.upn)?.map(SubjectAltName::Upn));
        names.extend(fill(&self.kerberos_principal)?.map(SubjectAltName::Kerberos));
        for email in &self.emails {
            names.push(SubjectAltName::Email(email.fill(user)?));
        }
        for host in &self.dns_names {
            names.push(SubjectAltName::Dns(host.fill(user)?));
        }
        order.sid = fill(&self.sid)?;
        Ok(())
    }
}

impl ExtensionShape {
    /// Reads and checks the keys.
    pub(super) fn read(source: &Source<'_>, raw: &RawCertificate) -> Result<Self, Misplaced> {
        if let Some(policy) = raw.policies.get(MOST) {
            return Err(source.wrong(&policy.oid, format!("at most {MOST} policies stand in a certificate")));
        }
        let template = |raw: &super::raw::RawMicrosoftTemplate| {
            Ok(MicrosoftTemplate {
                oid: object_identifier(source, &raw.oid)?,
                major_version: raw.major_version,
                minor_version: raw.minor_version,
            })
        };
        let policy = |raw: &super::raw::RawPolicy| {
            if let Some(url) = raw.cps_url.as_ref().filter(|url| url::Url::parse(url.get_ref()).is_err()) {
                return Err(source.wrong(url, "this is not a URL"));
            }
            let cps_url = raw.cps_url.as_ref().map(|url| url.get_ref().clone());
            Ok(CertificatePolicy { oid: object_identifier(source, &raw.oid)?, cps_url })
        };
        Ok(Self {
            template: raw.microsoft_template.as_ref().map(template).transpose()?,
            template_name: raw.microsoft_template_name.then(|| raw.template_name.get_ref().clone()),
            application_policies: raw.application_policies,
            policies: raw.policies.iter().map(policy).collect::<Result<_, _>>()?,
        })
    }

    /// Puts the extensions into an order.
    pub fn fill(&self, order: &mut IssueOrder) {
        order.template.clone_from(&self.template);
        order.template_name.clone_from(&self.template_name);
        order.application_policies = self.application_policies;
        order.policies.clone_from(&self.policies);
    }
}

/// Checks an object identifier, dotted.
fn object_identifier(source: &Source<'_>, text: &Spanned<String>) -> Result<String, Misplaced> {
    match super::words::is_object_identifier(text.get_ref()) {
        true => Ok(text.get_ref().clone()),
        false => Err(source.wrong(text, "this is not an object identifier such as 1.3.6.1.4.1.311.21.8.1")),
    }
}
