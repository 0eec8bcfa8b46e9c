//! Finds out who calls, by whichever way in the call uses.

use super::bearer;
use super::certificate::{Certificates, PeerCertificate};
use super::limits::Limits;
use super::negotiate::Negotiate;
use super::oidc::Issuer;
use super::session::Sessions;
use super::way::{Failure, Found};
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::server::error::ApiError;
use crate::server::permission::caller::{Caller, Roles, Shown};
use crate::store::{Store, UserRecord};
use crate::web::site;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use std::net::{IpAddr, SocketAddr};
use time::OffsetDateTime;

/// Bounds the credentials that are looked at, in bytes. Tickets with a Windows PAC grow to some kilobytes.
const MAX_CREDENTIALS: usize = 12 * 1024;
/// Bounds the server's own bearer tokens, in bytes.
const MAX_BEARER: usize = 512;

/// Holds the ways in of a server.
pub struct Identity {
    pub(super) issuer: Option<Issuer>,
    pub(super) negotiate: Option<Negotiate>,
    pub(super) certificates: Option<Certificates>,
    pub(super) sessions: Option<Sessions>,
    pub(super) roles: RoleSettings,
    pub limits: Limits,
}

/// Holds the caller, and headers for whatever the call is answered with.
pub struct Admitted {
    pub caller: Caller,
    pub headers: HeaderMap,
}

impl Identity {
    /// Returns whose client certificates TLS asks for; `None`: nobody's.
    pub fn certificates(&self) -> Option<&Certificates> {
        self.certificates.as_ref()
    }

    /// Returns the challenges for a caller who was not let in (RFC 9110, 11.6.1).
    pub fn challenges(&self, error: &ApiError) -> Vec<HeaderValue> {
        let bearer = match error {
            ApiError::BearerExpired => "Bearer error=\"invalid_token\"",
            _ => "Bearer",
        };
        let negotiate = self.negotiate.as_ref().map(|_| HeaderValue::from_static("Negotiate"));
        negotiate.into_iter().chain([HeaderValue::from_static(bearer)]).collect()
    }

    /// Returns who has duties that no template gives.
    pub fn roles(&self) -> &RoleSettings {
        &self.roles
    }

    /// Finds out who calls, and begins a session where the settings let one follow this way in.
    ///
    /// Fails with [`ApiError::NotAuthenticated`] where the call shows nothing. Wrong credentials are counted.
    pub async fn authenticate(&self, store: &Store, parts: &Parts, now: OffsetDateTime) -> Result<Admitted, ApiError> {
        let address = address(parts);
        let found = match self.admitted(store, parts, address, now).await {
            Ok(Some(found)) => found,
            Ok(None) => return Err(ApiError::NotAuthenticated),
            Err(failure) => return Err(self.count_failure(address, failure)),
        };
        let mut headers = HeaderMap::new();
        if let Some(answer) = &found.answer {
            headers.append(header::WWW_AUTHENTICATE, answer.clone());
        }
        if let Some(sessions) = self.sessions.as_ref().filter(|sessions| sessions.follow(found.shown)) {
            // A user who has a session already, and shows something else besides, needs no second one.
            let present = sessions.find(store, &parts.headers, self.certificates(), now).await.ok().flatten();
            if present.is_none_or(|present| present.user.uuid != found.user.uuid) {
                headers.append(header::SET_COOKIE, sessions.begin(store, &found, now).await?);
            }
        }
        let roles = Roles::of(&self.roles, &found.user.name, &found.user.groups);
        let Found { user: UserRecord { uuid, name, groups, .. }, shown, bears_roles, answer: _, until: _ } = found;
        Ok(Admitted { caller: Caller { uuid, name, groups, roles, bears_roles, shown }, headers })
    }

    /// Returns the user; `None` where the call shows nothing. Refuses a disabled user, and a call that another site had
    /// the browser make: those carry tickets, certificates and cookies by themselves, but no bearer token.
    async fn admitted(
        &self,
        store: &Store,
        parts: &Parts,
        address: Option<IpAddr>,
        now: OffsetDateTime,
    ) -> Result<Option<Found>, Failure> {
        let Some(found) = self.shown(store, parts, address, now).await? else { return Ok(None) };
        if found.user.disabled {
            return Err(Failure::of(ApiError::UserDisabled, &found.user.name));
        }
        if !matches!(found.shown, Shown::Bearer(_) | Shown::Oidc) && site::is_foreign(&parts.headers) {
            return Err(ApiError::CrossSite.into());
        }
        Ok(Some(found))
    }

    /// Finds the user by the first way in that the call uses: `Authorization`, a session's cookie, a client
    /// certificate; `None` where it uses none.
    async fn shown(
        &self,
        store: &Store,
        parts: &Parts,
        address: Option<IpAddr>,
        now: OffsetDateTime,
    ) -> Result<Option<Found>, Failure> {
        if let Some((scheme, credentials)) = authorization(&parts.headers)? {
            let is = |name: &str| scheme.eq_ignore_ascii_case(name);
            return match (&self.issuer, &self.negotiate) {
                (_, Some(negotiate)) if is("negotiate") => {
                    self.limits.patience(address)?;
                    negotiate.find(store, credentials).await.map(Some)
                }
                // Three parts with dots between them are a JWT (RFC 7515, 3.1); the server's own bearer tokens have no
                // dot.
                (Some(issuer), _) if is("bearer") && credentials.matches('.').count() == 2 => {
                    self.limits.patience(address)?;
                    issuer.find(store, credentials, now).await.map(Some)
                }
                _ if is("bearer") && credentials.len() <= MAX_BEARER => {
                    bearer::find(store, credentials, now).await.map(Some)
                }
                _ => Err(ApiError::NotAuthenticated.into()),
            };
        }
        if let Some(sessions) = &self.sessions
            && let Some(found) = sessions.find(store, &parts.headers, self.certificates(), now).await?
        {
            return Ok(Some(found));
        }
        let peer = parts.extensions.get::<PeerCertificate>().and_then(|peer| peer.0.as_ref());
        match (&self.certificates, peer) {
            (Some(certificates), Some(der)) => certificates.find(store, der, now).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Counts a failure that was wrong credentials and returns what to refuse with: [`ApiError::TooManyRequests`] after
    /// too many. An expired bearer token is no guess, and is not counted.
    fn count_failure(&self, address: Option<IpAddr>, failure: Failure) -> ApiError {
        let Failure { error, name } = failure;
        let wrong = matches!(
            error,
            ApiError::NotAuthenticated
                | ApiError::UserUnknown
                | ApiError::UserDisabled
                | ApiError::CertificateRevoked
                | ApiError::CertificateNoLogin(_)
        );
        if !wrong {
            return error;
        }
        match self.limits.failed(address, name.as_deref()) {
            Ok(()) => error,
            Err(too_many) => too_many,
        }
    }
}

/// Returns scheme and credentials of the `Authorization` header (RFC 9110, 11.6.2); refuses two headers, and long ones.
fn authorization(headers: &HeaderMap) -> Result<Option<(&str, &str)>, ApiError> {
    let mut lines = headers.get_all(header::AUTHORIZATION).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    let text = line.to_str().ok().filter(|text| text.len() <= MAX_CREDENTIALS && lines.next().is_none());
    let (scheme, credentials) = text.and_then(|text| text.split_once(' ')).ok_or(ApiError::NotAuthenticated)?;
    Ok(Some((scheme, credentials.trim())))
}

/// Returns the address that the call came from.
pub fn address(parts: &Parts) -> Option<IpAddr> {
    parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|info| info.0.ip())
}
