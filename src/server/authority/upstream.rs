//! Speaks with a CA elsewhere: orders once for each key, asks again for what it left pending, and reports revocations.
//!
//! What was ordered is remembered before the certificate is handed out, so that a server that was stopped in between
//! finds it again. Revocations are reported in the background, after they are on disk here.

use super::authorities::Authorities;
use crate::ca::upstream::{Credentials, Names, Protocol, Settings, Upstream};
use crate::ca::{self, CertificateAuthority, IssueOrder, RevocationReason, certificates, keyfile};
use crate::pkix::Certificate;
use crate::secret::{Passphrase, SharedKey};
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::ca::{UpstreamNames, UpstreamProtocol, UpstreamSettings};
use crate::server::error::{ApiError, Internal};
use crate::server::monitoring::metrics::Metrics;
use crate::store::{AuditEntry, Store, Tx, UpstreamOrder};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;
use time::{Duration, OffsetDateTime};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroizing;

/// Labels the sealed password or key by which the CA elsewhere knows this server.
pub const SECRET: &str = "UPSTREAM SECRET";
/// Sets how often the background task looks for what is due.
const ROUND: std::time::Duration = std::time::Duration::from_secs(5);
/// Sets how often the CA elsewhere is asked who it is.
const ASK_EVERY: std::time::Duration = std::time::Duration::from_secs(30);
/// Sets when a pending order is asked for again after the CA could not be reached.
const WAIT: Duration = Duration::minutes(1);
/// Sets after how long a pending order is given up.
const PATIENCE: Duration = Duration::days(30);

/// Says why the CA elsewhere cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("the settings of the CA elsewhere cannot be used")]
    Ca(#[from] ca::Error),
}

/// Prepares the connection to the CA elsewhere; calls nobody yet.
pub fn open(
    directory: &DataDirectory,
    settings: &UpstreamSettings,
    passphrase: &Passphrase,
) -> Result<Arc<dyn CertificateAuthority>, UpstreamError> {
    let read = |path: &PathBuf| Ok::<_, UpstreamError>(certificates(&files::read(&directory.beside(path))?)?);
    let wrong = |what: &str| UpstreamError::Ca(ca::Error::UpstreamSettings { what: what.to_owned() });
    let upstream = Upstream::new(Settings {
        protocol: match settings.protocol {
            UpstreamProtocol::Est => Protocol::Est,
            UpstreamProtocol::Cfssl => Protocol::Cfssl,
        },
        url: settings.url.parse().map_err(|_| wrong("the URL is none"))?,
        tls_trust: settings.tls_trust.as_ref().map(read).transpose()?.unwrap_or_default(),
        chain: read(&settings.chain)?,
        credentials: credentials(directory, settings, passphrase)?,
        profile: settings.profile.clone(),
        names: match settings.names {
            UpstreamNames::AsOrdered => Names::AsOrdered,
            UpstreamNames::Upstream => Names::Upstream,
        },
    })?;
    if !upstream.revokes() {
        tracing::warn!("the CA elsewhere has no way to revoke: revocations are remembered here and told to nobody");
    }
    Ok(Arc::new(upstream))
}

/// Reads what this server proves itself with: a client certificate, a password, cfssl's key, or nothing.
fn credentials(
    directory: &DataDirectory,
    settings: &UpstreamSettings,
    passphrase: &Passphrase,
) -> Result<Credentials, UpstreamError> {
    let wrong = |what: &str| UpstreamError::Ca(ca::Error::UpstreamSettings { what: what.to_owned() });
    if let Some(path) = &settings.client_certificate {
        let key = settings.client_key.as_ref().ok_or_else(|| wrong("client_certificate needs client_key"))?;
        let key = keyfile::open_private_key(&keyfile::read(&directory.beside(key))?, passphrase)?;
        let chain = certificates(&files::read(&directory.beside(path))?)?;
        return Ok(Credentials::Certificate { chain, key: Zeroizing::new(key.expose_pkcs8().to_vec()) });
    }
    let sealed = files::read_if_there(&directory.upstream_secret())?;
    let secret = sealed.map(|sealed| keyfile::open(SECRET, &sealed, passphrase)).transpose()?;
    let text = |secret: Zeroizing<Vec<u8>>| {
        let text = std::str::from_utf8(&secret).map_err(|_| wrong("the secret is not text"))?;
        Ok::<_, UpstreamError>(Zeroizing::new(text.to_owned()))
    };
    match (&settings.user, secret, settings.protocol) {
        (Some(user), Some(secret), _) => {
            let password = Passphrase::new(std::mem::take(&mut *text(secret)?));
            Ok(Credentials::Basic { user: user.clone(), password })
        }
        (Some(_), None, _) => Err(wrong("user needs a password: \"cardwright server ca secret\" keeps it")),
        (None, Some(secret), UpstreamProtocol::Cfssl) => {
            let key = SharedKey::from_hex(text(secret)?.trim());
            Ok(Credentials::Hmac(key.ok_or_else(|| wrong("cfssl's key is not hexadecimal"))?))
        }
        (None, _, _) => Ok(Credentials::None),
    }
}

/// Returns the certificate for an order: one that came earlier and was not handed out, or a new one.
///
/// Fails with [`ApiError::CaPending`] for as long as the CA has not decided.
pub async fn issued(
    authorities: &Authorities,
    store: &Store,
    order: &IssueOrder,
    now: OffsetDateTime,
) -> Result<Certificate, ApiError> {
    let key = order.public_key.sha256();
    let known = store.upstream_order(&key).await?.filter(|known| !known.is_recorded && known.failure.is_none());
    let known = match known {
        Some(known) if known.issued.is_none() && known.next_poll <= now => {
            Some(ask_again(authorities, store, known, now).await?)
        }
        known => known,
    };
    match known {
        Some(UpstreamOrder { issued: Some((_, der)), .. }) => {
            let certificate = Certificate::from_der(&der).map_err(unreadable)?;
            authorities.issuing().check(order, &certificate, now)?;
            Ok(certificate)
        }
        Some(UpstreamOrder { failure: Some(text), .. }) => Err(ca::Error::Refused { status: 0, text }.into()),
        Some(waiting) => Err(ApiError::CaPending { retry_after: seconds(waiting.next_poll - now) }),
        None => place_order(authorities, store, order, now).await,
    }
}

/// Returns the error of a kept certificate that cannot be read.
fn unreadable(error: crate::pkix::Error) -> ApiError {
    ApiError::Internal(Internal::Ca(ca::Error::ReadBack(error)))
}

/// Returns a wait in whole seconds, at least one.
fn seconds(wait: Duration) -> u32 {
    u32::try_from(wait.whole_seconds().max(1)).unwrap_or(u32::MAX)
}

/// Orders a certificate and remembers the order, with the certificate or with the ticket to ask again by.
async fn place_order(
    authorities: &Authorities,
    store: &Store,
    order: &IssueOrder,
    now: OffsetDateTime,
) -> Result<Certificate, ApiError> {
    let answer = authorities.signing(|authority| authority.issue(order, now));
    let mut record = UpstreamOrder {
        public_key_sha256: order.public_key.sha256(),
        csr: order.csr.clone().unwrap_or_default(),
        ticket: Vec::new(),
        ordered: now,
        next_poll: now,
        polls: 1,
        failure: None,
        issued: None,
        is_recorded: false,
    };
    let outcome = match answer {
        Ok(certificate) => {
            record.issued = Some((certificate.serial_bytes(), certificate.der().to_vec()));
            Ok(certificate)
        }
        Err(ca::Error::Pending { ticket, retry_after }) => {
            (record.ticket, record.next_poll) = (ticket, now + retry_after);
            Err(ApiError::CaPending { retry_after: seconds(retry_after) })
        }
        Err(error) => return Err(error.into()),
    };
    let entry = entry(&record, now);
    store.write(move |tx| Box::pin(async move { insert_order(tx, &record, &entry).await })).await?;
    outcome
}

/// Returns the act of an order for the log.
fn entry(record: &UpstreamOrder, now: OffsetDateTime) -> AuditEntry {
    let entry = deed::own(Deed::CertificateOrdered, now)
        .with("public_key_sha256", hex::encode(record.public_key_sha256))
        .with("polls", record.polls);
    match (&record.issued, &record.failure) {
        (Some((serial, _)), _) => entry.with("serial", hex::encode_upper(serial)),
        (None, Some(failure)) => entry.with("failure", failure),
        (None, None) => entry.with("pending", true),
    }
}

/// Asks again for a pending order and remembers the answer; where the CA cannot be reached, it is asked later.
async fn ask_again(
    authorities: &Authorities,
    store: &Store,
    mut order: UpstreamOrder,
    now: OffsetDateTime,
) -> Result<UpstreamOrder, ApiError> {
    order.polls = order.polls.saturating_add(1);
    match authorities.signing(|authority| authority.collect(&order.csr, &order.ticket)) {
        Ok(certificate) => order.issued = Some((certificate.serial_bytes(), certificate.der().to_vec())),
        Err(_) if now - order.ordered > PATIENCE => order.failure = Some("given up after thirty days".into()),
        Err(ca::Error::Pending { ticket, retry_after }) => {
            (order.ticket, order.next_poll) = (ticket, now + retry_after);
        }
        Err(error @ ca::Error::Unreachable(_)) => {
            tracing::warn!(%error, "a pending certificate could not be asked for");
            order.next_poll = now + WAIT;
        }
        Err(error) => order.failure = Some(error.to_string()),
    }
    let (entry, kept) = (entry(&order, now), order.clone());
    store.write(move |tx| Box::pin(async move { update_order(tx, &kept, &entry).await })).await?;
    Ok(order)
}

/// Says whether the CA elsewhere answers and is the one configured; tells that in the log where it is news.
///
/// One that does not say who it is may still issue.
fn answers(authorities: &Authorities, before: Option<bool>) -> bool {
    let asked = authorities.signing(|authority| authority.is_as_configured());
    let good = !matches!(asked, Ok(false) | Err(ca::Error::Unreachable(_)));
    if before != Some(good) {
        match asked {
            Ok(true) => tracing::info!("the CA elsewhere answers, and is the one configured"),
            Ok(false) => tracing::error!("the CA elsewhere is not the one configured: what it issues will be refused"),
            Err(error) => tracing::warn!(%error, "the CA elsewhere does not say who it is"),
        }
    }
    good
}

/// Collects pending certificates, reports revocations and sees whether the CA elsewhere answers, until told to end.
pub async fn keep(authorities: Authorities, store: Store, metrics: Arc<Metrics>, ending: CancellationToken) {
    if !authorities.issues_elsewhere() {
        return;
    }
    let mut asked: Option<(Instant, bool)> = None;
    loop {
        let answered = match asked.filter(|(at, _)| at.elapsed() < ASK_EVERY) {
            Some((_, answered)) => answered,
            None => {
                let answered = answers(&authorities, asked.map(|(_, answered)| answered));
                asked = Some((Instant::now(), answered));
                answered
            }
        };
        let done = do_round(&authorities, &store, &ending, OffsetDateTime::now_utc()).await;
        metrics.upkeep_ended("upstream", answered && done.is_ok());
        if let Err(error) = done {
            tracing::error!(%error, "the CA elsewhere could not be dealt with");
        }
        if ending.run_until_cancelled(tokio::time::sleep(ROUND)).await.is_none() {
            break;
        }
    }
}

/// Does one round; what it leaves when it is cut short is due in the next.
async fn do_round(
    authorities: &Authorities,
    store: &Store,
    ending: &CancellationToken,
    now: OffsetDateTime,
) -> Result<(), ApiError> {
    for order in store.upstream_waiting(now).await? {
        if ending.is_cancelled() {
            return Ok(());
        }
        ask_again(authorities, store, order, now).await?;
    }
    if !authorities.issuing().revokes() {
        return Ok(());
    }
    for (order, reason) in store.upstream_revoked(now).await? {
        if ending.is_cancelled() {
            return Ok(());
        }
        let Some((serial, der)) = order.issued else { continue };
        let certificate = Certificate::from_der(&der).map_err(unreadable)?;
        let reason = RevocationReason::from_number(reason).unwrap_or(RevocationReason::Unspecified);
        authorities.signing(|authority| authority.revoke(&certificate, reason))?;
        let entry = deed::own(Deed::RevocationTold, now).with("serial", hex::encode_upper(&serial));
        store.write(move |tx| Box::pin(async move { note_revocation_told(tx, &serial, &entry).await })).await?;
    }
    Ok(())
}

/// Remembers a new order, with its act.
async fn insert_order(tx: &mut Tx, order: &UpstreamOrder, entry: &AuditEntry) -> Result<(), ApiError> {
    tx.insert_upstream_order(order).await?;
    Ok(tx.audit(entry).await?)
}

/// Remembers what became of an order, with its act; neither where the order is not open any more.
async fn update_order(tx: &mut Tx, order: &UpstreamOrder, entry: &AuditEntry) -> Result<(), ApiError> {
    if tx.update_upstream_order(order).await? {
        tx.audit(entry).await?;
    }
    Ok(())
}

/// Notes that the CA was told of a revocation, with the act.
async fn note_revocation_told(tx: &mut Tx, serial: &[u8], entry: &AuditEntry) -> Result<(), ApiError> {
    tx.told_upstream(serial, entry.at).await?;
    Ok(tx.audit(entry).await?)
}
