//! What all calls share.

use crate::ca::{CertificateAuthority, EmbeddedCa};
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
