//! `server init`: makes a data directory.

use super::names::{NameError, check_crl_url, check_names};
use crate::ca::{self, EmbeddedCa, KeyPlace, RootOrder, keyfile};
use crate::pkix::KeyAlgorithm;
use crate::secret::{Passphrase, Pin, WeakPassphrase};
use crate::server::audit::heads::{self, LogKeyError};
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::files::{self, Exists, FileError};
use crate::server::data_directory::layout::{DataDirectory, NoDirectory};
use crate::server::data_directory::settings::ca::{CaSettings, MasterKeySettings, RecoverySettings, TokenSettings};
use crate::server::data_directory::settings::console::ConsoleSettings;
use crate::server::data_directory::settings::database::DatabaseSettings;
use crate::server::data_directory::settings::identity::{IdentitySettings, LimitSettings, RoleSettings};
use crate::server::data_directory::settings::kiosk::KioskSettings;
use crate::server::data_directory::settings::notices::NoticeSettings;
use crate::server::data_directory::settings::operation::{ApiSettings, AuditSettings, LogSettings};
use crate::server::data_directory::settings::people::PeopleSettings;
use crate::server::data_directory::settings::publication::{PublicationSettings, ten};
use crate::server::data_directory::settings::server_toml::Settings;
use crate::server::keys::diversify::{MASTER_KEY, MASTER_KEY_LEN};
use crate::store;
use aws_lc_rs::rand;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;
use zeroize::Zeroizing;

/// Holds the example template, with `@UUID@` in place of its UUID.
const EXAMPLE: &str = include_str!("../../template/example.toml");
/// Holds the comment at the head of a new `server.toml`.
const SETTINGS_HEAD: &str = include_str!("settings_head.toml");
/// Names the example template's file.
const EXAMPLE_FILE: &str = "smart-card-logon.toml";
/// Sets the port of the listener for public files, where nobody says.
const PUBLICATION_PORT: u16 = 8080;
/// Sets how long a new CA is valid: ten years.
const CA_VALIDITY: Duration = Duration::days(3650);

/// Describes the server that a data directory is made for.
#[derive(Clone, Debug)]
pub struct InitOptions {
    pub listen: SocketAddr,
    /// Names and addresses the server is reached by.
    pub public_names: Vec<String>,
    /// The CA's subject, RFC 4514.
    pub ca_subject: String,
    /// The CA's name in its configuration string.
    pub ca_name: String,
    /// The kind of key the CA is given.
    pub ca_key: KeyAlgorithm,
    /// The token that holds the CA's key or is to hold it; `None`: a file does.
    pub ca_token: Option<TokenSettings>,
    /// Where the CRL will be fetched from; `None`: `/pki/ca.crl` on the first public name, at the listener for public
    /// files, or by TLS at `listen` where there is none.
    pub crl_url: Option<String>,
    /// Where public files are served without TLS; `None`: beside a `listen` that others reach at port 8080 of the same
    /// address, and nowhere on loopback.
    pub publication: Option<SocketAddr>,
    /// Where the records are to be, in an empty PostgreSQL database; `None`: in a file in the directory.
    pub database: Option<DatabaseSettings>,
    /// The CA is to stand under another's root: a request is made instead of a root, see [`crate::server::ca_install`].
    pub subordinate: bool,
}

impl Default for InitOptions {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 8443)),
            public_names: vec!["localhost".into(), "127.0.0.1".into()],
            ca_subject: "CN=Cardwright CA".into(),
            ca_name: "Cardwright CA".into(),
            ca_key: KeyAlgorithm::P256,
            ca_token: None,
            crl_url: None,
            publication: None,
            database: None,
            subordinate: false,
        }
    }
}

/// Reports what was made.
#[derive(Clone, Debug)]
pub struct Initialised {
    /// The CA's certificate, DER, which clients must trust; empty while it is only requested.
    pub ca_certificate: Vec<u8>,
    /// The request that the CA above is to sign, PEM, where there is one.
    pub ca_request: Option<String>,
    /// The file of the example template, to be edited.
    pub template: PathBuf,
    /// The UUID of the example template.
    pub template_uuid: Uuid,
}

/// Says why a data directory was not made.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    #[error(transparent)]
    Exists(#[from] Exists),
    #[error(transparent)]
    NoDirectory(#[from] NoDirectory),
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Passphrase(#[from] WeakPassphrase),
    #[error("the system gave no random bytes")]
    Random,
    #[error("the CA's key is to be made in a token: its PIN is needed")]
    NoPin,
    #[error("the CA could not be made")]
    Ca(#[from] ca::Error),
    #[error("the log's key could not be made")]
    LogKey(#[from] LogKeyError),
    #[error(transparent)]
    Names(#[from] NameError),
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the database holds records already, in {0} first: one that is empty is needed")]
    DatabaseInUse(String),
    #[error("the settings could not be written")]
    Settings(#[from] toml::ser::Error),
    #[error("the CA's certificate is installed already")]
    Installed,
    #[error("this server's CA is a root of its own: there is nothing to install")]
    NoRequest,
}

/// Makes a data directory with keys, a CA and an example template; never touches one that exists.
///
/// `passphrase` seals the key files; `ca_pin` is the user PIN of the CA's token, where `options` names one.
pub fn init(
    data_dir: &Path,
    options: &InitOptions,
    passphrase: Passphrase,
    ca_pin: Option<Pin>,
) -> Result<Initialised, InitError> {
    check_names(&options.public_names)?;
    check_crl_url(&settings(options).ca.crl_url)?;
    if let Some(database) = &options.database {
        check_empty(data_dir, database)?;
    }
    let made = files::make_whole(data_dir, |draft| fill(draft, options, passphrase, ca_pin))?;
    Ok(Initialised { template: DataDirectory::new(data_dir).templates().join(EXAMPLE_FILE), ..made })
}

/// Refuses a database that cannot be used, or that holds anything; makes the tables.
fn check_empty(data_dir: &Path, database: &DatabaseSettings) -> Result<(), InitError> {
    let place = database::place(&DataDirectory::new(data_dir), database)?;
    let runtime = database::runtime().map_err(DatabaseError::Runtime)?;
    match runtime.block_on(store::first_used(&place)).map_err(DatabaseError::from)? {
        Some(table) => Err(InitError::DatabaseInUse(table)),
        None => Ok(()),
    }
}

/// Fills the directory under the name it has until it is whole.
fn fill(
    draft: &Path,
    options: &InitOptions,
    passphrase: Passphrase,
    ca_pin: Option<Pin>,
) -> Result<Initialised, InitError> {
    passphrase.judge()?;
    let directory = DataDirectory::new(draft);
    files::make_directory(&directory.templates())?;
    let mut master = Zeroizing::new([0; MASTER_KEY_LEN]);
    rand::fill(master.as_mut_slice()).map_err(|_| InitError::Random)?;
    keyfile::write_new(&directory.master_key(1), &keyfile::seal(MASTER_KEY, master.as_slice(), &passphrase)?)?;
    // It is made with the others, so that servers made from one copy of the directory have the same.
    heads::key(&directory, &passphrase)?;
    let place = match &options.ca_token {
        None => KeyPlace::File { path: directory.ca_key(), passphrase },
        Some(token) => token.place(ca_pin.ok_or(InitError::NoPin)?),
    };
    let root = RootOrder { subject: options.ca_subject.clone(), algorithm: options.ca_key, validity: CA_VALIDITY };
    let (certificate, ca_request) = if options.subordinate {
        let request = ca::request(&root, place)?;
        files::create(&directory.ca_request(), request.to_pem().as_bytes())?;
        (None, Some(request.to_pem()))
    } else {
        let authority = EmbeddedCa::create(&root, place, &directory.ca_certificate(), OffsetDateTime::now_utc())?;
        (Some(authority.own().der().to_vec()), None)
    };
    let template_uuid = Uuid::new_v4();
    let template = EXAMPLE.replace("@UUID@", &template_uuid.to_string());
    let path = directory.templates().join(EXAMPLE_FILE);
    files::create(&path, template.as_bytes())?;
    let settings = toml::to_string_pretty(&settings(options))?;
    files::create(&directory.settings(), (SETTINGS_HEAD.to_owned() + &settings).as_bytes())?;
    let ca_certificate = certificate.unwrap_or_default();
    Ok(Initialised { ca_certificate, ca_request, template: path, template_uuid })
}

/// Returns the new settings; the CRL's URL is on the first public name where `options` names none.
fn settings(options: &InitOptions) -> Settings {
    let host = options.public_names.first().map_or("localhost", String::as_str);
    let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
    let on_loopback = options.listen.ip().is_loopback();
    let beside = (!on_loopback).then(|| SocketAddr::new(options.listen.ip(), PUBLICATION_PORT));
    let publication = options.publication.or(beside).map(|listen| PublicationSettings {
        listen: Some(listen),
        url: format!("http://{host}:{}", listen.port()),
        delta: false,
        backdate_minutes: ten(),
        base_at_once: true,
    });
    // Windows fetches nothing by https: to check that server's certificate it would need the list (RFC 5280, 8).
    let crl_url = match &publication {
        Some(publication) => format!("{}/pki/ca.crl", publication.url),
        None => format!("https://{host}:{}/pki/ca.crl", options.listen.port()),
    };
    Settings {
        directory: None,
        people: PeopleSettings::default(),
        smtp: None,
        notices: NoticeSettings::default(),
        listen: options.listen,
        public_names: options.public_names.clone(),
        api: ApiSettings::default(),
        console: ConsoleSettings::default(),
        operations: None,
        log: LogSettings::default(),
        audit: AuditSettings::default(),
        database: options.database.clone(),
        ca: CaSettings {
            name: options.ca_name.clone(),
            crl_url: options.crl_url.clone().unwrap_or(crl_url),
            pkcs11: options.ca_token.clone(),
            upstream: None,
        },
        publication,
        master_key: MasterKeySettings::default(),
        recovery: RecoverySettings::default(),
        identity: IdentitySettings::default(),
        roles: RoleSettings::default(),
        limits: LimitSettings::default(),
        kiosk: KioskSettings::default(),
    }
}
