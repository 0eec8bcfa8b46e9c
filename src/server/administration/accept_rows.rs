//! `audit accept --row`: has the log say of rows that somebody has written on purpose what they are now.
//!
//! In: a data directory, the rows as `audit verify` names them, and why. Out: an act that says what they are, by whom and
//! why they were accepted. Later changes are named again.

use super::accept::{AcceptError, MOST_ROWS, reason_of};
use super::records;
use crate::platform::process::user_id;
use crate::secret::Passphrase;
use crate::server::audit::deed::{self, Deed};
use crate::server::audit::heads;
use crate::server::audit::witness::Witness;
use crate::server::data_directory::files;
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::server_toml::Settings;
use crate::store::{DifferingRow, RowName};
use std::path::Path;
use time::OffsetDateTime;

/// Accepts the rows as they are; returns how each differed from what the log said. Nothing is accepted where one of them
/// is what the log says, where a server runs on the directory, or where the log contradicts what is remembered.
pub fn audit_accept_rows(
    data_dir: &Path,
    passphrase: &Passphrase,
    rows: &[RowName],
    reason: &str,
) -> Result<Vec<DifferingRow>, AcceptError> {
    let reason = reason_of(reason)?;
    if rows.len() > MOST_ROWS {
        return Err(AcceptError::TooMany);
    }
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    let _lock = files::lock(&directory.lock())?;
    let key = heads::key(&directory, passphrase)?;
    let alone = settings.database.is_none();
    records::with_store(&directory, &settings, async |store| {
        let witness = Witness::open(&directory, key, store, alone, None).await?;
        witness.confirm(store).await?;
        witness.sign_heads(store).await?;
        let mut accepted: Vec<DifferingRow> = Vec::new();
        for (row, differing) in rows.iter().zip(store.differing(rows).await?) {
            let differing = differing.ok_or_else(|| AcceptError::AsLogged(row.clone()))?;
            if !accepted.contains(&differing) {
                accepted.push(differing);
            }
        }
        let told = accepted.iter().map(|it| format!("{} {}", it.row, it.fault)).collect::<Vec<_>>().join(", ");
        let mut entry = deed::own(Deed::RowsAccepted, OffsetDateTime::now_utc())
            .with("reason", reason)
            .with("accepted", told)
            .with("user-id", user_id());
        if let Ok(name) = std::env::var("SUDO_USER") {
            entry = entry.with("sudo-user", name);
        }
        store.accept_rows(accepted.clone(), entry).await?;
        witness.sign_heads(store).await?;
        Ok(accepted)
    })?
}
