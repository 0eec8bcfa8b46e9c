//! What all calls share.

use crate::server::authority::authorities::Authorities;
use crate::server::data_directory::settings::operation::ApiSettings;
use crate::server::identity::authenticate::Identity;
use crate::server::keys::archive::RecoveryKeys;
use crate::server::keys::diversify::MasterKeys;
use crate::server::mail::outbox::Mailer;
use crate::server::monitoring::health::Health;
use crate::server::monitoring::metrics::Metrics;
use crate::server::publication::lists::Publication;
use crate::store::Store;
use crate::template::Templates;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tokio::sync::Semaphore;
/// Calls worked on at one time; more of them wait a moment.
pub const MAX_CALLS: u16 = 512;

/// The server's inside.
pub struct App {
    pub store: Store,
    pub templates: Arc<Templates>,
    pub authorities: Authorities,
    pub master_keys: MasterKeys,
    /// `None`: nothing is archived, nor to be.
    pub recovery: Option<RecoveryKeys>,
    pub publication: Arc<Publication>,
    pub places: Semaphore,
    /// `None`: no mail server is set.
    pub mailer: Option<Arc<Mailer>>,
    pub identity: Identity,
    pub metrics: Arc<Metrics>,
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
}

impl App {
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
