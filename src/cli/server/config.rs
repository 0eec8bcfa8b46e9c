//! `cardwright server config`: shows the settings in effect, and where each comes from.

use crate::cli::failure::{Exit, Failure};
use crate::cli::output::Output;
use crate::server::{self, Effective, Origin, SettingsError};
use serde_json::json;
use std::path::Path;

/// Prints every setting of a server's directory with its value and origin.
pub fn show(directory: &Path, output: &Output) -> Result<(), Failure> {
    let settings = server::effective_settings(directory).map_err(settings_failed)?;
    let origin = |setting: &Effective| match &setting.origin {
        Origin::File => "server.toml".to_owned(),
        Origin::Variable(name) => name.clone(),
        Origin::Default => "default".to_owned(),
    };
    let rows: Vec<_> = settings
        .iter()
        .map(|setting| json!({ "key": setting.key, "value": setting.value, "from": origin(setting) }))
        .collect();
    output.result(&rows, || {
        let rows = settings.iter().map(|setting| [setting.key.clone(), setting.value.clone(), origin(setting)]);
        Output::table(["KEY", "VALUE", "FROM"], rows)
    })
}

/// Translates what is wrong with `server.toml` into a failure.
pub fn settings_failed(error: SettingsError) -> Failure {
    Failure::from_error("server-settings", Exit::Usage, &error)
}
