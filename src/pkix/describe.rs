//! Describes a certificate for people. It is read a second time, by x509-parser, which knows the names of algorithms
//! and usages.

use super::certificate::Certificate;
use super::error::Error;
use time::OffsetDateTime;
use x509_parser::{
    error::X509Error,
    extensions::{ExtendedKeyUsage, GeneralName},
    nom,
    objects::{oid_registry, oid2sn},
    prelude::{FromDer, X509Certificate},
};

impl Certificate {
    /// Returns the certificate as labelled lines, in the order in which people look for them.
    pub fn describe(&self) -> Result<Vec<(&'static str, String)>, Error> {
        let (_, read) = X509Certificate::from_der(self.der()).map_err(|error| match error {
            nom::Err::Error(inner) | nom::Err::Failure(inner) => Error::Description(inner),
            nom::Err::Incomplete(_) => Error::Description(X509Error::InvalidCertificate),
        })?;
        let signature = &read.signature_algorithm.algorithm;
        let mut lines = vec![
            ("Subject", self.subject()),
            ("Issuer", self.issuer()),
            ("Serial number", self.serial()),
            ("Valid from", utc(self.not_before())),
            ("Valid until", utc(self.not_after())),
            ("Public key", self.public_key().map_or_else(|error| error.to_string(), |key| key.kind().to_string())),
            ("Signed with", oid2sn(signature, oid_registry()).map_or_else(|_| signature.to_id_string(), str::to_owned)),
        ];
        if let Some(usage) = read.key_usage().map_err(Error::Description)? {
            lines.push(("Key usage", usage.value.to_string()));
        }
        if let Some(usage) = read.extended_key_usage().map_err(Error::Description)? {
            lines.push(("Extended key usage", purposes(usage.value).join(", ")));
        }
        for upn in self.alt_names()?.upns {
            lines.push(("Principal name", upn));
        }
        if let Some(names) = read.subject_alternative_name().map_err(Error::Description)? {
            lines.extend(names.value.general_names.iter().filter_map(other_name));
        }
        if read.is_ca() {
            lines.push(("Basic constraints", "certificate authority".into()));
        }
        lines.push(("Thumbprint (SHA-1)", self.thumbprint_sha1()));
        Ok(lines)
    }
}

fn utc(at: OffsetDateTime) -> String {
    format!("{} {:02}:{:02}:{:02} UTC", at.date(), at.hour(), at.minute(), at.second())
}

/// Returns label and text of a mailbox, host name or address; `None` for names of other kinds.
fn other_name<'a>(name: &GeneralName<'a>) -> Option<(&'static str, String)> {
    match name {
        GeneralName::RFC822Name(email) => Some(("Mailbox", email.escape_debug().to_string())),
        GeneralName::DNSName(host) => Some(("Host name", host.escape_debug().to_string())),
        GeneralName::URI(uri) => Some(("Address", uri.escape_debug().to_string())),
        _ => None,
    }
}

/// Names the extended key usages.
fn purposes(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let known = [
        (usage.any, "any"),
        (usage.server_auth, "TLS server"),
        (usage.client_auth, "TLS client"),
        (usage.code_signing, "code signing"),
        (usage.email_protection, "e-mail protection"),
        (usage.time_stamping, "time stamping"),
        (usage.ocsp_signing, "OCSP signing"),
    ];
    let others = usage.other.iter().map(|id| match id.to_id_string().as_str() {
        "1.3.6.1.4.1.311.20.2.2" => "smart card logon".to_owned(),
        unknown => unknown.to_owned(),
    });
    known.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned()).chain(others).collect()
}
