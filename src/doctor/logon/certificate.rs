//! What stands in a certificate: validity, key, usages, and whom it names.

use super::code::Code;
use super::finding::Finding;
use crate::pkix::{Certificate, Error, KeyKind, KeyUsage};
use time::{Duration, OffsetDateTime};

/// Sets how long before its end a certificate is reported.
const SOON: Duration = Duration::days(14);
/// Sets how many bits an RSA key has at least.
const RSA_BITS: usize = 2048;

const SMART_CARD_LOGON: &str = "1.3.6.1.4.1.311.20.2.2";
const CLIENT_AUTHENTICATION: &str = "1.3.6.1.5.5.7.3.2";
/// Is id-pkinit-KPClientAuth (RFC 4556, 3.2.2).
const PKINIT_CLIENT: &str = "1.3.6.1.5.2.3.4";
const ANY_PURPOSE: &str = "2.5.29.37.0";

/// Judges what a certificate says.
pub(super) fn judge(certificate: &Certificate, now: OffsetDateTime) -> Vec<Finding> {
    let parts = [usage(certificate), purposes(certificate), names(certificate), sid(certificate)];
    let parts = parts.into_iter().flat_map(|part| part.unwrap_or_else(unreadable));
    [validity(certificate, now), key(certificate)].into_iter().chain(parts).collect()
}

fn unreadable(error: Error) -> Vec<Finding> {
    vec![Finding::new(Code::CertificateUnreadable).with("reason", error)]
}

fn validity(certificate: &Certificate, now: OffsetDateTime) -> Finding {
    let (from, to) = (certificate.not_before(), certificate.not_after());
    if now < from {
        return Finding::new(Code::NotYetValid).with("date", from.date());
    }
    let code = match to - now {
        left if left.is_negative() => Code::Expired,
        left if left < SOON => Code::EndsSoon,
        _ => Code::Valid,
    };
    Finding::new(code).with("date", to.date())
}

fn key(certificate: &Certificate) -> Finding {
    let Ok(key) = certificate.public_key() else { return Finding::new(Code::KeyUnknown) };
    let code = match key.kind() {
        KeyKind::Rsa { bits } if bits < RSA_BITS => Code::KeyShort,
        KeyKind::Rsa { .. } => Code::KeyTaken,
        KeyKind::P256 | KeyKind::P384 => Code::KeyCurve,
    };
    Finding::new(code).with("kind", key.kind())
}

fn usage(certificate: &Certificate) -> Result<Vec<Finding>, Error> {
    let code = match certificate.key_usage()? {
        None => Code::UsageUnsaid,
        Some(usages) if usages.contains(&KeyUsage::DigitalSignature) => Code::UsageSigns,
        Some(_) => Code::UsageForbids,
    };
    Ok(vec![Finding::new(code)])
}

fn purposes(certificate: &Certificate) -> Result<Vec<Finding>, Error> {
    let purposes = certificate.extended_key_usage()?;
    let has = |purpose: &str| purposes.iter().any(|it| it == purpose);
    let mut codes = Vec::new();
    match (has(SMART_CARD_LOGON), has(CLIENT_AUTHENTICATION), has(PKINIT_CLIENT)) {
        (true, true, _) => codes.push(Code::PurposeLogon),
        (true, false, _) => codes.push(Code::PurposeNoClient),
        (false, _, true) => codes.push(Code::PurposePkinitOnly),
        (false, _, false) if purposes.is_empty() || has(ANY_PURPOSE) => codes.push(Code::PurposeAny),
        (false, _, false) => codes.push(Code::PurposeMissing),
    }
    if has(SMART_CARD_LOGON) && has(PKINIT_CLIENT) {
        codes.push(Code::PurposePkinit);
    }
    Ok(codes.into_iter().map(Finding::new).collect())
}

fn names(certificate: &Certificate) -> Result<Vec<Finding>, Error> {
    let upns = certificate.alt_names()?.upns;
    Ok(vec![match upns.as_slice() {
        [] if certificate.names_principal()? => Finding::new(Code::PrincipalOnly),
        [] => Finding::new(Code::NobodyNamed),
        [upn] => Finding::new(Code::UpnNamed).with("upn", upn),
        several => Finding::new(Code::UpnSeveral).with("upn", several.join(", ")),
    }])
}

fn sid(certificate: &Certificate) -> Result<Vec<Finding>, Error> {
    Ok(vec![match certificate.stated_sid() {
        Ok(None) => Finding::new(Code::SidAbsent),
        Ok(Some(stated)) if stated.in_extension => Finding::new(Code::SidStated).with("sid", stated.sid),
        Ok(Some(stated)) => Finding::new(Code::SidInUri).with("sid", stated.sid),
        Err(_) => Finding::new(Code::SidBroken),
    }])
}
