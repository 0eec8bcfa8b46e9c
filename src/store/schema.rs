//! The schema's steps, from the first release on, in both dialects.

/// One step; never changed once released.
pub(super) struct Migration {
    pub sqlite: &'static str,
    pub postgres: &'static str,
}

macro_rules! migrations {
    ($($name:literal),* $(,)?) => {
        &[$(Migration {
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }),*]
    };
}

pub(super) const MIGRATIONS: &[Migration] = migrations![
    "0001_requests_cards_certificates",
    "0002_puk",
    "0003_audit",
    "0009_audit_signatures",
    "0008_identity",
    "0010_lists",
    "0004_workflows",
    "0005_policy",
    "0007_revocation_and_upstream",
];

/// The version that this release makes and works with.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// The steps that a database of version `found` lacks; `None`: it is of a newer release.
pub(super) fn missing(found: i64) -> Option<&'static [Migration]> {
    usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..))
}
