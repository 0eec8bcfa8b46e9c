//! Keeps the issuer's keys (RFC 7517): fetches them over HTTPS, and again when they are old or a key is not known, but
//! not too often.

use crate::server::data_directory::settings::identity::OidcSettings;
use crate::server::outgoing::{self, NoCertificates};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{AlgorithmFamily, DecodingKey};
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::{Arc, Mutex as Held, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Bounds how long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);
/// Bounds the key set, in bytes.
const MAX_BYTES: u64 = 256 * 1024;
/// Bounds the keys that are read.
const MAX_KEYS: usize = 64;
/// Sets how old keys may grow before they are fetched anew: a withdrawn key is believed no longer than that.
const FRESH: Duration = Duration::from_secs(3600);
/// Sets how long keys are believed while they cannot be fetched anew.
const STALE: Duration = Duration::from_secs(24 * 3600);

/// Says why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum JwksError {
    #[error("the certificates to trust are no PEM, or none")]
    Trust,
    #[error("the issuer's keys could not be fetched")]
    Fetch(#[source] Box<ureq::Error>),
    #[error("the issuer's keys could not be received")]
    Receive(#[source] std::io::Error),
    #[error("the issuer answered status {0} instead of its keys")]
    Status(u16),
    #[error("the issuer's keys have more than {MAX_BYTES} bytes")]
    TooLarge,
    #[error("the issuer's keys are no JWK set")]
    Malformed(#[source] serde_json::Error),
    #[error("the task that fetched the issuer's keys ended unexpectedly")]
    Task,
}

/// Holds an issuer's keys by their ids; one id may name a key of each family.
#[derive(Default)]
pub struct IssuerKeys(HashMap<String, Vec<DecodingKey>>);

impl IssuerKeys {
    /// Reads a JWK set (RFC 7517, 5), at most 64 keys; leaves out those that are not understood.
    pub fn read(set: &[u8]) -> Result<Self, JwksError> {
        #[derive(Deserialize)]
        struct Set {
            keys: Vec<serde_json::Value>,
        }
        let set: Set = serde_json::from_slice(set).map_err(JwksError::Malformed)?;
        // A key of a kind not known here spoils none of the others.
        let known = set.keys.into_iter().take(MAX_KEYS).filter_map(|key| serde_json::from_value::<Jwk>(key).ok());
        let mut keys = Self::default();
        for (id, key) in known.filter_map(verifying_key) {
            keys.0.entry(id).or_default().push(key);
        }
        Ok(keys)
    }

    /// Returns the key with this id and of this family.
    pub fn key(&self, id: &str, family: AlgorithmFamily) -> Option<&DecodingKey> {
        self.0.get(id)?.iter().find(|key| key.family() == family)
    }
}

/// Holds keys that several calls look at.
type Keys = Arc<IssuerKeys>;

/// Keeps the issuer's keys by their id.
pub struct KeySet {
    agent: ureq::Agent,
    url: String,
    refetch: Duration,
    kept: Held<Option<(Keys, Instant)>>,
    /// When a fetch was last tried; locked during the fetch, so that there is one at a time.
    tried: Mutex<Option<Instant>>,
}

impl KeySet {
    /// Prepares fetching; fetches nothing yet. `trust` are the certificates to trust, PEM; `None`: those of the system.
    pub fn new(settings: &OidcSettings, trust: Option<&str>) -> Result<Self, JwksError> {
        let agent = outgoing::agent(trust, FETCH_TIMEOUT).map_err(|NoCertificates| JwksError::Trust)?;
        Ok(Self {
            agent,
            url: settings.jwks_url.clone(),
            refetch: Duration::from_secs(settings.refetch_seconds.into()),
            kept: Held::new(None),
            tried: Mutex::new(None),
        })
    }

    /// Returns the key with this id and of this family, fetched if need be; `None` when the issuer has no such key, or
    /// was asked too recently.
    pub async fn key(&self, id: &str, family: AlgorithmFamily) -> Option<DecodingKey> {
        if let Some((key, age)) = self.kept_key(id, family)
            && age < FRESH
        {
            return Some(key);
        }
        let mut tried = self.tried.lock().await;
        // Somebody else may have fetched them while this call waited.
        if let Some((key, age)) = self.kept_key(id, family)
            && age < FRESH
        {
            return Some(key);
        }
        if tried.is_none_or(|at| at.elapsed() >= self.refetch) {
            *tried = Some(Instant::now());
            match self.fetched().await {
                Ok(keys) => *self.kept.lock().unwrap_or_else(PoisonError::into_inner) = Some((keys, Instant::now())),
                Err(error) => {
                    let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                    tracing::warn!(%error, cause, "the issuer's keys stay as they were");
                }
            }
        }
        self.kept_key(id, family).filter(|(_, age)| *age < STALE).map(|(key, _)| key)
    }

    /// Returns a kept key, and how long ago the keys were fetched.
    fn kept_key(&self, id: &str, family: AlgorithmFamily) -> Option<(DecodingKey, Duration)> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let (keys, at) = kept.as_ref()?;
        Some((keys.key(id, family)?.clone(), at.elapsed()))
    }

    /// Fetches the keys on a thread for blocking work.
    async fn fetched(&self) -> Result<Keys, JwksError> {
        let (agent, url) = (self.agent.clone(), self.url.clone());
        tokio::task::spawn_blocking(move || fetch(&agent, &url)).await.unwrap_or(Err(JwksError::Task))
    }
}

/// Fetches the keys.
fn fetch(agent: &ureq::Agent, url: &str) -> Result<Keys, JwksError> {
    let mut response = agent.get(url).call().map_err(|error| JwksError::Fetch(Box::new(error)))?;
    if response.status().as_u16() != 200 {
        return Err(JwksError::Status(response.status().as_u16()));
    }
    let bytes = outgoing::received(response.body_mut(), MAX_BYTES).map_err(JwksError::Receive)?;
    IssuerKeys::read(&bytes.ok_or(JwksError::TooLarge)?).map(Arc::new)
}

/// Returns a key under its id or its certificate's thumbprint; `None` unless it is a public key that verifies
/// signatures.
fn verifying_key(key: Jwk) -> Option<(String, DecodingKey)> {
    let verifies = matches!(key.common.public_key_use, None | Some(PublicKeyUse::Signature));
    if !verifies || matches!(key.algorithm, AlgorithmParameters::OctetKey(_) | AlgorithmParameters::Other(_)) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(&key).ok()?;
    Some((key.common.key_id.or(key.common.x509_sha1_fingerprint)?, decoding))
}
