//! The one file that gathers the services: what all calls of a server share.

use crate::server::audit::witness::Witness;
use crate::server::authority::authorities::Authorities;
use crate::server::data_directory::settings::notices::NoticeSettings;
use crate::server::data_directory::settings::operation::ApiSettings;
use crate::server::error::ApiError;
use crate::server::identity::authenticate::Identity;
use crate::server::keys::archive::RecoveryKeys;
use crate::server::keys::diversify::MasterKeys;
use crate::server::mail::outbox::Outbox;
use crate::server::monitoring::health::Health;
use crate::server::monitoring::metrics::Metrics;
use crate::server::provisioning::elsewhere::Elsewhere;
use crate::server::publication::lists::Publication;
use crate::server::users::domains::Domains;
use crate::store::Store;
use crate::template::Templates;
use crate::web::file::CacheableFile;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::{Semaphore, SemaphorePermit};
use uuid::Uuid;

/// Limits how many calls are worked on at one time; further ones wait a moment.
pub const MAX_CALLS: u16 = 512;

/// Limits how many public files and OCSP answers are made at one time, so that neither keeps the other waiting.
pub const MAX_PUBLIC: u16 = 128;

/// Limits how long a call waits for its place among those being worked on.
const PLACE_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes a place among the calls being worked on; refuses with [`ApiError::Busy`] where none is free for five seconds.
pub async fn place(places: &Semaphore) -> Result<SemaphorePermit<'_>, ApiError> {
    let place = tokio::time::timeout(PLACE_TIMEOUT, places.acquire()).await;
    place.map_err(|_| ApiError::Busy)?.map_err(|_| ApiError::Busy)
}

/// Holds the services and settings that all calls share.
pub struct App {
    pub store: Store,
    pub templates: Arc<Templates>,
    pub authorities: Authorities,
    pub master_keys: MasterKeys,
    /// `None`: there is no recovery key, for no template has the server make private keys.
    pub recovery: Option<RecoveryKeys>,
    pub publication: Arc<Publication>,
    /// Signs the log, and remembers how far.
    pub witness: Arc<Witness>,
    /// One permit for each call that may be worked on.
    pub places: Semaphore,
    /// Likewise, for what anybody may fetch.
    pub public_places: Semaphore,
    /// The ways out to people and programs.
    pub outbox: Arc<Outbox>,
    /// Who is told what.
    pub notices: NoticeSettings,
    pub identity: Identity,
    /// What UPNs and e-mail addresses may be.
    pub domains: Arc<Domains>,
    /// Where people are looked for who are not here yet; `None`: they come from no directory.
    pub elsewhere: Option<Elsewhere>,
    /// How many certificates a person is issued within 24 hours; `None`: any number.
    pub certificates_per_day: Option<usize>,
    /// For how long a kiosk lets somebody in.
    pub visit_lasts: time::Duration,
    pub metrics: Arc<Metrics>,
    pub health: Health,
    pub api: ApiSettings,
    /// The description of all calls, once somebody has asked for it.
    pub description: OnceLock<CacheableFile>,
    /// The server is about to end: new calls are refused.
    pub stopping: AtomicBool,
    /// The names and addresses by which clients call the server.
    pub public_names: Vec<String>,
    /// The CA's configuration string, `server\name`, as certificate lists show it.
    pub ca_config: String,
    /// The URL of the revocation list, as certificates name it.
    pub crl_url: String,
    /// The CA's certificate, DER.
    pub ca_certificate: Vec<u8>,
}

impl App {
    /// Has what was kept for a request that has ended be opened no more. What fails here is done by the next sweep.
    pub fn forget(&self, request: Uuid) {
        let Some(recovery) = &self.recovery else { return };
        if let Err(error) = tokio::task::block_in_place(|| recovery.forget(request)) {
            tracing::error!(%request, error = &error as &dyn std::error::Error, "the key of a request that ended is left");
        }
    }

    /// Closes the store; every write that was acknowledged is on disk already.
    pub async fn close(&self) {
        self.store.close().await;
    }
}
