//! Further certificates of a template file, and keys that the server makes.

use super::load::{check_certificate, check_key};
use super::located::{Misplaced, Source};
use super::raw::{RawAdditional, RawGeneratedBy, RawKey};
use super::{KeySource, Ordered};
use crate::pkix::pfx::PfxCipher;
use toml::Spanned;

/// The most certificates a template orders after the first.
const MAX_ADDITIONAL: usize = 7;

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
