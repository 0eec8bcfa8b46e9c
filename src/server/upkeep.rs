//! What runs beside the calls for as long as the server does: the log's signatures, and sending it on.

use super::app::App;
use super::audit_sign;
use super::settings::SyslogSettings;
use super::syslog;
use crate::pkix::MemoryKey;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long the last round may take.
const LAST_ROUND: Duration = Duration::from_secs(5);

/// The tasks, until [`Upkeep::end`].
pub struct Upkeep {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl Upkeep {
    /// Begins.
    pub fn begin(app: &Arc<App>, key: MemoryKey, syslog: Option<SyslogSettings>, host: String) -> Self {
        let (stop, stopped) = watch::channel(false);
        let mut tasks = JoinSet::new();
        tasks.spawn(audit_sign::follow(Arc::clone(app), key, stopped.clone()));
        if let Some(syslog) = syslog {
            tasks.spawn(syslog::follow(Arc::clone(app), syslog.target, host, stopped));
        }
        Self { stop, tasks }
    }

    /// Has each task do its last round, when no call writes any more; what takes too long is left.
    pub async fn end(mut self) {
        // Nobody listening means that nothing is left to end.
        let _ = self.stop.send(true);
        let all = async { while self.tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(LAST_ROUND, all).await.is_err() {
            tracing::warn!("the last acts were not signed or sent on in time; the next start does it");
        }
    }
}
