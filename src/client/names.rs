//! Looks the server's name up once for a while: the HTTP library does so at each call, on a thread of its own, where a
//! connection is kept too.

use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::http::uri::Authority;
use ureq::unversioned::resolver::{ArrayVec, DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

/// Holds the addresses that one name was found to have.
#[derive(Debug)]
struct Found {
    authority: Authority,
    at: Instant,
    addresses: Vec<SocketAddr>,
}

/// Gives a name's addresses as another resolver found them, not longer than `kept` ago.
#[derive(Debug)]
pub(super) struct Names<R = DefaultResolver> {
    inner: R,
    kept: Duration,
    found: Mutex<Option<Found>>,
}

impl<R: Resolver> Names<R> {
    pub fn new(inner: R, kept: Duration) -> Self {
        Self { inner, kept, found: Mutex::default() }
    }
}

impl<R: Resolver> Resolver for Names<R> {
    fn resolve(&self, uri: &Uri, config: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = || self.found.lock().unwrap_or_else(PoisonError::into_inner);
        let known = |it: &&Found| uri.authority() == Some(&it.authority) && it.at.elapsed() < self.kept;
        if let Some(known) = found().as_ref().filter(known) {
            let mut addresses: ArrayVec<_, _> = self.empty();
            known.addresses.iter().for_each(|address| addresses.push(*address));
            return Ok(addresses);
        }
        let addresses = self.inner.resolve(uri, config, timeout)?;
        *found() = uri.authority().map(|authority| Found {
            authority: authority.clone(),
            at: Instant::now(),
            addresses: addresses.to_vec(),
        });
        Ok(addresses)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU16, Ordering};

    /// Tells at which look an address was found, by its port; the fourth finds nothing.
    #[derive(Debug, Default)]
    struct Counting(Arc<AtomicU16>);

    impl Resolver for Counting {
        fn resolve(&self, _: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
            let look = self.0.fetch_add(1, Ordering::Relaxed) + 1;
            if look == 4 {
                return Err(ureq::Error::HostNotFound);
            }
            let mut found = self.empty();
            found.push(([192, 0, 2, 1], look).into());
            found.push(([192, 0, 2, 2], look).into());
            Ok(found)
        }
    }

    fn ports(names: &Names<Counting>, uri: &'static str) -> Vec<u16> {
        let found = names.resolve(&Uri::from_static(uri), &Config::default(), NextTimeout::default());
        found.map_or_else(|_| Vec::new(), |found| found.iter().map(SocketAddr::port).collect())
    }

    #[test]
    fn a_name_is_looked_up_once_until_another_is_asked_for_or_its_time_is_over() {
        let names = Names::new(Counting::default(), Duration::from_secs(600));
        assert_eq!(ports(&names, "https://cards.example/api/a"), [1, 1]);
        assert_eq!(ports(&names, "https://cards.example/api/b"), [1, 1]);
        assert_eq!(ports(&names, "https://cards.example:8443/api/b"), [2, 2]);
        assert_eq!(ports(&names, "https://cards.example/api/b"), [3, 3]);
        let names = Names::new(names.inner, Duration::ZERO);
        assert_eq!(ports(&names, "https://cards.example/api/a"), [0_u16; 0], "what was not found is told");
        assert_eq!(ports(&names, "https://cards.example/api/a"), [5, 5]);
        assert_eq!(ports(&names, "https://cards.example/api/a"), [6, 6], "its time was over");
    }
}
