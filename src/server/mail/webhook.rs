//! Tells a program over HTTPS, as the Standard Webhooks specification (1.0.0) has it: `webhook-id` names the notice and
//! stays the same, `webhook-timestamp` is the time of the attempt, and `webhook-signature` is "v1," and
//! HMAC-SHA-256 in base64 over both and the body. Nothing is read of an answer but its status; redirects are refused.

use super::plain::plain;
use super::sent::Failed;
use crate::server::data_directory::files::{self, FileError};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::notices::{NoticeKind, WebhookSettings};
use crate::server::outgoing::{self, NoCertificates};
use crate::store::NoticeRecord;
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::PathBuf;
use std::time::Duration;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

/// Begins the way of a notice that a webhook is told.
pub const WAY: &str = "webhook:";
/// Begins a key in its file.
const PREFIX: &str = "whsec_";
/// Bounds a key, in bytes.
const KEY_LENGTHS: std::ops::RangeInclusive<usize> = 24..=64;
/// Bounds how long one sending may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// Bounds a body, in bytes.
const MOST_BYTES: usize = 64 * 1024;

/// Holds the way to one receiver.
pub struct Webhook {
    pub name: String,
    url: String,
    key: hmac::Key,
    kinds: Option<Vec<NoticeKind>>,
    agent: ureq::Agent,
}

/// Says why a webhook of the settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WebhookError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error(
        "{} holds no key: it is one line, \"{PREFIX}\" and {} to {} random bytes in base64",
        .0.display(), KEY_LENGTHS.start(), KEY_LENGTHS.end()
    )]
    Key(PathBuf),
    #[error("{} holds no certificates in PEM", .0.display())]
    Roots(PathBuf),
}

impl Webhook {
    /// Reads what the settings name, and calls nobody yet.
    pub fn new(name: &str, settings: &WebhookSettings, directory: &DataDirectory) -> Result<Self, WebhookError> {
        let path = directory.beside(&settings.secret_file);
        let key = key(&Zeroizing::new(files::read(&path)?)).ok_or(WebhookError::Key(path))?;
        let roots = settings.ca_file.as_ref().map(|path| directory.beside(path));
        let trust = roots.as_ref().map(|path| files::read(path)).transpose()?;
        let agent = outgoing::agent(trust.as_deref(), TIMEOUT)
            .map_err(|NoCertificates| WebhookError::Roots(roots.unwrap_or_default()))?;
        Ok(Self { name: name.to_owned(), url: settings.url.clone(), key, kinds: settings.kinds.clone(), agent })
    }

    /// Says whether the receiver is told this kind.
    pub fn takes(&self, kind: NoticeKind) -> bool {
        self.kinds.as_ref().is_none_or(|kinds| kinds.contains(&kind))
    }

    /// Returns the way of its notices.
    pub fn way(&self) -> String {
        format!("{WAY}{}", self.name)
    }

    /// Sends a notice once. It waits for an answer, so it is work for a thread of its own.
    pub fn send(&self, notice: &NoticeRecord, now: OffsetDateTime) -> Result<(), Failed> {
        let body = body(notice);
        if body.len() > MOST_BYTES {
            let reason = format!("it has more than {MOST_BYTES} bytes");
            return Err(Failed { reason, is_final: true, doubtful: false, code: None });
        }
        let (id, timestamp) = (notice.uuid.to_string(), now.unix_timestamp().to_string());
        let signature = STANDARD.encode(hmac::sign(&self.key, format!("{id}.{timestamp}.{body}").as_bytes()));
        let mut request = self
            .agent
            .post(&self.url)
            .header("content-type", "application/json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", &timestamp)
            .header("webhook-signature", format!("v1,{signature}"));
        if notice.doubtful {
            request = request.header("webhook-repeated", "perhaps");
        }
        let answer = request.send(body.as_bytes()).map_err(|error| failed(&error))?;
        let status = answer.status().as_u16();
        let refused = |what: &str| {
            let reason = format!("the receiver answered status {status}{what}");
            Err(Failed { reason, is_final: false, doubtful: false, code: Some(status) })
        };
        match status {
            200..300 => Ok(()),
            300..400 => refused("; redirects are not followed"),
            _ => refused(""),
        }
    }
}

/// Writes the body of a notice; it says who and what, and nothing secret.
fn body(notice: &NoticeRecord) -> String {
    let facts: serde_json::Map<_, _> =
        notice.facts.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    let created = notice.created.format(&Rfc3339).unwrap_or_default();
    serde_json::json!({ "type": notice.kind, "timestamp": created, "request": notice.request, "data": facts })
        .to_string()
}

/// Says what a failure means: whoever could not be reached was told nothing.
fn failed(error: &ureq::Error) -> Failed {
    let untold = matches!(
        error,
        ureq::Error::ConnectionFailed
            | ureq::Error::HostNotFound
            | ureq::Error::BadUri(_)
            | ureq::Error::RequireHttpsOnly(_)
            | ureq::Error::Tls(_)
            | ureq::Error::Rustls(_)
            | ureq::Error::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve)
    );
    // Rustls tells of a certificate that it does not trust when the first bytes are written.
    let refused = matches!(error, ureq::Error::Io(error) if matches!(error.kind(),
        std::io::ErrorKind::ConnectionRefused | std::io::ErrorKind::InvalidData));
    let reason = plain(&format!("the receiver could not be told: {error}"));
    Failed { reason, is_final: false, doubtful: !untold && !refused, code: None }
}

/// Reads a key as its file has it.
fn key(text: &str) -> Option<hmac::Key> {
    let key = Zeroizing::new(STANDARD.decode(text.trim().strip_prefix(PREFIX)?).ok()?);
    KEY_LENGTHS.contains(&key.len()).then(|| hmac::Key::new(hmac::HMAC_SHA256, &key))
}
