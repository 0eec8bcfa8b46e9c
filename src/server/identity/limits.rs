//! Limits rates by buckets that refill, in a fixed amount of memory: how much a caller, card, address or name may do at
//! once, and how fast that comes back.

use super::pauses::Pauses;
use crate::server::data_directory::settings::identity::{LimitSettings, Rate};
use crate::server::error::ApiError;
use crate::web::bound::network;
use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;

/// Bounds the keys that are remembered of each kind.
const MOST_KEYS: usize = 4096;

/// Says how many people a kiosk may have refused, and how often one, before there are pauses.
const FREE_OF_KIOSK: u32 = 8;
const FREE_OF_VISITOR: u32 = 2;

/// Holds what was left for a key, and when.
struct Bucket {
    left: f64,
    at: Instant,
}

/// Holds the buckets of one kind of key.
pub struct Buckets<K> {
    rate: Rate,
    buckets: Mutex<HashMap<K, Bucket>>,
}

impl<K: Eq + Hash + Clone> Buckets<K> {
    /// Makes buckets that are full until used.
    pub fn new(rate: Rate) -> Self {
        Self { rate, buckets: Mutex::new(HashMap::new()) }
    }

    /// Takes one out of the key's bucket; an empty one fails with the time until there is one again.
    pub fn take(&self, key: K, now: Instant) -> Result<(), Duration> {
        self.draw(key, now, 1.0)
    }

    /// Checks that there is one in the key's bucket, and leaves it there; fails as [`Buckets::take`] does.
    pub fn look(&self, key: K, now: Instant) -> Result<(), Duration> {
        self.draw(key, now, 0.0)
    }

    /// Checks that there is one in the key's bucket, and takes `wanted` out.
    fn draw(&self, key: K, now: Instant, wanted: f64) -> Result<(), Duration> {
        let Rate { burst, per_minute } = self.rate;
        if per_minute == 0 {
            return Ok(());
        }
        let (burst, per_second) = (f64::from(burst.max(1)), f64::from(per_minute) / 60.0);
        let refilled = |bucket: &Bucket| {
            (bucket.left + now.saturating_duration_since(bucket.at).as_secs_f64() * per_second).min(burst)
        };
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let left = buckets.get(&key).map_or(burst, refilled);
        if left < 1.0 {
            return Err(Duration::from_secs_f64((1.0 - left) / per_second));
        }
        if wanted > 0.0 {
            if buckets.len() >= MOST_KEYS && !buckets.contains_key(&key) {
                // A full bucket need not be remembered. If none is full, the fullest is forgotten: its key has done
                // least.
                buckets.retain(|_, bucket| refilled(bucket) < burst);
                let fullest = buckets.iter().max_by(|a, b| refilled(a.1).total_cmp(&refilled(b.1)));
                if let Some(key) = fullest.filter(|_| buckets.len() >= MOST_KEYS).map(|(key, _)| key.clone()) {
                    buckets.remove(&key);
                }
            }
            buckets.insert(key, Bucket { left: left - wanted, at: now });
        }
        Ok(())
    }
}

/// Holds all limits of a server.
pub struct Limits {
    callers: Buckets<Uuid>,
    cards: Buckets<Uuid>,
    addresses: Buckets<IpAddr>,
    names: Buckets<String>,
    answers: Buckets<IpAddr>,
    kiosks: Pauses<Uuid>,
    visitors: Pauses<String>,
    /// Connections that one address may have open; 0: as many as all.
    pub connections_per_address: u16,
}

impl Limits {
    /// Makes the limits that the settings say.
    pub fn new(settings: &LimitSettings) -> Self {
        Self {
            callers: Buckets::new(settings.secrets_per_caller),
            cards: Buckets::new(settings.secrets_per_card),
            addresses: Buckets::new(settings.failures_per_address),
            names: Buckets::new(settings.failures_per_name),
            answers: Buckets::new(settings.answers_per_address),
            kiosks: Pauses::new(FREE_OF_KIOSK),
            visitors: Pauses::new(FREE_OF_VISITOR),
            connections_per_address: settings.connections_per_address,
        }
    }

    /// Counts a call that carries a secret, there or back; refuses with [`ApiError::TooManyRequests`] after too many of
    /// the caller or about the card.
    pub fn secret(&self, caller: Uuid, card: Option<Uuid>) -> Result<(), ApiError> {
        let now = Instant::now();
        self.callers.take(caller, now).map_err(too_many)?;
        card.map_or(Ok(()), |card| self.cards.take(card, now)).map_err(too_many)
    }

    /// Refuses an address that has failed too often already, before anything costly is done for it.
    pub fn patience(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        address.map_or(Ok(()), |address| self.addresses.look(network(address), Instant::now())).map_err(too_many)
    }

    /// Counts wrong credentials, of an address and in a name as far as they are known; refuses after too many.
    pub fn failed(&self, address: Option<IpAddr>, name: Option<&str>) -> Result<(), ApiError> {
        let now = Instant::now();
        address.map_or(Ok(()), |address| self.addresses.take(network(address), now)).map_err(too_many)?;
        name.map_or(Ok(()), |name| self.names.take(name.to_lowercase(), now)).map_err(too_many)
    }

    /// Counts an OCSP answer that has to be signed for an address; refuses after too many.
    pub fn signed(&self, address: Option<IpAddr>) -> Result<(), ApiError> {
        let now = Instant::now();
        address.map_or(Ok(()), |address| self.answers.take(network(address), now)).map_err(too_many)
    }

    /// Counts a try to have somebody let in at a kiosk, until [`Limits::visited`] takes it back; refuses who tries in vain for
    /// a time that grows. Who wants in is known by what names him, whether there is such a person or not.
    pub fn visit(&self, kiosk: Uuid, who: Option<&str>) -> Result<(), ApiError> {
        let now = Instant::now();
        self.kiosks.begin(kiosk, now).map_err(too_many)?;
        who.map_or(Ok(()), |who| self.visitors.begin(who.to_owned(), now)).map_err(|wait| {
            self.kiosks.succeeded(&kiosk);
            too_many(wait)
        })
    }

    /// Takes back what [`Limits::visit`] has counted: somebody was let in.
    pub fn visited(&self, kiosk: Uuid, who: Option<&str>) {
        self.kiosks.succeeded(&kiosk);
        who.map(str::to_owned).iter().for_each(|who| self.visitors.succeeded(who));
    }
}

/// Refuses for the length of a wait.
fn too_many(wait: Duration) -> ApiError {
    ApiError::TooManyRequests { seconds: wait.as_secs().saturating_add(1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_empties_refills_and_says_when() {
        let buckets = Buckets::new(Rate { burst: 2, per_minute: 60 });
        let now = Instant::now();
        assert_eq!((buckets.take(1, now), buckets.take(1, now)), (Ok(()), Ok(())));
        assert_eq!(buckets.take(1, now), Err(Duration::from_secs(1)));
        assert_eq!(buckets.look(1, now), Err(Duration::from_secs(1)));
        assert_eq!(buckets.take(2, now), Ok(()), "another key has a bucket of its own");
        let later = now + Duration::from_secs(1);
        assert_eq!((buckets.look(1, later), buckets.take(1, later)), (Ok(()), Ok(())));
        assert!(buckets.take(1, later).is_err());
        let slow = Buckets::new(Rate { burst: 1, per_minute: 30 });
        assert_eq!(slow.look(1, now), Ok(()));
        assert!(slow.buckets.lock().unwrap().is_empty(), "who only looks is not remembered");
        assert_eq!(slow.take(1, now), Ok(()));
        assert_eq!(slow.take(1, later), Err(Duration::from_secs(1)), "half of one is there");
    }

    #[test]
    fn no_limit_is_none() {
        let buckets = Buckets::new(Rate { burst: 0, per_minute: 0 });
        assert!((0..1000).all(|_| buckets.take((), Instant::now()).is_ok()));
    }

    #[test]
    fn memory_is_bounded_and_the_worst_offender_stays_remembered() {
        let buckets = Buckets::new(Rate { burst: 3, per_minute: 1 });
        let now = Instant::now();
        while buckets.take(u32::MAX, now).is_ok() {}
        for key in 0..10_000 {
            assert_eq!(buckets.take(key, now), Ok(()));
        }
        let remembered = || buckets.buckets.lock().unwrap().len();
        assert_eq!(remembered(), MOST_KEYS);
        assert!(buckets.take(u32::MAX, now).is_err());
        // The second time others are fuller than it.
        assert_eq!((buckets.take(9_999, now), buckets.take(9_999, now)), (Ok(()), Ok(())));
        assert_eq!(remembered(), MOST_KEYS, "nobody is forgotten for one who is known");
        assert_eq!(buckets.take(10_000, now + Duration::from_secs(3600)), Ok(()));
        assert_eq!(remembered(), 1, "those whose buckets are full again are forgotten");
    }

    #[test]
    fn addresses_of_one_subscriber_are_one() {
        let address = |text: &str| network(text.parse().unwrap());
        assert_eq!(address("2001:db8:1:2:3::1"), address("2001:db8:1:2:ffff::9"));
        assert_ne!(address("2001:db8:1:2::1"), address("2001:db8:1:3::1"));
        assert_eq!(address("::ffff:192.0.2.1"), address("192.0.2.1"));
        assert_ne!(address("192.0.2.1"), address("192.0.2.2"));
    }
}
