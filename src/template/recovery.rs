//! Reads who can open the keys that a template archives.

use super::KeySource;
use super::entries::Ordered;
use super::located::{Misplaced, Source};
use super::raw_policy::{RawOpenedBy, RawRecovery};
use std::path::PathBuf;
use toml::Spanned;

/// Holds the `[recovery]` table of a template.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoveryPolicy {
    /// Certificates (PEM), relative to the data directory; empty: those that `server.toml` names.
    pub agents: Vec<PathBuf>,
    /// True: the server itself cannot open the keys once they were handed over.
    pub agents_only: bool,
}

/// Reads `[recovery]`; refuses it where no key is archived.
pub fn policy(
    source: &Source<'_>,
    raw: Option<Spanned<RawRecovery>>,
    first: KeySource,
    additional: &[Ordered],
) -> Result<RecoveryPolicy, Misplaced> {
    let Some(table) = raw else { return Ok(RecoveryPolicy::default()) };
    let is_archived = |source: KeySource| matches!(source, KeySource::Server { archived: true, .. });
    if !is_archived(first) && !additional.iter().any(|ordered| is_archived(ordered.key.source)) {
        return Err(source.wrong(&table, "no key of this template is archived, so that nobody recovers one"));
    }
    let RawRecovery { agents, opened_by } = table.into_inner();
    Ok(RecoveryPolicy { agents, agents_only: opened_by == RawOpenedBy::Agents })
}
