//! Lists the steps that make the schema, from the first release on, for both databases.

/// Holds one step, which never changes once it is released.
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
    "0004_audit_signatures",
    "0005_identity",
    "0006_lists",
    "0007_workflows",
    "0008_policy",
    "0009_revocation_and_upstream",
    "0010_keys",
    "0011_attestations",
    "0012_sealed_to_agents",
    "0013_possession",
    "0014_chained_signatures",
    "0015_rows_in_the_log",
    "0016_generations",
    "0017_people",
    "0018_sessions_end",
    "0019_activation",
    "0020_stock",
    "0021_vouched_acts",
    "0022_presence",
    "0023_unlinked",
    "0024_found",
    "0025_directory",
    "0026_devices_and_reports",
    "0027_outbox",
    "0028_atr_said_later",
    "0029_links",
    "0030_sessions_of_pages",
    "0031_proven",
    "0032_waiting_requests",
    "0033_visits",
    "0034_desk_results",
    "0035_visits_by_card",
];

/// Names the version that this release makes and works with.
pub(super) const VERSION: i64 = MIGRATIONS.len() as i64;

/// Returns the steps that a database of version `found` lacks; `None` where it is of a newer release.
pub(super) fn missing(found: i64) -> Option<&'static [Migration]> {
    usize::try_from(found).ok().and_then(|found| MIGRATIONS.get(found..))
}
