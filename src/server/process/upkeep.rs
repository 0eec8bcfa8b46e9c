//! What runs beside the calls for as long as the server does, and the order in which it ends: who writes ends before
//! who signs and sends on what was written.

use super::sweep;
use crate::pkix::MemoryKey;
use crate::server::audit::{heads, syslog};
use crate::server::authority::upstream;
use crate::server::call::app::{App, MAX_CALLS};
use crate::server::data_directory::settings::operation::SyslogSettings;
use crate::server::http::{operations, public_listener};
use crate::server::mail::outbox;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long those who write may take to finish what they began.
const LAST_WRITES: Duration = Duration::from_secs(10);
/// How long the last round of those who follow the log may take.
const LAST_ROUND: Duration = Duration::from_secs(5);

/// What is to be done beside the calls, as the settings have it.
pub struct Duties {
    /// Signs the log of acts.
    pub audit_key: MemoryKey,
    pub syslog: Option<SyslogSettings>,
    /// What the server calls itself towards others.
    pub host: String,
    /// Where public files are served without TLS.
    pub publication: Option<TcpListener>,
    /// Where health and metrics are served.
    pub operations: Option<TcpListener>,
}

/// The tasks, until [`Upkeep::end`]; dropped before, they are ended where they stand.
pub struct Upkeep {
    public: Shift,
    writers: Shift,
    followers: Shift,
    watched: Shift,
}

impl Upkeep {
    /// Begins all of them.
    pub fn begin(app: &Arc<App>, duties: Duties) -> Self {
        let [mut public, mut writers, mut followers, mut watched] = std::array::from_fn(|_| Shift::default());
        let shared = || Arc::clone(app);
        let store = || app.store.clone();
        if let Some(listener) = duties.publication {
            public.begin(|ending| public_listener::serve(shared(), listener, ending));
        }
        writers.begin(|ending| sweep::watch(shared(), ending));
        if let Some(mailer) = &app.mailer {
            writers.begin(|ending| outbox::run(Arc::clone(mailer), ending));
        }
        writers.begin(|ending| Arc::clone(&app.publication).keep(ending));
        writers.begin(|ending| upstream::keep(app.authorities.clone(), store(), ending));
        followers.begin(|ending| heads::follow(store(), duties.audit_key, ending));
        if let Some(syslog) = duties.syslog {
            let metrics = Arc::clone(&app.metrics);
            followers.begin(|ending| syslog::follow(store(), metrics, syslog.target, duties.host, ending));
        }
        if let Some(listener) = duties.operations {
            watched.begin(|_| operations::serve(shared(), listener));
        }
        Self { public, writers, followers, watched }
    }

    /// Says that no new call is taken, so that those for public files end together with the others.
    pub fn close(&self) {
        self.public.ending.cancel();
    }

    /// Ends one shift after the other, once no call is taken any more; what takes too long is left.
    pub async fn end(self, app: &App) {
        // The work of a caller who hung up goes on, and holds its place until it is done.
        let calls = tokio::time::timeout(LAST_WRITES, app.places.acquire_many(MAX_CALLS.into()));
        let (calls, public, writers) = tokio::join!(calls, self.public.end(LAST_WRITES), self.writers.end(LAST_WRITES));
        if calls.is_err() || !public || !writers {
            tracing::warn!("not all that was begun was finished in time; what is due is done at the next start");
        }
        if !self.followers.end(LAST_ROUND).await {
            tracing::warn!("the last acts were not signed or sent on in time; the next start does it");
        }
        // Whoever watches may ask until nothing is left to tell.
        self.watched.end(Duration::ZERO).await;
    }
}

/// Tasks that are told to end together.
#[derive(Default)]
struct Shift {
    ending: CancellationToken,
    tasks: JoinSet<()>,
}

impl Shift {
    fn begin<F: Future<Output = ()> + Send + 'static>(&mut self, task: impl FnOnce(CancellationToken) -> F) {
        self.tasks.spawn(task(self.ending.clone()));
    }

    /// Tells the tasks to end and waits for them; `false`: some took too long, and are ended where they stand.
    async fn end(mut self, patience: Duration) -> bool {
        self.ending.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}
