//! Further certificates of a template file, keys that the server makes, and keys that a card must attest.

use super::Ordered;
use super::located::{Misplaced, Source};
use super::raw::RawAdditional;
use super::read_key::{check_certificate, check_key};
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
