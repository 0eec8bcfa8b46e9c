//! Finds the person behind a Kerberos ticket: SPNEGO over HTTP (RFC 4559), in one round. The answer proves the server
//! to the caller.

use super::error::IdentityError;
use super::person::{self, split};
use super::way::{Failure, Found, Until};
use crate::gssapi::{self, Accepted, Acceptor};
use crate::server::data_directory::settings::identity::{ChannelBinding, NegotiateSettings};
use crate::server::error::ApiError;
use crate::server::permission::caller::Shown;
use crate::store::Store;
use axum::http::HeaderValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Bounds the tickets that are checked at one time, each on a thread of its own.
const MOST_AT_ONCE: usize = 8;
/// Bounds how long a ticket waits until it is checked.
const PATIENCE: Duration = Duration::from_secs(5);

/// Accepts tickets for this server.
pub struct Negotiate {
    acceptor: Arc<Acceptor>,
    settings: NegotiateSettings,
    places: Semaphore,
}

impl Negotiate {
    /// Opens the keytab; the tickets that were used are recorded in the file `replays`.
    pub fn open(settings: NegotiateSettings, keytab: &Path, replays: &Path) -> Result<Self, IdentityError> {
        let wrong = |problem| IdentityError::Setting { table: "identity.negotiate", problem };
        if settings.realms.is_empty() {
            return Err(wrong("realms must name one at least"));
        }
        let (Some(keytab), Some(replays)) = (keytab.to_str(), replays.to_str()) else {
            return Err(wrong("the path of the keytab or of the data directory is not UTF-8"));
        };
        let acceptor = Acceptor::open(keytab, replays).map_err(IdentityError::Kerberos)?;
        Ok(Self { acceptor: Arc::new(acceptor), settings, places: Semaphore::new(MOST_AT_ONCE) })
    }

    /// Finds the person behind a SPNEGO token, in base64, that came over this channel; `None`: not over TLS. Only persons of the
    /// listed realms are let in.
    pub async fn find(&self, store: &Store, credentials: &str, channel: Option<Arc<[u8]>>) -> Result<Found, Failure> {
        let spnego = STANDARD.decode(credentials).map_err(|_| ApiError::NotAuthenticated)?;
        let place = tokio::time::timeout(PATIENCE, self.places.acquire()).await;
        let _place = place.map_err(|_| ApiError::Busy)?.map_err(|_| ApiError::Busy)?;
        let acceptor = Arc::clone(&self.acceptor);
        let channel = channel.filter(|_| self.settings.channel_binding != ChannelBinding::Ignored);
        let accepted = tokio::task::spawn_blocking(move || acceptor.accept(&spnego, channel.as_deref())).await;
        let Accepted { principal, proof, is_bound } = match accepted.map_err(|_| ApiError::NotAuthenticated)? {
            Ok(accepted) => accepted,
            Err(error) => {
                log(&error);
                return Err(ApiError::NotAuthenticated.into());
            }
        };
        if !is_bound && self.settings.channel_binding == ChannelBinding::Required {
            tracing::info!(principal, "a Kerberos token was refused: it is not bound to the TLS connection");
            return Err(ApiError::NotAuthenticated.into());
        }
        let realm = split(&principal).1.unwrap_or_default();
        // A principal with an instance, such as host/x or alice/admin, is another than the person.
        if !self.settings.realms.iter().any(|known| known == realm) || principal.contains(['/', '\\']) {
            return Err(Failure::of(ApiError::UserUnknown, &principal));
        }
        let user = person::expected(store, self.settings.user_by, &principal).await?;
        let answer = HeaderValue::try_from(format!("Negotiate {}", STANDARD.encode(proof))).ok();
        Ok(Found { user, shown: Shown::Negotiate, bears_roles: true, answer, until: Until::Itself })
    }
}

/// Logs why a ticket was refused; the caller is not told.
fn log(error: &gssapi::Error) {
    tracing::info!(%error, "a Kerberos token was refused");
}
