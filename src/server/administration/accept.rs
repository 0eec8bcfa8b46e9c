//! `audit accept`: has a server go on with a database that does not go on from what the server remembers.
//!
//! In: a data directory whose database somebody has put back on purpose, and why. Out: an act in the log that names the
//! remembered heads and the present ones, and a memory that begins with them.

use super::records;
use crate::pkix::Signer;
use crate::secret::Passphrase;
use crate::server::audit::contradiction::WitnessError;
use crate::server::audit::deed::{self, Deed};
use crate::server::audit::heads::{self, LogKeyError};
use crate::server::audit::remembered::Remembered;
use crate::server::audit::witness::Witness;
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::store::{self, AuditEntry, ListKind, RowName, Store};
use std::path::Path;
use time::OffsetDateTime;

/// Bounds the reason, in characters.
const LONGEST_REASON: usize = 1000;
/// Bounds the rows that one act may name.
pub(super) const MOST_ROWS: usize = 200;

/// Says why a database was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error("the reason is empty, or has more than {LONGEST_REASON} characters")]
    Reason,
    #[error("{0} is what the log says: there is nothing to accept")]
    AsLogged(RowName),
    #[error("one act names at most {MOST_ROWS} rows; accept these in parts")]
    TooMany,
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the log's key cannot be used")]
    Key(#[from] LogKeyError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Witness(#[from] WitnessError),
}

/// Tells what was remembered, and what was found and accepted instead; as the act in the log does.
#[derive(Clone, Debug)]
pub struct Accepted {
    pub remembered: String,
    pub found: String,
}

/// Accepts the database of a data directory as it is; refuses one that a server uses, and a log that contradicts itself.
///
/// The numbers of revocation lists go on after every one that was made.
pub fn audit_accept(data_dir: &Path, passphrase: &Passphrase, reason: &str) -> Result<Accepted, AcceptError> {
    let reason = reason_of(reason)?;
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    let _lock = files::lock(&directory.lock())?;
    let key = heads::key(&directory, passphrase)?;
    let remembered = files::read_if_there(&directory.witness())?;
    let remembered = remembered.and_then(|text| Remembered::read(&text, key.public_key()));
    records::with_store(&directory, &settings, async |store| {
        let now = OffsetDateTime::now_utc();
        let mut begun = Remembered::default();
        // Beyond any that the token of the CA's key may have noted.
        begun.generation = generation(now);
        begun.rows_logged = !store.has_unlogged_rows().await?;
        // The log must hold together before anything is added to it.
        Witness::check_links(store).await?;
        let found = present(store).await?;
        let accepted = Accepted { remembered: remembered.as_ref().map_or("nothing".into(), told), found };
        let last_list = remembered.as_ref().map_or_else(|| of_time(now), Remembered::last_list);
        let entry = deed::own(Deed::RecordsAccepted, now)
            .with("reason", reason)
            .with("remembered", &accepted.remembered)
            .with("found", &accepted.found);
        store.write(move |tx| Box::pin(async move { go_on(tx, last_list, &entry).await })).await?;
        Witness::with(directory.witness(), key, begun)?.sign_heads(store).await?;
        Ok(accepted)
    })?
}

/// Returns a reason as the log keeps it; refuses one that is empty or too long.
pub(super) fn reason_of(reason: &str) -> Result<String, AcceptError> {
    let reason = reason.trim().to_owned();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON { Err(AcceptError::Reason) } else { Ok(reason) }
}

/// Has lists made anew with numbers after `last_list`, and adds the act.
pub(super) async fn go_on(tx: &mut store::Tx, last_list: u64, entry: &AuditEntry) -> Result<(), store::Error> {
    tx.skip_crl_numbers(last_list).await?;
    tx.outdate_lists().await?;
    tx.audit(entry).await
}

/// Returns a generation that no memory has reached: the milliseconds since 1970.
pub(super) fn generation(now: OffsetDateTime) -> u64 {
    of_time(now).saturating_mul(1000)
}

/// Returns a list number that no list has reached: the seconds since 1970, for fewer than one list a second is made.
pub(super) fn of_time(now: OffsetDateTime) -> u64 {
    now.unix_timestamp().try_into().unwrap_or(0)
}

/// Tells the ends of the chains and the numbers of the lists that there are.
async fn present(store: &Store) -> Result<String, store::Error> {
    let mut said: Vec<String> = store
        .audit_chains()
        .await?
        .iter()
        .filter(|head| head.length > 0)
        .map(|head| format!("chain {} record {} {}", head.chain, head.length, hex::encode(&head.head)))
        .collect();
    for kind in [ListKind::Base, ListKind::Delta] {
        let number = store.list(kind).await?.map_or(0, |list| list.number);
        said.push(list_told(kind, number));
    }
    Ok(said.join(", "))
}

/// Tells what was remembered in the same words.
fn told(remembered: &Remembered) -> String {
    let heads = remembered.heads().map(|(chain, head)| format!("chain {chain} record {} {}", head.number, head.hash));
    let lists = [ListKind::Base, ListKind::Delta].map(|kind| list_told(kind, remembered.list(kind)));
    heads.chain(lists).collect::<Vec<_>>().join(", ")
}

fn list_told(kind: ListKind, number: u64) -> String {
    match kind {
        ListKind::Base => format!("list {number}"),
        ListKind::Delta => format!("delta list {number}"),
    }
}
