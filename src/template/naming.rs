//! Reads what a certificate says of its owner, and which extensions it has that only some readers look for.

use super::located::{Misplaced, Source, each, parsed};
use super::pattern::{Attributes, Known, Meaning, Missing, Pattern, SubjectPattern, UserAttribute};
use super::place::Place;
use super::raw::{RawCertificate, RawSubject};
use super::uses::Uses;
use super::words::{is_object_identifier, smime_capability};
use crate::ca::{
    CertificatePolicy, IssueOrder, MicrosoftTemplate, SID_URI, SubjectAltName, is_host_name, is_sid, is_uri,
};
use std::net::IpAddr;
use toml::Spanned;

/// Bounds the names of one kind, and the policies.
const MOST: usize = 16;

/// Names the kind of an alternative name that is text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Upn,
    Kerberos,
    Email,
    Host,
    Address,
    Uri,
}

/// Holds the patterns of all names of a certificate: subject, other names (RFC 5280, 4.2.1.6), security identifier.
#[derive(Clone, Debug)]
pub struct Naming {
    subject: SubjectPattern,
    names: Vec<(Kind, Pattern)>,
    directory_names: Vec<SubjectPattern>,
    sid: Option<Pattern>,
}

/// Describes the extensions of Windows, and the certificate policies.
#[derive(Clone, Debug, Default)]
pub struct ExtensionShape {
    template: Option<MicrosoftTemplate>,
    template_name: Option<String>,
    application_policies: bool,
    policies: Vec<CertificatePolicy>,
    smime_capabilities: Vec<String>,
}

impl Naming {
    /// Reads the patterns, and adds to `uses` where data items fill them.
    pub(super) fn read(source: &Source<'_>, raw: &RawSubject, uses: &mut Uses) -> Result<Self, Misplaced> {
        let mut names = Vec::new();
        let mut emails: Vec<_> = raw.email.iter().collect();
        emails.extend(&raw.emails);
        for (kind, texts) in [
            (Kind::Upn, raw.upn.iter().collect()),
            (Kind::Kerberos, raw.kerberos_principal.iter().collect()),
            (Kind::Email, emails),
            (Kind::Host, raw.dns_names.iter().collect()),
            (Kind::Address, raw.ip_addresses.iter().collect()),
            (Kind::Uri, raw.uris.iter().collect::<Vec<_>>()),
        ] {
            few(source, texts.get(MOST).copied())?;
            for text in texts {
                let pattern = parsed(source, text, Pattern::parse)?;
                kind.check(&pattern).map_err(|problem| source.wrong(text, problem))?;
                uses.add(&pattern, kind.place(&pattern), text);
                names.push((kind, pattern));
            }
        }
        few(source, raw.directory_names.get(MOST))?;
        let mut directory_name = |text: &Spanned<String>| {
            let name = parsed(source, text, SubjectPattern::parse)?;
            for (attribute, pattern) in name.attributes() {
                uses.add(pattern, Place::Attribute(attribute), text);
            }
            Ok(name)
        };
        Ok(Self {
            subject: directory_name(&raw.name)?,
            directory_names: raw.directory_names.iter().map(directory_name).collect::<Result<_, _>>()?,
            sid: raw.sid.as_ref().map(|text| security_identifier(source, text)).transpose()?,
            names,
        })
    }

    /// Fills all names into an order.
    pub fn fill(&self, known: &Known<'_, impl Attributes>, order: &mut IssueOrder) -> Result<(), Missing> {
        order.subject = self.subject.fill(known)?;
        let names = &mut order.subject_alt_names;
        for (kind, pattern) in &self.names {
            let spelled = |value: &str| match kind {
                // Where a URI is all of an attribute, an administrator has written it whole.
                Kind::Uri if pattern.sole().is_none() => percent_encoded(value),
                _ => value.to_owned(),
            };
            names.extend(pattern.fill_as(known, spelled)?.map(|text| kind.name(text)).transpose()?);
        }
        for name in &self.directory_names {
            let name = name.fill(known)?;
            names.extend(Some(name).filter(|name| !name.is_empty()).map(SubjectAltName::Directory));
        }
        order.sid = self.sid.as_ref().map(|pattern| pattern.fill(known)).transpose()?.flatten();
        Ok(())
    }

    /// Says whether there is a UPN, perhaps of those alone who have one.
    pub fn has_upn(&self) -> bool {
        self.names.iter().any(|(kind, _)| *kind == Kind::Upn)
    }

    /// Says whether there is a security identifier, as extension or as URI, perhaps of those alone who have one.
    pub fn has_sid(&self) -> bool {
        self.sid.is_some() || self.names.iter().any(|(kind, pattern)| *kind == Kind::Uri && is_sid_uri(pattern))
    }
}

impl Kind {
    /// Makes a name of this kind.
    fn name(self, text: String) -> Result<SubjectAltName, Missing> {
        Ok(match self {
            Self::Upn => SubjectAltName::Upn(text),
            Self::Kerberos => SubjectAltName::Kerberos(text),
            Self::Email => SubjectAltName::Email(text),
            Self::Host => SubjectAltName::Dns(text),
            Self::Address => SubjectAltName::Ip(text.parse().map_err(|_| Missing::Address(text))?),
            Self::Uri => SubjectAltName::Uri(text),
        })
    }

    /// Returns where the values of a pattern of this kind stand.
    fn place(self, pattern: &Pattern) -> Place {
        let whole = pattern.sole().is_some();
        match self {
            Self::Upn => Place::Upn { whole },
            Self::Kerberos => Place::Kerberos { whole },
            Self::Email => Place::Mailbox { whole },
            Self::Host => Place::Host,
            Self::Address => Place::Address,
            Self::Uri => Place::Uri,
        }
    }

    /// Refuses a pattern of which no name of this kind can come.
    fn check(self, pattern: &Pattern) -> Result<(), &'static str> {
        let sole = pattern.sole();
        match self {
            Self::Upn | Self::Kerberos | Self::Email => Ok(()),
            Self::Host if is_host_name(&pattern.with("x")) => Ok(()),
            Self::Host => Err("this is no host name"),
            Self::Address if sole.is_some() || pattern.with("{").parse::<IpAddr>().is_ok() => Ok(()),
            Self::Address => Err("this is neither an IP address nor one placeholder alone"),
            Self::Uri if matches!(sole.map(|blank| &blank.meaning), Some(Meaning::User(_))) => Ok(()),
            Self::Uri if !is_uri(&pattern.with("x")) => {
                Err("this is no URI with a scheme of its own, such as https://example.com/{User!name} (RFC 3986)")
            }
            Self::Uri if is_sid_uri(pattern) && !has_own_sid(pattern) => {
                Err("only {User!sid} stands there: whoever could choose it would log on as anybody (KB5014754)")
            }
            Self::Uri => Ok(()),
        }
    }
}

/// Says whether a URI begins as the one that holds a security identifier.
fn is_sid_uri(pattern: &Pattern) -> bool {
    pattern.with("").get(..SID_URI.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(SID_URI))
}

/// Says whether behind that stands the person's own, and nothing else.
fn has_own_sid(pattern: &Pattern) -> bool {
    let mut blanks = pattern.blanks();
    let own = blanks.next().is_some_and(|blank| blank.meaning == Meaning::User(UserAttribute::Sid));
    own && blanks.next().is_none() && pattern.with("") == SID_URI && pattern.with("x").ends_with('x')
}

/// Refuses one name more than there may be.
fn few(source: &Source<'_>, more: Option<&Spanned<String>>) -> Result<(), Misplaced> {
    match more {
        Some(text) => Err(source.wrong(text, format!("at most {MOST} names of a kind stand in a certificate"))),
        None => Ok(()),
    }
}

/// Reads the pattern of the security identifier, which no data item fills.
fn security_identifier(source: &Source<'_>, text: &Spanned<String>) -> Result<Pattern, Misplaced> {
    let pattern = parsed(source, text, Pattern::parse)?;
    if pattern.items().next().is_some() {
        let problem = "no data item is a security identifier: whoever gives it would log on as anybody (KB5014754)";
        return Err(source.wrong(text, problem));
    }
    if pattern.sole().is_none() && !is_sid(&pattern.with("1")) {
        return Err(source.wrong(text, "this is no security identifier such as S-1-5-21-1-2-3-1104"));
    }
    Ok(pattern)
}

/// Writes a value so that it stays one part of a URI: unreserved characters and `@` as they are, all others in percent
/// encoding (RFC 3986, 2.1 and 2.3).
fn percent_encoded(value: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~@".contains(&byte);
    let spelled = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    value.bytes().map(spelled).collect()
}

impl ExtensionShape {
    /// Reads and checks the keys.
    pub(super) fn read(source: &Source<'_>, raw: &RawCertificate) -> Result<Self, Misplaced> {
        if let Some(policy) = raw.policies.get(MOST) {
            return Err(source.wrong(&policy.oid, format!("at most {MOST} policies stand in a certificate")));
        }
        if let Some(capability) = raw.smime_capabilities.get(MOST) {
            return Err(source.wrong(capability, format!("at most {MOST} capabilities stand in a certificate")));
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
            smime_capabilities: each(source, &raw.smime_capabilities, smime_capability)?,
            policies: raw.policies.iter().map(policy).collect::<Result<_, _>>()?,
        })
    }

    /// Puts the extensions into an order.
    pub fn fill(&self, order: &mut IssueOrder) {
        order.template.clone_from(&self.template);
        order.template_name.clone_from(&self.template_name);
        order.application_policies = self.application_policies;
        order.policies.clone_from(&self.policies);
        order.smime_capabilities.clone_from(&self.smime_capabilities);
    }

    /// Says whether the certificate tells what its owner's mail program can decrypt.
    pub fn tells_smime(&self) -> bool {
        !self.smime_capabilities.is_empty()
    }
}

/// Checks an object identifier, dotted.
fn object_identifier(source: &Source<'_>, text: &Spanned<String>) -> Result<String, Misplaced> {
    match is_object_identifier(text.get_ref()) {
        true => Ok(text.get_ref().clone()),
        false => Err(source.wrong(text, "this is not an object identifier such as 1.3.6.1.4.1.311.21.8.1")),
    }
}
