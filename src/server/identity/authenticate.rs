//! Finds out who calls, by whichever way in the call uses.

use super::bearer;
use super::certificate::Certificates;
use super::connection::TlsConnection;
use super::kept::Kept;
use super::limits::Limits;
use super::link;
use super::negotiate::Negotiate;
use super::oidc::Issuer;
use super::session::{Kind, Sessions};
use super::visit;
use super::way::{Failure, Found};
use crate::secret::LinkCode;
use crate::server::data_directory::settings::identity::RoleSettings;
use crate::server::error::ApiError;
use crate::server::permission::caller::{Caller, Roles, Shown};
use crate::server::users::rules::AccountRefusal;
use crate::store::{BearerRecord, Store, UserRecord};
use crate::web::site;
use axum::extract::ConnectInfo;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use time::OffsetDateTime;
use uuid::Uuid;

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
    pub(super) bearers: Kept<BearerRecord>,
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
            ApiError::BearerExpired | ApiError::VisitOver => "Bearer error=\"invalid_token\"",
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
                headers.append(header::SET_COOKIE, sessions.begin(store, &found, Kind::Program, now).await?);
            }
        }
        Ok(Admitted { caller: self.caller(found), headers })
    }

    /// Describes whoever was found as a caller.
    pub(super) fn caller(&self, found: Found) -> Caller {
        let roles = Roles::of(&self.roles, &found.user.name, &found.user.groups);
        let Found { user: UserRecord { uuid, name, groups, .. }, shown, bears_roles, answer: _, until: _ } = found;
        Caller { uuid, name, groups, roles, bears_roles, shown }
    }

    /// Finds the person behind a link's code and spends the link; whoever shows wrong codes too often waits.
    pub async fn by_link(
        &self,
        store: &Store,
        code: &LinkCode,
        address: Option<IpAddr>,
        (now, call): (OffsetDateTime, Uuid),
    ) -> Result<Found, ApiError> {
        self.limits.patience(address)?;
        let found = link::find(store, code, address, (now, call)).await;
        found.map_err(|failure| self.count_failure(address, failure))
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
        if !matches!(found.shown, Shown::Bearer(_) | Shown::Oidc | Shown::Visit { .. })
            && site::is_foreign(&parts.headers)
        {
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
        if let Some(found) = self.by_authorization(store, parts, address, now).await? {
            return Ok(Some(found));
        }
        if let Some(sessions) = &self.sessions
            && let Some(found) = sessions.find(store, &parts.headers, self.certificates(), now).await?
        {
            return Ok(Some(found));
        }
        self.by_certificate(store, parts, now).await
    }

    /// Finds the user by the header `Authorization`; `None` where there is none.
    pub(super) async fn by_authorization(
        &self,
        store: &Store,
        parts: &Parts,
        address: Option<IpAddr>,
        now: OffsetDateTime,
    ) -> Result<Option<Found>, Failure> {
        let Some((scheme, credentials)) = authorization(&parts.headers)? else { return Ok(None) };
        let is = |name: &str| scheme.eq_ignore_ascii_case(name);
        match (&self.issuer, &self.negotiate) {
            (_, Some(negotiate)) if is("negotiate") => {
                self.limits.patience(address)?;
                let channel = parts.extensions.get().map(|connection: &TlsConnection| Arc::clone(&connection.channel));
                negotiate.find(store, credentials, channel).await.map(Some)
            }
            // Three parts with dots between them are a JWT (RFC 7515, 3.1); the server's own bearer tokens have no dot.
            (Some(issuer), _) if is("bearer") && credentials.matches('.').count() == 2 => {
                self.limits.patience(address)?;
                issuer.find(store, credentials, now).await.map(Some)
            }
            _ if is("bearer") && credentials.len() <= MAX_BEARER && visit::is_meant(credentials) => {
                visit::find(store, &self.roles, credentials, now).await.map(Some)
            }
            _ if is("bearer") && credentials.len() <= MAX_BEARER => {
                bearer::find(store, &self.bearers, credentials, now).await.map(Some)
            }
            _ => Err(ApiError::NotAuthenticated.into()),
        }
    }

    /// Finds the user by the client certificate of the connection; `None` where there is none.
    pub(super) async fn by_certificate(
        &self,
        store: &Store,
        parts: &Parts,
        now: OffsetDateTime,
    ) -> Result<Option<Found>, Failure> {
        let peer = parts.extensions.get::<TlsConnection>().and_then(|connection| connection.client.as_ref());
        match (&self.certificates, peer) {
            (Some(certificates), Some(der)) => certificates.find(store, der, now).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Counts a failure that was wrong credentials and returns what to refuse with: [`ApiError::TooManyRequests`] after
    /// too many. An expired bearer token is no guess, and is not counted.
    pub(super) fn count_failure(&self, address: Option<IpAddr>, failure: Failure) -> ApiError {
        let Failure { error, name } = failure;
        let wrong = matches!(
            error,
            ApiError::NotAuthenticated
                | ApiError::UserUnknown
                | ApiError::UserDisabled
                | ApiError::CertificateRevoked
                | ApiError::CertificateNoLogin(_)
                | ApiError::SignInCodeRefused
                | ApiError::IdToken(_)
                | ApiError::OtherIssuer
                | ApiError::Account(
                    AccountRefusal::LinkUnknown | AccountRefusal::LinkOver { .. } | AccountRefusal::LinkUsed { .. }
                )
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::audit::deed::{self, Deed};
    use crate::server::data_directory::settings::identity::{LimitSettings, Rate};
    use crate::server::users::link::{FreshLink, made};
    use crate::server::users::rules::local_user;
    use time::Duration;

    const NOW: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;

    fn identity(burst: u32) -> Identity {
        let failures_per_address = Rate { burst, per_minute: 1 };
        let limits = Limits::new(&LimitSettings { failures_per_address, ..LimitSettings::default() });
        let roles = RoleSettings::default();
        let bearers = Kept::default();
        Identity { issuer: None, negotiate: None, certificates: None, sessions: None, bearers, roles, limits }
    }

    async fn person(store: &Store, name: &'static str, disabled: bool) -> UserRecord {
        let user = local_user(Uuid::now_v7(), name.into(), Vec::new(), [None, None, None]);
        let user = UserRecord { disabled, ..user };
        let (written, entry) = (user.clone(), deed::own(Deed::UserAdded, NOW).user(user.uuid));
        let job = store.write(move |tx| {
            Box::pin(async move {
                tx.insert_user(&written).await?;
                tx.audit(&entry).await
            })
        });
        job.await.map_err(|error: crate::store::Error| error).unwrap();
        user
    }

    /// Makes a link of a person that is good for 15 minutes.
    async fn linked(store: &Store, owner: Uuid, now: OffsetDateTime) -> Result<FreshLink, ApiError> {
        let fresh = FreshLink::new(owner, now, now + Duration::minutes(15)).unwrap();
        let (record, entry) = (fresh.record.clone(), deed::own(Deed::LinkMade, now).user(owner));
        store
            .write(move |tx| Box::pin(async move { Ok::<_, ApiError>(made(tx, &record, &entry).await?) }))
            .await
            .map(|()| fresh)
    }

    fn code_of(refused: Result<Found, ApiError>) -> String {
        refused.err().unwrap().status_and_code().1.name().to_owned()
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_link_lets_its_owner_in_once_and_in_time() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("test.db")).await.unwrap();
        let alice = person(&store, "alice", false).await;
        let identity = identity(100);
        let address = Some("192.0.2.7".parse().unwrap());
        let asked = async |code: &LinkCode, at: OffsetDateTime| {
            identity.by_link(&store, code, address, (at, Uuid::now_v7())).await
        };
        let link = linked(&store, alice.uuid, NOW).await.unwrap();
        let found = asked(&link.code, NOW).await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!((found.user.uuid, found.shown), (alice.uuid, Shown::Link(link.record.uuid)));
        assert!(found.bears_roles);
        // Whoever comes second is told when and from where.
        let second = asked(&link.code, NOW).await;
        assert!(second.as_ref().err().unwrap().to_string().contains("192.0.2.7"));
        assert_eq!(code_of(second), "link-used");
        let late = linked(&store, alice.uuid, NOW).await.unwrap();
        assert_eq!(code_of(asked(&late.code, NOW + Duration::minutes(15)).await), "link-over");
        // A newer one ends those before.
        let newer = linked(&store, alice.uuid, NOW + Duration::minutes(1)).await.unwrap();
        assert_eq!(code_of(asked(&late.code, NOW + Duration::minutes(2)).await), "link-over");
        assert_eq!(code_of(asked(&LinkCode::new("x".repeat(43)), NOW).await), "link-unknown");
        assert!(asked(&newer.code, NOW + Duration::minutes(2)).await.is_ok());
        assert_eq!(store.acts().get("link-used"), Some(&2));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn somebody_who_is_disabled_comes_in_by_no_link() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("test.db")).await.unwrap();
        let mallory = person(&store, "mallory", true).await;
        let refused = linked(&store, mallory.uuid, NOW).await;
        assert_eq!(refused.err().unwrap().status_and_code().1.name(), "user-disabled");
        let alice = person(&store, "alice", false).await;
        let link = linked(&store, alice.uuid, NOW).await.unwrap();
        let off = UserRecord { disabled: true, ..alice };
        let entry = deed::own(Deed::UserChanged, NOW).user(off.uuid);
        let written = off.clone();
        let job = store.write(move |tx| {
            Box::pin(async move {
                tx.update_user(&written).await?;
                tx.audit(&entry).await
            })
        });
        job.await.map_err(|error: crate::store::Error| error).unwrap();
        let call = (NOW, Uuid::now_v7());
        assert_eq!(code_of(identity(100).by_link(&store, &link.code, None, call).await), "link-unknown");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn whoever_guesses_links_waits() {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(&directory.path().join("test.db")).await.unwrap();
        let alice = person(&store, "alice", false).await;
        let link = linked(&store, alice.uuid, NOW).await.unwrap();
        let (identity, call) = (identity(3), (NOW, Uuid::now_v7()));
        let address = Some("192.0.2.7".parse().unwrap());
        for expected in ["link-unknown", "link-unknown", "link-unknown", "too-many-requests"] {
            let guessed = identity.by_link(&store, &LinkCode::new("guess".into()), address, call).await;
            assert_eq!(code_of(guessed), expected);
        }
        assert_eq!(code_of(identity.by_link(&store, &link.code, address, call).await), "too-many-requests");
        assert!(identity.by_link(&store, &link.code, Some("192.0.2.8".parse().unwrap()), call).await.is_ok());
    }
}
