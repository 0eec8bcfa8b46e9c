//! Reads a template's `[key]` and `[certificate]`: which keys are allowed, who makes them, whose attestation counts,
//! and what the certificate says.

use super::certificate_shape::CertificateShape;
use super::key_policy::{Hash, KeyFamily, KeyPolicy, KeySource};
use super::located::{Misplaced, Source, each, parsed};
use super::naming::ExtensionShape;
use super::purposes;
use super::raw::{RawAllowedKey, RawCertificate, RawGeneratedBy, RawKey};
use super::words::{extended_key_usage, hash_name, key_usage};
use crate::ca;
use crate::pkix::pfx::{PfxCipher, PfxProtection};
use crate::pkix::{Certificate, KeyAlgorithm};
use toml::Spanned;

/// Bounds how often the password of a PFX is hashed: as few as Windows has always taken, as many as .NET takes when asked.
const PFX_ROUNDS: std::ops::RangeInclusive<u32> = 2_000..=1_000_000;
/// Bounds the certificates that attestations may come from.
const MAX_ROOTS: usize = 16;
/// Bounds the validity of a certificate, in days.
const MAX_VALIDITY_DAYS: u32 = 3650;
/// Sets how long a certificate on a temporary card is valid where the template does not say.
const TEMPORARY_VALIDITY: time::Duration = time::Duration::days(7);

/// Checks the table of a certificate for a key of this origin.
pub(super) fn check_certificate(
    source: &Source<'_>,
    shape: RawCertificate,
    key: &KeySource,
) -> Result<CertificateShape, Misplaced> {
    purposes::check(source, &shape, key)?;
    let days = |days: &Spanned<u32>| match *days.get_ref() {
        count @ 1..=MAX_VALIDITY_DAYS => Ok(time::Duration::days(i64::from(count))),
        _ => Err(source.wrong(days, format!("days are between 1 and {MAX_VALIDITY_DAYS}"))),
    };
    let temporary = shape.temporary_validity_days.as_ref().map(days).transpose()?;
    Ok(CertificateShape {
        extensions: ExtensionShape::read(source, &shape)?,
        key_usages: each(source, &shape.key_usages, key_usage)?,
        extended_key_usages: each(source, shape.extended_key_usages.get_ref(), extended_key_usage)?,
        validity: days(&shape.validity_days)?,
        temporary_validity: temporary.unwrap_or(TEMPORARY_VALIDITY),
        bears_roles: shape.bears_roles,
        template_name: shape.template_name.into_inner(),
    })
}

/// Checks a key's table; the key to be generated must be among the allowed ones.
pub(super) fn check_key(source: &Source<'_>, raw: RawKey) -> Result<KeyPolicy, Misplaced> {
    let generate = parsed(source, &raw.generate, str::parse::<KeyAlgorithm>)?;
    let (family, size) = KeyFamily::of(generate.kind());
    let mut policy = KeyPolicy {
        source: key_source(source, &raw)?,
        attestation_roots: attestation_roots(source, &raw)?,
        generate,
        allowed: vec![(family, size)],
        hash: match &raw.hash {
            Some(hash) => parsed(source, hash, hash_name)?,
            None => Hash::Sha256,
        },
        provider: raw.provider.unwrap_or_else(|| "Microsoft Smart Card Key Storage Provider".into()),
    };
    if let Some(allowed) = raw.allowed {
        policy.allowed = allowed.iter().map(|entry| allowed_key(source, entry)).collect::<Result<_, _>>()?;
        if policy.minimum(family).is_none_or(|minimum| size < minimum) {
            return Err(source.wrong(&raw.generate, "the key to be generated is not among the allowed ones"));
        }
    }
    Ok(policy)
}

/// Reads an allowed family and its smallest size; RSA begins at 2048 bits, ECDSA at 256.
pub fn allowed_key(source: &Source<'_>, entry: &RawAllowedKey) -> Result<(KeyFamily, u32), Misplaced> {
    let family = parsed(source, &entry.algorithm, |text| match text {
        "RSA" => Ok(KeyFamily::Rsa),
        "ECDSA" => Ok(KeyFamily::Ecdsa),
        _ => Err("known are \"RSA\" and \"ECDSA\""),
    })?;
    let floor = match family {
        KeyFamily::Rsa => 2048,
        KeyFamily::Ecdsa => 256,
    };
    let size = *entry.minimum_size.get_ref();
    if size < floor {
        return Err(source.wrong(&entry.minimum_size, format!("keys below {floor} bits are not certified")));
    }
    Ok((family, size))
}

/// Reads who makes the key, and whether one that the server makes is archived and how it is handed over.
pub fn key_source(source: &Source<'_>, raw: &RawKey) -> Result<KeySource, Misplaced> {
    let set = |key: &Option<Spanned<bool>>| key.as_ref().is_some_and(|key| *key.get_ref());
    let (archived, legacy) = (set(&raw.archive), set(&raw.legacy_pfx));
    match raw.generated_by {
        RawGeneratedBy::Server => {
            let cipher = if legacy { PfxCipher::TripleDes } else { PfxCipher::Aes256 };
            let rounds = match &raw.pfx_rounds {
                None => PfxProtection::default().rounds,
                Some(rounds) if PFX_ROUNDS.contains(rounds.get_ref()) => *rounds.get_ref(),
                Some(rounds) => {
                    let (fewest, most) = (PFX_ROUNDS.start(), PFX_ROUNDS.end());
                    return Err(source.wrong(rounds, format!("between {fewest} and {most} rounds")));
                }
            };
            Ok(KeySource::Server { archived, pfx: PfxProtection { cipher, rounds } })
        }
        RawGeneratedBy::Client => {
            if let Some(rounds) = &raw.pfx_rounds {
                return Err(source.wrong(rounds, "this goes only with generated_by = \"server\""));
            }
            match [&raw.archive, &raw.legacy_pfx].into_iter().flatten().find(|it| *it.get_ref()) {
                Some(wrong) => Err(source.wrong(wrong, "this goes only with generated_by = \"server\"")),
                None => Ok(KeySource::Client),
            }
        }
    }
}

/// Reads the authorities that an attestation of the key must come from.
pub fn attestation_roots(source: &Source<'_>, raw: &RawKey) -> Result<Vec<Certificate>, Misplaced> {
    let Some(text) = &raw.attestation_roots else { return Ok(Vec::new()) };
    if raw.generated_by == RawGeneratedBy::Server {
        return Err(source.wrong(text, "a key that the server makes is on no card that could attest it"));
    }
    let roots = ca::certificates(text.get_ref()).map_err(|error| {
        let cause = std::error::Error::source(&error).map(|cause| format!(": {cause}")).unwrap_or_default();
        source.wrong(text, format!("these are not certificates in PEM{cause}"))
    })?;
    if roots.is_empty() || roots.len() > MAX_ROOTS {
        return Err(source.wrong(text, format!("between 1 and {MAX_ROOTS} certificates in PEM")));
    }
    match roots.iter().find(|root| !root.is_ca().is_ok_and(|is| is)) {
        Some(root) => Err(source.wrong(text, format!("{} is not the certificate of an authority", root.subject()))),
        None => Ok(roots),
    }
}
