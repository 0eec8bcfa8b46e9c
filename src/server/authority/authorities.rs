//! Holds the authorities that sign for the server: its own CA, and the CA elsewhere where one is set.

use crate::ca::{CertificateAuthority, EmbeddedCa};
use std::sync::Arc;

/// Holds the CA that issues certificates for people, and this server's own CA; clones share both.
#[derive(Clone)]
pub struct Authorities {
    issuing: Arc<dyn CertificateAuthority>,
    own: Arc<EmbeddedCa>,
    signs_slowly: bool,
    issues_elsewhere: bool,
}

impl Authorities {
    /// Takes this server's CA, whose key may be in a token (`signs_slowly`), and the CA elsewhere that issues instead
    /// of it.
    pub fn new(own: Arc<EmbeddedCa>, signs_slowly: bool, elsewhere: Option<Arc<dyn CertificateAuthority>>) -> Self {
        let issues_elsewhere = elsewhere.is_some();
        let issuing = elsewhere.unwrap_or_else(|| Arc::clone(&own) as Arc<dyn CertificateAuthority>);
        Self { issuing, own, signs_slowly, issues_elsewhere }
    }

    /// Returns the CA that issues certificates for people.
    pub fn issuing(&self) -> &dyn CertificateAuthority {
        self.issuing.as_ref()
    }

    /// Returns the CA that signs answers, lists and the server's own certificates.
    pub fn own(&self) -> &EmbeddedCa {
        &self.own
    }

    /// Says whether issuing takes a call over the network.
    pub fn issues_elsewhere(&self) -> bool {
        self.issues_elsewhere
    }

    /// Runs `work` with the CA that issues certificates for people; a slow token or network holds up no other call.
    pub fn signing<T>(&self, work: impl FnOnce(&dyn CertificateAuthority) -> T) -> T {
        blocking_if(self.signs_slowly || self.issues_elsewhere, || work(self.issuing.as_ref()))
    }

    /// Runs `work` with this server's own CA; a slow token holds up no other call.
    pub fn signing_here<T>(&self, work: impl FnOnce(&EmbeddedCa) -> T) -> T {
        blocking_if(self.signs_slowly, || work(&self.own))
    }
}

/// Runs `work`, as blocking work of the runtime if it is slow.
fn blocking_if<T>(slow: bool, work: impl FnOnce() -> T) -> T {
    if slow { tokio::task::block_in_place(work) } else { work() }
}
