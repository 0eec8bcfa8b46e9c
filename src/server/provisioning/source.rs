//! Opens the directory that the settings name.

use crate::directory::{self, Bounds, Connection, Error, Filter, Kind, Login, Place, Rule, Schema};
use crate::secret::{DirectoryPassword, Unfit, meant};
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::directory::{DirectoryKind, DirectorySettings, MOST_RULES};
use crate::server::users::rules::is_name;
use std::path::PathBuf;
use std::time::Duration;
use zeroize::Zeroizing;

/// Says why the directory cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    #[error("server.toml has no [directory] table: write one, or add people by \"server user add\"")]
    None,
    #[error("[directory] of server.toml: {0}")]
    Setting(&'static str),
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{} holds no password that can be used", path.display())]
    Password { path: PathBuf, source: Unfit },
    #[error("{} is empty: whoever asks without a password is nobody", .0.display())]
    NoPassword(PathBuf),
    #[error(transparent)]
    Directory(#[from] Error),
}

/// Holds what is asked of which directory.
#[derive(Clone)]
pub struct Source {
    settings: DirectorySettings,
    data: DataDirectory,
    pub schema: Schema,
    pub base: String,
    pub filter: Filter,
    pub rules: Vec<Rule>,
    /// People who are new are added without being asked for.
    pub add: bool,
    /// Whoever may ask for others takes people over one by one.
    pub on_use: bool,
    pub refresh: Duration,
    pub whole: Duration,
}

impl Source {
    /// Checks the settings and reads the files that they name; asks nothing yet.
    pub fn open(settings: &DirectorySettings, data: &DataDirectory) -> Result<Self, SourceError> {
        let schema = schema(settings)?;
        let filter = settings.filter.as_deref().map_or_else(|| Ok(schema.people()), Filter::parse);
        if settings.base.is_empty() {
            return Err(SourceError::Setting("base is needed"));
        }
        if settings.groups.len() > MOST_RULES || settings.groups.iter().any(|rule| !is_name(&rule.group)) {
            return Err(SourceError::Setting(
                "groups are at most 64, each with a name that an account's group may have",
            ));
        }
        if settings.refresh_seconds == 0 || settings.whole_minutes == 0 || settings.timeout_seconds == 0 {
            return Err(SourceError::Setting("refresh_seconds, whole_minutes and timeout_seconds are at least 1"));
        }
        if settings.page == 0 || settings.page > 10_000 || settings.most == 0 {
            return Err(SourceError::Setting("page is 1 to 10000, and most at least 1"));
        }
        let rules = settings.groups.iter().map(|rule| Rule { dn: rule.dn.clone(), group: rule.group.clone() });
        let source = Self {
            base: settings.base.clone(),
            filter: filter.map_err(Error::from)?,
            rules: rules.collect(),
            add: settings.add,
            on_use: settings.on_use,
            refresh: Duration::from_secs(settings.refresh_seconds.into()),
            whole: Duration::from_secs(u64::from(settings.whole_minutes) * 60),
            settings: settings.clone(),
            data: data.clone(),
            schema,
        };
        source.place()?;
        Ok(source)
    }

    /// Narrows the people who are meant to those that a filter finds too.
    pub fn narrowed(self, filter: &str) -> Result<Self, SourceError> {
        let narrower = Filter::parse(filter).map_err(Error::from)?;
        Ok(Self { filter: Filter::all(&[&self.filter, &narrower]), ..self })
    }

    /// Has answers be waited for no longer than so many seconds, and a page have so many entries.
    pub fn hurried(mut self, patience: u32, page: u32) -> Self {
        self.settings.timeout_seconds = self.settings.timeout_seconds.min(patience);
        self.settings.page = page;
        self
    }

    /// Returns where the directory is, for messages.
    pub fn url(&self) -> &str {
        &self.settings.url
    }

    /// Connects and binds. Password and trust are read anew, so that a new password needs no new start.
    pub async fn connect(&self) -> Result<Connection, SourceError> {
        Ok(directory::open(&self.place()?).await?)
    }

    fn place(&self) -> Result<Place, SourceError> {
        let settings = &self.settings;
        let trust = settings.trust.as_ref().map(|path| files::read(&self.data.beside(path))).transpose()?;
        let bounds = Bounds {
            patience: Duration::from_secs(settings.timeout_seconds.into()),
            page: settings.page,
            most: settings.most,
        };
        Ok(Place::new(&settings.url, settings.plain, trust.as_deref(), self.login()?, bounds)?)
    }

    /// Says as whom the directory is asked.
    fn login(&self) -> Result<Login, SourceError> {
        let DirectorySettings { bind_dn, password_file, keytab, .. } = &self.settings;
        match (bind_dn.as_ref().filter(|name| !name.is_empty()), password_file, keytab) {
            (Some(name), Some(path), None) => {
                let path = self.data.beside(path);
                let text = Zeroizing::new(files::read(&path)?);
                let password = meant(&text).map_err(|source| SourceError::Password { path: path.clone(), source })?;
                if password.is_empty() {
                    return Err(SourceError::NoPassword(path));
                }
                Ok(Login::Password(name.clone(), DirectoryPassword::new(password.to_owned())))
            }
            (None, None, Some(keytab)) => Ok(Login::Keytab(self.data.beside(keytab))),
            _ => Err(SourceError::Setting("who asks is said by bind_dn and password_file, or by keytab alone")),
        }
    }
}

/// Returns which attributes tell of a person.
fn schema(settings: &DirectorySettings) -> Result<Schema, SourceError> {
    let mut schema = Schema::new(match settings.kind {
        DirectoryKind::ActiveDirectory => Kind::ActiveDirectory,
        DirectoryKind::Ldap => Kind::Ldap,
    });
    for (set, named) in
        [(&settings.name, &mut schema.name), (&settings.upn, &mut schema.upn), (&settings.email, &mut schema.email)]
    {
        if let Some(set) = set {
            named.clone_from(set);
        }
    }
    for (ours, theirs) in &settings.attributes {
        match theirs.is_empty() {
            true => drop(schema.attributes.remove(ours)),
            false => drop(schema.attributes.insert(ours.clone(), theirs.clone())),
        }
    }
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if schema.attributes.len() > 32 || schema.attributes.keys().any(|name| name.is_empty() || !name.bytes().all(plain))
    {
        return Err(SourceError::Setting("attributes are at most 32, each named by a-z, 0-9 and -"));
    }
    Ok(schema)
}
