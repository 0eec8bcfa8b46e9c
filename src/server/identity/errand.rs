//! Holds what a browser keeps while its user is at the issuer to sign in.
//!
//! The cookie has one random secret; `state`, `nonce` and the verifier of PKCE (RFC 7636) are derived from it. So the server
//! keeps nothing meanwhile, whichever server of a database the browser comes back to knows it, and what another browser, or
//! nobody, has begun is told from it. The cookie is `SameSite=Lax`, for the way back begins at the issuer's site, where a strict one
//! would stay behind; it lets nobody in, is gone with the first return, and no other host can set it
//! (`__Host-`); a service at another port of this one could.

use crate::server::error::{ApiError, Internal};
use crate::web::cookie::{self, SameSite};
use aws_lc_rs::{constant_time, digest, hmac, rand};
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

/// Begins the names of the cookies, which go on with the beginning of `state`: two tabs are two errands.
const COOKIE: &str = "__Host-cardwright-errand-";
/// Counts the characters of `state` in the name.
const NAMED: usize = 8;
/// Sets how long the browser keeps it, in seconds.
const SECONDS: u64 = 600;
/// Bounds the address to go on to; a longer one is forgotten.
const LONGEST: usize = 1024;
/// Bounds the errands that a browser is under way with; one more ends them.
const MOST: usize = 8;

/// Is somebody's way to the issuer and back.
pub struct Errand {
    secret: Zeroizing<[u8; 32]>,
    /// The person is to log in anew there.
    pub fresh: bool,
    /// Where to go on to.
    pub then: String,
}

impl Errand {
    /// Begins one.
    pub fn begin(fresh: bool, then: &str) -> Result<Self, ApiError> {
        let mut secret = Zeroizing::new([0; 32]);
        rand::fill(secret.as_mut_slice()).map_err(|_| ApiError::Internal(Internal::Random))?;
        let then = if then.len() <= LONGEST { then } else { "/" };
        Ok(Self { secret, fresh, then: then.to_owned() })
    }

    /// Finds the one that this `state` is of among a browser's cookies; `None`: the browser has not begun it.
    pub fn find(headers: &HeaderMap, state: &str) -> Option<Self> {
        let value = cookie::value(headers, &format!("{COOKIE}{}", state.get(..NAMED)?))?;
        let mut parts = value.split('.');
        let (secret, fresh, then) = (parts.next()?, parts.next()?, parts.next()?);
        let secret = Zeroizing::new(<[u8; 32]>::try_from(URL_SAFE_NO_PAD.decode(secret).ok()?).ok()?);
        let then = String::from_utf8(URL_SAFE_NO_PAD.decode(then).ok()?).ok()?;
        let found = Self { secret, fresh: fresh == "fresh", then };
        constant_time::verify_slices_are_equal(found.state().as_bytes(), state.as_bytes()).ok().map(|()| found)
    }

    /// Returns the headers by which the browser keeps it.
    pub fn kept(&self, headers: &HeaderMap) -> Result<HeaderMap, ApiError> {
        let state = self.state();
        let fresh = if self.fresh { "fresh" } else { "any" };
        let (secret, then) = (URL_SAFE_NO_PAD.encode(*self.secret), URL_SAFE_NO_PAD.encode(&self.then));
        let name = state.get(..NAMED).unwrap_or_default();
        let own = set(name, &format!("{secret}.{fresh}.{then}"), SECONDS)?;
        let before = cookie::names(headers).filter_map(|name| name.strip_prefix(COOKIE)).collect::<Vec<_>>();
        let over = if before.len() < MOST { Vec::new() } else { before };
        let over = over.into_iter().map(|name| set(name, "", 0)).collect::<Result<Vec<_>, _>>()?;
        Ok(over.into_iter().chain([own]).map(|cookie| (header::SET_COOKIE, cookie)).collect())
    }

    /// Returns the header by which the browser forgets it.
    pub fn over(&self) -> Result<HeaderValue, ApiError> {
        set(self.state().get(..NAMED).unwrap_or_default(), "", 0)
    }

    /// Returns what comes back with the browser (RFC 6749, 10.12).
    pub fn state(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derived("state"))
    }

    /// Returns what the ID token must bear.
    pub fn nonce(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derived("nonce"))
    }

    /// Returns what proves to the issuer that who began the errand ends it.
    pub fn verifier(&self) -> Zeroizing<String> {
        Zeroizing::new(URL_SAFE_NO_PAD.encode(self.derived("verifier")))
    }

    /// Returns the challenge of the verifier, by S256.
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, self.verifier().as_bytes()))
    }

    fn derived(&self, what: &str) -> hmac::Tag {
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, self.secret.as_slice()), what.as_bytes())
    }
}

fn set(name: &str, value: &str, seconds: u64) -> Result<HeaderValue, ApiError> {
    cookie::kept(&format!("{COOKIE}{name}"), value, seconds, SameSite::Lax).map_err(|_| ApiError::SignInNotBegun)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kept: &HeaderMap) -> HeaderMap {
        let pairs = kept.get_all(header::SET_COOKIE).iter().map(|it| it.to_str().unwrap().split(';').next().unwrap());
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::try_from(pairs.collect::<Vec<_>>().join("; ")).unwrap())])
    }

    #[test]
    fn an_errand_is_found_by_its_own_state_in_the_browser_that_began_it() {
        let errand = Errand::begin(true, "/requests?state=Pending").unwrap();
        let browser = sent(&errand.kept(&HeaderMap::new()).unwrap());
        let found = Errand::find(&browser, &errand.state()).unwrap();
        assert_eq!((found.fresh, &*found.then), (true, "/requests?state=Pending"));
        assert_eq!((found.nonce(), &*found.verifier()), (errand.nonce(), &*errand.verifier()));
        assert_ne!(found.nonce(), found.state());
        let other = Errand::begin(true, "/").unwrap();
        assert!(Errand::find(&browser, &other.state()).is_none());
        // The name alone is right.
        let near = format!("{}{}", &errand.state()[..NAMED], &other.state()[NAMED..]);
        assert!(Errand::find(&browser, &near).is_none());
        assert!(["", "short", "é", "éééééééé"].iter().all(|state| Errand::find(&browser, state).is_none()));
        assert!(Errand::find(&HeaderMap::new(), &errand.state()).is_none());
    }

    #[test]
    fn a_browser_keeps_so_many_errands_and_no_more() {
        let mut kept = HeaderMap::new();
        for _ in 0..MOST {
            let one = Errand::begin(false, "/").unwrap().kept(&HeaderMap::new()).unwrap();
            kept.append(header::SET_COOKIE, one[header::SET_COOKIE].clone());
        }
        let next = Errand::begin(false, &"/x".repeat(LONGEST)).unwrap();
        assert_eq!(next.then, "/");
        let answer = next.kept(&sent(&kept)).unwrap();
        let ended = answer.get_all(header::SET_COOKIE).iter().filter(|it| it.to_str().unwrap().contains("Max-Age=0"));
        assert_eq!((ended.count(), answer.get_all(header::SET_COOKIE).iter().count()), (MOST, MOST + 1));
    }
}
