//! Asks one address at a time, each once.

use super::error::Error;
use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Read;
use std::time::{Duration, Instant};
use url::Url;

/// Bounds what is kept of another library's words, in characters.
const MOST_WORDS: usize = 160;

/// Bounds how long is waited and how often is asked.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one call, from name resolution to the last byte.
    pub call: Duration,
    /// For all calls together.
    pub all: Duration,
    pub calls: usize,
    /// For all that is kept, in bytes.
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { call: Duration::from_secs(5), all: Duration::from_secs(30), calls: 24, bytes: 32 * 1024 * 1024 }
    }
}

/// Keeps what came of an address and a question.
type Kept = HashMap<(String, Vec<u8>), Result<Vec<u8>, Error>>;

/// Holds what was fetched so far; its time begins when it is made.
pub struct Published {
    agent: ureq::Agent,
    limits: Limits,
    begun: Instant,
    kept: RefCell<Kept>,
}

impl Published {
    /// Prepares the calls; nothing is sent yet.
    pub fn new(limits: Limits) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("cardwright/", env!("CARGO_PKG_VERSION")))
            .build()
            .new_agent();
        Self { agent, limits, begun: Instant::now(), kept: RefCell::default() }
    }

    /// Fetches what is at an address, of at most `most` bytes.
    pub fn get(&self, address: &str, most: usize) -> Result<Vec<u8>, Error> {
        self.once(address, &[], most)
    }

    /// Sends a responder its question (RFC 6960, A.1) and returns its answer, of at most `most` bytes.
    pub fn ask(&self, address: &str, question: &[u8], most: usize) -> Result<Vec<u8>, Error> {
        self.once(address, question, most)
    }

    fn once(&self, address: &str, question: &[u8], most: usize) -> Result<Vec<u8>, Error> {
        let key = (address.to_owned(), question.to_vec());
        if let Some(kept) = self.kept.borrow().get(&key) {
            return kept.clone();
        }
        let fetched = self.fetch(address, question, most);
        self.kept.borrow_mut().insert(key, fetched.clone());
        fetched
    }

    fn fetch(&self, address: &str, question: &[u8], most: usize) -> Result<Vec<u8>, Error> {
        let url = Url::parse(address).ok().filter(|url| url.scheme() == "http" && url.username().is_empty());
        let url = url.ok_or(Error::Scheme)?;
        let kept: usize = self.kept.borrow().values().flatten().map(Vec::len).sum();
        let most = most.min(self.limits.bytes.saturating_sub(kept));
        let left = self.limits.all.saturating_sub(self.begun.elapsed()).min(self.limits.call);
        if left.is_zero() || self.kept.borrow().len() >= self.limits.calls {
            return Err(Error::Spent);
        }
        let sent = if question.is_empty() {
            self.agent.get(url.as_str()).config().timeout_global(Some(left)).build().call()
        } else {
            let call = self.agent.post(url.as_str()).config().timeout_global(Some(left)).build();
            call.content_type("application/ocsp-request").send(question)
        };
        let mut response = sent.map_err(|error| told(&error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Error::Status(status));
        }
        let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        let mut body = Vec::new();
        let read = response.body_mut().as_reader().take(limit).read_to_end(&mut body);
        read.map_err(|error| told(&ureq::Error::from(error)))?;
        if body.len() > most { Err(Error::TooLarge(most)) } else { Ok(body) }
    }
}

/// Translates an error of the HTTP library.
fn told(error: &ureq::Error) -> Error {
    match error {
        ureq::Error::Timeout(_) => Error::TooSlow,
        ureq::Error::Io(io) if io.kind() == std::io::ErrorKind::TimedOut => Error::TooSlow,
        other => {
            let words = other.to_string();
            Error::Unreachable(words.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect())
        }
    }
}
