//! Holds the authorities that sign for the server: its own CA, and the CA elsewhere where one is set.

use crate::ca::{CertificateAuthority, EmbeddedCa};
use std::sync::{Arc, PoisonError, RwLock};

/// Holds the CA that issues certificates for people, and this server's own CA; clones share both.
#[derive(Clone)]
pub struct Authorities {
    elsewhere: Option<Arc<dyn CertificateAuthority>>,
    /// Another one after its certificate was renewed.
    own: Arc<RwLock<Arc<EmbeddedCa>>>,
    signs_slowly: bool,
}

impl Authorities {
    /// Takes this server's CA, whose key may be in a token (`signs_slowly`), and the CA elsewhere that issues instead
    /// of it.
    pub fn new(own: Arc<EmbeddedCa>, signs_slowly: bool, elsewhere: Option<Arc<dyn CertificateAuthority>>) -> Self {
        Self { elsewhere, own: Arc::new(RwLock::new(own)), signs_slowly }
    }

    /// Returns the CA that issues certificates for people.
    pub fn issuing(&self) -> Arc<dyn CertificateAuthority> {
        self.elsewhere.clone().unwrap_or_else(|| self.own())
    }

    /// Returns the CA that signs answers, lists and the server's own certificates.
    pub fn own(&self) -> Arc<EmbeddedCa> {
        Arc::clone(&self.own.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Has this server's CA be shown with another certificate of its key from now on.
    pub fn show(&self, renewed: EmbeddedCa) {
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(renewed);
    }

    /// Says whether issuing takes a call over the network.
    pub fn issues_elsewhere(&self) -> bool {
        self.elsewhere.is_some()
    }

    /// Runs `work` with the CA that issues certificates for people; a slow token or network holds up no other call.
    pub fn signing<T>(&self, work: impl FnOnce(&dyn CertificateAuthority) -> T) -> T {
        blocking_if(self.signs_slowly || self.issues_elsewhere(), || work(self.issuing().as_ref()))
    }

    /// Runs `work` with this server's own CA; a slow token holds up no other call.
    pub fn signing_here<T>(&self, work: impl FnOnce(&EmbeddedCa) -> T) -> T {
        blocking_if(self.signs_slowly, || work(&self.own()))
    }
}

/// Runs `work`, as blocking work of the runtime if it is slow.
fn blocking_if<T>(slow: bool, work: impl FnOnce() -> T) -> T {
    if slow { tokio::task::block_in_place(work) } else { work() }
}
