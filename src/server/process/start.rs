//! Opens a data directory: settings, templates, keys, CA, ways in, store. Nothing listens or runs yet.

use super::agreement::{self, AgreementError};
use super::config::Config;
use super::duties;
use super::error::StartError;
use super::kept_templates;
use crate::ca::{EmbeddedCa, KeyPlace};
use crate::platform::lock::Lock;
use crate::server::audit::note::TokenNote;
use crate::server::audit::witness::Witness;
use crate::server::audit::{act_keys, heads};
use crate::server::authority::authorities::Authorities;
use crate::server::authority::upstream;
use crate::server::call::app::{App, MAX_CALLS, MAX_PUBLIC};
use crate::server::data_directory::database::{self, DatabaseError};
use crate::server::data_directory::files::{self};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::identity::{ChannelBinding, SessionSettings};
use crate::server::data_directory::settings::notices::NoticeSettings;
use crate::server::data_directory::settings::operation::SyslogSettings;
use crate::server::data_directory::settings::server_toml::Settings;
use crate::server::http::tls::{self, ServerTls};
use crate::server::identity::authenticate::Identity;
use crate::server::keys::archive::RecoveryKeys;
use crate::server::keys::master_keys::{self};
use crate::server::mail::outbox::Outbox;
use crate::server::mail::smtp::MailServer;
use crate::server::mail::texts::Texts;
use crate::server::mail::webhook::Webhook;
use crate::server::monitoring::clock;
use crate::server::monitoring::health::Health;
use crate::server::notices::teller;
use crate::server::permission::standing::Standing;
use crate::server::provisioning::elsewhere::Elsewhere;
use crate::server::provisioning::source::Source;
use crate::server::publication::lists::Publication;
use crate::server::users::domains::Domains;
use crate::store::{NameKind, Store};
use crate::template::Templates;
use std::net::SocketAddr;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use time::OffsetDateTime;
use tokio::sync::Semaphore;

/// Bounds the people whom a warning names.
const MOST_TOLD: usize = 20;

/// Holds a server that is about to listen.
pub struct Opened {
    pub app: App,
    /// Where calls are to be answered.
    pub listen: SocketAddr,
    /// Where public files are served without TLS.
    pub publication: Option<SocketAddr>,
    /// Where client certificates are asked for, if anywhere but there.
    pub certificates: Option<SocketAddr>,
    /// Pages are served to people.
    pub pages: bool,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ServerTls>>,
    pub syslog: Option<SyslogSettings>,
    /// What is told, to whom, and how.
    pub notices: NoticeSettings,
    /// Where people come from, if they come from a directory.
    pub people: Option<Source>,
    /// What the server calls itself towards others.
    pub host: String,
    /// Where health and metrics are served.
    pub operations: Option<SocketAddr>,
    pub directory: DataDirectory,
    /// Kept while the server runs, so that no second one uses the directory.
    pub lock: Lock,
}

/// Opens everything in the data directory; refuses one that another process uses, and plain HTTP away from loopback.
pub async fn open(config: Config) -> Result<Opened, StartError> {
    let directory = DataDirectory::existing(&config.data_dir)?;
    files::check_directories(&directory.decisive())?;
    let settings = Settings::load(&directory)?;
    settings.named_files(&directory).iter().try_for_each(|path| files::check_writers(path))?;
    let listen = config.listen.unwrap_or(settings.listen);
    if config.plain_http && !listen.ip().is_loopback() {
        return Err(StartError::PlainHttpAfar(listen));
    }
    let binding = settings.identity.negotiate.as_ref().map(|negotiate| negotiate.channel_binding);
    if config.plain_http && binding == Some(ChannelBinding::Required) {
        return Err(StartError::NothingToBindTo);
    }
    if config.plain_http && binding == Some(ChannelBinding::Checked) {
        tracing::warn!(
            "over plain HTTP no Kerberos ticket is compared with a TLS connection: as channel_binding = \"ignored\""
        );
    }
    if !directory.ca_certificate().exists() && directory.ca_request().exists() {
        return Err(StartError::NotInstalled(directory.ca_request()));
    }
    let lock = files::lock(&directory.lock())?;
    let templates = Arc::new(Templates::load(&directory.templates())?);
    for template in templates.iter() {
        for (key, text) in template.weaknesses() {
            tracing::warn!(template = template.name, key, "the template issues by less than it could: {text}");
        }
    }
    if settings.ca.crl_url.starts_with("https:") {
        tracing::warn!(
            crl_url = settings.ca.crl_url,
            "Windows fetches no revocation list by https: name one by http under [publication]"
        );
    }
    let master_keys = master_keys::open(&directory, &settings, &config.passphrase, config.ca_pin.as_ref())?;
    let recovery =
        RecoveryKeys::open(&directory, &settings.recovery, &config.passphrase, config.ca_pin.as_ref(), &templates)?;
    let tls_key = if config.plain_http { None } else { Some(tls::key(&directory, &config.passphrase)?) };
    let elsewhere = match &settings.ca.upstream {
        Some(upstream) => Some(upstream::open(&directory, upstream, &config.passphrase)?),
        None => None,
    };
    let audit_key = heads::key(&directory, &config.passphrase)?;
    let place = match &settings.ca.pkcs11 {
        None => KeyPlace::File { path: directory.ca_key(), passphrase: config.passphrase },
        Some(token) => token.place(config.ca_pin.ok_or(StartError::NoPin)?),
    };
    let own = Arc::new(EmbeddedCa::open(&directory.ca_certificate(), place)?);
    let now = OffsetDateTime::now_utc();
    let Settings { mut identity, roles, limits, people, console, .. } = settings.clone();
    if console.enabled && identity.session.is_none() {
        // Programs begin none.
        identity.session = Some(SessionSettings { after: Vec::new(), ..Default::default() });
    }
    for warning in identity.warnings() {
        tracing::warn!("{warning}");
    }
    let domains = Arc::new(Domains::new(&people.upn_domains, &people.email_domains));
    let identity = Identity::open(identity, roles, &limits, &directory, Some((own.own(), &templates)), &domains)?;
    let clients = identity.certificates();
    let tls =
        tls_key.map(|key| ServerTls::open(&directory, &settings, &*own, key, clients, now)).transpose()?.map(Arc::new);
    let source = settings.directory.as_ref().map(|table| Source::open(table, &directory)).transpose()?;
    let mail_server = settings.smtp.as_ref().map(MailServer::new).transpose()?;
    let pages = settings.pages(listen, config.plain_http);
    let (texts, webhooks) = ways_out(&settings.notices, &directory, pages)?;
    if let Some(template) = templates.iter().find(|template| mail_server.is_none() && template.needs_smtp()) {
        return Err(StartError::NoSmtp(template.name.clone()));
    }
    let store = database::open(&directory, &settings).await?;
    store.vouch(act_keys::of_server(&audit_key).map_err(StartError::ActKeys)?);
    if settings.database.is_some() {
        agreement::claim_keys(&store, &*own, &master_keys, &audit_key).await?;
        for name in agreement::agree_on_templates(&store, &templates, now).await.map_err(AgreementError::from)? {
            tracing::warn!(template = name, "other servers of this database have this template, and this one lacks it");
        }
    }
    kept_templates::keep(&store, &templates, now).await.map_err(DatabaseError::from)?;
    if clock::last_trusted(&store).await.map_err(DatabaseError::from)?.is_some_and(|last| now < last) {
        identity.clock_was_set_back();
    }
    tell_people_alike(&store).await?;
    // Only a server alone has a note of its own in the token: several would write one over the other's.
    let alone = settings.database.is_none();
    let note = (alone && settings.ca.pkcs11.is_some()).then(|| TokenNote::of(Arc::clone(&own)));
    let witness = Arc::new(Witness::open(&directory, audit_key, &store, alone, note).await?);
    witness.confirm(&store).await?;
    witness.take_over_rows(&store).await?;
    witness.sign_heads(&store).await?;
    let standing = Standing { templates: &templates, roles: identity.roles() };
    duties::say(standing, &store, now).await.map_err(DatabaseError::from)?;
    let host = settings.public_names.first().map_or_else(|| "localhost".to_owned(), String::clone);
    let kept = time::Duration::days(settings.notices.keep_days.into());
    let outbox = Arc::new(Outbox::new(store.clone(), Arc::clone(&templates), texts, (mail_server, webhooks), kept));
    if !outbox.ways().is_empty() {
        teller::begin(&store, now).await.map_err(DatabaseError::from)?;
    }
    let ca_certificate = own.own().der().to_vec();
    let authorities = Authorities::new(own, settings.ca.pkcs11.is_some(), elsewhere);
    let app = App {
        publication: Arc::new(Publication::new(settings.publication.as_ref(), &store, &authorities, &witness)),
        witness,
        store,
        templates,
        authorities,
        master_keys,
        outbox,
        notices: settings.notices.clone(),
        recovery,
        places: Semaphore::new(MAX_CALLS.into()),
        public_places: Semaphore::new(MAX_PUBLIC.into()),
        identity,
        domains,
        elsewhere: source.clone().map(Elsewhere::new),
        certificates_per_day: usize::try_from(people.certificates_per_day).ok().filter(|most| *most > 0),
        visit_lasts: time::Duration::minutes(settings.kiosk.visit_minutes.into()),
        metrics: Arc::default(),
        health: Health::default(),
        api: settings.api.clone(),
        description: OnceLock::new(),
        stopping: AtomicBool::new(false),
        public_names: settings.public_names.clone(),
        ca_config: format!("{host}\\{}", settings.ca.name),
        ca_certificate,
        crl_url: settings.ca.crl_url,
    };
    let (syslog, operations) = (settings.audit.syslog, settings.operations.map(|operations| operations.listen));
    let publication = settings.publication.and_then(|publication| publication.listen);
    let notices = settings.notices;
    let (certificates, pages) = (console.certificates, console.enabled);
    Ok(Opened {
        app,
        listen,
        publication,
        certificates,
        pages,
        tls,
        syslog,
        notices,
        people: source,
        host,
        operations,
        directory,
        lock,
    })
}

/// Reads the texts of notices, and what is needed to tell programs. A text that is wrong stops nothing: the shipped one is
/// used.
fn ways_out(
    settings: &NoticeSettings,
    directory: &DataDirectory,
    pages: Option<String>,
) -> Result<(Texts, Vec<Webhook>), StartError> {
    let (texts, faults) = Texts::load(&directory.notices(), &settings.language, pages);
    for fault in faults {
        tracing::warn!("{fault}");
    }
    let webhooks = settings.webhook.iter().map(|(name, webhook)| Webhook::new(name, webhook, directory));
    Ok((texts, webhooks.collect::<Result<_, _>>()?))
}

/// Logs which people share a name that two never have: those that an earlier release has let in. No certificate with it
/// is issued to them until one of them is changed.
async fn tell_people_alike(store: &Store) -> Result<(), AgreementError> {
    for kind in NameKind::ALL {
        let alike = store.users_alike(kind).await?;
        if !alike.is_empty() {
            let names = alike.iter().take(MOST_TOLD).map(|user| user.name.as_str()).collect::<Vec<_>>().join(", ");
            let (what, users) = (kind.told(), alike.len());
            tracing::warn!(what, users, names, "people share what no two may have; change all but one of each");
        }
    }
    Ok(())
}
