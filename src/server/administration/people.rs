//! `server user import` with a list: people of the list, shown and taken over.

use super::records;
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::server::provisioning::listed::Listed;
use crate::server::provisioning::many::{Codes, Many, ManyError};
use crate::server::provisioning::report::Report;
use crate::server::users::bearer;
use crate::server::users::domains::Domains;
use crate::server::users::rules::AccountRefusal;
use std::path::Path;
use std::sync::Arc;
use time::OffsetDateTime;

/// Says how a list is taken over.
#[derive(Clone, Debug)]
pub struct PeopleImport {
    /// False: nothing is written.
    pub apply: bool,
    /// How many days the bearer tokens hold of those who need one.
    pub days: u32,
    /// The list's SHA-256, hexadecimal, for the log.
    pub source: String,
}

/// Says why people of a list were not taken over.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Refused(#[from] AccountRefusal),
    #[error(transparent)]
    Many(#[from] ManyError),
}

/// Takes people over from a list, or says what they would come to; `rows` reads the list from the start. `codes` is given
/// the activation codes of those who need a bearer token, before these can be used, and `done` how many rows are through.
pub fn user_import_list<I: Iterator<Item = Listed>>(
    data_dir: &Path,
    import: PeopleImport,
    rows: impl Fn() -> I,
    codes: Codes<'_>,
    done: &mut dyn FnMut(usize),
) -> Result<Report, PeopleError> {
    let directory = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&directory)?;
    let domains = Arc::new(Domains::new(&settings.people.upn_domains, &settings.people.email_domains));
    let now = OffsetDateTime::now_utc();
    let PeopleImport { apply, days, source } = import;
    let token_ends = bearer::expiry(now, days)?;
    records::with_store(&directory, &settings, async |store| {
        let base = deed::at_the_data_directory(Deed::UserChanged, now);
        let many = Many { store: store.clone(), domains, now, apply, token_ends, source, base };
        Ok(many.run(rows, codes, done).await?)
    })?
}
