//! Lets people into the pages: by what a browser shows once, a session of the pages begins; by its cookie they are found again.

use super::authenticate::{Identity, address};
use super::way::{Failure, Found};
use crate::secret::LinkCode;
use crate::server::error::ApiError;
use crate::server::permission::caller::Caller;
use crate::store::Store;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, header};
use time::OffsetDateTime;
use uuid::Uuid;

impl Identity {
    /// Finds who visits the pages, by the cookie alone; `None`: nobody does, or the session is over. It counts as a use of the
    /// session where the person asks, not where a page does by itself.
    pub async fn visitor(
        &self,
        store: &Store,
        headers: &HeaderMap,
        now: OffsetDateTime,
        used: bool,
    ) -> Result<Option<Caller>, ApiError> {
        let Some(sessions) = &self.sessions else { return Ok(None) };
        let found = match used {
            true => sessions.find(store, headers, self.certificates(), now).await,
            false => sessions.look(store, headers, self.certificates(), now).await.map(|it| it.map(|(found, _)| found)),
        };
        match found.map_err(|failure| failure.error)? {
            Some(found) if found.user.disabled => Err(ApiError::UserDisabled),
            found => Ok(found.map(|found| self.caller(found))),
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
        self.begun(store, found, parts, now).await
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
        self.begun(store, Ok(Some(found)), parts, now).await
    }

    /// Begins a session for whoever was found.
    async fn begun(
        &self,
        store: &Store,
        found: Result<Option<Found>, Failure>,
        parts: &Parts,
        now: OffsetDateTime,
    ) -> Result<HeaderMap, ApiError> {
        let disabled = |found: &Found| Failure::of(ApiError::UserDisabled, &found.user.name);
        let found = match found {
            Ok(Some(found)) if found.user.disabled => Err(disabled(&found)),
            Ok(Some(found)) => Ok(found),
            Ok(None) => return Err(ApiError::NotAuthenticated),
            Err(failure) => Err(failure),
        };
        let found = found.map_err(|failure| self.count_failure(address(parts), failure))?;
        let Some(sessions) = &self.sessions else { return Err(ApiError::NotAuthenticated) };
        let cookie = sessions.begin(store, &found, true, now).await?;
        let mut headers = HeaderMap::from_iter([(header::SET_COOKIE, cookie)]);
        if let Some(answer) = found.answer {
            headers.append(header::WWW_AUTHENTICATE, answer);
        }
        Ok(headers)
    }

    /// Says by which ways people can come into the pages without a code.
    pub fn takes(&self) -> Taken {
        Taken { tickets: self.negotiate.is_some(), certificates: self.certificates.is_some() }
    }
}

/// Says which ways in there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Kerberos tickets, which a browser shows when it is asked to negotiate (RFC 4559).
    pub tickets: bool,
    pub certificates: bool,
}

/// Returns the challenge that has a browser show its ticket.
pub fn negotiate() -> HeaderValue {
    HeaderValue::from_static("Negotiate")
}
