//! Lets people into the pages: by what a browser shows once, a session of the pages begins; by its cookie they are found again.

use super::authenticate::{Identity, address};
use super::errand::Errand;
use super::session::Kind;
use super::sign_in::Return;
use super::visiting::Visiting;
use super::way::{Failure, Found};
use crate::secret::LinkCode;
use crate::server::error::ApiError;
use crate::server::permission::caller::{Caller, Shown};
use crate::store::Store;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use time::OffsetDateTime;
use uuid::Uuid;

impl Identity {
    /// Finds who visits the pages, by the cookie alone. It counts as a use of the session where the person asks, not where a
    /// page does by itself.
    pub async fn visitor(
        &self,
        store: &Store,
        headers: &HeaderMap,
        now: OffsetDateTime,
        used: bool,
    ) -> Result<Visiting<Caller>, ApiError> {
        let Some(sessions) = &self.sessions else { return Ok(Visiting::Nobody) };
        let found = sessions.look(store, headers, self.certificates(), now).await;
        let found = found.map_err(|failure| failure.error)?;
        if let Visiting::Here((_, session)) = &found
            && used
        {
            sessions.note(store, session, now);
        }
        match found {
            Visiting::Here((found, _)) if found.user.disabled => Err(ApiError::UserDisabled),
            found => Ok(found.map(|(found, _)| self.caller(found))),
        }
    }

    /// Notes that the clock was set back while no server ran: proofs of before are not as fresh as they say.
    pub fn clock_was_set_back(&self) {
        if let Some(sessions) = &self.sessions {
            sessions.set_back();
        }
    }

    /// Begins a session of the pages by a ticket or token, or else by the client certificate of the connection; returns the
    /// headers of the answer. Fails with [`ApiError::NotAuthenticated`] where the request shows neither. Wrong credentials are
    /// counted.
    pub async fn enter(&self, store: &Store, parts: &Parts, now: OffsetDateTime) -> Result<HeaderMap, ApiError> {
        let address = address(parts);
        let found = match self.by_authorization(store, parts, address, now).await {
            Ok(None) => self.by_certificate(store, parts, now).await,
            found => found,
        };
        // A ticket, or a token that a program has got, says nothing of who sits there now.
        let proves = |found: &Found| !matches!(found.shown, Shown::Negotiate | Shown::Oidc);
        let found = found.map(|it| it.map(|found| (proves(&found).then_some(now), found)));
        self.begun(store, found, parts, now).await
    }

    /// Sends somebody to the issuer, from where the browser comes back to `path`: returns where to, and the headers by which the
    /// browser keeps its errand. `fresh`: the person is to log in anew there; `then`: where to go on afterwards.
    pub async fn sent_to_issuer(
        &self,
        parts: &Parts,
        (fresh, then): (bool, &str),
        path: &str,
    ) -> Result<(String, HeaderMap), ApiError> {
        self.limits.patience(address(parts))?;
        let sign_in =
            self.issuer.as_ref().and_then(|issuer| issuer.sign_in.as_ref()).ok_or(ApiError::SignInNotBegun)?;
        let errand = Errand::begin(fresh, then)?;
        Ok((sign_in.address(&errand, path).await?, errand.kept(&parts.headers)?))
    }

    /// Begins a session of the pages for somebody who comes back from the issuer to `path`. The errand is over, whatever came.
    pub async fn returned(&self, store: &Store, parts: &Parts, path: &str, now: OffsetDateTime) -> Returned {
        let answer = Return::read(parts.uri.query().unwrap_or_default());
        let errand = answer.as_ref().and_then(|answer| Errand::find(&parts.headers, &answer.state));
        let (Some(issuer), Some(answer), Some(errand)) = (&self.issuer, answer, errand) else {
            let nowhere = String::from("/");
            return Returned { then: nowhere, headers: HeaderMap::new(), entered: Err(ApiError::SignInNotBegun) };
        };
        let over = errand.over().map(|cookie| (header::SET_COOKIE, cookie));
        let mut headers = HeaderMap::from_iter(over.ok());
        let entered = match self.limits.patience(address(parts)) {
            Ok(()) => {
                let found = issuer.returned(store, (&errand, &answer), path, now).await;
                let found = found.map(|(found, logged_in)| Some((logged_in, found)));
                self.begun(store, found, parts, now).await
            }
            Err(too_many) => Err(too_many),
        };
        let entered = entered.map(|session| {
            headers.extend(session.iter().map(|(name, value)| (name.clone(), value.clone())));
        });
        Returned { then: errand.then, headers, entered }
    }

    /// Begins a session of the pages by the code of a link, which is spent.
    pub async fn enter_by_link(
        &self,
        store: &Store,
        parts: &Parts,
        code: &LinkCode,
        (now, call): (OffsetDateTime, Uuid),
    ) -> Result<HeaderMap, ApiError> {
        let found = self.by_link(store, code, address(parts), (now, call)).await?;
        self.begun(store, Ok(Some((Some(now), found))), parts, now).await
    }

    /// Begins a session for whoever was found, who has proven at that moment to be there.
    async fn begun(
        &self,
        store: &Store,
        found: Result<Option<(Option<OffsetDateTime>, Found)>, Failure>,
        parts: &Parts,
        now: OffsetDateTime,
    ) -> Result<HeaderMap, ApiError> {
        let disabled = |found: &Found| Failure::of(ApiError::UserDisabled, &found.user.name);
        let found = match found {
            Ok(Some((_, found))) if found.user.disabled => Err(disabled(&found)),
            Ok(Some(found)) => Ok(found),
            Ok(None) => return Err(ApiError::NotAuthenticated),
            Err(failure) => Err(failure),
        };
        let (proven, found) = found.map_err(|failure| self.count_failure(address(parts), failure))?;
        let Some(sessions) = &self.sessions else { return Err(ApiError::NotAuthenticated) };
        let cookie = sessions.begin(store, &found, Kind::Pages { proven }, now).await?;
        let mut headers = HeaderMap::from_iter([(header::SET_COOKIE, cookie)]);
        if let Some(answer) = found.answer {
            headers.append(header::WWW_AUTHENTICATE, answer);
        }
        Ok(headers)
    }

    /// Says by which ways people can come into the pages without a code.
    pub fn takes(&self) -> Taken {
        Taken {
            issuer: self.issuer.as_ref().is_some_and(|issuer| issuer.sign_in.is_some()),
            tickets: self.negotiate.is_some(),
            certificates: self.certificates.is_some(),
        }
    }
}

/// Holds what came of somebody's coming back from the issuer.
pub struct Returned {
    /// Where to go on, as it was said at the beginning.
    pub then: String,
    /// The headers that the answer has in any case, and those that begin a session.
    pub headers: HeaderMap,
    pub entered: Result<(), ApiError>,
}

/// Says which ways in there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// An issuer that people sign in at.
    pub issuer: bool,
    /// Kerberos tickets, which a browser shows when it is asked to negotiate (RFC 4559).
    pub tickets: bool,
    pub certificates: bool,
}

/// Returns the challenge that has a browser show its ticket.
pub fn negotiate() -> HeaderValue {
    HeaderValue::from_static("Negotiate")
}
