//! Sends one-time passwords from the outbox; each is made only when it is sent.
//!
//! A mail is claimed in one transaction that also stores the hash of the password about to be sent, so several
//! servers share an outbox, and no password is out before it can be proven. A mail server that is away is tried again,
//! at growing intervals, [`MAX_ATTEMPTS`] times in all. Each attempt has a new password, and the one before no longer
//! holds.

use super::password;
use crate::cm::request::RequestStatus;
use crate::secret::{OneTimePassword, Passphrase, meant};
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::settings::mail::{SmtpSettings, SmtpTls};
use crate::server::error::{ApiError, Internal};
use crate::server::monitoring::metrics::Metrics;
use crate::store::{MailRecord, RequestRecord, Store, Tx, UserRecord};
use crate::template::{OneTimePolicy, Templates};
use lettre::message::{Mailbox, header};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Certificate, CertificateStore, Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use time::OffsetDateTime;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// Bounds the attempts of one mail; with the pauses between them they take about three hours.
const MAX_ATTEMPTS: u32 = 10;
/// Sets the pause after the first attempt; each further one is twice as long.
const FIRST_PAUSE: time::Duration = time::Duration::seconds(15);
/// Bounds the pause between two attempts.
const LONGEST_PAUSE: time::Duration = time::Duration::hours(1);
/// Bounds how long one mail may take.
const SMTP_TIMEOUT: Duration = Duration::from_secs(20);
/// Sets how often the outbox is read when nobody says that something is in it.
const ROUND: Duration = Duration::from_secs(5);

/// Holds the way to one mail server, and the sender of the mail.
pub struct MailServer {
    pub(super) transport: AsyncSmtpTransport<Tokio1Executor>,
    pub(super) from: Mailbox,
}

/// Sends what is in the outbox through one mail server.
pub struct Mailer {
    pub(super) server: MailServer,
    store: Store,
    templates: Arc<Templates>,
    wake: Notify,
}

/// Says why the `[smtp]` table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    #[error("the sender \"{0}\" is no e-mail address")]
    Sender(String),
    #[error("mail goes without TLS to this computer only, not to {0}; set tls to \"starttls\" or \"implicit\"")]
    PlainAfar(String),
    #[error("a password is not sent to a mail server without TLS")]
    PlainPassword,
    #[error("the password of the mail server cannot be read: password_from is \"file:PATH\" or \"env:NAME\"")]
    Password(#[source] Option<std::io::Error>),
    #[error("{} cannot be read", path.display())]
    Roots { path: PathBuf, source: std::io::Error },
    #[error("TLS to the mail server cannot be set up")]
    Tls(#[from] lettre::transport::smtp::Error),
}

impl MailServer {
    /// Checks the settings and prepares the connection; connects to nobody yet. Without TLS only a mail server on this
    /// computer is taken, and no password.
    pub fn new(settings: &SmtpSettings) -> Result<Self, MailError> {
        let from = settings.from.parse().map_err(|_| MailError::Sender(settings.from.clone()))?;
        let host = settings.host.as_str();
        let loopback = host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|host| host.is_loopback());
        let tls = match settings.tls {
            SmtpTls::None if !loopback => return Err(MailError::PlainAfar(host.to_owned())),
            SmtpTls::None if settings.user.is_some() => return Err(MailError::PlainPassword),
            SmtpTls::None => Tls::None,
            SmtpTls::Starttls => Tls::Required(parameters(settings)?),
            SmtpTls::Implicit => Tls::Wrapper(parameters(settings)?),
        };
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(host)
            .port(settings.port)
            .tls(tls)
            .timeout(Some(SMTP_TIMEOUT));
        if let Some(user) = &settings.user {
            let password = password(settings.password_from.as_deref())?;
            transport = transport.credentials(Credentials::new(user.clone(), password.expose().to_owned()));
        }
        Ok(Self { transport: transport.build(), from })
    }
}

impl Mailer {
    /// Makes a mailer of the mail server, the store with the outbox, and the templates whose passwords are sent.
    pub fn new(server: MailServer, store: Store, templates: Arc<Templates>) -> Self {
        Self { server, store, templates, wake: Notify::new() }
    }

    /// Has the outbox read at once, because something was put into it.
    pub fn wake(&self) {
        self.wake.notify_one();
    }
}

/// Returns the settings of TLS: the one CA that `ca_file` names is trusted, or those of the system.
fn parameters(settings: &SmtpSettings) -> Result<TlsParameters, MailError> {
    let builder = TlsParameters::builder(settings.host.clone());
    let Some(path) = &settings.ca_file else { return Ok(builder.build_rustls()?) };
    let pem = std::fs::read(path).map_err(|source| MailError::Roots { path: path.clone(), source })?;
    let builder = builder.certificate_store(CertificateStore::None);
    Ok(builder.add_root_certificate(Certificate::from_pem(&pem)?).build_rustls()?)
}

/// Reads the mail server's password from `file:PATH` or `env:NAME`.
fn password(from: Option<&str>) -> Result<Passphrase, MailError> {
    let text = match from.and_then(|from| from.split_once(':')) {
        Some(("file", path)) => std::fs::read_to_string(path).map_err(|error| MailError::Password(Some(error)))?,
        Some(("env", name)) => std::env::var(name).map_err(|_| MailError::Password(None))?,
        _ => return Err(MailError::Password(None)),
    };
    let unfit = |unfit| MailError::Password(Some(std::io::Error::new(std::io::ErrorKind::InvalidData, unfit)));
    Ok(Passphrase::new(meant(&text).map_err(unfit)?.to_owned()))
}

/// Sends what is due, round after round, until told to end; a mail that was begun is finished.
pub async fn run(mailer: Arc<Mailer>, metrics: Arc<Metrics>, ending: CancellationToken) {
    // A timeout is a round like any other: what failed before may be due again.
    while ending.run_until_cancelled(tokio::time::timeout(ROUND, mailer.wake.notified())).await.is_some() {
        let due = mailer.store.due_mail(OffsetDateTime::now_utc()).await;
        metrics.upkeep_ended("outbox", due.is_ok());
        let due = match due {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(%error, "the outbox cannot be read");
                continue;
            }
        };
        // `None`: nothing was sent, so that nothing new is known of the mail server.
        let mut taken = None;
        for mail in due {
            if ending.is_cancelled() {
                break;
            }
            let (request, part) = (mail.request, mail.part);
            match deliver(&mailer, mail).await {
                Ok(sent) => taken = taken.or(sent.then_some(true)),
                Err(error) => {
                    taken = Some(false);
                    tracing::warn!(%error, %request, part, "a one-time password was not sent; it is tried again");
                }
            }
        }
        if let Some(taken) = taken {
            metrics.upkeep_ended("mail", taken);
        }
    }
}

/// Says why a mail did not go out this time.
#[derive(Debug, thiserror::Error)]
pub enum DeliveryError {
    #[error("the outbox cannot be worked on: {0}")]
    Outbox(#[from] ApiError),
    #[error("the mail cannot be written: {0}")]
    Message(String),
    #[error("the mail server did not take it: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

/// Sends one mail; gives it up where its request, recipient, address or policy is gone. Returns whether it was sent.
async fn deliver(mailer: &Mailer, mail: MailRecord) -> Result<bool, DeliveryError> {
    let request = mailer.store.request(mail.request).await.map_err(ApiError::from)?;
    let recipient = mailer.store.user(mail.recipient).await.map_err(ApiError::from)?;
    let template = request.as_ref().and_then(|request| mailer.templates.get(request.profile_template));
    let policy = request.as_ref().zip(template).and_then(|(request, template)| {
        template.workflow(request.request_type).and_then(|workflow| workflow.one_time_password.as_ref())
    });
    let address = recipient.as_ref().and_then(|user| user.email.clone());
    let (Some(request), Some(recipient), Some(policy), Some(address), Some(template)) =
        (request, recipient, policy, address, template)
    else {
        give_up(mailer, mail).await?;
        return Ok(false);
    };
    let Some(password) = claim(mailer, &mail, &request, policy).await? else { return Ok(false) };
    let message = message(mailer, &recipient, &address, &request, &template.name, policy, &password)?;
    drop(password);
    mailer.server.transport.send(message).await?;
    let entry = deed::own(Deed::OneTimePasswordSent, OffsetDateTime::now_utc()).on(&request);
    let job = async move |tx: &mut Tx| {
        tx.delete_mail(&mail).await?;
        let entry = entry.with("part", mail.part).with("to", &recipient.name);
        Ok::<_, ApiError>(tx.audit(&entry).await?)
    };
    mailer.store.write(move |tx| Box::pin(job(tx))).await?;
    Ok(true)
}

/// Takes the mail for this attempt and remembers what proves its password; `None`: it is not to be sent, or another
/// server was quicker.
async fn claim(
    mailer: &Mailer,
    mail: &MailRecord,
    request: &RequestRecord,
    policy: &OneTimePolicy,
) -> Result<Option<OneTimePassword>, ApiError> {
    if mail.attempts >= MAX_ATTEMPTS {
        give_up(mailer, mail.clone()).await?;
        return Ok(None);
    }
    let (password, proof) = password::password(policy)?;
    let (mail, request, lifetime) = (mail.clone(), request.uuid, policy.lifetime);
    let job = async move |tx: &mut Tx| {
        let now = OffsetDateTime::now_utc();
        let request = tx.request(request).await?.ok_or(ApiError::Internal(Internal::Dangling("request")))?;
        let open = matches!(request.status, RequestStatus::Approved | RequestStatus::Executing);
        let record = tx.one_time(request.uuid).await?.filter(|record| record.generation == mail.generation);
        let Some(mut record) = record.filter(|record| open && record.proven.is_none()) else {
            tx.delete_mail(&mail).await?;
            let entry = deed::own(Deed::OneTimePasswordUndelivered, now).on(&request);
            tx.audit(&entry.with("part", mail.part).with("status", request.status)).await?;
            return Ok(false);
        };
        tx.attempt_mail(&mail, now + pause(mail.attempts)).await?;
        record.expires = Some(now + lifetime);
        *(if mail.part == 1 { &mut record.first } else { &mut record.second }) = Some(proof);
        tx.update_one_time(&record).await?;
        let entry = deed::own(Deed::OneTimePasswordMade, now).on(&request);
        tx.audit(&entry.with("part", mail.part).with("attempt", mail.attempts + 1)).await?;
        Ok::<_, ApiError>(true)
    };
    match mailer.store.write(move |tx| Box::pin(job(tx))).await {
        Ok(true) => Ok(Some(password)),
        // Another instance was quicker.
        Ok(false) | Err(ApiError::Conflict) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Returns the pause after an attempt, by the number of attempts before it.
fn pause(attempts: u32) -> time::Duration {
    FIRST_PAUSE.checked_mul(1 << attempts.min(16)).unwrap_or(LONGEST_PAUSE).min(LONGEST_PAUSE)
}

/// Removes a mail from the outbox unsent. An approver may have the password distributed anew.
async fn give_up(mailer: &Mailer, mail: MailRecord) -> Result<(), ApiError> {
    tracing::error!(request = %mail.request, part = mail.part, "a one-time password could not be sent; have it distributed anew");
    let entry = deed::own(Deed::OneTimePasswordUndelivered, OffsetDateTime::now_utc());
    let job = async move |tx: &mut Tx| {
        let request = tx.request(mail.request).await?.ok_or(ApiError::Internal(Internal::Dangling("request")))?;
        tx.delete_mail(&mail).await?;
        let entry = entry.on(&request).with("part", mail.part).with("attempts", mail.attempts);
        Ok::<_, ApiError>(tx.audit(&entry).await?)
    };
    mailer.store.write(move |tx| Box::pin(job(tx))).await
}

/// Writes the mail.
fn message(
    mailer: &Mailer,
    recipient: &UserRecord,
    address: &str,
    request: &RequestRecord,
    template: &str,
    policy: &OneTimePolicy,
    password: &OneTimePassword,
) -> Result<Message, DeliveryError> {
    let wrong = |error: &dyn std::fmt::Display| DeliveryError::Message(error.to_string());
    let to = address.parse().map_err(|error: lettre::address::AddressError| wrong(&error))?;
    let text = format!(
        "The request {uuid} ({kind}, {template}) was approved.\r\n\r\n\
         One-time password: {password}\r\n\r\n\
         It holds for {hours} hours and {tries} tries, and takes the place of any that was sent for this request \
         before.\r\nWho did not expect this mail should tell an administrator.\r\n",
        uuid = request.uuid,
        kind = request.request_type,
        password = password.expose(),
        hours = policy.lifetime.whole_hours(),
        tries = policy.tries,
    );
    Message::builder()
        .from(mailer.server.from.clone())
        .to(Mailbox::new(Some(recipient.name.clone()), to))
        .subject("One-time password for your request")
        .header(header::ContentType::TEXT_PLAIN)
        .body(text)
        .map_err(|error| wrong(&error))
}
