//! Reads the further certificates that a template file orders.

use super::Ordered;
use super::located::{Misplaced, Source};
use super::naming::Naming;
use super::raw::RawAdditional;
use super::read_key::{check_certificate, check_key};
use super::uses::Uses;
use toml::Spanned;

/// Bounds the certificates that a template orders after the first.
const MAX_ADDITIONAL: usize = 7;

/// Checks the certificates after the first, whose name is `first`; each must have a name of its own. One that does not
/// say whom it names has the names of the first, `naming`.
pub fn check_additional(
    source: &Source<'_>,
    raw: Vec<Spanned<RawAdditional>>,
    first: &str,
    naming: &Naming,
    uses: &mut Uses,
) -> Result<Vec<Ordered>, Misplaced> {
    let mut names = vec![first.to_owned()];
    let mut ordered = Vec::new();
    for table in raw {
        if ordered.len() == MAX_ADDITIONAL {
            return Err(
                source.wrong(&table, format!("at most {MAX_ADDITIONAL} additional certificates can be ordered"))
            );
        }
        let RawAdditional { subject, key, certificate } = table.into_inner();
        let name = certificate.template_name.get_ref().clone();
        if names.contains(&name) {
            return Err(source.wrong(&certificate.template_name, "each certificate has a template_name of its own"));
        }
        names.push(name);
        let key = check_key(source, key)?;
        let certificate = check_certificate(source, certificate, &key.source)?;
        let own = subject.map(|subject| Naming::read(source, &subject, uses)).transpose()?;
        ordered.push(Ordered { naming: own.unwrap_or_else(|| naming.clone()), key, certificate });
    }
    Ok(ordered)
}
