//! Finds the person behind a session, and begins sessions: a cookie (RFC 6265) with which the next calls need no other
//! way in.
//!
//! The browser sends the cookie to this host alone, over TLS, and not from other sites; scripts do not see it. Its
//! value is random and stored as a hash. A browser sends it by itself, as it does tickets and client certificates,
//! whichever page asks; so calls that come in by one of these are refused when the browser itself says that another
//! site has made them.

use super::certificate::Certificates;
use super::kept::Kept;
use super::visiting::{Over, Visiting};
use super::way::{Failure, Found, Until};
use crate::server::audit::deed::{self, Deed};
use crate::server::data_directory::settings::identity::{SessionAfter, SessionSettings};
use crate::server::error::{ApiError, Internal};
use crate::server::monitoring::steps::Steps;
use crate::server::permission::caller::Shown;
use crate::server::permission::proof::FRESH;
use crate::server::users::bearer::{bearer_hash, new_bearer};
use crate::store::{Owned, SessionRecord, Store};
use crate::web::cookie::{self, SameSite};
use axum::http::{HeaderMap, HeaderValue};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

/// Names the cookie. With this prefix browsers insist on Secure, on the path `/`, and on no other host.
const COOKIE: &str = "__Host-cardwright";
/// Sets for how long after a use further ones are not noted.
const COARSE: Duration = Duration::MINUTE;

/// Says whose session begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Program,
    /// Of the pages for people; `proven` is when the person proved to be there, if what was shown says that at all.
    Pages {
        proven: Option<OffsetDateTime>,
    },
}

/// Holds the rules of sessions, and watches the clock that they rely on.
pub struct Sessions {
    settings: SessionSettings,
    steps: Steps,
    kept: Kept<SessionRecord>,
}

impl Sessions {
    /// Takes the settings.
    pub fn new(settings: SessionSettings) -> Self {
        Self { settings, steps: Steps::default(), kept: Kept::default() }
    }

    /// Notes that the clock was set back while no server ran.
    pub fn set_back(&self) {
        self.steps.set_back();
    }

    /// Says whether a session begins after this way in.
    pub fn follow(&self, shown: Shown) -> bool {
        let after = match shown {
            Shown::Negotiate => SessionAfter::Negotiate,
            Shown::Oidc => SessionAfter::Oidc,
            Shown::Certificate => SessionAfter::Certificate,
            Shown::Bearer(_) | Shown::Session(_) | Shown::Link(_) | Shown::Page { .. } | Shown::Visit { .. } => {
                return false;
            }
        };
        self.settings.after.contains(&after)
    }

    /// Finds the person behind a session's cookie, and notes its use; `None` when there is no cookie, or its session is over:
    /// by its time, by idleness, or because the certificate it began with lets its user in no more.
    pub async fn find(
        &self,
        store: &Store,
        headers: &HeaderMap,
        certificates: Option<&Certificates>,
        now: OffsetDateTime,
    ) -> Result<Option<Found>, Failure> {
        let looked = self.look(store, headers, certificates, now).await?;
        let Visiting::Here((found, session)) = looked else { return Ok(None) };
        self.note(store, &session, now);
        Ok(Some(found))
    }

    /// Finds the person likewise and says why a session is over. It is no use of the session, and keeps none from ending by
    /// idleness; [`Self::note`] notes that it is one.
    pub async fn look(
        &self,
        store: &Store,
        headers: &HeaderMap,
        certificates: Option<&Certificates>,
        now: OffsetDateTime,
    ) -> Result<Visiting<(Found, SessionRecord)>, Failure> {
        let Some(value) = cookie::value(headers, COOKIE) else { return Ok(Visiting::Nobody) };
        let doubted = self.heed_the_clock(store, now).await;
        let lets_in = |held: &Owned<SessionRecord>| self.over(&held.what, now).is_none();
        let ask = async |hash: &[u8; 32]| store.session_by_hash(hash).await;
        let held = self.kept.find(store, &bearer_hash(value), lets_in, ask).await.map_err(ApiError::from)?;
        let Some(mut held) = held else { return Ok(Visiting::Over(Over::Gone)) };
        // One that says it was used later than now is of before the clock was set back, whoever has noticed that.
        if doubted || held.what.last_used > now {
            held.what.proven = held.what.proven.map(|proven| proven.min(now - FRESH));
        }
        // A session that is over is like none: a certificate, or another try with a ticket, may begin the next.
        if let Some(over) = self.over(&held.what, now) {
            return Ok(Visiting::Over(over));
        }
        let mut bears_roles = held.what.bears_roles;
        if let Some(der) = &held.what.certificate {
            let Some(certificates) = certificates else { return Ok(Visiting::Over(Over::Certificate)) };
            match still(certificates.find(store, der, now).await)? {
                Some(found) if found.user.uuid == held.holder.uuid => bears_roles &= found.bears_roles,
                Some(_) | None => return Ok(Visiting::Over(Over::Certificate)),
            }
        }
        let SessionRecord { uuid: session, proven, pages, .. } = held.what;
        let shown = if pages { Shown::Page { session, proven } } else { Shown::Session(session) };
        let until = Until::Moment(held.what.expires);
        let found = Found { user: held.holder, shown, bears_roles, answer: None, until };
        Ok(Visiting::Here((found, held.what)))
    }

    /// Notes the use of a session in the background, so that the call need not wait.
    pub fn note(&self, store: &Store, session: &SessionRecord, now: OffsetDateTime) {
        if now < session.last_used + COARSE {
            return;
        }
        self.kept.note(&session.hash, |session| session.last_used = now);
        let (store, uuid) = (store.clone(), session.uuid);
        tokio::spawn(async move {
            let noted = store.write(move |tx| Box::pin(async move { tx.touch_session(uuid, now).await })).await;
            if let Err(error) = noted {
                tracing::warn!(%error, "the use of a session was not noted");
            }
        });
    }

    /// Says why a session is over by the clock; `None`: it is not.
    fn over(&self, session: &SessionRecord, now: OffsetDateTime) -> Option<Over> {
        let idle = Duration::minutes(self.settings.idle_minutes.into());
        let over = match (now < session.expires, now < session.last_used + idle) {
            (true, true) => return None,
            (false, _) => Over::Time,
            (true, false) => Over::Idle,
        };
        Some(if self.steps.leapt() { Over::Clock } else { over })
    }

    /// Has what was proven before the clock was set back count as stale, as nobody knows any more how old it is; says whether it
    /// is to be doubted because that could not be noted.
    async fn heed_the_clock(&self, store: &Store, now: OffsetDateTime) -> bool {
        self.steps.look();
        let Some(back) = self.steps.back() else { return false };
        let job = store.write(move |tx| Box::pin(async move { tx.date_sessions_back(now - FRESH, now).await }));
        match job.await {
            Ok(()) => {
                tracing::warn!(%now, "the clock was set back: whoever decides on pages has to prove anew who he is");
                self.steps.settle(back);
                false
            }
            Err(error) => {
                tracing::error!(%error, "the clock was set back, and that could not be noted: no proof counts as fresh");
                true
            }
        }
    }

    /// Begins a session with the roles of what was found, and returns the `Set-Cookie` header; ends the user's oldest
    /// sessions beyond those a user may have.
    pub async fn begin(
        &self,
        store: &Store,
        found: &Found,
        kind: Kind,
        now: OffsetDateTime,
    ) -> Result<HeaderValue, ApiError> {
        let user = &found.user;
        let failed = ApiError::Internal(Internal::Random);
        let Ok(value) = new_bearer() else { return Err(failed) };
        let whole = now + Duration::hours(self.settings.hours.into());
        let (expires, certificate) = match &found.until {
            Until::Itself => (whole, None),
            Until::Moment(end) => (whole.min(*end), None),
            Until::Certificate(der) => (whole, Some(der.clone())),
        };
        let (pages, proven) = match kind {
            Kind::Program => (false, None),
            Kind::Pages { proven } => (true, proven),
        };
        let session = SessionRecord {
            uuid: Uuid::now_v7(),
            owner: user.uuid,
            hash: bearer_hash(value.expose()),
            created: now,
            expires,
            last_used: now,
            bears_roles: found.bears_roles,
            certificate,
            pages,
            proven,
        };
        let (owner, kept) = (user.uuid, self.settings.per_user.max(1));
        let entry = deed::own(Deed::SessionBegun, now).user(owner).with("session", session.uuid);
        let write = store.write(move |tx| {
            Box::pin(async move {
                tx.insert_session(&session).await?;
                tx.prune_sessions(owner, kept, now).await?;
                tx.audit(&entry).await
            })
        });
        write.await.map_err(|error: crate::store::Error| ApiError::from(error))?;
        let seconds = u64::try_from((expires - now).whole_seconds()).unwrap_or_default();
        cookie::kept(COOKIE, value.expose(), seconds, SameSite::Strict).map_err(|_| failed)
    }
}

/// Returns what a certificate leads to; `None` where it lets nobody in. Fails where that could not be found out.
fn still(found: Result<Found, Failure>) -> Result<Option<Found>, Failure> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(failure) => match failure.error {
            ApiError::NotAuthenticated
            | ApiError::UserUnknown
            | ApiError::CertificateRevoked
            | ApiError::CertificateNoLogin(_) => Ok(None),
            _ => Err(failure),
        },
    }
}

/// Returns the `Set-Cookie` header that removes the cookie.
pub fn ended() -> HeaderValue {
    HeaderValue::from_static("__Host-cardwright=; Max-Age=0; Path=/; Secure; HttpOnly; SameSite=Strict")
}
