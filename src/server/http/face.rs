//! The door for a face: what serves pages for people has its calls carried out here, in the visitor's name.
//!
//! In: a [`Route`] and a body. Out: what the API would answer, or its refusal. A face reaches nothing but by a call of the API,
//! with the visitor's rights.
//! Absent: how a page looks.

use super::dispatch::{self, Moment};
use super::refusals;
use crate::cm::beyond_mim::Myself;
use crate::cm::route::Route;
use crate::cm::wire::read_body;
use crate::secret::LinkCode;
use crate::server::call::app::App;
use crate::server::call::body::Payload;
use crate::server::call::reply::{Reply, written};
use crate::server::error::{ApiError, Fact, Internal};
use crate::server::identity::visiting::Visiting;
use crate::server::identity::{entrance, session};
use crate::server::permission::caller::Caller;
use axum::extract::Request;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;
use time::OffsetDateTime;
use tracing::Instrument;
use uuid::Uuid;

/// Is an answer under way.
pub type Answering = Pin<Box<dyn Future<Output = Response> + Send>>;

/// Serves pages for people at every path that is none of the API's.
pub trait Face: Send + Sync {
    /// Answers a request. Whoever sent it has shown nothing yet.
    fn answer(&self, door: Door, request: Request) -> Answering;
}

/// Lets visitors in, and carries out their calls; made for one request.
#[derive(Clone)]
pub struct Door {
    app: Arc<App>,
    /// The correlation id of the request, and of all calls that are made for it.
    pub id: Uuid,
    /// The port of the listener that asks for client certificates, if there is one.
    pub certificates: Option<u16>,
}

/// Is somebody who visits the pages, as the cookie has told.
#[derive(Clone, Debug)]
pub struct Visitor(Caller);

impl Visitor {
    /// Returns the visitor's id.
    pub fn uuid(&self) -> Uuid {
        self.0.uuid
    }

    /// Returns the visitor's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }
}

/// Holds a refusal of the API, as its callers are told it.
#[derive(Clone, Debug)]
pub struct Refused {
    pub status: u16,
    /// The stable code.
    pub code: &'static str,
    /// What happened, what was kept, and what to do next.
    pub text: String,
    /// What the text names, for a face that tells it in another language.
    pub facts: Vec<(&'static str, Fact)>,
    /// By which the server's log knows the call.
    pub id: Uuid,
    /// In how many seconds another try makes sense.
    pub seconds: Option<u64>,
}

impl Refused {
    /// Says whether the refusal names this.
    pub fn names(&self, what: &str, name: &str) -> bool {
        self.facts.iter().any(|(known, fact)| *known == what && matches!(fact, Fact::Text(text) if text == name))
    }
}

/// Holds a list, and says whether it is longer than what was answered.
#[derive(Clone, Debug)]
pub struct Entries<T> {
    pub entries: Vec<T>,
    pub cut: bool,
}

impl Door {
    /// Makes the door for one request.
    pub(super) fn new(app: Arc<App>, id: Uuid, certificates: Option<u16>) -> Self {
        Self { app, id, certificates }
    }

    /// Returns the moment at which a call is made, in whole milliseconds as the wire has them.
    pub fn now(&self) -> OffsetDateTime {
        OffsetDateTime::now_utc().truncate_to_millisecond()
    }

    /// Says whether the server is about to end: what stays open is to end, too.
    pub fn is_closing(&self) -> bool {
        self.app.stopping.load(Ordering::Relaxed)
    }

    /// Finds who visits, by the session's cookie.
    pub async fn visitor(&self, headers: &HeaderMap) -> Result<Visiting<Visitor>, Refused> {
        self.found(headers, true).await
    }

    /// Finds who visits likewise, for what a page asks by itself: it keeps no session from ending by idleness.
    pub async fn onlooker(&self, headers: &HeaderMap) -> Result<Visiting<Visitor>, Refused> {
        self.found(headers, false).await
    }

    async fn found(&self, headers: &HeaderMap, used: bool) -> Result<Visiting<Visitor>, Refused> {
        let found = self.app.identity.visitor(&self.app.store, headers, self.now(), used).await;
        Ok(found.map_err(|error| self.refused(&error))?.map(Visitor))
    }

    /// Lets somebody in by a ticket or token, or by the client certificate of the connection; returns the headers that begin
    /// the session.
    pub async fn enter(&self, parts: &Parts) -> Result<HeaderMap, Refused> {
        let entered = self.app.identity.enter(&self.app.store, parts, self.now()).await;
        entered.map_err(|error| self.refused(&error))
    }

    /// Lets somebody in by the code of a link, which is spent; returns the headers that begin the session.
    pub async fn enter_by_link(&self, parts: &Parts, code: &str) -> Result<HeaderMap, Refused> {
        let code = LinkCode::new(code.to_owned());
        let entered = self.app.identity.enter_by_link(&self.app.store, parts, &code, (self.now(), self.id)).await;
        entered.map_err(|error| self.refused(&error))
    }

    /// Sends somebody to the issuer to sign in, and back to `path` then: returns where to, and the headers of the answer.
    /// `fresh`: the person is to log in anew there; `then`: where to go on afterwards.
    pub async fn send_to_issuer(
        &self,
        parts: &Parts,
        (fresh, then): (bool, &str),
        path: &str,
    ) -> Result<(String, HeaderMap), Refused> {
        let sent = self.app.identity.sent_to_issuer(parts, (fresh, then), path).await;
        sent.map_err(|error| self.logged(&error, parts.method.as_str(), Instant::now()))
    }

    /// Lets somebody in who comes back from the issuer to `path`; returns the headers of the answer, where to go on, and why
    /// nobody was let in.
    pub async fn take_back(&self, parts: &Parts, path: &str) -> (HeaderMap, String, Result<(), Refused>) {
        let begun = Instant::now();
        let entrance::Returned { headers, then, entered } =
            self.app.identity.returned(&self.app.store, parts, path, self.now()).await;
        (headers, then, entered.map_err(|error| self.logged(&error, parts.method.as_str(), begun)))
    }

    /// Returns the header that ends the session in the browser.
    pub fn ended(&self) -> HeaderValue {
        session::ended()
    }

    /// Says which ways in there are.
    pub fn ways(&self) -> entrance::Taken {
        self.app.identity.takes()
    }

    /// Returns the challenge that has a browser show its ticket.
    pub fn challenge(&self) -> HeaderValue {
        entrance::negotiate()
    }

    /// Makes a call that answers with one thing.
    pub async fn one<T: DeserializeOwned>(&self, visitor: &Visitor, route: Route) -> Result<T, Refused> {
        self.read(self.call(visitor, route, Vec::new()).await?)
    }

    /// Makes a call that answers with one thing, or with nothing where there is none.
    pub async fn one_or_none<T: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        route: Route,
    ) -> Result<Option<T>, Refused> {
        match self.call(visitor, route, Vec::new()).await? {
            Reply::Empty => Ok(None),
            reply => self.read(reply).map(Some),
        }
    }

    /// Makes a call that answers with a list, which may be empty.
    pub async fn list<T: DeserializeOwned>(&self, visitor: &Visitor, route: Route) -> Result<Entries<T>, Refused> {
        match self.call(visitor, route, Vec::new()).await? {
            Reply::Empty => Ok(Entries { entries: Vec::new(), cut: false }),
            reply => {
                let cut = matches!(reply, Reply::CutList(_));
                Ok(Entries { entries: self.read(reply)?, cut })
            }
        }
    }

    /// Makes a call that changes something, and reads what it answers with.
    pub async fn send<T: DeserializeOwned>(
        &self,
        visitor: &Visitor,
        route: Route,
        body: &(impl Serialize + Sync),
    ) -> Result<T, Refused> {
        self.read(self.call(visitor, route, self.body(body)?).await?)
    }

    /// Makes a call that changes something, whatever it answers with.
    pub async fn act(&self, visitor: &Visitor, route: Route, body: &(impl Serialize + Sync)) -> Result<(), Refused> {
        self.call(visitor, route, self.body(body)?).await.map(drop)
    }

    /// Tells who the visitor is, and what duties he has.
    pub async fn whoami(&self, visitor: &Visitor) -> Result<Myself, Refused> {
        self.one(visitor, Route::Whoami).await
    }

    /// Writes a body.
    fn body(&self, body: &impl Serialize) -> Result<Vec<u8>, Refused> {
        written(body).map_err(|error| self.refused(&error))
    }

    /// Reads what a call has answered with.
    fn read<T: DeserializeOwned>(&self, reply: Reply) -> Result<T, Refused> {
        let bytes = match reply {
            Reply::Json(bytes) | Reply::CutList(bytes) | Reply::Created(bytes) | Reply::Accepted(bytes) => bytes,
            Reply::Empty | Reply::Verbs(_) | Reply::Other(_) | Reply::File { .. } => Vec::new(),
        };
        read_body(&bytes).map_err(|error| self.refused(&ApiError::Internal(Internal::OwnAnswer(error))))
    }

    /// Carries out one call in the visitor's name.
    async fn call(&self, visitor: &Visitor, route: Route, body: Vec<u8>) -> Result<Reply, Refused> {
        let begun = Instant::now();
        let verb = route.method().name();
        let answered = self.conducted(visitor, route, body).await;
        answered.map_err(|error| self.logged(&error, verb, begun))
    }

    /// Counts and logs a refusal of what was begun then, and describes it.
    fn logged(&self, error: &ApiError, verb: &str, begun: Instant) -> Refused {
        self.app.metrics.refused(error.status_and_code().1);
        refusals::log(error, self.id, verb, u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX));
        self.refused(error)
    }

    async fn conducted(&self, visitor: &Visitor, route: Route, body: Vec<u8>) -> Result<Reply, ApiError> {
        let moment = Moment { now: self.now(), id: self.id };
        // What an address or a form of a page says is held to what any caller's parameters are.
        let told = route.path_and_query();
        let (path, query) = told.split_once('?').map_or((told.as_str(), None), |(path, query)| (path, Some(query)));
        let route = Route::parse(route.method(), path, query).map_err(ApiError::Address)?;
        dispatch::check(&self.app, &visitor.0, &route, moment.now)?;
        let (app, caller) = (Arc::clone(&self.app), visitor.0.clone());
        let work = async move { dispatch::conduct(&app, caller, route, Payload::within(body), moment).await };
        // A task of its own: below a page's own work a thread's stack would not hold it.
        let done = tokio::spawn(work.in_current_span()).await;
        done.unwrap_or(Err(ApiError::Internal(Internal::Panicked)))
    }

    /// Describes a refusal as callers are told it.
    fn refused(&self, error: &ApiError) -> Refused {
        let (status, code) = error.status_and_code();
        let seconds = match error {
            ApiError::TooManyRequests { seconds } | ApiError::DailyLimit { seconds, .. } => Some(*seconds),
            ApiError::CaPending { retry_after } => Some((*retry_after).into()),
            ApiError::Busy => Some(1),
            ApiError::Stopping => Some(10),
            _ => None,
        };
        let (text, facts) = (error.to_string(), error.facts());
        Refused { status: status.as_u16(), code: code.name(), text, facts, id: self.id, seconds }
    }
}
