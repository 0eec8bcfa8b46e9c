//! Does one HTTP exchange: checks the address, sends, limits time and size, reads the reply.

use super::beyond_mim::{Extension, Told, harmless, told_by};
use super::date;
use super::error::{Error, Excerpt, OtherChannel};
use super::line::{Line, Lines, Timeouts};
use super::login::{Login, Prover};
use super::offer::offer;
use super::tls::{Tls, Trust};
use crate::cm::route::{Method, Route, VIRTUAL_DIRECTORY};
use std::io::{self, Read};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use ureq::http;
use url::Url;
use zeroize::Zeroizing;

/// Limits a reply, in bytes.
pub const MAX_REPLY: u64 = 4 * 1024 * 1024;

/// Limits how often a ticket is made anew for a call, as the connection is one to a server with another certificate: of those that are
/// kept each may be.
const MOST_TICKETS: u32 = 6;

/// Limits how many cookies are kept; a server that sets more loses them all.
const MOST_COOKIES: usize = 64;

/// Says which server is called, how the caller authenticates, and which certificates are trusted.
pub struct ClientConfig {
    /// Address: `https://host:port`, with a path where the virtual directory is not `/CertificateManagement`.
    pub base_url: Url,
    pub trust: Trust,
    pub login: Login,
    pub timeouts: Timeouts,
}

/// Holds a reply with a status from 200 to 299 and its whole body.
pub(super) struct Reply {
    pub status: u16,
    pub content_type: String,
    /// The `Location` header; empty without one.
    pub location: String,
    pub body: Zeroizing<Vec<u8>>,
}

/// Is one call, which is to be over in time.
struct Call<'c> {
    route: &'c Route,
    url: String,
    body: Option<&'c [u8]>,
    until: Instant,
}

/// Sends calls to one server.
pub(super) struct Transport {
    lines: Lines,
    base_url: Url,
    prover: Prover,
    /// Limit for a call, from its first connection to the last byte of its reply.
    call: Duration,
    /// Whether the server has the routes beyond MIM, once an answer has told.
    extension: OnceLock<bool>,
    /// What the server's clock said when it answered last.
    time: Mutex<Option<OffsetDateTime>>,
}

impl Transport {
    /// Checks the address and prepares the connection.
    pub fn new(config: ClientConfig) -> Result<Self, Error> {
        check_address(&config.base_url)?;
        let prover = Prover::new(&config.login, &config.base_url)?;
        let are_bound = prover.binds() && config.base_url.scheme() == "https";
        let lines = Lines::new(Tls::new(&config.trust)?, config.timeouts, are_bound);
        let (extension, time) = (OnceLock::new(), Mutex::default());
        Ok(Self { lines, base_url: config.base_url, prover, call: config.timeouts.call, extension, time })
    }

    /// Returns the server's address as configured.
    pub fn base_url(&self) -> &Url {
        &self.base_url
    }

    /// Sends one call and reads its reply; statuses outside 200 to 299 are errors. What a server without the routes
    /// beyond MIM says to one of them is [`Error::ExtensionAbsent`].
    pub fn exchange(&self, route: &Route, body: Option<&[u8]>) -> Result<Reply, Error> {
        let answered = self.send(route, body);
        let Some(extension) = Extension::of(route) else { return answered };
        let (status, told) = match self.sort(extension, &answered) {
            Some(doubted) => doubted,
            None => return answered,
        };
        let absent = match told {
            Told::Absent => true,
            Told::Nothing => false,
            Told::Doubtful if *route == Route::Whoami => true,
            Told::Doubtful => self.has_extension().map_or_else(|_| harmless(route, status), |has| !has),
        };
        if absent { Err(Error::ExtensionAbsent { route: extension.purpose }) } else { answered }
    }

    /// Says whether the server has the routes beyond MIM; asks it once who the caller is where no answer has told yet.
    pub fn has_extension(&self) -> Result<bool, Error> {
        if let Some(known) = self.extension.get() {
            return Ok(*known);
        }
        let answered = self.send(&Route::Whoami, None);
        let has = match Extension::of(&Route::Whoami).and_then(|extension| self.sort(extension, &answered)) {
            None | Some((_, Told::Nothing)) => return answered.map(|_| true),
            Some((_, Told::Absent | Told::Doubtful)) => false,
        };
        Ok(*self.extension.get_or_init(|| has))
    }

    /// Returns status and meaning of an answer that does not come from cardwright's server, as far as can be seen; an
    /// answer that does is remembered.
    fn sort(&self, extension: Extension, answered: &Result<Reply, Error>) -> Option<(u16, Told)> {
        match answered {
            Ok(reply) if !extension.is_answered(reply.status, &reply.body) => Some((reply.status, Told::Doubtful)),
            Err(Error::Refused { status, .. }) if answered.as_ref().is_err_and(|error| !error.has_code_of_ours()) => {
                Some((*status, told_by(*status)))
            }
            Err(Error::Redirected { status, .. }) => Some((*status, told_by(*status))),
            Ok(_) | Err(Error::Refused { .. }) => {
                self.extension.get_or_init(|| true);
                None
            }
            Err(_) => None,
        }
    }

    /// Sends one call, and once more if it only reads and the connection broke; all of it within the time of one call.
    fn send(&self, route: &Route, body: Option<&[u8]>) -> Result<Reply, Error> {
        let call = Call { route, url: self.url(route), body, until: Instant::now() + self.call };
        match route.method() {
            Method::Get => twice(|| self.exchange_once(&call)),
            Method::Post | Method::Put => self.exchange_once(&call),
        }
    }

    /// Sends a call once. Where the server shows another certificate than the one that a ticket is bound to, nothing was sent, and
    /// there is another ticket; what the other server has given as a cookie is not for this one.
    fn exchange_once(&self, call: &Call<'_>) -> Result<Reply, Error> {
        for _ in 1..MOST_TICKETS {
            let line = self.lines.now();
            match self.exchange_over(&line, call) {
                Err(Error::Tls { source, .. }) if source.is::<OtherChannel>() => self.lines.leave(&line),
                outcome => return outcome,
            }
        }
        self.exchange_over(&self.lines.now(), call)
    }

    /// Has a line to one certificate alone learn which one that is, by asking the server something that says nothing of the caller;
    /// who has no ticket asks nothing.
    fn learn_channel(&self, line: &Line, until: Instant) -> Result<(), Error> {
        if !line.lacks_channel() {
            return Ok(());
        }
        self.prover.authorize(None)?;
        twice(|| {
            let asked = within(self.left(until)?, line.agent.get(self.url(&Route::Whoami))).call();
            let mut answer = asked.map_err(|source| Error::from_transport(&self.base_url, source))?;
            // Read to its end, so that the connection is used again; what it says is of no matter.
            let _ = io::copy(&mut answer.body_mut().as_reader().take(MAX_REPLY), &mut io::sink());
            Ok(())
        })
    }

    /// Sends a call over a line, with a login that is bound to its channel if it has one, and checks the server's proof.
    fn exchange_over(&self, line: &Line, call: &Call<'_>) -> Result<Reply, Error> {
        self.learn_channel(line, call.until)?;
        let (authorization, exchange) = self.prover.authorize(line.channel().map(<[u8]>::to_vec))?;
        let left = self.left(call.until)?;
        let accept = http::HeaderValue::from_static("application/json");
        let json = "application/json; charset=utf-8";
        let body = call.body.unwrap_or_default();
        let sent = match call.route.method() {
            Method::Get => {
                within(left, shown(line.agent.get(&call.url), &authorization)).header("accept", accept).call()
            }
            Method::Post => within(left, shown(line.agent.post(&call.url), &authorization))
                .header("accept", accept)
                .content_type(json)
                .send(body),
            Method::Put => within(left, shown(line.agent.put(&call.url), &authorization))
                .header("accept", accept)
                .content_type(json)
                .send(body),
        };
        let response = sent.map_err(|source| Error::from_transport(&self.base_url, source))?;
        self.sift_cookies(line, response.headers(), &call.url);
        self.note_time(response.headers());
        let proof = self.prover.check(exchange, &response);
        let reply = self.read(response);
        proof.and(reply)
    }

    /// Returns how much is left of a call's time.
    fn left(&self, until: Instant) -> Result<Duration, Error> {
        let left = until.saturating_duration_since(Instant::now());
        match left.is_zero() {
            true => Err(Error::from_transport(&self.base_url, ureq::Error::Timeout(ureq::Timeout::Global))),
            false => Ok(left),
        }
    }

    /// Remembers what the server's clock says.
    fn note_time(&self, headers: &http::HeaderMap) {
        let told = headers.get(http::header::DATE).and_then(|value| date::read(value.to_str().ok()?));
        if told.is_some() {
            *self.time.lock().unwrap_or_else(PoisonError::into_inner) = told;
        }
    }

    /// Returns what the server's clock said when it answered last.
    pub fn time(&self) -> Option<OffsetDateTime> {
        *self.time.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets the server's cookies when there are too many, and over plain HTTP those that were to travel by TLS alone
    /// (RFC 6265, 5.4): the jar would let them go to loopback.
    fn sift_cookies(&self, line: &Line, headers: &http::HeaderMap, url: &str) {
        let mut cookies = line.agent.cookie_jar_lock();
        if self.base_url.scheme() != "https" {
            let host = self.base_url.host_str().unwrap_or_default();
            let set = headers.get_all(http::header::SET_COOKIE).iter().filter_map(|value| value.to_str().ok());
            for SecureCookie { name, path } in set.filter_map(|set| SecureCookie::read(set, url)) {
                cookies.remove(host, &path, name);
                let stays = cookies.iter().any(|cookie| cookie.name() == name);
                if stays {
                    cookies.clear();
                }
            }
        }
        if cookies.iter().count() > MOST_COOKIES {
            cookies.clear();
        }
    }

    /// Reads the reply and turns any status but success into an error.
    fn read(&self, mut response: http::Response<ureq::Body>) -> Result<Reply, Error> {
        let status = response.status().as_u16();
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let content_type = header(http::header::CONTENT_TYPE).to_owned();
        let location = header(http::header::LOCATION).to_owned();
        let offer = offer(response.headers());
        if response.body().content_length().is_some_and(|length| length > MAX_REPLY) {
            return Err(Error::TooLarge { limit: MAX_REPLY });
        }
        let mut body = Zeroizing::new(Vec::new());
        let mut reader = response.body_mut().as_reader().take(MAX_REPLY + 1);
        if let Err(source) = reader.read_to_end(&mut body) {
            return Err(Error::from_transport(&self.base_url, ureq::Error::from(source)));
        }
        if body.len() as u64 > MAX_REPLY {
            return Err(Error::TooLarge { limit: MAX_REPLY });
        }
        match status {
            200..=299 => Ok(Reply { status, content_type, location, body }),
            300..=399 => Err(Error::Redirected { status, location: Excerpt::of(location.as_bytes()) }),
            _ => Err(Error::from_refusal(status, offer, &content_type, &body)),
        }
    }

    /// Returns the address of a route.
    fn url(&self, route: &Route) -> String {
        let origin = self.base_url.origin().ascii_serialization();
        let directory = match self.base_url.path().trim_end_matches('/') {
            "" => VIRTUAL_DIRECTORY,
            directory => directory,
        };
        format!("{origin}{directory}{}", route.path_and_query())
    }
}

/// Adds what the caller logs in with to a call, if anything.
fn shown<B>(call: ureq::RequestBuilder<B>, authorization: &Option<http::HeaderValue>) -> ureq::RequestBuilder<B> {
    match authorization {
        Some(value) => call.header(http::header::AUTHORIZATION, value),
        None => call,
    }
}

/// Makes a call that only reads, and once more if the connection broke.
fn twice<T>(call: impl Fn() -> Result<T, Error>) -> Result<T, Error> {
    match call() {
        Err(Error::Unreachable { .. }) => call(),
        outcome => outcome,
    }
}

/// Bounds a call by what is left of its time.
fn within<B>(left: Duration, call: ureq::RequestBuilder<B>) -> ureq::RequestBuilder<B> {
    call.config().timeout_global(Some(left)).build()
}

/// Names a cookie that is sent over TLS alone.
struct SecureCookie<'s> {
    name: &'s str,
    path: String,
}

impl<'s> SecureCookie<'s> {
    /// Reads a `Set-Cookie` header of the answer to `url`; `None` where it sets another kind of cookie.
    fn read(set: &'s str, url: &str) -> Option<Self> {
        let mut parts = set.split(';').map(|part| part.split_once('=').unwrap_or((part, "")));
        let name = parts.next()?.0.trim();
        let attributes: Vec<_> = parts.map(|(attribute, value)| (attribute.trim(), value.trim())).collect();
        let find = |name: &str| attributes.iter().rfind(|(attribute, _)| attribute.eq_ignore_ascii_case(name));
        find("Secure")?;
        let path = match find("Path") {
            Some((_, path)) if path.starts_with('/') => (*path).to_owned(),
            // RFC 6265, 5.1.4.
            _ => match Url::parse(url).ok()?.path().rsplit_once('/')?.0 {
                "" => "/".to_owned(),
                directory => directory.to_owned(),
            },
        };
        Some(Self { name, path })
    }
}

/// Refuses addresses that cannot be called, and plain HTTP to anything but loopback.
fn check_address(url: &Url) -> Result<(), Error> {
    let usable = url.host().is_some() && url.query().is_none() && url.fragment().is_none();
    if !usable || !url.username().is_empty() || url.password().is_some() {
        return Err(Error::Address { scheme: url.scheme().to_owned() });
    }
    let loopback = match url.host() {
        Some(url::Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(()),
        "http" if loopback => Ok(()),
        "http" => Err(Error::PlainHttp { host: url.host_str().unwrap_or_default().to_owned() }),
        scheme => Err(Error::Address { scheme: scheme.to_owned() }),
    }
}
