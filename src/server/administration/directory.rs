//! `server user import --from-directory` and `server directory check`: people of the directory, shown and taken over.

use super::records;
use crate::directory::{self, Memberships};
use crate::server::audit::deed::DATA_DIRECTORY;
use crate::server::data_directory::database::DatabaseError;
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::server_toml::{Settings, SettingsError};
use crate::server::provisioning::pass::{Pass, PassError, Reach};
use crate::server::provisioning::report::{Report, Row};
use crate::server::provisioning::source::{Source, SourceError};
use crate::server::users::domains::Domains;
use crate::server::workflow::disabling;
use crate::store::Store;
use crate::template::{LoadError, Templates};
use std::path::Path;
use std::sync::Arc;
use time::OffsetDateTime;

/// Says whom to take over, and how.
#[derive(Clone, Debug, Default)]
pub struct Import {
    /// Narrows the people who are meant (RFC 4515); `None`: all of them, and who is not among them is gone.
    pub filter: Option<String>,
    /// False: nothing is written.
    pub apply: bool,
    /// Accounts of the same UPN or security identifier are handed over to the directory.
    pub adopt: bool,
    /// Disables people however many are gone.
    pub many_gone: bool,
}

/// Says why people were not taken over.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    Settings(#[from] SettingsError),
    #[error(transparent)]
    Templates(#[from] LoadError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error(transparent)]
    Pass(#[from] PassError),
}

impl From<SourceError> for ImportError {
    fn from(error: SourceError) -> Self {
        Self::Pass(error.into())
    }
}

impl From<directory::Error> for ImportError {
    fn from(error: directory::Error) -> Self {
        Self::Pass(error.into())
    }
}

/// Opens the directory that the settings name, and the store, for one piece of work.
fn with_source<T>(
    data_dir: &Path,
    work: impl AsyncFnOnce(&Store, Source, Pass) -> Result<T, ImportError>,
) -> Result<T, ImportError> {
    let data = DataDirectory::existing(data_dir)?;
    let settings = Settings::load(&data)?;
    let source = Source::open(settings.directory.as_ref().ok_or(SourceError::None)?, &data)?;
    let holding = disabling::holding(&Templates::load(&data.templates())?);
    let domains = Arc::new(Domains::new(&settings.people.upn_domains, &settings.people.email_domains));
    records::with_store(&data, &settings, async |store| {
        let pass = Pass {
            store: store.clone(),
            domains,
            holding,
            now: OffsetDateTime::now_utc(),
            at: Some(DATA_DIRECTORY),
            asker: None,
            apply: false,
            add: true,
            adopt: false,
            many_gone: false,
        };
        work(store, source, pass).await
    })?
}

/// Takes people over from the directory, or says what they would come to.
pub fn user_import(data_dir: &Path, import: Import) -> Result<Report, ImportError> {
    with_source(data_dir, async |_, source, pass| {
        let Import { filter, apply, adopt, many_gone } = import;
        let everybody = filter.is_none();
        let source = match filter {
            Some(filter) => source.narrowed(&filter)?,
            None => source,
        };
        let pass = Pass { apply, adopt, many_gone, ..pass };
        let mut connection = source.connect().await?;
        let memberships = memberships(&mut connection, &source).await?;
        let reach = Reach { filter: &source.filter, memberships: &memberships, everybody };
        let report = pass.run(&mut connection, &source, reach).await?;
        connection.close().await;
        Ok(report)
    })
}

/// Holds what a look at the directory has shown.
pub struct Checked {
    /// Each rule's group here, and how many are in it; `None`: the directory has no such group.
    pub groups: Vec<(String, String, Option<usize>)>,
    /// Those of the name that was asked for.
    pub people: Vec<Row>,
}

/// Connects, binds, and shows what the people of a name, UPN or e-mail address would be here.
pub fn directory_check(data_dir: &Path, name: Option<&str>) -> Result<Checked, ImportError> {
    with_source(data_dir, async |_, source, pass| {
        let mut connection = source.connect().await?;
        let memberships = memberships(&mut connection, &source).await?;
        let mut found = memberships.groups.iter();
        let groups = source.rules.iter().map(|rule| {
            let missing = memberships.missing.contains(&rule.dn);
            let count = if missing { None } else { found.next().map(|(_, members)| members.count()) };
            (rule.dn.clone(), rule.group.clone(), count)
        });
        let groups = groups.collect();
        let people = match name {
            None => Vec::new(),
            Some(name) => {
                let among = (source.base.as_str(), &source.filter);
                let read = directory::person_named(&mut connection, &source.schema, among, pass.now, name).await?;
                pass.shown(read, &memberships).await?
            }
        };
        connection.close().await;
        Ok(Checked { groups, people })
    })
}

async fn memberships(connection: &mut directory::Connection, source: &Source) -> Result<Memberships, ImportError> {
    Ok(directory::memberships(connection, &source.schema, &source.base, &source.rules).await?)
}
