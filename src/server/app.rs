//! What all calls share.

use super::diversify::MasterKeys;
use super::error::{ApiError, Internal};
use super::health::Health;
use super::identity::Identity;
use super::mail::Mailer;
use super::metrics::Metrics;
use super::publication::Publication;
use super::recovery::RecoveryKeys;
use super::settings::ApiSettings;
use crate::ca::{CertificateAuthority, EmbeddedCa};
use crate::cm::route::Method;
use crate::store::Store;
use crate::template::Templates;
use axum::response::Response;
use serde::Serialize;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::Semaphore;

/// The largest body that is received, in bytes.
pub const MAX_BODY: usize = 256 * 1024;
/// Calls worked on at one time; more of them wait a moment.
pub const MAX_CALLS: u16 = 512;
/// The most entries a list answers with; what lies beyond is older, and reached by narrower questions.
pub const MAX_LIST: usize = 500;

/// The server's inside.
pub struct App {
    pub store: Store,
    pub templates: Templates,
    /// Issues certificates for people.
    pub authority: Arc<dyn CertificateAuthority>,
    /// Signs answers, lists and the server's own certificates; it is `authority` too, unless that is elsewhere.
    pub own: Arc<EmbeddedCa>,
    pub master_keys: MasterKeys,
    /// `None`: nothing is archived, nor to be.
    pub recovery: Option<RecoveryKeys>,
    pub crl: Publication,
    pub places: Semaphore,
    /// `None`: no mail server is set.
    pub mailer: Option<Mailer>,
    pub identity: Identity,
    pub metrics: Metrics,
    pub health: Health,
    pub api: ApiSettings,
    /// The server is about to end: what begins now is refused.
    pub stopping: AtomicBool,
    /// The CA's configuration string, `server\name`, as certificate lists show it.
    pub ca_config: String,
    /// Where the revocation list is to be had, as certificates name it.
    pub crl_url: String,
    /// The CA's certificate, DER.
    pub ca_certificate: Vec<u8>,
    /// The CA's key is in a token: signing may take long.
    pub signs_slowly: bool,
    /// The authority is elsewhere: issuing takes a call over the network.
    pub issues_elsewhere: bool,
}

impl App {
    /// Runs what has certificates issued; a token's or a network's slowness holds up no other call.
    pub fn signing<T>(&self, work: impl FnOnce(&dyn CertificateAuthority) -> T) -> T {
        waiting(self.signs_slowly || self.issues_elsewhere, || work(self.authority.as_ref()))
    }

    /// Runs what signs with the key of this server's own CA.
    pub fn signing_here<T>(&self, work: impl FnOnce(&EmbeddedCa) -> T) -> T {
        waiting(self.signs_slowly, || work(&self.own))
    }

    /// Says that something is in the outbox.
    pub fn wake_mailer(&self) {
        if let Some(mailer) = &self.mailer {
            mailer.wake();
        }
    }

    /// Closes the store; what was acknowledged is on disk already.
    pub async fn close(&self) {
        self.store.close().await;
    }
}

fn waiting<T>(slow: bool, work: impl FnOnce() -> T) -> T {
    if slow { tokio::task::block_in_place(work) } else { work() }
}

/// An answer that is no refusal.
pub enum Reply {
    Json(Vec<u8>),
    /// The newest entries of a longer list.
    CutList(Vec<u8>),
    Created(Vec<u8>),
    Empty,
    /// 204, and the verbs a path is called with.
    Verbs(Vec<Method>),
    /// An answer that is whole already.
    Other(Response),
    File {
        media_type: &'static str,
        bytes: Vec<u8>,
    },
}

impl Reply {
    /// 200 with a body.
    pub fn json(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Json)
    }

    /// 201 with the location of what was made.
    pub fn created(body: &impl Serialize) -> Result<Self, ApiError> {
        written(body).map(Self::Created)
    }

    /// 200 with a list, or 204 when it is empty; one that is longer than [`MAX_LIST`] is cut, and says so.
    pub fn list<T: Serialize>(mut entries: Vec<T>) -> Result<Self, ApiError> {
        if entries.is_empty() {
            return Ok(Self::Empty);
        }
        let cut = entries.len() > MAX_LIST;
        entries.truncate(MAX_LIST);
        let bytes = written(&entries)?;
        Ok(if cut { Self::CutList(bytes) } else { Self::Json(bytes) })
    }
}

fn written(body: &impl Serialize) -> Result<Vec<u8>, ApiError> {
    serde_json::to_vec(body).map_err(|error| ApiError::Internal(Internal::Write(error)))
}
