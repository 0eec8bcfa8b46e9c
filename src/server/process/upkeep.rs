//! Runs the tasks beside the calls for as long as the server runs, and ends them in order.
//!
//! Tasks that write to the store end before those that sign the log of acts and send it on, so that the last acts are
//! signed as well. Every wait is bounded.

use super::{directory, ends, renewed_ca, sweep};
use crate::server::audit::{heads, syslog};
use crate::server::authority::upstream;
use crate::server::call::app::{App, MAX_CALLS};
use crate::server::data_directory::layout::DataDirectory;
use crate::server::data_directory::settings::notices::NoticeSettings;
use crate::server::data_directory::settings::operation::SyslogSettings;
use crate::server::http::router::Serving;
use crate::server::http::tls::{self, Followed, ServerTls};
use crate::server::http::{accept, operations, public_listener};
use crate::server::mail::outbox;
use crate::server::notices::teller::{self, Teller};
use crate::server::provisioning::source::Source;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// Limits how long calls and tasks that write may take to finish at the end.
const WRITERS_GRACE: Duration = Duration::from_secs(10);

/// Limits how long the last round of the tasks that follow the log may take.
const FOLLOWERS_GRACE: Duration = Duration::from_secs(5);

/// Holds what the tasks need that [`App`] does not have.
pub struct UpkeepParts {
    /// `None`: acts are not sent on.
    pub syslog: Option<SyslogSettings>,
    /// What is told, to whom, and how.
    pub notices: NoticeSettings,
    /// Where people come from, if they come from a directory.
    pub people: Option<Source>,
    /// What the server calls itself towards others.
    pub host: String,
    /// Where public files are served without TLS.
    pub publication: Option<TcpListener>,
    /// Where calls are answered and client certificates asked for.
    pub certificates: Option<(Serving, TcpListener, Followed)>,
    /// Where health and metrics are served.
    pub operations: Option<TcpListener>,
    /// `None`: plain HTTP.
    pub tls: Option<Arc<ServerTls>>,
    /// Where the CA's certificate is.
    pub directory: DataDirectory,
}

/// Holds the tasks until [`Upkeep::end`]; dropped before, they are aborted where they stand.
pub struct Upkeep {
    /// The listeners for public files and for client certificates.
    public: TaskGroup,
    /// Temporary cards, mail, revocation lists, CAs elsewhere, people of a directory.
    writers: TaskGroup,
    /// The signed heads of the log, and syslog.
    followers: TaskGroup,
    /// Health and metrics.
    watching: TaskGroup,
}

impl Upkeep {
    /// Begins all tasks.
    pub fn begin(app: &Arc<App>, parts: UpkeepParts) -> Self {
        let [mut public, mut writers, mut followers, mut watching] = std::array::from_fn(|_| TaskGroup::default());
        let shared = || Arc::clone(app);
        let store = || app.store.clone();
        let metrics = || Arc::clone(&app.metrics);
        if let Some(listener) = parts.publication {
            public.begin(|ending| public_listener::serve(shared(), listener, ending));
        }
        if let Some((serving, listener, tls)) = parts.certificates {
            public.begin(|ending| accept::with_certificates(serving, listener, tls, ending));
        }
        writers.begin(|ending| sweep::watch(shared(), ending));
        writers.begin(|ending| ends::watch(shared(), ending));
        let (directory, tls) = (parts.directory, parts.tls.clone());
        writers.begin(|ending| renewed_ca::watch(shared(), tls, directory, ending));
        if let Some(source) = parts.people {
            writers.begin(|ending| directory::watch(shared(), source, ending));
        }
        if let Some(tls) = parts.tls {
            writers.begin(|ending| tls::keep(tls, shared(), ending));
        }
        for way in app.outbox.ways() {
            writers.begin(|ending| outbox::run(Arc::clone(&app.outbox), way, metrics(), ending));
        }
        let teller = Teller {
            store: store(),
            templates: Arc::clone(&app.templates),
            authorities: app.authorities.clone(),
            outbox: Arc::clone(&app.outbox),
            metrics: metrics(),
            roles: app.identity.roles().clone(),
            settings: parts.notices,
            host: parts.host.clone(),
        };
        writers.begin(|ending| teller::run(teller, ending));
        writers.begin(|ending| Arc::clone(&app.publication).keep(metrics(), ending));
        writers.begin(|ending| upstream::keep(app.authorities.clone(), store(), metrics(), ending));
        followers.begin(|ending| heads::follow(store(), Arc::clone(&app.witness), metrics(), ending));
        if let Some(syslog) = parts.syslog {
            followers.begin(|ending| syslog::follow(store(), metrics(), syslog.target, parts.host, ending));
        }
        if let Some(listener) = parts.operations {
            watching.begin(|_| operations::serve(shared(), listener));
        }
        Self { public, writers, followers, watching }
    }

    /// Tells the listeners beside the main one to end, so that their calls end together with the others.
    pub fn close(&self) {
        self.public.ending.cancel();
    }

    /// Ends one group after the other, once no new call is taken; a task that takes too long is aborted.
    pub async fn end(self, app: &App) {
        // The work of a caller who hung up goes on, and holds its place until it is done.
        let calls = tokio::time::timeout(WRITERS_GRACE, app.places.acquire_many(MAX_CALLS.into()));
        let (calls, public, writers) =
            tokio::join!(calls, self.public.end(WRITERS_GRACE), self.writers.end(WRITERS_GRACE));
        if calls.is_err() || !public || !writers {
            tracing::warn!("not all that was begun was finished in time; what is due is done at the next start");
        }
        if !self.followers.end(FOLLOWERS_GRACE).await {
            tracing::warn!("the last acts were not signed or sent on in time; the next start does it");
        }
        // Whoever watches may ask until nothing is left to tell.
        self.watching.end(Duration::ZERO).await;
    }
}

/// Holds tasks that are told to end together.
#[derive(Default)]
struct TaskGroup {
    ending: CancellationToken,
    tasks: JoinSet<()>,
}

impl TaskGroup {
    fn begin<F: Future<Output = ()> + Send + 'static>(&mut self, task: impl FnOnce(CancellationToken) -> F) {
        self.tasks.spawn(task(self.ending.clone()));
    }

    /// Tells the tasks to end and waits for them; returns `false` where some took longer than `patience` and were
    /// aborted.
    async fn end(mut self, patience: Duration) -> bool {
        self.ending.cancel();
        let all = async { while self.tasks.join_next().await.is_some() {} };
        tokio::time::timeout(patience, all).await.is_ok()
    }
}
