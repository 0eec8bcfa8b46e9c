//! Judges what a template's certificates are for: which purposes no holder of a card may have, which no archived key may
//! have, and which look unintended.

use super::entries::Entry;
use super::key_policy::{KeyFamily, KeySource};
use super::located::{Misplaced, Source};
use super::profile_template::ProfileTemplate;
use super::raw::RawCertificate;
use super::weaker::Told;
use super::words::{
    ANY_PURPOSE, CLIENT_AUTH, EMAIL_PROTECTION, PKINIT_CLIENT, SERVER_AUTH, SMARTCARD_LOGON,
    extended_key_usage as object_identifier,
};
use crate::pkix::KeyUsage;

/// Lists purposes that speak for an authority and not for a person, with what their holder could do: RFC 5280, 4.2.1.12,
/// RFC 6402, 2.10, RFC 4556, 3.2.4, and \[MS-WCCE\].
const OF_AUTHORITIES: [(&str, &str); 7] = [
    ("1.3.6.1.5.5.7.3.9", "OCSPSigning: its holder could declare every revoked certificate of this CA good"),
    ("1.3.6.1.4.1.311.20.2.1", "certificate request agent: its holder could have certificates issued in every name"),
    ("1.3.6.1.5.5.7.3.27", "cmcCA: its holder would speak for this CA in CMC"),
    ("1.3.6.1.5.5.7.3.28", "cmcRA: its holder could have certificates issued in every name"),
    ("1.3.6.1.5.2.3.5", "pkinitKDC: its holder would be a KDC to everybody who logs on"),
    ("1.3.6.1.4.1.311.21.5", "CA exchange: keys to be archived would be sent to its holder"),
    ("1.3.6.1.4.1.311.21.6", "key recovery agent: archived keys would be sealed to its holder"),
];

/// Lists purposes by which somebody is let in.
const LOGS_ON: [&str; 4] = [CLIENT_AUTH, SMARTCARD_LOGON, PKINIT_CLIENT, ANY_PURPOSE];

/// Refuses a purpose of authorities, and an archived key by which somebody would be let in: who opens the archive could
/// come in as its owner. Without extended key usages a key is for everything.
pub(super) fn check(source: &Source<'_>, shape: &RawCertificate, key: &KeySource) -> Result<(), Misplaced> {
    let purposes = shape.extended_key_usages.get_ref();
    for purpose in purposes {
        // One that cannot be read is refused where it is read.
        let Ok(oid) = object_identifier(purpose.get_ref()) else { continue };
        if let Some((_, why)) = OF_AUTHORITIES.iter().find(|(of_authorities, _)| *of_authorities == oid) {
            return Err(source.wrong(purpose, format!("no certificate of a person is for this ({why})")));
        }
        if is_archived(key) && LOGS_ON.contains(&oid.as_str()) {
            let problem = "a key that is archived lets nobody in: whoever opens the archive could come in as its owner";
            return Err(source.wrong(purpose, problem));
        }
    }
    if is_archived(key) && purposes.is_empty() {
        let problem = "without extended key usages an archived key is for everything, coming in as its owner included";
        return Err(source.wrong(&shape.extended_key_usages, problem));
    }
    Ok(())
}

fn is_archived(key: &KeySource) -> bool {
    matches!(key, KeySource::Server { archived: true, .. })
}

/// Lists what looks unintended in the purposes and key usages of all certificates.
pub(super) fn warnings(template: &ProfileTemplate) -> Vec<Told> {
    let mut told = Vec::new();
    for (number, entry) in template.entries().enumerate() {
        let name = &entry.certificate.template_name;
        let mut say = |key: &str, text: &str| match number {
            0 => told.push((format!("certificate.{key}"), text.to_owned())),
            _ => told.push(("additional_certificates".to_owned(), format!("{name}: {key}: {text}"))),
        };
        of_purposes(entry, &mut say);
        of_usages(entry, &mut say);
        if entry.certificate.extensions.tells_smime() && !is_for(entry, EMAIL_PROTECTION) {
            say("smime_capabilities", "without emailProtection no mail program looks at them (RFC 4262)");
        }
        if is_for(entry, SMARTCARD_LOGON) {
            told.extend(of_logon(entry, number));
        }
    }
    told
}

/// Says whether a certificate names a purpose, by its object identifier.
fn is_for(entry: Entry<'_>, oid: &str) -> bool {
    entry.certificate.extended_key_usages.iter().any(|purpose| purpose == oid)
}

/// Lists why Windows would not log on with the certificate of this number among the template's.
fn of_logon(entry: Entry<'_>, number: usize) -> Vec<Told> {
    let name = &entry.certificate.template_name;
    let say = |key: &str, text: &str| match number {
        0 => (key.to_owned(), text.to_owned()),
        _ => ("additional_certificates".to_owned(), format!("{name}: {key}: {text}")),
    };
    let curve = KeyFamily::of(entry.key.generate.kind()).0 == KeyFamily::Ecdsa;
    let rows = [
        (!entry.naming.has_upn(), "subject", "smartcardLogon without a UPN: Windows finds no account to log on (upn)"),
        (
            !entry.naming.has_sid(),
            "subject",
            "smartcardLogon without a security identifier: a domain controller maps by it, and refuses the logon without \
             (KB5014754: sid)",
        ),
        (
            curve,
            "key.generate",
            "smartcardLogon with a key on an elliptic curve: Windows logs on by it only where the policy \"Allow ECC \
             certificates to be used for logon and authentication\" is set; RSA needs none",
        ),
    ];
    rows.into_iter().filter(|(is_told, ..)| *is_told).map(|(_, key, text)| say(key, text)).collect()
}

/// Says what looks unintended in the extended key usages.
fn of_purposes(entry: Entry<'_>, say: &mut impl FnMut(&str, &str)) {
    const KEY: &str = "extended_key_usages";
    let purposes = &entry.certificate.extended_key_usages;
    let has = |oid: &str| is_for(entry, oid);
    if purposes.is_empty() {
        say(KEY, "there are none: the certificate is for everything (RFC 5280, 4.2.1.12)");
    }
    if has(ANY_PURPOSE) {
        say(KEY, "anyExtendedKeyUsage: the certificate is for everything, what nobody thought of included");
    }
    if has(SERVER_AUTH) {
        say(KEY, "serverAuth: where a host name stands in it, a person's card proves to be that server");
    }
    if has(SMARTCARD_LOGON) && !entry.certificate.key_usages.contains(&KeyUsage::DigitalSignature) {
        say(
            KEY,
            "smartcardLogon without digitalSignature in key_usages: a logon is signed (RFC 4556), and none succeeds",
        );
    }
    let made_here = matches!(entry.key.source, KeySource::Server { .. });
    if made_here && !is_archived(&entry.key.source) && LOGS_ON.iter().any(|oid| has(oid)) {
        say(KEY, "the server makes this key: whoever executes the request has it, and could come in as its owner");
    }
}

/// Says what looks unintended in the key usages.
fn of_usages(entry: Entry<'_>, say: &mut impl FnMut(&str, &str)) {
    let usages = &entry.certificate.key_usages;
    let encrypts = [KeyUsage::KeyEncipherment, KeyUsage::DataEncipherment].iter().any(|usage| usages.contains(usage));
    if encrypts && KeyFamily::of(entry.key.generate.kind()).0 == KeyFamily::Ecdsa {
        say("key_usages", "a key on an elliptic curve enciphers nothing: keyAgreement is meant (RFC 8813, 3)");
    }
}
