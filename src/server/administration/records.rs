//! Opens the records of a data directory for one piece of work, which is done and logged as done there.

use crate::server::audit::act_keys;
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::server_toml::Settings;
use crate::store::Store;

/// Opens the store that the settings name, does one piece of work, and closes it; returns the result of the work. Its
/// acts say that they were done at the data directory.
pub fn with_store<T>(
    directory: &DataDirectory,
    settings: &Settings,
    work: impl AsyncFnOnce(&Store) -> T,
) -> Result<T, DatabaseError> {
    let key = act_keys::needed_at_directory(directory)?;
    database::with_store(directory, settings, key, work)
}
