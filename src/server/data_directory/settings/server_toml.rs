//! Reads the whole of `server.toml`, lays the environment over it, and shows it key by key.

use super::ca::{CaSettings, MasterKeySettings, RecoverySettings};
use super::console::{ConsoleFault, ConsoleSettings};
use super::database::DatabaseSettings;
use super::directory::DirectorySettings;
use super::environment::{self, Effective, Origin, VariableError, flatten, merged, shown};
use super::identity::{IdentitySettings, LimitSettings, RoleSettings};
use super::kiosk::{KioskSettings, MOST_MINUTES};
use super::mail::SmtpSettings;
use super::notices::{NoticeFault, NoticeSettings};
use super::operation::{ApiSettings, AuditSettings, LogSettings, OperationsSettings, is_default};
use super::people::{MOST_PER_DAY, PeopleSettings};
use super::publication::PublicationSettings;
use crate::server::data_directory::layout::DataDirectory;
use crate::template::{Misplaced, Source};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// Holds the content of `server.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Where to listen, address and port.
    pub listen: SocketAddr,
    /// Names and addresses by which the server is reached; they stand in its TLS certificate.
    pub public_names: Vec<String>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub api: ApiSettings,
    /// The pages for people.
    #[serde(default, skip_serializing_if = "is_default")]
    pub console: ConsoleSettings,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operations: Option<OperationsSettings>,
    #[serde(default, skip_serializing_if = "is_default")]
    pub log: LogSettings,
    #[serde(default, skip_serializing_if = "is_default")]
    pub audit: AuditSettings,
    /// Absent: SQLite in the data directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub database: Option<DatabaseSettings>,
    pub ca: CaSettings,
    /// Absent: no mail is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<SmtpSettings>,
    /// What is told, to whom, and how.
    #[serde(default, skip_serializing_if = "is_default")]
    pub notices: NoticeSettings,
    #[serde(default, skip_serializing_if = "MasterKeySettings::is_absent")]
    pub master_key: MasterKeySettings,
    #[serde(default, skip_serializing_if = "RecoverySettings::is_empty")]
    pub recovery: RecoverySettings,
    /// Ways in besides the server's own bearer tokens.
    #[serde(default, skip_serializing_if = "is_default")]
    pub identity: IdentitySettings,
    /// Who has duties that no template gives.
    #[serde(default, skip_serializing_if = "is_default")]
    pub roles: RoleSettings,
    #[serde(default, skip_serializing_if = "is_default")]
    pub limits: LimitSettings,
    /// What kiosks let people in for.
    #[serde(default, skip_serializing_if = "is_default")]
    pub kiosk: KioskSettings,
    /// What names of people may be, and how much a person is issued.
    #[serde(default, skip_serializing_if = "is_default")]
    pub people: PeopleSettings,
    /// Where people and their groups come from; absent: from an administrator and an issuer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directory: Option<DirectorySettings>,
    /// What relying parties fetch, and where; absent: `/pki` and `/ocsp` of this server alone, and no delta lists.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub publication: Option<PublicationSettings>,
}

/// Says why `server.toml` cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    #[error("{} cannot be read", path.display())]
    Unreadable { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Misplaced(#[from] Misplaced),
    #[error(transparent)]
    Variable(VariableError),
    #[error("the [api] virtual_directory \"{0}\" is no single path segment of letters, digits, \"-\", \"_\" and \".\"")]
    VirtualDirectory(String),
    #[error(transparent)]
    Console(#[from] ConsoleFault),
    #[error(transparent)]
    Notices(#[from] NoticeFault),
    #[error("the [people] certificates_per_day is at most {MOST_PER_DAY}, or 0 for any number")]
    CertificatesPerDay,
    #[error("the [kiosk] visit_minutes is from 1 to {MOST_MINUTES}")]
    VisitMinutes,
}

/// Reads how the log is to be written, before anything else of a data directory is opened.
pub fn log_settings(data_dir: &Path) -> Result<LogSettings, SettingsError> {
    Settings::load(&DataDirectory::new(data_dir)).map(|settings| settings.log)
}

/// Reads where those who watch the server of a data directory ask how it is; `None` where nobody is told.
pub fn operations_listener(data_dir: &Path) -> Result<Option<SocketAddr>, SettingsError> {
    let settings = Settings::load(&DataDirectory::new(data_dir))?;
    Ok(settings.operations.map(|operations| operations.listen))
}

/// Lists every setting in effect, in the order of the keys.
pub fn effective_settings(data_dir: &Path) -> Result<Vec<Effective>, SettingsError> {
    effective(&DataDirectory::new(data_dir), &environment::variables())
}

impl Settings {
    /// Reads the `server.toml` of a data directory, and what the environment says instead; checks the virtual
    /// directory.
    pub fn load(directory: &DataDirectory) -> Result<Self, SettingsError> {
        let settings = load(directory, &environment::variables())?;
        let name = &settings.api.virtual_directory;
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
        if name.is_empty() || name.len() > 64 || name.starts_with('.') || !name.bytes().all(plain) {
            return Err(SettingsError::VirtualDirectory(name.clone()));
        }
        if settings.people.certificates_per_day > MOST_PER_DAY {
            return Err(SettingsError::CertificatesPerDay);
        }
        if !(1..=MOST_MINUTES).contains(&settings.kiosk.visit_minutes) {
            return Err(SettingsError::VisitMinutes);
        }
        settings.console.check()?;
        settings.notices.check()?;
        Ok(settings)
    }

    /// Returns the address at which people reach the pages, where they are served and it can be told.
    pub fn pages(&self, listen: SocketAddr, plain_http: bool) -> Option<String> {
        self.console.address(self.public_names.first().map(String::as_str), listen.port(), plain_http)
    }

    /// Lists the public names that are host names, not addresses.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.public_names.iter().map(String::as_str).filter(|name| name.parse::<IpAddr>().is_err())
    }
}

/// Reads `server.toml`, and lays the variables over it.
pub fn load(directory: &DataDirectory, variables: &BTreeMap<String, String>) -> Result<Settings, SettingsError> {
    let path = directory.settings();
    let text =
        std::fs::read_to_string(&path).map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
    let source = Source::new(&path, &text);
    if variables.is_empty() {
        return Ok(source.read()?);
    }
    let table: Table = source.read()?;
    overlaid(&table, variables).map_err(SettingsError::Variable)
}

/// Reads the settings of a table with variables laid over it; an error names the variable at fault.
pub fn overlaid(table: &Table, variables: &BTreeMap<String, String>) -> Result<Settings, VariableError> {
    let all = merged(table, variables.iter())?;
    let error = match Settings::deserialize(all) {
        Ok(settings) => return Ok(settings),
        Err(error) => error,
    };
    // The variable at fault is the one without which the rest can be read.
    let blamed = variables.keys().find(|name| {
        let others = variables.iter().filter(|(other, _)| other != name);
        merged(table, others).is_ok_and(|rest| Settings::deserialize(rest).is_ok())
    });
    let variable = blamed.cloned().unwrap_or_else(|| variables.keys().cloned().collect::<Vec<_>>().join(", "));
    Err(VariableError { variable, problem: error.message().trim().to_owned() })
}

/// Lists the settings in effect, key by key, and where each value comes from.
pub fn effective(
    directory: &DataDirectory,
    variables: &BTreeMap<String, String>,
) -> Result<Vec<Effective>, SettingsError> {
    let settings = load(directory, variables)?;
    let path = directory.settings();
    let text =
        std::fs::read_to_string(&path).map_err(|source| SettingsError::Unreadable { path: path.clone(), source })?;
    let file: Table = Source::new(&path, &text).read()?;
    let mut in_file = BTreeMap::new();
    flatten("", &Value::Table(file), &mut in_file);
    let mut all = BTreeMap::new();
    flatten("", &Value::try_from(&settings).unwrap_or(Value::Table(Table::new())), &mut all);
    let by_key: BTreeMap<_, _> = variables.keys().map(|name| (environment::path(name).join("."), name)).collect();
    let shown = all.into_iter().map(|(key, value)| {
        let origin = match by_key.get(&key) {
            Some(name) => Origin::Variable((*name).clone()),
            None if in_file.contains_key(&key) => Origin::File,
            None => Origin::Default,
        };
        Effective { value: shown(&key, &value), key, origin }
    });
    Ok(shown.collect())
}
