//! Keeps together what belongs to one server: connections, cookies, and where logins are bound to it the certificate that it has
//! shown. A server that shows another one gets a line of its own.

use super::names::Names;
use super::tls::{Channel, Tls, TlsConnector};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use ureq::config::Config;
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector, TcpConnector};

/// Limits how long an idle connection is kept: the server may have closed it unnoticed, and a POST on it would fail. The
/// server's addresses are kept as long.
const KEEP_IDLE: Duration = Duration::from_secs(3);

/// Limits how long a caller waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Limit for the connection and its TLS handshake.
    pub connect: Duration,
    /// Limit for the whole call, from name resolution to the last byte of the reply: of all that is asked for it, and of a repetition.
    pub call: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(10), call: Duration::from_secs(60) }
    }
}

/// Holds connections and cookies.
pub(super) struct Line {
    pub agent: ureq::Agent,
    channel: Option<Channel>,
}

impl Line {
    /// Returns the name of the channel (RFC 5929, 4) that all its connections have; `None` before the first, and where they need
    /// have none.
    pub fn channel(&self) -> Option<&[u8]> {
        self.channel.as_ref()?.name()
    }

    /// Says whether its connections need to have one, and which is not known yet.
    pub fn lacks_channel(&self) -> bool {
        self.channel.as_ref().is_some_and(|channel| channel.name().is_none())
    }
}

/// Holds the line that calls go over, and makes others.
pub(super) struct Lines {
    settings: Config,
    tls: Arc<Tls>,
    /// Whether a line is to one certificate alone.
    are_bound: bool,
    now: Mutex<Arc<Line>>,
}

impl Lines {
    /// Makes the first line; nothing is connected yet.
    pub fn new(tls: Tls, timeouts: Timeouts, are_bound: bool) -> Self {
        let settings = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .proxy(None)
            .user_agent(concat!("cardwright/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(timeouts.connect))
            .timeout_global(Some(timeouts.call))
            .max_idle_age(KEEP_IDLE)
            .build();
        let tls = Arc::new(tls);
        let now = Mutex::new(line(&settings, &tls, are_bound));
        Self { settings, tls, are_bound, now }
    }

    /// Returns the line that calls go over.
    pub fn now(&self) -> Arc<Line> {
        Arc::clone(&self.slot())
    }

    /// Has calls go over another line than this one, if they still do; those that are under way end on theirs.
    pub fn leave(&self, line_of_before: &Arc<Line>) {
        let mut now = self.slot();
        if Arc::ptr_eq(&now, line_of_before) {
            *now = line(&self.settings, &self.tls, self.are_bound);
        }
    }

    fn slot(&self) -> MutexGuard<'_, Arc<Line>> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Makes a line.
fn line(settings: &Config, tls: &Arc<Tls>, is_bound: bool) -> Arc<Line> {
    let channel = is_bound.then(Channel::default);
    let tls = TlsConnector { tls: Arc::clone(tls), channel: channel.clone() };
    let names = Names::new(DefaultResolver::default(), KEEP_IDLE);
    let connector = ().chain(TcpConnector::default()).chain(tls);
    Arc::new(Line { agent: ureq::Agent::with_parts(settings.clone(), connector, names), channel })
}
