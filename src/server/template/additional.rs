//! Further certificates of a template file, keys that the server makes, and keys that a card must attest.

use super::load::{check_certificate, check_key};
use super::located::{Misplaced, Source};
use super::raw::{RawAdditional, RawGeneratedBy, RawKey};
use super::{KeySource, Ordered};
use crate::ca;
use crate::pkix::Certificate;
use crate::pkix::pfx::PfxCipher;
use toml::Spanned;

/// The most certificates a template orders after the first.
const MAX_ADDITIONAL: usize = 7;
/// The most certificates that attestations may come from.
const MAX_ROOTS: usize = 16;

/// The certificates after the first, which is called `first`; each has a name of its own.
pub fn check_additional(
    source: &Source<'_>,
    raw: Vec<Spanned<RawAdditional>>,
    first: &str,
) -> Result<Vec<Ordered>, Misplaced> {
    let mut names = vec![first.to_owned()];
    let mut ordered = Vec::new();
    for table in raw {
        if ordered.len() == MAX_ADDITIONAL {
            return Err(
                source.wrong(&table, format!("at most {MAX_ADDITIONAL} additional certificates can be ordered"))
            );
        }
        let RawAdditional { key, certificate } = table.into_inner();
        let name = certificate.template_name.get_ref().clone();
        if names.contains(&name) {
            return Err(source.wrong(&certificate.template_name, "each certificate has a template_name of its own"));
        }
        names.push(name);
        ordered.push(Ordered { key: check_key(source, key)?, certificate: check_certificate(source, certificate)? });
    }
    Ok(ordered)
}

/// Who makes the key, and what becomes of one the server makes.
pub fn key_source(source: &Source<'_>, raw: &RawKey) -> Result<KeySource, Misplaced> {
    let set = |key: &Option<Spanned<bool>>| key.as_ref().is_some_and(|key| *key.get_ref());
    let (archived, legacy) = (set(&raw.archive), set(&raw.legacy_pfx));
    match raw.generated_by {
        RawGeneratedBy::Server => {
            let pfx = if legacy { PfxCipher::TripleDes } else { PfxCipher::Aes256 };
            Ok(KeySource::Server { archived, pfx })
        }
        RawGeneratedBy::Client => {
            match [&raw.archive, &raw.legacy_pfx].into_iter().flatten().find(|it| *it.get_ref()) {
                Some(wrong) => Err(source.wrong(wrong, "this goes only with generated_by = \"server\"")),
                None => Ok(KeySource::Client),
            }
        }
    }
}

/// The authorities that an attestation of the key must come from.
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
