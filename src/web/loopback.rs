//! Serves one browser of this computer: lets it in by a link that is used once, then by its cookie, and keeps pages of other sites
//! out.
//!
//! Against a name that an attacker has pointed at this computer (DNS rebinding) `Host` is compared whole, and `Origin`
//! where it is sent. A browser gives its cookies to every port of a host: one that another user's program has been given so is worth
//! nothing to it, as calls are taken only from the user whose browser was let in.

use super::bound::Bounds;
use super::cookie::{self, SameSite};
use super::{listen, site};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::rand;
use axum::Router;
use axum::http::{HeaderMap, HeaderValue, header};
use axum_server::Handle;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Mutex, MutexGuard, PoisonError};
use zeroize::Zeroizing;

/// Limits how many connections are open at one time: one browser has six, and events hold one of them.
const CONNECTIONS: usize = 32;
/// Sets how long a browser keeps its cookie, in seconds: a week from the last page on; the program that gave it out may have ended
/// before.
const KEPT: u64 = 7 * 86_400;
/// Counts the random bytes of a link, and of a cookie.
const BYTES: usize = 32;

/// Says that the system gives no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random bytes")]
pub struct NoRandom;

/// Returns which user of this computer owns the end of a connection (first) whose other end is ours; `None`: nobody tells.
pub type UserOf = fn(SocketAddr, SocketAddr) -> Option<String>;

/// Knows the browser that was let in.
pub struct Guard {
    address: SocketAddr,
    authority: String,
    user_of: UserOf,
    /// Names the cookie; a port of the same computer is no other host to a browser.
    name: &'static str,
    keys: Mutex<Keys>,
}

/// Lets one browser in, and knows it.
struct Keys {
    /// What stands in the start link.
    link: Zeroizing<String>,
    is_used: bool,
    cookie: Zeroizing<String>,
    /// Whose browser was let in, where that is known.
    user: Option<String>,
}

impl Keys {
    fn new() -> Result<Self, NoRandom> {
        Ok(Self { link: random()?, is_used: false, cookie: random()?, user: None })
    }
}

/// Says how far a link has come for which another is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Nobody has opened it: it still lets a browser in.
    Open,
    /// A browser was let in by it.
    Used,
}

/// Says why a call is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// It was sent to another name than ours, or comes from a page of another site.
    Foreign,
    /// The browser is not the one that was let in.
    Unknown,
}

impl Guard {
    /// Makes a link, and a cookie of this name, for who listens at this address.
    pub fn new(address: SocketAddr, name: &'static str, user_of: UserOf) -> Result<Self, NoRandom> {
        Ok(Self { address, authority: address.to_string(), user_of, name, keys: Mutex::new(Keys::new()?) })
    }

    fn keys(&self) -> MutexGuard<'_, Keys> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the start link; `None` once it was used.
    pub fn link(&self) -> Option<Zeroizing<String>> {
        self.link_of(&self.keys())
    }

    fn link_of(&self, keys: &Keys) -> Option<Zeroizing<String>> {
        (!keys.is_used).then(|| Zeroizing::new(format!("http://{}/start/{}", self.authority, *keys.link)))
    }

    /// Knows the browser no more that was let in, and lets in the one that comes by the link that is given now. Where that cannot be
    /// given, all stays as it was.
    pub fn change<E>(&self, give: impl FnOnce(&str) -> Result<(), E>) -> Result<Result<(), E>, NoRandom> {
        let fresh = Keys::new()?;
        // Whoever is quick with the link waits until it counts.
        let mut keys = self.keys();
        let given = give(&self.link_of(&fresh).unwrap_or_default());
        if given.is_ok() {
            *keys = fresh;
        }
        Ok(given)
    }

    /// Uses the start link up; returns the cookie of the browser that opened it, or `None` where it is none, or was used.
    pub fn start(&self, secret: &str, peer: SocketAddr) -> Option<HeaderValue> {
        let mut keys = self.keys();
        if keys.is_used || !is_same(&keys.link, secret) {
            return None;
        }
        (keys.is_used, keys.user) = (true, (self.user_of)(peer, self.address));
        drop(keys);
        self.kept()
    }

    /// Says how far the link has come which a program holds that shows the page, and asks by its secret: its browser has ended. `None`:
    /// it is not the link that counts, it was used by another user's browser, or a browser itself asks, of which no page may have that done.
    pub fn asked_again(&self, headers: &HeaderMap, secret: &str, peer: SocketAddr) -> Option<Asked> {
        if site::is_told(headers) || !self.is_for_us(headers) {
            return None;
        }
        let keys = self.keys();
        (is_same(&keys.link, secret) && self.is_users(&keys, peer)).then_some(if keys.is_used {
            Asked::Used
        } else {
            Asked::Open
        })
    }

    /// Returns the cookie of the browser that was let in, which keeps it for its time from now on.
    pub fn kept(&self) -> Option<HeaderValue> {
        cookie::kept(self.name, &self.keys().cookie, KEPT, SameSite::Strict).ok()
    }

    /// Says whether a call was sent to us by our own name and from none but our own pages; a form must say so.
    pub fn is_ours(&self, headers: &HeaderMap, is_form: bool) -> bool {
        let is = |name, wanted: &str| headers.get(name).map(|value| value.as_bytes() == wanted.as_bytes());
        let named = self.is_for_us(headers);
        let origin = is(header::ORIGIN, &format!("http://{}", self.authority));
        let own = if is_form { origin == Some(true) && site::is_own(headers) } else { !site::is_foreign(headers) };
        named && origin != Some(false) && own
    }

    /// Says whether a call was sent to us by our own name.
    pub fn is_for_us(&self, headers: &HeaderMap) -> bool {
        headers.get(header::HOST).is_some_and(|host| host.as_bytes() == self.authority.as_bytes())
    }

    /// Refuses a call that is not of the browser that was let in, or of another user than that browser's.
    pub fn admit(&self, headers: &HeaderMap, is_form: bool, peer: SocketAddr) -> Result<(), Kept> {
        if !self.is_ours(headers, is_form) {
            return Err(Kept::Foreign);
        }
        let (shown, keys) = (cookie::value(headers, self.name), self.keys());
        let is_shown = shown.is_some_and(|shown| is_same(&keys.cookie, shown));
        if is_shown && self.is_users(&keys, peer) { Ok(()) } else { Err(Kept::Unknown) }
    }

    /// Says whether the other end is of the user whose browser was let in, as far as that is known.
    fn is_users(&self, keys: &Keys, peer: SocketAddr) -> bool {
        keys.user.is_none() || (self.user_of)(peer, self.address) == keys.user
    }
}

/// Binds a port of loopback; 0 has the system choose one.
pub fn bind(port: u16) -> io::Result<(TcpListener, SocketAddr)> {
    listen::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))
}

/// Serves until `ending` ends.
pub async fn serve(listener: TcpListener, service: Router, ending: impl Future<Output = ()>) -> io::Result<()> {
    let handle = Handle::new();
    let service = service.into_make_service_with_connect_info::<SocketAddr>();
    let serving = async {
        let acceptor = listen::plain(Bounds { all: CONNECTIONS, of_address: 0 }, ());
        listen::http1(listener, acceptor)?.handle(handle.clone()).serve(service).await
    };
    listen::serve_until(ending, &handle, serving).await
}

/// Compares without telling by the time it takes how much of it is right.
pub fn is_same(wanted: &str, shown: &str) -> bool {
    verify_slices_are_equal(wanted.as_bytes(), shown.as_bytes()).is_ok()
}

/// Returns random characters that nobody guesses.
pub fn random() -> Result<Zeroizing<String>, NoRandom> {
    let mut bytes = Zeroizing::new([0; BYTES]);
    rand::fill(&mut *bytes).map_err(|_| NoRandom)?;
    Ok(Zeroizing::new(hex::encode(*bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of whom the ports from 1000 on are, and from 2000 on.
    fn user_of(there: SocketAddr, here: SocketAddr) -> Option<String> {
        assert_eq!(here.port(), 8739);
        (there.port() >= 1000).then(|| (there.port() / 1000).to_string())
    }

    fn guard() -> Guard {
        Guard::new("127.0.0.1:8739".parse().unwrap(), "__Host-test", user_of).unwrap()
    }

    fn at(port: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }

    fn headers(all: &[(&str, &str)]) -> HeaderMap {
        let name = |name: &str| axum::http::HeaderName::try_from(name).unwrap();
        all.iter().map(|(key, value)| (name(key), HeaderValue::try_from(*value).unwrap())).collect()
    }

    #[test]
    fn a_link_lets_one_browser_in() {
        let guard = guard();
        let link = guard.link().unwrap();
        let secret = link.strip_prefix("http://127.0.0.1:8739/start/").unwrap();
        assert!(guard.start("", at(1001)).is_none() && guard.start(&"0".repeat(64), at(1001)).is_none());
        let cookie = guard.start(secret, at(1001)).unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        assert!(guard.start(secret, at(1001)).is_none() && guard.link().is_none());
        let own = [("host", "127.0.0.1:8739"), ("cookie", &cookie)];
        assert_eq!(guard.admit(&headers(&own), false, at(1002)), Ok(()));
        assert_eq!(guard.admit(&headers(&own[..1]), false, at(1002)), Err(Kept::Unknown));
        let half = &cookie[..cookie.len() - 1];
        assert_eq!(guard.admit(&headers(&[own[0], ("cookie", half)]), false, at(1002)), Err(Kept::Unknown));
        // Another user's program has the cookie, as the browser came to a port of it; or somebody of whom the system tells nothing.
        for port in [2001, 999] {
            assert_eq!(guard.admit(&headers(&own), false, at(port)), Err(Kept::Unknown), "{port}");
        }

        // Another link lets another user's browser in, and this one no more; one that cannot be given changes nothing.
        assert_eq!(guard.change(|_| Err("no room")).unwrap(), Err("no room"));
        assert_eq!(guard.admit(&headers(&own), false, at(1002)), Ok(()));
        let mut given = String::new();
        let give = |link: &str| {
            given.push_str(link);
            Ok::<_, ()>(())
        };
        guard.change(give).unwrap().unwrap();
        assert_eq!(guard.admit(&headers(&own), false, at(1002)), Err(Kept::Unknown));
        let secret = given.strip_prefix("http://127.0.0.1:8739/start/").unwrap();
        let next = guard.start(secret, at(2001)).unwrap().to_str().unwrap().split(';').next().unwrap().to_owned();
        assert_ne!(next, cookie);
        assert_eq!(guard.admit(&headers(&[own[0], ("cookie", &next)]), false, at(2002)), Ok(()));
    }

    #[test]
    fn other_names_and_other_sites_are_kept_out() {
        let guard = guard();
        let host = ("host", "127.0.0.1:8739");
        let origin = ("origin", "http://127.0.0.1:8739");
        let same = ("sec-fetch-site", "same-origin");
        for (sent, page, form) in [
            (vec![host], true, false),
            (vec![host, origin, same], true, true),
            (vec![host, same], true, false),
            (vec![host, origin], true, true),
            (vec![("host", "localhost:8739"), origin, same], false, false),
            (vec![("host", "rebound.example:8739")], false, false),
            (vec![("host", "127.0.0.1")], false, false),
            (vec![], false, false),
            (vec![host, ("origin", "http://127.0.0.1:9000"), same], false, false),
            (vec![host, ("origin", "null"), same], false, false),
            (vec![host, ("sec-fetch-site", "cross-site")], false, false),
            (vec![host, ("sec-fetch-site", "same-site")], false, false),
            (vec![host, origin, ("sec-fetch-site", "cross-site")], false, false),
            (vec![host, origin, ("sec-fetch-site", "none")], true, false),
        ] {
            let all = headers(&sent);
            assert_eq!((guard.is_ours(&all, false), guard.is_ours(&all, true)), (page, form), "{sent:?}");
        }
    }
}
